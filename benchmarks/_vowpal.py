"""Vowpal Wabbit, a classifier for each task, over words and pairs of words.

One against all with logistic loss; for two classes a single logistic regression. Rate,
passes and bits were chosen on dev splits. It reads files; writing them is part of the
fit.
"""

import random
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from _lines import as_line, labelled, write_lines
from vowpalwabbit import Workspace

SETTINGS = ["--ngram", "2", "-b", "24", "--passes", "10", "-l", "0.5"]
LEARN = ["-c", "-k", "--holdout_off", "--loss_function", "logistic"]
# A colon gives a feature its value and a bar begins a namespace.
RESERVED = str.maketrans(":|", "  ")


class VowpalWabbit:
    """Models are files, as its own command would leave them."""

    def __init__(self, seed):
        self.seed = seed

    def fit(self, texts, labels):
        start = perf_counter()
        lines = as_examples(texts)
        self.vectorise_seconds = perf_counter() - start
        self.kept = TemporaryDirectory()
        self.folder = Path(self.kept.name)
        self.classes = {
            task: self._fit_one(labelled(lines, cells), number)
            for number, (task, cells) in enumerate(labels.items())
        }

    def predict(self, texts):
        path, answers = self.folder / "test.txt", self.folder / "answers.txt"
        write_lines(path, as_examples(texts))
        predicted = {}
        for number, (task, classes) in enumerate(self.classes.items()):
            run("-t", "-i", self.folder / f"{number}.model", "-d", path, "-p", answers)
            codes = map(float, answers.read_text(encoding="utf-8").split())
            binary = len(classes) == 2
            predicted[task] = [
                classes[int(code > 0) if binary else int(code) - 1] for code in codes
            ]
        return predicted

    def _fit_one(self, pairs, number):
        classes = sorted({label for _, label in pairs})
        codes = {label: code for code, label in enumerate(classes, start=1)}
        kind = ["--oaa", str(len(classes))]
        if len(classes) == 2:
            kind, codes = ["--binary"], dict(zip(classes, (-1, 1), strict=True))
        # It learns from one example at a time, so their order must not mean anything.
        random.Random(self.seed).shuffle(pairs)
        path = self.folder / "train.txt"
        write_lines(path, (f"{codes[label]} {line}" for line, label in pairs))
        model = self.folder / f"{number}.model"
        run("-d", path, "-f", model, *kind, *LEARN, *SETTINGS)
        return classes


def as_examples(texts):
    return ["| " + as_line(text.translate(RESERVED)) for text in texts]


def run(*arguments):
    Workspace(arg_list=["--quiet", *map(str, arguments)]).finish()


def vowpal_wabbit(seed):
    return VowpalWabbit(seed)
