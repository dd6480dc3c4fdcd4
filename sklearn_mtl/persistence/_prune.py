"""Pruning: removal of the least important features.

A feature affects logits through its rows of weights in the layers over sparse rows.
Features with the smallest rows, mostly rare words, are removed from vocabulary and
weights, as if the vectorizer had not found them.
"""

from copy import copy

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import FeatureUnion

from ..data._embedding import LatentSemantics
from ._errors import CannotSave
from ._weights import sparse_names


def prune(net, readers, weights, share):
    """Remove the least important features.

    Parameters
    ----------
    net : MultiTaskNet

    readers : dict
        ``vectorizer``, ``column_scales``, ``term_weights`` and ``embedding``.

    weights : dict of {str: ndarray}
        Weights of the net, by name.

    share : float
        Share of the features to remove.

    Returns
    -------
    readers : dict

    weights : dict of {str: ndarray}

    n_features : int
        Number of remaining features.

    Raises
    ------
    CannotSave
        If rows are not bags of words.
    """
    if not 0 <= share < 1:
        raise ValueError(f"prune must be at least 0 and below 1. Got {share!r}.")
    names, trunk = sparse_names(net), net.module__trunk
    vectorizer, n_features = readers["vectorizer"], net.module__spec.n_features
    sizes = _sizes(vectorizer)
    if (
        sum(sizes or []) != n_features
        or readers["column_scales"] is not None
        or not names
        or getattr(trunk, "is_opaque", False)
    ):
        raise CannotSave(
            "prune needs a vectorizer that counts terms and a trunk over bags of "
            f"words. Got {vectorizer!r:.100} and {trunk!r:.100}. Save with prune=0."
        )
    squares = sum(np.square(weights[name], dtype=np.float64).sum(1) for name in names)
    kept = _largest(squares, n_features - int(share * n_features), sizes)
    readers = dict(readers)
    readers["vectorizer"] = _select(vectorizer, _split(kept, sizes))
    if readers["term_weights"] is not None:
        readers["term_weights"] = readers["term_weights"][kept]
    transformer = getattr(readers["embedding"], "transformer", None)
    if isinstance(transformer, LatentSemantics):
        twin = copy(transformer)
        twin.components_ = transformer.components_[:, kept]
        own = readers["embedding"]
        readers["embedding"] = type(own)(twin, own.mean, own.factor)
    own = {name: weights[name][kept] for name in names}
    return readers, weights | own, len(kept)


def _sizes(vectorizer):
    """Return the number of features of each vectorizer of a union; None if unknown."""
    if isinstance(vectorizer, CountVectorizer):
        return [len(vectorizer.vocabulary_)]
    if isinstance(vectorizer, FeatureUnion):
        sizes = [_sizes(part) for _, part in vectorizer.transformer_list]
        return None if None in sizes else [size for own in sizes for size in own]
    return None


def _largest(values, n_kept, sizes):
    """Return the indices of the largest values, sorted, at least one per part."""
    order = np.argsort(-values, kind="stable")
    keeps = np.zeros(len(values), dtype=bool)
    keeps[order[:n_kept]] = True
    for start, size in zip(np.cumsum([0, *sizes[:-1]]), sizes, strict=True):
        if not keeps[start : start + size].any():
            keeps[start + values[start : start + size].argmax()] = True
    return np.flatnonzero(keeps)


def _split(kept, sizes):
    """Return, for each part, the indices within it that are kept."""
    starts = np.cumsum([0, *sizes])
    ends = np.searchsorted(kept, starts)
    return [kept[ends[k] : ends[k + 1]] - starts[k] for k in range(len(sizes))]


def _select(vectorizer, kept):
    """Return a copy of a vectorizer with only the kept features.

    Parameters
    ----------
    vectorizer : CountVectorizer or FeatureUnion

    kept : list of ndarray
        The kept columns of each CountVectorizer. The first item is removed.
    """
    twin = copy(vectorizer)
    if isinstance(vectorizer, FeatureUnion):
        twin.transformer_list = [
            (name, _select(part, kept)) for name, part in vectorizer.transformer_list
        ]
        return twin
    columns = kept.pop(0)
    terms = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.get)
    chosen = [terms[column] for column in columns.tolist()]
    twin.vocabulary_ = dict(zip(chosen, range(len(chosen)), strict=True))
    vars(twin).pop("_known", None)  # computed for all terms
    weights = getattr(vectorizer, "_tfidf", None)
    if weights is not None:
        twin._tfidf = copy(weights)
        twin._tfidf.n_features_in_ = len(chosen)
        if hasattr(weights, "idf_"):
            twin._tfidf.idf_ = weights.idf_[columns]
    return twin
