"""From X to the rows that the network reads."""

import numpy as np
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import FeatureUnion
from sklearn.utils.validation import check_is_fitted, check_memory, validate_data

from ..feature_extraction import (
    UNKNOWN,
    FastHashingVectorizer,
    FastTfidfVectorizer,
    SequenceVectorizer,
)
from ..utils._rows import n_rows
from ._rows import SMALL, as_rows, join_columns, made_rows

# Character n-grams are used up to this many characters in all texts together.
PARTS_BUDGET = 5_000_000
# Features of the hashing vectorizer. It also hashes parts of words, into as many again,
# if texts have at most this many characters on average.
HASHED, PARTS_LENGTH = 2**17, 300


def check_numeric(estimator, X, *, reset):
    """Return numeric rows as a float CSR matrix or ndarray; integers as float32."""
    rows = validate_data(
        estimator, X, accept_sparse="csr", dtype="numeric", reset=reset
    )
    return as_rows(rows)


class UnionInTurn(FeatureUnion):
    """A union of sparse rows that runs its parts one after another, without joblib.

    scikit-learn's union uses joblib, which changes and restores the global warning
    filters. Overlapping calls would restore the filters of another call.
    """

    def fit_transform(self, X, y=None):
        parts = [part.fit_transform(X, y) for _, part in self.transformer_list]
        return join_columns(parts)

    def transform(self, X):
        return join_columns([part.transform(X) for _, part in self.transformer_list])


def auto_vectorizers(texts, *, as_tokens=False, rare_words=SMALL):
    """Yield the unfitted vectorizers that "auto" tries, in this order.

    The first is TF-IDF over words and pairs of words with sublinear counts, with a
    min_df of 2 above 200 texts. Up to 5 million characters in all, it also has the
    character 4-grams within words: the fewer and shorter the texts, the more words of
    new texts are unknown, but their parts are not.

    The first finds features in nearly all texts. The others are for texts that have no
    words in common, such as names, or no words, such as emoji.

    Parameters
    ----------
    texts : list of str

    as_tokens : bool, default=False
        Whether to yield vectorizers that return sequences of token ids.

    rare_words : int, default=200
        Up to this many texts, min_df is 1.

    Yields
    ------
    vectorizer : FastTfidfVectorizer, FeatureUnion of two, or SequenceVectorizer
    """
    # With many texts, a word that occurs in one text only is noise, and costs a row of
    # weights in each layer.
    for min_df in [1] if len(texts) <= rare_words else [2, 1]:
        if as_tokens:
            yield SequenceVectorizer(min_df=min_df)
            yield SequenceVectorizer(analyzer="char", min_df=min_df)
            continue
        words = word_vectorizer(min_df)
        parts = FastTfidfVectorizer(
            analyzer="char_wb", ngram_range=(4, 4), **_common(min_df)
        )
        if sum(map(len, texts)) > PARTS_BUDGET:
            yield words
        else:
            yield UnionInTurn([("words", words), ("parts", parts)])
        yield UnionInTurn([("parts", parts)])


def word_vectorizer(min_df=2):
    """Return the vectorizer that "auto" uses for many texts, unfitted."""
    return FastTfidfVectorizer(
        ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", **_common(min_df)
    )


def _common(min_df):
    return {"min_df": min_df, "sublinear_tf": True, "dtype": np.float32}


def is_fitted(vectorizer):
    """Whether a transformer is fitted, or needs no fit."""
    try:
        check_is_fitted(vectorizer)
    except (NotFittedError, TypeError):
        return False
    return True


def is_hashing(vectorizer):
    """Whether this is the name of the hashing vectorizer."""
    return isinstance(vectorizer, str) and vectorizer == "hashing"


def hashing_vectorizer(texts):
    """Return a vectorizer like that of "auto" that needs no vocabulary.

    Words and pairs of words, and parts of words if texts are short, with sublinear
    counts. ``_fitting._reading`` weights rows by document frequencies.

    Parameters
    ----------
    texts : list of str
    """
    common = {"alternate_sign": False, "sublinear_tf": True, "dtype": np.float32}
    words = FastHashingVectorizer(
        n_features=HASHED, ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", **common
    )
    if sum(map(len, texts)) > PARTS_LENGTH * len(texts):
        return words.set_params(n_features=2 * HASHED)
    parts = FastHashingVectorizer(
        n_features=HASHED, analyzer="char_wb", ngram_range=(4, 4), **common
    )
    return UnionInTurn([("words", words), ("parts", parts)])


def fit_vectorizer(vectorizer, X, memory=None, *, as_tokens=False, rare_words=SMALL):
    """Fit a vectorizer and return it with the rows of the texts.

    Parameters
    ----------
    vectorizer : "auto", "hashing" or transformer
        "auto" takes the first of :func:`auto_vectorizers` that finds features. A
        transformer is cloned.

    X : list of str, or what the transformer takes

    memory : None, str or joblib.Memory, default=None
        Cache for the rows, so that a search vectorises each fold once.

    as_tokens : bool, default=False
        Whether "auto" returns token ids.

    rare_words : int, default=200
        Up to this many texts, "auto" has a min_df of 1.

    Returns
    -------
    vectorizer : transformer
        Fitted.

    rows : csr_matrix, csr_array or ndarray of shape (n_samples, n_features)
    """
    is_blank = isinstance(X, list) and all(
        isinstance(text, str) and not text.strip() for text in X
    )
    if not isinstance(vectorizer, str):
        candidates = [clone(vectorizer)]
    elif is_blank:  # otherwise single spaces would be the features
        candidates = []
    elif is_hashing(vectorizer):
        candidates = [hashing_vectorizer(X)]
    else:
        candidates = auto_vectorizers(X, as_tokens=as_tokens, rare_words=rare_words)
    reason = None
    for candidate in candidates:
        try:
            return check_memory(memory).cache(_fit_transform)(candidate, X)
        except ValueError as error:
            if "empty vocabulary" not in str(error) and (
                "no terms remain" not in str(error)
            ):
                raise
            reason = error
    found = f"The vectorizer found no features in {n_rows(X)} text(s)"
    if is_blank:
        raise ValueError(
            f"{found}: all of them are empty or blank. Pass texts that hold words."
        ) from reason
    raise ValueError(
        f"{found}: {str(reason).rstrip('.')}. Pass another vectorizer, for instance "
        "TfidfVectorizer(analyzer='char_wb', ngram_range=(1, 3))."
    ) from reason


def _fit_transform(vectorizer, X):
    with config_context(transform_output="default"):
        rows = vectorizer.fit_transform(X)
    return vectorizer, made_rows(rows, X)


def transform_rows(vectorizer, X):
    """Return the rows of a fitted vectorizer.

    Disables scikit-learn's ``transform_output``, because data frames cannot hold sparse
    rows.
    """
    with config_context(transform_output="default"):
        return made_rows(vectorizer.transform(X), X)


def as_bags(rows):
    """Count each id in rows of token ids; return shape (n_rows, n_tokens)."""
    ids = rows.data.astype(np.int32)
    shape = rows.shape[0], max(ids.max(initial=0), UNKNOWN) + 1
    bags = csr_array((np.ones(len(ids), np.float32), ids, rows.indptr.copy()), shape)
    bags.sum_duplicates()  # in place, indptr included
    return bags
