"""How one text is cleaned, without scikit-learn."""

import re
from html import unescape

from ._analysis import ACCENTS

# Style sheets and scripts go with what stands in them; declarations are tags, too.
_TAG = re.compile(
    r"<!--.*?-->|<(style|script)\b[^<>]*>.*?</\1\s*>|<(?:/|[!?]\[?)?[a-zA-Z][^<>]*>",
    re.DOTALL | re.IGNORECASE,
)
_URL = re.compile(r"(?:\bhttps?://|\bwww\.)[^\s<>\"']+", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Cleaning:
    """Cleans texts by the settings of a :class:`TextCleaner`, which are attributes."""

    def __call__(self, text):
        """Return the clean text."""
        if self.html:
            text = unescape(_TAG.sub(" ", text))
        # Before case and accents change what an address or a number looks like.
        if self.urls is not None:
            text = _URL.sub(_literal(self.urls), text)
        if self.numbers is not None:
            text = _NUMBER.sub(_literal(self.numbers), text)
        if self.lowercase:
            text = text.lower()
        if self.strip_accents is not None:
            text = ACCENTS[self.strip_accents](text)
            if self.lowercase:  # letters of mathematics are capitals only now
                text = text.lower()
        return text


def _literal(word):
    """Return what puts a word between blanks, as it is."""
    return lambda _: f" {word} "
