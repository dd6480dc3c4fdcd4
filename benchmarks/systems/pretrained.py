"""Embeddings beside words: LSA of the training texts, and pretrained networks."""

from time import perf_counter

import numpy as np
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression

from benchmarks.data import load_set
from benchmarks.results import task_means
from benchmarks.scores import as_lists, score_tasks
from benchmarks.systems import timed_fit
from benchmarks.systems.embeddings import Known, embed
from benchmarks.systems.linear import PerTask
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import PooledEmbedding, UniversalSentenceEncoder

ENCODERS = {
    "use": lambda: UniversalSentenceEncoder().transform,
    "pooled_use": lambda: PooledEmbedding("use").transform,
    "minilm": lambda: embed,
}


class LookedUp(TransformerMixin, BaseEstimator):
    """Precomputed embeddings.

    Parameters
    ----------
    known : Known
        The row of each text.
    """

    def __init__(self, known):
        self.known = known

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.array([self.known[text] for text in X])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags


class Ours:
    """The default, with an embedding."""

    def __init__(self, embedding, seed, weight):
        own = {} if weight is None else {"embedding_weight": weight}
        self.classifier = MultiTaskTextClassifier(
            embedding=embedding, random_state=seed, **own
        )

    def fit(self, texts, labels):
        self.classifier.fit(texts, labels)

    def predict(self, texts):
        return as_lists(self.classifier.predict(texts, output="dict"))


def measure(folder, name, split, rows, seeds, encoders, weight):
    """Fit all systems to train, or to some rows of it, and score on another split."""
    splits = load_set(folder, name, ("train", split)).splits
    test, drawn, encoded = splits[split], [], {}
    for seed in range(seeds):
        drawn.append(draw(splits["train"], rows, seed))
    texts = {text for train, _ in drawn for text in train} | set(test.texts)
    texts = sorted(texts)
    known = {}
    for encoder in encoders:
        encode = ENCODERS[encoder]()
        encode(texts[:1])  # loads the network
        start = perf_counter()
        table = encode(texts)
        seconds = perf_counter() - start
        known[encoder] = Known(zip(texts, table, strict=True))
        encoded[encoder] = {
            "texts": len(texts),
            "seconds": seconds,
            "texts_per_second": len(texts) / seconds,
        }
    runs = {}
    for seed, (train, labels) in enumerate(drawn):
        found = runs[str(seed)] = {"systems": {}}
        for system, model in make_models(known, seed, weight).items():
            seconds, warned = timed_fit(model, train, labels)
            start = perf_counter()
            predicted = model.predict(test.texts)
            found["systems"][system] = {
                **task_means(score_tasks(test.labels, predicted)),
                "fit_seconds": seconds,
                "predict_seconds": perf_counter() - start,
                "warnings": warned,
            }
    return {"encoders": encoded, "runs": runs}


def draw(train, rows, seed):
    """Return some rows of a split, with the tasks that have two classes there."""
    if not rows:
        return train
    chosen = np.random.default_rng([rows, seed]).choice(
        len(train.texts), rows, replace=False
    )
    labels = {task: [own[row] for row in chosen] for task, own in train.labels.items()}
    labels = {
        task: cells for task, cells in labels.items() if len(set(cells) - {None}) > 1
    }
    return [train.texts[row] for row in chosen], labels


def looking_up(rows):
    """Return the transform and the rows that a linear model needs."""

    def vectorise(texts, labels):
        return rows.transform, csr_array(rows.transform(texts))

    return vectorise


def make_models(known, seed, weight):
    """Return unfitted models by name."""
    models = {
        "words": Ours(None, seed, weight),
        "words, lsa": Ours("lsa", seed, weight),
    }
    for encoder, table in known.items():
        rows = LookedUp(table)
        models[f"words, {encoder}"] = Ours(rows, seed, weight)
        models[f"{encoder}, logistic"] = PerTask(
            lambda: LogisticRegression(max_iter=1000), looking_up(rows)
        )
    return models
