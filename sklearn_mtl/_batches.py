"""Rows to batches: whole slices of the matrix, never row by row."""

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import issparse
from torch.utils.data import Dataset

from ._runtime import threads

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

    Attributes
    ----------
    products : sequence of tensors of shape (n_rows, n_outputs), or None
        What a :class:`~sklearn_mtl._layers.JointTable` made of these rows for each of
        its layers, which read it here.
    """

    def __init__(self, indices, offsets, values):
        self.indices, self.offsets, self.values = indices, offsets, values
        self._transposed = self.products = None

    @classmethod
    def from_arrays(cls, indices, offsets, values):
        """Wrap the arrays of a CSR matrix."""
        if offsets.dtype != indices.dtype:
            offsets = offsets.astype(indices.dtype)
        return cls(*map(torch.from_numpy, (indices, offsets, values)))

    def __len__(self):
        return len(self.offsets) - 1

    def __getitem__(self, rows):
        """Return a batch of some rows, a tensor of their numbers."""
        sizes = self.offsets.diff()[rows]
        ends = sizes.cumsum(0)
        # How far each stored value moves to the front.
        moves = torch.repeat_interleave(self.offsets[rows] - (ends - sizes), sizes)
        places = torch.arange(len(moves), device=moves.device) + moves
        part = copy(self)
        part.indices, part.values = self.indices[places], self.values[places]
        part.offsets = torch.cat([ends.new_zeros(1), ends]).to(self.offsets.dtype)
        part._transposed = part.products = None
        return part

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
        moved = copy(self)
        moved.indices, moved.offsets, moved.values = (
            part.to(device) for part in (self.indices, self.offsets, self.values)
        )
        moved._transposed = moved.products = None
        if torch.is_grad_enabled():
            # Sorted where the matrix lives: the device only multiplies.
            moved._transposed = Transposed(*(t.to(device) for t in self.transposed()))
        return moved


class TokenBatch(SparseBatch):
    """A few texts as ids of tokens, in the order in which they stand.

    It is a sparse batch as well, so that a layer over bags of words can stand beside a
    network that reads sequences: each token counts 1 / sqrt(tokens of its text).

    Parameters
    ----------
    ids, offsets : tensor
        Ids of the tokens of all texts, and where each text starts (with the end as
        last).

    dtype : torch.dtype, default=torch.float32
        Of the weight of tokens in a bag.
    """

    def __init__(self, ids, offsets, dtype=torch.float32):
        sizes = offsets.diff()
        weights = sizes.clamp(min=1).to(dtype).rsqrt()
        super().__init__(ids, offsets, torch.repeat_interleave(weights, sizes))
        self._padded = None

    def __getitem__(self, rows):
        part = super().__getitem__(rows)
        part._padded = None
        return part

    def padded(self):
        """Return ids as a table, 0 after the end of a text; made once.

        Returns
        -------
        ids : tensor of shape (n_rows, longest), dtype int64
            With a column at least.

        lengths : tensor of shape (n_rows,), dtype int64
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

    def to(self, device):
        moved = super().to(device)
        if moved is not self:
            moved._padded = tuple(part.to(device) for part in self.padded())
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
        Integers are ids of tokens, stored at the places of the tokens.

    codes : ndarray of shape (n_rows, n_tasks), dtype int32, default=None
        Negative where a cell is missing. None for rows to predict.

    weights : ndarray of shape (n_rows, n_tasks), default=None
        Weight of each cell.
    """

    def __init__(self, X, codes=None, weights=None):
        self.X, self.codes, self.weights = X, codes, weights

    @property
    def lengths(self):
        """Tokens of each row, None where rows are rows of features."""
        if issparse(self.X) and self.X.dtype.kind == "i":
            return np.diff(self.X.indptr)
        return None

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
            if X.dtype.kind == "i":
                ids = torch.from_numpy(X.data[values])
                rows = TokenBatch(ids, torch.from_numpy(offsets.astype(X.dtype)))
            else:
                rows = SparseBatch.from_arrays(
                    X.indices[values], offsets, X.data[values]
                )
        else:
            # torch warns of arrays that it may not write to: a memory map, perhaps.
            rows = torch.from_numpy(np.require(X[own], requirements="W"))
        if self.codes is None:
            return rows, torch.zeros(0)
        codes = torch.from_numpy(self.codes[own].astype(np.int64))
        return rows, Cells(codes, torch.from_numpy(self.weights[own]))


def sorted_by_length(dataset):
    """Return a dataset of token rows with the shortest first, and the way back.

    Parameters
    ----------
    dataset : RowDataset

    Returns
    -------
    dataset : RowDataset
        The same one where rows are rows of features.

    back : ndarray of int, or slice
        Takes results of its rows back into the order of before.
    """
    if dataset.lengths is None:
        return dataset, slice(None)
    order = np.argsort(dataset.lengths, kind="stable")
    return dataset.take(order), np.argsort(order)


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
        Whether to visit the rows in a new random order each time. Of token rows, those
        of about the same length share a batch, so that little of it is padding.

    generator : torch.Generator, default=None
        Source of that order.

    transpose : bool, default=False
        Whether sparse batches are to be made by feature, too, as a step needs them.

    record : BatchRecord, default=None
        Of loaders that go through the same rows in the same order.

    rows_at_once : callable, default=None
        Of token rows: from the tokens of the longest row of a batch to the most rows
        that it may have, so that memory stays bounded where texts are long.
    """

    def __init__(
        self,
        dataset,
        batch_size=1,
        *,
        shuffle=False,
        generator=None,
        transpose=False,
        record=None,
        rows_at_once=None,
    ):
        self.dataset, self.batch_size = dataset, batch_size
        self.rows_at_once = rows_at_once
        self.shuffle, self.generator, self.transpose = shuffle, generator, transpose
        self.record, self._epoch = record, -1

    def __len__(self):
        if self.rows_at_once is None:
            return -(-len(self.dataset) // self.batch_size)
        return sum(
            len(self._slices(self.dataset.take(block))) for block in self._blocks()
        )

    def __iter__(self):
        self._epoch += 1
        n_rows, order = len(self.dataset), None
        if self.shuffle:  # drawn even for an epoch on record: the next one follows it
            order = torch.randperm(n_rows, generator=self.generator).numpy()
            if self.dataset.lengths is not None:
                order = self._by_length(order)
        if self.record is not None and self._epoch in self.record.epochs:
            return iter(self.record.epochs[self._epoch])
        batches = self._batches(order)
        if len(self) > 1:
            batches = made_ahead(batches)
        if self.record is None:
            return batches
        return self.record.kept(self._epoch, batches)

    def _by_length(self, order):
        """Sort each run of some batches by length, and put its batches in any order."""
        lengths, size = self.dataset.lengths, self.batch_size
        parts = []
        for first in range(0, len(order), BATCHES_AT_ONCE * size):
            rows = order[first : first + BATCHES_AT_ONCE * size]
            rows = rows[np.argsort(lengths[rows], kind="stable")]
            n_whole = len(rows) // size
            batches = torch.randperm(n_whole, generator=self.generator).tolist()
            parts += [rows[k * size : (k + 1) * size] for k in batches]
            parts.append(rows[n_whole * size :])
        return np.concatenate(parts)

    def _blocks(self):
        """Return the slices of rows that are taken out of the matrix at once."""
        at_once = BATCHES_AT_ONCE * self.batch_size
        starts = range(0, len(self.dataset), at_once)
        return [slice(start, start + at_once) for start in starts]

    def _slices(self, rows):
        """Return where each batch of some taken rows starts and stops."""
        slices, start, lengths = [], 0, rows.lengths
        while start < len(rows):
            stop = min(start + self.batch_size, len(rows))
            if self.rows_at_once is not None and lengths is not None:
                while stop - start > 1:
                    longest = max(int(lengths[start:stop].max()), 1)
                    if stop - start <= self.rows_at_once(longest):
                        break
                    stop -= (stop - start) // 2
            slices.append((start, stop))
            start = stop
        return slices

    def _batches(self, order):
        for block in self._blocks():
            taken = self.dataset.take(order[block] if self.shuffle else block)
            for start, stop in self._slices(taken):
                batch = taken.batch(start, stop)
                if self.transpose and isinstance(batch[0], SparseBatch):
                    batch[0].transposed()
                if isinstance(batch[0], TokenBatch):
                    batch[0].padded()
                yield batch


def made_ahead(batches):
    """Yield what an iterator yields, one item ahead on a thread of its own."""
    number = torch.get_num_threads()  # a new thread starts with that of the process

    def following():
        with threads(number):
            return next(batches, None)

    with ThreadPoolExecutor(1) as worker:
        ahead = worker.submit(following)
        while (batch := ahead.result()) is not None:
            ahead = worker.submit(following)
            yield batch


class BatchRecord:
    """The batches of epochs that several nets learn from, made once.

    Parameters
    ----------
    budget : int, default=2**30
        Most bytes to keep. An epoch that no longer fits is made anew by each net.

    Attributes
    ----------
    epochs : dict of {int: list of batches}
    """

    def __init__(self, budget=2**30):
        self.budget, self.epochs = budget, {}

    def kept(self, epoch, batches):
        """Yield the batches of an epoch and keep them, if all of them fit."""
        own, size = [], 0
        for batch in batches:
            yield batch
            if own is not None:
                own.append(batch)
                size += _n_bytes(batch)
                if size > self.budget:
                    own = None
        # Two nets may make an epoch at the same time; one of them is enough.
        if own is not None and self.epochs.setdefault(epoch, own) is own:
            self.budget -= size


def _n_bytes(batch):
    rows, cells = batch
    parts = [*cells]
    if isinstance(rows, SparseBatch):
        parts += [rows.indices, rows.offsets, rows.values, *rows.transposed()]
    else:
        parts.append(rows)
    return sum(part.nbytes for part in parts)
