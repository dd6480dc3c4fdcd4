"""Batches of sparse rows and of label cells."""

from copy import copy
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from ..utils._typing import Array


class Transposed(NamedTuple):
    """The stored values of a batch ordered by feature, each feature once."""

    features: torch.Tensor
    indices: torch.Tensor
    offsets: torch.Tensor
    values: torch.Tensor


class SparseBatch:
    """Sparse rows in the form that the input layer reads.

    Parameters
    ----------
    indices, offsets, values : tensor
        The three arrays of a CSR matrix: column of each stored value, start of each row
        (plus the end of the last row), and the stored values.

    dense : tensor of shape (n_rows, n_dense), default=None
        Dense features of the same rows, next to the sparse ones.

    Attributes
    ----------
    products : dict of {str: tensor of shape (n_rows, n_outputs)}, or None
        The products of these rows with the layers of an ``InputTable``.

    Examples
    --------
    >>> import scipy.sparse
    >>> from sklearn_mtl.network import SparseBatch
    >>> rows = scipy.sparse.csr_array([[0, 2.0, 0], [1.0, 0, 3.0]])
    >>> batch = SparseBatch.from_arrays(rows.indices, rows.indptr, rows.data)
    >>> len(batch)
    2
    """

    def __init__(
        self, indices: Tensor, offsets: Tensor, values: Any, dense: Tensor | None = None
    ) -> None:
        self.indices, self.offsets, self.values = indices, offsets, values
        self.dense = dense
        self.products: Any = None
        self._transposed: Transposed | None = None

    @classmethod
    def from_arrays(
        cls, indices: Array, offsets: Array, values: Array, dense: Array | None = None
    ) -> Self:
        """Wrap the arrays of a CSR matrix, and a dense array of the same rows.

        Parameters
        ----------
        indices, offsets, values : ndarray
            Column of each stored value, start of each row (plus the end of the last
            row), and the stored values.

        dense : ndarray of shape (n_rows, n_dense), default=None
            Dense features of the same rows.

        Returns
        -------
        batch : SparseBatch
            Shares memory with the arrays where the types allow it.
        """
        if offsets.dtype != indices.dtype:
            offsets = offsets.astype(indices.dtype)
        beside = None if dense is None else torch.from_numpy(dense)
        wrap = torch.from_numpy
        return cls(wrap(indices), wrap(offsets), wrap(values), beside)

    def __len__(self):
        return len(self.offsets) - 1

    def __getitem__(self, rows):
        """Return a batch of the rows whose numbers are in the tensor `rows`."""
        sizes = self.offsets.diff()[rows]
        ends = sizes.cumsum(0)
        # The offset from the new place of each stored value to its old one.
        moves = torch.repeat_interleave(self.offsets[rows] - (ends - sizes), sizes)
        places = torch.arange(len(moves), device=moves.device) + moves
        part = copy(self)
        part.indices, part.values = self.indices[places], self.values[places]
        part.offsets = torch.cat([ends.new_zeros(1), ends]).to(self.offsets.dtype)
        part.dense = None if self.dense is None else self.dense[rows]
        part._transposed = part.products = None
        return part

    def cut(self, start: int, stop: int) -> Self:
        """Return some of the rows as a batch that shares memory.

        Parameters
        ----------
        start, stop : int
            The first row, and the one after the last.

        Returns
        -------
        part : SparseBatch
            Of the class of this batch.
        """
        first, last = (int(self.offsets[row]) for row in (start, stop))
        part = copy(self)
        part.indices, part.values = self.indices[first:last], self.values[first:last]
        part.offsets = self.offsets[start : stop + 1] - first
        part.dense = None if self.dense is None else self.dense[start:stop]
        part._transposed = part.products = None
        return part

    def transposed(self) -> "Transposed":
        """Return the batch sorted by feature; computed once.

        Returns
        -------
        transposed : Transposed
            Features that occur, and the rows and values of each.
        """
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
            first, sorted_rows, until = (torch.from_numpy(p).to(device) for p in parts)
            values = self.values[torch.from_numpy(order).to(device)]
            self._transposed = Transposed(first, sorted_rows, until, values)
        return self._transposed

    def to(self, device: Any) -> Self:
        """Return the batch on a device.

        Parameters
        ----------
        device : str or torch.device
            The target device.

        Returns
        -------
        batch : SparseBatch
            On this device.
        """
        device = torch.device(device)
        here = self.values.device
        if here.type == device.type and device.index in (None, here.index):
            return self
        moved = copy(self)
        moved.indices, moved.offsets, moved.values = (
            part.to(device) for part in (self.indices, self.offsets, self.values)
        )
        if self.dense is not None:
            moved.dense = self.dense.to(device)
        moved._transposed = moved.products = None
        if torch.is_grad_enabled():
            # Sort on the CPU; the device only multiplies.
            moved._transposed = Transposed(*(t.to(device) for t in self.transposed()))
        return moved


def weighted_sums(table, batch):
    """Return the rows of a batch times a table, without recording a gradient.

    Parameters
    ----------
    table : tensor of shape (n_features, n_outputs)

    batch : SparseBatch or Transposed
        For a Transposed, the table has a row for each row of the batch.
    """
    return embedding_bag(
        batch.indices,
        table,
        batch.offsets,
        mode="sum",
        per_sample_weights=batch.values,
        include_last_offset=True,
    )


class TokenBatch(SparseBatch):
    """Texts as token ids, in order.

    It is also a sparse batch, so layers over bags of words can read it. Each token then
    has the value 1 / sqrt(n), where n is the number of tokens in its text.

    Parameters
    ----------
    ids, offsets : tensor
        Token ids of all texts, and the start of each text (plus the end of the last
        text).

    dtype : torch.dtype, default=torch.float32
        Type of the weights of tokens in a bag.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.network import TokenBatch
    >>> batch = TokenBatch(torch.tensor([2, 3, 2]), torch.tensor([0, 2, 3]))
    >>> ids, lengths = batch.padded()
    >>> ids.tolist(), lengths.tolist()
    ([[2, 3], [2, 0]], [2, 1])
    """

    def __init__(
        self, ids: Tensor, offsets: Tensor, dtype: Any = torch.float32
    ) -> None:
        sizes = offsets.diff()
        weights = sizes.clamp(min=1).to(dtype).rsqrt()
        super().__init__(ids, offsets, torch.repeat_interleave(weights, sizes))
        self._padded: tuple[Tensor, Tensor] | None = None

    def __getitem__(self, rows):
        part = super().__getitem__(rows)
        part._padded = None
        return part

    def cut(self, start: int, stop: int) -> Self:
        part = super().cut(start, stop)
        # As long as in the whole batch, so that dropout draws the same numbers.
        part._padded = tuple(table[start:stop] for table in self.padded())
        return part

    def padded(self) -> tuple[Tensor, Tensor]:
        """Return the ids as a table padded with 0. Computed once.

        Returns
        -------
        ids : tensor of shape (n_rows, longest), dtype int64
            At least one column.

        lengths : tensor of shape (n_rows,), dtype int64
            Number of tokens in each text.
        """
        if self._padded is None:
            lengths = self.offsets.diff().long()
            longest = max(int(lengths.max()), 1)
            places = torch.arange(longest, device=lengths.device)
            table = torch.zeros(
                len(self), longest, dtype=torch.int64, device=lengths.device
            )
            table[places < lengths.unsqueeze(1)] = self.indices.long()
            self._padded = table, lengths
        return self._padded

    def to(self, device: Any) -> Self:
        moved = super().to(device)
        if moved is not self:
            padded, lengths = self.padded()
            moved._padded = padded.to(device), lengths.to(device)
        return moved


class Cells(NamedTuple):
    """The label side of a batch.

    Attributes
    ----------
    codes : tensor of shape (n_rows, n_codes), dtype int64
        Negative where a cell is missing.

    weights : tensor of shape (n_rows, n_codes)
        The weight of each cell in the loss.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.network import Cells
    >>> codes = torch.tensor([[0, 2], [1, -1]])
    >>> cells = Cells(codes, torch.ones(2, 2))
    >>> (cells.codes >= 0).tolist()  # the second row has no label for the second task
    [[True, True], [True, False]]
    """

    codes: torch.Tensor
    weights: torch.Tensor

    def to(self, device: Any) -> Self:
        """Return the cells on a device.

        Parameters
        ----------
        device : str or torch.device
            The target device.

        Returns
        -------
        cells : Cells
            On this device.
        """
        return type(self)(self.codes.to(device), self.weights.to(device))
