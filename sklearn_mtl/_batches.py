"""Rows to batches: whole slices of the matrix, never row by row."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import issparse
from torch.utils.data import Dataset

# Batches whose rows are taken out of the matrix at once: a call for each batch would
# cost more than the copying.
BATCHES_AT_ONCE = 16


class Transposed(NamedTuple):
    """The stored values of a batch ordered by feature, each feature once."""

    features: torch.Tensor
    indices: torch.Tensor
    offsets: torch.Tensor
    values: torch.Tensor


class SparseBatch:
    """A few sparse rows in the form that the input layer reads.

    Parameters
    ----------
    indices, offsets, values : tensor
        Column numbers, row starts (with the end as last) and stored values: the three
        arrays of a CSR matrix.
    """

    def __init__(self, indices, offsets, values):
        self.indices, self.offsets, self.values = indices, offsets, values
        self._transposed = None

    @classmethod
    def from_arrays(cls, indices, offsets, values):
        """Wrap the arrays of a CSR matrix."""
        if offsets.dtype != indices.dtype:
            offsets = offsets.astype(indices.dtype)
        return cls(*map(torch.from_numpy, (indices, offsets, values)))

    def __len__(self):
        return len(self.offsets) - 1

    def transposed(self):
        """Return the batch by feature; made once, by sorting the column numbers."""
        if self._transposed is None:
            device = self.values.device
            indices, offsets = self.indices.cpu().numpy(), self.offsets.cpu().numpy()
            order = np.argsort(indices)
            ordered = indices[order]
            starts = np.flatnonzero(np.diff(ordered, prepend=-1))
            rows = np.repeat(
                np.arange(len(self), dtype=indices.dtype), np.diff(offsets)
            )
            parts = (
                ordered[starts].astype(np.int64),
                rows[order],
                np.append(starts, len(order)).astype(indices.dtype),
            )
            features, rows, starts = (torch.from_numpy(p).to(device) for p in parts)
            values = self.values[torch.from_numpy(order).to(device)]
            self._transposed = Transposed(features, rows, starts, values)
        return self._transposed

    def to(self, device):
        device = torch.device(device)
        here = self.values.device
        if here.type == device.type and device.index in (None, here.index):
            return self
        moved = SparseBatch(
            self.indices.to(device), self.offsets.to(device), self.values.to(device)
        )
        if torch.is_grad_enabled():
            # Sorted where the matrix lives: the device only multiplies.
            moved._transposed = Transposed(*(t.to(device) for t in self.transposed()))
        return moved


class Cells(NamedTuple):
    """The label side of a batch.

    ``codes`` has shape (n_rows, n_tasks), negative where a cell is missing; ``weights``
    has the same shape.
    """

    codes: torch.Tensor
    weights: torch.Tensor


class RowDataset(Dataset):
    """Rows and label cells, of which many are taken at once.

    Parameters
    ----------
    X : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)

    codes : ndarray of shape (n_rows, n_tasks), dtype int32, default=None
        Negative where a cell is missing. None for rows to predict.

    weights : ndarray of shape (n_rows, n_tasks), default=None
        Weight of each cell.
    """

    def __init__(self, X, codes=None, weights=None):
        self.X, self.codes, self.weights = X, codes, weights

    def __len__(self):
        return self.X.shape[0]

    def take(self, rows):
        """Return a dataset of some rows, a list or array of numbers or a slice."""
        if self.codes is None:
            return RowDataset(self.X[rows])
        return RowDataset(self.X[rows], self.codes[rows], self.weights[rows])

    def cells_by_row(self):
        """Return the weight of the labelled cells of each task, as a mean over rows."""
        # In 64 bits: numpy adds the rows of a table one by one, and the error grows.
        return (self.weights * (self.codes >= 0)).mean(axis=0, dtype=float)

    def batch(self, start, stop):
        """Return the rows from `start` to `stop` with their cells, without a copy."""
        X, own = self.X, slice(start, stop)
        if issparse(X):
            values = slice(X.indptr[start], X.indptr[stop])
            offsets = X.indptr[start : stop + 1] - X.indptr[start]
            rows = SparseBatch.from_arrays(X.indices[values], offsets, X.data[values])
        else:
            # torch warns of arrays that it may not write to: a memory map, perhaps.
            rows = torch.from_numpy(np.require(X[own], requirements="W"))
        if self.codes is None:
            return rows, torch.zeros(0)
        codes = torch.from_numpy(self.codes[own].astype(np.int64))
        return rows, Cells(codes, torch.from_numpy(self.weights[own]))


class BatchLoader:
    """The batches of a dataset, each made while the one before is used.

    Stands where skorch expects a :class:`torch.utils.data.DataLoader`. The next batch
    is made on a second thread: numpy and torch let go of the interpreter for most of
    the work.

    Parameters
    ----------
    dataset : RowDataset

    batch_size : int, default=1
        Rows in a batch; the last may have fewer.

    shuffle : bool, default=False
        Whether to visit the rows in a new random order each time.

    generator : torch.Generator, default=None
        Source of that order.

    transpose : bool, default=False
        Whether sparse batches are to be made by feature, too, as a step needs them.
    """

    def __init__(
        self, dataset, batch_size=1, *, shuffle=False, generator=None, transpose=False
    ):
        self.dataset, self.batch_size = dataset, batch_size
        self.shuffle, self.generator, self.transpose = shuffle, generator, transpose

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        batches = self._batches()
        return batches if len(self) == 1 else _made_ahead(batches)

    def _batches(self):
        n_rows, at_once = len(self.dataset), BATCHES_AT_ONCE * self.batch_size
        if self.shuffle:
            order = torch.randperm(n_rows, generator=self.generator).numpy()
        for first in range(0, n_rows, at_once):
            block = slice(first, first + at_once)
            taken = self.dataset.take(order[block] if self.shuffle else block)
            for start in range(0, len(taken), self.batch_size):
                batch = taken.batch(start, min(start + self.batch_size, len(taken)))
                if self.transpose and isinstance(batch[0], SparseBatch):
                    batch[0].transposed()
                yield batch


def _made_ahead(batches):
    """Yield what an iterator yields, one item ahead on a thread of its own."""
    with ThreadPoolExecutor(1) as worker:
        ahead = worker.submit(next, batches, None)
        while (batch := ahead.result()) is not None:
            ahead = worker.submit(next, batches, None)
            yield batch
