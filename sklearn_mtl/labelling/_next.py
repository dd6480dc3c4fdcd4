"""The empty cells whose labels would teach a classifier most."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..decisions._targets import ReadTargets
from ..utils._rows import n_rows, settled, take_rows
from ..utils._typing import Array, Estimator, Labels, RandomState, Rows
from ._checks import check_by_task, check_number, check_probabilities, check_tasks
from ._gain import STRATEGIES, gains_of_task, label_counts
from ._pool import read_pool
from ._ranked import RankedCells, objects
from ._spread import spread_out
from ._vectors import row_vectors


def next_to_label(
    classifier: Estimator,
    X: Rows,
    y: Labels | None = None,
    *,
    n_cells: int | float = 100,
    tasks: Sequence[str] | None = None,
    strategy: str = "gain",
    diversity: bool = True,
    cost: Mapping[str, float] | None = None,
    random_state: RandomState = None,
) -> "NextCells":
    """Choose the empty cells to label next.

    Cells of all tasks compete, so that tasks and classes with few labels get more, and
    those that the classifier has learnt get none.

    Parameters
    ----------
    classifier : fitted multi-output classifier with ``predict_proba``
        For example :class:`~sklearn_mtl.MultiTaskTextClassifier`, fitted to the labels
        so far.

    X : texts or rows
        What the classifier reads.

    y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame, \
            default=None
        The labels of X so far. Missing cells are the candidates. None if X has no
        labels yet. Pass the labelled rows too: their classes are counted.

    n_cells : int or float, default=100
        Number of cells to choose, or their share among the candidates. Small batches
        are better, because each batch makes use of the labels before it.

    tasks : list of str, default=None
        Tasks to choose cells of; None is all.

    strategy : {"gain", "margin", "entropy", "random"}, default="gain"
        How a cell is scored. "gain" is the mean over classes of ``p * (1 - p)``, with
        the probability ``p`` of the class, divided by 1 plus the number of its labels.
        It aims at scores that count classes and tasks alike, such as macro-F1. "margin"
        and "entropy" ignore how many labels a class has: "margin" is 1 minus the
        difference of the two highest probabilities, "entropy" is divided by that of
        equal probabilities. "random" is for comparisons.

    diversity : bool, default=True
        Whether to prefer cells whose rows differ from those already chosen for the
        task. Texts are compared by their words, rows of numbers by their values, others
        by their probabilities. Set it to False to save time.

    cost : dict of {str: float}, default=None
        What a label of each task costs; 1 for tasks that it does not name. Scores are
        divided by it.

    random_state : int, RandomState instance or None, default=None
        Order of cells with the same score, and of "random".

    Returns
    -------
    cells : NextCells
        In the order of choice. Prints as a table.

    Raises
    ------
    ValueError
        If no cell is empty, `n_cells` is larger than the number of empty cells, or
        another argument cannot be used.

    Notes
    -----
    The number of labels of each class is taken from `y`. If all cells are empty,
    predicted probabilities are added up instead. The value of a cell with several
    labels is the mean over labels.

    References
    ----------
    B. Settles, "Active learning literature survey", Computer Sciences Technical Report
    1648, University of Wisconsin-Madison, 2009.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.labelling import next_to_label
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> tone = ["good", "bad"] * 10
    >>> texts += ["a great film", "a train"]
    >>> labels = {"tone": [*tone, None, None]}
    >>> classifier = MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> cells = next_to_label(classifier, texts, labels, n_cells=1)
    >>> cells.rows, cells.tasks
    (array([21]), array(['tone'], dtype=object))
    """
    X = settled(X)
    check_probabilities(classifier)
    check_is_fitted(classifier)
    if strategy not in STRATEGIES:
        raise ValueError(
            f"strategy must be one of {list(STRATEGIES)}. Got {strategy!r}."
        )
    table, reader = read_pool(classifier, y, n_rows(X))
    wanted = check_tasks(tasks, table.names)
    if cost is not None:
        check_by_task("cost", cost, table.names, "None")
    empty = table.missing & np.isin(table.names, wanted)
    if not empty.any():
        raise ValueError(
            f"All cells of the task(s) {wanted} have labels. Pass rows with empty "
            "cells."
        )
    number = check_number("n_cells", n_cells, int(empty.sum()), "empty cells")
    targets = ReadTargets(table, [classifier], reader)
    pool = np.flatnonzero(empty.any(axis=1))
    texts, empty = take_rows(X, pool), empty[pool]
    probabilities = targets.probabilities(classifier, texts)
    rng = check_random_state(random_state)
    scores = np.full(empty.shape, -1.0)
    for k, (name, task) in enumerate(zip(targets.names, targets.tasks, strict=True)):
        own = np.flatnonzero(empty[:, k])
        if strategy == "random":
            gains = rng.uniform(size=len(own))
        else:
            counts = label_counts(table, k, task, probabilities[k])
            gains = gains_of_task(probabilities[k][own], counts, strategy)
        scores[own, k] = gains / (cost or {}).get(name, 1)
    cells = rng.permutation(np.flatnonzero(empty))
    rows, of_task = np.divmod(cells, empty.shape[1])
    found = scores[rows, of_task]
    if diversity and strategy != "random":
        vectors = row_vectors(texts, probabilities)
        order = spread_out(found, rows, of_task, vectors, number)
    else:
        order = np.argsort(-found, kind="stable")[:number]
    return _as_cells(
        targets, probabilities, rows[order], of_task[order], found[order], pool
    )


class NextCells(RankedCells):
    """Empty cells to label next, the most useful first.

    Result of :func:`next_to_label`. Has a length, and yields tuples.

    Attributes
    ----------
    rows : ndarray of shape (n_cells,), dtype int64
        The place of each cell's row in X.

    tasks : ndarray of shape (n_cells,), dtype object
        The task of each cell.

    predicted : ndarray of shape (n_cells,), dtype object
        The most probable label, which a person may only have to confirm.

    scores : ndarray of shape (n_cells,), dtype float64
        What the label is worth, divided by its cost.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.labelling import next_to_label
    >>> X, y = make_multitask_texts(200, n_tasks=2, random_state=0)
    >>> classifier = MultiTaskTextClassifier(random_state=0).fit(X[:100], y[:100])
    >>> cells = next_to_label(classifier, X[100:], n_cells=5)
    >>> len(cells), cells.to_frame().columns.tolist()
    (5, ['row', 'task', 'predicted', 'score'])
    """

    _columns = {
        "row": "rows",
        "task": "tasks",
        "predicted": "predicted",
        "score": "scores",
    }

    def __init__(
        self, rows: Array, tasks: Array, predicted: Array, scores: Array
    ) -> None:
        self.rows = rows
        self.tasks = tasks
        self.predicted = predicted
        self.scores = scores


def _as_cells(
    targets: Any, probabilities: Any, rows: Any, of_task: Any, scores: Any, pool: Any
) -> NextCells:
    predicted = np.empty(len(rows), dtype=object)
    for k, task in enumerate(targets.tasks):
        own = np.flatnonzero(of_task == k)
        proba = probabilities[k][rows[own]]
        codes = (proba > 0.5) if task.is_multilabel else proba.argmax(axis=1)
        labels = task.decode(codes.astype(int))
        predicted[own] = objects(targets.cells_of(k, labels))
    names = objects([targets.names[k] for k in of_task])
    return NextCells(pool[rows], names, predicted, scores)
