"""Precision, recall and F1 of every class of every task, as text, dict or frame."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from ..utils._optional import import_optional
from ..utils._text_table import text_table
from ..utils._typing import Frame, Labels, Weights
from ._metrics import as_indicators
from ._predictions import read_predictions

_COLUMNS = ("precision", "recall", "f1-score", "support")


def multitask_report(
    y_true: Labels,
    y_pred: Labels,
    *,
    sample_weight: Weights = None,
    orders: Mapping[str, Sequence[Any]] | Sequence[Any] | None = None,
    missing_label: object = None,
) -> "MultiTaskReport":
    """Report precision, recall, F1 and support of each class of each task.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
        True labels; NaN, None and pandas.NA are missing cells.

    y_pred : array-like, dict or DataFrame
        Predicted labels for every cell.

    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
            default=None
        Weight of each row or cell. Columns with names are matched to the tasks by
        name. A cell of weight 0 counts as missing.

    orders : dict of {str: sequence}, default=None
        All labels in order, for tasks whose labels are texts with an order,
        ``{"size": ["small", "large"]}``. Other labels are sorted.

    missing_label : object, default=None
        Other values that mean "no label" in `y_true`: a value, or a list of values.

    Returns
    -------
    report : MultiTaskReport
        Prints as text and shows as a table in notebooks. Convert it with
        ``to_dict()`` or ``to_frame()``.

    See Also
    --------
    sklearn.metrics.classification_report : The same for one task without missing cells.

    Examples
    --------
    >>> from sklearn_mtl.metrics import multitask_report
    >>> y_true = {"topic": ["a", "b", None, "a"], "tone": [1, None, None, 0]}
    >>> y_pred = {"topic": ["a", "b", "b", "b"], "tone": [1, 1, 1, 0]}
    >>> print(multitask_report(y_true, y_pred))
                  precision  recall  f1-score  support
    <BLANKLINE>
    topic (75% labelled, accuracy 0.667)
               a      1.000   0.500     0.667        2
               b      0.500   1.000     0.667        1
       macro avg      0.750   0.750     0.667        3
    weighted avg      0.833   0.667     0.667        3
    <BLANKLINE>
    tone (50% labelled, accuracy 1.000)
               0      1.000   1.000     1.000        1
               1      1.000   1.000     1.000        1
       macro avg      1.000   1.000     1.000        2
    weighted avg      1.000   1.000     1.000        2
    """
    predictions = read_predictions(
        y_true, y_pred, None, None, sample_weight, orders, missing_label
    )
    return MultiTaskReport(
        {
            name: _report_task(predictions, k)
            for k, name in enumerate(predictions.true.names)
        }
    )


def _report_task(predictions, task):
    y_true, y_pred, _, classes, weight = predictions.cells(task)
    n_rows = len(predictions.true)
    report = {"labelled_share": len(y_true) / n_rows if n_rows else np.nan}
    if y_true.size == 0:  # no cell, or no label in any cell
        accuracy = 1.0 if len(y_true) else np.nan
        return report | {"accuracy": accuracy, "classes": {}, "averages": {}}
    if y_true.ndim == 2:  # several labels per cell
        labels, places = classes, np.arange(len(classes))
        y_true, y_pred = as_indicators(y_true), as_indicators(y_pred)
    else:
        labels = places = predictions.ordered_labels(task)
    settings = {"labels": places, "sample_weight": weight, "zero_division": 0.0}
    by_class = precision_recall_fscore_support(y_true, y_pred, **settings)
    rows = zip(*by_class, strict=True)
    report["accuracy"] = float(accuracy_score(y_true, y_pred, sample_weight=weight))
    report["classes"] = {
        label: _as_row(row) for label, row in zip(labels.tolist(), rows, strict=True)
    }
    support = by_class[3].sum()
    report["averages"] = {}
    for average in ("macro", "weighted"):
        values = precision_recall_fscore_support(
            y_true, y_pred, average=average, **settings
        )
        report["averages"][f"{average} avg"] = _as_row((*values[:3], support))
    return report


def _rows(task):
    """Return the rows of a task, classes first."""
    return [*task["classes"].items(), *task["averages"].items()]


def _as_row(values):
    return dict(zip(_COLUMNS, np.array(values).tolist(), strict=True))


def _write_count(support):
    """Write a number of cells, or a sum of weights, without an exponent."""
    return f"{support:.2f}".rstrip("0").rstrip(".")


class MultiTaskReport:
    """Result of :func:`multitask_report`.

    Attributes
    ----------
    tasks : dict of dict
        For each task "accuracy", "labelled_share", "classes" and "averages"; the last
        two map a class, or the name of an average, to its precision, recall, F1 and
        support.

    Examples
    --------
    >>> from sklearn_mtl.metrics import multitask_report
    >>> y_true = {"topic": ["a", "b", None], "tone": ["good", None, "bad"]}
    >>> y_pred = {"topic": ["a", "a", "b"], "tone": ["good", "bad", "bad"]}
    >>> report = multitask_report(y_true, y_pred)
    >>> report.tasks["topic"]["accuracy"], report.tasks["tone"]["accuracy"]
    (0.5, 1.0)
    """

    def __init__(self, tasks: dict[str, Any]) -> None:
        self.tasks = tasks

    def to_dict(self) -> dict[str, Any]:
        """Return the report as nested dicts.

        Returns
        -------
        report : dict
            ``report[task][class]``, with the class as str, as in scikit-learn's
            ``classification_report``; also "accuracy" and "labelled_share".

        Raises
        ------
        ValueError
            If a class has the name of an average, "accuracy" or "labelled_share".
        """
        report = {}
        for name, task in self.tasks.items():
            averages = {label: dict(row) for label, row in task["averages"].items()}
            whole = {key: task[key] for key in ("accuracy", "labelled_share")}
            beside = averages | whole
            classes = {str(label): dict(row) for label, row in task["classes"].items()}
            if taken := [label for label in classes if label in beside]:
                raise ValueError(
                    f"Task {name!r} has a class called {taken[0]!r}, which is also the "
                    "name of a score in the dict. Use the attribute tasks, which keeps "
                    "them apart, or rename the class."
                )
            report[name] = classes | beside
        return report

    def to_frame(self) -> Frame:
        """Return the report as a pandas data frame.

        Returns
        -------
        frame : pandas.DataFrame
            A row for each class, indexed by task and class. The labelled share of the
            task is a separate column.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        pd = import_optional("pandas", "pandas", "to_frame()", "to_dict()")
        index, rows = [], []
        for name, task in self.tasks.items():
            for label, row in task["classes"].items():
                index.append((name, label))
                rows.append({**row, "labelled_share": task["labelled_share"]})
        index = pd.MultiIndex.from_tuples(index, names=["task", "class"])
        return pd.DataFrame(rows, index=index)

    def __str__(self):
        rows = [
            [str(label), *self._cells(row)]
            for task in self.tasks.values()
            for label, row in _rows(task)
        ]
        head, *rows = text_table(["", *_COLUMNS], rows, left=0).splitlines()
        rows, lines = iter(rows), [head]
        for name, task in self.tasks.items():
            lines += ["", f"{name} ({self._summary(task)})"]
            lines += [next(rows) for _ in _rows(task)]
        return "\n".join(lines)

    def __repr__(self):
        return str(self)

    @staticmethod
    def _summary(task):
        share = f"{task['labelled_share']:.0%} labelled"
        if not task["classes"]:
            return share
        return f"{share}, accuracy {task['accuracy']:.3f}"

    @staticmethod
    def _cells(row):
        scores = [f"{row[column]:.3f}" for column in _COLUMNS[:3]]
        return [*scores, _write_count(row["support"])]

    def _repr_html_(self):
        head = "".join(f"<th>{column}</th>" for column in _COLUMNS)
        rows = []
        for name, task in self.tasks.items():
            title = f"{escape(str(name))} ({self._summary(task)})"
            rows.append(
                f'<tr><th colspan="5" style="text-align:left">{title}</th></tr>'
            )
            for label, row in _rows(task):
                cells = "".join(f"<td>{cell}</td>" for cell in self._cells(row))
                rows.append(f"<tr><td>{escape(str(label))}</td>{cells}</tr>")
        return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"
