"""A task type of a user: counts, by a Poisson distribution that is cut off."""

from numbers import Integral

import numpy as np
import torch
from scipy.special import gammaln, softmax
from torch import nn

from sklearn_mtl.tasks import TaskType


class Count(TaskType):
    r"""A column of counts: 0, 1, 2, ... up to a highest one.

    .. math:: P(y = k) \propto \lambda^k / k!, \quad k = 0, \ldots, m

    Parameters
    ----------
    most : int, default=None
        The highest count *m*; None is the highest in the training rows.
    """

    _parameter_constraints = {"most": [Integral, None]}
    n_logits = 1  # the logarithm of the rate

    def __init__(self, most=None):
        self.most = most

    def fit(self, cells, order=None):
        counts = np.asarray(cells)
        if counts.dtype.kind not in "iuf" or (counts < 0).any() or (counts % 1).any():
            raise ValueError(
                f"counts are whole numbers from 0. Got {counts[:1].tolist()}."
            )
        highest = int(counts.max())
        if self.most is not None and highest > self.most:
            raise ValueError(f"most is {self.most}, and a cell holds {highest}.")
        highest = highest if self.most is None else self.most
        self.classes_ = np.arange(highest + 1).astype(counts.dtype)
        return self

    def encode(self, cells):
        return np.where(np.isin(cells, self.classes_), cells, -1).astype(np.int64)

    def decode(self, codes):
        return self.classes_[codes]

    def link(self, log_class_shares, *, is_few=False):
        mean = np.exp(log_class_shares) @ self.classes_
        return LogRate(float(np.log(max(mean, 1e-3))))

    def probabilities(self, logits):
        scores = logits * self.classes_ - gammaln(self.classes_ + 1)
        return softmax(scores, axis=1).astype(logits.dtype)

    def effects(self, slopes):
        return slopes * (self.classes_ - self.classes_.mean())

    @staticmethod
    def build_loss(tasks, adjustments=None):
        return CountLoss([len(task.classes_) for task in tasks])


class LogRate(nn.Module):
    """A tenth of what the network says, around the logarithm of the mean."""

    def __init__(self, start):
        super().__init__()
        self.start = nn.Parameter(torch.tensor([start]))

    def forward(self, logits):
        return self.start + logits / 10


class CountLoss(nn.Module):
    """Minus the log-likelihood of each cell, 0 where it is missing."""

    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes

    def forward(self, logits, codes):
        losses = []
        for size, rate, own in zip(self.sizes, logits, codes.T, strict=True):
            counts = torch.arange(size, dtype=rate.dtype, device=rate.device)
            scores = (rate * counts - torch.lgamma(counts + 1)).log_softmax(dim=1)
            chosen = scores.gather(1, own.long().clamp(min=0).unsqueeze(1))[:, 0]
            losses.append(torch.where(own >= 0, -chosen, 0.0))
        return torch.stack(losses, dim=1)
