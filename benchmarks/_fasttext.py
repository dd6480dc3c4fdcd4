"""fastText, a classifier for each task.

The settings are those of its tutorial on text classification: 25 epochs, pairs of
words, 200,000 buckets, 50 dimensions, and a rate of 1.0, which was best on dev splits
too. It reads files;
writing them is part of the fit. Label names are numbers, because a label must not hold
a space.
"""

import random
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import fasttext
from _lines import as_line, labelled, n_threads, write_lines

SETTINGS = {"epoch": 25, "lr": 1.0, "wordNgrams": 2, "bucket": 200_000, "dim": 50}
PREFIX = "__label__"


class FastText:
    def __init__(self, seed):
        self.seed = seed

    def fit(self, texts, labels):
        start = perf_counter()
        lines = [as_line(text) for text in texts]
        self.vectorise_seconds = perf_counter() - start
        with TemporaryDirectory() as folder:
            path = Path(folder) / "train.txt"
            self.models = {
                task: self._fit_one(labelled(lines, cells), path)
                for task, cells in labels.items()
            }

    def predict(self, texts):
        lines = [as_line(text) for text in texts]
        predicted = {}
        for task, (classes, model) in self.models.items():
            marks, _ = model.predict(lines)
            predicted[task] = [classes[int(m[0][len(PREFIX) :])] for m in marks]
        return predicted

    def _fit_one(self, pairs, path):
        classes = sorted({label for _, label in pairs})
        codes = {label: code for code, label in enumerate(classes)}
        # It learns from one line at a time, so their order must not mean anything.
        random.Random(self.seed).shuffle(pairs)
        write_lines(path, (f"{PREFIX}{codes[label]} {line}" for line, label in pairs))
        model = fasttext.train_supervised(
            str(path), thread=n_threads(), seed=self.seed, verbose=0, **SETTINGS
        )
        return classes, model


def fast_text(seed):
    return FastText(seed)
