"""Accuracy over encoded cells, and means over tasks."""

import warnings

import numpy as np

from ..labels._tables import LabelTable, as_label_table
from ._weights import table_weights


def mean_accuracy(targets, decide, y, sample_weight=None, missing_label=None):
    """Return the mean over tasks of the accuracy on labelled cells.

    Parameters
    ----------
    targets : LabelCodes

    decide : callable
        Returns the predicted codes; called after `y` is checked.

    y, sample_weight, missing_label : as for the estimator
        `y` may be a LabelTable.

    Returns
    -------
    accuracy : float
    """
    table = y
    if not isinstance(y, LabelTable):
        table = as_label_table(y, missing_label=missing_label)
    table = table.select(targets.names)
    weights = table_weights(sample_weight, table)
    if weights is not None:
        table = table.mask(weights == 0)
    codes = targets.encode(table, unknown="warn")
    decided = decide()
    if len(decided) != len(codes):
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"{[len(decided), len(codes)]}"
        )
    starts = targets.layout.starts
    return mean_over_tasks(codes_accuracy(codes, decided, weights, starts))


def codes_accuracy(codes, decided, weights=None, starts=None):
    """Return the accuracy of each task over encoded cells.

    Parameters
    ----------
    codes : ndarray of shape (n_rows, n_codes)
        True classes; -1 where a cell is missing, -2 for a label that did not occur in
        fit.

    decided : ndarray of shape (n_rows, n_codes)
        Predicted classes.

    weights : ndarray of shape (n_rows, n_tasks), default=None

    starts : ndarray of shape (n_tasks,), default=None
        First code of each task. All codes of a task must be right. None means one code
        per task.

    Returns
    -------
    accuracy : ndarray of shape (n_tasks,)
        NaN for a task without a labelled cell.
    """
    equal = codes == decided
    if starts is not None and len(starts) < codes.shape[1]:
        equal = np.logical_and.reduceat(equal, starts, axis=1)
        codes = codes[:, starts]
    counted = (codes != -1) * (1.0 if weights is None else weights)
    total = counted.sum(axis=0)
    right = (counted * equal).sum(axis=0)
    return np.divide(right, total, out=np.full(len(total), np.nan), where=total > 0)


def mean_over_tasks(values):
    """Return the mean of the scores that are not NaN. If there are none, warn: NaN."""
    values = [value for value in values if not np.isnan(value)]
    if not values:
        from sklearn.exceptions import UndefinedMetricWarning

        warnings.warn(
            "No task has labelled cells that give a score, so the mean score is NaN.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
        return np.nan
    return float(np.mean(values))
