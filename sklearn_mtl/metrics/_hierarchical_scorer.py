"""Hierarchical precision, recall and F1 as a scorer for scikit-learn's searches."""

from collections.abc import Mapping
from typing import Any

from ._fitted import label_reader, last_step
from ._hierarchical import hierarchical_scores
from ._routing import AcceptsWeights

_NAMES = ("precision", "recall", "f1")


def hierarchical_scorer(
    conditions: Mapping[str, Any] | None = None,
    *,
    output: str = "f1",
    missing_label: object = None,
) -> "HierarchicalScorer":
    """Make a scorer of tasks that depend on each other for ``scoring=``.

    Parameters
    ----------
    conditions : dict of {str: tuple}, default=None
        As in :func:`hierarchical_scores`. None takes ``conditions_`` of the fitted
        :class:`~sklearn_mtl.decisions.ConsistentMultiTaskClassifier`. Pass a dict to
        score other classifiers.

    output : {"f1", "precision", "recall", "dict"}, default="f1"
        The score to return; "dict" returns all three.

    missing_label : object, default=None
        A further value that means "no label", besides NaN, None and pandas.NA. None
        takes that of the classifier, if it has one.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)``.

    Raises
    ------
    ValueError
        If `output` is unknown, and on a call if there are no conditions.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn_mtl.metrics import hierarchical_scorer
    >>> X = [[0], [1], [2], [3]]
    >>> y = [["no", "-"], ["no", "-"], ["yes", "a"], ["yes", "b"]]
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> conditions = {"task1": ("task0", {"yes": ["a", "b"]})}
    >>> scorer = hierarchical_scorer(conditions, missing_label="-")
    >>> scorer(forest, X, y)
    1.0
    """
    return HierarchicalScorer(conditions, output, missing_label)


class HierarchicalScorer(AcceptsWeights):
    """A scorer of tasks that depend on each other; see :func:`hierarchical_scorer`."""

    def __init__(self, conditions=None, output="f1", missing_label=None):
        if output not in (*_NAMES, "dict"):
            raise ValueError(
                f"output must be one of {[*_NAMES, 'dict']}. Got {output!r}."
            )
        self.conditions, self.output = conditions, output
        self.missing_label = missing_label

    def __repr__(self):
        return f"hierarchical_scorer(output={self.output!r})"

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
        score : float, or dict of {str: float}
        """
        conditions = self.conditions
        if conditions is None:
            conditions = getattr(last_step(estimator)[1], "conditions_", None)
        if conditions is None:
            raise ValueError(
                f"{type(estimator).__name__} has no attribute conditions_, as a fitted "
                "ConsistentMultiTaskClassifier has. Pass conditions to "
                "hierarchical_scorer."
            )
        reader = label_reader(estimator, self.missing_label)
        scores = hierarchical_scores(
            reader.table(y),
            estimator.predict(X),
            conditions,
            sample_weight=sample_weight,
            missing_label=reader.missing_label,
        )
        return scores if self.output == "dict" else scores[self.output]
