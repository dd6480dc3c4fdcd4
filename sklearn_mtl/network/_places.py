"""Which weights of a network belong to which task, so that networks can grow.

The network that a sharing builds has a method ``places(tasks)``. It gives a key to each
output of a layer, and to each module, that belongs to a task. Two networks with other
tasks or classes can then exchange the weights that have equal names and keys.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ._input import InputTable, SparseLinear

# The axis of the outputs in a weight of this name; 0 for the weights of torch's layers.
_BY_FEATURE = 1


@dataclass
class Places:
    """The parts of a network that belong to tasks. All others are shared.

    Attributes
    ----------
    outputs : dict of {str: list}
        For the path of a layer, the key of each of its outputs. A key is hashable; a
        frozenset holds several keys, because tasks may share an output.

    modules : dict of {str: object} or None, default=None
        For the path of a module that belongs to a task, its key.

    Examples
    --------
    The method of a network with a trunk and the layers ``heads``, one for each task:

    >>> from sklearn_mtl.network import Places, TaskKeys
    >>> def places(self, tasks):
    ...     names = {f"heads.{k}": name for k, name in enumerate(tasks.names)}
    ...     outputs = {f"heads.{k}": own for k, own in enumerate(tasks.own)}
    ...     return Places(outputs, names)
    >>> tasks = TaskKeys(["tone"], [[("tone", "good")]], ["binary"])
    >>> places(None, tasks)
    Places(outputs={'heads.0': [('tone', 'good')]}, modules={'heads.0': 'tone'})
    """

    outputs: dict[str, list[Any]]
    modules: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.modules = self.modules or {}

    def under(self, path: str) -> "Places":
        """Return the same places in a module that contains this one.

        Parameters
        ----------
        path : str
            Path of this module in the other.

        Returns
        -------
        places : Places
            With longer paths.
        """
        parts = (self.outputs, self.modules or {})
        return Places(*({f"{path}.{n}": own for n, own in p.items()} for p in parts))


@dataclass(frozen=True)
class TaskKeys:
    """Keys of tasks and of their logits.

    Attributes
    ----------
    names : list of str

    own : list of list
        For each task the key of each of its logits.

    kinds : list
        For each task a value that is equal for tasks of the same type and classes.

    zeros : collection, default=()
        Keys of logits that the tasks do not have, because they are always 0.

    Examples
    --------
    >>> from sklearn_mtl.network import TaskKeys
    >>> own = [[("tone", "good")], [("topic", "arts"), ("topic", "news")]]
    >>> TaskKeys(["tone", "topic"], own, ["binary", "multiclass"]).logits
    [('tone', 'good'), ('topic', 'arts'), ('topic', 'news')]
    """

    names: list[str]
    own: list[list[Any]]
    kinds: list[Any]
    zeros: Collection[Any] = ()

    def __iter__(self) -> Iterator[tuple[str, list[Any]]]:
        return zip(self.names, self.own, strict=True)

    @property
    def logits(self) -> list[Any]:
        """The keys of the logits of all tasks, in one list."""
        return [key for own in self.own for key in own]

    def only(self, task: int) -> "TaskKeys":
        """Return the keys of a single task.

        Parameters
        ----------
        task : int
            Number of the task.

        Returns
        -------
        keys : TaskKeys
            Of one task.
        """
        return TaskKeys(
            [self.names[task]], [self.own[task]], [self.kinds[task]], self.zeros
        )

    def members(self, heads: Sequence[int] | None) -> list[list[int]]:
        """Return for each head the numbers of its tasks.

        Parameters
        ----------
        heads : list of int or None
            The head of each task, as in ``BaseSharing.build``.

        Returns
        -------
        members : list of list of int
            In the order of the heads.
        """
        if heads is None:
            heads = range(len(self.names))
        numbers = sorted(set(heads))
        return [[k for k, own in enumerate(heads) if own == head] for head in numbers]

    def heads(self, heads: Sequence[int] | None) -> list[list[Any]]:
        """Return for each head the keys of its outputs.

        Parameters
        ----------
        heads : list of int or None
            The head of each task, as in ``BaseSharing.build``.

        Returns
        -------
        keys : list of list
            In the order of the heads.
        """
        if heads is None:
            return self.own
        found = []
        for members in self.members(heads):
            kind = self.kinds[members[0]]
            outputs = zip(*(self.own[k] for k in members), strict=True)
            found.append(
                [frozenset([(kind, n), *keys]) for n, keys in enumerate(outputs)]
            )
        return found


def weights_by_name(module):
    """Yield names and views of all weights and buffers of a module.

    Names do not depend on how sparse layers are joined in tables.

    Parameters
    ----------
    module : torch.nn.Module

    Yields
    ------
    name : str

    weight : tensor
    """
    tables = {
        f"{name}.weight" if name else "weight"
        for name, part in module.named_modules()
        if isinstance(part, InputTable)
    }
    for name, weight in module.state_dict().items():
        if name not in tables:
            yield name, weight
    for name, part in module.named_modules():
        if isinstance(part, SparseLinear) and "_table" in vars(part):
            yield (f"{name}.weight" if name else "weight"), part.by_feature()


def keyed_weights(module, tasks):
    """Return the weights of a network with what they belong to.

    Parameters
    ----------
    module : torch.nn.Module
        Built by a sharing.

    tasks : TaskKeys

    Returns
    -------
    weights : dict of {str: tuple}
        For each name the weight; its family, the name without the numbers of tasks;
        the frozenset of keys of its module; and None, or the axis of its outputs and a
        frozenset of keys for each of them.
    """
    places = module.places(tasks)
    sparse = {
        name for name, part in module.named_modules() if isinstance(part, SparseLinear)
    }
    found = {}
    for name, weight in weights_by_name(module):
        layer, _, leaf = name.rpartition(".")
        owner = _longest(places.modules, name)
        family, keys = name, frozenset()
        if owner is not None:
            family = f"{owner.rpartition('.')[0]}.*{name[len(owner) :]}"
            keys = _as_set(places.modules[owner])
        outputs, path = None, _longest(places.outputs, name)
        if path is not None:
            axis = _BY_FEATURE if layer in sparse and leaf == "weight" else 0
            outputs = axis, [_as_set(key) for key in places.outputs[path]]
        found[name] = weight, family, keys, outputs
    return found


def _longest(paths, name):
    own = [path for path in paths if name.startswith(f"{path}.")]
    return max(own, key=len, default=None)


def _as_set(key):
    return key if isinstance(key, frozenset) else frozenset([key])
