"""Vectorizers: faster versions of scikit-learn's, token sequences and embeddings.

`FastCountVectorizer`, `FastTfidfVectorizer` and `FastHashingVectorizer` have the same
parameters, attributes and results as the classes they are named after. Settings with
user-defined functions run scikit-learn's own code. `SequenceVectorizer` keeps the order
of tokens, for networks that read sequences, and `SubwordVectorizer` that of subwords.
`WordVectors` holds word vectors, `WordVectorTrainer` learns them, and
`WordVectorVectorizer` averages them per text. `UniversalSentenceEncoder` is a
pretrained text encoder, and `PooledEmbedding` splits long texts for an encoder.
`TextCleaner` cleans texts for any of these. `UNKNOWN` is the id of tokens outside the
vocabulary.

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
