"""A block of dense numbers beside the words of each text: embeddings.

Columns of a dense block are non-zero in every row. As further columns of the sparse
rows, they would take the large steps of words, hundreds of times those of dense layers,
and each column would cost as much as a word. So a block has its own weights in the
network.
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

# Upper limit on the components of "lsa". With 100, macro-F1 was 0.4 points lower on
# edos and 0.6 on 1000 texts of intents (dev splits); 400 were no better.
COMPONENTS = 200
# Power iterations of the SVD; on intents 7 were no better.
PASSES = 2
# Factor on the weight of "lsa". Its numbers hold no information beyond the words, and
# are learnt faster: at full weight, 1000 texts of intents lost 2.5 points of macro-F1.
LSA_PART = 0.25
# Weight of a block with "auto". It falls in proportion where texts have more words,
# because one vector holds less of a long text. With 22,000 reviews of 119 words on
# average (dev split, one seed) an encoder at 0.5 cost 1.7 points of macro-F1, at 0.125
# 0.1, and gained 0.1 at 0.06; with 1000 of them it gained 8 points at 0.125 or 0.5.
WEIGHT, WORDS = 0.5, 30
# Centred values below this fraction of the norm of the values are rounding errors.
ROUNDING = 1e-6


class LatentSemantics(Components, TransformerMixin, BaseEstimator):
    """Truncated singular value decomposition of sparse rows.

    Latent semantic analysis: texts are close in this space if they share words, or
    words that co-occur with the same other words. Like
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
    """A fitted embedding whose transformer reads texts or rows."""

    def values(self, X, rows, memory=None):
        return _transform(self.transformer, X, rows, memory)


def fit_embedding(embedding, X, rows, weights, *, weight, seed, memory=None):
    """Fit an embedding and return it with the block of the training rows.

    Parameters
    ----------
    embedding : {"lsa", "use"} or transformer
        A transformer is cloned.

    X : list of str, or what the transformer takes

    rows : csr_matrix or csr_array of shape (n_rows, n_features)
        Sparse features of the same texts.

    weights : ndarray of shape (n_rows,)
        Weights of the rows, used for means.

    weight : float or "auto"
        Mean norm of the block as a fraction of that of the rows; a quarter of it for
        "lsa".

    seed : int or None
        Random seed of "lsa".

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
        If `rows` are dense, or the transformer does not return one row of finite
        numbers for each text.
    """
    if not issparse(rows):
        raise ValueError(
            "embedding adds dense numbers to sparse rows of words, but the vectorizer "
            "returned dense rows. Pass vectorizer='auto', or embedding=None and a "
            "FeatureUnion of both as vectorizer."
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
    # A column that is constant over all texts holds only rounding errors once centred.
    varies = centred > ROUNDING * whole
    fitted = Embedding(transformer, mean, weight * words / centred if varies else 0.0)
    return fitted, fitted.scaled(values, rows.dtype)


def auto_weight(X):
    """Return the weight of a block for these texts; a table gets the full weight."""
    if not isinstance(X, list) or not all(isinstance(text, str) for text in X):
        return WEIGHT
    n_words = np.mean([text.count(" ") + 1 for text in X])
    return WEIGHT * min(1.0, WORDS / n_words)


def needs_no_fit(transformer):
    """Whether a transformer declares that it needs no fit."""
    try:
        return not get_tags(transformer).requires_fit
    except (AttributeError, TypeError):  # not an estimator of scikit-learn
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
    """Transform texts; each distinct text only once."""
    with config_context(transform_output="default"):
        if not isinstance(X, list):
            return transformer.transform(X)
        places = {text: place for place, text in enumerate(dict.fromkeys(X))}
        values = transformer.transform(list(places))
        check_block(values, len(places))
        return np.asarray(values)[[places[text] for text in X]]


def check_block(values, n_texts):
    """Return the output of an embedding as a finite array with one row per text.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if issparse(values):
        raise ValueError(
            f"The embedding returned a sparse matrix of shape {values.shape}. Pass a "
            "transformer with dense output, for instance a pipeline that ends in "
            "TruncatedSVD, or add it to a FeatureUnion as vectorizer."
        )
    values = np.asarray(values)
    if values.ndim != 2 or values.shape[1] == 0 or values.dtype.kind not in "fiub":
        raise ValueError(
            f"The embedding returned an array of shape {values.shape} and type "
            f"{values.dtype}. Pass a transformer that returns numbers of shape "
            "(n_texts, width)."
        )
    if len(values) != n_texts:
        raise ValueError(
            f"The embedding returned {len(values)} row(s) for {n_texts} text(s). Pass "
            "a transformer that returns one row per text."
        )
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float32)
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(wrong):
        raise ValueError(
            f"The embedding returned NaN or infinite numbers for {len(wrong)} text(s), "
            f"the first in rows {wrong[:5].tolist()}. Clean these texts, or impute the "
            "values in the transformer."
        )
    return values


def packed(rows, block):
    """Join rows and their block, if any, as one sparse matrix."""
    return rows if block is None else hstack([rows, csr_array(block)], format="csr")
