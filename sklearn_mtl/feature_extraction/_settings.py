"""Which settings of a vectorizer are covered, and what counts for them."""

import re
from numbers import Integral

from sklearn.feature_extraction.text import CountVectorizer

from ._chars import CharacterCounter
from ._tokens import RUNS, Cutter
from ._words import WordCounter

# What subclasses may replace to read texts in their own way.
HOOKS = (
    "build_analyzer",
    "build_preprocessor",
    "build_tokenizer",
    "decode",
    "get_stop_words",
    "_word_ngrams",
    "_char_ngrams",
    "_char_wb_ngrams",
)


def counter_for(vectorizer):
    """Return what counts the features of texts as a vectorizer does.

    Parameters
    ----------
    vectorizer : CountVectorizer or HashingVectorizer

    Returns
    -------
    counter : WordCounter, CharacterCounter or None
        None if the settings are not covered.
    """
    own = type(vectorizer)
    if (
        vectorizer.input != "content"
        or vectorizer.preprocessor is not None
        or vectorizer.tokenizer is not None
        or callable(vectorizer.analyzer)
        or callable(vectorizer.strip_accents)
        or not all(isinstance(n, Integral) and n > 0 for n in vectorizer.ngram_range)
        or any(
            getattr(own, name) is not getattr(CountVectorizer, name) for name in HOOKS
        )
    ):
        return None
    preprocess = vectorizer.build_preprocessor()
    lowercase = bool(vectorizer.lowercase)
    ngram_range = vectorizer.ngram_range
    if vectorizer.analyzer == "char":
        return CharacterCounter(None, preprocess, ngram_range)
    if vectorizer.analyzer == "char_wb":
        cutter = Cutter.at_blanks(preprocess, lowercase)
        return CharacterCounter(cutter, preprocess, ngram_range)
    pattern = vectorizer.token_pattern
    if pattern in RUNS:
        cutter = Cutter.of_runs(RUNS[pattern], preprocess, lowercase)
    elif re.compile(pattern).groups:
        return None
    else:
        tokenize = vectorizer.build_tokenizer()
        cutter = Cutter.of_pattern(tokenize, preprocess, joins=ngram_range[1] > 1)
    return WordCounter(cutter, vectorizer.get_stop_words(), ngram_range)


def settings_of(vectorizer):
    """Return the settings that `counter_for` looks at, to be compared later."""
    names = ("analyzer", "lowercase", "ngram_range", "strip_accents", "token_pattern")
    settings = [getattr(vectorizer, name) for name in names]
    return settings, vectorizer.get_stop_words()
