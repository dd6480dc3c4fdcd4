"""True labels and predictions, column by column, from any container."""

import warnings
from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np

from ..labels._cells import some
from ..labels._sets import indicators, labels_of, sets_of
from ..labels._tables import LabelTable, as_label_table, check_task_names
from ._metrics import with_unseen
from ._weights import table_weights


@dataclass
class Predictions:
    """Labels and their predictions, with the tasks in the same order.

    Attributes
    ----------
    true : LabelTable

    labels : list of ndarray of shape (n_rows,), or None

    probabilities : list of ndarray of shape (n_rows, n_classes), or None

    classes : list of ndarray of shape (n_classes,), or None
        Classes of the columns of ``probabilities``.

    weights : ndarray of shape (n_rows, n_tasks), or None

    orders : dict of {str: list}
        All labels in order, for tasks with an order.
    """

    true: LabelTable
    labels: list | None
    probabilities: list | None
    classes: list | None
    weights: np.ndarray | None
    orders: dict

    def cells(self, task):
        """Return labels, predictions and weights on the labelled cells of a task.

        Returns
        -------
        y_true, y_pred, probabilities, classes, sample_weight : ndarray or None
            If cells of the task hold several labels, `y_true` and `y_pred` are
            indicators of shape (n_cells, n_classes).
        """
        rows = np.flatnonzero(~self.true.missing[:, task])
        y_true = self.true.columns[task][rows]
        y_pred = None if self.labels is None else self.labels[task][rows]
        proba = None if self.probabilities is None else self.probabilities[task][rows]
        classes = None if self.classes is None else self.classes[task]
        weights = None if self.weights is None else self.weights[rows, task]
        if self.true.cell_types[task] is not None:
            known = [] if classes is None else [frozenset(classes.tolist())]
            every = labels_of([*known, *y_true, *([] if y_pred is None else y_pred)])
            y_true, y_pred = (
                None if sets is None else indicators(sets, every)
                for sets in (y_true, y_pred)
            )
            if proba is not None:
                proba, _ = with_unseen(every, proba, classes)
            classes = every
        return y_true, y_pred, proba, classes, weights

    def ordered_labels(self, task):
        """Return all labels on the labelled cells of a task, in order.

        Returns
        -------
        labels : ndarray
            Sorted if the task has no order of its own.
        """
        y_true, y_pred, *_ = self.cells(task)
        labels = np.unique(np.concatenate([y_true, y_pred]))
        order = self.orders.get(self.true.names[task])
        if order is None:
            return labels
        there = set(labels.tolist())
        dtype = str if labels.dtype.kind in "OU" else labels.dtype
        return np.array([label for label in order if label in there], dtype=dtype)

    def ranked_cells(self, task):
        """Return the same as :meth:`cells`, with ranks for labels that have an order.

        Returns
        -------
        y_true, y_pred, probabilities, classes, sample_weight : ndarray or None
        """
        y_true, y_pred, *others = self.cells(task)
        order = self.orders.get(self.true.names[task])
        if order is not None:
            place = {label: k for k, label in enumerate(order)}
            y_true, y_pred = (
                np.array([place[label] for label in labels.tolist()], dtype=int)
                for labels in (y_true, y_pred)
            )
        return y_true, y_pred, *others


def read_predictions(
    y_true,
    y_pred,
    y_proba,
    classes,
    sample_weight,
    orders=None,
    missing_label=None,
):
    """Match labels and predictions by task.

    A cell of weight 0 counts as missing, as it does in fit.

    Parameters
    ----------
    y_true : array-like, dict, DataFrame or LabelTable

    y_pred : array-like, dict, DataFrame or None

    y_proba : list of array-like, array-like, dict or None

    classes : list of array-like, array-like, dict or None

    sample_weight : array-like or None

    orders : dict of {str: sequence}, default=None

    missing_label : object, default=None
        Other values that mean "no label" in `y_true`, unless it is a LabelTable.

    Returns
    -------
    predictions : Predictions
        If `y_pred` is None, labels are taken from the probabilities.

    Raises
    ------
    ValueError
        If the arguments do not match.
    """
    if y_pred is None and y_proba is None:
        raise ValueError("Pass y_pred, y_proba or both. Got neither.")
    true = y_true
    if not isinstance(true, LabelTable):
        true = as_label_table(y_true, missing_label=missing_label, what="y_true")
    pred = None
    if y_pred is not None:
        pred = as_label_table(y_pred, what="y_pred")
        by_position = not (pred.is_named and true.is_named)
        if pred.is_named and not true.is_named:
            true = true.select(pred.names, what="y_true")
        pred = pred.select(true.names, what="y_pred")
        _check_rows(true, len(pred), "y_pred")
    elif isinstance(y_proba, Mapping) and not true.is_named:
        true = true.select(list(y_proba), what="y_true")
    weights = table_weights(sample_weight, true)
    if weights is not None:
        true = true.mask(weights == 0)
    labels = None
    if pred is not None:
        _check_filled(true, pred)
        _check_kinds(true, pred)
        if by_position:
            _warn_of_strangers(true, pred)
        labels = pred.columns
    probabilities = None
    if y_proba is not None:
        probabilities, classes = _read_probabilities(true, y_proba, classes)
        if labels is None:
            labels = [
                c[p.argmax(axis=1)] if kind is None else sets_of(p > 0.5, c)
                for p, c, kind in zip(
                    probabilities, classes, true.cell_types, strict=True
                )
            ]
    else:
        classes = None
    orders = dict(orders or {})
    _check_orders(true, labels, orders)
    orders = {name: list(order) for name, order in orders.items()}
    return Predictions(true, labels, probabilities, classes, weights, orders)


def _check_orders(true, labels, orders):
    check_task_names("orders", orders, true.names)
    for name, order in orders.items():
        k = true.names.index(name)
        if isinstance(order, str | Set | Mapping) or len(set(order)) < len(order):
            raise ValueError(
                f"orders[{name!r}] must be a list of labels, the lowest first, each "
                f"once. Got {order!r}."
            )
        if true.cell_types[k] is not None:
            raise ValueError(
                f"orders[{name!r}]: the cells of this task hold several labels, which "
                "have no order. Remove the task from orders."
            )
        rows = np.flatnonzero(~true.missing[:, k])
        for what, column in (("y_true", true.columns[k]), ("y_pred", labels[k])):
            new = [row for row in rows.tolist() if column[row] not in order]
            if new:
                raise ValueError(
                    f"orders[{name!r}] must list all labels. {what}[{name!r}] holds "
                    f"{column[new[0]]!r} in row {new[0]}, which is not in {order}."
                )


def _check_rows(true, n_rows, what):
    if len(true) != n_rows:
        raise ValueError(
            f"y_true and {what} must have the same rows. Got {len(true)} and {n_rows}."
        )


def _check_filled(true, pred):
    for k, name in enumerate(true.names):
        rows = np.flatnonzero(~true.missing[:, k])
        empty = rows[pred.missing[rows, k]]
        if len(empty):
            raise ValueError(
                f"y_pred[{name!r}] is empty in row(s) {empty[:5].tolist()}, where "
                "y_true holds a label. Predict a label for each of these cells, or use "
                "hierarchical_scores for tasks that depend on others."
            )


def _check_kinds(true, pred):
    for k, name in enumerate(true.names):
        rows = np.flatnonzero(~true.missing[:, k])
        if len(rows) == 0:
            continue
        if (true.cell_types[k] is None) != (pred.cell_types[k] is None):
            raise ValueError(
                f"Cells of one of y_true[{name!r}] and y_pred[{name!r}] hold one label "
                "and those of the other several. Use the same form for both."
            )
        a, b = (table.columns[k][rows[0]] for table in (true, pred))
        if true.cell_types[k] is not None:
            sets = (table.columns[k][rows] for table in (true, pred))
            a, b = (next(iter(frozenset().union(*own)), None) for own in sets)
            if a is None or b is None:  # one side is empty throughout
                continue
        if isinstance(a, str) != isinstance(b, str):
            raise ValueError(
                f"y_true[{name!r}] and y_pred[{name!r}] hold labels of different "
                f"types. Got {a!r} and {b!r} in row {rows[0]}. Cast one of them to the "
                "type of the other."
            )


def _warn_of_strangers(true, pred):
    """Warn if columns matched by position have no label in common."""

    def found(table, k, own):
        cells = table.columns[k][own].tolist()
        return set(cells) if table.cell_types[k] is None else set().union(*cells)

    known = [found(true, k, ~missing) for k, missing in enumerate(true.missing.T)]
    there = [found(pred, k, ~missing) for k, missing in enumerate(pred.missing.T)]
    strange = [
        k
        for k, (a, b) in enumerate(zip(known, there, strict=True))
        # In a few rows, all predictions of a class may well be wrong.
        if a and b and len(a) + len(b) > 2 and not a & b
    ]
    if len(known) < 2 or not strange:
        return
    k = strange[0]
    mine, wrong = (sorted(labels[k], key=str) for labels in (known, there))
    others = [n for n, own in zip(true.names, known, strict=True) if there[k] <= own]
    hint = f" They do occur in {others[0]!r} of y_true." if others else ""
    warnings.warn(
        "Columns of y_pred were matched to those of y_true by position, but none of "
        f"the predicted labels of {some([true.names[k] for k in strange])} occurs in "
        f"the true ones. For {true.names[k]!r} got {some(wrong)}, and the true "
        f"labels are {some(mine)}.{hint} If the order of the columns differs, pass "
        "both as dicts {task: labels} or as frames.",
        UserWarning,
        stacklevel=4,  # the caller of the score or report function
    )


def _read_probabilities(true, y_proba, classes):
    """Return arrays of probabilities and of classes, in the order of the tasks."""
    proba = _by_task(y_proba, true.names, "y_proba", n_dims=2)
    if classes is not None:
        classes = _by_task(classes, true.names, "classes", n_dims=1)
    else:
        classes = [
            (np.unique if kind is None else labels_of)(column[~true.missing[:, k]])
            for k, (column, kind) in enumerate(
                zip(true.columns, true.cell_types, strict=True)
            )
        ]
    for k, name in enumerate(true.names):
        _check_rows(true, len(proba[k]), f"y_proba[{name!r}]")
        if proba[k].shape[1] != len(classes[k]):
            raise ValueError(
                f"y_proba[{name!r}] has {proba[k].shape[1]} columns, but there are "
                f"{len(classes[k])} classes, {classes[k][:5].tolist()} among them. "
                "Pass the classes of the columns, for instance "
                "classes=classifier.classes_."
            )
        if not np.isfinite(proba[k]).all():
            raise ValueError(f"y_proba[{name!r}] holds NaN or infinity.")
    return proba, classes


def _by_task(values, names, what, n_dims):
    """Return one array per task from a dict, a list, or an array for one task."""
    if isinstance(values, Mapping):
        absent = [name for name in names if name not in values]
        if absent or len(values) > len(names):
            raise ValueError(
                f"{what} must have exactly the tasks {names}. Got {list(values)}."
            )
        values = [values[name] for name in names]
    elif len(names) == 1 and not _is_list_of_arrays(values, n_dims):
        values = [values]
    if len(values) != len(names):
        raise ValueError(
            f"{what} must be a list with an array for each of the {len(names)} tasks "
            f"{names}. Got {len(values)} item(s)."
        )
    values = [np.asarray(value) for value in values]
    for name, value in zip(names, values, strict=True):
        if value.ndim != n_dims:
            raise ValueError(
                f"{what}[{name!r}] must have {n_dims} dimension(s). Got shape "
                f"{value.shape}."
            )
    return values


def _is_list_of_arrays(values, n_dims):
    return isinstance(values, list | tuple) and np.ndim(values[0]) == n_dims
