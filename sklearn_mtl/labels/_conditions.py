"""Conditions between tasks: which labels of a task go with which of another."""

from collections.abc import Mapping, Set
from graphlib import CycleError, TopologicalSorter

import numpy as np

from ._cells import some
from ._tables import check_task_names

_LEARNT = object()


def read_conditions(conditions, known, holding_sets=(), *, complete=True):
    """Check conditions, and write all of them in one form.

    Parameters
    ----------
    conditions : dict of {str: tuple or str}
        As for ConsistentMultiTaskClassifier.

    known : dict of {str: list}
        The labels of each task.

    holding_sets : sequence of str, default=()
        Tasks whose cells hold several labels.

    complete : bool, default=True
        Whether `known` has all labels. If not, labels that the conditions name are
        added to it, and none can be learnt.

    Returns
    -------
    conditions : dict of {str: (str, dict or None)}
        For each task its parent, and the labels of the task by class of the parent;
        None if they are to be learnt. Parents come before their children.

    Raises
    ------
    ValueError
        If a condition cannot be used.
    """
    names = list(known)
    if not isinstance(conditions, Mapping) or not conditions:
        raise ValueError(
            "conditions must be a dict such as {'category': ('sexist', 'yes')}, with "
            f"at least one task. Got {conditions!r}."
        )
    check_task_names("conditions", conditions, names)
    pairs = {child: _split(child, own) for child, own in conditions.items()}
    for child, (parent, _) in pairs.items():
        if parent not in names:
            raise ValueError(
                f"conditions[{child!r}] names the unknown task {parent!r}. The tasks "
                f"are {names}."
            )
        if parent in holding_sets:
            raise ValueError(
                f"conditions[{child!r}]: the cells of {parent!r} hold several labels, "
                "and a condition needs a task with one label in each cell. Give each "
                "label of this task its own column."
            )
    order = _parents_first(pairs)
    if not complete:  # a child may name a class that its parent does not
        for child in order:
            _labels(child, *pairs[child], known, complete)
    return {
        child: (pairs[child][0], _labels(child, *pairs[child], known, complete))
        for child in order
    }


def _split(child, own):
    if isinstance(own, str):
        return own, _LEARNT
    if isinstance(own, tuple | list) and len(own) == 2 and isinstance(own[0], str):
        return tuple(own)
    raise ValueError(
        f"conditions[{child!r}] must be (parent, class), (parent, [class, ...]), "
        "(parent, {class: [label, ...]}), or the name of the parent, which learns the "
        f"labels from y. Got {own!r}."
    )


def _parents_first(pairs):
    graph = {child: {parent} for child, (parent, _) in pairs.items()}
    try:
        return [
            name for name in TopologicalSorter(graph).static_order() if name in pairs
        ]
    except CycleError as error:
        way = " -> ".join(map(repr, error.args[1]))
        raise ValueError(
            f"conditions form a cycle, {way}. A task must not depend on itself. Remove "
            "one of these conditions."
        ) from None


def _labels(child, parent, own, known, complete):
    """Return the labels of the child for each class of the parent, or None."""
    where = f"conditions[{child!r}]"
    if own is _LEARNT:
        if complete:
            return None
        raise ValueError(
            f"{where} is to be learnt, which needs the labels of a fit. Pass the "
            "attribute conditions_ of a fitted ConsistentMultiTaskClassifier."
        )
    if not isinstance(own, Mapping):
        several = isinstance(own, list | tuple | Set | np.ndarray)
        own = [(label, known[child]) for label in (own if several else [own])]
    else:
        own = list(own.items())
    if not own:
        raise ValueError(f"{where} names no class of {parent!r}. Name at least one.")
    _check_known(where, [label for label, _ in own], parent, known, complete)
    found = {}
    for label, labels in own:
        if isinstance(labels, str | Mapping) or not hasattr(labels, "__iter__"):
            raise ValueError(
                f"{where} has {labels!r} for the class {label!r}, but must have a list "
                f"of labels of {child!r}. Pass [{labels!r}]."
            )
        labels = list(labels)
        _check_known(where, labels, child, known, complete)
        found[label] = [each for each in known[child] if each in labels]
    absent = [own for own in known[child] if not any(own in f for f in found.values())]
    if absent and complete:
        raise ValueError(
            f"{where} never allows the label(s) {some(absent)} of {child!r}, which "
            f"occur in y. Add each to the list of a class of {parent!r}, or empty "
            "these cells."
        )
    return {label: labels for label, labels in found.items() if labels}


def _check_known(where, labels, name, known, complete):
    unknown = [label for label in labels if label not in known[name]]
    if not complete:
        known[name] += unknown
    elif unknown:
        raise ValueError(
            f"{where} names {some(unknown)}, which no row of y has as label of "
            f"{name!r}. Its labels are {some(known[name], 10)}."
        )
