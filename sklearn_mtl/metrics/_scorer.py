"""Scores of several tasks as a scorer for scikit-learn's searches."""

from typing import Any

import numpy as np

from ..utils._rows import settled
from ._fitted import label_reader
from ._metrics import resolve_metrics
from ._predictions import read_predictions
from ._routing import AcceptsWeights
from ._scores import AGGREGATES, score_predictions


def multitask_scorer(
    metrics: Any = "accuracy", *, output: str = "dict", missing_label: object = None
) -> "MultiTaskScorer":
    """Make a scorer of several tasks for ``scoring=``.

    Works with any multi-output classifier. Predicts once for all tasks and metrics.

    Parameters
    ----------
    metrics : str, callable, dict of {str: str or callable}, or sequence of them, \
            default="accuracy"
        As in :func:`multitask_scores`. Higher must be better, so choose
        "neg_log_loss" and the other names with ``neg_`` instead of losses. Labels of
        ordinal tasks have the order that the fitted MultiTaskTextClassifier knows.

    output : str, default="dict"
        "dict" returns a dict of all scores. The name of an aggregate ("mean", "worst",
        "weighted", "exact_match") or of a task returns this single number, as
        ``learning_curve`` and successive halving need it.

    missing_label : object, default=None
        A further value that means "no label", besides NaN, None and pandas.NA. None
        takes that of the classifier, if it has one.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)``. Keys of the dict are "mean",
        "worst", "weighted", "exact_match" (of accuracy only) and the names of the
        tasks. With several metrics they are ``<metric>_<name>``. So ``refit="mean"``,
        or ``refit="f1_macro_mean"``, selects the best candidate.

    Raises
    ------
    ValueError
        If a metric is unknown or a loss, or one number is requested for several
        metrics.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn_mtl.metrics import multitask_scorer
    >>> X, y = [[0], [1], [2], [3]], [["a", "x"], ["a", "y"], ["b", "x"], ["b", "y"]]
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> labels = [["a", None], ["b", "y"], [None, "x"], ["b", "y"]]
    >>> scores = multitask_scorer()(forest, X, labels)
    >>> round(scores["task0"], 3), scores["task1"], round(scores["mean"], 3)
    (0.667, 1.0, 0.833)
    """
    return MultiTaskScorer(metrics, output, missing_label)


# Names of aggregates on axes.
_OVER = {
    "mean": "mean over tasks",
    "worst": "worst of all tasks",
    "weighted": "weighted mean over tasks",
}


class MultiTaskScorer(AcceptsWeights):
    """A scorer of several tasks; see :func:`multitask_scorer`."""

    def __init__(self, metrics="accuracy", output="dict", missing_label=None):
        self.metrics = resolve_metrics(metrics)
        self.output = output
        self.missing_label = missing_label
        losses = [metric.name for metric in self.metrics if metric.is_loss]
        if losses:
            raise ValueError(
                f"In a scorer higher must be better, but {losses} are losses. Use "
                "'neg_log_loss', 'neg_brier_score', 'neg_calibration_error' or "
                "'neg_mean_absolute_error'."
            )
        if output != "dict" and len(self.metrics) > 1:
            raise ValueError(
                f"output={output!r} is one number, but there are {len(self.metrics)} "
                "metrics. Pass one metric, or output='dict'."
            )

    def __repr__(self):
        names = [metric.name for metric in self.metrics]
        names = names[0] if len(names) == 1 else names
        output = "" if self.output == "dict" else f", output={self.output!r}"
        return f"multitask_scorer({names!r}{output})"

    @property
    def __name__(self):
        """Axis label in scikit-learn's displays."""
        names = ", ".join(metric.name for metric in self.metrics)
        if self.output == "dict":
            raise AttributeError(
                f"{self!r} returns a score per task, but a curve needs one number. "
                f"Pass multitask_scorer({self.metrics[0].name!r}, output='mean')."
            )
        if self.output == "exact_match":
            return "exact match of all tasks"
        return f"{names}, {_OVER.get(self.output, f'task {self.output}')}"

    def __call__(self, estimator, X, y, sample_weight=None):
        """Predict and score.

        Parameters
        ----------
        estimator : fitted multi-output classifier

        X : input of the classifier

        y : array-like, dict or DataFrame
            True labels, with missing cells.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None

        Returns
        -------
        scores : dict of {str: float}, or float
        """
        reader = label_reader(estimator, self.missing_label)
        table = reader.table(y)
        labels, probabilities, classes = self._predict(estimator, X, table)
        predictions = read_predictions(
            table, labels, probabilities, classes, sample_weight, reader.orders
        )
        return self.finish(score_predictions(predictions, self.metrics))

    def _predict(self, estimator, X, table):
        needs = {metric.reads_probabilities for metric in self.metrics}
        X = settled(X)  # may be read by two predictions
        labels = probabilities = classes = None
        if False in needs or self.output in ("dict", "exact_match"):
            labels = estimator.predict(X)
        if True in needs:
            classes = estimator.classes_
            probabilities, classes = _one_array_a_task(
                estimator.predict_proba(X), classes, len(table.names)
            )
        return labels, probabilities, classes

    def finish(self, scores):
        """Return a table of scores in the requested form.

        Parameters
        ----------
        scores : dict of dict
            From :func:`multitask_scores`.

        Returns
        -------
        scores : dict of {str: float}, or float
        """
        named = [name for name in scores if name != "exact_match"]
        keys = self.score_names([name for name in named if name not in AGGREGATES])
        match = scores["exact_match"]["accuracy"]
        if self.output == "exact_match":
            return match
        if self.output != "dict":
            return scores[self.output][self.metrics[0].name]
        values = [
            scores[name][metric.name] for metric in self.metrics for name in named
        ]
        return dict(zip(keys, [*values, match], strict=True))

    def score_names(self, task_names):
        """Return the keys of the dict for these tasks.

        Parameters
        ----------
        task_names : list of str

        Returns
        -------
        names : list of str
            Empty if a single number is requested.

        Raises
        ------
        ValueError
            If the number is of an unknown task.
        """
        if self.output in AGGREGATES or self.output in task_names:
            return []
        if self.output != "dict":
            raise ValueError(
                f"output must be 'dict', 'mean', 'worst', 'weighted', "
                f"'exact_match' or the name of a task, which are {list(task_names)}. "
                f"Got {self.output!r}."
            )
        names = [*task_names, *(name for name in AGGREGATES if name != "exact_match")]
        if len(self.metrics) > 1:
            names = [f"{m.name}_{name}" for m in self.metrics for name in names]
        return [*names, "exact_match"]


def _one_array_a_task(probabilities, classes, n_tasks):
    """Return lists with one array per task: probabilities, and classes."""
    if isinstance(probabilities, list):
        return probabilities, list(classes)
    if n_tasks == 1:
        return [probabilities], [classes]
    # A chain of binary tasks returns only the probability of each second class.
    probabilities = np.asarray(probabilities)
    pairs = [np.column_stack([1 - column, column]) for column in probabilities.T]
    if len(classes) != n_tasks or np.ndim(classes[0]) == 0:
        classes = [np.array([0, 1])] * n_tasks
    return pairs, list(classes)
