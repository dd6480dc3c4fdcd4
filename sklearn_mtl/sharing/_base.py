"""Which parameters the tasks share: from trunk and rows to one tensor a task."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator
from torch import nn

from .._layers import input_layer, join_sparse_layers


class BaseSharing(BaseEstimator, ABC):
    """Settings that say how tasks share; builds the network around a trunk.

    Attributes
    ----------
    is_shared : bool
        Whether all tasks read one hidden vector, so that there is a representation.
    """

    is_shared = True

    @abstractmethod
    def build(self, trunk, spec, n_logits):
        """Build the whole network with fresh weights.

        Parameters
        ----------
        trunk : BaseTrunk or None
            None leaves the linear path from the rows to the logits alone.

        spec : InputSpec
            The rows that will come.

        n_logits : list of int
            Output columns each task needs.

        Returns
        -------
        network : torch.nn.Module
            ``network(rows)`` returns a tuple of logits, one tensor of shape (n_rows,
            n_logits[t]) per task; where the sharing ``is_shared``,
            ``network.represent(rows)`` returns the hidden vector all tasks read.
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
    """

    def __init__(self, trunk, spec, n_logits, *, private):
        super().__init__()
        self.n_logits = list(n_logits)
        self.trunk = self.head = self.private = None
        if trunk is not None:
            self.trunk = trunk.build(spec)
            self.head = nn.Linear(trunk.n_units, sum(n_logits))
            nn.init.zeros_(self.head.bias)
        if private or trunk is None:
            self.private = input_layer(spec, sum(n_logits))
        self.table = join_sparse_layers(self)

    def represent(self, rows):
        return self.trunk(self._read(rows))

    def _read(self, rows):
        return rows if self.table is None else self.table(rows)

    def forward(self, rows):
        rows = self._read(rows)
        if self.trunk is None:
            logits = self.private(rows)
        else:
            logits = self.head(self.trunk(rows))
            if self.private is not None:
                logits = logits + self.private(rows)
        return logits.split(self.n_logits, dim=1)
