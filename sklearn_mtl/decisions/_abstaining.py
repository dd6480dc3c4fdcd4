"""No answer where the classifier is not sure."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..answers._labels import check_output
from ..metrics._accuracy import mean_accuracy
from ..metrics._confidence import confidence_of, risk_by_coverage
from ..metrics._fitted import label_reader
from ..utils._compat import fit_context
from ..utils._rows import settled
from ..utils._state import fits_aside, reads_one_fit
from ..utils._typing import Array, Estimator, LabelForm, Labels, Rows, Weights
from ..utils._warn import warn_caller
from ._base import BaseDecisions
from ._blanks import with_blanks
from ._held_out import AllRows, fit_rows, hold_out, is_fitted_before
from ._shares import by_task

_OPTIONS = ("min_confidence", "coverage", "max_risk")
# Answered cells below which an error rate says little about new rows.
_FEW = 20


class AbstainingMultiTaskClassifier(BaseDecisions):
    """Leaves cells empty whose label is uncertain: classification with a reject option.

    The confidence of a cell is the probability of the label that the classifier
    predicts. Below a threshold for each task the cell gets no label. Set exactly one of
    the first three options.

    Parameters
    ----------
    estimator : multi-output classifier with ``predict_proba``
        For example :class:`~sklearn_mtl.MultiTaskTextClassifier`, or a
        :class:`TunedDecisionMultiTaskClassifier`.

    min_confidence : float or dict of {str: float}, default=None
        The threshold itself. With a dict, here and below, tasks that it does not name
        always get a label.

    coverage : float or dict of {str: float}, default=None
        Share of the cells that should get a label, on held-out rows.

    max_risk : float or dict of {str: float}, default=None
        Share of wrong labels among those given, on held-out rows, that should not be
        exceeded. As many cells as possible get a label.

    cv : int, splitter, iterable, "prefit" or None, default=None
        How rows are held out. An int is the number of folds of
        :class:`~sklearn_mtl.model_selection.MultiTaskStratifiedKFold`; None is 5.
        "prefit" uses the fitted `estimator` as it is, and so does a
        :class:`~sklearn.frozen.FrozenEstimator`: the rows given to ``fit`` must then
        be other rows than those that it was fitted to. With `min_confidence`, no rows
        are held out.

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

    thresholds_ : dict of {str: float}
        Lowest confidence of a label that is given, for each task.

    Notes
    -----
    An empty cell has the classifier's `missing_label`, if it has the type of the other
    labels. Otherwise it is NaN in columns of numbers, None in other arrays, and the
    missing value of the library in frames. Columns of integers become floats, in
    arrays and in frames of numpy types, and joined arrays of texts have the dtype
    object, whether or not a cell is empty.

    Thresholds for `max_risk` are exact on the held-out rows and vary on others. For
    cells with several labels the confidence is the product over labels.

    References
    ----------
    C. K. Chow, "On optimum recognition error and reject tradeoff", IEEE Transactions on
    Information Theory 16, 1970.

    Y. Geifman, R. El-Yaniv, "Selective classification for deep neural networks",
    NeurIPS 2017.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.decisions import AbstainingMultiTaskClassifier
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> classifier = MultiTaskTextClassifier(random_state=0)
    >>> careful = AbstainingMultiTaskClassifier(classifier, min_confidence=0.8)
    >>> careful.fit(texts, labels).predict(["great great", "a train"]).tolist()
    [['good'], [None]]
    """

    # Shares are checked once the tasks are known.
    _parameter_constraints: dict[str, Any] = {}

    def __init__(
        self,
        estimator: Estimator,
        *,
        min_confidence: float | dict[str, float] | None = None,
        coverage: float | dict[str, float] | None = None,
        max_risk: float | dict[str, float] | None = None,
        cv: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.min_confidence = min_confidence
        self.coverage = coverage
        self.max_risk = max_risk
        self.cv = cv
        self.n_jobs = n_jobs

    @fit_context(prefer_skip_nested_validation=False)
    @fits_aside
    def fit(self, X: Rows, y: Labels, sample_weight: Weights = None) -> Self:
        """Fit the classifier, and choose the thresholds on held-out rows.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels, with missing cells.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            Weights of rows or cells, for the classifier, if it accepts them, and for
            the thresholds.

        Returns
        -------
        self : AbstainingMultiTaskClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If not exactly one option is set, an option names an unknown task, or
            `max_risk` cannot be met, with the lowest risk that can. A previous fit is
            kept.
        """
        X = settled(X)  # may be read by two fits
        option = self._option()
        wanted = {}

        def check(known, holding_sets):
            wanted.update(by_task(option, getattr(self, option), list(known)))

        prefit = is_fitted_before(self.estimator, self.cv)
        whole = option == "min_confidence" and not prefit
        held = hold_out(
            self.estimator,
            X,
            y,
            sample_weight,
            AllRows() if whole else self.cv,
            n_jobs=self.n_jobs,
            decide=option != "min_confidence",
            check=check,
        )
        self.thresholds_ = {
            name: 0.0 if wanted[name] is None else _threshold(option, wanted, name, own)
            for name, _, own in held.by_task
        }
        self.targets_ = held.targets
        self.estimator_ = held.models[0]
        if not (prefit or whole):
            self.estimator_ = fit_rows(self.estimator, X, y, held.passed)
        return self

    def _option(self):
        given = [name for name in _OPTIONS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"Set exactly one of {list(_OPTIONS)}. Got {given or 'none of them'}."
            )
        return given[0]

    def _answers(self, X):
        """Return predicted codes, and their confidence by task."""
        X, targets = settled(X), self.targets_
        codes = targets.codes(self.estimator_, X)
        pairs = enumerate(targets.probabilities(self.estimator_, X))
        found = [
            confidence_of(targets.layout.of_task(codes, k), own) for k, own in pairs
        ]
        return codes, np.column_stack(found)

    def _blank(self, confidence):
        return confidence < np.array(list(self.thresholds_.values()))

    @reads_one_fit
    def predict(self, X: Rows, output: LabelForm = "array") -> Any:
        """Predict a label for every task, or leave the cell empty.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        output : {"array", "frame", "dict"}, default="array"
            "array" is an ndarray of shape (n_samples, n_tasks), or (n_samples,) if y
            was 1-D. "frame" is a DataFrame like y, "dict" has an array for each task.

        Returns
        -------
        y_pred : ndarray, DataFrame or dict
            Labels and empty cells.
        """
        check_is_fitted(self)
        check_output(output, ("array", "frame", "dict"))
        codes, confidence = self._answers(X)
        missing = label_reader(self).missing_label
        blank = self._blank(confidence)
        return with_blanks(self.targets_, codes, blank, output, X, missing)

    @reads_one_fit
    def confidence(self, X: Rows) -> Array:
        """Return the probability of the label that the classifier predicts.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        Returns
        -------
        confidence : ndarray of shape (n_samples, n_tasks)
            Below the threshold of its task, a cell gets no label.
        """
        check_is_fitted(self)
        return self._answers(X)[1]

    @reads_one_fit
    def score(self, X: Rows, y: Labels, sample_weight: Weights = None) -> float:
        """Return the mean over tasks of the accuracy on cells that get a label.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            True labels, with missing cells.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            Weight of each row, or of each cell.

        Returns
        -------
        score : float
            NaN, with a warning, if no labelled cell gets a label.
        """
        check_is_fitted(self)
        codes, confidence = self._answers(X)
        table = label_reader(self).table(y)
        if len(table) == len(codes):  # otherwise the error is raised below
            table = table.mask(self._blank(confidence))
        return mean_accuracy(self.targets_, lambda: codes, table, sample_weight)


def _threshold(option, wanted, name, cells):
    """Return the lowest confidence of an answer to a task."""
    share = wanted[name]
    if option == "min_confidence":
        return share
    confidence = confidence_of(cells.decided, cells.probabilities)
    right = cells.decided == cells.codes
    if right.ndim == 2:
        right = right.all(axis=1)
    covered, risk, thresholds = risk_by_coverage(confidence, right, cells.weights)
    if option == "coverage":
        return float(thresholds[np.searchsorted(covered, share - 1e-12)])
    met = np.flatnonzero(risk <= share)
    if len(met) == 0:
        raise ValueError(
            f"max_risk: a share of {share:g} wrong labels is not reached for task "
            f"{name!r} on its {len(right)} held-out cells. The lowest is "
            f"{risk.min():.3f}, where {covered[risk.argmin()]:.1%} of them get a "
            "label. Raise max_risk, or improve the classifier."
        )
    threshold = float(thresholds[met[-1]])
    answered = int((confidence >= threshold).sum())
    if answered < _FEW:
        warn_caller(
            f"max_risk is met for task {name!r} by a threshold that leaves a label on "
            f"only {answered} held-out cell(s). On new rows the risk may be much "
            "higher. Pass more rows, or raise max_risk."
        )
    return threshold
