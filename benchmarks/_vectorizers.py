"""Time one vectorizer on the texts of a set, and fingerprint what it gives."""

from hashlib import sha256
from time import perf_counter

import numpy as np
from _data import load_set
from sklearn.feature_extraction.text import TfidfVectorizer

from sklearn_mtl.feature_extraction import FastTfidfVectorizer

SYSTEMS = {"scikit-learn": TfidfVectorizer, "fast": FastTfidfVectorizer}
FEATURES = {
    "words 1-2": {"ngram_range": (1, 2), "min_df": 2},
    "char_wb 2-5": {"analyzer": "char_wb", "ngram_range": (2, 5), "min_df": 2},
}


def measure(folder, name, features, system):
    """Time fit_transform and transform; meant for a process of its own."""
    texts, _ = load_set(folder, name, ["train"]).splits["train"]
    vectorizer = SYSTEMS[system](
        **FEATURES[features], sublinear_tf=True, dtype=np.float32
    )
    fit_seconds, fitted = timed(vectorizer.fit_transform, texts)
    transform_seconds, rows = timed(vectorizer.transform, texts)
    again_seconds, _ = timed(vectorizer.transform, texts)
    return {
        "fit_transform_seconds": fit_seconds,
        "transform_seconds": transform_seconds,
        "transform_again_seconds": again_seconds,
        "texts": len(texts),
        "characters": sum(map(len, texts)),
        "features": rows.shape[1],
        "values": rows.nnz,
        "fingerprint": fingerprint(vectorizer, fitted, rows),
    }


def timed(function, texts):
    start = perf_counter()
    result = function(texts)
    return perf_counter() - start, result


def fingerprint(vectorizer, *matrices):
    """Return a digest of the vocabulary and the matrices in canonical form."""
    digest = sha256(repr(vectorizer.get_feature_names_out().tolist()).encode())
    for matrix in matrices:
        matrix.sum_duplicates()
        for part in (matrix.data, matrix.indices, matrix.indptr):
            digest.update(str(part.dtype).encode())
            digest.update(part.tobytes())
    return digest.hexdigest()
