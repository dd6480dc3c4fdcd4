"""Counts of words and of word n-grams."""

from itertools import repeat

import numpy as np

from ._ngrams import KnownNgrams, Lengths, Sequences, count_ngrams, to_rows
from ._tokens import KnownCodes, NewCodes


class WordCounter:
    """Counts words, pairs, triples and longer word n-grams.

    Parameters
    ----------
    cutter : Cutter

    stop_words : frozenset or None

    ngram_range : tuple of int
    """

    def __init__(self, cutter, stop_words, ngram_range):
        self.cutter = cutter
        self._stop_words = stop_words or ()
        self._lengths = Lengths(*ngram_range)

    def count(self, texts, keep=None):
        """Return the features of texts, sorted, and a matrix of their counts.

        Parameters
        ----------
        texts : list of str

        keep : callable, default=None
            Takes the number of texts with each feature; returns a mask of the features
            to keep.

        Returns
        -------
        names : list of str

        matrix : csr_array of shape (n_texts, n_features)
        """
        new_codes = NewCodes(self._stop_words)
        sequences = self.cutter.code(texts, new_codes)
        words = new_codes.words
        order = sorted(range(len(words)), key=words.__getitem__)
        words = [words[code] for code in order]
        rank = np.empty(len(order), dtype=np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        sequences = sequences._replace(symbols=rank[sequences.symbols])
        counts = count_ngrams(sequences, len(words), self._lengths, keep)
        symbols, matrix = counts.sort(len(words))
        return _names(symbols, words), matrix

    def know(self, vocabulary):
        """Return a counter of only the terms of a vocabulary."""
        return KnownWords(vocabulary, self.cutter, self._stop_words, self._lengths)


class KnownWords:
    """Counts the terms of a vocabulary.

    Parameters
    ----------
    vocabulary : dict of str to int
        Terms and their columns.

    cutter, stop_words, lengths
        As those of `WordCounter`.
    """

    def __init__(self, vocabulary, cutter, stop_words, lengths):
        terms = [term for term in vocabulary if isinstance(term, str)]
        columns = np.array([vocabulary[term] for term in terms], dtype=np.int32)
        if lengths.longest == 1:
            words, sizes = terms, np.ones(len(terms), dtype=np.int64)
        else:
            words = " ".join(terms).split(" ") if terms else []
            n_blanks = map(str.count, terms, repeat(" "))
            sizes = np.fromiter(n_blanks, np.int64, len(terms)) + 1
        codes = NewCodes()
        symbols = codes(words)
        rows = np.repeat(columns, sizes)
        ngrams = Sequences(symbols, rows, len(vocabulary))
        self._known = KnownNgrams(ngrams, len(codes.words), lengths)
        self._codes = KnownCodes(codes.words, stop_words)
        self._cutter = cutter
        self._n_terms = len(vocabulary)

    def count(self, texts):
        """Return the counts, a csr_array of shape (n_texts, n_terms)."""
        sequences = self._cutter.code(texts, self._codes)
        places, columns = self._known.count(sequences)
        return to_rows(columns, places, self._n_terms)


def _names(symbols, words):
    """Return the n-grams as strings, with spaces between words."""
    names = np.empty(len(symbols), dtype=object)
    sizes = np.count_nonzero(symbols >= 0, axis=1)
    for n in range(1, symbols.shape[1] + 1):
        of_size = np.flatnonzero(sizes == n)
        columns = symbols[of_size, :n].T.tolist()
        parts = [map(words.__getitem__, column) for column in columns]
        names[of_size] = list(map(" ".join, zip(*parts, strict=True)))
    return names.tolist()
