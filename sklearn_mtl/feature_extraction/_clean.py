"""Cleaning of one text, without scikit-learn."""

import re
from html import unescape

from ._analysis import ACCENTS

# Style sheets and scripts are removed with their content. Declarations count as tags.
_TAG = re.compile(
    r"<!--.*?-->|<(style|script)\b[^<>]*>.*?</\1\s*>|<(?:/|[!?]\[?)?[a-zA-Z][^<>]*>",
    re.DOTALL | re.IGNORECASE,
)
_URL = re.compile(r"(?:\bhttps?://|\bwww\.)[^\s<>\"']+", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Cleaning:
    """Cleans texts by the settings of a :class:`TextCleaner`, stored as attributes."""

    def __call__(self, text):
        """Return the cleaned text."""
        if self.html:
            text = unescape(_TAG.sub(" ", text))
        # First, because case and accents change what addresses and numbers look like.
        if self.urls is not None:
            text = _URL.sub(_literal(self.urls), text)
        if self.numbers is not None:
            text = _NUMBER.sub(_literal(self.numbers), text)
        if self.lowercase:
            text = text.lower()
        if self.strip_accents is not None:
            text = ACCENTS[self.strip_accents](text)
            if self.lowercase:  # NFKD made capitals of mathematical letters
                text = text.lower()
        return text


def _literal(word):
    """Return a replacement function that inserts a word between spaces, unchanged."""
    return lambda _: f" {word} "
