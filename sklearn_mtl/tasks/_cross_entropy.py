"""Cross-entropy of categorical tasks and of the labels of multi-label tasks."""

import numpy as np
import torch
from torch import nn


class CategoricalLoss(nn.Module):
    r"""Cross-entropy of all categorical tasks in one pass over the joined logits.

    For the cell of row *i* and task *t* with class *c*,

    .. math:: l_{it} = \log \sum_{j \in t} \exp(z_{ij} + a_j) - (z_{ic} + a_c),

    where the sum runs over the columns of task *t* and *a* is the adjustment of a
    class. A binary task has a second column that is always 0. One pass over the columns
    computes the sums of all tasks, so the cost does not depend on the number of tasks.

    Parameters
    ----------
    n_classes : list of int
        Number of classes of each task.

    adjustments : list of ndarray of shape (n_classes,), default=None
        Added to the logits of each task's classes in training mode. None adds nothing.
    """

    def __init__(self, n_classes, adjustments=None):
        super().__init__()
        n_logits = [n if n > 2 else 1 for n in n_classes]
        # The first class of a binary task is the reference, whose logit is 0.
        reference = torch.tensor([n <= 2 for n in n_classes])
        start = torch.tensor([0, *n_logits[:-1]]).cumsum(0)
        owner = torch.repeat_interleave(
            torch.arange(len(n_logits)), torch.tensor(n_logits)
        )
        self.register_buffer("owner", owner)
        self.register_buffer("reference", reference.unsqueeze(1))
        self.register_buffer("offset", start - reference.long())
        self.register_buffer("trained", torch.tensor([n > 1 for n in n_classes]))
        self.register_buffer("adjustment", _joined(n_classes, adjustments))

    def forward(self, logits, codes):
        z = torch.cat(logits, dim=1)
        if self.adjustment is not None and self.training:
            z = z + self.adjustment
        labelled = (codes >= 0) & self.trained
        # Column of the cell's class; an arbitrary column for the reference class.
        own = (self.offset + codes).clamp_(min=0)
        counts = labelled.t() & (~self.reference | (codes.t() > 0))
        return _CrossEntropies.apply(
            z, own.t(), counts, labelled.t(), self.owner, self.reference
        )


def _joined(n_classes, adjustments):
    """Return the adjustment of each logit column, None if all are 0."""
    if adjustments is None or not any(np.any(values) for values in adjustments):
        return None
    columns = [
        values if n > 2 else [values[-1] - values[0]]
        for n, values in zip(n_classes, adjustments, strict=True)
    ]
    return torch.as_tensor(np.concatenate(columns))


class _CrossEntropies(torch.autograd.Function):
    """Cross-entropy of each cell and its gradient, with one pass each.

    Works on transposed logits, with one row per output column. A task is then a block
    of whole rows, which torch reduces far faster than columns. The gradient can be
    differentiated with respect to cell weights, but not to logits.
    """

    @staticmethod
    def forward(ctx, z, own, counts, labelled, owner, reference):
        z = z.t().contiguous()
        shape = own.shape
        # The largest logit of each task, to avoid overflow and underflow.
        lowest = torch.finfo(z.dtype).min
        peak = z.new_zeros(shape).masked_fill_(~reference, lowest)
        peak.scatter_reduce_(0, owner.unsqueeze(1).expand_as(z), z, "amax")
        terms = torch.exp(z - peak.index_select(0, owner))
        # A product could be infinity times zero.
        total = torch.exp(-peak).masked_fill_(~reference, 0.0)
        total.index_add_(0, owner, terms)
        chosen = z.gather(0, own).masked_fill_(~counts, 0.0)
        loss = (total.log() + (peak - chosen)).masked_fill_(~labelled, 0.0)
        ctx.save_for_backward(own, counts, labelled, owner, terms, total)
        return loss.t()

    @staticmethod
    def backward(ctx, grad_output):
        own, counts, labelled, owner, terms, total = ctx.saved_tensors
        by_cell = grad_output.t() * labelled
        gradient = terms * (by_cell / total).index_select(0, owner)
        gradient.scatter_add_(0, own, -(by_cell * counts))
        return gradient.t(), None, None, None, None, None
