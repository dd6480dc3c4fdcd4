"""The result of a search for wrong labels."""

from typing import Any

import numpy as np

from ..utils._typing import Array
from ._checks import check_number
from ._ranked import RankedCells, objects


class LabelIssues(RankedCells):
    """Cells whose label is probably wrong, the most harmful first.

    Result of :func:`find_label_issues`. Has a length, and yields tuples.

    Attributes
    ----------
    rows : ndarray of shape (n_cells,), dtype int64
        The place of each cell's row in X.

    tasks : ndarray of shape (n_cells,), dtype object
        The task of each cell.

    given : ndarray of shape (n_cells,), dtype object
        The label in the cell.

    suggested : ndarray of shape (n_cells,), dtype object
        The label that fits better: the most probable other class. For cells with
        several labels, the labels with the doubtful ones added or removed.

    scores : ndarray of shape (n_cells,), dtype float64
        How doubtful the label is, from 0 to 1.

    harms : ndarray of shape (n_cells,), dtype float64
        Expected harm: the score multiplied by the cost of a wrong label of the task.

    n_judged : int
        Number of cells that were judged.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.labelling import find_label_issues
    >>> X, y = make_multitask_texts(200, n_tasks=2, random_state=0)
    >>> classifier = MultiTaskTextClassifier(random_state=0)
    >>> issues = find_label_issues(classifier, X, y, n_issues=3)
    >>> issues.n_judged, len(issues)
    (400, 3)
    >>> issues.to_frame().columns.tolist()
    ['row', 'task', 'given', 'suggested', 'score', 'harm']
    """

    _columns = {
        "row": "rows",
        "task": "tasks",
        "given": "given",
        "suggested": "suggested",
        "score": "scores",
        "harm": "harms",
    }

    def __init__(
        self,
        rows: Array,
        tasks: Array,
        given: Array,
        suggested: Array,
        scores: Array,
        harms: Array,
        n_judged: int,
    ) -> None:
        self.rows = rows
        self.tasks = tasks
        self.given = given
        self.suggested = suggested
        self.scores = scores
        self.harms = harms
        self.n_judged = n_judged


def as_issues(held: Any, found: Any, costs: Any, n_issues: Any) -> LabelIssues:
    """Rank the doubtful cells of all tasks.

    Parameters
    ----------
    held : HeldOut

    found : dict of {int: Doubts}
        By the number of the task.

    costs : dict of {str: float}

    n_issues : int, float or None

    Returns
    -------
    issues : LabelIssues
    """
    names, numbers = held.targets.names, list(found)
    sizes = [len(found[k].rows) for k in numbers]
    of_task = np.repeat(numbers, sizes)
    cells = np.concatenate([np.arange(size) for size in sizes])
    places = np.concatenate([found[k].rows for k in numbers])
    scores = np.concatenate([found[k].scores for k in numbers])
    harms = scores * np.repeat([costs[names[k]] for k in numbers], sizes)
    rows = held.rows[places]
    support = np.concatenate([found[k].support for k in numbers])
    order = np.lexsort((of_task, rows, support, -harms))
    if n_issues is None:
        likely = np.concatenate([found[k].likely for k in numbers])
        order = order[likely[order]]
    else:
        n_issues = min(n_issues, len(order)) if n_issues >= 1 else n_issues
        order = order[: check_number("n_issues", n_issues, len(order), "judged cells")]
    of_task, cells, places = of_task[order], cells[order], places[order]
    given, suggested = np.empty((2, len(order)), dtype=object)
    for k in numbers:
        own = of_task == k
        labels = held.table.columns[k][places[own]]
        given[own] = objects(held.targets.cells_of(k, labels))
        labels = held.targets.tasks[k].decode(found[k].suggested[cells[own]])
        suggested[own] = objects(held.targets.cells_of(k, labels))
    return LabelIssues(
        rows[order],
        objects([names[k] for k in of_task]),
        given,
        suggested,
        scores[order],
        harms[order],
        len(rows),
    )
