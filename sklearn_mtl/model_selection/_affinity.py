"""Task affinity: what each task loses when another task is left out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone

from ..metrics._fitted import label_reader
from ..metrics._scores import refuse_names_of_aggregates
from ..utils._optional import import_optional
from ..utils._rows import SentOnce
from ..utils._text_table import text_table
from ..utils._texts import as_read_by
from ..utils._typing import Estimator, Frame, Labels, Rows
from ._paired import check_comparison, corrected_interval, fit_and_score, make_splits


def task_affinity(
    estimator: Estimator,
    X: Rows,
    y: Labels,
    *,
    cv: Any = 5,
    n_seeds: int = 1,
    metric: str = "accuracy",
    confidence: float = 0.95,
    n_jobs: int | None = None,
) -> "TaskAffinity":
    """Measure how much each task gains from each other task.

    Fits all tasks together, and again without each task, on the same splits. The
    affinity of task i to task j is the drop in the score of j when i is left out.

    Parameters
    ----------
    estimator : multi-output classifier
        It must take labels as a dict of columns: a
        :class:`~sklearn_mtl.MultiTaskTextClassifier`, or a Pipeline that ends in one.
        If a task is left out, it is also removed from ``loss_weights``,
        ``class_weight`` and ``task_types``.

    X : texts or rows
        Input of `estimator`.

    y : array-like of shape (n_samples, n_tasks), dict or DataFrame
        Labels of at least two tasks, with missing cells.

    cv : int, splitter, iterable of (train, test) or None, default=5
        An int uses shuffled :class:`MultiTaskStratifiedKFold`, drawn anew for each
        seed. None is 5.

    n_seeds : int, default=1
        Number of repetitions of the folds, each with another ``random_state``. Splits
        that do not change count once, with their mean score.

    metric : str or callable, default="accuracy"
        As in :func:`~sklearn_mtl.metrics.multitask_scorer`.

    confidence : float, default=0.95
        Confidence level of the intervals, between 0 and 1.

    n_jobs : int, default=None
        Number of parallel fits, as in joblib.

    Returns
    -------
    affinity : TaskAffinity
        Prints as a table with one row per helping task.

    Raises
    ------
    ValueError
        If there are fewer than two tasks, or an argument cannot be used.

    Notes
    -----
    Fits ``(n_tasks + 1) * n_splits`` times. For the intervals see
    :func:`compare_sharing`.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.model_selection import task_affinity
    >>> X, y = make_multitask_texts(150, n_tasks=2, random_state=0)
    >>> task_affinity(MultiTaskTextClassifier(), X, y, cv=2).affinity.shape
    (2, 2)
    """
    scorer = check_comparison(metric, confidence)
    reader = replace(label_reader(estimator), task_names=None)
    table = reader.table(y)
    names = table.names
    if len(names) < 2:
        raise ValueError(
            f"Affinity needs at least two tasks. Got {len(names)} task(s)."
        )
    refuse_names_of_aggregates(names)
    X = as_read_by(estimator, X)
    # A dict of columns, because columns are left out. An ordered categorical is kept as
    # it is, because it knows the order of its labels.
    columns = {
        name: np.where(table.missing[:, k], None, table.columns[k].astype(object))
        if table.orders[k] is None
        else y[name]  # type: ignore[index]  # only frames have ordered columns
        for k, name in enumerate(names)
    }
    splits = make_splits(X, y, cv, n_seeds, reader)
    if not any(table.orders):  # cells with missing_label are empty in these columns
        marks = [
            name
            for name in estimator.get_params()
            if name.rpartition("__")[2] == "missing_label"
        ]
        estimator = clone(estimator).set_params(**dict.fromkeys(marks))
    data = SentOnce(X, columns)
    jobs = [
        delayed(_score_without)(estimator, data, left_out, split, scorer)
        for left_out in [None, *names]
        for split in splits
    ]
    found = Parallel(n_jobs=n_jobs)(jobs)
    scores = np.array([[row.get(name, np.nan) for name in names] for row in found])
    scores = scores.reshape(len(names) + 1, len(splits), len(names))
    return TaskAffinity(
        scores[0] - scores[1:], names, scorer.metrics[0].name, splits, confidence
    )


def _score_without(estimator, data, left_out, split, scorer):
    kept = {name: column for name, column in data.y.items() if name != left_out}
    if left_out is not None:
        estimator = without_task(estimator, left_out, list(data.y))
    return fit_and_score(estimator, SentOnce(data.X, kept), split, scorer)


def without_task(estimator, task, names):
    """Return a clone without a task in its parameters.

    Parameters
    ----------
    estimator : multi-output classifier

    task : str
        The task that is left out.

    names : list of str
        All tasks, in the order of unnamed weights.

    Returns
    -------
    estimator : multi-output classifier
    """
    params = estimator.get_params(deep=True)
    kept = [name != task for name in names]
    changed = {}
    # Only if there are task types: class weights of a single column map classes.
    holders = [name for name in params if name.rpartition("__")[2] == "task_types"]
    for prefix in (name.removesuffix("task_types") for name in holders):
        for own, empty in _BY_TASK.items():
            value = params.get(prefix + own)
            if isinstance(value, Mapping):
                rest = {key: item for key, item in value.items() if key != task}
                if len(rest) < len(value):
                    changed[prefix + own] = rest or empty
            elif "weights" in own and np.ndim(value) == 1:
                changed[prefix + own] = np.asarray(value)[kept]
    return clone(estimator).set_params(**changed)


# Parameters that refer to tasks, and their values without any task.
_BY_TASK = {
    "loss_weights": "auto",
    "loss_weights__weights": None,
    "class_weight": None,
    "task_types": None,
}


class TaskAffinity:
    """Result of :func:`task_affinity`.

    Attributes
    ----------
    differences : ndarray of shape (n_tasks, n_splits, n_tasks)
        Score of the last task with all tasks, minus its score without the first task.
        NaN where both are the same task.

    task_names : list of str
        Names of the tasks.

    metric : str
        Name of the score.

    splits : list of (int, ndarray, ndarray)
        Seed, training rows and test rows of each split.

    confidence : float
        Confidence level of the intervals.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.model_selection import task_affinity
    >>> X, y = make_multitask_texts(150, n_tasks=2, random_state=0)
    >>> found = task_affinity(MultiTaskTextClassifier(), X, y, cv=2)
    >>> found.differences.shape
    (2, 2, 2)
    """

    def __init__(
        self,
        differences: Any,
        task_names: Sequence[str],
        metric: str,
        splits: Any,
        confidence: float,
    ) -> None:
        self.differences = differences
        self.task_names = task_names
        self.metric = metric
        self.splits = splits
        self.confidence = confidence

    @property
    def intervals(self) -> Any:
        """Mean, lower and upper end for each pair, shape (n_tasks, n_tasks, 3)."""
        return np.array(
            [
                [
                    corrected_interval(column, self.splits, self.confidence)
                    for column in rows.T
                ]
                for rows in self.differences
            ]
        )

    @property
    def affinity(self) -> Any:
        """Gain of each task (column) from each other task (row)."""
        return self.intervals[..., 0]

    def to_frame(self) -> Frame:
        """Return the affinities as a pandas data frame.

        Returns
        -------
        frame : pandas.DataFrame
            Helping tasks in the rows, helped tasks in the columns.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        pd = import_optional(
            "pandas", "pandas", "to_frame()", "affinity and task_names"
        )
        return pd.DataFrame(
            self.affinity, index=self.task_names, columns=self.task_names
        )

    def __str__(self):
        head = f"gain in {self.metric}; * its interval excludes 0"
        rows = []
        for name, row in zip(self.task_names, self.intervals, strict=True):
            cells = [
                "-"
                if np.isnan(mean)
                else f"{mean:+.3f}{'*' if low * high > 0 else ' '}"
                for mean, low, high in row
            ]
            rows.append([name, *cells])
        return f"{head}\n{text_table(['helps ->', *self.task_names], rows)}"

    def __repr__(self):
        return str(self)
