"""Which parameters the tasks share: from trunk and rows to one tensor a task."""

from abc import ABC, abstractmethod

import torch
from sklearn.base import BaseEstimator
from torch import nn

from ..network._input import input_layer, join_sparse_layers
from ..network._output import Output


class BaseSharing(BaseEstimator, ABC):
    """Settings that say how tasks share; builds the network around a trunk.

    Attributes
    ----------
    is_shared : bool
        Whether the tasks learn a trunk together.

    has_representation : bool
        Whether all tasks read one hidden vector.

    may_change : tuple of str
        Parameters that a warm start may change: how the network learns, not what it is.
    """

    may_change = ()
    is_shared = True
    has_representation = True
    _parameter_constraints: dict = {}

    @abstractmethod
    def build(self, trunk, spec, n_logits, heads=None):
        """Build the whole network with fresh weights.

        Parameters
        ----------
        trunk : BaseTrunk or None
            None leaves the linear path from the rows to the logits alone.

        spec : InputSpec
            The rows that will come.

        n_logits : list of int
            Output columns each task needs.

        heads : list of int, default=None
            A number for each task, from 0, the same for tasks of the same classes: what
            they may share. None is a number of its own for each.

        Returns
        -------
        network : torch.nn.Module
            ``network(rows, cells=None)`` returns an
            :class:`~sklearn_mtl.network.Output`: logits, one tensor of shape (n_rows,
            n_logits[t]) per task; where the sharing ``has_representation``, the hidden
            vector that all tasks read; and in a training step, where cells are given,
            penalties that are added to the loss. Logits then count in labelled cells
            alone.
        """


class TaskNetwork(nn.Module):
    r"""One trunk for all tasks, with or without a private linear path.

    .. math:: z_t = H_t\,h(x) + P_t\,x

    where *h* is the trunk, :math:`H_t` the head of task *t* and :math:`P_t` its private
    path; either term may be absent.

    Parameters
    ----------
    trunk : BaseTrunk or None

    spec : InputSpec

    n_logits : list of int

    private : bool
        Whether there is a path from the rows straight to the logits.

    heads : list of int, default=None
        Which head each task reads; None is one for each.
    """

    def __init__(self, trunk, spec, n_logits, *, private, heads=None):
        super().__init__()
        self.n_logits = list(n_logits)
        self.trunk = self.head = self.private = None
        self.heads = heads
        if trunk is not None:
            self.trunk = trunk.build(spec)
            self.widths = head_widths(n_logits, heads)
            self.head = nn.Linear(trunk.n_units, sum(self.widths))
            nn.init.zeros_(self.head.bias)
        if private or trunk is None:
            self.private = input_layer(spec, sum(n_logits))
        self.table = join_sparse_layers(self)

    def _read(self, rows):
        return rows if self.table is None else self.table(rows)

    def forward(self, rows, cells=None):
        rows, hidden = self._read(rows), None
        if self.trunk is None:
            logits = self.private(rows)
        else:
            hidden = self.trunk(rows)
            logits = self._from_shared(hidden)
            if self.private is not None:
                logits = logits + self.private(rows)
        return Output(logits.split(self.n_logits, dim=1), hidden)

    def _from_shared(self, hidden):
        logits = self.head(hidden)
        if self.heads is None:
            return logits
        parts = logits.split(self.widths, dim=1)
        return torch.cat([parts[head] for head in self.heads], dim=1)


def head_widths(n_logits, heads):
    """Return the output columns of each head; None for `heads` is one for each task."""
    if heads is None:
        return list(n_logits)
    return [n for _, n in sorted(dict(zip(heads, n_logits, strict=True)).items())]
