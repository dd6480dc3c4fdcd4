"""Calibrated probabilities of all tasks."""

from typing import Any, Self

import numpy as np

from ..utils._compat import StrOptions, fit_context
from ..utils._rows import settled
from ..utils._state import fits_aside
from ..utils._typing import Estimator, Labels, Rows, Weights
from ..utils._warn import warn_caller
from ._base import BaseDecisions
from ._calibrators import fit_calibrator
from ._held_out import fit_rows, hold_out, is_fitted_before


class CalibratedMultiTaskClassifier(BaseDecisions):
    """Calibrates the probabilities of every task of a multi-output classifier.

    Like :class:`~sklearn.calibration.CalibratedClassifierCV`, for several label
    columns with empty cells. The classifier is fitted once for each fold, to all tasks;
    each task is then calibrated on the held-out rows that have a label for it.

    Parameters
    ----------
    estimator : multi-output classifier with ``predict_proba``
        For example :class:`~sklearn_mtl.MultiTaskTextClassifier`, which is calibrated
        already if it was fitted to 201 to 200,000 texts; with ``temperature=1`` it
        is not. scikit-learn's classifiers work if they accept the labels.

    method : {"temperature", "sigmoid", "isotonic"}, default="temperature"
        "temperature" divides the logits of a task by one number and never changes the
        most probable class. "sigmoid" fits two numbers for each class, "isotonic" a
        step function for each class, which needs about 1,000 labelled cells.

    cv : int, splitter, iterable, "prefit" or None, default=None
        How rows are held out. An int is the number of folds of
        :class:`~sklearn_mtl.model_selection.MultiTaskStratifiedKFold`; None is 5.
        "prefit" uses the fitted `estimator` as it is, and so does a
        :class:`~sklearn.frozen.FrozenEstimator`: the rows given to ``fit`` must then
        be other rows than those that it was fitted to.

    ensemble : bool or "auto", default="auto"
        True keeps the classifier of each fold with calibrators of its own and
        averages their probabilities. False calibrates on all held-out rows and fits
        the classifier once more, to all rows: predictions take a fraction of the time.
        "auto" is True unless the classifier is used as it is.

    n_jobs : int, default=None
        Number of processes that fit the folds. None is 1.

    Attributes
    ----------
    classes_ : list of ndarray, or ndarray if y was 1-D
        The classes of each task.

    task_names_ : list of str
        Names of the tasks.

    calibrated_ : list of (classifier, list of callable)
        Fitted classifiers, each with the calibrator of each task; None for a task
        that is not calibrated.

    Notes
    -----
    The predicted label is the most probable class, of an ordinal task the median class,
    and of a task whose cells hold several labels all that are more probable than 0.5.
    To choose labels by a score, put a :class:`TunedDecisionMultiTaskClassifier` around
    this classifier.

    Where cells hold several labels, each label is calibrated as a binary task. Ordinal
    tasks calibrate the probabilities of exceeding each class. Temperatures are fitted
    as in scikit-learn 1.8 and newer; the releases before have none. The other methods
    are scikit-learn's own.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural
    networks", ICML 2017.

    J. Platt, "Probabilistic outputs for support vector machines and comparisons to
    regularized likelihood methods", 1999.

    B. Zadrozny, C. Elkan, "Transforming classifier scores into accurate multiclass
    probability estimates", KDD 2002.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.decisions import CalibratedMultiTaskClassifier
    >>> X, y = make_multitask_texts(300, n_tasks=2, random_state=0)
    >>> classifier = MultiTaskTextClassifier(temperature=1, random_state=0)
    >>> calibrated = CalibratedMultiTaskClassifier(classifier, cv=3).fit(X, y)
    >>> [len(own) for own in calibrated.predict_proba(X[:5])]
    [5, 5]
    """

    _parameter_constraints: dict[str, Any] = {
        "method": [StrOptions({"temperature", "sigmoid", "isotonic"})],
        "ensemble": ["boolean", StrOptions({"auto"})],
    }

    def __init__(
        self,
        estimator: Estimator,
        *,
        method: str = "temperature",
        cv: Any = None,
        ensemble: bool | str = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.method = method
        self.cv = cv
        self.ensemble = ensemble
        self.n_jobs = n_jobs

    @fit_context(prefer_skip_nested_validation=False)
    @fits_aside
    def fit(self, X: Rows, y: Labels, sample_weight: Weights = None) -> Self:
        """Fit the classifier on folds, and calibrate each task on held-out rows.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels, with missing cells.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            Weights of rows or cells, for the classifier, if it accepts them, and for
            the calibration.

        Returns
        -------
        self : CalibratedMultiTaskClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a task has no labelled row, or the input cannot be used. A previous fit
            is kept.
        """
        X = settled(X)  # may be read by two fits
        prefit = is_fitted_before(self.estimator, self.cv)
        ensemble = not prefit if self.ensemble == "auto" else self.ensemble
        held = hold_out(
            self.estimator, X, y, sample_weight, self.cv, n_jobs=self.n_jobs
        )
        pairs: list[Any] = list(enumerate(held.models))
        if not ensemble and not prefit:
            pairs = [(None, fit_rows(self.estimator, X, y, held.passed))]
        self.targets_ = held.targets
        self.calibrated_ = [
            (
                model,
                [
                    fit_calibrator(task, held.cells(k, fold), self.method)
                    for k, task in enumerate(held.targets.tasks)
                ],
            )
            for fold, model in pairs
        ]
        self._warn_of_uncalibrated()
        return self

    def _warn_of_uncalibrated(self):
        names = {
            name
            for _, calibrators in self.calibrated_
            for name, own in zip(self.targets_.names, calibrators, strict=True)
            if own is None
        }
        if names:
            warn_caller(
                f"The held-out cells of the task(s) {sorted(names)[:5]} have one label "
                "only, in a fold or in all. Their probabilities are not calibrated "
                "there. Pass more labelled rows or fewer folds, or ensemble=False."
            )

    def _probabilities(self, X):
        found = [
            [
                own if calibrate is None else calibrate(own)
                for own, calibrate in zip(
                    self.targets_.probabilities(model, X), calibrators, strict=True
                )
            ]
            for model, calibrators in self.calibrated_
        ]
        return [np.mean(own, axis=0) for own in zip(*found, strict=True)]

    def _codes(self, X):
        pairs = zip(self.targets_.tasks, self._probabilities(X), strict=True)
        return np.column_stack([task.choose(own) for task, own in pairs])
