"""Handling of markup, URLs, numbers and accents before tokenization."""

from typing import Any, Self

from sklearn.base import BaseEstimator, TransformerMixin

from ..utils._compat import StrOptions
from ..utils._texts import as_documents, check_texts
from ..utils._typing import Rows
from ._clean import Cleaning


class TextCleaner(Cleaning, TransformerMixin, BaseEstimator):
    """Clean texts, as the ``preprocessor`` of a vectorizer or as a step before it.

    An object is a callable from text to text, which every vectorizer of scikit-learn
    accepts as ``preprocessor``. Its parameters are then search parameters, such as
    ``vectorizer__preprocessor__numbers``.

    Parameters
    ----------
    lowercase : bool, default=True
        Whether to convert texts to lower case.

    strip_accents : {"ascii", "unicode"} or None, default=None
        As for scikit-learn's vectorizers: "unicode" removes accents and keeps other
        scripts, "ascii" also removes the remaining non-ASCII characters.

    html : bool, default=True
        Whether to remove tags, comments, style sheets and scripts, and to decode
        entities.

    urls : str or None, default="url"
        Replacement for web addresses. None keeps them.

    numbers : str or None, default=None
        Replacement for numbers. None keeps them.

    See Also
    --------
    SequenceVectorizer, FastTfidfVectorizer : Accept it as ``preprocessor``.

    Examples
    --------
    >>> from sklearn_mtl.feature_extraction import FastTfidfVectorizer, TextCleaner
    >>> clean = TextCleaner(numbers="number")
    >>> clean("<p>Caf&eacute; &amp; 2 cakes: https://example.org/a?b=1</p>").split()
    ['café', '&', 'number', 'cakes:', 'url']
    >>> vectorizer = FastTfidfVectorizer(preprocessor=clean)
    """

    _parameter_constraints = {
        "lowercase": ["boolean"],
        "strip_accents": [StrOptions({"ascii", "unicode"}), None],
        "html": ["boolean"],
        "urls": [str, None],
        "numbers": [str, None],
    }

    def __init__(
        self,
        *,
        lowercase: bool = True,
        strip_accents: Any = None,
        html: bool = True,
        urls: str | None = "url",
        numbers: str | None = None,
    ) -> None:
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.html = html
        self.urls = urls
        self.numbers = numbers

    def fit(self, X: Rows, y: object = None) -> Self:
        """Check the parameters; nothing is learnt.

        Parameters
        ----------
        X : iterable of str
            Ignored.

        y : None
            Ignored.

        Returns
        -------
        self
            The same object.
        """
        self._validate_params()
        return self

    def transform(self, X: Rows) -> list[str]:
        """Return cleaned texts.

        Parameters
        ----------
        X : iterable of str
            Texts to clean.

        Returns
        -------
        texts : list of str
            The cleaned texts, in the same order.

        Raises
        ------
        ValueError
            If X is a string, or holds anything other than texts.
        """
        self._validate_params()
        return [self(text) for text in check_texts(as_documents(X))]

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        return tags
