"""The order of rows in an epoch, and the bounds of batches."""

import numpy as np
import torch

# Number of batches whose rows are taken from the matrix in one call: one call per batch
# would cost more than the copy itself.
BATCHES_AT_ONCE = 16
SHARDS_AT_ONCE = 8


class BatchOrder:
    """Divides rows into batches, in stored or random order.

    Parameters
    ----------
    n_rows : int

    batch_size : int
        Number of rows in a batch. The last batch may have fewer.

    shuffle : bool, default=False
        Whether each epoch has a new random order. With `lengths`, rows of similar
        length are put in the same batch, which saves padding.

    generator : torch.Generator, default=None
        Source of the random order.

    lengths : ndarray of shape (n_rows,), default=None
        Number of tokens of each row, for token sequences.

    rows_at_once : callable, default=None
        Maps the length of the longest row of a batch to the maximum number of rows, to
        limit memory for long texts. Not used with `shuffle`, because the number of
        batches must then be known in advance.

    shard : int, default=None
        For rows in files: this many consecutive rows are read together. Shards come in
        random order, and rows are shuffled within each `SHARDS_AT_ONCE` of them.

    chances : ndarray of shape (n_rows,), default=None
        Expected number of times that each row is sampled in an epoch; they add up to
        the number of rows. None takes each row once.
    """

    def __init__(
        self,
        n_rows,
        batch_size,
        *,
        shuffle=False,
        generator=None,
        lengths=None,
        rows_at_once=None,
        shard=None,
        chances=None,
    ):
        self.n_rows, self.batch_size = n_rows, batch_size
        self.shuffle, self.generator = shuffle, generator
        self.lengths, self.rows_at_once = lengths, rows_at_once
        self.shard, self.chances = shard, chances

    def __len__(self):
        """Return the number of batches in an epoch."""
        return sum(len(self._slices(block)) for block in self._blocks())

    def draw(self):
        """Return the row numbers of an epoch in order; None means stored order."""
        if not self.shuffle and self.chances is None:
            return None
        order = self._permutation()
        if self.chances is not None:
            order = self._sample(order)[self._permutation()]
        return order if self.lengths is None else self._by_length(order)

    def blocks(self, order):
        """Yield the rows to take in one call, and the batches within them.

        Parameters
        ----------
        order : ndarray of shape (n_rows,) or None
            The order from :meth:`draw`.

        Yields
        ------
        rows : ndarray of int, or slice

        slices : list of (int, int)
            Where each batch of these rows starts and stops.
        """
        for block in self._blocks():
            yield (block if order is None else order[block]), self._slices(block)

    def _permutation(self):
        if self.shard is None or self.n_rows <= self.shard:
            return torch.randperm(self.n_rows, generator=self.generator).numpy()
        n_shards = -(-self.n_rows // self.shard)
        order, parts = torch.randperm(n_shards, generator=self.generator), []
        for shards in order.split(SHARDS_AT_ONCE):
            starts = shards.numpy() * self.shard
            rows = [np.arange(s, min(s + self.shard, self.n_rows)) for s in starts]
            rows = np.concatenate(rows)
            shuffled = torch.randperm(len(rows), generator=self.generator)
            parts.append(rows[shuffled.numpy()])
        return np.concatenate(parts)

    def _sample(self, order):
        """Return rows of a random order, each as often as its chance, rounded."""
        # Systematic: of 2.3 copies there are 2 or 3, never none as in a free draw.
        start = torch.rand((), generator=self.generator, dtype=torch.float64).item()
        ends = np.cumsum(self.chances[order])
        ends *= self.n_rows / ends[-1]
        numbers = np.floor(np.append(start, ends + start)).astype(np.int64)
        numbers[-1] = numbers[0] + self.n_rows
        return np.repeat(order, np.diff(numbers))

    def _by_length(self, order):
        """Sort each block of rows by length, then shuffle its batches."""
        parts, size = [], self.batch_size
        for block in self._blocks():
            rows = order[block]
            rows = rows[np.argsort(self.lengths[rows], kind="stable")]
            n_whole = len(rows) // size
            batches = torch.randperm(n_whole, generator=self.generator).tolist()
            parts += [rows[k * size : (k + 1) * size] for k in batches]
            parts.append(rows[n_whole * size :])
        return np.concatenate(parts)

    def _blocks(self):
        at_once = BATCHES_AT_ONCE * self.batch_size
        starts = range(0, self.n_rows, at_once)
        return [slice(start, min(start + at_once, self.n_rows)) for start in starts]

    def _slices(self, block):
        n_rows, slices, start = block.stop - block.start, [], 0
        while start < n_rows:
            stop = min(start + self.batch_size, n_rows)
            if self.rows_at_once is not None and self.lengths is not None:
                lengths = self.lengths[block]
                while stop - start > 1:
                    longest = max(int(lengths[start:stop].max()), 1)
                    if stop - start <= self.rows_at_once(longest):
                        break
                    stop -= (stop - start) // 2
            slices.append((start, stop))
            start = stop
        return slices


def task_chances(codes, weights, power):
    """Return how often rows are sampled if tasks are, by a power of their size.

    Parameters
    ----------
    codes : ndarray of shape (n_rows, n_tasks)
        Negative where a cell is missing.

    weights : ndarray of shape (n_rows, n_tasks)

    power : float
        1 samples tasks in proportion to their labelled cells, 0 all tasks equally
        often, 0.5 by the square root. A row with labels of several tasks has the mean
        of their chances.

    Returns
    -------
    chances : ndarray of shape (n_rows,), or None
        None if all rows have the same.
    """
    labelled = (codes >= 0) & (weights > 0)
    sizes = np.maximum(labelled.sum(axis=0, dtype=float), 1)
    counts = np.maximum(labelled.sum(axis=1), 1)
    chances = labelled @ sizes ** (power - 1) / counts
    if power == 1 or np.ptp(chances) <= 1e-9 * chances.max():
        return None
    return chances * (len(chances) / chances.sum())
