"""What can be said of rows in any container, without a network."""

import numpy as np
from scipy.sparse import issparse


def squared_norms(rows):
    """Return the squared norm of each row, summed in 64 bits.

    Each row is summed by itself. The difference of two running sums over all rows
    would lose a small row beside a large one.

    Parameters
    ----------
    rows : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)

    Returns
    -------
    norms : ndarray of shape (n_rows,), dtype float64
    """
    if not issparse(rows):
        return np.einsum("ij,ij->i", rows, rows, dtype=float)
    squares = np.square(rows.data[: rows.indptr[-1]], dtype=float)
    norms = np.zeros(rows.shape[0])
    filled = np.flatnonzero(np.diff(rows.indptr))  # reduceat misreads empty rows
    if len(filled):
        norms[filled] = np.add.reduceat(squares, rows.indptr[filled])
    return norms
