"""Decisions of all tasks, tuned to scores, costs and constraints."""

from numbers import Integral
from typing import Any, Self

import numpy as np

from ..utils._compat import Interval, fit_context
from ..utils._rows import settled
from ..utils._state import fits_aside
from ..utils._typing import Estimator, Labels, Rows, Weights
from ..utils._warn import warn_caller
from ._base import BaseDecisions
from ._held_out import fit_rows, hold_out, is_fitted_before
from ._tuner import Tuner


class TunedDecisionMultiTaskClassifier(BaseDecisions):
    """Tunes how the probabilities of every task become labels.

    Like :class:`~sklearn.model_selection.TunedThresholdClassifierCV`, for several label
    columns with empty cells, and for more than two classes. The classifier is fitted
    once for each fold, to all tasks; the rule of each task is then chosen on the
    held-out rows that have a label for it.

    Parameters
    ----------
    estimator : multi-output classifier with ``predict_proba``
        For example :class:`~sklearn_mtl.MultiTaskTextClassifier`.

    scoring : str, callable or dict of {str: str or callable}, \
            default="balanced_accuracy"
        What decisions should maximize: a name of scikit-learn's scorers, such as
        "f1_macro", or a scorer. Of labels whose cells hold several, each is scored
        as a binary task with the labels False and True. With a dict, tasks that it
        does not name, nor `costs` nor `constraints`, keep the predictions of the
        classifier.

    costs : dict of {str: array-like or dict}, default=None
        For a task, the cost of each wrong answer: an array of shape
        (n_classes, n_classes) with a row for each true class, in the order of
        ``classes_``, or ``{true: {predicted: cost}}``, where answers that are not named
        cost 0 if right and 1 if wrong. The label with the lowest expected cost is
        predicted, so probabilities should be calibrated. `scoring` does not count for
        these tasks. If cells hold several labels, the costs of each label: of the
        answers False and True, in this order.

    constraints : dict of {str: dict}, default=None
        Minimum precision or recall of classes, on held-out rows, for example
        ``{"priority": {"urgent": {"precision": 0.9}}}``. Among the decisions that meet
        them, those with the best score are chosen.

    thresholds : int, default=100
        Number of thresholds that are tried for a binary task or a label. For each class
        of a task with several classes 25 weights are tried.

    cv : int, splitter, iterable, "prefit" or None, default=None
        How rows are held out. An int is the number of folds of
        :class:`~sklearn_mtl.model_selection.MultiTaskStratifiedKFold`; None is 5.
        "prefit" uses the fitted `estimator` as it is, and so does a
        :class:`~sklearn.frozen.FrozenEstimator`: the rows given to ``fit`` must then
        be other rows than those that it was fitted to.

    n_jobs : int, default=None
        Number of processes that fit the folds. None is 1.

    Attributes
    ----------
    classes_ : list of ndarray, or ndarray if y was 1-D
        The classes of each task.

    task_names_ : list of str
        Names of the tasks.

    estimator_ : fitted classifier
        The classifier that predicts.

    best_decisions_ : dict of {str: float, dict or ndarray}
        What was chosen for each task: the threshold of a binary task; weights by which
        the probabilities of several classes are multiplied; thresholds for exceeding
        each class of an ordinal task; a threshold, or weights, for each label where
        cells hold several; the costs. None for a task that keeps its predictions.

    best_score_ : dict of {str: float}
        The score of these decisions on held-out rows, where it was maximized.

    rules_ : list of callable or None
        The rule of each task, from probabilities to the numbers of classes.

    Notes
    -----
    Binary tasks and labels without constraints are tuned by scikit-learn's
    TunedThresholdClassifierCV. Weights of several classes start at a power of the
    inverse class shares and are then improved one class at a time, over the held-out
    rows of all folds together. Those of classes with a few labelled rows are uncertain.
    ``best_score_`` is then optimistic: measure on other rows. Ordinal tasks compare the
    probability of exceeding each class with a threshold, so classes stay in order.

    scikit-learn's `response_method` is missing because multi-output classifiers have
    probabilities only.

    References
    ----------
    C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001.

    Z. C. Lipton, C. Elkan, B. Naryanaswamy, "Optimal thresholding of classifiers to
    maximize F1 measure", ECML PKDD 2014.

    N. Lachiche, P. Flach, "Improving accuracy and cost of two-class and multi-class
    probabilistic classifiers using ROC curves", ICML 2003. Weights of classes are
    improved one after the other.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.decisions import TunedDecisionMultiTaskClassifier
    >>> X, y = make_multitask_texts(300, n_tasks=2, n_classes=2, random_state=0)
    >>> classifier = MultiTaskTextClassifier(random_state=0)
    >>> constraints = {"task0": {1: {"precision": 0.9}}}
    >>> tuned = TunedDecisionMultiTaskClassifier(
    ...     classifier, scoring="f1_macro", constraints=constraints, cv=3
    ... ).fit(X, y)
    >>> tuned.predict(X[:4]).shape
    (4, 2)
    """

    _parameter_constraints: dict[str, Any] = {
        "thresholds": [Interval(Integral, 2, None, closed="left")],
        "costs": [dict, None],
        "constraints": [dict, None],
    }

    def __init__(
        self,
        estimator: Estimator,
        *,
        scoring: Any = "balanced_accuracy",
        costs: dict[str, Any] | None = None,
        constraints: dict[str, Any] | None = None,
        thresholds: int = 100,
        cv: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.scoring = scoring
        self.costs = costs
        self.constraints = constraints
        self.thresholds = thresholds
        self.cv = cv
        self.n_jobs = n_jobs

    @fit_context(prefer_skip_nested_validation=False)
    @fits_aside
    def fit(self, X: Rows, y: Labels, sample_weight: Weights = None) -> Self:
        """Fit the classifier on folds, and tune each task on held-out rows.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels, with missing cells.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            Weights of rows or cells, for the classifier, if it accepts them, and for
            the scores.

        Returns
        -------
        self : TunedDecisionMultiTaskClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If `costs`, `constraints` or `scoring` name unknown tasks or classes, if a
            constraint cannot be met, with the best value that can, or the input cannot
            be used. A previous fit is kept.
        """
        X = settled(X)  # may be read by two fits
        tuner = Tuner(self.scoring, self.costs, self.constraints, self.thresholds)
        held = hold_out(
            self.estimator,
            X,
            y,
            sample_weight,
            self.cv,
            n_jobs=self.n_jobs,
            check=tuner.check,
        )
        found = [tuner.tune(*own) for own in held.by_task]
        names = held.targets.names
        self.rules_ = [rule for rule, _ in found]
        self.best_score_ = {
            name: score
            for name, (_, score) in zip(names, found, strict=True)
            if score is not None
        }
        if tuner.untuned:
            warn_caller(
                f"The held-out cells of the task(s) {tuner.untuned[:5]} have one label "
                "only, or constant probabilities, so their decisions are not tuned. "
                "They keep the predictions of the classifier."
            )
        self.best_decisions_ = {
            name: None if rule is None else rule.summary
            for name, rule in zip(names, self.rules_, strict=True)
        }
        self.targets_ = held.targets
        self.estimator_ = held.models[0]
        if not is_fitted_before(self.estimator, self.cv):
            self.estimator_ = fit_rows(self.estimator, X, y, held.passed)
        return self

    def _codes(self, X):
        X = settled(X)
        rules = self.rules_
        kept = None
        if None in rules:
            kept = self.targets_.codes(self.estimator_, X)
        layout = self.targets_.layout
        return np.column_stack(
            [
                layout.of_task(kept, k) if rule is None else rule(own)
                for k, (rule, own) in enumerate(
                    zip(rules, self._probabilities(X), strict=True)
                )
            ]
        )
