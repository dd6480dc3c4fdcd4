"""Batches of a dataset, prefetched, and recorded if several nets use them."""

from concurrent.futures import ThreadPoolExecutor

import torch
from scipy.sparse import issparse

from ..data._spool import BLOCK
from ..network._batch import SparseBatch, TokenBatch
from ._order import BatchOrder, task_chances
from ._runtime import threads


class BatchLoader:
    """The batches of a dataset. Each is made while the previous one is in use.

    Replaces the :class:`torch.utils.data.DataLoader` of skorch. A second thread makes
    the next batch; numpy and torch release the GIL for most of this work. Sparse
    batches that need neither sorting nor padding are cheap, and are made without a
    thread.

    Parameters
    ----------
    dataset : RowDataset

    batch_size : int, default=1

    shuffle, generator, rows_at_once : as for :class:`BatchOrder`

    task_power : float, default=1.0
        Which rows an epoch has, see :func:`~._order.task_chances`; 1 is each once. Set
        it by ``net_params={"iterator_train__task_power": 0.5}``.

    transpose : bool, default=False
        Whether to also sort sparse batches by feature, for steps with sparse gradients.

    record : BatchRecord, default=None
        A record shared by loaders over the same rows in the same order.
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
        task_power=1.0,
    ):
        self.dataset, self.transpose = dataset, transpose
        self.order = BatchOrder(
            len(dataset),
            batch_size,
            shuffle=shuffle,
            generator=generator,
            lengths=dataset.lengths,
            rows_at_once=rows_at_once,
            shard=None if dataset.spool is None else BLOCK,
            chances=None
            if task_power == 1
            else task_chances(dataset.codes, dataset.weights, task_power),
        )
        self.sampled = None  # rows of this epoch, if that is not each once
        # A single batch in a fixed order is the same in every epoch.
        self._is_fixed = not shuffle and len(self) == 1 and self.order.chances is None
        if self._is_fixed and record is None:
            record = BatchRecord()
        self.record, self._epoch = record, -1

    def __len__(self):
        return len(self.order)

    def __iter__(self):
        self._epoch = 0 if self._is_fixed else self._epoch + 1
        # Draw the order even for a recorded epoch, because the next order depends on
        # it.
        order = self.order.draw()
        self.sampled = None if self.order.chances is None else order
        if self.record is not None and self._epoch in self.record.epochs:
            return iter(self.record.epochs[self._epoch])
        batches = self._batches(order)
        is_cut_out = issparse(self.dataset.X) and self.dataset.lengths is None
        # Passing such a batch between threads takes longer than making it.
        if len(self) > 1 and (self.transpose or not is_cut_out):
            batches = made_ahead(batches)
        if self.record is None:
            return batches
        return self.record.kept(self._epoch, batches)

    def _batches(self, order):
        for rows, slices in self.order.blocks(order):
            taken = self.dataset.take(rows)
            for start, stop in slices:
                batch = taken.batch(start, stop)
                if self.transpose and isinstance(batch[0], SparseBatch):
                    batch[0].transposed()
                if isinstance(batch[0], TokenBatch):
                    batch[0].padded()
                yield batch


def made_ahead(batches):
    """Yield the items of an iterator, computed one ahead on a second thread."""
    number = torch.get_num_threads()  # the new thread must use the same number

    def following():
        with threads(number):
            return next(batches, None)

    with ThreadPoolExecutor(1) as worker:
        ahead = worker.submit(following)
        while (batch := ahead.result()) is not None:
            ahead = worker.submit(following)
            yield batch


class BatchRecord:
    """Batches that several nets train on; each epoch's batches are made once.

    Parameters
    ----------
    budget : int, default=2**30
        Maximum number of bytes to keep. Each net makes the batches of further epochs
        itself.

    Attributes
    ----------
    epochs : dict of {int: list of batches}
    """

    def __init__(self, budget=2**30):
        self.budget, self.epochs = budget, {}

    def kept(self, epoch, batches):
        """Yield the batches of an epoch, and keep them if all of them fit."""
        own, size = [], 0
        for batch in batches:
            yield batch
            if own is not None:
                own.append(batch)
                size += _n_bytes(batch)
                if size > self.budget:
                    own = None
        # Two nets may make the same epoch at the same time; one copy is enough.
        if own is not None and self.epochs.setdefault(epoch, own) is own:
            self.budget -= size


def _n_bytes(batch):
    rows, cells = batch
    parts = [*cells]
    if isinstance(rows, SparseBatch):
        parts += [rows.indices, rows.offsets, rows.values, *(rows._transposed or ())]
        parts += [] if rows.dense is None else [rows.dense]
    else:
        parts.append(rows)
    return sum(part.nbytes for part in parts)
