"""Batches of a dataset, made one ahead and kept for several nets."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from ..network._batch import SparseBatch, TokenBatch
from ._runtime import threads

# Batches whose rows are taken out of the matrix at once: a call for each batch would
# cost more than the copying.
BATCHES_AT_ONCE = 16


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
