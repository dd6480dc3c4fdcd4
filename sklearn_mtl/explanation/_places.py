"""The places of terms in texts, by the analysis of a vectorizer."""

import re
from functools import lru_cache

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from ..feature_extraction._settings import HOOKS

# A word as a reader sees it: a run of letters and digits, a single character of a
# script without spaces, or a run of other signs.
_SINGLE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_LETTERS = f"[^\\W{_SINGLE}]+"
WORD = re.compile(f"[{_SINGLE}]|{_LETTERS}(?:['\u2019]{_LETTERS})*|[^\\w\\s]+")
_CHUNK = re.compile(r"\S+")
_SPACES = re.compile(r"\s\s+")
# What subword vocabularies add to their pieces.
_MARKS = re.compile("^(?:\u2581|##|\u0120)|</w>$")


def places_of_terms(vectorizer, texts):
    """Yield, for each text, its known terms with their places.

    Parameters
    ----------
    vectorizer : fitted vectorizer of scikit-learn's kind

    texts : list of str

    Yields
    ------
    found : list of (int, int, int)
        Number, start and end of each occurrence of a term. The number is that of the
        vocabulary; in sequences of tokens, the place among the tokens of its text.
        Start and end are -1 where they are unknown.
    """
    find, longest = _finder(vectorizer), getattr(vectorizer, "max_length", None)
    for text in texts:
        found = find(text)
        if longest is not None:
            found = found[:longest]
            yield [(k, start, end) for k, (_, start, end) in enumerate(found)]
            continue
        number = vectorizer.vocabulary_
        yield [(number[t], start, end) for t, start, end in found if t in number]


def _finder(vectorizer):
    """Return a function that lists (term, start, end) for a text."""
    if not _is_plain(vectorizer):
        return _SearchInTurn(vectorizer.build_analyzer())
    clean = vectorizer.build_preprocessor()
    if vectorizer.analyzer == "word":
        locate = _words(vectorizer)
    elif vectorizer.analyzer == "char_wb":
        locate = _chars_in_words(_sizes(vectorizer))
    else:
        locate = _chars(_sizes(vectorizer))
    fallback = _SearchInTurn(vectorizer.build_analyzer())

    def find(text):
        cleaned = clean(text)
        origin = _origins(text, cleaned, clean)
        if origin is None:
            return fallback(text)
        found = locate(cleaned)
        if origin is _SAME:
            return found
        return [
            (term, origin[a], origin[b - 1] + 1) if a >= 0 else (term, -1, -1)
            for term, a, b in found
        ]

    return find


def _is_plain(vectorizer):
    """Whether scikit-learn's own code turns texts into terms."""
    own = type(vectorizer)
    return isinstance(getattr(vectorizer, "analyzer", None), str) and all(
        getattr(own, name, None) is getattr(CountVectorizer, name) for name in HOOKS
    )


def _sizes(vectorizer):
    shortest, longest = vectorizer.ngram_range
    return range(shortest, longest + 1)


_SAME = object()


def _origins(text, cleaned, clean):
    """Return the place in `text` of each character of `cleaned`; None if unknown."""
    if len(text) == len(cleaned):
        return _SAME
    lengths = [len(clean(character)) for character in text]
    if sum(lengths) != len(cleaned):
        return None
    return np.repeat(np.arange(len(text)), lengths).tolist()


def _words(vectorizer):
    stop, sizes = vectorizer.get_stop_words() or (), _sizes(vectorizer)
    tokens = _tokens(vectorizer)

    def locate(text):
        found = [token for token in tokens(text) if token[0] not in stop]
        if sizes == range(1, 2):
            return found
        return [
            (" ".join([token[0] for token in part]), part[0][1], part[-1][2])
            for n in sizes
            for k in range(len(found) - n + 1)
            for part in [found[k : k + n]]
        ]

    return locate


def _tokens(vectorizer):
    if vectorizer.tokenizer is not None:
        return _SearchInTurn(vectorizer.tokenizer)
    pattern = re.compile(vectorizer.token_pattern)
    group = min(pattern.groups, 1)
    return lambda text: [
        (match[group], *match.span(group)) for match in pattern.finditer(text)
    ]


def _chars_in_words(sizes):
    @lru_cache(maxsize=2**16)
    def of_chunk(chunk):
        padded, found = f" {chunk} ", []
        for n in sizes:
            for k in range(max(len(padded) - n, 0) + 1):
                start, end = max(k - 1, 0), min(k + n - 1, len(chunk))
                found.append((padded[k : k + n], start, end))
            if len(padded) <= n:  # a short word counts once
                break
        return found

    def locate(text):
        return [
            # The spaces around a word have no place.
            (term, first + start, first + end) if start < end else (term, -1, -1)
            for chunk in _CHUNK.finditer(text)
            for first in [chunk.start()]
            for term, start, end in of_chunk(chunk[0])
        ]

    return locate


def _chars(sizes):
    def locate(text):
        plain, origin = text, range(len(text) + 1)
        if _SPACES.search(text):  # scikit-learn reads several spaces as one
            kept = [True] * len(text)
            for run in _SPACES.finditer(text):
                kept[run.start() + 1 : run.end()] = [False] * (len(run[0]) - 1)
            plain = _SPACES.sub(" ", text)
            origin = [k for k, keep in enumerate(kept) if keep]
        return [
            (plain[k : k + n], origin[k], origin[k + n - 1] + 1)
            for n in sizes
            for k in range(len(plain) - n + 1)
        ]

    return locate


class _SearchInTurn:
    """Finds the terms of an unknown analysis in the text, each after the one before."""

    def __init__(self, analyze):
        self.analyze = analyze

    def __call__(self, text):
        lower = text.lower()
        lower = lower if len(lower) == len(text) else text
        found, place = [], 0
        for term in self.analyze(text):
            piece = _MARKS.sub("", str(term)).lower()
            start = lower.find(piece, place) if piece else -1
            if start < 0:  # pairs of words come after all words
                start = lower.find(piece) if piece else -1
            if start < 0:
                found.append((term, -1, -1))
                continue
            place = start + len(piece)
            found.append((term, start, place))
        return found
