"""Scores of several tasks at once, over labelled cells only.

Works with the predictions of any multi-output classifier.
"""

import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import accuracy_score, f1_score, recall_score

from ._labels import as_label_table

__all__ = ["multitask_scores"]


def _macro(metric):
    def score(y_true, y_pred, sample_weight):
        return metric(
            y_true,
            y_pred,
            average="macro",
            zero_division=0.0,
            sample_weight=sample_weight,
        )

    return score


def _accuracy(y_true, y_pred, sample_weight):
    return accuracy_score(y_true, y_pred, sample_weight=sample_weight)


_METRICS = {
    "accuracy": _accuracy,
    "recall": _macro(recall_score),
    "f1": _macro(f1_score),
}


def multitask_scores(
    y_true, y_pred, metrics=("accuracy", "recall", "f1"), *, sample_weight=None
):
    """Score each task on its labelled cells, and take the mean over tasks.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
        True labels; NaN, None and pandas.NA are missing cells.

    y_pred : array-like, dict or DataFrame
        Predicted labels, for every cell. Columns are matched by name where both sides
        have names, else by position.

    metrics : tuple of {"accuracy", "recall", "f1"}, default=all three
        Recall and F1 are macro averages over the classes.

    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
            default=None
        Weight of each row or cell.

    Returns
    -------
    scores : dict of dict
        ``scores[task][metric]``, with ``scores[task]["support"]``, the number of
        labelled cells; and ``scores["mean"][metric]``, the plain mean over the tasks
        that have labelled cells. A task without any has NaN; if no task has any, the
        mean is NaN and an :class:`~sklearn.exceptions.UndefinedMetricWarning` is given.

    Raises
    ------
    ValueError
        If a metric is unknown, lengths differ, the tasks do not match or one of them
        is called "mean".

    Examples
    --------
    >>> from sklearn_mtl.metrics import multitask_scores
    >>> y_true = {"topic": ["a", "b", None, "a"], "tone": [1, None, None, 0]}
    >>> y_pred = {"topic": ["a", "b", "b", "b"], "tone": [1, 1, 1, 0]}
    >>> scores = multitask_scores(y_true, y_pred, metrics=["accuracy"])
    >>> round(scores["topic"]["accuracy"], 3), scores["topic"]["support"]
    (0.667, 3)
    >>> round(scores["mean"]["accuracy"], 3)
    0.833
    """
    metrics = (metrics,) if isinstance(metrics, str) else metrics
    unknown = [name for name in metrics if name not in _METRICS]
    if unknown:
        raise ValueError(f"metrics must be among {list(_METRICS)}. Got {unknown}.")
    true = as_label_table(y_true, what="y_true")
    pred = as_label_table(y_pred, what="y_pred")
    if pred.is_named and not true.is_named:
        true = true.select(pred.names, what="y_true")
    pred = pred.select(true.names, what="y_pred")
    if len(true) != len(pred):
        raise ValueError(
            f"y_true and y_pred must have the same rows. Got {len(true)} and "
            f"{len(pred)}."
        )
    if "mean" in true.names:
        raise ValueError(
            "A task cannot be called 'mean', which is the mean over tasks. Rename it."
        )
    weights = cell_weights(sample_weight, *true.missing.shape)
    scores = {}
    for k, name in enumerate(true.names):
        rows = np.flatnonzero(~true.missing[:, k])
        empty = rows[pred.missing[rows, k]]
        if len(empty):
            raise ValueError(
                f"y_pred[{name!r}] is empty in row(s) {empty[:5].tolist()}, where "
                "y_true holds a label. Predict a label for each of these cells."
            )
        scores[name] = {
            metric: _score_one(metric, true, pred, weights, rows, k)
            for metric in metrics
        }
        scores[name]["support"] = len(rows)
    scores["mean"] = {
        metric: mean_over_tasks([scores[name][metric] for name in true.names])
        for metric in metrics
    }
    return scores


def _score_one(metric, true, pred, weights, rows, task):
    if len(rows) == 0:
        return np.nan
    weight = None if weights is None else weights[rows, task]
    if weight is not None and not weight.any():
        return np.nan
    y_true, y_pred = true.columns[task][rows], pred.columns[task][rows]
    return float(_METRICS[metric](y_true, y_pred, weight))


def mean_over_tasks(values):
    """Return the mean of the task scores that are not NaN; NaN, warned of, if none."""
    values = [value for value in values if not np.isnan(value)]
    if not values:
        warnings.warn(
            "No task has a labelled cell, so the mean score is NaN.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
        return np.nan
    return float(np.mean(values))


def cell_weights(sample_weight, n_rows, n_tasks):
    """Check weights of rows or cells and return them for cells.

    Parameters
    ----------
    sample_weight : array-like of shape (n_rows,) or (n_rows, n_tasks), or None

    n_rows, n_tasks : int

    Returns
    -------
    weights : ndarray of shape (n_rows, n_tasks) or None

    Raises
    ------
    ValueError
        If the shape is wrong, or a weight is negative or not finite, or all are zero.
    """
    if sample_weight is None:
        return None
    try:
        weights = np.asarray(sample_weight, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"sample_weight must hold numbers: {error}.") from error
    if weights.ndim == 0:
        weights = np.full(n_rows, weights)
    if weights.shape not in ((n_rows,), (n_rows, n_tasks)):
        raise ValueError(
            f"sample_weight must have shape ({n_rows},), a weight a row, or "
            f"({n_rows}, {n_tasks}), a weight a cell. Got sample_weight.shape == "
            f"{weights.shape}."
        )
    bad = ~np.isfinite(weights) | (weights < 0)
    if bad.any():
        row = np.argwhere(bad)[0][0]
        raise ValueError(
            "Input sample_weight contains NaN, infinity or negative values; weights "
            f"must be finite and not negative. Got {weights[row]} in row {row}."
        )
    if not weights.any():
        raise ValueError(
            "Sample weights must contain at least one non-zero number. All "
            f"{weights.size} are 0, so no row would count."
        )
    if weights.ndim == 1:
        weights = np.broadcast_to(weights[:, None], (n_rows, n_tasks))
    return weights


def codes_accuracy(codes, decided, weights=None):
    """Return the accuracy of each task over encoded cells.

    Parameters
    ----------
    codes : ndarray of shape (n_rows, n_tasks)
        True classes; -1 where a cell is missing, -2 for a label that fit never saw.

    decided : ndarray of shape (n_rows, n_tasks)
        Predicted classes.

    weights : ndarray of shape (n_rows, n_tasks), default=None

    Returns
    -------
    accuracy : ndarray of shape (n_tasks,)
        NaN for a task without a labelled cell.
    """
    counted = (codes != -1) * (1.0 if weights is None else weights)
    total = counted.sum(axis=0)
    right = (counted * (codes == decided)).sum(axis=0)
    return np.divide(right, total, out=np.full(len(total), np.nan), where=total > 0)
