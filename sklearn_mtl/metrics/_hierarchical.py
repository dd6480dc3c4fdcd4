"""Precision and recall over labels and what they imply about the tasks above."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..labels._conditions import read_conditions
from ..labels._contradictions import excluded_cells
from ..labels._links import links_of
from ..labels._sets import labels_of
from ..labels._tables import as_label_table
from ..utils._typing import Labels, Weights
from ._weights import table_weights


def hierarchical_scores(
    y_true: Labels,
    y_pred: Labels,
    conditions: Mapping[str, Any],
    *,
    sample_weight: Weights = None,
    missing_label: object = None,
) -> dict[str, float]:
    """Score the labels of tasks that depend on each other, all together.

    A row is the set of its labels and of all that they imply: if a label goes with a
    single class of the parent, this class is a member too. Precision is the share of
    predicted members that are true, recall the share of true members that are
    predicted, over all rows together.

    Parameters
    ----------
    y_true : array-like of shape (n_samples, n_tasks), dict or DataFrame
        True labels; NaN, None and pandas.NA are missing cells.

    y_pred : array-like of shape (n_samples, n_tasks), dict or DataFrame
        Predicted labels, with missing cells where a task has none. Columns are matched
        by name if both sides have names, else by position.

    conditions : dict of {str: tuple}
        As of :class:`~sklearn_mtl.decisions.ConsistentMultiTaskClassifier`, or its
        attribute ``conditions_``. Tasks that have no part in it are not scored.

    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
            default=None
        Weight of each row or cell.

    missing_label : object, default=None
        Other values that mean "no label": a value, or a list of values.

    Returns
    -------
    scores : dict of {str: float}
        "precision", "recall" and "f1", their harmonic mean. NaN, with an
        :class:`~sklearn.exceptions.UndefinedMetricWarning`, if no cell is labelled.

    Raises
    ------
    ValueError
        If the conditions cannot be used, or the tables do not match.

    Notes
    -----
    A prediction where the true labels exclude any is wrong. Where it is unknown whether
    the task has a label, because the cells of the task and of its parent are missing,
    the prediction does not count; neither do true labels that contradict others.

    References
    ----------
    S. Kiritchenko, S. Matwin, R. Nock, A. F. Famili, "Learning and evaluation in the
    presence of class hierarchies: application to text categorization", Canadian AI
    2006.

    Examples
    --------
    >>> from sklearn_mtl.metrics import hierarchical_scores
    >>> conditions = {"kind": ("request", "yes")}
    >>> y_true = {"request": ["yes", "yes", "no"], "kind": ["refund", "cancel", None]}
    >>> y_pred = {"request": ["yes", "yes", "yes"], "kind": ["refund"] * 3}
    >>> scores = hierarchical_scores(y_true, y_pred, conditions)
    >>> round(scores["precision"], 3), round(scores["recall"], 3)
    (0.5, 0.6)
    """
    true = as_label_table(y_true, missing_label=missing_label, what="y_true")
    pred = as_label_table(y_pred, missing_label=missing_label, what="y_pred")
    if pred.is_named and not true.is_named:
        true = true.select(pred.names, "y_true")
    pred = pred.select(true.names, "y_pred")
    if len(true) != len(pred):
        raise ValueError(
            f"y_true and y_pred must have the same rows. Got {len(true)} and "
            f"{len(pred)}."
        )
    weights = table_weights(sample_weight, true)
    if weights is None:
        weights = np.ones(true.missing.shape)
    return _scores(true, pred, conditions, weights)


def _scores(true, pred, conditions, weights):
    classes = {
        name: _classes((true, pred), k).tolist() for k, name in enumerate(true.names)
    }
    several = [n for n, kind in zip(true.names, true.cell_types, strict=True) if kind]
    conditions = read_conditions(conditions, classes, several, complete=False)
    links = links_of(conditions, classes)
    true = true.mask(excluded_cells(true, conditions)[1])
    expected, found = (_members(table, classes, links) for table in (true, pred))
    without = np.zeros_like(true.missing)
    for k, parent, allowed in links:
        has_label = expected[parent] @ allowed.any(axis=1)
        without[:, k] = without[:, parent] | (expected[parent].any(axis=1) & ~has_label)
    right = predicted = labelled = 0.0
    for k in {k for link in links for k in link[:2]}:
        counted = weights[:, k] * (expected[k].any(axis=1) | without[:, k])
        right += counted @ (expected[k] & found[k]).sum(axis=1)
        predicted += counted @ found[k].sum(axis=1)
        labelled += counted @ expected[k].sum(axis=1)
    if not labelled:
        from sklearn.exceptions import UndefinedMetricWarning

        warnings.warn(
            "No task of the conditions has a labelled cell, so the scores are NaN.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
        return dict.fromkeys(("precision", "recall", "f1"), np.nan)
    return {
        "precision": float(right / predicted) if predicted else 0.0,
        "recall": float(right / labelled),
        "f1": float(2 * right / (predicted + labelled)),
    }


def _classes(tables, k):
    """Return all labels of a task in some tables."""
    cells = [table.columns[k][~table.missing[:, k]] for table in tables]
    several = any(table.cell_types[k] is not None for table in tables)
    cells = np.concatenate([own.astype(object) for own in cells])
    return labels_of(cells) if several else np.array(sorted(set(cells.tolist())))


def _members(table, classes, links):
    """Return indicators of the labels of each task, with those that are implied."""
    found = []
    for k, own in enumerate(classes.values()):
        number = {label: code for code, label in enumerate(own)}
        member = np.zeros((len(table), len(own)), dtype=bool)
        for row in np.flatnonzero(~table.missing[:, k]).tolist():
            cell = table.columns[k][row]
            cell = cell if isinstance(cell, frozenset) else [cell]
            member[row, [number[label] for label in cell]] = True
        found.append(member)
    for k, parent, allowed in reversed(links):
        alone = allowed.sum(axis=0) == 1
        found[parent] |= found[k][:, alone] @ allowed[:, alone].T
    return found
