"""The demo, run without a command: two label sets, compared with single-task models."""

from collections import Counter
from textwrap import shorten
from time import perf_counter

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from ..datasets import load_docstrings
from ..metrics import multitask_scores
from ..model_selection import train_test_split
from ..model_selection._per_task import PerTask
from ..utils._text_table import text_table
from . import _model
from ._answers import predict
from ._errors import count
from ._process import is_terminal, say
from ._report import METRICS, WIDTH, fill, number, short_name, side_by_side

SEED = 0
TEST_SHARE = 0.25
N_EXAMPLES = 3
# The second set: number of texts, and how many of them have a label in column 1.
N_TEXTS, N_FEW = 5000, 50
# Smaller differences in the mean of accuracy and macro-F1 are within seed noise.
LEVEL = 0.01


def run():
    """Fit on docstrings with many labels and with few; compare and explain."""
    data = load_docstrings()
    texts, labels = list(data.data), {task: list(y) for task, y in data.target.items()}
    X_train, X_test, y_train, y_test = train_test_split(
        texts, labels, test_size=TEST_SHARE, random_state=SEED
    )
    train, test = (X_train, y_train), (X_test, y_test)
    say(
        f"{count(len(texts), 'docstring')} of Python and of installed libraries, "
        f"{count(len(labels), 'task')}:\n{fill(', '.join(labels))}.\n"
    )
    say(
        f"1. Many labels: fitting on {len(X_train):,} texts, scoring on the other "
        f"{len(X_test):,}.\n"
    )
    classifier, scores, seconds = fit_systems(train, test)
    say(f"{side_by_side(scores, list(labels))}\n")
    say(f"{legend(seconds)}\n")
    say(f"{examples(classifier, *test)}\n")
    many = {system: own["mean"] for system, own in scores.items()}

    few, other = list(labels)[:2]
    train, test = with_few_labels(train, test, few, other)
    say(
        fill(
            f"2. Few labels: {count(len(train[0]), 'text')}, of which "
            f"{n_labels(train, few):,} have a label for {few} and "
            f"{n_labels(train, other):,} one for {other}. Scores for {few}:"
        )
        + "\n"
    )
    _, scores, seconds = fit_systems(train, test)
    one = {system: own[few] for system, own in scores.items()}
    say(f"{by_system(one, seconds)}\n")

    fewest = min(sum(c is not None for c in cells) for cells in y_train.values())
    say("Does sharing help?\n")
    say(fill(f"1. {sentence(many, reason_of_many(many, fewest))}"))
    say(fill(f"2. {sentence(one, reason_of_few(one, train, few, other, y_train))}"))


def with_few_labels(train, test, few, other):
    """Keep two columns, and only the first labels of one of them.

    Returns
    -------
    train, test : tuple of (list of str, dict of str to list)
    """
    (texts, labels), (test_texts, test_labels) = train, test
    texts, cells = texts[:N_TEXTS], labels[few][:N_TEXTS]
    kept, left = [], N_FEW
    for cell in cells:
        kept.append(cell if left > 0 else None)
        left -= cell is not None
    columns = {few: kept, other: labels[other][:N_TEXTS]}
    return (texts, columns), (test_texts, {t: test_labels[t] for t in columns})


def n_labels(rows, task):
    """Count the labels of a task."""
    return sum(cell is not None for cell in rows[1][task])


def fit_systems(train, test):
    """Fit the network, single networks and linear models.

    Returns
    -------
    classifier : MultiTaskTextClassifier
        The network with sharing.

    scores : dict of str to dict

    seconds : dict of str to float
        Time of fitting and predicting.
    """
    scores, seconds = {}, {}
    classifier, scores["shared"], seconds["shared"] = fit_network(train, test)
    _, scores["single"], seconds["single"] = fit_network(
        train, test, sharing="separate"
    )
    scores["linear"], seconds["linear"] = fit_linear(train, test)
    return classifier, scores, seconds


def fit_network(train, test, **parameters):
    """Fit and score the estimator; return it, its scores and the time in seconds."""
    is_watched = is_terminal()
    if is_watched:
        written = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
        say(f"Fitting MultiTaskTextClassifier({written}).")
    classifier, fit_seconds = _model.fit(
        *train, random_state=SEED, verbose=int(is_watched), **parameters
    )
    if is_watched:
        say()
    scores, seconds = _model.score(classifier, *test)
    return classifier, scores, fit_seconds + seconds


def by_system(scores, seconds):
    """Format the scores of one task, a line for each system."""
    rows = [
        [system, *(number(own[metric]) for metric in METRICS), f"{seconds[system]:.1f}"]
        for system, own in scores.items()
    ]
    return text_table(["system", *METRICS.values(), "seconds"], rows)


def sentence(scores, reason):
    """Compare the shared network with single-task networks, and explain the result."""
    pairs = ", ".join(
        f"{METRICS[metric]} {number(scores['shared'][metric])} and "
        f"{number(scores['single'][metric])}"
        for metric in ("accuracy", "f1_macro")
    )
    words = {
        1: "The shared network is ahead of a network for each task",
        0: "The shared network is level with a network for each task",
        -1: "The shared network is behind a network for each task",
    }
    return f"{words[standing(scores)]} ({pairs}){reason}."


def standing(scores):
    """Return 1 if sharing helps, -1 if it harms, 0 if it makes no difference.

    Compares the mean of accuracy and macro-F1.
    """
    shared, single = scores["shared"], scores["single"]
    gap = np.mean([shared[m] - single[m] for m in ("accuracy", "f1_macro")])
    return int(gap > LEVEL) - int(gap < -LEVEL)


def reason_of_many(scores, fewest):
    """Explain why sharing does not help, if so."""
    if standing(scores) > 0:
        return ""
    return f": each task has {fewest:,} labels or more, enough to learn from alone"


def reason_of_few(scores, train, few, other, known):
    """Explain why sharing helps, if so."""
    if standing(scores) < 1:
        return ""
    share = share_determined(known[other], known[few])
    return (
        f": {n_labels(train, few):,} labels for {few} are too few to learn from alone, "
        f"and the {n_labels(train, other):,} for {other} help: they determine the "
        f"{few} of {share:.0%} of the texts that have both"
    )


def share_determined(known, wanted):
    """Return the share of texts whose label in one column determines the other."""
    pairs = [
        (a, b)
        for a, b in zip(known, wanted, strict=True)
        if a is not None and b is not None
    ]
    best = {}
    for (label, _), times in Counter(pairs).items():
        best[label] = max(times, best.get(label, 0))
    return sum(best.values()) / max(len(pairs), 1)


def fit_linear(train, test):
    """Score the usual baseline: a separate model per task, on its labelled rows.

    The vectorizer is fitted once for all tasks, which is faster than a pipeline for
    each task.
    """
    start = perf_counter()
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), dtype=np.float32)
    X_train, X_test = vectorizer.fit_transform(train[0]), vectorizer.transform(test[0])
    models = PerTask(LinearSVC(random_state=SEED)).fit(X_train, train[1])
    predicted = models.predict(X_test)
    seconds = perf_counter() - start
    return multitask_scores(test[1], predicted), seconds


def legend(seconds):
    """Describe each system and its time."""
    systems = {
        "shared": "MultiTaskTextClassifier(), one network for all tasks",
        "single": 'MultiTaskTextClassifier(sharing="separate"), one for each task',
        "linear": "TF-IDF and LinearSVC, one model for each task",
    }
    rows = [[name, words, f"{seconds[name]:.1f}"] for name, words in systems.items()]
    return (
        f"{text_table(['system', '', 'seconds'], rows, left=2)}\n\n"
        "Recall and F1 are means over classes; support counts labelled texts; seconds\n"
        "are of fitting and predicting."
    )


def examples(classifier, texts, labels):
    """Format a few predictions with their probabilities."""
    few = texts[:N_EXAMPLES]
    predicted, probability = predict(classifier, few)
    parts = ["Some predictions of the shared network"]
    for row, text in enumerate(few):
        rows = []
        for task, cells in labels.items():
            truth = "(no label)" if cells[row] is None else str(cells[row])
            labels_of_row = [truth, str(predicted[task][row])]
            sure = f"{probability[task][row]:.2f}"
            short = [short_name(label) for label in labels_of_row]
            rows.append([short_name(task), *short, sure])
        table = text_table(["task", "true", "predicted", "probability"], rows, left=3)
        parts.append(f"{shorten(text, WIDTH, placeholder=' ...')}\n\n{table}")
    return "\n\n".join(parts)
