"""The units of an explanation: words of a text or single features, with their places.

Every stored value of the rows is shared among units, so that what the units add to a
logit sums to what the row adds.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array, issparse

from ..utils._typing import Array
from ._places import WORD, places_of_terms

EMBEDDING = "embedding"


class Source(NamedTuple):
    """Texts in which words have places: those of a column of X, or X itself.

    Attributes
    ----------
    column : str
        Empty if X is a list of texts.

    texts : list of str
    """

    column: str
    texts: list


@dataclass(frozen=True)
class Units:
    """Words or features, ordered by row, then by place.

    Attributes
    ----------
    sources : list of Source

    rows : ndarray of shape (n_units,)
        The row of each unit.

    source : ndarray of shape (n_units,)
        The index in `sources`; -1 for units without a place in a text.

    starts, ends : ndarray of shape (n_units,)
        The place in the text; -1 for units without one.

    columns, words : ndarray of shape (n_units,), dtype object
        Names.

    shares : csr_array of shape (n_units, n_stored)
        The share of each stored value of the rows in each unit.

    is_block : ndarray of shape (n_units,), dtype bool
        Whether the unit stands for the dense block of its row.
    """

    sources: list
    rows: Array
    source: Array
    starts: Array
    ends: Array
    columns: Array
    words: Array
    shares: Any
    is_block: Array


def make_units(features, X, rows, *, by_word, has_block):
    """Return the units of some rows.

    Parameters
    ----------
    features : Features

    X : list of str or table
        What the readers read.

    rows : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)

    by_word : bool
        Whether units are whole words; otherwise each occurrence of a feature is one.

    has_block : bool
        Whether each row has a unit for a dense block.

    Returns
    -------
    units : Units
    """
    stored = _Stored(rows)
    sources, terms = _occurrences(features, X, rows.shape[0])
    entries, made = [], []
    if len(terms):
        places = stored.find(terms[:, 0], terms[:, 1])
        terms, places = terms[places >= 0], places[places >= 0]
        counts = np.bincount(places, minlength=len(stored.rows))
        groups = _words_of(terms, sources) if by_word else _each(terms)
        parts, own, which, of_term = groups
        share = 1.0 / counts[places]
        entries.append((which, places[of_term], (share * parts)[of_term]))
        made.append(own)
        lost = np.bincount(places, share * (parts == 0), len(stored.rows))
        lost[counts == 0] = 1.0
    else:
        lost = np.ones(len(stored.rows))
    lost[stored.values == 0] = 0.0
    alone = np.flatnonzero(lost > 0)
    entries.append((np.arange(len(alone)), alone, lost[alone]))
    made.append(_without_place(stored.rows[alone], alone))
    if has_block:
        every = np.arange(rows.shape[0])
        none = np.empty(0, dtype=np.int64)
        entries.append((none, none, none.astype(float)))
        made.append(_without_place(every, np.full(len(every), -1)))
    return _assembled(features, sources, stored, entries, made)


class _Stored:
    """The stored values of rows; those of dense rows are all values, row by row."""

    def __init__(self, rows):
        n_rows, self.n_features = rows.shape
        self.is_sparse = issparse(rows)
        if self.is_sparse:
            sizes = np.diff(rows.indptr)
            self.rows = np.repeat(np.arange(n_rows), sizes)
            self.features, self.values = rows.indices, rows.data
        else:
            self.rows = np.repeat(np.arange(n_rows), self.n_features)
            self.features = np.tile(np.arange(self.n_features), n_rows)
            self.values = rows.ravel()

    def find(self, rows, features):
        """Return the places of values among those stored; -1 where none is."""
        keys = self._keys(rows, features)
        if not self.is_sparse:
            return keys
        own = self._keys(self.rows, self.features)
        order = np.argsort(own, kind="stable")
        place = np.searchsorted(own, keys, sorter=order)
        place = order[np.minimum(place, len(own) - 1)] if len(own) else place * 0
        return np.where(own[place] == keys, place, -1) if len(own) else place - 1

    def _keys(self, rows, features):
        return rows.astype(np.int64) * self.n_features + features


def _occurrences(features, X, n_rows):
    """Find the terms of all readers in their texts.

    Returns
    -------
    sources : list of Source

    terms : ndarray of shape (n_terms, 5)
        Row, feature, source, start and end of each.
    """
    known, sources, found = {}, [], []
    for k, reader in enumerate(features.readers):
        if reader.source not in known:
            known[reader.source] = len(sources)
            sources.append(Source(_named(reader, sources), reader.texts(X)))
        texts = sources[known[reader.source]].texts
        parts = list(places_of_terms(reader.vectorizer, texts))
        rows = np.repeat(np.arange(len(parts)), list(map(len, parts)))
        terms = np.empty((len(rows), 5), dtype=np.int64)
        terms[:, 0], terms[:, 2] = rows, known[reader.source]
        numbers = [place for part in parts for place in part]
        terms[:, [1, 3, 4]] = np.array(numbers, dtype=np.int64).reshape(-1, 3)
        if not reader.are_tokens:
            terms[:, 1] = features.columns_of(k)[terms[:, 1]]
        found.append(terms[terms[:, 1] >= 0])
    nothing = np.empty((0, 5), dtype=np.int64)
    return sources, np.concatenate([nothing, *found])


def _named(reader, sources):
    """Name the texts of a reader; other texts of the same column get another name."""
    name = "" if reader.column is None else str(reader.column)
    taken = [source.column for source in sources]
    return name if name not in taken else f"{name} ({len(taken) + 1})".strip()


def _words_of(terms, sources):
    """Divide terms among the words of their texts that they cover.

    Returns
    -------
    parts : ndarray of shape (n_terms,)
        1 divided by the number of words of each term; 0 without a place.

    units : ndarray of shape (n_units, 6)
        As from :func:`_without_place`.

    which, of_term : ndarray of shape (n_entries,)
        The unit and the term of each pair of a word and a term that covers it.
    """
    spans, longest = [], 2
    for source, (_, texts) in enumerate(sources):
        longest = max(longest, *(len(text) + 2 for text in texts))
        spans += [
            (row, source, *word.span())
            for row, text in enumerate(texts)
            for word in WORD.finditer(text)
        ]
    words = np.array(spans, dtype=np.int64).reshape(-1, 4)
    n_sources = len(sources)
    # Places of all texts on one line, so that words are found by bisection.
    first = (words[:, 0] * n_sources + words[:, 1]) * longest
    order = np.argsort(first, kind="stable")
    words, first = words[order], first[order]
    line = (terms[:, 0] * n_sources + terms[:, 2]) * longest
    begin = np.searchsorted(first + words[:, 3], line + terms[:, 3], side="right")
    end = np.searchsorted(first + words[:, 2], line + terms[:, 4], side="left")
    n_words = np.where(terms[:, 3] >= 0, np.maximum(end - begin, 0), 0)
    of_term = np.repeat(np.arange(len(terms)), n_words)
    skipped = np.repeat(np.cumsum(n_words) - n_words, n_words)
    which = begin[of_term] + np.arange(len(of_term)) - skipped
    used, which = np.unique(which, return_inverse=True)
    units = np.full((len(used), 6), -1, dtype=np.int64)
    units[:, :4] = words[used]
    parts = np.divide(1.0, n_words, out=np.zeros(len(terms)), where=n_words > 0)
    return parts, units, which, of_term


def _each(terms):
    """Make a unit of each term that has a place; results as of :func:`_words_of`."""
    of_term = np.flatnonzero(terms[:, 3] >= 0)
    units = np.full((len(of_term), 6), -1, dtype=np.int64)
    units[:, [0, 1, 2, 3, 5]] = terms[of_term][:, [0, 2, 3, 4, 1]]
    parts = (terms[:, 3] >= 0).astype(float)
    return parts, units, np.arange(len(of_term)), of_term


def _without_place(rows, stored):
    """Return units without a place: row, source, start, end, stored value, feature."""
    units = np.full((len(rows), 6), -1, dtype=np.int64)
    units[:, 0], units[:, 4] = rows, stored
    return units


def _assembled(features, sources, stored, entries, made):
    """Order units, name them, and return them with their shares."""
    units = np.concatenate(made)
    last = np.where(units[:, 1] < 0, len(sources), units[:, 1])
    order = np.lexsort((units[:, 3], units[:, 2], last, units[:, 0]))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    starts = np.cumsum([0, *map(len, made[:-1])])
    which = np.concatenate(
        [place[own + start] for (own, _, _), start in zip(entries, starts, strict=True)]
    )
    values = np.concatenate([share for _, _, share in entries])
    where = np.concatenate([at for _, at, _ in entries])
    shape = len(units), len(stored.rows)
    shares = csr_array((values, (which, where)), shape)
    units = units[order]
    columns, words = _names(features, sources, stored, units)
    row, source, begin, end, value, _ = units.T
    return Units(
        sources, row, source, begin, end, columns, words, shares,
        (source < 0) & (value < 0),
    )  # fmt: skip


def _names(features, sources, stored, units):
    """Return the names of columns and words of units."""
    columns = np.full(len(units), "", dtype=object)
    words = np.full(len(units), EMBEDDING, dtype=object)
    source, value, feature = units[:, 1], units[:, 4], units[:, 5]
    reader = features.readers[0] if features.readers else None
    are_tokens = reader is not None and reader.are_tokens
    for k, (column, texts) in enumerate(sources):
        own = np.flatnonzero(source == k)
        places = units[own][:, [0, 2, 3]].tolist()
        words[own] = [texts[row][start:end] for row, start, end in places]
        columns[own] = column
    alone = (source < 0) & (value >= 0)
    if are_tokens:
        words[alone] = reader.vectorizer.tokens_[stored.values[value[alone]]]
        return columns, words
    feature = (
        np.where(alone, stored.features[np.maximum(value, 0)], feature)
        if len(stored.features)
        else feature
    )
    own = np.flatnonzero(alone | (feature >= 0))
    words[own], columns[own] = features.named(feature[own])
    return columns, words
