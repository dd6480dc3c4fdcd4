"""Scores of several models on the same splits, and intervals of differences."""

from collections import Counter
from collections.abc import Mapping
from copy import copy
from numbers import Integral, Real

import numpy as np
from scipy.stats import t as student
from sklearn.base import clone

from ..metrics import multitask_scorer
from ..metrics._fitted import LabelReader
from ..utils._rows import n_rows, take_rows
from ._cv import as_splitter


def check_comparison(metric, confidence):
    """Check the arguments of a comparison before anything is fitted.

    Parameters
    ----------
    metric : str or callable

    confidence : float

    Returns
    -------
    scorer : MultiTaskScorer

    Raises
    ------
    ValueError
        If an argument cannot be used.
    """
    if not (isinstance(metric, str) or callable(metric)):
        raise ValueError(
            f"metric must be the name of one metric, or a callable. Got {metric!r}."
        )
    if not isinstance(confidence, Real) or not 0 < confidence < 1:
        raise ValueError(
            f"confidence must be between 0 and 1, for example 0.95. Got {confidence!r}."
        )
    return multitask_scorer(metric)


def make_splits(X, y, cv, n_seeds, reader=None):
    """Return the seed, training rows and test rows of each split.

    Parameters
    ----------
    X, y : texts and labels

    cv : int, splitter, iterable of (train, test) or None
        An int, or None for 5, uses shuffled stratified folds, drawn anew for each seed.
        For a splitter with its own integer seed, both seeds are added. Other splitters
        may return the same splits for all seeds.

    n_seeds : int

    reader : LabelReader, default=None
        How labels are read. None has no missing label.

    Returns
    -------
    splits : list of (int, ndarray, ndarray)

    Raises
    ------
    ValueError
        If `n_seeds` is below 1, there are fewer than two different splits, or the
        splitter raises an error.
    """
    if not isinstance(n_seeds, Integral) or n_seeds < 1:
        raise ValueError(f"n_seeds must be at least 1. Got {n_seeds!r}, pass an int.")
    reader = LabelReader() if reader is None else reader
    if not (cv is None or isinstance(cv, Integral)):
        cv = as_splitter(cv)  # a generator can be read once
    splits = []
    for seed in range(n_seeds):
        folds = as_splitter(
            cv, shuffle=True, random_state=seed, missing_label=reader.missing_label
        )
        if folds is cv:
            folds = _with_another_seed(cv, seed)
        rows = folds.split(np.empty(n_rows(X)), as_splittable(y, reader))
        splits += [(seed, train, test) for train, test in rows]
    if len(set(different_splits(splits))) < 2:
        raise ValueError(
            "One split has no variance, so there is no interval. Use more folds, or "
            "more seeds for a splitter that shuffles."
        )
    return splits


def _with_another_seed(splitter, seed):
    """Return a splitter with another random_state, if it is a number."""
    state = getattr(splitter, "random_state", None)
    if seed == 0 or not isinstance(state, Integral):
        return splitter
    splitter = copy(splitter)
    splitter.random_state = state + seed
    return splitter


def different_splits(splits):
    """Return a number for each split; splits of the same rows have the same number.

    Splits of one seed always count as different. Splits of several seeds are the same
    if the splitter does not shuffle.

    Parameters
    ----------
    splits : list of (int, ndarray, ndarray)

    Returns
    -------
    numbers : list of int
    """
    times, numbers = Counter(), {}
    found = []
    for seed, train, test in splits:
        rows = (np.asarray(train).tobytes(), np.asarray(test).tobytes())
        key = (rows, times[seed, rows])
        times[seed, rows] += 1
        found.append(numbers.setdefault(key, len(numbers)))
    return found


def as_splittable(y, reader=None):
    """Return labels in a form whose rows any splitter can count."""
    if isinstance(y, Mapping):
        table = (reader or LabelReader()).table(y)
        columns = [column.astype(object) for column in table.columns]
        cells = np.column_stack(columns)
        cells[table.missing] = None
        return cells
    return y


def with_seed(estimator, seed):
    """Return a clone with every random_state set to `seed`."""
    estimator = clone(estimator)
    names = [
        name
        for name in estimator.get_params(deep=True)
        if name.rpartition("__")[2] == "random_state"
    ]
    return estimator.set_params(**dict.fromkeys(names, seed))


def fit_and_score(estimator, data, split, scorer):
    """Fit to the training rows of a split and score on its test rows.

    Parameters
    ----------
    estimator : multi-output classifier

    data : SentOnce
        Texts and labels.

    split : (int, ndarray, ndarray)
        Seed, training and test rows.

    scorer : MultiTaskScorer

    Returns
    -------
    scores : dict of {str: float}
    """
    (seed, train, test), X, y = split, data.X, data.y
    fitted = with_seed(estimator, seed).fit(take_rows(X, train), take_rows(y, train))
    return scorer(fitted, take_rows(X, test), take_rows(y, test))


def corrected_interval(differences, splits, confidence):
    """Return the mean and the interval of paired differences over several splits.

    Splits of the same rows with several seeds count as one split with their mean.
    Training sets of several splits overlap, so their scores vary less than scores on
    new data would. The ratio of test rows to training rows corrects the variance for
    this.

    Parameters
    ----------
    differences : ndarray of shape (n_splits,)
        Splits with NaN are ignored.

    splits : list of (int, ndarray, ndarray)

    confidence : float
        For example 0.95.

    Returns
    -------
    mean, low, high : float
        NaN if fewer than two splits remain.

    References
    ----------
    C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning
    52, 2003. R. R. Bouckaert, E. Frank, "Evaluating the replicability of significance
    tests for comparing learning algorithms", PAKDD 2004, for repeated folds.
    """
    numbers = np.array(different_splits(splits))
    differences = np.array([_mean(differences[numbers == k]) for k in set(numbers)])
    kept = ~np.isnan(differences)
    n_splits = kept.sum()
    if n_splits < 2:
        return np.nan, np.nan, np.nan
    ratio = np.mean([len(test) / len(train) for _, train, test in splits])
    mean = differences[kept].mean()
    variance = differences[kept].var(ddof=1) * (1 / n_splits + ratio)
    half = student.ppf((1 + confidence) / 2, n_splits - 1) * np.sqrt(variance)
    return float(mean), float(mean - half), float(mean + half)


def _mean(values):
    """Return the mean without NaN, or NaN if there is no value."""
    values = values[~np.isnan(values)]
    return values.mean() if len(values) else np.nan
