"""Rows of a fit and of a prediction: their format, and the steps that build them.

Nothing here needs scikit-learn: a runtime without it builds rows by the same steps.
"""

from copy import copy
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, issparse

from ..feature_extraction._tokens import UNKNOWN
from ..utils._rows import n_rows, squared_norms

# Data of at most this many rows are small: full batches, no dropout, min_df of 1.
SMALL = 200
# Up to this many rows, bag-of-words models train in full batches without dropout.
FEW = 3000


@dataclass(frozen=True)
class RowSteps:
    """The steps from texts, or numeric rows, to the input of the network.

    Attributes
    ----------
    vectorize : callable
        Turns texts into rows. Not called for numeric rows.

    column_scales : ColumnScales or None

    term_weights : ndarray of shape (n_features,) or None

    embedding : DenseBlock or None
    """

    vectorize: object
    column_scales: object = None
    term_weights: object = None
    embedding: object = None

    def __call__(self, X, memory=None):
        """Return the rows of texts, and their dense block or None."""
        rows = self.finish(self.vectorize(X))
        if self.embedding is None:
            return rows, None
        return rows, self.embedding.block(X, rows, memory)

    def finish(self, rows):
        """Scale columns and apply term weights."""
        return self.weigh(self.scale(rows))

    def scale(self, rows):
        """Scale numeric and categorical columns."""
        scales = self.column_scales
        return rows if scales is None else scales.apply(rows)

    def weigh(self, rows):
        """Multiply features by their term weights."""
        weights = self.term_weights
        return rows if weights is None else weigh_terms(rows, weights)


def as_rows(rows):
    """Return rows as finite float CSR matrix or ndarray, ready for batches."""
    rows = rows.tocsr() if issparse(rows) else np.ascontiguousarray(rows)
    if rows.dtype not in (np.float32, np.float64):
        rows = rows.astype(np.float32)
    if issparse(rows) and not rows.has_canonical_format:
        rows = rows.copy()  # may belong to the caller
        rows.sum_duplicates()
    refuse_non_finite(rows.data if issparse(rows) else rows)
    return rows


def made_rows(rows, X):
    """Return the output of a vectorizer for X, checked and in the form of `as_rows`.

    Raises
    ------
    ValueError
        If the vectorizer changed the number of rows, or returned numbers that are not
        finite.
    """
    rows = as_rows(rows)
    if rows.shape[0] != n_rows(X):
        raise ValueError(
            f"The vectorizer returned {rows.shape[0]} row(s) for the {n_rows(X)} "
            "row(s) of X. In a ColumnTransformer, give the column of a text "
            "vectorizer by name, 'text', and not in a list, ['text']."
        )
    return rows


def refuse_non_finite(values):
    """Raise a ValueError if an array of floats holds NaN or infinity."""
    if np.isfinite(values).all():
        return
    found = "NaN" if np.isnan(values).any() else "infinity"
    raise ValueError(f"Input X contains {found}. Rows must hold finite numbers.")


def join_columns(parts):
    """Join sparse rows horizontally; faster than ``scipy.sparse.hstack``.

    Parameters
    ----------
    parts : list of csr_array or csr_matrix of shape (n_rows, any)

    Returns
    -------
    rows : csr_array or csr_matrix
        Of the class of the first part.
    """
    n_columns = sum(part.shape[1] for part in parts)
    n_stored = sum(part.nnz for part in parts)
    small = max(n_columns, n_stored) <= np.iinfo(np.int32).max
    kind = np.int32 if small else np.int64
    starts = sum(part.indptr.astype(kind) for part in parts)
    values = np.empty(n_stored, dtype=np.result_type(*(part.dtype for part in parts)))
    indices = np.empty(n_stored, dtype=kind)
    places, first = starts[:-1].copy(), 0
    for part in parts:
        sizes = np.diff(part.indptr)
        own = np.arange(part.nnz, dtype=kind)
        own += np.repeat(places - part.indptr[:-1], sizes)
        values[own], indices[own] = part.data, part.indices
        indices[own] += first
        places += sizes
        first += part.shape[1]
    shape = parts[0].shape[0], n_columns
    return type(parts[0])((values, indices, starts), shape)


def weigh_terms(rows, weights):
    """Multiply each feature by its weight, and rescale rows to their former norms.

    Parameters
    ----------
    rows : csr_matrix or csr_array of shape (n_rows, n_features)

    weights : ndarray of shape (n_features,)

    Returns
    -------
    rows : csr_matrix or csr_array
        A new matrix that shares the indices.
    """
    values = rows.data * weights.astype(rows.dtype)[rows.indices]
    weighed = copy(rows)
    weighed.data = values
    before, after = squared_norms(rows), squared_norms(weighed)
    factors = np.sqrt(np.divide(before, after, out=after, where=after > 0))
    values *= np.repeat(factors, np.diff(rows.indptr)).astype(rows.dtype)
    return weighed


def match_trunk(rows, *, sparse, tokens=False, n_tokens=None):
    """Return rows in the form that a trunk reads.

    Parameters
    ----------
    rows : csr_matrix, csr_array or ndarray

    sparse : bool
        Whether to convert dense rows to sparse ones.

    tokens : bool, default=False
        Whether the trunk reads token ids.

    n_tokens : int, default=None
        Number of ids that a fitted network knows; others become UNKNOWN.

    Returns
    -------
    rows : csr_matrix, csr_array or ndarray
        Of dtype int32 for tokens.

    Raises
    ------
    ValueError
        If `tokens` is True and rows are not token ids.
    """
    if not tokens:
        return csr_array(rows) if sparse and not issparse(rows) else rows
    if not issparse(rows) or not _are_sequences(rows):
        raise ValueError(
            "The trunk reads sequences of token ids, but the rows are bags of features."
            " Use vectorizer='auto' with texts, or SequenceVectorizer."
        )
    ids = rows.data.astype(np.int32)
    if n_tokens is not None:
        ids[ids >= n_tokens] = UNKNOWN
    return csr_array((ids, rows.indices, rows.indptr), rows.shape)


def _are_sequences(rows):
    """Whether each row has positive integers in its columns 0, 1, 2, ..."""
    starts = np.repeat(rows.indptr[:-1], np.diff(rows.indptr))
    return bool(
        (rows.data >= 1).all()
        and (rows.data == np.floor(rows.data)).all()
        and (rows.indices == np.arange(rows.nnz) - starts).all()
    )


def float_type(rows):
    """Return the float type of a network for these rows."""
    return rows.dtype if rows.dtype.kind == "f" else np.dtype(np.float32)


def row_scale(rows, weights):
    """Return the factor that scales rows to a weighted mean squared norm of 1."""
    mean = float(np.average(squared_norms(rows), weights=weights))
    return mean**-0.5 if mean > 0 else 1.0
