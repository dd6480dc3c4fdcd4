"""Scaling of numeric and categorical columns that would dominate words.

The step of plain gradient descent on a weight is proportional to the mean square of its
column. Words occur in few rows and have small values. Numbers are in all rows, and a
stored category has the value 1. Unscaled, such columns would determine the scale of all
rows, and gradient descent on their weights would overshoot. So they are standardised
and scaled to the size of words.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, issparse

# A column stored in more than this share of the rows is a number, not a word.
NUMBER_SHARE = 0.5
# A number dominates if its mean square is above this fraction of the mean square of all
# words together; a category, if its mean square in the rows that store it is. In TF-IDF
# rows the most frequent word has 0.02, and a category beside them 1.
DOMINANT_NUMBER = 0.03
DOMINANT_CATEGORY = 0.25
# The new mean square of such columns where stored, as a fraction of that of all words.
# It is smaller if their largest eigenvalue would otherwise exceed LARGEST.
STRENGTH = 0.01
LARGEST = 0.03
# Columns of a table are standardised if one has more than this many times the typical
# standard deviation.
TABLE_RATIO = 30


@dataclass(frozen=True)
class ColumnScales:
    """Linear scaling of some columns.

    Attributes
    ----------
    columns : ndarray of int of shape (n_columns,)

    means : ndarray of shape (n_columns,)
        Subtracted first. 0 for columns that stay sparse.

    factors : ndarray of shape (n_columns,)
        Multiply the centred columns. 0 for constant columns.
    """

    columns: np.ndarray
    means: np.ndarray
    factors: np.ndarray

    def apply(self, rows):
        """Return rows with these columns scaled, in the same float type."""
        if not issparse(rows):
            rows = rows.copy()
            rows[:, self.columns] = self._mapped(rows[:, self.columns])
            return rows
        # Centred columns are non-zero in most rows; only these are made dense.
        centred = self.columns[self.means != 0]
        part = csr_array(self._mapped(rows[:, centred].toarray(), self.means != 0))
        factors = np.ones(rows.shape[1])
        factors[self.columns] = self.factors
        factors[centred] = 0
        values = (rows.data * factors[rows.indices]).astype(rows.dtype)
        rest = type(rows)((values, rows.indices, rows.indptr), rows.shape)
        places = centred.astype(rows.indices.dtype)[part.indices]
        indptr = part.indptr.astype(rows.indptr.dtype)
        mapped = rest + type(rows)((part.data, places, indptr), rows.shape)
        mapped.eliminate_zeros()
        mapped.sum_duplicates()  # sorts the columns of each row
        return mapped

    def _mapped(self, values, which=slice(None)):
        mapped = (values - self.means[which]) * self.factors[which]
        return mapped.astype(values.dtype)


def find_column_scales(rows, weights):
    """Find the columns that dominate rows, and how to scale them.

    In sparse rows these are large numbers (stored in most rows), categories (always 1
    where stored) beside normalised words, and columns that are larger than all others
    together. Numbers are standardised; the other columns stay sparse. Rows without such
    columns, such as those of text vectorizers, do not change.

    A dense array of mostly zeros is treated like sparse rows. Other arrays of numbers,
    and rows without words, are tables: all columns are standardised if their scales
    differ greatly.

    Parameters
    ----------
    rows : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)

    weights : ndarray of shape (n_rows,)

    Returns
    -------
    scales : ColumnScales or None
        None if no column needs scaling.
    """
    weights = weights / weights.sum()
    if not issparse(rows):
        if np.count_nonzero(rows) > NUMBER_SHARE * rows.size:
            return _table_scales(rows, weights, np.ones(rows.shape[1], dtype=bool))
        rows = csr_array(rows)  # perhaps words in a dense array
    stored = csr_array((np.ones(rows.nnz), rows.indices, rows.indptr), rows.shape)
    shares = weights @ stored
    stored.data = rows.data.astype(float) ** 2
    squares, norms = weights @ stored, stored.sum(axis=1)
    is_number = shares > NUMBER_SHARE
    others = ~is_number
    while (large := others & (squares > squares[others].sum() / 2)).any():
        others &= ~large
    low, high = _ranges(rows)
    ones = others & (low == 1) & (high == 1)
    words = others & ~ones
    size = squares[words].sum()
    if not size:
        return _table_scales(rows, weights, is_number)
    dominates = squares > DOMINANT_NUMBER * size
    is_large = dominates.copy()
    # Rows with equal norms are normalised text. Most rows may contain the same word,
    # but rarely with the same value.
    norms = norms[norms > 0]
    if np.ptp(norms) <= 1e-3 * norms.max():
        is_large &= low == high
    # An embedding has many small columns, which do not change.
    number = is_number & (is_large | (dominates & (low < 0)))
    sparse = ~is_number & ~others
    if DOMINANT_CATEGORY * size < 1:
        sparse |= ones
    if not (number | sparse).any():
        return None
    columns = np.flatnonzero(number | sparse)
    factors = 1 / np.sqrt(squares[columns] / shares[columns])
    # Columns that may dominate together. They are few, because their shares are large.
    strong = number[columns] | (shares[columns] > STRENGTH)
    means = np.zeros(len(columns))
    means[strong], factors[strong], values = _standardised(
        rows, weights, columns[strong], is_number, shares
    )
    eigenvalues = np.linalg.eigvalsh((values.T * weights) @ values)
    strength = LARGEST / eigenvalues.max(initial=LARGEST / STRENGTH)
    return ColumnScales(columns, means, factors * np.sqrt(strength * size))


def _ranges(rows):
    """Return the lowest and the highest stored value of each column."""
    low, high = np.full(rows.shape[1], np.inf), np.full(rows.shape[1], -np.inf)
    np.minimum.at(low, rows.indices, rows.data)
    np.maximum.at(high, rows.indices, rows.data)
    return low, high


def _table_scales(rows, weights, is_number):
    """Standardise all columns if their scales differ greatly.

    Columns that are not numbers stay sparse and are scaled to a mean square of 1.
    """
    squares = rows.astype(float)
    squares = weights @ (squares.power(2) if issparse(rows) else squares**2)
    sizes = np.sqrt(squares)
    means = np.zeros(len(sizes))
    factors = np.divide(1.0, sizes, out=np.zeros_like(sizes), where=sizes > 0)
    numbers = np.flatnonzero(is_number)
    means[numbers], factors[numbers], _ = _standardised(
        rows, weights, numbers, is_number, np.ones(len(sizes))
    )
    varies = factors > 0
    if not varies.any():
        return None
    typical = np.quantile(1 / factors[varies], 0.25, method="lower")
    if sizes.max() <= TABLE_RATIO * typical:
        return None
    return ColumnScales(np.arange(len(sizes)), means, factors)


def _standardised(rows, weights, columns, is_number, shares):
    """Standardise columns.

    Returns
    -------
    means, factors : ndarray of shape (n_columns,)
        As in :class:`ColumnScales`, for a standard deviation of 1; for other columns,
        which stay sparse, for a mean square of 1 where they are stored.

    values : ndarray of shape (n_rows, n_columns)
        The columns with both applied.
    """
    values = rows[:, columns]
    values = (values.toarray() if issparse(rows) else values).astype(float)
    sizes = np.sqrt(weights @ values**2)
    means = np.where(is_number[columns], weights @ values, 0.0)
    values -= means
    spreads = np.sqrt(weights @ values**2)
    spreads /= np.where(is_number, 1.0, np.sqrt(shares))[columns]
    # A centred constant is only rounding error.
    varies = spreads > 1e-12 * sizes
    factors = np.divide(1.0, spreads, out=np.zeros_like(spreads), where=varies)
    return means, factors, values * factors
