"""Cells that have no label, or contradict others, by the conditions between tasks."""

import numpy as np

from ..utils._warn import warn_caller
from ._cells import some


def excluded_cells(table, conditions):
    """Find the cells in which a task has no label, and labels that contradict.

    Parameters
    ----------
    table : LabelTable

    conditions : dict
        From :func:`learn_conditions`.

    Returns
    -------
    without : ndarray of bool of shape (n_rows, n_tasks)
        Cells of tasks that have no label in this row, as the labels of the tasks above
        them say.

    wrong : ndarray of bool of shape (n_rows, n_tasks)
        Labelled cells that should have no label, or another one.
    """
    without, wrong = np.zeros_like(table.missing), np.zeros_like(table.missing)
    number = {name: k for k, name in enumerate(table.names)}
    for child, (parent, labels) in conditions.items():
        k, above = number[child], number[parent]
        allowed = {label: frozenset(own) for label, own in labels.items()}
        rows = np.flatnonzero(~table.missing[:, above] & ~wrong[:, above])
        classes = table.columns[above][rows].tolist()
        pairs = zip(table.columns[k][rows].tolist(), classes, strict=True)
        goes = [_as_set(cell) <= allowed.get(own, frozenset()) for cell, own in pairs]
        without[:, k] = wrong[:, k] = without[:, above]
        without[rows, k] |= np.array([own not in allowed for own in classes], bool)
        wrong[rows, k] |= ~np.array(goes, bool)
        wrong[:, k] |= without[:, k]
        wrong[:, k] &= ~table.missing[:, k]
        if table.cell_types[k] is not None:  # an empty set contradicts nothing
            found = np.flatnonzero(wrong[:, k])
            wrong[found, k] = [len(cell) > 0 for cell in table.columns[k][found]]
    return without, wrong


def _as_set(cell):
    return cell if isinstance(cell, frozenset) else frozenset([cell])


def check_labels(table, conditions, known, wrong):
    """Check what is left of the labels of a fit, and warn of contradictions.

    Parameters
    ----------
    table : LabelTable

    conditions : dict
        From :func:`learn_conditions`.

    known : dict of {str: list}
        The labels of each task.

    wrong : ndarray of bool of shape (n_rows, n_tasks)
        From :func:`excluded_cells`.

    Raises
    ------
    ValueError
        If a task has no labels left.
    """
    for child, (parent, _) in conditions.items():
        k = table.names.index(child)
        rows = np.flatnonzero(wrong[:, k])
        if len(rows) and len(rows) == (~table.missing[:, k]).sum():
            raise ValueError(
                f"All {len(rows)} label(s) of {child!r} are in rows where the label "
                f"of {parent!r}, or of a task above it, excludes them. Correct "
                f"conditions[{child!r}] or the labels."
            )
    for child, (parent, labels) in conditions.items():
        rows = np.flatnonzero(wrong[:, table.names.index(child)])
        if len(rows):
            warn_caller(
                f"{len(rows)} label(s) of {child!r} contradict the conditions, because "
                f"of the labels of {parent!r} or of tasks above it, in row(s) "
                f"{some(rows)}. They are not used for training. Correct the labels, or "
                f"conditions[{child!r}]."
            )
        never = set(known[child]).difference(*labels.values())
        if never:
            warn_caller(
                f"The label(s) {some(sorted(never))} of {child!r} occur in no row with "
                f"a label of {parent!r}, so they are never predicted. State the labels "
                f"in conditions[{child!r}], or label {parent!r} in these rows."
            )
