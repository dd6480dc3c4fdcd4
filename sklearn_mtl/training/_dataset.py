"""Training rows with their label cells."""

import numpy as np
import torch
from scipy.sparse import issparse
from torch.utils.data import Dataset

from ..data._rows import float_type
from ..network._batch import Cells, SparseBatch, TokenBatch

# Rows whose cells are in memory at once where all are counted.
ROWS_AT_ONCE = 1 << 20


class RowDataset(Dataset):
    """Rows and label cells; returns many rows per call.

    Parameters
    ----------
    X : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)
        If it holds integers, these are token ids, and the column is the position of the
        token.

    codes : ndarray of shape (n_rows, n_tasks), dtype int32, default=None
        Negative where a cell is missing. None for rows to predict.

    weights : ndarray of shape (n_rows, n_tasks), default=None
        Weight of each cell.

    dense : ndarray of shape (n_rows, n_dense), default=None
        The dense block that belongs to sparse rows.

    spool : Spool, default=None
        The files that rows and codes are in, if these are memory maps.
    """

    def __init__(self, X, codes=None, weights=None, dense=None, spool=None):
        self.X, self.codes, self.weights, self.dense = X, codes, weights, dense
        self.spool = spool

    @classmethod
    def of_cells(cls, rows, cells, take=slice(None), dense=None):
        """Create a dataset from some rows of a fit and their cells.

        Parameters
        ----------
        rows : csr_matrix, csr_array or ndarray of shape (n_kept, n_features)

        cells : LabelledCells

        take : slice or ndarray of int, default=all

        dense : ndarray of shape (n_kept, n_dense), default=None
        """
        weights = cells.scaled_weights(float_type(rows))
        whole = cls(rows, cells.codes, weights, dense, cells.spool)
        return whole.take(take)

    @property
    def lengths(self):
        """Number of tokens of each row; None if rows hold features."""
        if issparse(self.X) and self.X.dtype.kind == "i":
            return np.diff(self.X.indptr)
        return None

    def __len__(self):
        return self.X.shape[0]

    def take(self, rows):
        """Return a dataset of some rows, given as a list, an index array or a slice."""
        if isinstance(rows, slice) and rows == slice(None):
            return self  # slicing a sparse matrix would copy it
        parts = (self.X, self.codes, self.weights, self.dense)
        taken = RowDataset(*(None if part is None else part[rows] for part in parts))
        if self.spool is not None:
            self.spool.release()
        return taken

    def cells_by_row(self, rows=slice(None)):
        """Return the mean over rows of the weight of labelled cells, for each task.

        Parameters
        ----------
        rows : ndarray of int or slice, default=all
        """
        if isinstance(rows, slice):
            rows = np.arange(len(self))[rows]
        total = np.zeros(self.codes.shape[1])
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            # In 64 bits: numpy adds row by row, and rounding errors accumulate.
            own = self.weights[some] * (self.codes[some] >= 0)
            total += own.sum(axis=0, dtype=float)
        return total / len(rows)

    def batch(self, start, stop):
        """Return the rows from `start` to `stop` with their cells, without a copy."""
        X, own = self.X, slice(start, stop)
        if issparse(X):
            values = slice(X.indptr[start], X.indptr[stop])
            offsets = X.indptr[start : stop + 1] - X.indptr[start]
            if X.dtype.kind == "i":
                ids = torch.from_numpy(X.data[values])
                rows = TokenBatch(ids, torch.from_numpy(offsets.astype(X.dtype)))
            else:
                rows = SparseBatch.from_arrays(
                    X.indices[values],
                    offsets,
                    X.data[values],
                    None if self.dense is None else self.dense[own],
                )
        else:
            # torch warns about read-only arrays, such as memory maps.
            rows = torch.from_numpy(np.require(X[own], requirements="W"))
        if self.codes is None:
            return rows, torch.zeros(0)
        codes = torch.from_numpy(self.codes[own].astype(np.int64))
        weights = np.require(self.weights[own], requirements="W")
        return rows, Cells(codes, torch.from_numpy(weights))


def sorted_by_length(dataset):
    """Return a dataset with token rows sorted by length, and the index that undoes it.

    Parameters
    ----------
    dataset : RowDataset

    Returns
    -------
    dataset : RowDataset
        The same object if rows hold features.

    back : ndarray of int, or slice
        Index that restores the original row order of results.
    """
    if dataset.lengths is None:
        return dataset, slice(None)
    order = np.argsort(dataset.lengths, kind="stable")
    return dataset.take(order), np.argsort(order)
