"""The networks of all sharings in numpy, for prediction only."""

import numpy as np

from ..persistence._errors import BadTensor
from ._layers import HiddenLayer, InputLayer, Linear


def build_network(sharing, n_units, spec, n_logits, heads, weights):
    """Return a network.

    Parameters
    ----------
    sharing : Settings
        Name and parameters of the sharing.

    n_units : int or None
        Width of the trunk; None without a trunk.

    spec : Spec

    n_logits : list of int

    heads : list of int or None
        As for ``BaseSharing.build``.

    weights : Weights

    Returns
    -------
    network : callable
        Maps `Rows` to logits, a list of ndarray of shape (n_rows, n_logits), and to the
        hidden vector that all tasks read, or None.

    Raises
    ------
    BadTensor
        If `weights` are not those of the network.
    """
    build = NETWORKS[sharing.name]
    if n_units is None and sharing.name != "Separate":
        return TaskNetwork("network", n_units, spec, n_logits, weights, private=True)
    heads = heads if sharing.params.get("share_heads") else None
    return build(sharing.params, n_units, spec, n_logits, heads, weights)


def _shared_private(params, n_units, spec, n_logits, heads, weights):
    return TaskNetwork(
        "network", n_units, spec, n_logits, weights, private=True, heads=heads
    )


def _hard(params, n_units, spec, n_logits, heads, weights):
    return TaskNetwork(
        "network", n_units, spec, n_logits, weights, private=False, heads=heads
    )


def _separate(params, n_units, spec, n_logits, heads, weights):
    return SeparateNetworks(
        TaskNetwork(f"network.networks.{k}", n_units, spec, [n], weights, private=True)
        for k, n in enumerate(n_logits)
    )


def _mixture(params, n_units, spec, n_logits, heads, weights):
    n_experts = _count(params["n_experts"], weights)
    reads = np.ones((len(n_logits), n_experts), dtype=bool)
    levels = [RowExperts("network.levels.0", n_units, spec, reads, weights)]
    return ExpertNetwork(levels, params, n_units, spec, n_logits, heads, weights)


def _progressive(params, n_units, spec, n_logits, heads, weights):
    n_shared, n_own, n_levels = (
        _count(params[name], weights) for name in ("n_shared", "n_own", "n_levels")
    )
    n_tasks = len(n_logits)
    _count(n_shared + n_tasks * n_own, weights)
    owners = np.repeat(np.arange(n_tasks + 1), [n_own] * n_tasks + [n_shared])
    tasks = np.arange(n_tasks)[:, None]
    reads = (owners == tasks) | (owners == n_tasks)
    below = np.concatenate([reads, np.ones_like(reads[:1])])
    each = [below] * (n_levels - 1) + [reads]
    levels = [RowExperts("network.levels.0", n_units, spec, each[0], weights)]
    for k, own in enumerate(each[1:], 1):
        name = f"network.levels.{k}"
        levels.append(HiddenExperts(name, n_units, own, owners.tolist(), weights))
    return ExpertNetwork(levels, params, n_units, spec, n_logits, heads, weights)


def _adversarial(params, n_units, spec, n_logits, heads, weights):
    linear = params["private"] == "linear" or (
        params["private"] == "auto" and spec.sparse
    )
    network = TaskNetwork(
        "network", n_units, spec, n_logits, weights, private=linear, heads=heads
    )
    if not linear:
        network.private = PrivateTrunks(n_units, spec, n_logits, weights)
    return network


NETWORKS = {
    "SharedPrivate": _shared_private,
    "HardSharing": _hard,
    "Separate": _separate,
    "MixtureOfExperts": _mixture,
    "ProgressiveLayers": _progressive,
    "AdversarialSharedPrivate": _adversarial,
}
# Sharings whose tasks read one hidden vector.
WITH_REPRESENTATION = ("SharedPrivate", "HardSharing", "AdversarialSharedPrivate")


def _count(number, weights):
    """Return a number of parts, after checking that there can be a weight for each."""
    if type(number) is not int or not 1 <= number <= len(weights):
        raise BadTensor(
            f"The network should have {number!r:.50} parts of one kind, but there are "
            f"{len(weights)} weights."
        )
    return number


class TaskNetwork:
    """One trunk for all tasks, with or without private linear paths.

    Parameters
    ----------
    name : str
        Prefix of its weights.

    n_units : int or None

    spec : Spec

    n_logits : list of int

    weights : Weights

    private : bool
        Whether there is a linear path from the rows to the logits.

    heads : list of int, default=None
    """

    def __init__(self, name, n_units, spec, n_logits, weights, *, private, heads=None):
        self.trunk = self.private = None
        self.edges = np.cumsum(n_logits)[:-1]
        self.columns = None
        if n_units is not None:
            self.trunk = HiddenLayer(weights, f"{name}.trunk.0", spec, n_units)
            widths, self.columns = _columns_of_tasks(n_logits, heads)
            self.head = Linear(weights, f"{name}.head", n_units, sum(widths))
        if private:
            self.private = InputLayer(weights, f"{name}.private", spec, sum(n_logits))

    def __call__(self, rows):
        hidden = None if self.trunk is None else self.trunk(rows)
        if hidden is None:
            logits = self.private(rows)
        else:
            logits = self.head(hidden)
            if self.columns is not None:
                logits = logits[:, self.columns]
            if self.private is not None:
                logits = logits + self.private(rows)
        return np.split(logits, self.edges, axis=1), hidden


class SeparateNetworks:
    """Independent networks that read the same rows."""

    def __init__(self, networks):
        self.networks = list(networks)

    def __call__(self, rows):
        return [network(rows)[0][0] for network in self.networks], None


def _columns_of_tasks(n_logits, heads):
    """Return the widths of heads, and the columns of their output for each task."""
    if heads is None:
        return n_logits, None
    by_head = dict(zip(heads, n_logits, strict=True))
    widths = [by_head[head] for head in sorted(by_head)]
    starts = np.cumsum([0, *widths])
    place = {head: k for k, head in enumerate(sorted(by_head))}
    columns = [np.arange(by_head[head]) + starts[place[head]] for head in heads]
    return widths, np.concatenate(columns)


class PrivateTrunks:
    """A trunk and a head for each task."""

    def __init__(self, n_units, spec, n_logits, weights):
        name = "network.private"
        self.parts = [
            (
                HiddenLayer(weights, f"{name}.trunks.{k}.0", spec, n_units),
                Linear(weights, f"{name}.heads.{k}", n_units, n, bias=False),
            )
            for k, n in enumerate(n_logits)
        ]

    def __call__(self, rows):
        return np.hstack([head(trunk(rows)) for trunk, head in self.parts])


class Gates:
    """Mixtures of experts, see `GatedExperts` in `sharing`.

    Parameters
    ----------
    reads : ndarray of bool of shape (n_readers, n_experts)
    """

    def __init__(self, reads):
        self.reads = reads
        self.roots = np.sqrt(reads.sum(axis=1, keepdims=True), dtype=np.float32)

    def mix(self, scores, outputs):
        """Return the mixture of each reader, (n_rows, n_readers, n_units)."""
        whole = np.full((len(scores), *self.reads.shape), -np.inf, dtype=scores.dtype)
        whole[:, self.reads] = scores
        whole -= whole.max(axis=2, keepdims=True)
        weights = np.exp(whole, out=whole)
        weights /= weights.sum(axis=2, keepdims=True)
        return (self.roots.astype(scores.dtype) * weights) @ outputs


class RowExperts(Gates):
    """Experts that are trunks over rows."""

    def __init__(self, name, n_units, spec, reads, weights):
        super().__init__(reads)
        self.experts = [
            HiddenLayer(weights, f"{name}.experts.{k}.0", spec, n_units)
            for k in range(reads.shape[1])
        ]
        self.gate = InputLayer(weights, f"{name}.gate", spec, int(reads.sum()))

    def __call__(self, rows):
        outputs = np.stack([expert(rows) for expert in self.experts], axis=1)
        return self.mix(self.gate(rows), outputs)


class HiddenExperts(Gates):
    """Experts over the mixtures of the level below."""

    def __init__(self, name, n_units, reads, sources, weights):
        super().__init__(reads)
        self.sources = sources
        self.experts = [
            Linear(weights, f"{name}.experts.{k}", n_units, n_units)
            for k in range(len(sources))
        ]
        self.gates = [
            Linear(weights, f"{name}.gates.{k}", n_units, int(n))
            for k, n in enumerate(reads.sum(axis=1))
        ]

    def __call__(self, mixtures):
        pairs = zip(self.experts, self.sources, strict=True)
        outputs = np.stack(
            [np.maximum(expert(mixtures[:, source]), 0) for expert, source in pairs],
            axis=1,
        )
        scores = [gate(mixtures[:, k]) for k, gate in enumerate(self.gates)]
        return self.mix(np.hstack(scores), outputs)


class ExpertNetwork:
    """Levels of experts, and for each task a head over its mixture."""

    def __init__(self, levels, params, n_units, spec, n_logits, heads, weights):
        self.levels, self.private = levels, None
        self.edges = np.cumsum(n_logits)[:-1]
        widths, _ = _columns_of_tasks(n_logits, heads)
        self.heads = [
            Linear(weights, f"network.heads.{k}", n_units, n)
            for k, n in enumerate(widths)
        ]
        self.head_of_task = range(len(n_logits)) if heads is None else heads
        if params["private"]:
            self.private = InputLayer(weights, "network.private", spec, sum(n_logits))

    def __call__(self, rows):
        mixtures = rows
        for level in self.levels:
            mixtures = level(mixtures)
        logits = [
            self.heads[head](mixtures[:, task])
            for task, head in enumerate(self.head_of_task)
        ]
        if self.private is not None:
            own = np.split(self.private(rows), self.edges, axis=1)
            logits = [z + p for z, p in zip(logits, own, strict=True)]
        return logits, None
