"""The vocabulary of texts that arrive in chunks, counted in bounded memory."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfTransformer

from ._ngrams import Lengths, count_ngrams
from ._settings import analysis_of
from ._tokens import NewCodes

# Words and pairs that are counted at the same time. If there are more, the rarest half
# is forgotten.
MOST_TERMS = 1 << 22
# Slots for terms that occurred once. A term gets a count when its slot is taken, so
# that the many terms of a single text need a byte at most.
SLOTS = 1 << 26
_SECOND = np.int64(1) << 31  # factor of the first word in the number of a pair
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio


class VocabularyCounter:
    """Counts in how many texts words and pairs of words occur.

    Parameters
    ----------
    vectorizer : FastCountVectorizer
        Its settings. The analyzer must be "word", with an `ngram_range` within (1, 2).
        With a `min_df` above 1, terms of a single text may be left out.

    n_slots, most_terms : int
        Bounds of memory.

    Attributes
    ----------
    n_texts : int

    Notes
    -----
    Counts are approximate: a term may have one text too many, if its slot was taken by
    another term, or too few, if it was forgotten. The order of texts decides which.

    References
    ----------
    G. S. Manku, R. Motwani, "Approximate frequency counts over data streams", VLDB
    2002, which forgets rare terms at fixed intervals and not when memory is full.
    """

    def __init__(self, vectorizer, *, n_slots=SLOTS, most_terms=MOST_TERMS):
        analysis = analysis_of(vectorizer)
        self._shortest, longest = vectorizer.ngram_range
        self._lengths = Lengths(1, longest)  # pairs are named by their words
        counter = analysis.counter()
        self._cutter, self._stop_words = counter.cutter, analysis.stop_words or ()
        self._codes = NewCodes(self._stop_words)
        self._most, self.n_texts = most_terms, 0
        self._terms = np.empty(0, dtype=np.int64)
        self._counts = np.empty(0, dtype=np.int64)
        low = vectorizer.min_df
        admits_all = low == 0 or (isinstance(low, Integral) and low == 1)
        self._taken = None if admits_all else np.zeros(n_slots, dtype=bool)

    def add(self, texts):
        """Count the terms of some texts.

        Parameters
        ----------
        texts : list of str
        """
        self.n_texts += len(texts)
        sequences = self._cutter.code(texts, self._codes)
        found = count_ngrams(sequences, len(self._codes), self._lengths)
        terms = found.symbols[:, 0] * _SECOND
        if self._lengths.longest > 1:
            terms += found.symbols[:, 1] + 1
        order = np.argsort(terms)
        terms, counts = terms[order], np.diff(found.columns.indptr)[order]
        places = np.searchsorted(self._terms, terms)
        is_known = np.zeros(len(terms), dtype=bool)
        inside = places < len(self._terms)
        is_known[inside] = self._terms[places[inside]] == terms[inside]
        self._counts[places[is_known]] += counts[is_known]
        self._admit(terms[~is_known], counts[~is_known], places[~is_known])
        if max(len(self._terms), len(self._codes)) > self._most:
            self._forget()

    def names(self, at_least, at_most, limit=None):
        """Return the terms that occur often enough, in alphabetical order.

        Parameters
        ----------
        at_least, at_most : float
            Bounds of the number of texts.

        limit : int, default=None
            Maximum number of terms; the most frequent are kept.

        Returns
        -------
        names : list of str
        """
        chosen = (self._counts >= at_least) & (self._counts <= at_most)
        pair = self._terms % _SECOND > 0
        chosen &= pair if self._shortest > 1 else True
        rows = np.flatnonzero(chosen)
        if limit is not None and len(rows) > limit:
            most = np.argsort(-self._counts[rows], kind="stable")[:limit]
            rows = rows[most]
        words, terms = self._codes.words, self._terms[rows]
        firsts, seconds = terms // _SECOND, terms % _SECOND - 1
        return sorted(
            words[a] if b < 0 else f"{words[a]} {words[b]}"
            for a, b in zip(firsts.tolist(), seconds.tolist(), strict=True)
        )

    def _admit(self, terms, counts, places):
        """Give counts to new terms, once they have occurred in two texts."""
        if self._taken is None:
            self._terms = np.insert(self._terms, places, terms)
            self._counts = np.insert(self._counts, places, counts)
            return
        slots = ((terms.view(np.uint64) * _MIX) >> np.uint64(32)) % np.uint64(
            len(self._taken)
        )
        before = self._taken[slots]
        self._taken[slots] = True
        admitted = before | (counts > 1)
        counts = counts + before
        self._terms = np.insert(self._terms, places[admitted], terms[admitted])
        self._counts = np.insert(self._counts, places[admitted], counts[admitted])

    def _forget(self):
        """Forget the rarest half of the terms, and words that are in none."""
        kept = np.argsort(-self._counts, kind="stable")[: self._most // 2]
        kept.sort()
        terms, counts = self._terms[kept], self._counts[kept]
        firsts, seconds = terms // _SECOND, terms % _SECOND - 1
        used = np.unique(np.concatenate([firsts, seconds[seconds >= 0]]))
        words = self._codes.words
        self._codes = NewCodes(self._stop_words)
        self._codes([words[code] for code in used.tolist()])
        firsts = np.searchsorted(used, firsts)
        seconds = np.where(seconds < 0, -1, np.searchsorted(used, seconds))
        # Codes keep their order, and so do the numbers of terms.
        self._terms, self._counts = firsts * _SECOND + seconds + 1, counts


def with_vocabulary(vectorizer: Any, names: list[str], idf: Any) -> Any:
    """Give a TF-IDF vectorizer a vocabulary and its weights, as ``fit`` would.

    Parameters
    ----------
    vectorizer : FastTfidfVectorizer
        Unfitted. It is changed in place.

    names : list of str
        The terms, in the order of columns.

    idf : ndarray of shape (n_terms,)

    Returns
    -------
    vectorizer : FastTfidfVectorizer
    """
    vectorizer.vocabulary_ = dict(zip(names, range(len(names)), strict=True))
    vectorizer.fixed_vocabulary_ = False
    weights = TfidfTransformer(
        norm=vectorizer.norm,
        use_idf=vectorizer.use_idf,
        smooth_idf=vectorizer.smooth_idf,
        sublinear_tf=vectorizer.sublinear_tf,
    )
    weights.n_features_in_ = len(names)
    if vectorizer.use_idf:
        weights.idf_ = idf
    vectorizer._tfidf = weights
    return vectorizer
