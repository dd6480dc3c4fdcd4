"""Learnable thresholds of ordinal tasks, and their loss."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import logsigmoid, softplus

from ..answers._thresholds import LEAST_GAP, PACE

# Factor on the network's output. The learning rates of the network suit categorical
# logits; on an ordinal scale they would move a text from end to end. Of 1, 0.3, 0.1,
# 0.05 and 0.03, 0.1 had the smallest error, or nearly, on the dev splits of two sets
# and on synthetic data.
SLOPE = 0.1
# The factor for few bags of words, which train in 10 full batches. On synthetic reviews
# 0.1 learnt too little, mostly if tasks share everything: from 100 texts the mean
# absolute error was 0.74 with it, 0.37 with 0.2, 0.38 with 0.3 and 0.45 with 0.4.
SLOPE_OF_FEW = 0.2
# Smallest initial class share, which keeps logarithms of shares within 32-bit
# precision.
LEAST_SHARE = 1e-6


class Thresholds(nn.Module):
    """Maps the logit of an ordinal task to the logits of exceeding each class.

    Parameters
    ----------
    log_class_shares : ndarray of shape (n_classes,)
        Logarithms of the shares of three or more classes. With the initial thresholds,
        each class has its share at a logit of 0.

    slope : float, default=0.1
        Factor of the logit.
    """

    def __init__(self, log_class_shares, slope=SLOPE):
        super().__init__()
        shares = np.maximum(np.exp(log_class_shares), LEAST_SHARE)
        not_above, above = np.cumsum(shares)[:-1], np.cumsum(shares[::-1])[-2::-1]
        start = torch.as_tensor(np.log(not_above / above))
        self.register_buffer("first", start[:1])
        # A buffer, so that a warm start keeps it.
        self.register_buffer("slope", torch.tensor(slope))
        self.raw_gaps = nn.Parameter(_raw_gaps(start))

    def forward(self, logit):
        """Return one column per threshold, from a tensor of shape (n_rows, 1)."""
        return self.slope * logit - self.thresholds()

    @torch.no_grad()
    def widen(self, old, places):
        """Take over the thresholds of a task with fewer classes.

        A threshold between new classes lies evenly between its neighbours; outside, the
        distance is the mean distance of the old ones.

        Parameters
        ----------
        old : Thresholds

        places : list of int
            The number of each old class among the classes; ascending.
        """
        known = old.thresholds().double()
        gap = known.diff().mean()
        ends = known[:1] - gap * places[1], known[-1:] + gap * len(self.raw_gaps)
        # The threshold below an old class keeps its value.
        own = [place - 1 for place in places[1:]]
        last = own[-1] + len(self.raw_gaps)
        at = [own[0] - places[1], *own, last]
        values = np.interp(
            np.arange(len(self.raw_gaps) + 1),
            at,
            torch.cat([ends[0], known, ends[1]]).numpy(force=True),
        )
        values = torch.as_tensor(values)
        self.first.copy_(values[:1])
        self.raw_gaps.copy_(_raw_gaps(values))
        self.slope.copy_(old.slope)

    def thresholds(self):
        """Return the ascending thresholds, shape (n_classes - 1,)."""
        gaps = LEAST_GAP + softplus(PACE * self.raw_gaps)
        return torch.cat([self.first, self.first + gaps.cumsum(0)])


def _raw_gaps(thresholds):
    """Return the parameters of the gaps between ascending thresholds."""
    gaps = thresholds.diff().clamp(min=2 * LEAST_GAP) - LEAST_GAP
    return gaps.expm1().log() / PACE  # the inverse of softplus


class OrdinalLoss(nn.Module):
    r"""Negative log-likelihood of all ordinal tasks in one pass.

    For a cell of class *c*, with :math:`z_k` the logit of exceeding class *k*,

    .. math::

        l = -\log(\sigma(z_{c-1}) - \sigma(z_c)) = -\log \sigma(z_{c-1})
        - \log \sigma(-z_c) - \log(1 - e^{z_c - z_{c-1}})

    where :math:`z_{-1} = \infty` and :math:`z_{K-1} = -\infty`, because nothing is
    below the first class of *K* or above the last. The second form avoids overflow and
    underflow. A missing cell lies between both ends, with a probability of 1.

    Parameters
    ----------
    n_classes : list of int
        Number of classes of each task.
    """

    def __init__(self, n_classes):
        super().__init__()
        widths = [max(n - 1, 1) for n in n_classes]
        self.register_buffer("start", torch.tensor([0, *widths[:-1]]).cumsum(0))
        self.register_buffer("last", torch.tensor(n_classes) - 1)

    def forward(self, logits, codes):
        z = torch.cat(logits, dim=1)
        infinity = z.new_full((len(z), 1), torch.inf)
        z = torch.cat([z, infinity, -infinity], dim=1)
        highest, lowest = z.shape[1] - 2, z.shape[1] - 1
        own = self.start + codes
        is_bounded = (codes >= 0) & (codes < self.last)
        below = z.gather(1, torch.where(codes > 0, own - 1, highest))
        above = z.gather(1, torch.where(is_bounded, own, lowest))
        # Far from zero, two logits may become equal by rounding.
        gap = (below - above).clamp(min=LEAST_GAP / 2)
        inside = torch.log(-torch.expm1(-gap))
        return -(logsigmoid(below) + logsigmoid(-above) + inside)
