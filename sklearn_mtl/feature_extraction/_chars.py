"""Counts of character n-grams, within words or across a text."""

import re

import numpy as np

from ._ngrams import (
    MISSING,
    KnownNgrams,
    Lengths,
    Sequences,
    count_ngrams,
    find,
    to_rows,
)
from ._tokens import NewCodes

_BLANKS = re.compile(r"\s\s+")


class CharacterCounter:
    """Counts character n-grams.

    N-grams within words are found once per distinct word. The counts of a text are the
    sum of those of its words, a product of two sparse matrices.

    Parameters
    ----------
    cutter : Cutter or None
        Cuts texts into words. None if n-grams may span several words.

    preprocess : callable
        Applied to each text if there is no cutter.

    ngram_range : tuple of int
    """

    def __init__(self, cutter, preprocess, ngram_range):
        self._cutter = cutter
        self._preprocess = preprocess
        self._lengths = Lengths(*ngram_range, whole=cutter is not None)

    def count(self, texts, keep=None):
        """Return the features of texts, sorted, and a matrix of their counts.

        For the parameters see `WordCounter.count`.
        """
        units, of_texts = self._divide(texts)
        points, rows = _code_points(units)
        alphabet, symbols = np.unique(points, return_inverse=True)
        sequences = Sequences(symbols.astype(np.int32), rows, len(units))
        in_units = keep if of_texts is None else None
        counts = count_ngrams(sequences, len(alphabet), self._lengths, in_units)
        if of_texts is not None:
            counts = counts._replace(columns=counts.columns @ of_texts)
            if keep is not None:
                counts = counts.select(keep)
        symbols, matrix = counts.sort(len(alphabet))
        return _names(symbols, alphabet), matrix

    def know(self, vocabulary):
        """Return a counter of only the terms of a vocabulary."""
        return KnownCharacters(vocabulary, self._divide, self._lengths)

    def _divide(self, texts):
        """Return units of text, and how often each text contains them.

        Returns
        -------
        units : list of str
            Distinct words in the order of their first occurrence, or else the texts.

        of_texts : csr_array of shape (n_units, n_texts) or None
            None if each text is a unit.
        """
        if self._cutter is None:
            ready = map(self._preprocess, texts)
            return [_BLANKS.sub(" ", text) for text in ready], None
        codes = NewCodes()
        sequences = self._cutter.code(texts, codes)
        words = codes.words
        symbols, of_texts = count_ngrams(sequences, len(words), Lengths(1, 1))
        return [f" {words[code]} " for code in symbols[:, 0].tolist()], of_texts


class KnownCharacters:
    """Counts the terms of a vocabulary.

    Parameters
    ----------
    vocabulary : dict of str to int
        Terms and their columns.

    divide : callable
        Returns the units of texts and their counts.

    lengths : Lengths
    """

    def __init__(self, vocabulary, divide, lengths):
        terms = [term for term in vocabulary if isinstance(term, str)]
        columns = np.array([vocabulary[term] for term in terms], dtype=np.int32)
        points, places = _code_points(terms)
        self._alphabet, symbols = np.unique(points, return_inverse=True)
        ngrams = Sequences(symbols.astype(np.int32), columns[places], len(vocabulary))
        # A word shorter than the shortest n-gram is counted whole.
        self._known = KnownNgrams(ngrams, len(self._alphabet), lengths)
        self._divide = divide
        self._n_terms = len(vocabulary)

    def count(self, texts):
        """Return the counts, a csr_array of shape (n_texts, n_terms)."""
        units, of_texts = self._divide(texts)
        points, rows = _code_points(units)
        symbols = find(points, self._alphabet).astype(np.int32)
        sequences = Sequences(symbols, rows, len(units))
        places, columns = self._known.count(sequences)
        if of_texts is not None:
            columns = columns @ of_texts
        return to_rows(columns, places, self._n_terms)


def _code_points(units):
    """Return the code points of strings, and the string that each belongs to."""
    points = np.frombuffer("".join(units).encode("utf-32-le", "surrogatepass"), "<u4")
    sizes = np.fromiter(map(len, units), np.int64, len(units))
    return points, np.repeat(np.arange(len(units), dtype=np.int32), sizes)


def _names(symbols, alphabet):
    """Return character n-grams as strings."""
    points = alphabet[symbols[symbols != MISSING]]
    joined = points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    sizes = np.count_nonzero(symbols != MISSING, axis=1)
    stops = np.cumsum(sizes)
    spans = zip((stops - sizes).tolist(), stops.tolist(), strict=True)
    return [joined[start:stop] for start, stop in spans]
