"""Texts as sequences of token ids, for networks that read words in order."""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from numbers import Integral
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from ..utils._compat import Interval, _align_api_if_sparse
from ..utils._state import fits_aside
from ..utils._texts import as_documents
from ..utils._typing import Array, Sparse
from ._tokens import UNKNOWN
from ._vectorizers import FastCountVectorizer

PADDING = 0
FIRST = 2  # id of the first token of the vocabulary
# Unlike scikit-learn's pattern, this one accepts words of one character.
TOKEN_PATTERN = r"(?u)\b\w+\b"


class SequenceVectorizer(FastCountVectorizer):
    """Turn texts into rows of token ids, in the order of the tokens.

    A row is a row of a sparse matrix: the column is the position of a token in its
    text, the value its id. So the memory for texts depends on their actual lengths, and
    rows are selected, stacked and split like those of any other matrix.

    Parameters
    ----------
    analyzer : {"word", "char", "char_wb"} or callable, default="word"
        The tokens. Use "char" for scripts without spaces between words, such as
        Chinese. A callable returns the tokens of a text.

    max_length : int, default=256
        Number of tokens that are kept from the start of each text. The time of a
        network grows with it.

    min_df, max_df : int or float, default=1, 1.0
        Minimum and maximum number, or fraction, of texts with a token of the
        vocabulary.

    max_features : int, default=None
        Maximum size of the vocabulary, which keeps the most frequent tokens. None keeps
        all.

    stop_words, lowercase, strip_accents : as for CountVectorizer
        See :class:`~sklearn.feature_extraction.text.CountVectorizer`.

    preprocessor, tokenizer, token_pattern, vocabulary : as for CountVectorizer
        Except that a token may be a single character.

    Attributes
    ----------
    vocabulary_ : dict of {str: int}
        Tokens and their positions in sorted order. The id of a token is its position
        plus 2.

    tokens_ : ndarray of shape (n_tokens + 2,), dtype object
        The token of each id. 0 is padding and is not stored; 1 is any token outside the
        vocabulary.

    See Also
    --------
    SubwordVectorizer : Words and subwords, so that new words are not unknown.
    TextCleaner : Can be used as ``preprocessor``.
    sklearn_mtl.trunks.ConvTrunk : Reads the ids.

    Notes
    -----
    Network weights of the unknown token are learnt from tokens that `min_df`, `max_df`
    and `max_features` exclude. With the defaults there are none.

    Examples
    --------
    >>> from sklearn_mtl.feature_extraction import SequenceVectorizer
    >>> vectorizer = SequenceVectorizer().fit(["a good film", "a very good film"])
    >>> vectorizer.tokens_[2:].tolist()
    ['a', 'film', 'good', 'very']
    >>> vectorizer.transform(["a bad film", ""]).toarray()[:, :4]
    array([[2, 1, 3, 0],
           [0, 0, 0, 0]], dtype=int32)
    """

    _parameter_constraints = {
        **FastCountVectorizer._parameter_constraints,
        "max_length": [Interval(Integral, 1, None, closed="left")],
    }
    # Read by scikit-learn's code, and fixed for sequences.
    input, encoding, decode_error = "content", "utf-8", "strict"
    ngram_range, binary, dtype = (1, 1), False, np.int64

    def __init__(
        self,
        *,
        analyzer: Any = "word",
        max_length: int = 256,
        min_df: float | int = 1,
        max_df: float | int = 1.0,
        max_features: int | None = None,
        stop_words: Any = None,
        lowercase: bool = True,
        strip_accents: Any = None,
        preprocessor: Callable[[str], str] | None = None,
        tokenizer: Callable[[str], Iterable[str]] | None = None,
        token_pattern: str | None = TOKEN_PATTERN,
        vocabulary: Sequence[str] | None = None,
    ) -> None:
        self.analyzer = analyzer
        self.max_length = max_length
        self.min_df = min_df
        self.max_df = max_df
        self.max_features = max_features
        self.stop_words = stop_words
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.token_pattern = token_pattern
        self.vocabulary = vocabulary

    @fits_aside
    def fit_transform(self, raw_documents: Iterable[str], y: object = None) -> Sparse:
        """Learn the vocabulary and return the ids of the tokens of each text.

        Parameters
        ----------
        raw_documents : iterable of str or bytes

        y : None
            Ignored.

        Returns
        -------
        X : csr_array or csr_matrix of shape (n_samples, max_length), dtype int32
            scikit-learn's setting ``sparse_interface`` decides which of the two.
        """
        if not isinstance(raw_documents, str):  # scikit-learn raises an error for it
            raw_documents = list(as_documents(raw_documents))
        super().fit_transform(raw_documents)
        return self.transform(raw_documents)

    def transform(self, raw_documents: Iterable[str]) -> Sparse:
        """Return the ids of the tokens of each text.

        Parameters
        ----------
        raw_documents : iterable of str or bytes

        Returns
        -------
        X : csr_array or csr_matrix of shape (n_samples, max_length), dtype int32
        """
        if isinstance(raw_documents, str):
            raise ValueError(
                "Iterable over raw text documents expected, string object received."
            )
        self._check_vocabulary()
        analyze, length = self.build_analyzer(), self.max_length
        id_of = {token: place + FIRST for token, place in self.vocabulary_.items()}
        ids: list[int] = []
        until: list[int] = [0]
        for text in as_documents(raw_documents):
            ids += [id_of.get(token, UNKNOWN) for token in analyze(text)[:length]]
            until.append(len(ids))
        ends = np.array(until, dtype=np.int32)
        places = np.arange(len(ids), dtype=np.int32) - np.repeat(
            ends[:-1], np.diff(ends)
        )
        parts = np.array(ids, dtype=np.int32), places, ends
        return _align_api_if_sparse(csr_array(parts, (len(ends) - 1, length)))

    def _warn_for_unused_params(self):
        # scikit-learn would warn that our default pattern is unused.
        asked = copy(self)
        if self.token_pattern == TOKEN_PATTERN:
            asked.token_pattern = FastCountVectorizer().token_pattern
        super(SequenceVectorizer, asked)._warn_for_unused_params()

    def inverse_transform(self, X: Sparse) -> list[Array]:
        """Return the tokens of each row.

        Parameters
        ----------
        X : sparse matrix of shape (n_samples, max_length)

        Returns
        -------
        tokens : list of ndarray of str
        """
        X = csr_array(X)
        return np.split(self.tokens_[X.data], X.indptr[1:-1])

    @property
    def tokens_(self) -> Array:
        """The token of each id."""
        if not hasattr(self, "vocabulary_"):
            raise AttributeError("tokens_ is available after fit")
        return np.array(
            [
                "<padding>",
                "<unknown>",
                *sorted(self.vocabulary_, key=self.vocabulary_.__getitem__),
            ],
            dtype=object,
        )

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return a name for each position in a text.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of shape (max_length,), dtype object
        """
        names = [f"token{place}" for place in range(self.max_length)]
        return np.array(names, dtype=object)
