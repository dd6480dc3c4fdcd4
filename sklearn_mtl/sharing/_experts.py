"""Experts and gates: networks that mix several hidden vectors."""

from abc import ABC, abstractmethod

import torch
from torch import nn

from ..network._input import input_layer
from ..network._output import Output
from ..network._places import Places
from ._base import head_widths, in_blocks, join_layers, read_table


class GatedExperts(nn.Module, ABC):
    r"""Several experts, and a gate for each reader.

    .. math::

        m_r(x) = \sqrt{|R_r|} \sum_{k \in R_r} g_{rk}(x)\,e_k(x), \qquad
        g_r(x) = \operatorname{softmax}(s_r(x))

    where :math:`R_r` are the experts that reader *r* may read, :math:`e_k` is the
    output of expert *k* and :math:`s_r` are the scores of a gate that is linear in its
    input. Gates start with equal weights. The mean of independent experts is smaller
    than each of them, and changes less in an optimizer step. The square root corrects
    both, so learning rates for one trunk also suit a mixture.

    Parameters
    ----------
    reads : bool tensor of shape (n_readers, n_experts)
        Which reader may read which expert.

    owners : list of int, default=None
        The reader that each expert belongs to, or a higher number where it is shared.
        None means that all are shared.

    blocks : tuple of int, default=()
        The number of readers of each block, see :class:`InputSpec`. Sums over experts
        are computed block by block.
    """

    def __init__(self, reads, owners=None, blocks=()):
        super().__init__()
        self.reads = reads.tolist()
        self.owners = [len(reads)] * reads.shape[1] if owners is None else owners
        parts = reads.split(list(blocks)) if len(blocks) > 1 else [reads]
        self.readers = nn.ModuleList(Readers(part) for part in parts)

    @abstractmethod
    def outputs(self, inputs):
        """Return the outputs of the experts, shape (n_rows, n_experts, n_units)."""

    @abstractmethod
    def scores(self, inputs):
        """Return all gates' scores of the experts they may read, concatenated."""

    def gate_weights(self, inputs):
        """Return the gate weights, shape (n_rows, n_readers, n_experts)."""
        parts = self._scores_of_blocks(inputs)
        return torch.cat([own.weights(part) for own, part in parts], dim=1)

    def forward(self, inputs):
        parts = self._scores_of_blocks(inputs)
        outputs = self.outputs(inputs)
        mixtures = [own(part, outputs) for own, part in parts]
        return mixtures[0] if len(mixtures) == 1 else torch.cat(mixtures, dim=1)

    def _scores_of_blocks(self, inputs):
        scores = self.scores(inputs)
        parts = scores.split([len(own.places) for own in self.readers], dim=1)
        return list(zip(self.readers, parts, strict=True))

    def expert_keys(self, names):
        """Return a key for each expert: its task, or None, and its number there."""
        names = [*names, *[None] * (len(self.owners) + 1)]
        owners = [names[owner] for owner in self.owners]
        return [(name, owners[:k].count(name)) for k, name in enumerate(owners)]

    def read_keys(self, names):
        """Return a key for each reader, and the keys of the experts that it reads."""
        experts = self.expert_keys(names)
        readers = [*names, None][: len(self.reads)]
        return [
            (
                reader,
                [key for key, is_read in zip(experts, row, strict=True) if is_read],
            )
            for reader, row in zip(readers, self.reads, strict=True)
        ]


class Readers(nn.Module):
    """Readers of experts, which the network computes together.

    Sums run over the experts that some of these readers read, so they do not depend on
    the others, not even in rounding.

    Parameters
    ----------
    reads : bool tensor of shape (n_readers, n_experts)
    """

    def __init__(self, reads):
        super().__init__()
        self.n_experts = reads.shape[1]
        self.experts = reads.any(dim=0).nonzero()[:, 0].tolist()
        self.shape = len(reads), len(self.experts)
        places = reads[:, self.experts].flatten().nonzero()[:, 0]
        self.register_buffer("places", places, persistent=False)
        roots = reads.sum(dim=1, keepdim=True).sqrt()
        self.register_buffer("roots", roots, persistent=False)

    def weights(self, scores):
        """Return the gate weights, shape (n_rows, n_readers, n_experts)."""
        weights = self._own_weights(scores)
        if len(self.experts) == self.n_experts:
            return weights
        whole = weights.new_zeros(*weights.shape[:2], self.n_experts)
        whole[:, :, self.experts] = weights
        return whole

    def _own_weights(self, scores):
        n_rows, (n_readers, n_own) = len(scores), self.shape
        # Experts that a reader may not read get a weight of exactly 0.
        whole = scores.new_full((n_rows, n_readers * n_own), -torch.inf)
        whole = whole.index_copy(1, self.places, scores)
        return whole.view(n_rows, n_readers, n_own).softmax(dim=2)

    def forward(self, scores, outputs):
        """Return the mixtures of the readers, shape (n_rows, n_readers, n_units)."""
        if len(self.experts) < self.n_experts:
            outputs = outputs[:, self.experts]
        return self.roots * self._own_weights(scores) @ outputs


class RowExperts(GatedExperts):
    """Experts that are trunks over rows.

    One input layer computes all gates, so sparse rows stay sparse.

    Parameters
    ----------
    trunk : BaseTrunk

    spec : InputSpec

    reads : bool tensor of shape (n_readers, n_experts)
    """

    def __init__(self, trunk, spec, reads, owners=None):
        super().__init__(reads, owners, spec.blocks)
        self.experts = nn.ModuleList(trunk.build(spec) for _ in self.owners)
        widths = reads.sum(dim=1).tolist()
        blocks = in_blocks(spec.blocks, widths)
        self.gate = input_layer(spec, sum(widths), widths=blocks)

    def outputs(self, rows):
        return torch.stack([expert(rows) for expert in self.experts], dim=1)

    def scores(self, rows):
        return self.gate(rows)

    def places(self, names):
        """Say which outputs and which experts belong to which tasks."""
        outputs = [(r, key) for r, own in self.read_keys(names) for key in own]
        experts = enumerate(self.expert_keys(names))
        return Places({"gate": outputs}, {f"experts.{k}": key for k, key in experts})


class HiddenExperts(GatedExperts):
    """Experts that are dense layers over the mixtures of the previous level.

    The gate of a reader reads the previous mixture of the same reader.

    Parameters
    ----------
    n_units : int

    reads : bool tensor of shape (n_readers, n_experts)

    sources : list of int
        The reader whose mixture each expert reads.
    """

    def __init__(self, n_units, reads, sources):
        super().__init__(reads, sources)
        self.sources = sources
        self.experts = nn.ModuleList(nn.Linear(n_units, n_units) for _ in sources)
        self.gates = nn.ModuleList(
            nn.Linear(n_units, n) for n in reads.sum(dim=1).tolist()
        )
        for expert in self.experts:  # keeps the scale of its input after a ReLU
            nn.init.kaiming_uniform_(expert.weight, nonlinearity="relu")
            nn.init.zeros_(expert.bias)
        for gate in self.gates:
            nn.init.zeros_(gate.weight)
            nn.init.zeros_(gate.bias)

    def outputs(self, mixtures):
        pairs = zip(self.experts, self.sources, strict=True)
        return torch.stack(
            [expert(mixtures[:, source]).relu() for expert, source in pairs], dim=1
        )

    def scores(self, mixtures):
        parts = [gate(mixtures[:, k]) for k, gate in enumerate(self.gates)]
        return torch.cat(parts, dim=1)

    def places(self, names):
        """Say which outputs and which modules belong to which tasks."""
        experts = enumerate(self.expert_keys(names))
        found = Places({}, {f"experts.{k}": key for k, key in experts})
        for k, (reader, keys) in enumerate(self.read_keys(names)):
            found.modules[f"gates.{k}"] = (reader,)
            found.outputs[f"gates.{k}"] = keys
        return found


class ExpertNetwork(nn.Module):
    r"""Levels of experts, and for each task a head over its mixture.

    .. math:: z_t = H_t\,m_t(x) + P_t\,x

    where :math:`m_t` is the mixture of task *t* in the last level, :math:`H_t` its head
    and :math:`P_t` its private path, which may be absent.

    Parameters
    ----------
    levels : list of GatedExperts
        In the last level, each task is a reader.

    n_units : int

    spec : InputSpec

    n_logits : list of int

    private : bool

    heads : list of int, default=None
        The index of each task's head; None means one head per task.
    """

    def __init__(self, levels, n_units, spec, n_logits, *, private, heads=None):
        super().__init__()
        self.n_logits = list(n_logits)
        self.levels = nn.Sequential(*levels)
        widths = head_widths(n_logits, heads)
        self.heads = nn.ModuleList(nn.Linear(n_units, n) for n in widths)
        for head in self.heads:
            nn.init.zeros_(head.bias)
        self.shares_heads = heads is not None
        self.head_of_task = range(len(n_logits)) if heads is None else heads
        self.private = None
        if private:
            blocks = in_blocks(spec.blocks, n_logits)
            self.private = input_layer(spec, sum(n_logits), widths=blocks)
        self.table = join_layers(self, spec)

    def places(self, tasks):
        """Say which outputs and which modules belong to which tasks."""
        found = Places({})
        heads = list(self.head_of_task) if self.shares_heads else None
        members = tasks.members(heads)
        for k, (own, outputs) in enumerate(
            zip(members, tasks.heads(heads), strict=True)
        ):
            found.outputs[f"heads.{k}"] = outputs
            names = frozenset(tasks.names[task] for task in own)
            kinds = frozenset([tasks.kinds[own[0]]] if heads else [])
            found.modules[f"heads.{k}"] = names | kinds
        if self.private is not None:
            found.outputs["private"] = tasks.logits
        for k, level in enumerate(self.levels):
            own = level.places(tasks.names).under(f"levels.{k}")
            found.outputs |= own.outputs
            found.modules |= own.modules
        return found

    def gate_weights(self, rows, level=-1):
        """Return the gate weights of the tasks, shape (n_rows, n_tasks, n_experts)."""
        level = range(len(self.levels))[level]
        inputs = self.levels[:level](rows)
        return self.levels[level].gate_weights(inputs)[:, : len(self.n_logits)]

    def forward(self, rows, cells=None):
        rows = read_table(self, rows, cells)
        mixtures = self.levels(rows).unbind(dim=1)
        pairs = zip(mixtures, self.head_of_task, strict=True)
        logits = tuple(self.heads[head](mixture) for mixture, head in pairs)
        if self.private is not None:
            own = self.private(rows).split(self.n_logits, dim=1)
            logits = tuple(z + p for z, p in zip(logits, own, strict=True))
        return Output(logits)
