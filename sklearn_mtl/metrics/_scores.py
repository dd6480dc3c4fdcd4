"""Scores of each task, and aggregates over tasks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..utils._typing import Labels, Weights
from ._accuracy import mean_over_tasks
from ._metrics import resolve_metrics, score_task
from ._predictions import read_predictions

# Keys beside the tasks in a table of scores. No task can have one of these names.
AGGREGATES = ("mean", "worst", "weighted", "exact_match")


def multitask_scores(
    y_true: Labels,
    y_pred: Labels | None = None,
    metrics: Any = ("accuracy", "recall_macro", "f1_macro"),
    *,
    y_proba: Any = None,
    classes: Any = None,
    sample_weight: Weights = None,
    orders: Mapping[str, Sequence[Any]] | Sequence[Any] | None = None,
    missing_label: object = None,
) -> dict[str, dict[str, Any]]:
    """Score each task on its labelled cells, and all tasks together.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
        True labels; NaN, None and pandas.NA are missing cells.

    y_pred : array-like, dict or DataFrame, default=None
        Predicted labels for every cell. Columns are matched by name if both sides
        have names, else by position. None takes the most probable class.

    metrics : str, callable, dict of {str: str or callable}, or sequence of them, \
            default=("accuracy", "recall_macro", "f1_macro")
        For labels: "accuracy", "balanced_accuracy", "matthews_corrcoef",
        "hamming_loss", and "precision", "recall" and "f1" with "_macro", "_micro" or
        "_weighted". For labels with an order (numbers have one, texts need `orders`):
        "mean_absolute_error" and "quadratic_kappa" (Cohen's, with quadratic weights).
        For probabilities: "roc_auc" and "average_precision" (of the second of two
        classes, else the one-vs-rest mean over the classes that occur), "log_loss",
        "brier_score_loss" and "calibration_error" (of the most probable class, in 15
        bins; Guo et al. 2017). For searches, the losses exist with the opposite sign:
        "neg_mean_absolute_error", "neg_log_loss", "neg_brier_score",
        "neg_hamming_loss" and "neg_calibration_error". A callable is called as
        ``metric(y_true, y_pred)`` with labels, and with ``sample_weight=`` if there
        are weights.

        Where cells hold several labels, accuracy counts whole cells. Hamming loss,
        precision, recall and F1 count labels. All other metrics are means over labels,
        each a binary task. A callable gets one column of 0 and 1 per label.

    y_proba : list of array-like of shape (n_samples, n_classes), or dict, default=None
        Probabilities of the classes of each task; one array for a single task.

    classes : list of array-like of shape (n_classes,), or dict, default=None
        Classes of the columns of `y_proba`, such as a classifier's ``classes_``. None
        takes the sorted labels of `y_true`.

    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
            default=None
        Weight of each row or cell. Columns with names are matched to the tasks by
        name. A cell of weight 0 counts as missing.

    orders : dict of {str: sequence}, default=None
        All labels of a task in order, ``{"size": ["small", "middle", "large"]}``.
        Metrics that need an order use their ranks.

    missing_label : object, default=None
        Other values that mean "no label" in `y_true`: a value, or a list of values.

    Returns
    -------
    scores : dict of dict
        ``scores[task][metric]``, with ``scores[task]["support"]``, the number of
        labelled cells. Further keys are ``"mean"``, the unweighted mean over tasks;
        ``"worst"``, the worst task; ``"weighted"``, the mean weighted by labelled
        cells; and ``"exact_match"``, the accuracy of whole rows, over the rows that
        have a label for every task. The score is NaN for a task without labelled
        cells, without an order that the metric needs, or with an undefined score (ROC
        AUC of a single class). The first three aggregates leave such tasks out. If no
        task is left, they are NaN with an
        :class:`~sklearn.exceptions.UndefinedMetricWarning`.

    Raises
    ------
    ValueError
        If a metric is unknown or lacks probabilities, lengths differ, the tasks do not
        match, a task has the name of an aggregate, or a label is missing in an order.

    Examples
    --------
    >>> from sklearn_mtl.metrics import multitask_scores
    >>> y_true = {"topic": ["a", "b", None, "a"], "tone": [1, None, None, 0]}
    >>> y_pred = {"topic": ["a", "b", "b", "b"], "tone": [1, 1, 1, 0]}
    >>> scores = multitask_scores(y_true, y_pred, metrics="accuracy")
    >>> round(scores["topic"]["accuracy"], 3), scores["topic"]["support"]
    (0.667, 3)
    >>> round(scores["mean"]["accuracy"], 3), scores["worst"]["accuracy"] < 0.7
    (0.833, True)
    >>> scores["exact_match"]
    {'accuracy': 0.5, 'support': 2}
    """
    metrics = resolve_metrics(metrics)
    predictions = read_predictions(
        y_true, y_pred, y_proba, classes, sample_weight, orders, missing_label
    )
    return score_predictions(predictions, metrics)


def score_predictions(predictions, metrics):
    """Score matched labels and predictions.

    Parameters
    ----------
    predictions : Predictions

    metrics : list of Metric

    Returns
    -------
    scores : dict of dict
    """
    names = predictions.true.names
    refuse_names_of_aggregates(names)
    needy = [m.name for m in metrics if m.reads_probabilities]
    if needy and predictions.probabilities is None:
        raise ValueError(
            f"The metric(s) {needy} are computed from probabilities. Pass y_proba."
        )
    scores, cells = {}, []
    for k, name in enumerate(names):
        parts = predictions.cells(k)
        ranked = predictions.ranked_cells(k) if name in predictions.orders else parts
        scores[name] = {
            m.name: _score_task(name, m, ranked if m.reads_order else parts)
            for m in metrics
        }
        scores[name]["support"] = len(parts[0])
        cells.append(len(parts[0]) if parts[-1] is None else parts[-1].sum())
    together = {"mean": {}, "worst": {}, "weighted": {}}
    for metric in metrics:
        values = np.array([scores[name][metric.name] for name in names])
        together["mean"][metric.name] = mean_over_tasks(values)
        together["worst"][metric.name] = worst_of_tasks(values, metric.is_loss)
        together["weighted"][metric.name] = _weighted_mean(values, np.array(cells))
    return scores | together | {"exact_match": exact_match(predictions)}


def _score_task(name, metric, parts):
    """Return the score of a task. An error names the metric and the task."""
    try:
        return score_task(metric, *parts)
    except Exception as error:
        raise ValueError(
            f"The metric {metric.name!r} failed on the {len(parts[0])} labelled "
            f"cell(s) of task {name!r}. {type(error).__name__}: {error}"
        ) from error


def refuse_names_of_aggregates(names):
    """Raise a ValueError if a task has the name of an aggregate."""
    taken = [name for name in names if name in AGGREGATES]
    if taken:
        raise ValueError(
            f"A task cannot be called {taken[0]!r}, which is a score over all tasks. "
            "Rename it."
        )


def worst_of_tasks(values, is_loss=False):
    """Return the worst of the scores that are not NaN, or NaN."""
    values = [value for value in values if not np.isnan(value)]
    if not values:
        return np.nan
    return float(max(values) if is_loss else min(values))


def _weighted_mean(values, cells):
    counted = ~np.isnan(values)
    if not counted.any():
        return np.nan
    return float(np.average(values[counted], weights=cells[counted]))


def exact_match(predictions):
    """Return the accuracy of whole rows, over rows with a label for every task.

    Parameters
    ----------
    predictions : Predictions

    Returns
    -------
    score : dict
        "accuracy" is NaN if there is no such row; "support" is their number. The
        weight of a row is the mean weight of its cells.
    """
    true = predictions.true
    rows = np.flatnonzero(~true.missing.any(axis=1))
    right = np.ones(len(rows), dtype=bool)
    for label, prediction in zip(true.columns, predictions.labels, strict=True):
        right &= label[rows] == prediction[rows]
    weights = None
    if predictions.weights is not None:
        weights = predictions.weights[rows].mean(axis=1)
    if len(rows) == 0 or (weights is not None and not weights.any()):
        return {"accuracy": np.nan, "support": len(rows)}
    return {
        "accuracy": float(np.average(right, weights=weights)),
        "support": len(rows),
    }
