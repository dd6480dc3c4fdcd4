"""Which weights the tasks share: the base class, and the network of one trunk."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import torch
from sklearn.base import BaseEstimator
from torch import nn

from ..network._input import (
    BlockLinear,
    LabelledColumns,
    input_layer,
    join_sparse_layers,
)
from ..network._output import Output
from ..network._spec import InputSpec

# A private path of so many columns has a table of its own where at most this share of
# them counts in a row. Finding two rows of weights takes longer than finding one, but
# most of the second need not be read.
APART_COLUMNS, APART_SHARE = 64, 0.5


class BaseSharing(BaseEstimator, ABC):
    """Settings of how tasks share weights; builds the network around a trunk.

    Pass an object of your own subclass as ``sharing``. A sharing of the package is one
    file and a line in ``sharing/__init__.py``. Its network may contain networks that
    other sharings build. If several sparse layers read the same rows, use
    :func:`~sklearn_mtl.network.join_sparse_layers` to make it faster.

    Attributes
    ----------
    is_shared : bool
        Whether the tasks learn a trunk together.

    has_representation : bool
        Whether all tasks read one hidden vector.

    may_change : tuple of str
        Parameters that a warm start may change: they leave the architecture as it is.

    Examples
    --------
    A linear head for each task, straight from the hidden vector:

    >>> from torch import nn
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.network import Output
    >>> from sklearn_mtl.sharing import BaseSharing
    >>> class Heads(nn.Module):
    ...     def __init__(self, trunk, n_units, n_logits):
    ...         super().__init__()
    ...         self.trunk = trunk
    ...         self.heads = nn.ModuleList(nn.Linear(n_units, n) for n in n_logits)
    ...     def forward(self, rows, cells=None):
    ...         hidden = self.trunk(rows)
    ...         return Output(tuple(head(hidden) for head in self.heads), hidden)
    >>> class LinearHeads(BaseSharing):
    ...     def build(self, trunk, spec, n_logits, heads=None):
    ...         return Heads(trunk.build(spec), trunk.n_units, n_logits)
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = MultiTaskTextClassifier(sharing=LinearHeads(), random_state=0)
    >>> clf.fit(texts, labels).score(texts, labels)
    1.0
    """

    may_change: tuple[str, ...] = ()
    is_shared = True
    has_representation = True
    _parameter_constraints: dict = {}

    def for_tasks(self, task_names: Sequence[str]) -> Self:
        """Return the sharing with what it needs to know of the tasks.

        Called before the texts are vectorized, to check the parameters, and again
        before :meth:`build`. The object is a clone that may be changed.

        Parameters
        ----------
        task_names : list of str
            Names of the tasks, in their order.

        Returns
        -------
        sharing : BaseSharing
            Of the same class. By default the object itself.

        Raises
        ------
        ValueError
            If its parameters do not suit the tasks.
        """
        return self

    @abstractmethod
    def build(
        self,
        trunk: Any,
        spec: InputSpec,
        n_logits: Sequence[int],
        heads: Sequence[int] | None = None,
    ) -> nn.Module:
        """Build the whole network with fresh weights.

        Parameters
        ----------
        trunk : BaseTrunk or None
            None means only a linear path from the rows to the logits.

        spec : InputSpec
            The rows that will come.

        n_logits : list of int
            Output columns each task needs.

        heads : list of int, default=None
            A number for each task, from 0, equal for tasks with the same classes, which
            may share a head. None means that no classes are equal.

        Returns
        -------
        network : torch.nn.Module
            ``network(rows, cells=None)`` returns an
            :class:`~sklearn_mtl.network.Output`: logits, one tensor of shape (n_rows,
            n_logits[t]) per task; where the sharing ``has_representation``, the hidden
            vector that all tasks read; and in a training step, with cells, penalties
            that are added to the loss. Logits then count only in labelled cells.
        """


class TaskNetwork(nn.Module):
    r"""One trunk for all tasks, with or without private linear paths.

    .. math:: z_t = H_t\,h(x) + P_t\,x

    where *h* is the trunk, :math:`H_t` the head of task *t* and :math:`P_t` its private
    path; one of the terms may be absent.

    Parameters
    ----------
    trunk : BaseTrunk or None

    spec : InputSpec

    n_logits : list of int

    private : bool
        Whether there is a path from the rows straight to the logits.

    heads : list of int, default=None
        The number of each task's head; None means a head for each task.
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
        self.table = join_layers(self, spec)

    def forward(self, rows, cells=None):
        rows, hidden = read_table(self, rows, cells), None
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


def join_layers(network, spec):
    """Return the table of a network's sparse layers, see `join_sparse_layers`.

    Where the layer ``private`` is wide and most of it does not count in a row, it gets
    a table of its own.

    Parameters
    ----------
    network : torch.nn.Module
        With the attributes ``n_logits`` and ``private``.

    spec : InputSpec
    """
    is_apart = (
        network.private is not None
        and sum(network.n_logits) >= APART_COLUMNS
        and spec.labelled_share <= APART_SHARE
    )
    return join_sparse_layers(network, _private_name(network) if is_apart else None)


def _private_name(network):
    # Beside a dense block the sparse layer is a part of the path.
    beside = isinstance(network.private, BlockLinear)
    return "private.words" if beside else "private"


def read_table(network, rows, cells=None):
    """Return rows with the products of the network's table, if it has one.

    With the cells of a training step, products of the layer ``private`` may be 0 for
    tasks without a label in the row.
    """
    if network.table is None:
        return rows
    if cells is None or network.private is None:
        return network.table(rows)
    own = LabelledColumns(_private_name(network), network.n_logits, cells.codes)
    return network.table(rows, own)


def head_widths(n_logits, heads):
    """Return the output columns of each head; without `heads`, each task has one."""
    if heads is None:
        return list(n_logits)
    return [n for _, n in sorted(dict(zip(heads, n_logits, strict=True)).items())]
