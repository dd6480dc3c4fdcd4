"""Word vectors: from files and other libraries, and averaged for pipelines."""

import gzip
from collections.abc import Iterable, Sequence
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted

from ..utils._compat import Interval, StrOptions
from ..utils._state import fits_aside, reads_one_fit
from ..utils._texts import as_documents
from ..utils._typing import Array, Rows
from ._sequences import TOKEN_PATTERN
from ._vectorizers import FastCountVectorizer
from ._word_vector_files import read_binary, read_text


class WordVectors:
    """Words with one vector each.

    Parameters
    ----------
    words : iterable of str
        If a word occurs twice, its first vector counts.

    vectors : array-like of shape (n_words, n_dimensions)
        One row per word.

    Attributes
    ----------
    words : list of str

    vectors : ndarray of shape (n_words, n_dimensions), dtype float32

    Raises
    ------
    ValueError
        If there is not one vector of finite numbers for each word.

    See Also
    --------
    WordVectorTrainer : Learns vectors from your texts.
    WordVectorVectorizer : Turns texts into weighted means of word vectors.
    sklearn_mtl.trunks.ConvTrunk : Embeddings may start from them.

    Notes
    -----
    Objects are immutable, so copies are the object itself. A search over estimators
    with word vectors needs the memory of one object.

    Examples
    --------
    >>> from sklearn_mtl.feature_extraction import WordVectors
    >>> vectors = WordVectors(["good", "bad"], [[1.0, 0.0], [0.0, 1.0]])
    >>> matrix, known = vectors.of(["bad", "worse"])
    >>> matrix
    array([[0., 1.],
           [0., 0.]], dtype=float32)
    >>> known.tolist()
    [True, False]
    """

    def __init__(self, words: Sequence[str], vectors: ArrayLike) -> None:
        self.words = list(words)
        self.vectors = np.array(vectors, dtype=np.float32)  # a copy
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.words):
            raise ValueError(
                "vectors must have one row per word. Got shape "
                f"{self.vectors.shape} for {len(self.words)} words."
            )
        if not np.isfinite(self.vectors).all():
            row = int(np.flatnonzero(~np.isfinite(self.vectors).all(axis=1))[0])
            raise ValueError(
                f"The vector of {self.words[row]!r} holds NaN or infinity. Leave the "
                "word out."
            )
        places = zip(
            reversed(self.words), range(len(self.words) - 1, -1, -1), strict=True
        )
        self._place = dict(places)

    @classmethod
    def from_file(cls, path: Any, *, limit: int | None = None) -> Self:
        """Read a file of word2vec (text or binary), GloVe or fastText (``.vec``).

        Parameters
        ----------
        path : str or path
            Text in UTF-8, with a word and its numbers in each line, with or without a
            first line of sizes. ``.gz`` is decompressed. A name that ends in ``.bin``
            or ``.bin.gz`` is a binary word2vec file.

        limit : int, default=None
            Number of words to read from the start, where these files have the most
            frequent words.

        Returns
        -------
        vectors : WordVectors

        Raises
        ------
        ValueError
            If the file is none of these. The message has the first line that cannot be
            read.
        """
        path = Path(path)
        opens = gzip.open if path.suffix == ".gz" else open
        with opens(path, "rb") as file:
            if Path(path.stem if path.suffix == ".gz" else path).suffix == ".bin":
                return cls(*read_binary(file, path, limit))
            return cls(*read_text(file, path, limit))

    @classmethod
    def of_any(cls, source: Any, sentences: Iterable[Any] = ()) -> Self:
        """Convert any supported form of word vectors to WordVectors.

        Parameters
        ----------
        source : WordVectors, str, path, dict, gensim KeyedVectors, model2vec \
                StaticModel or WordVectorTrainer
            A str or path is a file. A dict maps words to vectors.

        sentences : iterable of sequence of str, default=()
            The words of texts, for a trainer to learn from.

        Returns
        -------
        vectors : WordVectors

        Raises
        ------
        TypeError
            If `source` is none of these.
        """
        if isinstance(source, cls):
            return source
        if isinstance(source, str | PathLike):
            return cls.from_file(source)
        if isinstance(source, dict):
            return cls(list(source), list(source.values()))
        source = getattr(source, "wv", source)  # gensim's models hold KeyedVectors
        if hasattr(source, "index_to_key"):
            return cls(source.index_to_key, source.vectors)
        if hasattr(source, "embedding") and hasattr(source, "tokens"):
            return cls(source.tokens, source.embedding)
        if hasattr(source, "train_vectors"):
            return source.train_vectors(sentences)
        raise TypeError(
            "Word vectors must be WordVectors, the path of a file, a dict, "
            "KeyedVectors of gensim, a StaticModel of model2vec or a "
            f"WordVectorTrainer. Got {type(source).__name__}."
        )

    def of(self, words: Sequence[str]) -> tuple[Array, Array]:
        """Return the vectors of words, 0 for unknown words.

        Parameters
        ----------
        words : sequence of str
            Words to look up.

        Returns
        -------
        matrix : ndarray of shape (n_words, n_dimensions), dtype float32
            One row per word.

        known : ndarray of shape (n_words,), dtype bool
            Whether each word has a vector.
        """
        places = np.fromiter((self._place.get(w, -1) for w in words), int, len(words))
        known = places >= 0
        matrix = np.zeros((len(places), self.vectors.shape[1]), dtype=np.float32)
        matrix[known] = self.vectors[places[known]]
        return matrix, known

    def __len__(self):
        return len(self.words)

    def __repr__(self):
        return f"<WordVectors: {len(self)} words, {self.vectors.shape[1]} dimensions>"

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


class WordVectorVectorizer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    r"""Turn texts into weighted means of word vectors.

    .. math:: x = \frac{1}{n} \sum_t \frac{a}{a + p_t} v_t

    over the *n* words of a text that have a vector, where :math:`p_t` is the share of a
    word among all words of the texts of fit. With ``remove_common``, the component
    along the direction that all texts have in common is then subtracted.

    Parameters
    ----------
    vectors : WordVectors, str, path, dict, KeyedVectors, StaticModel or \
            WordVectorTrainer
        See :meth:`WordVectors.of_any`. A trainer learns from the texts of fit.

    weighting : {"sif", "mean"}, default="sif"
        "sif" uses the formula above; "mean" gives all words the same weight.

    a : float, default=1e-3
        Share of a word at which its weight is one half.

    remove_common : bool, default=True
        Whether to subtract the component along the first singular vector of the rows of
        fit.

    vectorizer_params : dict, default=None
        Parameters of :class:`FastCountVectorizer`, which splits texts into words:
        ``lowercase``, ``token_pattern``, ``stop_words``, ``analyzer``...

    Attributes
    ----------
    coverage_ : float
        Share of the words of the texts of fit that have a vector.

    See Also
    --------
    sklearn_mtl.trunks.DenseTrunk : Reads the rows.

    References
    ----------
    S. Arora, Y. Liang, T. Ma, "A Simple but Tough-to-Beat Baseline for Sentence
    Embeddings", ICLR 2017.

    Examples
    --------
    >>> from sklearn_mtl.feature_extraction import WordVectorVectorizer
    >>> vectors = {"good": [1.0, 0.0], "bad": [-1.0, 0.5], "film": [0.0, 1.0]}
    >>> vectorizer = WordVectorVectorizer(
    ...     vectors, weighting="mean", remove_common=False
    ... )
    >>> vectorizer.fit_transform(["a good film", "bad"])
    array([[ 0.5,  0.5],
           [-1. ,  0.5]], dtype=float32)
    >>> vectorizer.coverage_
    0.75
    """

    _parameter_constraints = {
        "vectors": "no_validation",
        "weighting": [StrOptions({"sif", "mean"})],
        "a": [Interval(Real, 0, None, closed="neither")],
        "remove_common": ["boolean"],
        "vectorizer_params": [dict, None],
    }

    def __init__(
        self,
        vectors: Any,
        *,
        weighting: str = "sif",
        a: float = 1e-3,
        remove_common: bool = True,
        vectorizer_params: dict[str, Any] | None = None,
    ) -> None:
        self.vectors = vectors
        self.weighting = weighting
        self.a = a
        self.remove_common = remove_common
        self.vectorizer_params = vectorizer_params

    def fit(self, X: Rows, y: object = None) -> Self:
        """Learn word frequencies, and the direction that all texts have in common.

        Parameters
        ----------
        X : iterable of str
            Training texts.

        y : None
            Ignored.

        Returns
        -------
        self
            The fitted vectorizer.
        """
        self.fit_transform(X)
        return self

    @fits_aside
    def fit_transform(self, X: Rows, y: object = None) -> Array:
        """Fit, and return the rows.

        Parameters
        ----------
        X : iterable of str

        y : None
            Ignored.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_dimensions), dtype float32
        """
        self._validate_params()
        settings = {
            "token_pattern": TOKEN_PATTERN,
            "dtype": np.float32,
            **(self.vectorizer_params or {}),
        }
        counter = FastCountVectorizer(**settings)
        X = X if isinstance(X, str) else list(as_documents(X))  # a str raises an error
        counts = csr_array(counter.fit_transform(X))
        words = counter.get_feature_names_out().tolist()
        sentences = map(counter.build_analyzer(), X)
        matrix, known = WordVectors.of_any(self.vectors, sentences).of(words)
        share = counts.sum(axis=0, dtype=float) / counts.sum(dtype=float)
        self.coverage_ = float(share[known].sum())
        if not known.any():
            raise ValueError(
                f"None of the {len(words)} words of X has a vector; the first are "
                f"{words[:5]}. Check that case and tokens match those of the vectors."
            )
        if self.weighting == "sif":
            matrix *= (self.a / (self.a + share)).astype(np.float32)[:, np.newaxis]
        self.counter_ = FastCountVectorizer(
            **settings,
            vocabulary=[w for w, there in zip(words, known, strict=True) if there],
        )
        self.word_vectors_ = matrix[known]
        self._n_features_out = matrix.shape[1]
        rows = self._means(counts[:, np.flatnonzero(known)])
        self.common_ = None
        if self.remove_common:
            # From the small matrix of dimensions, because there may be many rows.
            _, directions = np.linalg.eigh(rows.T @ rows)
            self.common_ = directions[:, -1]
        return self._without_common(rows)

    @reads_one_fit
    def transform(self, X: Rows) -> Array:
        """Return the rows of texts, 0 if no word has a vector.

        Parameters
        ----------
        X : iterable of str
            Texts.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_dimensions), dtype float32
            Means of word vectors.
        """
        check_is_fitted(self)
        return self._without_common(self._means(csr_array(self.counter_.transform(X))))

    def _means(self, counts):
        sizes = np.maximum(counts.sum(axis=1), 1).astype(np.float32)
        return (counts @ self.word_vectors_) / sizes[:, np.newaxis]

    def _without_common(self, rows):
        if self.common_ is None:
            return rows
        return rows - np.outer(rows @ self.common_, self.common_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        return tags
