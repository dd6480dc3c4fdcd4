"""What the label of an empty cell is worth to a classifier."""

import numpy as np

from ..labels._sets import indicators

STRATEGIES = ("gain", "margin", "entropy", "random")


def label_counts(table, k, task):
    """Return how often each class of a task is labelled.

    Parameters
    ----------
    table : LabelTable

    k : int
        Number of the task.

    task : Answers

    Returns
    -------
    counts : ndarray of shape (n_classes,)
        Classes that the classifier does not know are not counted.
    """
    cells = table.columns[k][~table.missing[:, k]]
    known = task.classes_.tolist()
    if task.is_multilabel:
        cells = [cell & frozenset(known) for cell in cells]
        return indicators(cells, task.classes_).sum(axis=0)
    place = {label: j for j, label in enumerate(known)}
    codes = [place[label] for label in cells.tolist() if label in place]
    return np.bincount(codes, minlength=len(known)) if codes else np.zeros(len(known))


def gains_of_task(probabilities, counts, n_labelled, strategy, is_multilabel):
    """Return what the labels of the cells of a task are worth.

    Parameters
    ----------
    probabilities : ndarray of shape (n_cells, n_classes)

    counts : ndarray of shape (n_classes,)

    n_labelled : float
        Number of labelled cells.

    strategy : str
        One of ``STRATEGIES``, but not "random".

    is_multilabel : bool
        The value of a cell with several labels is the mean over labels.

    Returns
    -------
    gains : ndarray of shape (n_cells,)
    """
    if not is_multilabel:
        return _gains(probabilities, counts, strategy)
    found = [
        _gains(np.column_stack([1 - p, p]), np.array([n_labelled - n, n]), strategy)
        for p, n in zip(probabilities.T, counts, strict=True)
    ]
    return np.mean(found, axis=0)


def _gains(probabilities, counts, strategy):
    n_classes = probabilities.shape[1]
    if n_classes == 1 and strategy == "gain":
        # Laplace's rule of succession for a class that was not seen yet.
        (count,) = counts
        new = np.full((len(probabilities), 1), 1 / (count + 2))
        probabilities, counts = np.hstack([1 - new, new]), np.array([count, 0])
    elif n_classes == 1:
        return np.zeros(len(probabilities))
    if strategy == "gain":
        return (probabilities * (1 - probabilities) / (counts + 1)).mean(axis=1)
    if strategy == "margin":
        second, first = np.sort(probabilities, axis=1)[:, -2:].T
        return 1 - (first - second)
    logs = np.log(np.maximum(probabilities, np.finfo(float).tiny))
    return -(probabilities * logs).sum(axis=1) / np.log(n_classes)
