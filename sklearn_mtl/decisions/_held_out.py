"""Probabilities on rows that a classifier was not fitted to: one fit for all tasks."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from ..labels._sets import labels_of
from ..labels._tables import LabelTable
from ..metrics._fitted import label_reader
from ..metrics._weights import table_weights
from ..model_selection._cv import as_splitter
from ..model_selection._paired import as_splittable
from ..utils._rows import n_rows, settled, take_rows
from ..utils._warn import warn_caller
from ._targets import ReadTargets, classes_of


class Cells(NamedTuple):
    """The labelled held-out cells of a task.

    Attributes
    ----------
    codes : ndarray of shape (n_cells,), or (n_cells, n_labels) of 0 and 1

    probabilities : ndarray of shape (n_cells, n_classes)

    weights : ndarray of shape (n_cells,) or None

    folds : ndarray of shape (n_cells,)
        Number of the fold that held out the cell.

    decided : ndarray, as `codes`
        Labels that the classifier predicts; None unless asked for.
    """

    codes: Any
    probabilities: Any
    weights: Any
    folds: Any
    decided: Any


@dataclass(frozen=True)
class HeldOut:
    """Classifiers, and what they predict for rows that they were not fitted to.

    Attributes
    ----------
    targets : ReadTargets

    models : list of fitted classifiers
        One for each fold; the given classifier if it was fitted before.

    table : LabelTable
        Labels of the held-out rows, fold by fold.

    probabilities : list of ndarray of shape (n_rows, n_classes)

    folds : ndarray of shape (n_rows,)

    weights : ndarray of shape (n_rows, n_tasks) or None

    decided : ndarray of shape (n_rows, n_codes) or None

    passed : array-like or None
        The user's weights, if the classifier accepts them.

    rows : ndarray of int of shape (n_rows,)
        The place of each held-out row in X.
    """

    targets: ReadTargets
    models: list[Any]
    table: LabelTable
    probabilities: list[Any]
    folds: Any
    weights: Any = None
    decided: Any = None
    passed: Any = None
    rows: Any = None

    def cells(self, k, fold=None):
        """Return the labelled cells of a task, of one fold or of all.

        Parameters
        ----------
        k : int

        fold : int, default=None

        Returns
        -------
        cells : Cells
        """
        there = ~self.table.missing[:, k]
        if fold is not None:
            there &= self.folds == fold
        codes = self.targets.layout.of_task(self._codes, k)[there]
        decided = self.decided
        if decided is not None:
            decided = self.targets.layout.of_task(decided, k)[there]
        weights = None if self.weights is None else self.weights[there, k]
        proba = self.probabilities[k][there]
        return Cells(codes, proba, weights, self.folds[there], decided)

    @cached_property
    def _codes(self):
        return self.targets.encode(self.table)

    @property
    def by_task(self):
        """Triples of the name of a task, its type and its labelled cells."""
        pairs = enumerate(zip(self.targets.names, self.targets.tasks, strict=True))
        return [(name, task, self.cells(k)) for k, (name, task) in pairs]


class AllRows:
    """A splitter that holds out nothing: training and test rows are all rows."""

    def split(self, X, y=None, groups=None):
        """Yield all rows twice."""
        yield np.arange(len(X)), np.arange(len(X))

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return 1."""
        return 1


def is_fitted_before(estimator, cv):
    """Whether a classifier is to be used as it is."""
    return (isinstance(cv, str) and cv == "prefit") or isinstance(
        estimator, FrozenEstimator
    )


def hold_out(
    estimator,
    X,
    y,
    sample_weight,
    cv,
    *,
    n_jobs=None,
    decide=False,
    check=None,
    once=False,
    disjoint=False,
):
    """Fit a classifier once for each fold, and predict the rows held out.

    Parameters
    ----------
    estimator : multi-output classifier
        Used as it is if `cv` is "prefit" or it is a FrozenEstimator; all rows then
        count as held out.

    X, y, sample_weight : as for the classifier

    cv : "prefit", or a value for :func:`as_splitter`

    n_jobs : int, default=None
        Number of processes for the folds.

    decide : bool, default=False
        Whether to predict labels too.

    check : callable, default=None
        ``check(known, holding_sets)`` is called before any fit, with a dict of the
        labels of each task, and a list of the tasks whose cells hold several.

    once : bool, default=False
        Whether to refuse several splits.

    disjoint : bool, default=False
        Whether to refuse splits that hold out a row twice.

    Returns
    -------
    held_out : HeldOut
    """
    X = settled(X)
    prefit = is_fitted_before(estimator, cv)
    if isinstance(cv, str) and not prefit:
        raise ValueError(
            f"cv must be an int, a splitter, an iterable of splits or 'prefit'. Got "
            f"{cv!r}."
        )
    reader, table, weights = read_rows(estimator, X, y, sample_weight, prefit)
    if check is not None:
        check(
            known_labels(table, estimator if prefit else None),
            tasks_with_sets(table),
        )
    passed = None
    if prefit:
        models, tests = [estimator], [np.arange(len(table))]
    else:
        splitter = as_splitter(cv, missing_label=reader.missing_label)
        splits = list(splitter.split(np.empty(len(table)), as_splittable(y, reader)))
        if once and len(splits) > 1:
            raise ValueError(
                f"cv makes {len(splits)} splits, but rows are held out once. Pass the "
                "share of rows to hold out, such as 0.2, or a splitter of one split."
            )
        tests = [np.asarray(test) for _, test in splits]
        if disjoint:
            _refuse_repeats(tests)
        passed = weights_to_pass(estimator, sample_weight)
        models = Parallel(n_jobs=n_jobs)(
            delayed(fit_rows)(estimator, X, y, passed, train) for train, _ in splits
        )
    targets = ReadTargets(table, models, reader, with_table=not prefit)
    parts = [take_rows(X, test) for test in tests]
    pairs = list(zip(models, parts, strict=True))
    found = [targets.probabilities(model, part) for model, part in pairs]
    rows = np.concatenate(tests)
    return HeldOut(
        targets,
        models,
        table.take(rows),
        [np.concatenate(own) for own in zip(*found, strict=True)],
        np.repeat(np.arange(len(tests)), list(map(len, tests))),
        None if weights is None else weights[rows],
        np.concatenate([targets.codes(*pair) for pair in pairs]) if decide else None,
        passed,
        rows,
    )


def read_rows(estimator, X, y, sample_weight, prefit):
    """Check a classifier, and read labels and weights as it does.

    Parameters
    ----------
    estimator, X, y, sample_weight : as of :func:`hold_out`

    prefit : bool
        Whether the classifier is used as it is.

    Returns
    -------
    reader : LabelReader

    table : LabelTable
        Cells of weight 0 are missing.

    weights : ndarray of shape (n_rows, n_tasks) or None
    """
    if prefit:
        check_is_fitted(estimator)
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"{type(estimator).__name__} has no predict_proba, which decisions need. "
            "Pass a classifier that predicts probabilities."
        )
    # A classifier that is fitted anew may learn other tasks than before.
    reader = label_reader(estimator if prefit else clone(estimator))
    table = reader.table(y)
    if n_rows(X) != len(table):
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"{[n_rows(X), len(table)]}"
        )
    weights = table_weights(sample_weight, table)
    if weights is not None:
        table = table.mask(weights == 0)
    empty = [
        n for n, own in zip(table.names, table.missing.T, strict=True) if own.all()
    ]
    if empty:
        raise ValueError(
            f"The task(s) {empty} have no labelled row (whose weight is not 0). Leave "
            "these columns out, or pass rows with labels for them."
        )
    return reader, table, weights


def _refuse_repeats(tests):
    """Raise a ValueError if a row is in several test sets."""
    found, times = np.unique(np.concatenate(tests), return_counts=True)
    if (times > 1).any():
        raise ValueError(
            f"cv holds out {(times > 1).sum()} row(s) more than once, the first "
            f"{found[times > 1][:5].tolist()}. Pass a number of folds, or a splitter "
            "that holds out each row at most once, such as KFold."
        )


def known_labels(table, model):
    """Return the labels of each task, of a fitted classifier or of the table."""
    if model is not None:
        found = classes_of(model, len(table.names))
    else:
        found = [
            (np.unique if kind is None else labels_of)(column[~missing])
            for column, kind, missing in zip(
                table.columns, table.cell_types, table.missing.T, strict=True
            )
        ]
    return {n: own.tolist() for n, own in zip(table.names, found, strict=True)}


def tasks_with_sets(table):
    """Return the names of the tasks whose cells hold several labels."""
    return [n for n, kind in zip(table.names, table.cell_types, strict=True) if kind]


def fit_rows(estimator, X, y, sample_weight, rows=None):
    """Fit a clone to some rows, or to all.

    Parameters
    ----------
    estimator : classifier

    X, y, sample_weight : as for the classifier

    rows : ndarray of int, default=None

    Returns
    -------
    model : fitted classifier
    """
    if rows is not None:
        X, y = take_rows(X, rows), take_rows(y, rows)
    if sample_weight is None:
        return clone(estimator).fit(X, y)
    if rows is not None:
        sample_weight = take_rows(sample_weight, rows)
    return clone(estimator).fit(X, y, sample_weight=sample_weight)


_OTHER_USE = (
    "weights count only for the decisions that are learnt from its probabilities"
)


def weights_to_pass(estimator, sample_weight, other_use=_OTHER_USE):
    """Return the weights if the classifier accepts them; otherwise warn, None.

    Parameters
    ----------
    estimator : classifier

    sample_weight : array-like or None

    other_use : str, default=_OTHER_USE
        What weights do without it; for the message.
    """
    if sample_weight is None or has_fit_parameter(estimator, "sample_weight"):
        return sample_weight
    warn_caller(
        f"{type(estimator).__name__} does not accept sample_weight in fit, so "
        f"{other_use}."
    )
    return None
