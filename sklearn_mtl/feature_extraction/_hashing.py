"""Hashes of terms instead of a vocabulary, without scikit-learn.

Uses the 32-bit variant of MurmurHash3 by A. Appleby, in the public domain, with seed 0.
"""

from collections import Counter

import numpy as np
from scipy.sparse import csr_array

from . import _terms
from ._terms import weigh_counts
from ._tokens import UnsuitedError

_FIRST, _SECOND = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)
# Masks for a block of four bytes, by the number of bytes that belong to the string.
_MASKS = np.array([0, 0xFF, 0xFFFF, 0xFFFFFF], dtype=np.uint32)


def murmur_hashes(names):
    """Return the hashes of strings, signed 32-bit integers.

    Parameters
    ----------
    names : list of str

    Returns
    -------
    hashes : ndarray of shape (n_names,), dtype int32
    """
    encoded = [name.encode() for name in names]
    sizes = np.fromiter(map(len, encoded), np.int64, len(encoded))
    starts = np.cumsum(sizes) - sizes
    joined = b"".join(encoded) + bytes(4)
    words = np.ndarray(len(joined) - 3, "<u4", joined, strides=(1,))
    hashes = np.zeros(len(encoded), dtype=np.uint32)
    own = np.flatnonzero(sizes >= 4)
    place = 0
    while len(own):
        mixed = hashes[own] ^ _mix(words[starts[own] + place])
        hashes[own] = _rotate(mixed, 13) * np.uint32(5) + np.uint32(0xE6546B64)
        place += 4
        own = own[sizes[own] >= place + 4]
    rest = sizes % 4
    hashes ^= _mix(words[starts + sizes - rest] & _MASKS[rest])
    hashes ^= sizes.astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        hashes ^= hashes >> np.uint32(shift)
        hashes *= np.uint32(factor)
    hashes ^= hashes >> np.uint32(16)
    return hashes.view(np.int32)


def _mix(values):
    return _rotate(values * _FIRST, 15) * _SECOND


def _rotate(values, places):
    return (values << np.uint32(places)) | (values >> np.uint32(32 - places))


def sublinear_counts(counts):
    """Return 1 + log(count), with the sign of the count; 0 stays 0.

    Parameters
    ----------
    counts : ndarray of float
        Counts of hashed terms, where signs may cancel out.
    """
    sizes = np.abs(counts)
    logs = np.log(np.maximum(sizes, 1))
    return np.where(sizes > 0, np.sign(counts) * (logs + 1), 0).astype(counts.dtype)


class HashedTerms:
    """Counts hashed terms of texts. Thread-safe.

    Parameters
    ----------
    analysis : Analysis

    n_features : int

    signed : bool
        Whether half of the terms have a negative sign, so that collisions cancel out.

    dtype : dtype
        A float type.

    binary : bool
        Whether positive counts become 1.

    norm : {"l1", "l2"} or None
        The norm that is scaled to 1 in each row.

    sublinear : bool, default=False
        Whether a count c becomes 1 + log(c).
    """

    def __init__(
        self, analysis, n_features, signed, dtype, binary, norm, sublinear=False
    ):
        self._made_of = analysis, n_features, signed, dtype, binary, norm, sublinear
        self.n_features, self._signed, self._dtype = n_features, signed, dtype
        self._binary, self._norm, self._sublinear = binary, norm, sublinear
        self._terms, self._counter = analysis.terms(), analysis.counter()

    def __reduce__(self):
        return HashedTerms, self._made_of

    def transform(self, texts):
        """Return the rows of a list of texts, a csr_array."""
        names, counts = self._count(texts)
        hashes = murmur_hashes(names).astype(np.int64)
        columns = (np.abs(hashes) % self.n_features).astype(counts.indices.dtype)
        signs = np.ones(len(names), dtype=self._dtype)
        if self._signed:
            signs[hashes < 0] = -1
        data = signs[counts.indices] * counts.data.astype(self._dtype)
        parts = data, columns[counts.indices], counts.indptr
        rows = csr_array(parts, (len(texts), self.n_features))
        rows.sum_duplicates()  # keeps explicit zeros where signs cancel out
        if self._binary:
            rows.data.fill(1)
        if self._sublinear:
            rows.data = sublinear_counts(rows.data)
        weigh_counts(rows, None, sublinear=False, norm=self._norm)
        return rows

    def _count(self, texts):
        """Return the terms that occur, and a matrix of their counts."""
        if self._counter is not None and sum(map(len, texts)) >= _terms.SMALL:
            try:
                return self._counter.count(texts)
            except UnsuitedError:
                pass
        places, columns, counts, ends = {}, [], [], [0]
        for text in texts:
            found = Counter(self._terms(text))
            columns += [places.setdefault(term, len(places)) for term in found]
            counts += found.values()
            ends.append(len(columns))
        parts = (
            np.array(counts, dtype=np.intc),
            np.array(columns, dtype=np.int32),
            np.array(ends, dtype=np.int32),
        )
        return list(places), csr_array(parts, (len(texts), len(places)))
