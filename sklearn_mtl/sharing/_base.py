"""Which weights the tasks share: the base class, and the network with one trunk."""

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
    linear_in_blocks,
)
from ..network._output import Output
from ..network._places import Places
from ..network._spec import InputSpec

# A private path with at least this many columns gets its own table if a row needs at
# most this share of them. Looking up two rows of weights takes longer than one, but
# most of the second row is not read.
APART_COLUMNS, APART_SHARE = 64, 0.5


class BaseSharing(BaseEstimator, ABC):
    """Defines how tasks share weights, and builds the network around a trunk.

    Pass an object of your own subclass as ``sharing``. To add a sharing to the package,
    add one file and a line in ``sharing/__init__.py``. The network may contain networks
    that other sharings build. If several sparse layers read the same rows,
    :func:`~sklearn_mtl.network.join_sparse_layers` makes the network faster.

    Attributes
    ----------
    is_shared : bool
        Whether the tasks share a trunk.

    has_representation : bool
        Whether all tasks read one hidden vector.

    keeps_tasks_apart : bool
        Whether a task can be added or dropped without a change to the others, as long
        as shared weights stay the same.

    may_change : tuple of str
        Parameters that may change before a warm start, because they do not change the
        architecture.

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
    keeps_tasks_apart = True
    has_representation = True
    _parameter_constraints: dict = {}

    def for_tasks(self, task_names: Sequence[str]) -> Self:
        """Return the sharing, adapted to the tasks.

        Called before the texts are vectorized, to check the parameters, and again
        before :meth:`build`. `self` is a clone, so the method may change it.

        Parameters
        ----------
        task_names : list of str
            Names of the tasks, in order.

        Returns
        -------
        sharing : BaseSharing
            An object of the same class; by default `self`.

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
        """Build the whole network with new weights.

        Parameters
        ----------
        trunk : BaseTrunk or None
            None means only a linear path from the rows to the logits.

        spec : InputSpec
            Description of the rows that the network will read.

        n_logits : list of int
            Number of logits of each task.

        heads : list of int, default=None
            For each task an index from 0, which is equal for tasks with the same
            classes. These may share a head. None means that all tasks have different
            classes.

        Returns
        -------
        network : torch.nn.Module
            ``network(rows, cells=None)`` returns an
            :class:`~sklearn_mtl.network.Output`: logits, one tensor of shape (n_rows,
            n_logits[t]) per task; if the sharing ``has_representation``, the hidden
            vector that all tasks read; and penalties that training adds to the loss.
            Only training passes cells; logits are then used in labelled cells only. If
            tasks and classes are to be added later, the network has a method
            :class:`places(tasks) <sklearn_mtl.network.Places>`.
        """


class TaskNetwork(nn.Module):
    r"""One trunk for all tasks, with or without private linear paths.

    .. math:: z_t = H_t\,h(x) + P_t\,x

    where *h* is the trunk, :math:`H_t` the head of task *t* and :math:`P_t` its private
    path. One of the terms may be absent.

    Parameters
    ----------
    trunk : BaseTrunk or None

    spec : InputSpec

    n_logits : list of int

    private : bool
        Whether there is a linear path from the rows to the logits.

    heads : list of int, default=None
        The index of each task's head; None means one head per task.
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
            self.head_blocks = head_blocks(spec.blocks, n_logits, heads)
        if private or trunk is None:
            blocks = in_blocks(spec.blocks, n_logits)
            self.private = input_layer(spec, sum(n_logits), widths=blocks)
        self.table = join_layers(self, spec)

    def forward(self, rows, cells=None):
        rows, hidden, linear = read_table(self, rows, cells), None, None
        if self.trunk is None:
            logits = self.private(rows)
        else:
            hidden = self.trunk(rows)
            logits = self._from_shared(hidden)
            if self.private is not None:
                logits = logits + self.private(rows)
        parts = logits.split(self.n_logits, dim=1)
        if hidden is not None:
            linear = parts, self._head_weights
        return Output(parts, hidden, linear=linear)

    def _head_weights(self):
        parts = self.head.weight.split(self.widths)
        heads = range(len(parts)) if self.heads is None else self.heads
        return [parts[head] for head in heads]

    def _from_shared(self, hidden):
        logits = linear_in_blocks(self.head, hidden, self.head_blocks)
        if self.heads is None:
            return logits
        parts = logits.split(self.widths, dim=1)
        return torch.cat([parts[head] for head in self.heads], dim=1)

    def places(self, tasks):
        """Say which outputs of which layers belong to which tasks."""
        outputs = {}
        if self.head is not None:
            outputs["head"] = [key for head in tasks.heads(self.heads) for key in head]
        if self.private is not None:
            outputs["private"] = tasks.logits
        return Places(outputs)


def join_layers(network, spec):
    """Return the table of a network's sparse layers, see `join_sparse_layers`.

    If the layer ``private`` is wide and a row needs little of it, it gets its own
    table.

    Parameters
    ----------
    network : torch.nn.Module
        With the attributes ``n_logits`` and ``private``.

    spec : InputSpec
    """
    if not spec.joined:
        return None
    is_apart = (
        network.private is not None
        and sum(network.n_logits) >= APART_COLUMNS
        and spec.labelled_share <= APART_SHARE
    )
    return join_sparse_layers(network, _private_name(network) if is_apart else None)


def _private_name(network):
    # With a dense block, the sparse layer is only a part of the path.
    beside = isinstance(network.private, BlockLinear)
    return "private.words" if beside else "private"


def read_table(network, rows, cells=None):
    """Return the rows with the products of the network's table, if it has one.

    In training, with cells, products of the layer ``private`` may be 0 for tasks
    without a label in the row.
    """
    if network.table is None:
        return rows
    if cells is None or network.private is None:
        return network.table(rows)
    own = LabelledColumns(_private_name(network), network.n_logits, cells.codes)
    return network.table(rows, own)


def head_widths(n_logits, heads):
    """Return the output width of each head; without `heads`, each task has its own."""
    if heads is None:
        return list(n_logits)
    return [n for _, n in sorted(dict(zip(heads, n_logits, strict=True)).items())]


def in_blocks(blocks, widths):
    """Return the sum of widths in each block of tasks; [] if there is one block.

    Parameters
    ----------
    blocks : tuple of int
        Number of tasks of each block, as in an :class:`InputSpec`.

    widths : list of int
        The width of each task.
    """
    if len(blocks) < 2:
        return []
    ends = [sum(blocks[: k + 1]) for k in range(len(blocks))]
    starts = [0, *ends[:-1]]
    sums = [sum(widths[a:b]) for a, b in zip(starts, ends, strict=True)]
    return [width for width in sums if width]


def head_blocks(blocks, n_logits, heads):
    """Return the outputs of the heads that are new in each block of tasks."""
    if heads is None:
        return in_blocks(blocks, n_logits)
    is_new = [head not in heads[:k] for k, head in enumerate(heads)]
    return in_blocks(blocks, [n * new for n, new in zip(n_logits, is_new, strict=True)])
