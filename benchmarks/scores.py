"""Scores of tasks, and a paired bootstrap over the rows of the test split.

Rows are drawn with replacement, with all their tasks; every system is scored on the
same draws. A draw is a vector of counts. So a product of a sparse matrix (a one for
each cell) and a matrix of counts gives the sums of a score for all draws at once.
"""

from time import perf_counter
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from sklearn.metrics import accuracy_score, f1_score

from benchmarks.data import load_set
from benchmarks.measure import peak_mib
from benchmarks.results import SCORES, prediction_file, task_means

RESAMPLES = 1000
INTERVAL = (2.5, 97.5)


class Predictions(NamedTuple):
    """The classes of test cells as numbers; `true` is -1 for missing cells."""

    tasks: list
    true: np.ndarray
    predicted: np.ndarray


def score_tasks(labels, predicted):
    """Return accuracy and macro-F1 of each task on its labelled cells."""
    scores = {}
    for task in predicted:
        pairs = [
            (cell, own)
            for cell, own in zip(labels[task], predicted[task], strict=True)
            if cell is not None
        ]
        if pairs:
            true, own = zip(*pairs, strict=True)
            scores[task] = {
                "accuracy": accuracy_score(true, own),
                "macro_f1": f1_score(true, own, average="macro"),
            }
    return scores


def as_lists(predicted):
    """Return predicted labels as lists by task."""
    return {task: cells.tolist() for task, cells in predicted.items()}


def fit_and_score(parameters, folder, name, split, seed, kept_as=None):
    """Fit the estimator to train and score it on another split.

    Runs in a separate process. Predictions are stored in the file `kept_as`.
    """
    from sklearn_mtl import MultiTaskTextClassifier  # torch, only where it is needed

    splits = load_set(folder, name, ("train", split)).splits
    train, other = splits["train"], splits[split]
    start_mib = peak_mib()
    classifier = MultiTaskTextClassifier(random_state=seed, **parameters)
    start = perf_counter()
    classifier.fit(*train)
    fitted = perf_counter()
    predicted = classifier.predict(other.texts, output="dict")
    predict_seconds = perf_counter() - fitted
    predicted = as_lists(predicted)
    scores = task_means(score_tasks(other.labels, predicted))
    if kept_as:
        keep(kept_as, train, other, predicted)
    weights = classifier.net_.module_.parameters()
    return {
        **scores,
        "fit_seconds": fitted - start,
        "predict_seconds": predict_seconds,
        "parameters": sum(weight.numel() for weight in weights),
        "fit_mib": peak_mib() - start_mib,
    }


def keep(path, train, test, predicted):
    """Write predicted and true classes as numbers, -1 for a missing cell."""
    codes = {"true": [], "predicted": []}
    for task, own in predicted.items():
        classes = sorted({*train.labels[task], *test.labels[task]} - {None})
        number = {label: code for code, label in enumerate(classes)} | {None: -1}
        codes["true"].append([number[cell] for cell in test.labels[task]])
        codes["predicted"].append([number[cell] for cell in own])
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = {key: np.array(columns, np.int16).T for key, columns in codes.items()}
    np.savez_compressed(path, tasks=np.array(list(predicted)), **tables)


def differences(folder, name, ours, peers, seeds):
    """Return our mean scores minus those of each peer, with 95% intervals.

    Parameters
    ----------
    folder : str
        Folder of the predictions.

    name : str
        Name of the set.

    ours : str
        A system.

    peers : list of str
        Systems.

    seeds : dict of str to list of int
        The runs of each system. A system's score is the mean over its runs, in each
        draw.

    Returns
    -------
    differences : dict
        For each peer and each of `SCORES` the "difference" on the test split and the
        ends "low" and "high" of its interval. Where a peer has fewer tasks, both are
        scored on these.
    """
    scores = {}
    for system in (ours, *peers):
        runs = [load(folder, name, system, seed) for seed in seeds[system]]
        scores[system] = runs[0].tasks, mean_scores(runs)
    return {
        peer: compare(*scores[ours], *scores[peer]) for peer in peers if peer != ours
    }


def load(folder, name, system, seed):
    with np.load(prediction_file(folder, name, system, seed)) as kept:
        return Predictions(kept["tasks"].tolist(), kept["true"], kept["predicted"])


def compare(tasks, scores, peer_tasks, peer_scores):
    """Return difference and interval of the scores, means over the peer's tasks."""
    own = [tasks.index(task) for task in peer_tasks]
    compared = {}
    for key in SCORES:
        drawn = np.nanmean(scores[key][own] - peer_scores[key], axis=0, dtype=float)
        low, high = np.percentile(drawn[1:], INTERVAL)
        compared[key] = {"difference": drawn[0], "low": low, "high": high}
    return compared


def mean_scores(runs):
    """Return arrays (n_tasks, 1 + RESAMPLES), means over runs; column 0 is all rows."""
    counts = draw_counts(len(runs[0].true))
    parts = [score_draws(run, counts) for run in runs]
    return {key: np.mean([part[key] for part in parts], axis=0) for key in SCORES}


def draw_counts(n_rows):
    """Return draw counts of rows: (n_rows, 1 + RESAMPLES); column 0 is all ones."""
    generator = np.random.default_rng(0)
    drawn = generator.multinomial(n_rows, np.full(n_rows, 1 / n_rows), RESAMPLES)
    return np.vstack([np.ones(n_rows), drawn]).T.astype(np.float32)


def score_draws(run, counts):
    """Return accuracy and macro-F1 of each task in each draw."""
    rows, tasks = np.nonzero(run.true >= 0)
    true, predicted = run.true[rows, tasks], run.predicted[rows, tasks]
    # A number for each class of each task.
    n_classes = np.maximum(run.true.max(axis=0), run.predicted.max(axis=0)) + 1
    start = np.cumsum(n_classes) - n_classes
    true, predicted = start[tasks] + true, start[tasks] + predicted
    right = true == predicted

    def total(groups, chosen, n_groups):
        ones = np.ones(chosen.sum(), np.float32)
        places = groups[chosen], rows[chosen]
        return coo_array((ones, places), (n_groups, len(run.true))).tocsr() @ counts

    everything = np.ones_like(right)
    hits = total(true, right, n_classes.sum())
    cells = total(true, everything, n_classes.sum())
    answers = total(predicted, everything, n_classes.sum())
    with np.errstate(invalid="ignore"):  # a class, or a task, that was not drawn
        f1 = 2 * hits / (cells + answers)
        accuracy = np.add.reduceat(hits, start) / np.add.reduceat(cells, start)
        # As in scikit-learn: a class counts if it is true or predicted somewhere.
        present = np.add.reduceat((cells + answers > 0).astype(np.float32), start)
        macro_f1 = np.add.reduceat(np.nan_to_num(f1), start) / present
    return {"accuracy": accuracy, "macro_f1": macro_f1}
