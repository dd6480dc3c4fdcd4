"""Which settings of a vectorizer the fast code supports."""

import re
from numbers import Integral

from sklearn.feature_extraction.text import CountVectorizer

from ._analysis import Analysis

# Methods that subclasses may override to read texts in their own way.
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
    """Return the settings by which a vectorizer turns texts into terms.

    Parameters
    ----------
    vectorizer : CountVectorizer or HashingVectorizer

    Returns
    -------
    analysis : Analysis or None
        None if the settings are not supported.
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
    """Return the settings that `analysis_of` reads, to detect later changes."""
    names = ("analyzer", "lowercase", "ngram_range", "strip_accents", "token_pattern")
    settings = [getattr(vectorizer, name) for name in names]
    return settings, vectorizer.get_stop_words()
