"""Rows to batches: whole slices of the matrix, never row by row."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import issparse
from torch.utils.data import DataLoader, Dataset


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
    def from_csr(cls, rows):
        indices, offsets = rows.indices, rows.indptr
        if offsets.dtype != indices.dtype:
            offsets = offsets.astype(indices.dtype)
        return cls(*map(torch.from_numpy, (indices, offsets, rows.data)))

    def __len__(self):
        return len(self.offsets) - 1

    def transposed(self):
        """Return the batch by feature; made once, by sorting the column numbers."""
        if self._transposed is None:
            device = self.values.device
            indices, offsets = self.indices.cpu().numpy(), self.offsets.cpu().numpy()
            order = np.argsort(indices, kind="stable")
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
    """Rows and label cells from which a list of row numbers takes a batch at once.

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

    def __getitem__(self, row):
        return self.__getitems__([row])

    def __getitems__(self, rows):
        X = self.X[rows]
        X = SparseBatch.from_csr(X) if issparse(X) else torch.from_numpy(X)
        if self.codes is None:
            return X, torch.zeros(0)
        codes = torch.from_numpy(self.codes[rows].astype(np.int64))
        return X, Cells(codes, torch.from_numpy(self.weights[rows]))


def _as_is(batch):
    return batch


class BatchLoader(DataLoader):
    """A DataLoader whose dataset hands out finished batches."""

    def __init__(self, dataset, **kwargs):
        super().__init__(dataset, collate_fn=_as_is, **kwargs)
