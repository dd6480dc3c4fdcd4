"""From sequences of symbols to counts of their n-grams, without building strings.

A symbol is an integer: the position of a word or character in sorted order. An n-gram
is an integer, too. So n-grams are counted by sorting integers, which numpy does many
times faster than a dict counts strings.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, vstack

MISSING = -1  # a symbol that no known n-gram contains
BITS = 63  # of a non-negative 64-bit integer


class Sequences(NamedTuple):
    """Sequences of symbols, concatenated.

    `symbols` holds the symbols of all sequences. `rows` holds the number of the
    sequence of each symbol, below `n_rows`.
    """

    symbols: np.ndarray
    rows: np.ndarray
    n_rows: int


class Lengths(NamedTuple):
    """Which windows of a sequence count.

    All windows of `shortest` to `longest` symbols. With `whole`, a sequence shorter
    than `shortest` also counts as one window.
    """

    shortest: int
    longest: int
    whole: bool = False


class Numbering:
    """Numbers for the n-grams over an alphabet, in the order of their symbols.

    The number of an n-gram is that of its first n - 1 symbols, times the size of the
    alphabet, plus the last symbol. If this could exceed 63 bits, the first n - 1
    symbols are replaced by their position among those that occur, in `prefixes[n - 1]`.

    Parameters
    ----------
    n_symbols : int
        Size of the alphabet.
    """

    def __init__(self, n_symbols):
        self.n_symbols = n_symbols
        self.bounds = [1]  # numbers of n symbols are below bounds[n]
        self.prefixes = {}

    def windows(self, sequences, lengths):
        """Yield (n, [numbers, places]) for the windows of n symbols.

        The place of a window is that of its first symbol. The arrays are large for many
        texts. They are yielded in a list, so that a caller that empties the list can
        free them.

        The first call learns `prefixes` from its sequences. Later calls use the same
        numbers and leave out windows with an unknown prefix.
        """
        symbols, rows, n_rows = sequences
        sizes = np.bincount(rows, minlength=n_rows) if lengths.whole else None
        numbers = np.zeros(len(symbols) + 1, dtype=np.int64)
        fits = np.ones(len(symbols) + 1, dtype=bool)
        for n in range(1, lengths.longest + 1):
            last, first_rows = symbols[n - 1 :], rows[: len(rows) - n + 1]
            fits = fits[:-1] & (last != MISSING) & (rows[n - 1 :] == first_rows)
            if not fits.any():
                return
            numbers = self._extend(numbers[:-1], last, n, fits)
            counts = fits
            if n < lengths.shortest:
                if not lengths.whole:
                    continue
                counts = fits & (sizes[first_rows] == n)
            yield n, _chosen(numbers, counts)

    def _extend(self, numbers, last, n, fits):
        """Return the numbers of windows; set `fits` to False for unknown prefixes."""
        if len(self.bounds) == n:
            if self.bounds[-1] * self.n_symbols >= 2**BITS:
                self.prefixes[n - 1] = np.unique(numbers[fits])
                self.bounds[-1] = len(self.prefixes[n - 1])
            self.bounds.append(self.bounds[-1] * self.n_symbols)
        if n - 1 in self.prefixes:
            numbers = find(numbers, self.prefixes[n - 1])
            fits &= numbers != MISSING
        numbers = numbers * self.n_symbols
        numbers += last
        return numbers

    def symbols_of(self, numbers, n):
        """Return the symbols of n-grams, an array of shape (len(numbers), n)."""
        symbols = np.empty((len(numbers), n), dtype=np.int64)
        for place in range(n - 1, 0, -1):
            numbers, symbols[:, place] = np.divmod(numbers, self.n_symbols)
            if place in self.prefixes:
                numbers = self.prefixes[place][numbers]
        symbols[:, 0] = numbers
        return symbols


def _chosen(numbers, mask):
    """Return the chosen numbers and their places, in 32 bits if these suffice."""
    places = np.flatnonzero(mask).astype(_place_type(len(mask)), copy=False)
    return [numbers[places], places]


def _place_type(size):
    return np.int32 if size <= np.iinfo(np.int32).max else np.int64


class Counts(NamedTuple):
    """N-grams, and how often each sequence contains them.

    `symbols` has one row per n-gram, padded with -1. `columns` has shape
    (n_ngrams, n_rows) and 32-bit counts; its rows become the columns of a matrix.

    The n-grams have scikit-learn's order of first occurrence. scikit-learn reads a
    sequence once for each length.
    """

    symbols: np.ndarray
    columns: csr_array

    def select(self, keep):
        """Return the counts of the n-grams for whose number of rows `keep` is true."""
        kept = np.flatnonzero(keep(np.diff(self.columns.indptr)))
        if len(kept) == len(self.symbols):
            return self
        return Counts(self.symbols[kept], self.columns[kept])

    def sort(self, n_symbols):
        """Return n-grams in the order of their symbols, and a matrix of their counts.

        Returns
        -------
        symbols : ndarray of shape (n_ngrams, longest)

        matrix : csr_array of shape (n_rows, n_ngrams)
            Entries of a row are in the order of first occurrence, as in scikit-learn.
            The order affects the last bit of a row's norm.
        """
        order = order_of(self.symbols, n_symbols)
        places = np.empty(len(order), dtype=np.int32)
        places[order] = np.arange(len(order), dtype=np.int32)
        return self.symbols[order], to_rows(self.columns, places, len(order))


def count_ngrams(sequences, n_symbols, lengths, keep=None):
    """Count the n-grams that occur in sequences.

    Parameters
    ----------
    sequences : Sequences

    n_symbols : int

    lengths : Lengths

    keep : callable, default=None
        Takes the number of sequences with each n-gram; returns a mask of the n-grams to
        keep.

    Returns
    -------
    counts : Counts
    """
    numbering = Numbering(n_symbols)
    row_sizes = np.bincount(sequences.rows, minlength=sequences.n_rows)
    row_starts = np.cumsum(row_sizes) - row_sizes
    symbols = [np.empty((0, lengths.longest), dtype=np.int64)]
    columns = [csr_array((0, sequences.n_rows), dtype=np.intc)]
    met = [np.empty(0, dtype=np.int64)]
    for n, windows in numbering.windows(sequences, lengths):
        numbers, first_places, ngrams = count_windows(windows, sequences)
        if keep is not None:
            kept = np.flatnonzero(keep(np.diff(ngrams.indptr)))
            if len(kept) < len(numbers):
                numbers, first_places = numbers[kept], first_places[kept]
                ngrams = ngrams[kept]
        columns.append(ngrams)
        filled = np.full((len(numbers), lengths.longest), MISSING, dtype=np.int64)
        filled[:, :n] = numbering.symbols_of(numbers, n)
        symbols.append(filled)
        rows = sequences.rows[first_places]
        skipped = row_starts[rows] * (lengths.longest - 1) + row_sizes[rows] * (n - 1)
        met.append(first_places + skipped)
    order = np.argsort(np.concatenate(met))
    columns = vstack(columns, format="csr")[order]
    return Counts(np.concatenate(symbols)[order], columns)


class KnownNgrams:
    """The n-grams of a vocabulary, prepared for counting in sequences.

    Parameters
    ----------
    ngrams : Sequences
        The n-grams of the vocabulary as sequences. Their rows are the columns of the
        matrix. Some rows may be empty.

    n_symbols : int

    lengths : Lengths
    """

    def __init__(self, ngrams, n_symbols, lengths):
        self.lengths = lengths
        self._numbering = Numbering(n_symbols)
        self._tables = {}
        sizes = np.bincount(ngrams.rows, minlength=ngrams.n_rows)
        every = Lengths(1, lengths.longest)
        for n, (numbers, places) in self._numbering.windows(ngrams, every):
            columns = ngrams.rows[places]
            whole = sizes[columns] == n  # prefixes come from all windows
            order = np.argsort(numbers[whole])
            self._tables[n] = numbers[whole][order], columns[whole][order]

    def count(self, sequences):
        """Count the known n-grams in sequences.

        Returns
        -------
        places : ndarray
            The columns of the n-grams that occur, in ascending order.

        columns : csr_array of shape (len(places), n_rows)
            Their counts, 32-bit integers.
        """
        found = [csr_array((0, sequences.n_rows), dtype=np.intc)]
        columns = [np.empty(0, dtype=np.int32)]
        for n, windows in self._numbering.windows(sequences, self.lengths):
            known, known_columns = self._tables.get(n, ((), ()))
            if not len(known):
                continue
            numbers, _, ngrams = count_windows(windows, sequences)
            places = find(numbers, known)
            kept = np.flatnonzero(places != MISSING)
            columns.append(known_columns[places[kept]])
            found.append(ngrams[kept])
        columns = np.concatenate(columns)
        order = np.argsort(columns)
        return columns[order], vstack(found, format="csr")[order]


def to_rows(columns, places, n_columns):
    """Return a matrix with the rows of another as columns at the given places.

    Parameters
    ----------
    columns : csr_array of shape (len(places), n_rows)

    places : ndarray of int

    n_columns : int

    Returns
    -------
    matrix : csr_array of shape (n_rows, n_columns)
        Entries of a row are in the order of `columns`.
    """
    rows = columns.T.tocsr()
    indices = places.astype(rows.indices.dtype, copy=False)[rows.indices]
    return csr_array((rows.data, indices, rows.indptr), (rows.shape[0], n_columns))


def count_windows(windows, sequences):
    """Count how often each sequence has a window of each number.

    Parameters
    ----------
    windows : list of ndarray
        Numbers and places. The list is emptied, and the numbers are overwritten.

    sequences : Sequences

    Returns
    -------
    distinct : ndarray
        The numbers that occur, in ascending order.

    first_places : ndarray
        Place of the first occurrence of each number.

    counts : csr_array of shape (len(distinct), n_rows)
    """
    place_bits = len(sequences.rows).bit_length()
    places, numbers, table = windows.pop(), windows.pop(), None
    if int(numbers.max(initial=0)).bit_length() + place_bits > BITS:
        table, numbers = np.unique(numbers, return_inverse=True)
    numbers <<= place_bits
    numbers |= places
    numbers.sort()
    np.bitwise_and(numbers, (1 << place_bits) - 1, out=places, casting="unsafe")
    numbers >>= place_bits
    rows, n_windows = sequences.rows[places], len(numbers)
    is_new = changes(numbers)
    starts = np.flatnonzero(is_new)
    distinct, places = numbers[starts], places[starts]
    del numbers
    # scipy keeps 32-bit indices only if all index arrays have 32 bits.
    kind = _place_type(n_windows)
    entries = np.flatnonzero(is_new | changes(rows)).astype(kind, copy=False)
    counts = np.empty(len(entries), dtype=np.intc)
    np.subtract(entries[1:], entries[:-1], out=counts[:-1], casting="unsafe")
    counts[-1:] = n_windows - entries[-1:]
    rows = rows[entries]
    indptr = np.append(np.flatnonzero(is_new[entries]), len(entries)).astype(kind)
    matrix = csr_array((counts, rows, indptr), (len(starts), sequences.n_rows))
    return distinct if table is None else table[distinct], places, matrix


def changes(values):
    """Return a mask of the values that differ from the one before."""
    mask = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=mask[1:])
    return mask


def find(values, table):
    """Return the place of each value in a sorted table, -1 if it is not there."""
    if not len(table):
        return np.full(len(values), MISSING)
    places = np.searchsorted(table, values)
    np.minimum(places, len(table) - 1, out=places)
    places[table[places] != values] = MISSING
    return places


def order_of(symbols, n_symbols):
    """Return the order of n-grams by their symbols, shorter n-grams first."""
    n_ngrams, longest = symbols.shape
    if (n_symbols + 1) ** longest >= 2**BITS:
        return np.lexsort(symbols.T[::-1])
    keys = np.zeros(n_ngrams, dtype=np.int64)
    for place in range(longest):
        keys *= n_symbols + 1
        keys += symbols[:, place] + 1
    return np.argsort(keys)
