"""Faster versions of scikit-learn's vectorizers of texts, with the same results.

`FastCountVectorizer`, `FastTfidfVectorizer` and `FastHashingVectorizer` have the
parameters, attributes and results of the classes they are named after. Settings that
run code of the user's own are left to scikit-learn's code.
"""

from ._vectorizers import (
    FastCountVectorizer,
    FastHashingVectorizer,
    FastTfidfVectorizer,
)

__all__ = ["FastCountVectorizer", "FastHashingVectorizer", "FastTfidfVectorizer"]
