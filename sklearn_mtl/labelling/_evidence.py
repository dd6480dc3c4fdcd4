"""Probabilities of labels that also use the labels of the other tasks.

The probabilities of a classifier are multiplied by a factor for each other column: how
much more often a label occurs beside the label of that column than elsewhere. Each
factor has an exponent, fitted so that columns which say the same do not count twice.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

# Lower probabilities are raised to this, so that no label is impossible.
_LOWEST = 1e-4
# Rows with a factor of 1 that are added to each label of another column.
_PSEUDO_ROWS = 3.0
# Exponents are few, so this many cells suffice to fit them.
_MOST_CELLS = 5000
# Other columns that a column uses: those with the most information about it.
_MOST_COLUMNS = 40


class Column(NamedTuple):
    """The cells of a task, or of one label of a task whose cells hold several.

    Attributes
    ----------
    codes : ndarray of shape (n_rows,)
        The class of each cell, -1 if it is empty.

    probabilities : ndarray of shape (n_rows, n_classes)
        Of a classifier that was not fitted to the row.
    """

    codes: np.ndarray
    probabilities: np.ndarray


class _Factor(NamedTuple):
    information: float
    logs: np.ndarray  # of shape (n_folds, n_labels of the other column, n_classes)
    folds: np.ndarray
    beside: np.ndarray

    def of(self, cells):
        """Return the logarithm of the factor for some cells."""
        return self.logs[self.folds[cells], self.beside[cells]]


def with_evidence(columns, folds):
    """Return probabilities that also use the labels of the other columns.

    Parameters
    ----------
    columns : list of Column

    folds : ndarray of int of shape (n_rows,)
        The factors of a row are counted in the rows of the other folds.

    Returns
    -------
    probabilities : list of ndarray of shape (n_rows, n_classes)
        Empty cells keep the probabilities of the classifier.
    """
    return [_combined(columns, k, folds) for k in range(len(columns))]


def _combined(columns, k, folds):
    found = columns[k].probabilities.copy()
    rows = np.flatnonzero(columns[k].codes >= 0)
    codes, folds = columns[k].codes[rows], folds[rows]
    factors = []
    for other in columns[:k] + columns[k + 1 :]:
        beside = other.codes[rows]  # an empty cell is information too
        if (beside != beside[:1]).any():
            factors.append(_factor(codes, beside, folds, found.shape[1]))
    factors.sort(key=lambda factor: -factor.information)
    del factors[_MOST_COLUMNS:]
    own = np.log(np.maximum(found[rows], _LOWEST))
    some = slice(None, None, max(1, len(rows) // _MOST_CELLS))
    logs = np.array([own[some], *(factor.of(some) for factor in factors)])
    first, *others = _exponents(logs, codes[some])
    own *= first
    for factor, exponent in zip(factors, others, strict=True):
        own += exponent * factor.of(slice(None))
    found[rows] = np.exp(own - logsumexp(own, axis=1, keepdims=True))
    return found


def _factor(codes, beside, folds, n_classes):
    beside = np.unique(beside, return_inverse=True)[1]
    folds = np.unique(folds, return_inverse=True)[1]
    counts = np.zeros((folds.max() + 1, beside.max() + 1, n_classes))
    np.add.at(counts, (folds, beside, codes), 1)
    counts = counts.sum(axis=0) - counts  # in the rows of the other folds
    shares = counts.sum(axis=1, keepdims=True) + 1 / n_classes
    shares /= shares.sum(axis=2, keepdims=True)
    there = counts.sum(axis=2, keepdims=True)
    logs = np.log((counts + _PSEUDO_ROWS * shares) / (there + _PSEUDO_ROWS) / shares)
    return _Factor((counts * logs).sum(), logs, folds, beside)


def _exponents(logs, codes):
    """Return the exponent of each factor by maximum likelihood; none is negative.

    A penalty draws the first to 1, that of the classifier, and the others to 0.

    Parameters
    ----------
    logs : ndarray of shape (n_factors, n_cells, n_classes)

    codes : ndarray of shape (n_cells,)

    Returns
    -------
    exponents : ndarray of shape (n_factors,)
    """
    cells, start = np.arange(len(codes)), np.eye(len(logs))[0]

    def loss(exponents):
        logits = np.tensordot(exponents, logs, 1)
        total = logsumexp(logits, axis=1)
        errors = np.exp(logits - total[:, None])
        errors[cells, codes] -= 1
        away = exponents - start
        value = (total - logits[cells, codes]).sum() + away @ away
        return value, np.tensordot(logs, errors, 2) + 2 * away

    bounds = [(0, None)] * len(logs)
    return minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
