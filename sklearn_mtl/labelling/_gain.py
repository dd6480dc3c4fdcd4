"""What the label of an empty cell is worth to a classifier."""

import numpy as np

from ..labels._sets import indicators

STRATEGIES = ("gain", "margin", "entropy", "random")


def label_counts(table, k, task, probabilities):
    """Return how often each class of a task is labelled.

    Parameters
    ----------
    table : LabelTable
        Without a label, predicted probabilities are added up.

    k : int
        Number of the task.

    task : Answers

    probabilities : ndarray of shape (n_rows, n_classes)

    Returns
    -------
    counts : ndarray of shape (n_classes,), or (n_labels, 2) if cells hold several
        Of each label, the cells without it and with it. Classes that the classifier
        does not know are not counted.
    """
    known = task.classes_.tolist()
    cells = table.columns[k][~table.missing[:, k]]
    if table.missing.all():
        found, n_cells = probabilities.sum(axis=0), len(probabilities)
    elif task.is_multilabel:
        sets = [cell & frozenset(known) for cell in cells]
        found, n_cells = indicators(sets, task.classes_).sum(axis=0), len(cells)
    else:
        place = {label: j for j, label in enumerate(known)}
        codes = [place[label] for label in cells.tolist() if label in place]
        found = np.bincount(np.array(codes, dtype=int), minlength=len(known))
    return np.column_stack([n_cells - found, found]) if task.is_multilabel else found


def gains_of_task(probabilities, counts, strategy):
    """Return what the labels of the cells of a task are worth.

    Parameters
    ----------
    probabilities : ndarray of shape (n_cells, n_classes)

    counts : ndarray, as :func:`label_counts` returns it

    strategy : str
        One of ``STRATEGIES``, but not "random".

    Returns
    -------
    gains : ndarray of shape (n_cells,)
    """
    if counts.ndim == 1:
        return _gains(probabilities, counts, strategy)
    pairs = zip(probabilities.T, counts, strict=True)
    found = [_gains(np.stack([1 - p, p], axis=1), own, strategy) for p, own in pairs]
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
