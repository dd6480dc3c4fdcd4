"""scikit-learn's text vectorizers, with the same results in less time."""

from collections.abc import Iterable
from copy import copy
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
)
from sklearn.preprocessing import normalize
from sklearn.utils.validation import FLOAT_DTYPES, check_is_fitted

from ..utils._compat import _align_api_if_sparse
from ..utils._texts import as_documents
from ..utils._typing import Rows, Sparse
from ._hashing import HashedTerms, sublinear_counts
from ._settings import analysis_of, settings_of
from ._terms import KnownTerms, as_counts, weigh_counts
from ._tokens import UnsuitedError


class SortedVocabulary(dict):
    """A vocabulary that is already pruned and sorted."""


class FastCountVectorizer(CountVectorizer):
    r"""Turn texts into counts of words or of character n-grams, fast.

    The same as :class:`~sklearn.feature_extraction.text.CountVectorizer`, with the same
    parameters, attributes, errors and results. It takes a fraction of the time, because
    it counts integers where scikit-learn counts strings.

    Parameters
    ----------
    **parameters
        Those of :class:`~sklearn.feature_extraction.text.CountVectorizer`.

    Attributes
    ----------
    vocabulary_ : dict
        Features and their columns.

    fixed_vocabulary_ : bool
        Whether the parameter ``vocabulary`` was given.

    See Also
    --------
    FastTfidfVectorizer : The same with TF-IDF weights.

    Notes
    -----
    scikit-learn's own code runs, with the same results but at its own speed, for

    - a callable ``analyzer``, ``tokenizer``, ``preprocessor`` or ``strip_accents``;
    - a ``token_pattern`` with a group; and, if ``ngram_range`` joins tokens, a pattern
      whose tokens contain spaces or characters that sort before a space;
    - ``input="file"`` and ``input="filename"``;
    - subclasses that override a method that reads texts, such as ``build_analyzer``.

    Fast patterns are runs of word characters, the default and ``\w+`` among them. Any
    other ``token_pattern`` is matched text by text, which takes most of the time.

    All texts of a call are held in memory, as a list. The first ``transform`` after a
    fit prepares the vocabulary. Later changes inside ``vocabulary_`` are not noticed if
    its size stays the same; a new dict is.

    Examples
    --------
    >>> from sklearn_mtl.feature_extraction import FastCountVectorizer
    >>> vectorizer = FastCountVectorizer(ngram_range=(1, 2))
    >>> X = vectorizer.fit_transform(["a good film", "a very good film"])
    >>> vectorizer.get_feature_names_out()
    array(['film', 'good', 'good film', 'very', 'very good'], dtype=object)
    >>> X.toarray()
    array([[1, 1, 1, 0, 0],
           [1, 1, 1, 1, 1]])
    """

    # scikit-learn's `fit`, `fit_transform` and `transform` call the three private
    # methods below. Overriding only these keeps everything else, including checks and
    # errors.

    def _count_vocab(self, raw_documents, fixed_vocab):
        self.build_analyzer()  # checks settings, and warns about stop words
        analysis = analysis_of(self)
        documents = as_documents(raw_documents)
        documents = documents if analysis is None else list(documents)
        texts = None if analysis is None else as_texts(documents, self.decode)
        if texts and fixed_vocab:
            counts = self._known_terms(analysis).count(texts)
            return self.vocabulary_, self._finish(counts)
        if texts:
            try:
                keep = self._frequency_filter(len(texts))
                names, matrix = analysis.counter().count(texts, keep)
                # Without any feature, scikit-learn raises the right error.
                if names:
                    vocabulary = SortedVocabulary(
                        zip(names, range(len(names)), strict=True)
                    )
                    return vocabulary, self._finish(matrix)
            except UnsuitedError:
                pass
        return super()._count_vocab(documents, fixed_vocab)

    def _sort_features(self, X, vocabulary):
        if isinstance(vocabulary, SortedVocabulary):
            return X
        return super()._sort_features(X, vocabulary)

    def _limit_features(self, X, vocabulary, high=None, low=None, limit=None):
        if isinstance(vocabulary, SortedVocabulary):
            if limit is None:
                return X
            high = low = None
        return super()._limit_features(X, vocabulary, high, low, limit)

    def fit_transform(self, raw_documents: Iterable[str], y: object = None) -> Sparse:
        """Learn the vocabulary and return the matrix of counts.

        Parameters
        ----------
        raw_documents : iterable of str or bytes

        y : None
            Ignored.

        Returns
        -------
        X : csr_array or csr_matrix of shape (n_samples, n_features)
            scikit-learn's setting ``sparse_interface`` decides which of the two.
        """
        X = super().fit_transform(raw_documents, y)
        found: Any = self.vocabulary_
        if isinstance(found, SortedVocabulary):
            self.vocabulary_: dict[str, int] = dict(found)
        return X

    def _frequency_filter(self, n_texts):
        """Return a function that selects features by their document frequency."""
        high, low = (
            bound if isinstance(bound, Integral) else bound * n_texts
            for bound in (self.max_df, self.min_df)
        )
        return lambda df: (df >= low) & (df <= high)

    def _known_terms(self, analysis):
        """Return a counter of the vocabulary's terms, cached between calls."""
        vocabulary = self.vocabulary_
        made_for = vocabulary, len(vocabulary), settings_of(self)
        kept = getattr(self, "_known", None)
        if kept is None or kept[0][0] is not vocabulary or kept[0][1:] != made_for[1:]:
            kept = self._known = made_for, KnownTerms(analysis, vocabulary)
        return kept[1]

    def _finish(self, matrix):
        counts = as_counts(matrix, self.dtype, binary=self.binary)
        return _align_api_if_sparse(counts)

    def __getstate__(self):
        state = super().__getstate__().copy()
        state.pop("_known", None)  # quick to rebuild
        return state


# In the MRO, scikit-learn's class calls our class for counts.
class FastTfidfVectorizer(TfidfVectorizer, FastCountVectorizer):
    """Turn texts into TF-IDF features, fast.

    The same as :class:`~sklearn.feature_extraction.text.TfidfVectorizer`, with the same
    parameters, attributes, errors and results, bit for bit. The notes on
    `FastCountVectorizer` list the settings that are not faster.

    Parameters
    ----------
    **parameters
        Those of :class:`~sklearn.feature_extraction.text.TfidfVectorizer`.

    Attributes
    ----------
    vocabulary_ : dict
        Features and their columns.

    fixed_vocabulary_ : bool
        Whether the parameter ``vocabulary`` was given.

    idf_ : ndarray of shape (n_features,)
        Inverse document frequencies, if ``use_idf``.

    See Also
    --------
    FastCountVectorizer : Counts without weights.

    Examples
    --------
    >>> from sklearn_mtl.feature_extraction import FastTfidfVectorizer
    >>> vectorizer = FastTfidfVectorizer(sublinear_tf=True)
    >>> X = vectorizer.fit_transform(["a good film", "a very good film"])
    >>> X.toarray().round(2)
    array([[0.71, 0.71, 0.  ],
           [0.5 , 0.5 , 0.7 ]])
    """

    def transform(self, raw_documents: Iterable[str]) -> Sparse:
        """Return the matrix of TF-IDF values.

        Parameters
        ----------
        raw_documents : iterable of str or bytes

        Returns
        -------
        X : csr_array or csr_matrix of shape (n_samples, n_features)
            scikit-learn's setting ``sparse_interface`` decides which of the two.
        """
        if self.dtype not in (np.float32, np.float64):  # scikit-learn converts
            return super().transform(raw_documents)
        check_is_fitted(self, msg="The TF-IDF vectorizer is not fitted")
        X = FastCountVectorizer.transform(self, raw_documents)
        own = self._tfidf  # the settings in fit
        idf = getattr(own, "idf_", None)
        weigh_counts(X, idf, sublinear=own.sublinear_tf, norm=own.norm)
        return X


class FastHashingVectorizer(HashingVectorizer):
    """Turn texts into counts of hashed features, fast.

    The same as :class:`~sklearn.feature_extraction.text.HashingVectorizer`, with the
    same parameters, errors and results, and with `sublinear_tf`. Each feature is hashed
    once per call, however often it occurs, so the gain is larger for many texts per
    call. The notes on `FastCountVectorizer` list the settings that are not faster.
    Another one is a ``dtype`` that is not a float type.

    Parameters
    ----------
    sublinear_tf : bool, default=False
        Whether a count c becomes 1 + log(c), as in
        :class:`~sklearn.feature_extraction.text.TfidfVectorizer`. Set it to True for
        long texts, where some words occur many times.

    **parameters
        Those of :class:`~sklearn.feature_extraction.text.HashingVectorizer`.

    See Also
    --------
    FastCountVectorizer : Keeps feature names.

    Examples
    --------
    >>> from sklearn_mtl.feature_extraction import FastHashingVectorizer
    >>> vectorizer = FastHashingVectorizer(n_features=10, norm=None)
    >>> vectorizer.transform(["a good film", "a very good film"]).toarray()
    array([[ 0.,  0.,  0.,  0.,  0., -1.,  0.,  0.,  0.,  1.],
           [ 0.,  0.,  0.,  0.,  0., -1., -1.,  0.,  0.,  1.]])
    """

    _parameter_constraints = {
        **HashingVectorizer._parameter_constraints,
        "sublinear_tf": ["boolean"],
    }

    def __init__(
        self,
        *,
        input: str = "content",
        encoding: str = "utf-8",
        decode_error: str = "strict",
        strip_accents: Any = None,
        lowercase: bool = True,
        preprocessor: Any = None,
        tokenizer: Any = None,
        stop_words: Any = None,
        token_pattern: str | None = r"(?u)\b\w\w+\b",
        ngram_range: tuple[int, int] = (1, 1),
        analyzer: Any = "word",
        n_features: int = 2**20,
        binary: bool = False,
        norm: str | None = "l2",
        alternate_sign: bool = True,
        dtype: Any = np.float64,
        sublinear_tf: bool = False,
    ) -> None:
        super().__init__(
            input=input,
            encoding=encoding,
            decode_error=decode_error,
            strip_accents=strip_accents,
            lowercase=lowercase,
            preprocessor=preprocessor,
            tokenizer=tokenizer,
            stop_words=stop_words,
            token_pattern=token_pattern,
            ngram_range=ngram_range,
            analyzer=analyzer,
            n_features=n_features,
            binary=binary,
            norm=norm,
            alternate_sign=alternate_sign,
            dtype=dtype,
        )
        self.sublinear_tf = sublinear_tf

    def transform(self, X: Rows) -> Sparse:
        """Return the matrix of hashed counts.

        Parameters
        ----------
        X : iterable of str or bytes

        Returns
        -------
        X : csr_array or csr_matrix of shape (n_samples, n_features)
            scikit-learn's setting ``sparse_interface`` decides which of the two.
        """
        if isinstance(X, str):
            return super().transform(X)  # raises an error
        self._validate_ngram_range()
        self.build_analyzer()  # checks settings, and warns about stop words
        analysis = analysis_of(self) if self.dtype in FLOAT_DTYPES else None
        documents = as_documents(X)
        documents = documents if analysis is None else list(documents)
        texts = None if analysis is None else as_texts(documents, self.decode)
        if not texts:
            return self._slow(documents)
        terms = HashedTerms(
            analysis,
            self.n_features,
            self.alternate_sign,
            self.dtype,
            self.binary,
            self.norm,
            self.sublinear_tf,
        )
        return _align_api_if_sparse(terms.transform(texts))

    def _slow(self, documents):
        """Return the matrix of hashed counts by scikit-learn's code."""
        if not self.sublinear_tf:
            return super().transform(documents)
        plain = HashingVectorizer.transform(copy(self).set_params(norm=None), documents)
        plain.data = sublinear_counts(plain.data.astype(float)).astype(self.dtype)
        return plain if self.norm is None else normalize(plain, self.norm, copy=False)


def as_texts(documents, decode):
    """Return documents as a list of str, None if they are neither str nor bytes."""
    kinds = set(map(type, documents))
    if kinds == {str}:
        return documents
    if kinds <= {str, np.str_, bytes, np.bytes_}:
        return [str(decode(document)) for document in documents]
    return None
