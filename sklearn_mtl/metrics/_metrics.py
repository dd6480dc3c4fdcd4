"""Metrics of one task: scikit-learn's, by name, for labels or for probabilities."""

from contextlib import nullcontext
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn import metrics as skm

from ..utils._compat import brier_score_loss
from ..utils._warn import FILTERS


class Metric(NamedTuple):
    """How to score one task.

    Attributes
    ----------
    name : str

    function : callable
        ``function(y_true, y_pred, sample_weight)`` for labels, or
        ``function(y_true, probabilities, sample_weight, classes)``.

    reads_probabilities : bool, default=False

    is_loss : bool, default=False
        Whether lower is better.

    reads_order : bool, default=False
        Whether labels need an order: numbers, or ranks.

    reads_sets : bool, default=False
        Whether `function` takes one column per label where cells hold several labels.
        Otherwise the score is the mean over labels, each a binary task.

    is_foreign : bool, default=False
        Whether it is a user's function, which may start threads.
    """

    name: str
    function: object
    reads_probabilities: bool = False
    is_loss: bool = False
    reads_order: bool = False
    reads_sets: bool = False
    is_foreign: bool = False


def resolve_metrics(metrics):
    """Return the metrics for the given names and callables.

    Parameters
    ----------
    metrics : str, callable, dict of {str: str or callable}, or sequence of them
        A callable is called as ``metric(y_true, y_pred)``, like scikit-learn's metrics,
        with ``sample_weight=`` if there are weights.

    Returns
    -------
    metrics : list of Metric

    Raises
    ------
    ValueError
        If a metric is unknown, or two metrics have the same name.
    """
    if isinstance(metrics, str) or callable(metrics):
        metrics = [metrics]
    if isinstance(metrics, dict):
        found = [_resolve(m)._replace(name=name) for name, m in metrics.items()]
    else:
        found = [_resolve(metric) for metric in metrics]
    names = [metric.name for metric in found]
    if not names or len(set(names)) < len(names):
        raise ValueError(
            f"metrics must name at least one metric, each once. Got {names}. Name "
            "callables with a dict {name: callable}."
        )
    if "support" in names:
        raise ValueError(
            "A metric cannot be called 'support', which is the number of labelled "
            "cells in the result. Give it another name with a dict "
            "{name: callable}."
        )
    return found


def _resolve(metric):
    if callable(metric):
        name = getattr(metric, "__name__", None)
        if name is None:  # functools.partial
            name = getattr(getattr(metric, "func", metric), "__name__", repr(metric))
        return Metric(name, partial(_call, metric), reads_sets=True, is_foreign=True)
    if metric not in METRICS:
        raise ValueError(
            f"metrics must be among {list(METRICS)}, or callables. Got {metric!r}."
        )
    return METRICS[metric]


def _call(metric, y_true, y_pred, sample_weight):
    """Call a metric that may not accept weights."""
    if sample_weight is None:
        return metric(y_true, y_pred)
    return metric(y_true, y_pred, sample_weight=sample_weight)


def score_task(metric, y_true, y_pred, probabilities, classes, sample_weight):
    """Return the score of one task over the given labelled cells.

    Parameters
    ----------
    metric : Metric

    y_true, y_pred : ndarray of shape (n_cells,), or (n_cells, n_classes) of 0 and 1
        `y_pred` may be None for a metric of probabilities. If cells hold several
        labels, there is one column per class.

    probabilities : ndarray of shape (n_cells, n_classes) or None

    classes : ndarray of shape (n_classes,) or None

    sample_weight : ndarray of shape (n_cells,) or None
        Weights may be 0, for instance class weights in a validation split.

    Returns
    -------
    score : float
        NaN if no cell has a positive weight, if the score is undefined, or if labels
        lack the order that the metric needs.
    """
    if sample_weight is not None and not sample_weight.all():
        # A cell of weight 0 is ignored, as in fit.
        counted = sample_weight > 0
        y_true, y_pred, probabilities, sample_weight = (
            part if part is None else part[counted]
            for part in (y_true, y_pred, probabilities, sample_weight)
        )
    if len(y_true) == 0:
        return np.nan
    are_sets = y_true.ndim == 2
    if metric.reads_order and (are_sets or y_true.dtype.kind in "OU"):
        return np.nan
    if are_sets and not metric.reads_sets:
        return _mean_over_labels(metric, y_true, y_pred, probabilities, sample_weight)
    if are_sets:
        y_true, y_pred = as_indicators(y_true), as_indicators(y_pred)
    # Undefined scores are found before scikit-learn is called. Catching its warnings
    # would change the filters of the whole process, also for other threads.
    with nullcontext() if metric.is_foreign else FILTERS:
        if not metric.reads_probabilities:
            return float(metric.function(y_true, y_pred, sample_weight))
        probabilities, classes = with_unseen(y_true, probabilities, classes)
        if len(classes) < 2:
            return np.nan
        return float(metric.function(y_true, probabilities, sample_weight, classes))


def as_indicators(table):
    """Return a table that scikit-learn reads as a multi-label indicator.

    scikit-learn reads one column as classes 0 and 1, so the column is repeated, which
    changes no average. Without any column, return two columns of zeros.
    """
    if table.shape[1] == 0:
        return np.zeros((len(table), 2), dtype=np.int64)
    return np.repeat(table, 2, axis=1) if table.shape[1] == 1 else table


def _mean_over_labels(metric, y_true, y_pred, probabilities, sample_weight):
    """Return the mean score of the labels that have one, each as a binary task."""
    scores = []
    for k, true in enumerate(y_true.T):
        pred = None if y_pred is None else y_pred[:, k]
        pairs = classes = None
        if probabilities is not None:
            pairs = np.column_stack([1 - probabilities[:, k], probabilities[:, k]])
            classes = np.array([0, 1])
        scores.append(score_task(metric, true, pred, pairs, classes, sample_weight))
    scores = [score for score in scores if not np.isnan(score)]
    return float(np.mean(scores)) if scores else np.nan


def with_unseen(y_true, probabilities, classes):
    """Give labels that a model has not seen a probability of 0."""
    unseen = np.setdiff1d(y_true, classes)
    if len(unseen) == 0:
        return probabilities, classes
    zeros = np.zeros((len(probabilities), len(unseen)), dtype=probabilities.dtype)
    classes = np.concatenate([classes, unseen])
    probabilities = np.concatenate([probabilities, zeros], axis=1)
    order = np.argsort(classes)  # scikit-learn needs them in order
    return probabilities[:, order], classes[order]


# Metrics are partial functions and not closures, so that a scorer can be pickled.


def _averaged(function, average, y_true, y_pred, sample_weight):
    return function(
        y_true,
        y_pred,
        average=average,
        zero_division=0.0,
        sample_weight=sample_weight,
    )


def _one_against_rest(function, y_true, probabilities, sample_weight, classes):
    """Score the second of two classes, or the mean over the classes that occur."""
    if (y_true == y_true[0]).all() and function is skm.roc_auc_score:
        return np.nan  # there are no pairs to rank
    scored = [1] if len(classes) == 2 else range(len(classes))
    values = [
        function(y_true == classes[k], probabilities[:, k], sample_weight=sample_weight)
        for k in scored
        if (y_true == classes[k]).any()
    ]
    return np.mean(values) if values else np.nan


def _balanced_accuracy(y_true, y_pred, sample_weight):
    # Like scikit-learn's, which warns if a predicted class does not occur in y_true.
    return skm.recall_score(
        y_true,
        y_pred,
        labels=np.unique(y_true),
        average="macro",
        zero_division=0.0,
        sample_weight=sample_weight,
    )


def _of_two_labels(function, undefined, y_true, y_pred, sample_weight):
    """Call a metric that is undefined if all cells and predictions are one label."""
    if (y_true == y_true[0]).all() and (y_pred == y_true[0]).all():
        return undefined
    return _call(function, y_true, y_pred, sample_weight)


def _of_sorted(function, y_true, probabilities, sample_weight, classes):
    """Score probabilities whose columns must be in the order of sorted labels."""
    order = np.argsort(classes)  # an ordinal task may have another order
    return function(
        y_true,
        probabilities[:, order],
        sample_weight=sample_weight,
        labels=classes[order],
    )


def _mean_absolute_error(y_true, y_pred, sample_weight):
    # As floats, because booleans cannot be subtracted.
    return skm.mean_absolute_error(
        y_true.astype(float), y_pred.astype(float), sample_weight=sample_weight
    )


def calibration_error(y_true, probabilities, sample_weight, classes, n_bins=15):
    """Return the expected calibration error of the most probable class.

    Cells fall into `n_bins` bins of equal width by the probability of the predicted
    class. The error is the mean over cells of the distance between the mean probability
    and the accuracy in their bin.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural
    networks", ICML 2017.
    """
    confidence = probabilities.max(axis=1).astype(float)
    right = classes[probabilities.argmax(axis=1)] == y_true
    weight = np.ones(len(y_true)) if sample_weight is None else sample_weight
    # Bins exclude their lower edge, so a probability of 1 falls into the last bin.
    bins = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    gaps = np.bincount(bins, weight * (confidence - right), minlength=n_bins)
    return np.abs(gaps).sum() / weight.sum()


def _negated(function, *args):
    return -function(*args)


_LOSSES = [
    ("log_loss", "neg_log_loss", partial(_of_sorted, skm.log_loss)),
    ("brier_score_loss", "neg_brier_score", partial(_of_sorted, brier_score_loss)),
    ("calibration_error", "neg_calibration_error", calibration_error),
]
_ALL = [
    Metric("accuracy", partial(_call, skm.accuracy_score), reads_sets=True),
    Metric("balanced_accuracy", _balanced_accuracy),
    *(
        Metric(
            f"{name}_{average}", partial(_averaged, function, average), reads_sets=True
        )
        for name, function in [
            ("precision", skm.precision_score),
            ("recall", skm.recall_score),
            ("f1", skm.f1_score),
        ]
        for average in ("macro", "micro", "weighted")
    ),
    Metric("matthews_corrcoef", partial(_of_two_labels, skm.matthews_corrcoef, 0.0)),
    Metric(
        "quadratic_kappa",
        partial(
            _of_two_labels,
            partial(skm.cohen_kappa_score, weights="quadratic"),
            np.nan,
        ),
        reads_order=True,
    ),
    Metric(
        "hamming_loss",
        partial(_call, skm.hamming_loss),
        is_loss=True,
        reads_sets=True,
    ),
    Metric(
        "neg_hamming_loss",
        partial(_negated, partial(_call, skm.hamming_loss)),
        reads_sets=True,
    ),
    Metric("mean_absolute_error", _mean_absolute_error, is_loss=True, reads_order=True),
    Metric(
        "neg_mean_absolute_error",
        partial(_negated, _mean_absolute_error),
        reads_order=True,
    ),
    Metric("roc_auc", partial(_one_against_rest, skm.roc_auc_score), True),
    Metric(
        "average_precision",
        partial(_one_against_rest, skm.average_precision_score),
        True,
    ),
    *(Metric(name, function, True, True) for name, _, function in _LOSSES),
    *(Metric(name, partial(_negated, function), True) for _, name, function in _LOSSES),
]
METRICS = {metric.name: metric for metric in _ALL}
