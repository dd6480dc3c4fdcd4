"""Time one fit of the estimator's defaults, on made-up texts or on a set."""

from math import ceil
from time import perf_counter

import numpy as np
from _data import load_set
from _measure import peak_mib
from _network import Timed

from sklearn_mtl import MultiTaskTextClassifier

WORDS = 50_000
LENGTH = 20  # words of a text, in the mean
N_TOPICS = 1000
TOPICAL = 0.25  # share of words that belong to the topic of their text
NOISE = 0.1  # share of labels that mean nothing
TEST_ROWS = 10_000
BLOCK = 20_000  # texts


def make_texts(n_rows, n_tasks, n_classes, seed=0):
    """Return texts and labels (n_rows, n_tasks), of a million rows in some seconds.

    Words follow Zipf's law. Each text has a topic, to which a part of the vocabulary
    belongs and some words of the text; each topic has a class of each task.
    ``make_multitask_texts`` has more to say about how tasks are related, and takes
    minutes where this takes seconds.
    """
    generator = np.random.default_rng(seed)
    n_topics = max(N_TOPICS, n_classes)
    classes = generator.integers(n_classes, size=(n_topics, n_tasks))
    topics = generator.integers(n_topics, size=n_rows)
    labels = classes[topics]
    noisy = generator.random(labels.shape) < NOISE
    labels[noisy] = generator.integers(n_classes, size=noisy.sum())
    width = WORDS // n_topics
    first = topics * width
    texts = []
    # A few at a time, so that the peak of memory is that of the fit.
    for start in range(0, n_rows, BLOCK):
        texts += _some_texts(first[start : start + BLOCK], width, generator)
    return texts, labels


def _some_texts(first, width, generator):
    lengths = np.maximum(generator.poisson(LENGTH, size=len(first)), 1)
    popularity = np.cumsum(1 / (np.arange(WORDS) + 10))
    drawn = generator.random(lengths.sum()) * popularity[-1]
    words = np.searchsorted(popularity, drawn)
    topical = generator.random(len(words)) < TOPICAL
    words[topical] = words[topical] % width + np.repeat(first, lengths)[topical]
    vocabulary = np.array([f"word{word:05}" for word in range(WORDS)], object)
    parts, ends = vocabulary[words].tolist(), np.cumsum(lengths).tolist()
    return [
        " ".join(parts[start:end])
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]


def measure_made_up(rows, tasks, classes):
    """Time a fit on made-up texts; meant for a process of its own."""
    texts, labels = make_texts(rows + TEST_ROWS, tasks, classes)
    test_texts, test_labels = texts[rows:], labels[rows:]
    del texts[rows:]
    return time_fit(texts, labels[:rows], test_texts, test_labels)


def measure_set(folder, name, n_tasks):
    """Time a fit on the first tasks of a set, all for None, on the same rows."""
    texts, labels = load_set(folder, name, ["train"]).splits["train"]
    return time_fit(texts, dict(list(labels.items())[:n_tasks]))


def time_fit(texts, labels, test_texts=None, test_labels=None):
    start_mib = peak_mib()
    vectorising = Timed()
    classifier = MultiTaskTextClassifier(random_state=0, memory=vectorising)
    start = perf_counter()
    classifier.fit(texts, labels)
    total = perf_counter() - start
    steps = classifier.n_iter_ * ceil(len(texts) / classifier.batch_size_)
    measured = {
        "rows": len(texts),
        "tasks": classifier.n_outputs_,
        "features": len(classifier.vectorizer_.get_feature_names_out()),
        "sharing": type(classifier.sharing_).__name__,
        "vectorise_seconds": vectorising.seconds,
        "train_seconds": total - vectorising.seconds,
        "fit_seconds": total,
        "steps": steps,
        "step_milliseconds": 1000 * (total - vectorising.seconds) / steps,
        "start_mib": start_mib,
        "fit_peak_mib": peak_mib(),
        "fit_mib": peak_mib() - start_mib,
    }
    if test_texts:
        start = perf_counter()
        predicted = classifier.predict(test_texts).reshape(test_labels.shape)
        measured["predict_seconds"] = perf_counter() - start
        measured["predict_texts"] = len(test_texts)
        measured["accuracy"] = float((predicted == test_labels).mean())
    return measured
