"""The compared systems, in the order of the tables, and a run of a system."""

import warnings
from collections import Counter
from importlib import import_module
from time import perf_counter
from typing import NamedTuple

from benchmarks.data import load_set
from benchmarks.measure import peak_mib
from benchmarks.results import prediction_file

OURS, BASELINE = "shared", "linear_svc"


class System(NamedTuple):
    """A row of the table.

    `module` of this folder builds it. It is imported only in the process of the system,
    so that linear models do not include the memory of torch, and the parent process
    stays small. `family` is its group in summaries. `seeded`: results depend on the
    seed enough to average. `same_labels`: all tasks must have the same labels.
    `probabilities`: it predicts probabilities. `needs`: a module that must be
    importable in the interpreter for peers. `fewest`: for sets on which all tasks would
    take hours, the number of tasks measured (those with the fewest classes).
    """

    label: str
    module: str
    family: str = ""
    seeded: bool = False
    same_labels: bool = False
    probabilities: bool = False
    needs: str = ""
    fewest: dict = {}


SYSTEMS = {
    "linear_svc": System("TF-IDF + LinearSVC per task", "linear", "tfidf"),
    "linear_svc_min2": System(
        "TF-IDF(min_df=2) + LinearSVC per task", "linear", "tfidf"
    ),
    "balanced_svc": System(
        'TF-IDF + LinearSVC(class_weight="balanced") per task',
        "linear",
        "tfidf_balanced",
    ),
    "sgd": System(
        "TF-IDF + SGDClassifier per task",
        "linear",
        "tfidf",
        seeded=True,
        probabilities=True,
    ),
    "sgd_sparse": System(
        "TF-IDF + SGDClassifier(alpha=3e-6) per task",
        "linear",
        "tfidf",
        seeded=True,
        probabilities=True,
    ),
    "logistic": System(
        "TF-IDF + LogisticRegression per task",
        "linear",
        "tfidf",
        fewest={"debtags": 4},
        probabilities=True,
    ),
    "complement_nb": System(
        "TF-IDF + ComplementNB per task", "linear", "tfidf", probabilities=True
    ),
    "pooled_svc": System(
        "TF-IDF + one LinearSVC for all tasks",
        "linear",
        "tfidf_pooled",
        same_labels=True,
    ),
    "mlp": System(
        "TF-IDF + MLPClassifier(early_stopping=True) per task",
        "linear",
        probabilities=True,
    ),
    "linear_svc_ours": System("our features + LinearSVC per task", "linear", "ours"),
    "balanced_svc_ours": System(
        'our features + LinearSVC(class_weight="balanced") per task',
        "linear",
        "ours_balanced",
    ),
    "sgd_ours": System(
        "our features + SGDClassifier(alpha=3e-6) per task",
        "linear",
        "ours",
        seeded=True,
        probabilities=True,
    ),
    "pooled_svc_ours": System(
        "our features + one LinearSVC for all tasks",
        "linear",
        "ours_pooled",
        same_labels=True,
    ),
    "fasttext": System("fastText per task", "files", seeded=True, needs="fasttext"),
    "vowpal_wabbit": System("Vowpal Wabbit per task", "files", needs="vowpalwabbit"),
    "separate": System(
        'MultiTaskTextClassifier, sharing="separate"',
        "network",
        "own",
        seeded=True,
        probabilities=True,
    ),
    "shared": System(
        "MultiTaskTextClassifier", "network", "own", seeded=True, probabilities=True
    ),
}


def describe(folder, name):
    """Return the facts about a set, and whether its tasks can be pooled."""
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
    """Fit a system on train, score it on test; runs in a separate process.

    Returns {"not_installed": module} if a module is missing.
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
    total_seconds, caught = timed_fit(model, train.texts, labels)
    fit_peak_mib = peak_mib()
    begin = perf_counter()
    predicted = model.predict(test.texts)
    predict_seconds = perf_counter() - begin
    measured = {
        "vectorise_seconds": model.vectorise_seconds,
        "fit_seconds": total_seconds - model.vectorise_seconds,
        "predict_seconds": predict_seconds,
        "start_mib": start_mib,
        "fit_peak_mib": fit_peak_mib,
        "peak_mib": peak_mib(),
    }
    # Keep this out of the measurement.
    from benchmarks.probabilities import add_probability_scores
    from benchmarks.scores import keep, score_tasks

    if predictions:
        keep(prediction_file(predictions, name, system, seed), train, test, predicted)
    scores = score_tasks(test.labels, predicted)
    if SYSTEMS[system].probabilities:
        add_probability_scores(scores, test.labels, model.predict_proba(test.texts))
    return {
        "seed": seed,
        **measured,
        "warnings": caught,
        "tasks": scores,
        "only_tasks": [] if len(tasks) == len(train.labels) else tasks,
    }


def timed_fit(model, texts, labels):
    """Fit a model; return the seconds and the categories of the warnings raised."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = perf_counter()
        model.fit(texts, labels)
        seconds = perf_counter() - start
    return seconds, Counter(warning.category.__name__ for warning in caught)


def make_model(system, seed):
    module = import_module(f"{__name__}.{SYSTEMS[system].module}")
    return module.make(system, seed)


def tasks_of(system, name, labels):
    """Return the tasks that a system is measured on: nearly always all of them."""
    limit = SYSTEMS[system].fewest.get(name, len(labels))
    n_classes = {task: len(set(cells) - {None}) for task, cells in labels.items()}
    chosen = sorted(n_classes, key=n_classes.get)[:limit]
    return [task for task in labels if task in chosen]
