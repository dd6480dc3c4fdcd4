"""How a text becomes terms: the meaning of a vectorizer's settings.

Nothing here needs scikit-learn.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import partial

from ._chars import CharacterCounter
from ._tokens import RUNS, Cutter
from ._words import WordCounter

_BLANKS = re.compile(r"\s\s+")


@dataclass(frozen=True)
class Analysis:
    """Settings of a vectorizer that determine the terms of a text.

    Attributes
    ----------
    analyzer : {"word", "char", "char_wb"}

    lowercase : bool

    strip_accents : {"ascii", "unicode"} or None

    ngram_range : tuple of int

    token_pattern : str

    stop_words : frozenset of str or None

    preprocessor : callable, default=None
        Preprocesses a text instead of `lowercase` and `strip_accents`.
    """

    analyzer: str
    lowercase: bool
    strip_accents: str | None
    ngram_range: tuple
    token_pattern: str
    stop_words: frozenset | None
    preprocessor: object = None

    @property
    def preprocess(self):
        """Return a callable that preprocesses a text."""
        if self.preprocessor is not None:
            return self.preprocessor
        steps = [str.lower] if self.lowercase else []
        if self.strip_accents:
            steps.append(ACCENTS[self.strip_accents])
        if len(steps) == 2:
            return partial(_both, *steps)
        return steps[0] if steps else str

    def terms(self):
        """Return a callable that lists the terms of one text.

        Terms have scikit-learn's order, and are repeated as often as they occur.
        """
        shortest, longest = self.ngram_range
        if self.analyzer == "char":
            return partial(_runs, self.preprocess, shortest, longest)
        if self.analyzer == "char_wb":
            return partial(_runs_in_words, self.preprocess, shortest, longest)
        find = re.compile(self.token_pattern).findall
        drop = self.stop_words or ()
        return partial(_words, self.preprocess, find, drop, shortest, longest)

    def counter(self):
        """Return a counter for the terms of many texts at once.

        Returns
        -------
        counter : WordCounter, CharacterCounter or None
            None for a pattern with groups, which match a part of each token, and with a
            preprocessor.
        """
        if self.preprocessor is not None:
            return None
        preprocess, lowercase = self.preprocess, bool(self.lowercase)
        if self.analyzer == "char":
            return CharacterCounter(None, preprocess, self.ngram_range)
        if self.analyzer == "char_wb":
            cutter = Cutter.at_spaces(preprocess, lowercase)
            return CharacterCounter(cutter, preprocess, self.ngram_range)
        if self.token_pattern in RUNS:
            cutter = Cutter.of_runs(RUNS[self.token_pattern], preprocess, lowercase)
        else:
            pattern = re.compile(self.token_pattern)
            if pattern.groups:
                return None
            joins = self.ngram_range[1] > 1
            cutter = Cutter.of_pattern(pattern.findall, preprocess, joins=joins)
        return WordCounter(cutter, self.stop_words, self.ngram_range)


def _both(first, second, text):
    return second(first(text))


def _without_marks(text):
    """Remove combining marks, such as accents, and keep other scripts."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text)
    return "".join(part for part in parts if not unicodedata.combining(part))


def _only_ascii(text):
    parts = unicodedata.normalize("NFKD", text)
    return parts.encode("ascii", "ignore").decode("ascii")


ACCENTS = {"ascii": _only_ascii, "unicode": _without_marks}


def _words(preprocess, find, drop, shortest, longest, text):
    tokens = find(preprocess(text))
    if drop:
        tokens = [token for token in tokens if token not in drop]
    terms = list(tokens) if shortest == 1 else []
    for n in range(max(shortest, 2), longest + 1):
        terms += map(" ".join, zip(*(tokens[k:] for k in range(n)), strict=False))
    return terms


def _runs(preprocess, shortest, longest, text):
    text = _BLANKS.sub(" ", preprocess(text))
    return [
        text[start : start + n]
        for n in range(shortest, longest + 1)
        for start in range(len(text) - n + 1)
    ]


def _runs_in_words(preprocess, shortest, longest, text):
    terms = []
    for word in preprocess(text).split():
        padded = f" {word} "
        for n in range(shortest, longest + 1):
            if len(padded) <= n:  # a short word is counted once
                terms.append(padded)
                break
            terms += [padded[k : k + n] for k in range(len(padded) - n + 1)]
    return terms
