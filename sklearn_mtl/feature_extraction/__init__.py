"""Texts to rows: faster versions of scikit-learn's vectorizers, and token sequences.

`FastCountVectorizer`, `FastTfidfVectorizer` and `FastHashingVectorizer` have the
parameters, attributes and results of the classes they are named after. Settings that
run code of the user's own are left to scikit-learn's code. `SequenceVectorizer` keeps
the order of tokens, for networks that read it, and `SubwordVectorizer` that of parts of
words; `WordVectors` holds vectors of words, which `WordVectorTrainer` learns and of
which `WordVectorVectorizer` takes means; `UniversalSentenceEncoder` knows texts from
elsewhere, and `PooledEmbedding` splits long ones; `TextCleaner` cleans texts for all.
`UNKNOWN` is the id of tokens that are not in the vocabulary.

Examples
--------
>>> from sklearn_mtl.feature_extraction import UNKNOWN, SequenceVectorizer
>>> vectorizer = SequenceVectorizer().fit(["a good film"])
>>> vectorizer.transform(["a bad film"]).toarray()[0, :3].tolist()
[2, 1, 3]
>>> UNKNOWN
1
"""

from typing import TYPE_CHECKING

from ..utils._lazy import attributes_of

if TYPE_CHECKING:  # what editors and type checkers see
    from ._cleaning import TextCleaner
    from ._sentences import PooledEmbedding, UniversalSentenceEncoder
    from ._sequences import SequenceVectorizer
    from ._subwords import SubwordVectorizer
    from ._tokens import UNKNOWN
    from ._vectorizers import (
        FastCountVectorizer,
        FastHashingVectorizer,
        FastTfidfVectorizer,
    )
    from ._word_vector_trainer import WordVectorTrainer
    from ._word_vectors import WordVectors, WordVectorVectorizer

_MODULES = {
    "UNKNOWN": "_tokens",
    "FastCountVectorizer": "_vectorizers",
    "FastHashingVectorizer": "_vectorizers",
    "FastTfidfVectorizer": "_vectorizers",
    "PooledEmbedding": "_sentences",
    "SequenceVectorizer": "_sequences",
    "SubwordVectorizer": "_subwords",
    "TextCleaner": "_cleaning",
    "UniversalSentenceEncoder": "_sentences",
    "WordVectorTrainer": "_word_vector_trainer",
    "WordVectorVectorizer": "_word_vectors",
    "WordVectors": "_word_vectors",
}
__all__ = [
    "UNKNOWN",
    "FastCountVectorizer",
    "FastHashingVectorizer",
    "FastTfidfVectorizer",
    "PooledEmbedding",
    "SequenceVectorizer",
    "SubwordVectorizer",
    "TextCleaner",
    "UniversalSentenceEncoder",
    "WordVectorTrainer",
    "WordVectorVectorizer",
    "WordVectors",
]
__getattr__, __dir__ = attributes_of(__name__, _MODULES)
