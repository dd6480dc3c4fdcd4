"""Counts and weights of the terms of a vocabulary, without scikit-learn."""

from collections import Counter
from threading import Lock

import numpy as np
from scipy.sparse import csr_array

from ._tokens import UnsuitedError

# Below this number of characters, a loop over texts is faster than building arrays.
SMALL = 8_000


class KnownTerms:
    """Counts the terms of a vocabulary in texts. Thread-safe.

    Parameters
    ----------
    analysis : Analysis

    vocabulary : dict of {str: int}
        Terms and their columns.
    """

    def __init__(self, analysis, vocabulary):
        self._analysis, self._vocabulary = analysis, vocabulary
        self.n_features = len(vocabulary)
        self._terms = analysis.terms()
        self._lock, self._known = Lock(), None

    def count(self, texts):
        """Return counts as 32-bit integers, with the columns of each row in order.

        Parameters
        ----------
        texts : list of str

        Returns
        -------
        counts : csr_array of shape (n_texts, n_terms)
        """
        if sum(map(len, texts)) >= SMALL:
            known = self._for_many()
            try:
                return self._count_few(texts) if known is None else known.count(texts)
            except UnsuitedError:
                pass
        return self._count_few(texts)

    def __reduce__(self):
        return KnownTerms, (self._analysis, self._vocabulary)

    def _for_many(self):
        """Return the counter for many texts, built once; None if there is none."""
        with self._lock:
            if self._known is None:
                counter = self._analysis.counter()
                try:
                    known = None if counter is None else counter.know(self._vocabulary)
                except UnsuitedError:
                    known = None
                self._known = (known,)
            return self._known[0]

    def _count_few(self, texts):
        column_of = self._vocabulary.get
        columns, counts, ends = [], [], [0]
        for text in texts:
            found = Counter(map(column_of, self._terms(text)))
            found.pop(None, None)
            own = sorted(found)
            columns += own
            counts += map(found.__getitem__, own)
            ends.append(len(columns))
        parts = (
            np.array(counts, dtype=np.intc),
            np.array(columns, dtype=np.int32),
            np.array(ends, dtype=np.int32),
        )
        return csr_array(parts, (len(texts), self.n_features))


def as_counts(matrix, dtype, *, binary):
    """Convert counts to a dtype. With `binary`, positive counts become 1."""
    if binary:
        matrix.data.fill(1)
    # In place, because a new matrix takes longer than the rest for a single text.
    matrix.data = matrix.data.astype(dtype, copy=False)
    return matrix


def weigh_counts(matrix, idf, *, sublinear, norm):
    """Turn counts into TF-IDF values, in place, bit for bit as scikit-learn does.

    Parameters
    ----------
    matrix : csr_array or csr_matrix of shape (n_texts, n_terms)
        With a float dtype.

    idf : ndarray of shape (n_terms,) or None
        Weights of terms.

    sublinear : bool
        Whether to take 1 + log(count).

    norm : {"l1", "l2"} or None
        The norm that is scaled to 1 in each row.
    """
    values = matrix.data
    if sublinear:
        np.log(values, values)
        values += 1.0
    if idf is not None:
        values *= idf[matrix.indices]
    if norm is not None:
        sizes = np.diff(matrix.indptr)
        rows = np.repeat(np.arange(len(sizes)), sizes)
        norms = _norms(values, rows, len(sizes), norm)
        norms[norms == 0] = 1.0
        values[:] = values / norms[rows]  # in 64 bits, rounded once


def _norms(values, rows, n_rows, norm):
    if norm == "l2":  # products in the dtype of the values, summed in order in 64 bits
        return np.sqrt(np.bincount(rows, values * values, n_rows))
    return np.bincount(rows, np.abs(values), n_rows)


class TermVectorizer:
    """A fitted vectorizer of counts or TF-IDF values, reduced to `transform`.

    Parameters
    ----------
    terms : KnownTerms

    dtype : dtype
        A float type.

    binary : bool
        Whether positive counts become 1.

    weigh : callable, default=None
        Applied to the counts, in place.
    """

    def __init__(self, terms, dtype, *, binary, weigh=None):
        self._terms, self._dtype, self._binary = terms, dtype, binary
        self._weigh, self.n_features = weigh, terms.n_features

    def transform(self, texts):
        """Return the rows of a list of texts, a csr_array."""
        counts = self._terms.count(texts)
        rows = as_counts(counts, self._dtype, binary=self._binary)
        if self._weigh is not None:
            self._weigh(rows)
        return rows
