"""Sets of labels that hold the true one with a stated probability."""

from typing import Any, Self

import numpy as np
from scipy.stats import beta
from sklearn.utils.validation import check_is_fitted

from ..answers._labels import check_output
from ..answers._types import OrdinalAnswers
from ..metrics._fitted import label_reader
from ..model_selection._split import MultiTaskStratifiedShuffleSplit
from ..utils._compat import StrOptions, fit_context
from ..utils._state import fits_aside, reads_one_fit
from ..utils._typing import Estimator, Labels, ListForm, RandomState, Rows, Weights
from ..utils._warn import warn_caller
from ._base import BaseDecisions
from ._held_out import hold_out, is_fitted_before
from ._shares import by_task

# The held-out cells bound the coverage of new rows only up to chance. Warn if it may be
# this much lower with a probability of 5%.
_DOUBT, _TOLERATED = 0.05, 0.05


class ConformalMultiTaskClassifier(BaseDecisions):
    r"""Predicts for every task a set of labels that holds the true one.

    Split conformal prediction: of new rows from the same source, on average a share
    of `coverage` has the true label of a task in its set, whatever the classifier. Sets
    are small where the classifier is sure.

    Parameters
    ----------
    estimator : multi-output classifier with ``predict_proba``
        For example :class:`~sklearn_mtl.MultiTaskTextClassifier`.

    coverage : float or dict of {str: float}, default=0.9
        Share of the cells of a task whose set should hold the true label. A dict must
        name all tasks.

    method : {"lac", "aps"}, default="lac"
        "lac" makes the smallest sets on average: all labels above one probability. With
        a coverage below the accuracy of the classifier some sets are empty. "aps" adds
        labels from the most probable on, up to a sum of probabilities: larger sets that
        depend more on how hard a row is. Tasks whose cells hold several labels use
        "lac".

    cv : float, splitter, iterable, "prefit" or None, default=None
        How rows are held out: once. A float is the share of rows, stratified; None is
        0.2. A splitter must make one split. "prefit" uses the fitted `estimator` as it
        is, and so does a :class:`~sklearn.frozen.FrozenEstimator`: the rows given to
        ``fit`` must then be other rows than those that it was fitted to.

    random_state : int, RandomState instance or None, default=None
        Seed for the split if `cv` is None or a float.

    Attributes
    ----------
    classes_ : list of ndarray, or ndarray if y was 1-D
        The classes of each task.

    task_names_ : list of str
        Names of the tasks.

    estimator_ : fitted classifier
        The classifier that predicts. The held-out rows are not used to fit it.

    thresholds_ : dict of {str: float}
        Highest score of a label in a set, for each task.

    coverage_ranges_ : dict of {str: (float, float)}
        Where the coverage on new rows lies for these held-out cells, with a probability
        of 90%.

    Notes
    -----
    The score of a label is :math:`1 - p` with "lac", and with "aps" the sum of the
    probabilities of all labels that are at least as probable. With *n* held-out cells
    the threshold is the :math:`\lceil (n + 1) c \rceil`-th lowest score of a true
    label, for the coverage *c*. Over all choices of held-out rows the coverage of new
    rows has a beta distribution with the parameters :math:`k` and :math:`n + 1 - k`,
    where *k* is this rank, if no two scores are equal. It holds on average over
    all cells of a task, not for each class.

    Where cells hold several labels, the score is that of the least probable true label,
    so a set should hold all of them. Gaps in the sets of ordinal tasks are filled.

    References
    ----------
    M. Sadinle, J. Lei, L. Wasserman, "Least ambiguous set-valued classifiers with
    bounded error levels", Journal of the American Statistical Association 114, 2019.

    Y. Romano, M. Sesia, E. Candès, "Classification with valid and adaptive coverage",
    NeurIPS 2020. There sets are also drawn at random; here they are not.

    V. Vovk, "Conditional validity of inductive conformal predictors", ACML 2012.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.decisions import ConformalMultiTaskClassifier
    >>> X, y = make_multitask_texts(900, n_tasks=2, noise=0.2, random_state=0)
    >>> classifier = MultiTaskTextClassifier(random_state=0)
    >>> conformal = ConformalMultiTaskClassifier(classifier, coverage=0.8)
    >>> sets = conformal.set_params(random_state=0).fit(X, y).predict_set(X[:9])
    >>> len(sets["task0"])
    9
    """

    _parameter_constraints: dict[str, Any] = {
        "method": [StrOptions({"lac", "aps"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Estimator,
        *,
        coverage: float | dict[str, float] = 0.9,
        method: str = "lac",
        cv: Any = None,
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.coverage = coverage
        self.method = method
        self.cv = cv
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    @fits_aside
    def fit(self, X: Rows, y: Labels, sample_weight: Weights = None) -> Self:
        """Fit the classifier to a part of the rows, and the thresholds on the others.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels, with missing cells.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            Weights for the classifier, if it accepts them. All held-out cells count the
            same, except that a weight of 0 makes a cell empty.

        Returns
        -------
        self : ConformalMultiTaskClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a task has too few held-out cells for its coverage, or the input cannot
            be used. A previous fit is kept.
        """
        coverage = {}

        def check(known, holding_sets):
            coverage.update(by_task("coverage", self.coverage, list(known)))
            absent = [name for name, own in coverage.items() if own is None]
            if absent:
                raise ValueError(
                    f"coverage must name all tasks. {absent} are missing; leave their "
                    "columns out of y, or add them."
                )

        held = hold_out(
            self.estimator,
            X,
            y,
            sample_weight,
            self._splitter(),
            check=check,
            once=True,
        )
        self.thresholds_, self.coverage_ranges_ = {}, {}
        for name, task, cells in held.by_task:
            scores = _scores(task, cells.probabilities, self.method)
            if task.is_multilabel:
                of_true = np.where(cells.codes == 1, scores, -np.inf)
                true = of_true.max(axis=1, initial=-np.inf)
            else:
                true = scores[np.arange(len(scores)), cells.codes]
            rank = _rank(name, len(true), coverage[name])
            self.thresholds_[name] = float(np.sort(true)[rank - 1])
            self.coverage_ranges_[name] = _range(name, len(true), rank, coverage[name])
        self.targets_ = held.targets
        self.estimator_ = held.models[0]
        return self

    def _splitter(self):
        if is_fitted_before(self.estimator, self.cv):
            return "prefit"
        if self.cv is None or isinstance(self.cv, float):
            return MultiTaskStratifiedShuffleSplit(
                1,
                test_size=0.2 if self.cv is None else self.cv,
                random_state=self.random_state,
                missing_label=label_reader(self.estimator).missing_label,
            )
        if isinstance(self.cv, int):
            raise ValueError(
                f"cv={self.cv!r} is a number of folds, but rows are held out once. "
                "Pass the share of rows to hold out, such as 0.2, or 'prefit'."
            )
        return self.cv

    def _codes(self, X):
        return self.targets_.codes(self.estimator_, X)

    @reads_one_fit
    def predict_set(self, X: Rows, output: ListForm = "dict") -> Any:
        """Predict the set of labels of each row and task.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        output : {"dict", "list"}, default="dict"
            "dict" has for each task an array of tuples of labels, the most probable
            first. "list" has an array of shape (n_samples, n_classes) of bools for
            each task: whether the set holds the class. It is an ndarray if y was 1-D.

        Returns
        -------
        sets : dict of {str: ndarray of shape (n_samples,)}, list of ndarray or ndarray
            Sets, which may be empty.
        """
        check_is_fitted(self)
        check_output(output, ("dict", "list"))
        probabilities = self._probabilities(X)
        names, tasks = self.targets_.names, self.targets_.tasks
        masks = [
            _members(task, own, self.method, self.thresholds_[name])
            for name, task, own in zip(names, tasks, probabilities, strict=True)
        ]
        if output == "list":
            return self.targets_.arrange(masks, "list")
        return {
            name: _tuples(task.classes_.tolist(), mask, own)
            for name, task, mask, own in zip(
                names, tasks, masks, probabilities, strict=True
            )
        }


def _scores(task, probabilities, method):
    """Return how strange each label is in each cell."""
    if method == "lac" or task.is_multilabel:
        return 1 - probabilities
    order = np.argsort(-probabilities, axis=1, kind="stable")
    sums = np.cumsum(np.take_along_axis(probabilities, order, axis=1), axis=1)
    scores = np.empty_like(sums)
    np.put_along_axis(scores, order, sums, axis=1)
    return scores


def _members(task, probabilities, method, threshold):
    members = _scores(task, probabilities, method) <= threshold
    if isinstance(task, OrdinalAnswers):
        after = np.logical_or.accumulate(members, axis=1)
        before = np.logical_or.accumulate(members[:, ::-1], axis=1)[:, ::-1]
        members = after & before
    return members


def _tuples(classes, mask, probabilities):
    order = np.argsort(-probabilities, axis=1, kind="stable")
    cells = np.empty(len(mask), dtype=object)
    for row, (codes, held) in enumerate(
        zip(order.tolist(), mask.tolist(), strict=True)
    ):
        cells[row] = tuple(classes[code] for code in codes if held[code])
    return cells


def _rank(name, n_cells, coverage):
    """Return the rank of the threshold among the scores of held-out cells."""
    # The small number keeps 0.9 * 10 from being above 9.
    rank = int(np.ceil((n_cells + 1) * coverage - 1e-9))
    if rank > n_cells:
        needed = int(np.ceil(coverage / (1 - coverage) - 1e-9))
        raise ValueError(
            f"Task {name!r} has {n_cells} labelled held-out cell(s), which cannot "
            f"promise a coverage of {coverage:g}. It takes at least {needed}; with "
            f"{n_cells}, at most {n_cells / (n_cells + 1):.3f} can be promised. Hold "
            "out more rows, lower the coverage, or leave the task out."
        )
    return rank


def _range(name, n_cells, rank, coverage):
    """Return the range of the coverage on new rows; warn if it is far too low."""
    low, high = beta.ppf([_DOUBT, 1 - _DOUBT], rank, n_cells + 1 - rank).tolist()
    if low < coverage - _TOLERATED:
        warn_caller(
            f"Task {name!r} has only {n_cells} labelled held-out cells. Its coverage "
            f"is {coverage:g} on average over all choices of these cells, but for a "
            f"single choice it is below {low:.3f} with a probability of {_DOUBT:.0%}. "
            "Hold out more rows for a closer promise."
        )
    return low, high
