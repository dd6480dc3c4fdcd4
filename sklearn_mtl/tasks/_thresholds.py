"""Thresholds of ordinal tasks, which training learns, and their loss."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import logsigmoid, softplus

# What counts of the network's output. Its steps are made for classes that only compete;
# between neighbours they would throw a text over the whole scale and back. On the dev
# splits of two sets and on made-up numbers a tenth had the smallest error of 1, 0.3,
# 0.1, 0.05 and 0.03, or next to it.
SLOPE = 0.1
# How many times faster gaps between thresholds are learnt than other dense weights, to
# keep up with the spread of the output. 5 and 20 are no different, 1 is a little worse.
PACE = 10.0
# Thresholds are at least this far apart, and no share is smaller where they start, so
# that logarithms of gaps and of shares stay within what 32 bits can tell apart.
LEAST_GAP = 1e-3
LEAST_SHARE = 1e-6


class Thresholds(nn.Module):
    """From the logit of an ordinal task to the logits of exceeding each of its classes.

    Parameters
    ----------
    log_class_shares : ndarray of shape (n_classes,)
        Logarithms of the shares of three classes or more: thresholds start where a
        logit of 0 gives each class its share.
    """

    def __init__(self, log_class_shares):
        super().__init__()
        shares = np.maximum(np.exp(log_class_shares), LEAST_SHARE)
        not_above, above = np.cumsum(shares)[:-1], np.cumsum(shares[::-1])[-2::-1]
        start = torch.as_tensor(np.log(not_above / above))
        gaps = start.diff().clamp(min=2 * LEAST_GAP) - LEAST_GAP
        self.register_buffer("first", start[:1])
        # Where softplus leads back to them.
        self.raw_gaps = nn.Parameter(gaps.expm1().log() / PACE)

    def forward(self, logit):
        """Return one column a threshold, from a tensor of shape (n_rows, 1)."""
        return SLOPE * logit - self.thresholds()

    def thresholds(self):
        """Return the thresholds, shape (n_classes - 1,), which ascend."""
        gaps = LEAST_GAP + softplus(PACE * self.raw_gaps)
        return torch.cat([self.first, self.first + gaps.cumsum(0)])


class OrdinalLoss(nn.Module):
    r"""Negative log-likelihood of all ordinal tasks in one pass.

    For a cell of class *c*, with :math:`z_k` the logit of exceeding class *k*,

    .. math::

        l = -\log(\sigma(z_{c-1}) - \sigma(z_c)) = -\log \sigma(z_{c-1})
        - \log \sigma(-z_c) - \log(1 - e^{z_c - z_{c-1}})

    where :math:`z_{-1} = \infty` and :math:`z_{K-1} = -\infty`: nothing is below the
    first class of *K*, or above the last. The second form neither over- nor underflows.
    A cell without a label lies between both ends, with a probability of 1.

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
        # Far from zero two logits may be rounded to one.
        gap = (below - above).clamp(min=LEAST_GAP / 2)
        inside = torch.log(-torch.expm1(-gap))
        return -(logsigmoid(below) + logsigmoid(-above) + inside)
