"""The systems that are compared, and one run of one of them on one set."""

import resource
import sys
import warnings
from collections import Counter
from importlib import import_module
from time import perf_counter
from typing import NamedTuple

from _data import load_set


class System(NamedTuple):
    """A row of the table.

    `factory` is "module:function" and not the function: a linear model must not carry
    the memory of torch, nor the parent process that of anything. `seeded` says whether
    another seed gives another result worth averaging, `same_labels` whether tasks must
    have the same labels, `optional` whether it runs only when asked for.
    """

    label: str
    factory: str
    seeded: bool = False
    same_labels: bool = False
    optional: bool = False


# In the order of the tables; a baseline first.
SYSTEMS = {
    "linear_svc": System("TF-IDF + LinearSVC per task", "_linear:linear_svc"),
    "sgd": System("TF-IDF + SGDClassifier per task", "_linear:sgd", seeded=True),
    "logistic": System("TF-IDF + LogisticRegression per task", "_linear:logistic"),
    "pooled_svc": System(
        "TF-IDF + one LinearSVC for all tasks", "_linear:pooled_svc", same_labels=True
    ),
    "shared": System("MultiTaskTextClassifier", "_network:shared", seeded=True),
    "separate": System(
        'MultiTaskTextClassifier, sharing="separate"',
        "_network:separate",
        seeded=True,
        optional=True,
    ),
}


def describe(folder, name):
    """Return what a reader must know of a set, and whether its tasks can be pooled."""
    splits, left_out = load_set(folder, name, ("train", "test"))
    labels = splits["train"].labels
    return {
        "train_texts": len(splits["train"].texts),
        "test_texts": len(splits["test"].texts),
        "tasks": len(labels),
        "left_out": left_out,
        "same_labels": len({frozenset(cells) for cells in labels.values()}) == 1,
    }


def measure(system, folder, name, seed):
    """Fit a system on train, score it on test; meant for a process of its own."""
    module, function = SYSTEMS[system].factory.split(":")
    model = getattr(import_module(module), function)(seed)
    splits, _ = load_set(folder, name, ("train", "test"))
    train, test = splits["train"], splits["test"]
    start_mib = peak_mib()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = perf_counter()
        model.fit(*train)
        fitted = perf_counter()
    fit_peak_mib = peak_mib()
    begin = perf_counter()
    predicted = model.predict(test.texts)
    predict_seconds = perf_counter() - begin
    measured = {
        "vectorise_seconds": model.vectorise_seconds,
        "fit_seconds": fitted - start - model.vectorise_seconds,
        "predict_seconds": predict_seconds,
        "start_mib": start_mib,
        "fit_peak_mib": fit_peak_mib,
        "peak_mib": peak_mib(),
    }
    return {
        "seed": seed,
        **measured,
        "warnings": Counter(warning.category.__name__ for warning in caught),
        "tasks": score_tasks(test.labels, predicted),
    }


def score_tasks(labels, predicted):
    """Return accuracy and macro-F1 of each task on its labelled cells."""
    from sklearn.metrics import accuracy_score, f1_score  # not into the parent

    scores = {}
    for task, cells in labels.items():
        pairs = [
            (cell, own)
            for cell, own in zip(cells, predicted[task], strict=True)
            if cell is not None
        ]
        if pairs:
            true, own = zip(*pairs, strict=True)
            scores[task] = {
                "accuracy": accuracy_score(true, own),
                "macro_f1": f1_score(true, own, average="macro"),
            }
    return scores


def peak_mib():
    """Return the peak resident memory of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
