"""What each part of the default is worth: the default with one part changed."""

from statistics import mean
from time import perf_counter
from typing import NamedTuple

import numpy as np
from _data import load_set
from _run import score_tasks
from sklearn.feature_extraction.text import TfidfVectorizer

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import FastTfidfVectorizer
from sklearn_mtl.trunks import BagTrunk


class Change(NamedTuple):
    """A part of the default and what stands in its place; values are made when used."""

    label: str
    parameters: object


def _words(**settings):
    """Return the words of the default alone, with some of its settings changed."""
    usual = {
        "ngram_range": (1, 2),
        "token_pattern": r"(?u)\b\w+\b",
        "min_df": 2,
        "sublinear_tf": True,
        "dtype": np.float32,
    }
    return FastTfidfVectorizer(**(usual | settings))


CHANGES = {
    "default": Change("the default", dict),
    "words": Change(
        "words and pairs alone, no parts of words", lambda: {"vectorizer": _words()}
    ),
    "long_words": Change(
        "the same without words of one character",
        lambda: {"vectorizer": _words(token_pattern=r"(?u)\b\w\w+\b")},
    ),
    "raw_counts": Change(
        "the same with plain counts, not sublinear",
        lambda: {"vectorizer": _words(sublinear_tf=False)},
    ),
    "all_words": Change(
        "the same with words of a single text", lambda: {"vectorizer": _words(min_df=1)}
    ),
    "scikit_learn": Change(
        "TfidfVectorizer(ngram_range=(1, 2)) of scikit-learn",
        lambda: {"vectorizer": TfidfVectorizer(ngram_range=(1, 2), dtype=np.float32)},
    ),
    "no_weighting": Change("term_weighting=None", lambda: {"term_weighting": None}),
    "no_adjustment": Change("logit_adjustment=0", lambda: {"logit_adjustment": 0}),
    "half_adjustment": Change(
        "logit_adjustment=0.5", lambda: {"logit_adjustment": 0.5}
    ),
    "balanced": Change(
        'logit_adjustment=0, class_weight="balanced"',
        lambda: {"logit_adjustment": 0, "class_weight": "balanced"},
    ),
    "hard": Change('sharing="hard", no private path', lambda: {"sharing": "hard"}),
    "linear": Change("trunk=None, nothing shared", lambda: {"trunk": None}),
    "equal_cells": Change(
        "loss_weights=None, all cells alike", lambda: {"loss_weights": None}
    ),
    "narrow": Change("64 units", lambda: {"trunk": BagTrunk(64)}),
    "wide": Change("256 units", lambda: {"trunk": BagTrunk(256)}),
    "no_dropout": Change("no dropout", lambda: {"trunk": BagTrunk(dropout=0.0)}),
    "more_dropout": Change("dropout 0.5", lambda: {"trunk": BagTrunk(dropout=0.5)}),
    "small_batches": Change(
        "batches of 64, with a step in proportion",
        lambda: {"batch_size": 64, "max_iter": 4, "learning_rate_init": 100.0},
    ),
    "long": Change("8 epochs", lambda: {"max_iter": 8}),
    "stopping": Change("early_stopping=True", lambda: {"early_stopping": True}),
}


def measure(change, folder, name, seed):
    """Fit a variant on train and score it on dev; meant for a process of its own."""
    train, dev = (load_set(folder, name).splits[part] for part in ("train", "dev"))
    parameters = CHANGES[change].parameters()
    classifier = MultiTaskTextClassifier(random_state=seed, **parameters)
    start = perf_counter()
    classifier.fit(*train)
    seconds = perf_counter() - start
    predicted = classifier.predict(dev.texts, output="dict")
    scores = score_tasks(
        dev.labels, {task: cells.tolist() for task, cells in predicted.items()}
    )
    return {
        "seconds": seconds,
        "accuracy": mean(task["accuracy"] for task in scores.values()),
        "macro_f1": mean(task["macro_f1"] for task in scores.values()),
    }


def labels():
    """Return what each change is called in the table."""
    return {key: change.label for key, change in CHANGES.items()}
