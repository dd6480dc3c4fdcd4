"""Running sums over the features of a stream, and the weights that follow from them.

What a chunk adds is kept as it is until there is as much of it as of the sums, and is
then added to them. So each chunk costs about as much as its own values, and memory is
bounded by the number of features that occurred, times the classes they occurred with.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from ._term_weights import information_of, inverse_frequencies, weights_of


@dataclass(frozen=True)
class TermSums:
    """Counts of features by class; each chunk gives a new object.

    Attributes
    ----------
    n_features : int

    sizes : list of int
        Number of classes of each code. Empty if only documents are counted.

    n_rows : int

    in_rows : ndarray of shape (n_features,)
        Number of rows that contain each feature.

    in_class : list of ndarray of shape (n_classes,)
        For each code, the cell weight of each class.

    by_class : csr_array of shape (sum of sizes, n_features)
        Cell weight of each class in rows that contain the feature.

    pending : tuple of csr_array
        What the latest chunks add to `by_class`.

    n_weighed : int, default=0
        Number of rows when weights were last computed.
    """

    n_features: int
    sizes: tuple
    n_rows: int
    in_rows: np.ndarray
    in_class: list
    by_class: csr_array
    pending: tuple = ()
    n_weighed: int = 0

    @classmethod
    def zero(cls, n_features, sizes):
        """Return the sums before the first chunk."""
        return cls(
            n_features,
            tuple(sizes),
            0,
            np.zeros(n_features),
            [np.zeros(n) for n in sizes],
            csr_array((sum(sizes), n_features)),
        )

    def plus(self, rows, codes, weights):
        """Return the sums with a chunk added.

        Parameters
        ----------
        rows : csr_matrix or csr_array of shape (n_rows, n_features)

        codes, weights : ndarray of shape (n_rows, n_codes)
        """
        n_rows = rows.shape[0]
        in_rows = self.in_rows + np.bincount(rows.indices, minlength=self.n_features)
        sums = replace(self, n_rows=self.n_rows + n_rows, in_rows=in_rows)
        if not self.sizes:
            return sums
        firsts = np.cumsum([0, *self.sizes])
        cells, code = np.nonzero((codes >= 0) & (weights > 0))
        classes = firsts[code] + codes[cells, code]
        cell_weights = weights[cells, code].astype(float)
        in_class = np.bincount(classes, cell_weights, firsts[-1])
        in_class = np.split(in_class, firsts[1:-1])
        members = csr_array(
            (cell_weights, (classes, cells)), shape=(firsts[-1], n_rows)
        )
        presence = csr_array(
            (np.ones(rows.nnz), rows.indices, rows.indptr), shape=rows.shape
        )
        sums = replace(
            sums,
            in_class=[a + b for a, b in zip(self.in_class, in_class, strict=True)],
            pending=(*self.pending, csr_array(members @ presence)),
        )
        if sum(part.nnz for part in sums.pending) > self.by_class.nnz:
            return sums.merged()
        return sums

    def merged(self):
        """Return the same sums with nothing pending."""
        total = self.by_class
        if self.pending:
            # Of similar size first, so that no large matrix is copied often.
            total = total + sum(self.pending[1:], start=self.pending[0])
        return replace(self, by_class=total, pending=())

    def grown(self, places, sizes):
        """Return the sums for tasks with more classes.

        The parameters are those of :meth:`LabelSums.grown`.
        """
        if not self.sizes:
            return self
        in_class = places @ np.concatenate(self.in_class)
        return replace(
            self,
            sizes=tuple(sizes),
            in_class=np.split(in_class, np.cumsum(sizes)[:-1]),
            by_class=csr_array(places @ self.merged().by_class),
            pending=(),
        )

    def inverse_frequencies(self):
        """Return the smoothed inverse document frequency of each feature."""
        return inverse_frequencies(self.n_rows, self.in_rows)

    def information_weights(self):
        """Return the term weights of :func:`~._term_weights.information_weights`."""
        return weights_of(*self.information())

    def information(self):
        """Return the information about labels, and the cell weight, of each feature."""
        by_class = self.merged().by_class
        information = np.zeros(self.n_features)
        occurrences = np.zeros(self.n_features)
        firsts = np.cumsum([0, *self.sizes])
        for first, n, in_class in zip(firsts, self.sizes, self.in_class, strict=False):
            if np.count_nonzero(in_class) < 2:
                continue  # no information
            own = by_class[first : first + n].tocoo()
            of_feature = np.bincount(own.col, own.data, self.n_features)
            apart = in_class.argmax()
            others = own.row != apart
            parts = own.data[others], (own.row[others], own.col[others])
            counts = csr_array(parts, shape=own.shape).tocoo()
            information += information_of(in_class, of_feature, counts, apart)
            occurrences += of_feature
        return information, occurrences


def information_weights_of_parts(parts, n_features, sizes):
    """Return the term weights of rows that come in parts.

    Parameters
    ----------
    parts : callable
        Returns an iterator over parts, each a tuple ``(rows, codes, cell_weights)``. It
        is called for each code, so that memory holds the counts of one.

    n_features : int

    sizes : list of int
        Number of classes of each code.

    Returns
    -------
    weights : ndarray of shape (n_features,)
    """
    information, occurrences = np.zeros(n_features), np.zeros(n_features)
    for k, n in enumerate(sizes):
        sums = TermSums.zero(n_features, [n])
        for rows, codes, weights in parts():
            sums = sums.plus(rows, codes[:, [k]], weights[:, [k]])
        own, own_occurrences = sums.information()
        information += own
        occurrences += own_occurrences
    return weights_of(information, occurrences)
