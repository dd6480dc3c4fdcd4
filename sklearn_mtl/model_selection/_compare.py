"""Compare shared, separate and linear models on the same splits."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from ..metrics._fitted import label_reader
from ..metrics._scores import refuse_names_of_aggregates
from ..utils._optional import import_optional
from ..utils._rows import SentOnce
from ..utils._text_table import text_table
from ..utils._texts import as_read_by, is_table
from ..utils._typing import Estimator, Frame, Labels, Rows
from ._paired import check_comparison, corrected_interval, fit_and_score, make_splits
from ._per_task import PerTask


def compare_sharing(
    estimator: Estimator,
    X: Rows,
    y: Labels,
    *,
    cv: Any = 5,
    n_seeds: int = 3,
    metric: str = "accuracy",
    linear: Any = "auto",
    confidence: float = 0.95,
    n_jobs: int | None = None,
) -> "SharingComparison":
    """Compare one shared network with a network per task and a linear model per task.

    Sharing often does not help, so measure it before you use it. "separate" is the same
    network, trained for each task alone.

    Parameters
    ----------
    estimator : MultiTaskTextClassifier, or a Pipeline that ends in one
        Any estimator with a parameter ``sharing`` that accepts "separate".

    X : texts or rows
        Input of `estimator`.

    y : array-like of shape (n_samples, n_tasks), dict or DataFrame
        Labels, with missing cells. All models read them with the ``missing_label`` and
        ``task_types`` of `estimator`.

    cv : int, splitter, iterable of (train, test) or None, default=5
        An int uses shuffled :class:`MultiTaskStratifiedKFold`, drawn anew for each
        seed. None is 5.

    n_seeds : int, default=3
        Number of repetitions of the folds, each with another ``random_state``. Splits
        that do not change count once, with their mean score.

    metric : str or callable, default="accuracy"
        As in :func:`~sklearn_mtl.metrics.multitask_scorer`.

    linear : classifier, "auto" or None, default="auto"
        Model to fit to the labelled rows of each column. "auto" is a LinearSVC (a
        LogisticRegression for a metric of probabilities). It reads TF-IDF features of
        words and word pairs, or the output of the steps before the last in a Pipeline;
        for a table, the output of the estimator's vectorizer. None omits the linear
        model.

    confidence : float, default=0.95
        Confidence level of the intervals, between 0 and 1.

    n_jobs : int, default=None
        Number of parallel fits, as in joblib.

    Returns
    -------
    comparison : SharingComparison
        Prints as a table with a verdict.

    Raises
    ------
    ValueError
        If `estimator` shares nothing, or an argument cannot be used.

    Notes
    -----
    Fits every model on every split, 45 fits with the defaults. On large data, start
    with ``n_seeds=1``.

    If sharing hurts a task, :func:`~sklearn_mtl.inspection.task_conflicts` shows if
    its gradients conflict with those of other tasks.

    Intervals come from the corrected t-test over repeated folds (Nadeau and Bengio
    2003), for differences on the same splits. They hold for this number of labelled
    rows, and for one task at a time: among twenty tasks, one may seem to gain by
    chance.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.model_selection import compare_sharing
    >>> X, y = make_multitask_texts(150, random_state=0)
    >>> comparison = compare_sharing(
    ...     MultiTaskTextClassifier(), X, y, cv=2, n_seeds=1, linear=None
    ... )
    >>> sorted(comparison.scores)
    ['separate', 'shared']
    """
    sharing = _sharing_parameter(estimator)
    systems = {
        "shared": estimator,
        "separate": clone(estimator).set_params(**{sharing: "separate"}),
    }
    if estimator.get_params()[sharing] == "separate":
        raise ValueError(
            f"{sharing}='separate' shares nothing. Pass an estimator that shares."
        )
    scorer = check_comparison(metric, confidence)
    reader = label_reader(estimator)
    # Tasks of y may differ from those of an earlier fit.
    reader = replace(reader, task_names=None)
    tasks = reader.table(y).names
    refuse_names_of_aggregates(tasks)
    X = as_read_by(estimator, X)
    if linear == "auto":
        linear = _linear_model(estimator, X, scorer)
    if linear is not None:
        systems["linear"] = PerTask(linear, reader=reader)
    splits = make_splits(X, y, cv, n_seeds, reader)
    data = SentOnce(X, y)
    jobs = [
        delayed(fit_and_score)(system, data, split, scorer)
        for system in systems.values()
        for split in splits
    ]
    found = Parallel(n_jobs=n_jobs)(jobs)
    scores = np.array([[row[task] for task in tasks] for row in found])
    scores = scores.reshape(len(systems), len(splits), len(tasks))
    return SharingComparison(
        dict(zip(systems, scores, strict=True)),
        tasks,
        scorer.metrics[0].name,
        splits,
        confidence,
    )


def _sharing_parameter(estimator):
    names = [
        name
        for name in estimator.get_params(deep=True)
        if name.rpartition("__")[2] == "sharing"
    ]
    if not names:
        raise ValueError(
            f"{type(estimator).__name__} has no parameter 'sharing', so there is "
            "nothing to compare. Pass a MultiTaskTextClassifier, or a Pipeline that "
            "ends in one."
        )
    return min(names, key=len)


def _linear_model(estimator, X, scorer):
    probable = any(metric.reads_probabilities for metric in scorer.metrics)
    linear = LogisticRegression(max_iter=1000) if probable else LinearSVC()
    if isinstance(estimator, Pipeline):
        return Pipeline([*estimator.steps[:-1], ("linear", linear)])
    vectorizer = estimator.get_params(deep=False).get("vectorizer")
    if is_table(X) and hasattr(vectorizer, "transform"):
        return make_pipeline(clone(vectorizer), linear)
    if is_table(X):
        return linear
    return make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), linear)


class SharingComparison:
    """Result of :func:`compare_sharing`.

    Attributes
    ----------
    scores : dict of {str: ndarray of shape (n_splits, n_tasks)}
        Scores of "shared", "separate" and, unless omitted, "linear". NaN where the test
        rows of a split have no label of a task.

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
    >>> from sklearn_mtl.model_selection import compare_sharing
    >>> X, y = make_multitask_texts(150, n_tasks=2, random_state=0)
    >>> comparison = compare_sharing(
    ...     MultiTaskTextClassifier(), X, y, cv=2, n_seeds=1, linear=None
    ... )
    >>> comparison.scores["shared"].shape
    (2, 2)
    """

    def __init__(
        self,
        scores: Any,
        task_names: Sequence[str],
        metric: str,
        splits: Any,
        confidence: float,
    ) -> None:
        self.scores = scores
        self.task_names = task_names
        self.metric = metric
        self.splits = splits
        self.confidence = confidence

    def difference(self, other: str = "separate") -> Any:
        """Return the score difference of the shared network and another model.

        Parameters
        ----------
        other : {"separate", "linear"}, default="separate"

        Returns
        -------
        differences : dict of {str: tuple of (float, float, float)}
            Mean, lower and upper end of the interval, for each task and for "mean", the
            mean over tasks.

        Raises
        ------
        ValueError
            If there is no such model.
        """
        if other not in self.scores or other == "shared":
            raise ValueError(
                f"other must be one of {[n for n in self.scores if n != 'shared']}. "
                f"Got {other!r}."
            )
        gaps = self.scores["shared"] - self.scores[other]
        columns = dict(zip(self.task_names, gaps.T, strict=True))
        columns["mean"] = _mean_over_tasks(gaps)
        return {
            name: corrected_interval(column, self.splits, self.confidence)
            for name, column in columns.items()
        }

    @property
    def verdict(self) -> Any:
        """A summary of the differences in a few sentences.

        If sharing hurts, it names the function that looks for the reason.
        """
        found = self.difference()
        mean = found.pop("mean")
        helped = [name for name, (_, low, _) in found.items() if low > 0]
        hurt = [name for name, (_, _, high) in found.items() if high < 0]
        head = {1: "Sharing helps", -1: "Sharing hurts", 0: "No clear difference"}
        text = (
            f"{head[_side(mean)]}: mean {self.metric} {_signed(mean)} against separate"
        )
        text += f" networks. Of {len(found)} tasks it helps {_listed(helped)}"
        text += f" and hurts {_listed(hurt)}."
        if hurt or _side(mean) < 0:
            text += (
                " To see which tasks have conflicting gradients, use "
                "sklearn_mtl.inspection.task_conflicts."
            )
        if "linear" in self.scores:
            mean = self.difference("linear")["mean"]
            words = {1: "above", -1: "below", 0: "not clearly apart from"}
            text += (
                f" The shared network is {words[_side(mean)]} a linear model per task: "
                f"{_signed(mean)}."
            )
        return text

    def to_dict(self) -> dict[str, Any]:
        """Return mean scores and differences of each task.

        Returns
        -------
        rows : dict of dict
            ``rows[task]`` has the mean score of each model and, for each model but
            "shared", ``"minus_<system>"``, ``"minus_<system>_low"`` and
            ``"minus_<system>_high"``. ``rows["mean"]`` has the means over tasks.
        """
        rows: dict[str, dict[str, float]] = {
            name: {} for name in [*self.task_names, "mean"]
        }
        # Means appear side by side, so they skip scores that any model lacks.
        absent = np.any([np.isnan(scores) for scores in self.scores.values()], axis=0)
        for system, scores in self.scores.items():
            scores = np.where(absent, np.nan, scores)
            means = _mean_over_splits(scores)
            for name, value in zip(self.task_names, means, strict=True):
                rows[name][system] = float(value)
            rows["mean"][system] = float(
                _mean_over_splits(_mean_over_tasks(scores)[:, None])[0]
            )
        for system in list(self.scores)[1:]:
            for name, interval in self.difference(system).items():
                for end, value in zip(("", "_low", "_high"), interval, strict=True):
                    rows[name][f"minus_{system}{end}"] = value
        return rows

    def to_frame(self) -> Frame:
        """Return :meth:`to_dict` as a pandas data frame with one row per task.

        Returns
        -------
        frame : pandas.DataFrame
            Scores and differences. The mean over tasks is the last row.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        pd = import_optional("pandas", "pandas", "to_frame()", "to_dict()")
        return pd.DataFrame.from_dict(self.to_dict(), orient="index")

    def __str__(self):
        head, *rows = self._cells()
        return f"{text_table(head, rows)}\n\n{self.verdict}"

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        head, *rows = self._cells()
        html = "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"
        for row in rows:
            html += "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row)
            html += "</tr>"
        return f"<table>{html}</table><p>{escape(self.verdict)}</p>"

    def _cells(self):
        systems = list(self.scores)
        rows = [[self.metric, *systems, *(f"shared - {name}" for name in systems[1:])]]
        differences = [self.difference(name) for name in systems[1:]]
        for task, row in self.to_dict().items():
            scores = [f"{row[name]:.3f}" for name in systems]
            rows.append(
                [task, *scores, *(_signed(found[task]) for found in differences)]
            )
        return rows


def _mean_over_tasks(values):
    """Return the mean of each row, ignoring NaN; NaN for a row of only NaN."""
    return _mean_over_splits(values.T)


def _mean_over_splits(values):
    counted = ~np.isnan(values)
    total = np.where(counted, values, 0.0).sum(axis=0)
    n = counted.sum(axis=0)
    return np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)


def _side(interval):
    """Return 1 or -1 if an interval lies above or below zero, else 0."""
    _, low, high = interval
    return int(low > 0) - int(high < 0)


def _signed(interval):
    mean, low, high = interval
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def _listed(names, most=8):
    if not names:
        return "none"
    more = "" if len(names) <= most else ", ..."
    return f"{len(names)} ({', '.join(names[:most])}{more})"
