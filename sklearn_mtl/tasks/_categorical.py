"""One class out of two or more: binary and multiclass label columns."""

import numpy as np
import torch
from torch import nn

from ._base import TaskType


class Categorical(TaskType):
    r"""A column whose cell holds one of several classes.

    The model is multinomial logistic regression on the logits,

    .. math:: p(c) = \exp(z_c) / \sum_j \exp(z_j),

    where :math:`z_c` is the logit of class *c*. With two classes the logit of the first
    is the constant 0, so that a binary task needs one output, not two. A column with a
    single class predicts that class; its output is never trained.
    """

    def fit(self, cells):
        classes = np.unique(cells)
        self.classes_ = classes.astype(str) if classes.dtype.kind == "O" else classes
        return self

    @property
    def n_logits(self):
        return _n_logits(len(self.classes_))

    def encode(self, cells):
        if len(cells) == 0:
            return np.zeros(0, dtype=np.int64)
        codes = np.searchsorted(self.classes_, cells)
        known = codes < len(self.classes_)
        known[known] = self.classes_[codes[known]] == cells[known]
        return np.where(known, codes, -1)

    def decode(self, codes):
        return self.classes_[codes]

    def probabilities(self, logits):
        n_classes = len(self.classes_)
        if n_classes == 1:
            return np.ones((len(logits), 1), dtype=logits.dtype)
        if n_classes == 2:
            logits = np.column_stack([np.zeros_like(logits[:, 0]), logits[:, 0]])
        logits = logits - logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits)
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def decide(self, logits):
        if len(self.classes_) == 1:
            return torch.zeros(len(logits), dtype=torch.int64, device=logits.device)
        if len(self.classes_) == 2:
            return (logits[:, 0] > 0).long()
        return logits.argmax(dim=1)

    @staticmethod
    def loss(tasks):
        return CategoricalLoss([len(task.classes_) for task in tasks])


def _n_logits(n_classes):
    return n_classes if n_classes > 2 else 1


class CategoricalLoss(nn.Module):
    r"""Cross-entropy of all categorical tasks in one pass over the joined logits.

    For the cell of row *i* and task *t* with class *c*,

    .. math:: l_{it} = \log \sum_{j \in t} \exp(z_{ij}) - z_{ic},

    where the sum runs over the columns that belong to task *t*; a binary task has a
    further column that is constantly 0. The sums of all tasks are one scatter over the
    columns, so the cost does not depend on how the columns are divided among tasks.

    Parameters
    ----------
    n_classes : list of int
        Number of classes of each task.
    """

    def __init__(self, n_classes):
        super().__init__()
        n_logits = [_n_logits(n) for n in n_classes]
        # The first class of a binary task is the reference, whose logit is 0.
        reference = torch.tensor([n <= 2 for n in n_classes])
        start = torch.tensor([0, *n_logits[:-1]]).cumsum(0)
        owner = torch.repeat_interleave(
            torch.arange(len(n_logits)), torch.tensor(n_logits)
        )
        self.register_buffer("owner", owner)
        self.register_buffer("reference", reference)
        self.register_buffer("offset", start - reference.long())
        self.register_buffer("trained", torch.tensor([n > 1 for n in n_classes]))

    def forward(self, logits, codes):
        z = torch.cat(logits, dim=1)
        shape = codes.shape
        labelled = (codes >= 0) & self.trained
        # The largest logit of each task, for a sum that neither over- nor underflows.
        lowest = torch.finfo(z.dtype).min
        peak = z.new_zeros(shape).masked_fill_(~self.reference, lowest)
        peak.scatter_reduce_(1, self.owner.expand(len(z), -1), z.detach(), "amax")
        terms = torch.exp(z - peak.index_select(1, self.owner))
        # Not a product: far below zero it would be infinity times zero.
        reference_term = torch.exp(-peak).masked_fill(~self.reference, 0.0)
        total = reference_term.index_add(1, self.owner, terms)
        # Column of the cell's own class; for the reference class any column will do.
        own = (self.offset + codes).clamp_(min=0, max=z.shape[1] - 1)
        chosen = z.gather(1, own) * (~self.reference | (codes > 0))
        return (total.log() + (peak - chosen)) * labelled
