"""Conditions between tasks as arrays, and those that are learnt from labels."""

from typing import Any, NamedTuple

import numpy as np


class Link(NamedTuple):
    """A task and the task that it depends on, by their numbers.

    Attributes
    ----------
    child, parent : int

    allowed : ndarray of bool of shape (n_classes_of_parent, n_classes_of_child)
        Labels of the child for each class of the parent. In a row without True the
        child has no label.
    """

    child: int
    parent: int
    allowed: Any


def learn_conditions(conditions, table):
    """Fill in the labels that are to be learnt: those that occur together in a row.

    Parameters
    ----------
    conditions : dict
        From :func:`read_conditions`.

    table : LabelTable

    Returns
    -------
    conditions : dict of {str: (str, dict)}

    Raises
    ------
    ValueError
        If no row has a label of a task and of its parent.
    """
    found = {}
    for child, (parent, labels) in conditions.items():
        if labels is None:
            labels = _together(table, child, parent)
        if not labels:
            raise ValueError(
                f"conditions[{child!r}] is to be learnt, but no row of y has a label "
                f"of both {child!r} and {parent!r}. State the labels, ({parent!r}, "
                "{class: [label, ...]})."
            )
        found[child] = parent, labels
    return found


def _together(table, child, parent):
    k, above = table.names.index(child), table.names.index(parent)
    rows = ~table.missing[:, [k, above]].any(axis=1)
    pairs = zip(
        table.columns[above][rows].tolist(),
        table.columns[k][rows].tolist(),
        strict=True,
    )
    found = {}
    for label, own in pairs:
        own = own if isinstance(own, frozenset) else {own}
        if own:
            found.setdefault(label, set()).update(own)
    return {label: sorted(found[label]) for label in sorted(found)}


def links_of(conditions, classes):
    """Return conditions as arrays, parents before their children.

    Parameters
    ----------
    conditions : dict
        From :func:`learn_conditions`.

    classes : dict of {str: list}
        The labels of each task, in the order of the tasks.

    Returns
    -------
    links : list of Link
    """
    number = {name: k for k, name in enumerate(classes)}
    links = []
    for child, (parent, labels) in conditions.items():
        allowed = [
            [each in labels.get(label, ()) for each in classes[child]]
            for label in classes[parent]
        ]
        allowed = np.array(allowed, dtype=bool)
        links.append(Link(number[child], number[parent], allowed))
    return links
