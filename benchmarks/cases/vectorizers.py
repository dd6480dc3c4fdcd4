"""Time the fast TF-IDF vectorizer beside scikit-learn's, and compare their results.

Each vectorizer is fitted to the texts of the train split and transforms them twice, in
a separate process. The run stops if the matrices are not identical to the last bit.
"""

from hashlib import sha256
from time import perf_counter

from benchmarks.data import load_set
from benchmarks.options import common
from benchmarks.results import markdown_table, seconds

SYSTEMS = ("scikit-learn", "fast")
FEATURES = {
    "words 1-2": {"ngram_range": (1, 2), "min_df": 2},
    "char_wb 2-5": {"analyzer": "char_wb", "ngram_range": (2, 5), "min_df": 2},
}
TIMES = ("fit_transform_seconds", "transform_seconds", "transform_again_seconds")
OPTIONS = common(threads=1)


def run(context):
    for name in context.sets:
        for features in FEATURES:
            rows = {
                system: context.call(
                    "measure",
                    folder=context.data,
                    name=name,
                    features=features,
                    system=system,
                )
                for system in SYSTEMS
            }
            if len({row.pop("fingerprint") for row in rows.values()}) > 1:
                raise SystemExit(f"{name}, {features}: the matrices differ.")
            yield (name, features), rows
            yield (name, "machine"), context.machine()


def measure(folder, name, features, system):
    """Time fit_transform and transform; runs in a separate process."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    from sklearn_mtl.feature_extraction import FastTfidfVectorizer

    vectorizers = {"scikit-learn": TfidfVectorizer, "fast": FastTfidfVectorizer}
    texts, _ = load_set(folder, name, ["train"]).splits["train"]
    vectorizer = vectorizers[system](
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


def show(results):
    """Return a row for each set and kind of features: seconds and their ratios."""
    header = ["set, features"]
    for kind in ("fit_transform", "transform", "transform again"):
        header += [f"{kind}: scikit-learn", "fast", "ratio"]
    table = [
        [f"{name}, {features}", *cells_of(found[features])]
        for name, found in results.items()
        for features in FEATURES
        if features in found
    ]
    return markdown_table(header, table)


def cells_of(rows):
    cells = []
    for kind in TIMES:
        theirs, ours = (rows[system][kind] for system in SYSTEMS)
        cells += [seconds(theirs), f"{ours:.2f}", f"{theirs / ours:.1f}"]
    return cells
