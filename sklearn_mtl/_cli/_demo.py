"""The main job: several label columns of real text, beside single-task models."""

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
from ._report import WIDTH, fill, short_name, side_by_side

SEED = 0
TEST_SHARE = 0.25
N_EXAMPLES = 3


def run():
    """Fit on docstrings, print scores beside single-task models, some predictions."""
    data = load_docstrings()
    texts, labels = list(data.data), {task: list(y) for task, y in data.target.items()}
    X_train, X_test, y_train, y_test = train_test_split(
        texts, labels, test_size=TEST_SHARE, random_state=SEED
    )
    train, test = (X_train, y_train), (X_test, y_test)
    say(
        f"{count(len(texts), 'docstring')} of Python and of installed libraries, "
        f"{count(len(labels), 'task')}:\n{fill(', '.join(labels))}.\n"
        f"Fitting on {len(X_train):,} texts, scoring on the other {len(X_test):,}.\n"
    )
    scores, seconds = {}, {}
    classifier, scores["shared"], seconds["shared"] = fit_network(train, test)
    _, scores["single"], seconds["single"] = fit_network(
        train, test, sharing="separate"
    )
    say("Fitting TF-IDF and LinearSVC, one model for each task.\n")
    scores["linear"], seconds["linear"] = fit_linear(train, test)

    say(f"Scores on {count(len(X_test), 'text')} not seen in training\n")
    say(f"{side_by_side(scores, list(labels))}\n")
    say(f"{legend(seconds)}\n")
    say(examples(classifier, *test))


def fit_network(train, test, **parameters):
    """Fit and score the estimator; give it, its scores, the seconds of both."""
    written = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
    say(f"Fitting MultiTaskTextClassifier({written}).")
    classifier, fit_seconds = _model.fit(
        *train, random_state=SEED, verbose=int(is_terminal()), **parameters
    )
    say()
    scores, seconds = _model.score(classifier, *test)
    return classifier, scores, fit_seconds + seconds


def fit_linear(train, test):
    """Score the usual baseline: each task on its own, on its labelled rows.

    The vectorizer is fitted once for all tasks, which is kinder to the clock than a
    pipeline for each of them.
    """
    start = perf_counter()
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), dtype=np.float32)
    X_train, X_test = vectorizer.fit_transform(train[0]), vectorizer.transform(test[0])
    models = PerTask(LinearSVC(random_state=SEED)).fit(X_train, train[1])
    predicted = models.predict(X_test)
    seconds = perf_counter() - start
    return multitask_scores(test[1], predicted), seconds


def legend(seconds):
    """Say what each system is and how long it took."""
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
    """Write a few predictions with their probabilities."""
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
