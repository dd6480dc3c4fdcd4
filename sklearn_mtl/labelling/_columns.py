"""Tasks as columns of classes, and cells that cannot be judged."""

import numpy as np

from ..decisions._targets import classes_of
from ._evidence import Column, with_evidence


def read_columns(held):
    """Return the columns of each task: one, or one for each label of its cells.

    Parameters
    ----------
    held : HeldOut

    Returns
    -------
    columns : list of list of Column
    """
    targets = held.targets
    codes = targets.encode(held.table)
    found = []
    for k, task in enumerate(targets.tasks):
        own, probabilities = targets.layout.of_task(codes, k), held.probabilities[k]
        if task.is_multilabel:
            pairs = zip(own.T, probabilities.T, strict=True)
            found.append([Column(c, np.stack([1 - p, p], axis=1)) for c, p in pairs])
        else:
            found.append([Column(own, probabilities)])
    return found


def use_other_tasks(columns, folds):
    """Return columns whose probabilities also use the labels of the other columns.

    Parameters
    ----------
    columns : list of list of Column

    folds : ndarray of shape (n_rows,)

    Returns
    -------
    columns : list of list of Column
    """
    flat = [column for own in columns for column in own]
    found = iter(with_evidence(flat, folds))
    return [[one._replace(probabilities=next(found)) for one in own] for own in columns]


def not_learnt(held, columns):
    """Return which cells hold a label that the classifier of their fold has not seen.

    Parameters
    ----------
    held : HeldOut

    columns : list of list of Column

    Returns
    -------
    unseen : ndarray of bool of shape (n_rows, n_tasks)
    """
    n_tasks = len(columns)
    known = [classes_of(model, n_tasks) for model in held.models]
    unseen = np.zeros((len(held.folds), n_tasks), dtype=bool)
    for k, (own, task) in enumerate(zip(columns, held.targets.tasks, strict=True)):
        learnt = np.array([np.isin(task.classes_, classes[k]) for classes in known])
        learnt = learnt[held.folds]  # of the rows
        for j, (codes, _) in enumerate(own):
            if task.is_multilabel:
                unseen[:, k] |= (codes == 1) & ~learnt[:, j]
            else:
                rows = np.flatnonzero(codes >= 0)
                unseen[rows, k] = ~learnt[rows, codes[rows]]
    return unseen
