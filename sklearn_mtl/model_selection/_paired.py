"""Systems scored on the same splits, and the interval of their difference."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
from scipy.stats import t as student
from sklearn.base import clone
from sklearn.utils.validation import _num_samples

from .._labels import as_label_table
from ._cv import as_splitter
from ._split import take_rows


def make_splits(X, y, cv, n_seeds):
    """Return the seed and the rows of each split.

    Parameters
    ----------
    X, y : texts and labels

    cv : int, splitter, iterable of (train, test) or None
        An int, or None for 5, makes shuffled stratified folds anew for each seed.

    n_seeds : int

    Returns
    -------
    splits : list of (int, ndarray, ndarray)

    Raises
    ------
    ValueError
        If `n_seeds` is below 1, or the splitter refuses.
    """
    if n_seeds < 1:
        raise ValueError(f"n_seeds must be at least 1. Got {n_seeds}.")
    if not (cv is None or isinstance(cv, Integral)):
        cv = as_splitter(cv)  # a generator can be read once
    splits = []
    for seed in range(n_seeds):
        folds = as_splitter(cv, shuffle=True, random_state=seed)
        rows = folds.split(np.empty(_num_samples(X)), as_splittable(y))
        splits += [(seed, train, test) for train, test in rows]
    if len(splits) < 2:
        raise ValueError(
            "One split has no spread, so no interval. Pass more folds or seeds."
        )
    return splits


def as_splittable(y):
    """Return labels in a form that any splitter can count the rows of."""
    if isinstance(y, Mapping):
        table = as_label_table(y)
        columns = [column.astype(object) for column in table.columns]
        cells = np.column_stack(columns)
        cells[table.missing] = None
        return cells
    return y


def with_seed(estimator, seed):
    """Return a clone whose every random_state is `seed`."""
    estimator = clone(estimator)
    names = [
        name
        for name in estimator.get_params(deep=True)
        if name.rpartition("__")[2] == "random_state"
    ]
    return estimator.set_params(**dict.fromkeys(names, seed))


def fit_and_score(estimator, X, y, split, scorer):
    """Fit to the training rows of a split and score on its test rows.

    Parameters
    ----------
    estimator : multi-output classifier

    X, y : texts and labels

    split : (int, ndarray, ndarray)
        Seed, training and test rows.

    scorer : MultiTaskScorer

    Returns
    -------
    scores : dict of {str: float}
    """
    seed, train, test = split
    fitted = with_seed(estimator, seed).fit(take_rows(X, train), take_rows(y, train))
    return scorer(fitted, take_rows(X, test), take_rows(y, test))


def corrected_interval(differences, splits, confidence):
    """Return mean and interval of paired differences over splits of the same rows.

    Training sets of several splits overlap, so their scores vary less than those of
    new data would. The variance is corrected for that by the ratio of test to training
    rows.

    Parameters
    ----------
    differences : ndarray of shape (n_splits,)
        Splits with NaN are left out.

    splits : list of (int, ndarray, ndarray)

    confidence : float
        Such as 0.95.

    Returns
    -------
    mean, low, high : float
        NaN if fewer than two splits are left.

    References
    ----------
    C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning
    52, 2003. R. R. Bouckaert, E. Frank, "Evaluating the replicability of significance
    tests for comparing learning algorithms", PAKDD 2004, for repeated folds.
    """
    kept = ~np.isnan(differences)
    n_splits = kept.sum()
    if n_splits < 2:
        return np.nan, np.nan, np.nan
    ratio = np.mean([len(test) / len(train) for _, train, test in splits])
    mean = differences[kept].mean()
    variance = differences[kept].var(ddof=1) * (1 / n_splits + ratio)
    half = student.ppf((1 + confidence) / 2, n_splits - 1) * np.sqrt(variance)
    return float(mean), float(mean - half), float(mean + half)
