"""From texts to tokens, in batches of texts, and from tokens to integer codes."""

import re
from collections import defaultdict
from itertools import count, repeat

import numpy as np

from ._ngrams import MISSING, Sequences
from ._packed import PackedReader, translation

UNKNOWN = 1  # id of words outside the vocabulary, in rows of token ids

# Codes that no word has; MISSING is another one.
END = -2  # code of None, which follows the tokens of each text
DROPPED = -3  # the token is removed before n-grams are built

# The arrays for a chunk of this many characters fit into the cache.
PIECE = 1 << 18

# Patterns that find runs of word characters, with the minimum length of a run.
RUNS = {
    prefix + pattern: shortest
    for prefix in ("", "(?u)")
    for pattern, shortest in (
        (r"\b\w\w+\b", 2),
        (r"\w\w+", 2),
        (r"\b\w+\b", 1),
        (r"\w+", 1),
    )
}

_UP_TO_SPACE = re.compile("[\0- ]")


class UnsuitedError(Exception):
    """Tokens that are ambiguous once they are joined."""


class Cutter:
    """Splits texts into tokens.

    Parameters
    ----------
    find : callable
        Returns the tokens of a preprocessed text.

    preprocess : callable

    ascii_table : bytes, default=None
        Translation table that preprocesses and splits an ASCII text. For words that
        are runs of certain characters, if ``preprocess`` only converts ASCII texts to
        lower case.

    shortest : int, default=1
        Length of the shortest token.

    skip : str, default=None
        A word character that ``ascii_table`` does not treat as one.
    """

    def __init__(self, find, preprocess, ascii_table=None, shortest=1, skip=None):
        self._find = find
        self._preprocess = preprocess
        self._ascii_table = ascii_table
        self._shortest = shortest
        self._skip = skip

    @classmethod
    def of_runs(cls, shortest, preprocess, lowercase):
        """Return a cutter into runs of word characters."""
        find = re.compile(r"\w" * (shortest - 1) + r"\w+").findall
        table = translation(lambda c: c.isalnum() or c == "_", lowercase)
        return cls(find, preprocess, table, shortest)

    @classmethod
    def at_spaces(cls, preprocess, lowercase):
        """Return a cutter that splits at spaces."""
        table = translation(lambda c: not c.isspace(), lowercase)
        return cls(str.split, preprocess, table, skip="\0")

    @classmethod
    def of_pattern(cls, find, preprocess, joins):
        """Return a cutter into the matches of a pattern.

        If tokens will be joined by spaces, they must not contain a space, nor any
        character that sorts before it.
        """

        def find_parted(text):
            tokens = find(text)
            if _UP_TO_SPACE.search("".join(tokens)):
                raise UnsuitedError
            return tokens

        return cls(find_parted if joins else find, preprocess)

    def code(self, texts, codes):
        """Return the codes of the tokens of texts.

        Parameters
        ----------
        texts : list of str

        codes : NewCodes or KnownCodes

        Returns
        -------
        sequences : Sequences
        """
        (ascii_texts, others), order = self._divide(texts)
        parts = [(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64))]
        if ascii_texts:
            read = PackedReader(self._ascii_table, self._shortest, codes)
            parts += [_without_dropped(*read(p)) for p in _pieces(ascii_texts)]
        parts += [_without_ends(codes(self._tokens(p))) for p in _pieces(others)]
        symbols, sizes = map(np.concatenate, zip(*parts, strict=True))
        if ascii_texts and others:
            symbols, sizes = _put_in_order(symbols, sizes, order)
        rows = np.repeat(np.arange(len(texts), dtype=np.int32), sizes)
        return Sequences(symbols, rows, len(texts))

    def _divide(self, texts):
        """Return ASCII texts, other texts preprocessed, and the positions of both."""
        if self._ascii_table is None:
            return ([], list(map(self._preprocess, texts))), None
        groups, orders = ([], []), ([], [])
        for row, text in enumerate(texts):
            if text.isascii() and (self._skip is None or self._skip not in text):
                group = 0
            else:
                group, text = 1, self._preprocess(text)
            groups[group].append(text)
            orders[group].append(row)
        return groups, np.array(orders[0] + orders[1])

    def _tokens(self, texts):
        """Return the tokens of preprocessed texts, with None after each text."""
        tokens = []
        for text in texts:
            tokens += self._find(text)
            tokens.append(None)
        return tokens


class NewCodes:
    """Numbers words from 0 in the order of first occurrence.

    Parameters
    ----------
    stop_words : iterable of str
        Tokens to drop.
    """

    def __init__(self, stop_words=()):
        special = {None: END} | dict.fromkeys(stop_words, DROPPED)
        self._codes = defaultdict(count().__next__, special)
        self._n_special = len(special)

    def __call__(self, tokens):
        """Return the codes of tokens."""
        codes = map(self._codes.__getitem__, tokens)
        return np.fromiter(codes, np.int32, len(tokens))

    def __len__(self):
        """Return the number of words so far."""
        return len(self._codes) - self._n_special

    @property
    def words(self):
        """The words so far, in the order of their codes."""
        return list(self._codes)[self._n_special :]


class KnownCodes:
    """Maps words to their positions in a list; other tokens are missing.

    Parameters
    ----------
    words : iterable of str

    stop_words : iterable of str
        Tokens to drop, even if they are in `words`.
    """

    def __init__(self, words, stop_words=()):
        self._codes = dict(zip(words, count()))
        self._codes |= {None: END} | dict.fromkeys(stop_words, DROPPED)

    def __call__(self, tokens):
        """Return the codes of tokens."""
        codes = map(self._codes.get, tokens, repeat(MISSING))
        return np.fromiter(codes, np.int32, len(tokens))


def _pieces(texts):
    """Yield chunks of texts with about PIECE characters."""
    start, size = 0, 0
    for stop, length in enumerate(map(len, texts), 1):
        size += length
        if size >= PIECE:
            yield texts[start:stop]
            start, size = stop, 0
    if start < len(texts):
        yield texts[start:]


def _without_dropped(codes, sizes):
    """Remove dropped tokens, given the number of tokens of each text."""
    kept = codes != DROPPED
    if kept.all():
        return codes, sizes
    ends = np.concatenate([[0], np.cumsum(kept)])[np.cumsum(sizes)]
    return codes[kept], np.diff(ends, prepend=0)


def _without_ends(codes):
    """Return the codes of words, and the number of words before each end."""
    is_word = codes >= MISSING
    ends = np.cumsum(is_word)[codes == END]
    return codes[is_word], np.diff(ends, prepend=0)


def _put_in_order(symbols, sizes, order):
    """Return symbols and sizes of sequences in the order of the rows in `order`."""
    back = np.argsort(order)
    starts = (np.cumsum(sizes) - sizes)[back]
    sizes = sizes[back]
    shifts = starts - (np.cumsum(sizes) - sizes)
    return symbols[np.arange(len(symbols)) + np.repeat(shifts, sizes)], sizes
