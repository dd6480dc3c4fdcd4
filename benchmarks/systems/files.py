"""fastText and Vowpal Wabbit, which read files: a classifier for each task.

Writing the files is part of the fit. The settings of fastText are those of its tutorial
on text classification: 25 epochs, word pairs, 200,000 buckets, 50 dimensions, and a
learning rate of 1.0, which was also best on dev splits. Vowpal Wabbit uses words and
word pairs with logistic loss, one against all, or a single logistic regression for two
classes; its learning rate, passes and bits were chosen on dev splits.

Each library is imported where it is used: an interpreter may have only one of them.
"""

import os
import random
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

_PUNCTUATION = re.compile(r"([.!?,'/()])")
FAST_TEXT = {"epoch": 25, "lr": 1.0, "wordNgrams": 2, "bucket": 200_000, "dim": 50}
PREFIX = "__label__"  # of a number, because a label must not hold a space
VOWPAL_WABBIT = ["--ngram", "2", "-b", "24", "--passes", "10", "-l", "0.5"]
LEARN = ["-c", "-k", "--holdout_off", "--loss_function", "logistic"]
# A colon gives a feature its value and a bar begins a namespace.
RESERVED = str.maketrans(":|", "  ")


def as_line(text):
    """Return a text in lower case on one line, with punctuation separated.

    fastText's tutorial does this with sed and tr before training.
    """
    return " ".join(_PUNCTUATION.sub(r" \1 ", text.lower()).split())


def labelled(lines, cells):
    """Return the pairs of line and label that have a label."""
    pairs = zip(lines, cells, strict=True)
    return [(line, cell) for line, cell in pairs if cell is not None]


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def n_threads():
    """Return the threads for libraries that do not read OMP_NUM_THREADS."""
    return int(os.environ["OMP_NUM_THREADS"])


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
        # It learns from one line at a time, so their order must be random.
        random.Random(self.seed).shuffle(pairs)
        write_lines(path, (f"{PREFIX}{codes[label]} {line}" for line, label in pairs))
        import fasttext

        model = fasttext.train_supervised(
            str(path), thread=n_threads(), seed=self.seed, verbose=0, **FAST_TEXT
        )
        return classes, model


class VowpalWabbit:
    """Models are files, as written by its command-line program."""

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
        # It learns from one example at a time, so their order must be random.
        random.Random(self.seed).shuffle(pairs)
        path = self.folder / "train.txt"
        write_lines(path, (f"{codes[label]} {line}" for line, label in pairs))
        model = self.folder / f"{number}.model"
        run("-d", path, "-f", model, *kind, *LEARN, *VOWPAL_WABBIT)
        return classes


def as_examples(texts):
    return ["| " + as_line(text.translate(RESERVED)) for text in texts]


def run(*arguments):
    from vowpalwabbit import Workspace

    Workspace(arg_list=["--quiet", *map(str, arguments)]).finish()


def make(system, seed):
    if system == "fasttext":
        import fasttext  # noqa: F401 (the run says "not installed" at once)

        return FastText(seed)
    import vowpalwabbit  # noqa: F401

    return VowpalWabbit(seed)
