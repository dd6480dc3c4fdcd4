"""One run of a system on a set: fit, predict, score, keep the predictions."""

import warnings
from collections import Counter
from importlib import import_module
from pathlib import Path
from time import perf_counter

from _data import load_set
from _measure import peak_mib
from _systems import SYSTEMS


def describe(folder, name):
    """Return what a reader must know of a set, and whether its tasks can be pooled."""
    splits, left_out = load_set(folder, name, ("train", "test"))
    train, test = splits["train"], splits["test"]
    return {
        "train_texts": len(train.texts),
        "test_texts": len(test.texts),
        "test_characters": sum(map(len, test.texts)) / len(test.texts),
        "tasks": len(train.labels),
        "left_out": left_out,
        "same_labels": len({frozenset(cells) for cells in train.labels.values()}) == 1,
    }


def measure(system, folder, name, seed, predictions=None):
    """Fit a system on train, score it on test; meant for a process of its own.

    Returns {"not_installed": module} if there is nothing to run.
    """
    try:
        model = make_model(system, seed)
    except ModuleNotFoundError as error:
        if error.name != SYSTEMS[system].needs:
            raise
        return {"not_installed": error.name}
    splits, _ = load_set(folder, name, ("train", "test"))
    train, test = splits["train"], splits["test"]
    tasks = tasks_of(system, name, train.labels)
    labels = {task: train.labels[task] for task in tasks}
    start_mib = peak_mib()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = perf_counter()
        model.fit(train.texts, labels)
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
    if predictions:
        keep(prediction_file(predictions, name, system, seed), train, test, predicted)
    return {
        "seed": seed,
        **measured,
        "warnings": Counter(warning.category.__name__ for warning in caught),
        "tasks": score_tasks(test.labels, predicted),
        "only_tasks": [] if len(tasks) == len(train.labels) else tasks,
    }


def make_model(system, seed):
    module, function = SYSTEMS[system].factory.split(":")
    return getattr(import_module(module), function)(seed)


def tasks_of(system, name, labels):
    """Return the tasks that a system is measured on: nearly always all of them."""
    limit = SYSTEMS[system].fewest.get(name, len(labels))
    n_classes = {task: len(set(cells) - {None}) for task, cells in labels.items()}
    chosen = sorted(n_classes, key=n_classes.get)[:limit]
    return [task for task in labels if task in chosen]


def score_tasks(labels, predicted):
    """Return accuracy and macro-F1 of each task on its labelled cells."""
    from sklearn.metrics import accuracy_score, f1_score  # not into the parent

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


def prediction_file(folder, name, system, seed):
    return Path(folder) / name / f"{system}-{seed}.npz"


def keep(path, train, test, predicted):
    """Write predicted and true classes as numbers, -1 for a cell without a label."""
    import numpy as np  # not into the parent

    codes = {"true": [], "predicted": []}
    for task, own in predicted.items():
        classes = sorted({*train.labels[task], *test.labels[task]} - {None})
        number = {label: code for code, label in enumerate(classes)} | {None: -1}
        codes["true"].append([number[cell] for cell in test.labels[task]])
        codes["predicted"].append([number[cell] for cell in own])
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = {key: np.array(columns, np.int16).T for key, columns in codes.items()}
    np.savez_compressed(path, tasks=np.array(list(predicted)), **tables)
