"""Running sums over the label cells of a stream of chunks."""

from dataclasses import dataclass, replace

import numpy as np

from ._weights import log_shares_of, weighted_counts


@dataclass(frozen=True)
class LabelSums:
    """What the chunks of a stream held so far; each chunk gives a new object.

    Attributes
    ----------
    n_rows : int
        Rows with a labelled cell of positive weight.

    n_cells : int
        Labelled cells, a cell with several labels counted once for each.

    row_weight : float
        Sum of the row weights.

    labelled : ndarray of shape (n_tasks,)
        Sum of the weights of the rows labelled for each task.

    counts : list of ndarray of shape (n_classes,)
        For each code, the sum of the cell weights of each class.
    """

    n_rows: int
    n_cells: int
    row_weight: float
    labelled: np.ndarray
    counts: list

    @classmethod
    def zero(cls, layout):
        """Return the sums before the first chunk.

        Parameters
        ----------
        layout : CodeLayout
        """
        counts = [np.zeros(n) for n in layout.sizes]
        return cls(0, 0, 0.0, np.zeros(layout.n_tasks), counts)

    @classmethod
    def of_shares(cls, n_rows, labelled_share, log_class_shares):
        """Return sums that correspond to the shares of an earlier fit.

        Parameters
        ----------
        n_rows : int

        labelled_share : ndarray of shape (n_tasks,)

        log_class_shares : list of list of ndarray
            For each code of each task.
        """
        labelled = n_rows * np.asarray(labelled_share, dtype=float)
        counts = [
            weight * np.exp(shares) / np.exp(shares).sum()
            for weight, own in zip(labelled, log_class_shares, strict=True)
            for shares in own
        ]
        n_cells = round(sum(float(own.sum()) for own in counts))
        return cls(n_rows, n_cells, float(n_rows), labelled, counts)

    def plus(self, codes, weights, row_weights, labelled):
        """Return the sums with the cells of a chunk added.

        Parameters
        ----------
        codes : ndarray of shape (n_rows, n_codes)

        weights : ndarray of shape (n_rows, n_codes)
            Weights of cells.

        row_weights : ndarray of shape (n_rows,)

        labelled : ndarray of shape (n_rows, n_tasks), dtype bool
        """
        sizes = [len(own) for own in self.counts]
        own = weighted_counts(codes, weights, sizes)
        return LabelSums(
            self.n_rows + len(codes),
            self.n_cells + int((codes >= 0).sum()),
            self.row_weight + float(row_weights.sum()),
            self.labelled + row_weights @ labelled,
            [a + b for a, b in zip(self.counts, own, strict=True)],
        )

    def grown(self, places, sizes):
        """Return the sums for tasks with more classes.

        Parameters
        ----------
        places : csr_array of shape (n_after, n_before)
            See :func:`~._stream_growth.class_map`.

        sizes : list of int
            Number of classes of each code afterwards.
        """
        before = np.concatenate(self.counts)
        counts = places @ before
        # A cell with several labels now counts for further ones, too.
        n_cells = self.n_cells
        if before.sum():
            n_cells = round(n_cells * counts.sum() / before.sum())
        parts = np.split(counts, np.cumsum(sizes)[:-1])
        return replace(self, n_cells=n_cells, counts=parts)

    @property
    def mean_row_weight(self):
        """Mean weight of a row."""
        return self.row_weight / self.n_rows

    @property
    def labelled_share(self):
        """Share of the row weight that is on rows with a label of each task.

        At least that of one row, because a task without labels yet may get some.
        """
        return np.maximum(self.labelled / self.row_weight, 1 / (self.n_rows + 1))

    @property
    def cells_per_class(self):
        """Mean number of labelled cells per class, over the classes of all tasks."""
        return self.n_cells / sum(len(own) for own in self.counts)

    @property
    def log_class_shares(self):
        """For each code, the logarithm of the share of each class."""
        return [log_shares_of(own) for own in self.counts]
