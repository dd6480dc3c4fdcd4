"""A block of dense numbers beside the words of each text: embeddings.

Columns of a dense block are in every row. Among words they would take the steps of
words, hundreds of times those of dense layers, and each would cost as much as a word.
So they stay apart: a block has its own weights in the network.
"""

import numpy as np
from scipy.sparse import csr_array, hstack, issparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.extmath import randomized_svd
from sklearn.utils.validation import check_memory

from ..feature_extraction import UniversalSentenceEncoder
from ..utils._rows import n_rows, squared_norms
from ._block import Components, DenseBlock

# Components of "lsa", at most. With 100, macro-F1 was 0.4 points lower on edos and 0.6
# on 1000 texts of intents (dev splits); 400 were no better.
COMPONENTS = 200
# Passes over the rows that find them; on intents 7 were no better.
PASSES = 2
# The part of its weight that "lsa" gets. Its numbers tell nothing that words do not,
# and learn faster: at full weight intents of 1000 texts lost 2.5 points of macro-F1.
LSA_PART = 0.25
# "auto" weighs a block so much, and less in proportion where texts have more words: one
# vector says less of a long text. With 22,000 reviews of 119 words on average (dev
# split, one seed) an encoder at 0.5 cost 1.7 points of macro-F1, at 0.125 0.1, and
# gained 0.1 at 0.06; with 1000 of them it gained 8 points at 0.125 or 0.5.
WEIGHT, WORDS = 0.5, 30
# Centred values are nothing but rounding below this part of the values' norm.
ROUNDING = 1e-6


class LatentSemantics(Components, TransformerMixin, BaseEstimator):
    """Truncated singular value decomposition of sparse rows.

    Latent semantic analysis: texts are near along these components if they share words,
    or words that come with the same words elsewhere. Like
    :class:`~sklearn.decomposition.TruncatedSVD`, but with fewer components where there
    are fewer rows or features.

    Parameters
    ----------
    n_components : int, default=COMPONENTS

    random_state : int or None, default=None

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)

    References
    ----------
    S. Deerwester et al., "Indexing by latent semantic analysis", JASIS 1990.
    """

    def __init__(self, n_components=COMPONENTS, *, random_state=None):
        self.n_components = n_components
        self.random_state = random_state

    def fit(self, X, y=None):
        """Find the components of sparse rows."""
        _, _, self.components_ = randomized_svd(
            X,
            min(self.n_components, *X.shape),
            n_iter=PASSES,
            random_state=self.random_state,
        )
        return self


class Embedding(DenseBlock):
    """A fitted embedding, of a transformer that reads texts or rows."""

    def values(self, X, rows, memory=None):
        return _transform(self.transformer, X, rows, memory)


def fit_embedding(embedding, X, rows, weights, *, weight, seed, memory=None):
    """Fit an embedding and return it with its block.

    Parameters
    ----------
    embedding : {"lsa", "use"} or transformer
        A transformer is cloned.

    X : list of str, or what the transformer takes

    rows : csr_matrix or csr_array of shape (n_rows, n_features)
        The words of the same texts.

    weights : ndarray of shape (n_rows,)
        Weights of the rows, for means.

    weight : float or "auto"
        Mean norm of the block, as a part of that of the rows; of "lsa" a quarter of it.

    seed : int or None
        Of "lsa".

    memory : None, str or joblib.Memory, default=None
        Cache, as for vectorised texts.

    Returns
    -------
    fitted : Embedding

    block : ndarray of shape (n_rows, n_dense)
        In the dtype of the rows.

    Raises
    ------
    ValueError
        If `rows` are dense, or the transformer does not give finite dense numbers, a
        row for each text.
    """
    if not issparse(rows):
        raise ValueError(
            "embedding puts dense numbers beside sparse rows of words, and the "
            "vectorizer made dense rows. Pass vectorizer='auto', or join the two in a "
            "FeatureUnion as vectorizer with embedding=None."
        )
    if weight == "auto":
        weight = auto_weight(X)
    if isinstance(embedding, str) and embedding == "lsa":
        transformer, weight = LatentSemantics(random_state=seed), weight * LSA_PART
    else:
        is_alias = isinstance(embedding, str)
        transformer = UniversalSentenceEncoder() if is_alias else clone(embedding)
    if needs_no_fit(transformer):
        values = _transform(transformer, X, rows, memory)
    else:
        reads = rows if isinstance(transformer, LatentSemantics) else X
        cached = check_memory(memory).cache(_fit_transform)
        transformer, values = cached(transformer, reads)
        values = check_block(values, n_rows(X))
    mean = np.average(values, axis=0, weights=weights).astype(values.dtype)
    whole, centred, words = (
        np.average(np.sqrt(squared_norms(part)), weights=weights)
        for part in (values, values - mean, rows)
    )
    # What is the same for all texts says nothing; its centred values are rounding.
    varies = centred > ROUNDING * whole
    fitted = Embedding(transformer, mean, weight * words / centred if varies else 0.0)
    return fitted, fitted.scaled(values, rows.dtype)


def auto_weight(X):
    """Return the weight of a block beside these texts; a table's are not measured."""
    if not isinstance(X, list) or not all(isinstance(text, str) for text in X):
        return WEIGHT
    n_words = np.mean([text.count(" ") + 1 for text in X])
    return WEIGHT * min(1.0, WORDS / n_words)


def needs_no_fit(transformer):
    """Whether a transformer says that it learns nothing from texts."""
    try:
        return not get_tags(transformer).requires_fit
    except (AttributeError, TypeError):  # no estimator of scikit-learn
        return False


def _fit_transform(transformer, X):
    with config_context(transform_output="default"):
        values = transformer.fit_transform(X)
    return transformer, values


def _transform(transformer, X, rows, memory):
    if isinstance(transformer, LatentSemantics):
        return transformer.transform(rows)
    memory = memory if needs_no_fit(transformer) else None
    values = check_memory(memory).cache(_encode)(transformer, X)
    return check_block(values, n_rows(X))


def _encode(transformer, X):
    """Transform texts, each distinct one once."""
    with config_context(transform_output="default"):
        if not isinstance(X, list):
            return transformer.transform(X)
        places = {text: place for place, text in enumerate(dict.fromkeys(X))}
        values = transformer.transform(list(places))
        check_block(values, len(places))
        return np.asarray(values)[[places[text] for text in X]]


def check_block(values, n_texts):
    """Return the output of an embedding as a finite array with a row for each text.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if issparse(values):
        raise ValueError(
            f"The embedding made a sparse matrix of shape {values.shape}. Pass a "
            "transformer with dense output, for instance with TruncatedSVD behind it, "
            "or put it into a FeatureUnion as vectorizer."
        )
    values = np.asarray(values)
    if values.ndim != 2 or values.shape[1] == 0 or values.dtype.kind not in "fiub":
        raise ValueError(
            f"The embedding made an array of shape {values.shape} and type "
            f"{values.dtype}. Pass a transformer that gives numbers, (n_texts, width)."
        )
    if len(values) != n_texts:
        raise ValueError(
            f"The embedding made {len(values)} row(s) of {n_texts} text(s). Pass a "
            "transformer that gives a row for each text."
        )
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float32)
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(wrong):
        raise ValueError(
            f"The embedding made NaN or infinite numbers for {len(wrong)} text(s), the "
            f"first in rows {wrong[:5].tolist()}. Clean these texts, or fill the gaps "
            "in the transformer."
        )
    return values


def packed(rows, block):
    """Join rows and the block beside them, if any, as one sparse matrix."""
    return rows if block is None else hstack([rows, csr_array(block)], format="csr")
