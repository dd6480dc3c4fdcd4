"""Texts as sequences of subword ids, learnt by byte pair encoding."""

from collections.abc import Callable, Iterable
from functools import cache
from inspect import unwrap
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..utils._compat import Interval
from ..utils._optional import import_optional
from ..utils._state import fits_aside
from ..utils._texts import as_documents
from ..utils._typing import Sparse
from ._sequences import TOKEN_PATTERN, SequenceVectorizer

UNKNOWN_PIECE = "<unknown>"


class SubwordVectorizer(SequenceVectorizer):
    """Turn texts into rows of subword ids, in their order.

    Byte pair encoding starts with single characters, and repeatedly merges the most
    frequent pair of subwords into a new one. So frequent words are one subword, rare
    and new words several, and almost nothing is unknown. The rows have the format of
    :class:`SequenceVectorizer`. Needs the ``tokenizers`` library, the extra
    ``subwords``.

    Parameters
    ----------
    max_features : int, default=8000
        Maximum size of the vocabulary, single characters included.

    max_length : int, default=256
        Number of subwords that are kept from the start of each text.

    min_frequency : int, default=2
        How often a pair must occur to be merged.

    pretrained : Tokenizer, str or path, default=None
        A tokenizer to use instead of learning one: an object of the ``tokenizers``
        library, one of ``transformers`` that contains such an object, or the path of a
        file ``tokenizer.json``. Nothing is ever downloaded. It cleans and splits texts
        by its own rules, without tokens that mark start and end. Of the parameters
        below, only `preprocessor` applies. The vocabulary consists of the subwords
        that occur in the texts of fit.

    lowercase, strip_accents, preprocessor, token_pattern : as for SequenceVectorizer
        As for :class:`SequenceVectorizer`: they clean texts and split them into the
        words from which subwords are learnt. In a script without spaces, a word is all
        text between two punctuation marks.

    Attributes
    ----------
    vocabulary_ : dict of {str: int}
        Subwords and their positions in sorted order. The id of a subword is its
        position plus 2. ``"▁"`` marks the start of a word.

    tokens_ : ndarray of shape (n_pieces + 2,), dtype object
        The subword of each id. 0 is padding and is not stored; 1 is any subword that
        did not occur in the texts of fit.

    tokenizer_ : tokenizers.Tokenizer
        Splits words into subwords. Its method ``save`` writes a file that `pretrained`
        can read.

    Raises
    ------
    ImportError
        If tokenizers is not installed.

    TypeError, FileNotFoundError, ValueError
        If `pretrained` is not one of these.

    See Also
    --------
    SequenceVectorizer : Whole words or single characters.
    sklearn_mtl.trunks.ConvTrunk : Reads the ids.

    Notes
    -----
    The same texts give the same subwords: among equally frequent pairs, the first in
    order is merged. WordPiece and Unigram cannot be learnt, because the library's
    trainers for them are random. Tokenizers of these kinds can be passed as
    `pretrained`.

    The library trains on all cores, unless the environment variable
    ``TOKENIZERS_PARALLELISM`` is ``false``. The subwords do not depend on it.

    References
    ----------
    R. Sennrich, B. Haddow, A. Birch, "Neural Machine Translation of Rare Words with
    Subword Units", ACL 2016.

    Examples
    --------
    >>> from sklearn_mtl.feature_extraction import SubwordVectorizer
    >>> vectorizer = SubwordVectorizer(max_features=24)
    >>> vectorizer.fit(["low lower lowest slow", "new newer newest", "我喜欢这本书"])
    SubwordVectorizer(max_features=24)
    >>> rows = vectorizer.transform(["slower", "我这"])
    >>> [pieces.tolist() for pieces in vectorizer.inverse_transform(rows)]
    [['▁', 's', 'lo', 'wer'], ['▁', '我', '这']]
    """

    _parameter_constraints = {
        **{
            name: SequenceVectorizer._parameter_constraints[name]
            for name in ("max_length", "lowercase", "strip_accents", "preprocessor")
        },
        "max_features": [Interval(Integral, 1, None, closed="left")],
        "min_frequency": [Interval(Integral, 1, None, closed="left")],
        "pretrained": "no_validation",
        "token_pattern": [str],
    }
    # Read by scikit-learn's code, and fixed for subwords.
    analyzer, tokenizer, stop_words, vocabulary = "word", None, None, None
    min_df, max_df = 1, 1.0

    def __init__(
        self,
        *,
        max_features: int | None = 8000,
        max_length: int = 256,
        min_frequency: int = 2,
        pretrained: Any = None,
        lowercase: bool = True,
        strip_accents: Any = None,
        preprocessor: Callable[[str], str] | None = None,
        token_pattern: str | None = TOKEN_PATTERN,
    ) -> None:
        self.max_features = max_features
        self.max_length = max_length
        self.min_frequency = min_frequency
        self.pretrained = pretrained
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.preprocessor = preprocessor
        self.token_pattern = token_pattern

    @fits_aside
    def fit_transform(self, raw_documents: Iterable[str], y: object = None) -> Sparse:
        """Learn the subwords and return the ids of those of each text.

        Parameters
        ----------
        raw_documents : iterable of str or bytes

        y : None
            Ignored.

        Returns
        -------
        X : csr_array or csr_matrix of shape (n_samples, max_length), dtype int32
        """
        self._validate_params()
        if not isinstance(raw_documents, str):  # scikit-learn raises an error for it
            raw_documents = list(as_documents(raw_documents))
            if self.pretrained is None:
                self.tokenizer_ = self._learn(raw_documents)
            else:
                self.tokenizer_ = read_tokenizer(self.pretrained)
        # Unwrapped, because the wrapper would copy self without the tokenizer.
        return unwrap(SequenceVectorizer.fit_transform)(self, raw_documents)

    def build_analyzer(self) -> Callable[[Any], list[str]]:
        """Return a callable that splits a text into subwords.

        Returns
        -------
        analyzer : callable
            Maps a str or bytes to a list of str.
        """
        check_is_fitted(self, "tokenizer_")
        encode = self.tokenizer_.encode
        if self.pretrained is not None:
            clean = self.preprocessor or str
            return lambda text: (
                encode(clean(self.decode(text)), add_special_tokens=False).tokens
            )
        words = super().build_analyzer()
        pieces = cache(lambda word: encode(word).tokens)
        return lambda text: [piece for word in words(text) for piece in pieces(word)]

    def _learn(self, documents):
        tokenizers = import_optional("tokenizers", "subwords", "SubwordVectorizer")
        words = super().build_analyzer()
        tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token=UNKNOWN_PIECE))
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=self.max_features + 1,
            min_frequency=self.min_frequency,
            special_tokens=[UNKNOWN_PIECE],
            show_progress=False,
        )
        tokenizer.train_from_iterator((" ".join(words(d)) for d in documents), trainer)
        return tokenizer

    def _count_vocab(self, raw_documents, fixed_vocab):
        vocabulary, X = super()._count_vocab(raw_documents, fixed_vocab)
        # Unknown tokens of a pretrained tokenizer are unknown here, too.
        unknown = getattr(self.tokenizer_.model, "unk_token", None)
        if unknown in vocabulary:
            place = vocabulary.pop(unknown)
            X = X[:, np.arange(X.shape[1]) != place]
            vocabulary = {p: k - (k > place) for p, k in vocabulary.items()}
        return vocabulary, X


def read_tokenizer(source):
    """Return a tokenizer of the library, without padding and truncation.

    Parameters
    ----------
    source : Tokenizer, an object with such a ``backend_tokenizer``, str or path

    Returns
    -------
    tokenizer : tokenizers.Tokenizer
        A copy.

    Raises
    ------
    ValueError
        If a file is not a tokenizer.json.
    """
    tokenizers = import_optional("tokenizers", "subwords", "SubwordVectorizer")
    source = getattr(source, "backend_tokenizer", source)
    if isinstance(source, tokenizers.Tokenizer):
        content = source.to_str()
    elif isinstance(source, str | PathLike):
        content = _read(Path(source))
    else:
        raise TypeError(
            "pretrained must be a Tokenizer of the tokenizers library or the path of a "
            f"tokenizer.json. Got {type(source).__name__}."
        )
    try:
        tokenizer = tokenizers.Tokenizer.from_str(content)
    except Exception as error:  # the library raises no more specific error
        raise ValueError(f"{source} is not a tokenizer.json: {error}.") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _read(path):
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"There is no file {str(path)!r}. pretrained needs the path of a "
            "tokenizer.json; names of models are not looked up."
        ) from error
