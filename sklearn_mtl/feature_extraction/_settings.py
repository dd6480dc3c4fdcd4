"""Which settings of a vectorizer are covered, and what counts for them."""

import re
from numbers import Integral

from sklearn.feature_extraction.text import CountVectorizer

from ._analysis import Analysis

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


def analysis_of(vectorizer):
    """Return by which settings a vectorizer makes terms of texts.

    Parameters
    ----------
    vectorizer : CountVectorizer or HashingVectorizer

    Returns
    -------
    analysis : Analysis or None
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
    is_word = vectorizer.analyzer == "word"
    if is_word and re.compile(vectorizer.token_pattern).groups:
        return None
    return Analysis(
        vectorizer.analyzer,
        bool(vectorizer.lowercase),
        vectorizer.strip_accents or None,
        tuple(vectorizer.ngram_range),
        vectorizer.token_pattern,
        vectorizer.get_stop_words() if is_word else None,
    )


def settings_of(vectorizer):
    """Return the settings that `analysis_of` looks at, to be compared later."""
    names = ("analyzer", "lowercase", "ngram_range", "strip_accents", "token_pattern")
    settings = [getattr(vectorizer, name) for name in names]
    return settings, vectorizer.get_stop_words()
