"""The main job: several label columns of real text, beside single-task models."""

from time import perf_counter

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from ..datasets import load_docstrings
from ..metrics import multitask_scores
from . import _model
from ._labels import take
from ._report import count, shorten, side_by_side, text_table

SEED = 0
TEST_SHARE = 0.25
N_EXAMPLES = 3


def run():
    """Fit on docstrings, print scores beside single-task models, some predictions."""
    data = load_docstrings()
    texts, labels = list(data.data), {task: list(y) for task, y in data.target.items()}
    train_rows, test_rows = split(len(texts))
    train = [texts[row] for row in train_rows], take(labels, train_rows)
    test = [texts[row] for row in test_rows], take(labels, test_rows)
    print(
        f"{count(len(texts), 'docstring')} of Python and of installed libraries, "
        f"{count(len(labels), 'task')}:\n{', '.join(labels)}.\n"
        f"Fitting on {len(train_rows):,} texts, scoring on the other "
        f"{len(test_rows):,}.\n",
        flush=True,
    )
    scores, seconds = {}, {}
    classifier, scores["shared"], seconds["shared"] = fit_network(train, test)
    _, scores["single"], seconds["single"] = fit_network(
        train, test, sharing="separate"
    )
    print("Fitting TF-IDF and LinearSVC, one model for each task.\n", flush=True)
    scores["linear"], seconds["linear"] = fit_linear(train, test)

    print(f"Scores on {count(len(test_rows), 'text')} not seen in training\n")
    print(side_by_side(scores, list(labels)), end="\n\n")
    print(legend(seconds), end="\n\n")
    print(examples(classifier, *test))


def split(n_texts):
    """Choose rows to train on and rows to score on, the same in every run."""
    rows = np.random.RandomState(SEED).permutation(n_texts)
    n_test = round(TEST_SHARE * n_texts)
    return rows[n_test:].tolist(), rows[:n_test].tolist()


def fit_network(train, test, **parameters):
    """Fit and score the estimator; give it, its scores, the seconds of both."""
    written = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
    print(f"Fitting MultiTaskTextClassifier({written}).", flush=True)
    classifier, fit_seconds = _model.fit(
        *train, random_state=SEED, verbose=1, **parameters
    )
    print(flush=True)
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
    predicted = {}
    for task, cells in train[1].items():
        rows = [row for row, cell in enumerate(cells) if cell is not None]
        classifier = LinearSVC(random_state=SEED)
        classifier.fit(X_train[rows], [cells[row] for row in rows])
        predicted[task] = classifier.predict(X_test)
    seconds = perf_counter() - start
    return multitask_scores(test[1], predicted), seconds


def legend(seconds):
    """Say what each system is and how long it took."""
    systems = {
        "shared": "MultiTaskTextClassifier(), one network for all tasks",
        "single": 'MultiTaskTextClassifier(sharing="separate"), one for each task',
        "linear": "TF-IDF and LinearSVC, one model for each task",
    }
    rows = [[name, words, f"{seconds[name]:.1f} s"] for name, words in systems.items()]
    return (
        f"{text_table(['system', '', 'fit and predict'], rows, left=2)}\n\n"
        "Recall and F1 are means over classes; support is the number of labelled texts."
    )


def examples(classifier, texts, labels):
    """Write a few predictions with their probabilities."""
    few = texts[:N_EXAMPLES]
    predicted, probability = _model.predict(classifier, few)
    parts = ["Some predictions of the shared network"]
    for row, text in enumerate(few):
        rows = []
        for task, cells in labels.items():
            truth = "(no label)" if cells[row] is None else str(cells[row])
            sure = f"{probability[task][row]:.2f}"
            rows.append([task, truth, str(predicted[task][row]), sure])
        table = text_table(["task", "true", "predicted", "probability"], rows, left=3)
        parts.append(f"{shorten(text, 80)}\n\n{table}")
    return "\n\n".join(parts)
