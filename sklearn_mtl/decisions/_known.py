"""Labels of some tasks that are known when the others are predicted."""

import numpy as np

from ..labels._cells import some
from ..labels._tables import as_label_table, check_task_names


def possible_labels(known, targets, links, n_rows, missing_label=None):
    """Return the labels of each task that do not contradict known labels.

    Parameters
    ----------
    known : dict, DataFrame, array-like or None
        Labels of some tasks, with missing cells.

    targets : ReadTargets

    links : list of Link

    n_rows : int

    missing_label : object, default=None

    Returns
    -------
    possible : list of ndarray of bool of shape (n_rows, n_classes)

    Raises
    ------
    ValueError
        If the labels cannot be read, or contradict each other.
    """
    possible = [np.ones((n_rows, len(task.classes_)), bool) for task in targets.tasks]
    if known is None:
        return possible
    table = as_label_table(known, missing_label=missing_label, what="known")
    if table.is_named:
        check_task_names("known", table.names, targets.names)
    else:
        table = table.select(targets.names, "known")
    if len(table) != n_rows:
        raise ValueError(
            f"known must have a row for each row of X. Got {len(table)} and {n_rows}."
        )
    for place, name in enumerate(table.names):
        k = targets.names.index(name)
        rows = np.flatnonzero(~table.missing[:, place])
        codes = _codes(targets.tasks[k], name, table.columns[place][rows], rows)
        possible[k][rows] = False
        possible[k][rows, codes] = True
    for k, parent, allowed in reversed(links):
        rows = np.flatnonzero(~possible[k].all(axis=1))
        possible[parent][rows] &= possible[k][rows] @ allowed.T
        _check_possible(possible[parent], table)
    return possible


def _codes(task, name, cells, rows):
    if task.is_multilabel and len(rows):
        raise ValueError(
            f"known[{name!r}]: the cells of this task hold several labels, which other "
            "tasks do not depend on. Leave it out."
        )
    codes = task.encode(cells) if len(rows) else np.zeros(0, dtype=int)
    new = codes < 0
    if new.any():
        raise ValueError(
            f"known[{name!r}] holds labels that did not occur in fit: "
            f"{some(cells[new])} in row(s) {some(rows[new])}. The classes are "
            f"{some(task.classes_.tolist(), 10)}."
        )
    return codes


def _check_possible(possible, table):
    rows = np.flatnonzero(~possible.any(axis=1))
    if len(rows):
        own = {
            name: column[rows[0]]
            for name, column, missing in zip(
                table.names, table.columns, table.missing[rows[0]], strict=True
            )
            if not missing
        }
        raise ValueError(
            f"The known labels of row(s) {some(rows)} contradict the conditions. Got "
            f"{own} in row {rows[0]}. Correct one of these labels, or empty its cell."
        )
