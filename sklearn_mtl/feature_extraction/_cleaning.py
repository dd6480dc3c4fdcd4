"""What to make of markup, addresses, numbers and accents before tokens are cut."""

from typing import Any, Self

from sklearn.base import BaseEstimator, TransformerMixin

from ..utils._compat import StrOptions
from ..utils._texts import as_documents, check_texts
from ..utils._typing import Rows
from ._clean import Cleaning


class TextCleaner(Cleaning, TransformerMixin, BaseEstimator):
    """Clean texts: as the ``preprocessor`` of a vectorizer, or as a step before it.

    An object is a callable from text to text, which every vectorizer of scikit-learn
    takes as ``preprocessor``; its parameters are then search parameters, such as
    ``vectorizer__preprocessor__numbers``.

    Parameters
    ----------
    lowercase : bool, default=True
        Whether to make everything lower case.

    strip_accents : {"ascii", "unicode"} or None, default=None
        As for scikit-learn's vectorizers: "unicode" leaves out accents and keeps other
        scripts, "ascii" leaves out what is no ASCII character then.

    html : bool, default=True
        Whether to take out tags, comments, style sheets and scripts, and put characters
        for entities.

    urls : str or None, default="url"
        What stands for each web address; None leaves them.

    numbers : str or None, default=None
        What stands for each number; None leaves them.

    See Also
    --------
    SequenceVectorizer, FastTfidfVectorizer : Take it as ``preprocessor``.

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
        """Check the parameters; there is nothing to learn.

        Parameters
        ----------
        X : iterable of str
            Texts; they are not read.

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
        """Return clean texts.

        Parameters
        ----------
        X : iterable of str
            Texts to clean.

        Returns
        -------
        texts : list of str
            As many texts, in the same order.

        Raises
        ------
        ValueError
            If X is a string, or holds anything but texts.
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
