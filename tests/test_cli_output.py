"""The exact words of the command line: help, runs over small tables, errors.

A network that answers by rule stands in for the estimator, and each look at the clock
is 0.75 seconds after the one before. ``python tests/test_cli_output.py`` writes
tests/golden/cli.json anew; read its diff before you commit it.
"""

import contextlib
import io
import itertools
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import test_main  # as a whole: pytest would collect a class of tests again
from sklearn.utils import Bunch
from test_main import FIT, make_table

import sklearn_mtl
from sklearn_mtl._cli import _demo, _fit, _model, main
from sklearn_mtl._cli._tables import write_table

GOLDEN = Path(__file__).parent / "golden" / "cli.json"


class RuleNetwork:
    """Answers by the number of the row alone; remembers what it was fitted to."""

    fitted = []

    def __init__(self, **parameters):
        self.parameters = parameters

    def fit(self, texts, labels):
        RuleNetwork.fitted.append([repr(self.parameters), len(texts), list(labels)])
        self.task_names_ = list(labels)
        self.classes_, self.several_ = [], []
        for column in labels.values():
            cells = [cell for cell in column if cell is not None]
            self.several_.append(isinstance(cells[0], list))
            known = itertools.chain(*cells) if self.several_[-1] else cells
            self.classes_.append(np.unique(np.array(list(known))))
        if any("warn me" in text for text in texts):
            warnings.warn("two lines\n  of a warning", stacklevel=2)
        return self

    def predict_proba(self, texts):
        """Of n classes one has the share n out of 1 + ... + n: another in each row."""
        shares = [
            np.arange(1, len(c) + 1) / sum(range(len(c) + 1)) for c in self.classes_
        ]
        return [np.array([np.roll(s, r) for r in range(len(texts))]) for s in shares]

    def predict(self, texts, output):
        assert output == "dict"
        answers = {}
        for task, classes, several, shares in zip(
            self.task_names_,
            self.classes_,
            self.several_,
            self.predict_proba(texts),
            strict=True,
        ):
            answers[task] = classes[shares.argmax(axis=1)]
            if several:
                answers[task] = np.empty(len(texts), dtype=object)
                for row, share in enumerate(shares):
                    answers[task][row] = classes[share > 0.3].tolist() if row else []
        return answers

    def save(self, path, password):
        assert password is None
        Path(path).write_text(repr(self.table_columns_), encoding="utf-8")


REAL_LOAD = sklearn_mtl.load


def load(path, **options):
    """Load a network by rule in the place of rule.mtl."""
    if path != "rule.mtl":
        return REAL_LOAD(path, **options)
    labels = {"topic": ["delivery", "payment", None], "tags": [["a", "b"], [], ["a"]]}
    network = RuleNetwork().fit(["a", "b", "c"], labels)
    network.task_types_ = {"topic": "multiclass", "tags": "multilabel"}
    network.table_columns_ = {"text": ["body"], "separators": {"tags": ";"}}
    RuleNetwork.fitted = [repr(options)]
    return network


class Clock:
    """Each reading is 0.75 seconds after the one before."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        self.now += 0.75
        return self.now


def docstrings():
    """Return what stands in for the texts of the main job."""
    table = make_table(80)
    for row in range(0, 80, 3):
        table["body"][row] += " a" * 60  # longer than a line
    order = ["good not bad", "bad not good"] * 40  # told by pairs of words alone
    texts = [f"{a} {b}" for a, b in zip(table["body"], order, strict=True)]
    names = {"topic": table["topic"], "a tone with a name that is long": table["tone"]}
    names["order"] = ["up", "down and down and down"] * 40
    target = {
        task: np.array([cell or None for cell in cells], dtype=object)
        for task, cells in names.items()
    }
    return Bunch(data=texts, target=target)


def make_files():
    """Write the tables of all commands below, and those of the errors."""
    write_table("data.csv", make_table())
    write_table("held.csv", make_table(20, seed=1))
    write_table("new.csv", {"body": ["", "b", "c"], "note": ['say "x"', "", "a,b"]})
    test_main.TestErrors.make_files()
    write_table("twelve.csv", {f"c{k}": ["a"] for k in range(12)})
    write_table("new2.csv", {"title": ["a", ""], "body": ["b", "c"]})
    table = make_table(40, seed=3)
    table["title"] = ["", "hi"] * 20
    table["tags"] = ["late|angry", "late", "angry|loud", "|"] * 10
    table["levels"] = ["1", "3.0", "2", "3"] * 10
    table["words"] = ["low", "high", "middle", "n/a"] * 10
    table["joined"] = ["a, b", "b", "a", "a, b, c"] * 10
    table["a task whose name is long"] = ["the one answer that is long", "b"] * 20
    write_table("many.csv", table)
    write_table("many.tsv", table)
    lists = {"body": table["body"], "sets": [["a"], ["a", "b"], [], None] * 10}
    lists["n"] = [1, 2, 3, 4] * 10
    lists["yes"] = [True, False, None, True] * 10
    write_table("lists.jsonl", lists)
    write_table("lists_new.jsonl", {"body": ["a", "b"], "sets": [["b", "a"], []]})
    large = make_table(1300, seed=4)
    write_table("large.csv", {name: large[name] for name in ("body", "topic")})
    Path("inch.tsv").write_text(
        "body\ty\n" + "".join(f'{k}" screen\t{"ab"[k % 2]}\n' for k in range(20))
    )
    Path("twice.csv").write_text(
        "body,x,x,y\n" + "".join(f"t{k},1,2,{'ab'[k % 2]}\n" for k in range(20))
    )
    Path("short.csv").write_text(
        "body,y,z\n" + "".join(f"t{k},{'ab'[k % 2]}\n" for k in range(20)) + "a,b,c\n"
    )
    Path("one_short.csv").write_text("body,y,z\na,x,1\nb,y\nc,x,1\nd,y,1\n" * 1)
    Path("latin.csv").write_bytes(
        ("body,y\n" + "é,ü\nb,v\n" * 10).encode("latin-1"),
    )
    test = make_table(20, seed=1)
    test["topic"] = [f"new {k}" for k in range(6)] + ["delivery"] * 14
    test["tone"] = [""] * 19 + ["angry"]
    write_table("a_test_table_with_a_name_of_more_than_fifty_letters.csv", test)
    write_table("warn.csv", {"body": ["warn me", *"abcdefghi"], "y": ["NA", "b"] * 5})
    both = {"body": list("abcdefgh"), "y": [["a"], "b"] * 4, "a=b": [1, 2] * 4}
    write_table("both.jsonl", both)
    write_table("yes.jsonl", {"body": list("abcd"), "n": [True, 1, 2, 3]})
    write_table("all.jsonl", {"body": list("abcdefgh"), "s": [["a"], ["a", "b"]] * 4})


MANY = ["fit", "many.csv", "--text", "title", "body", "--tasks"]
LISTS = ["fit", "lists.jsonl", "--text", "body", "--tasks"]
TO_CSV = ["--predict", "new.csv", "--to", "out.csv"]
TITLED = ["--predict", "new2.csv", "--to", "out.csv"]
TO_JSON = ["--predict", "lists_new.jsonl", "--to", "out.jsonl"]
ONLY = ["--held-out", "0"]
NEW = ["new.csv", "--to", "out.csv"]
LONG_TEST = "a_test_table_with_a_name_of_more_than_fifty_letters.csv"

# Arguments by name; "terminal" before them is a run that somebody watches.
COMMANDS = {
    "help": ["--help"],
    "help of fit": ["fit", "--help"],
    "help of predict": ["predict", "--help"],
    "help of report": ["report", "--help"],
    "main job": [],
    "main job on a terminal": ["terminal"],
    "held-out rows": FIT,
    "held-out rows on a terminal": ["terminal", *FIT],
    "quiet on a terminal": ["terminal", *FIT, "--quiet"],
    "half held out": [*FIT, "--held-out", "0.5", "--seed", "3"],
    "half held out and predictions": [*FIT, "--held-out", "0.5", *TO_CSV],
    "test": [*FIT, "--test", "held.csv", "--max-iter", "7", "--sharing", "hard"],
    "test and predictions": [*FIT, "--test", "held.csv", *TO_CSV],
    "predictions alone": [*FIT, *ONLY, *TO_CSV],
    "test of a long name": [*FIT, "--test", LONG_TEST],
    "thousands": ["fit", "large.csv", "--text", "body", "--tasks", "topic"],
    "tags": [*MANY, "topic", "--tags", "tags", *ONLY, *TITLED],
    "tags joined by another": [
        *[*MANY, "topic", "--tags", "tags", "--separator", "/"],
    ],
    "numbers of one meaning": [*MANY, "levels"],
    "order of numbers": [*MANY, "topic", "--ordinal", "levels", *ONLY, *TITLED],
    "order of words": [*MANY, "topic", "--ordinal", "words=low,middle,high,n/a"],
    "order lacks a word": [*MANY, "topic", "--ordinal", "words=low,middle,high"],
    "order of words not known": [*MANY, "topic", "--ordinal", "words"],
    "missing": [*MANY, "words", "--missing", "n/a", "N/A", "Low"],
    "words that may be missing": [*MANY, "words"],
    "joined labels": [*MANY, "joined"],
    "long names": [*MANY, "a task whose name is long", "topic"],
    "lists": [*LISTS, "sets", "n", "yes", *ONLY, *TO_JSON],
    "lists to text": [*LISTS, "sets", *ONLY, "--predict", "lists_new.jsonl"]
    + ["--to", "out.tsv"],
    "lists with scores": [*LISTS, "sets", "yes", "--test", "lists.jsonl"],
    "a label that all texts have": ["fit", "all.jsonl", "--text", "body"]
    + ["--tasks", "s", "--test", "all.jsonl"],
    "order of lists": [*LISTS, "n", "--ordinal", "sets"],
    "marks as characters": ["fit", "inch.tsv", "--text", "body", "--tasks", "y"]
    + [*ONLY, "--predict", "inch.tsv", "--to", "out.tsv"],
    "marks from one format to another": ["fit", "inch.tsv", "--text", "body"]
    + ["--tasks", "y", *ONLY, "--predict", "inch.tsv", "--to", "out.csv"],
    "columns of one name": ["fit", "twice.csv", "--text", "body", "--tasks", "y"]
    + [*ONLY, "--predict", "twice.csv", "--to", "out.csv"],
    "a column of two in use": ["fit", "twice.csv", "--text", "body", "--tasks", "x"],
    "short rows": ["fit", "short.csv", "--text", "body", "--tasks", "y"],
    "short rows in use": ["fit", "short.csv", "--text", "body", "--tasks", "z"],
    "one short row": ["fit", "one_short.csv", "--text", "body", "--tasks", "y"],
    "encoding": ["fit", "latin.csv", "--text", "body", "--tasks", "y", *ONLY]
    + ["--predict", "latin.csv", "--to", "out.csv", "--encoding", "latin-1"],
    "encoding not said": ["fit", "latin.csv", "--text", "body", "--tasks", "y"],
    "warnings": ["fit", "warn.csv", "--text", "body", "--tasks", "y"],
    "labels of held-out rows": [*FIT, "id"],
    "order of two": [*FIT, "--ordinal", "tone=angry,happy", *ONLY, *TO_CSV],
    "lists and labels": ["fit", "both.jsonl", "--text", "body", "--tasks", "y"],
    "truth among numbers": [*LISTS, "n", "--test", "yes.jsonl"],
    "a name with a sign": ["fit", "both.jsonl", "--text", "body", "--ordinal"]
    + ["a=b", *ONLY, *TO_CSV],
    "order with spaces": [*FIT, "--ordinal", "tone= happy , angry", *ONLY, *TO_CSV],
    "order names a label twice": [*FIT, "--ordinal", "tone=a,b,a"],
    "order of nothing": [*FIT, "--ordinal", "tone="],
    "orders of one column": [*FIT, "--ordinal", "tone=a,b", "tone=c,d"],
    "reserved name with a test": ["fit", "mean.csv", "--text", "body", "--tasks"]
    + ["mean", "--test", "mean.csv"],
    "reserved name without scores": ["fit", "mean.csv", "--text", "body", "--tasks"]
    + ["mean", *ONLY, *TO_CSV],
    "text among the tags": [*FIT, "--tags", "body"],
    "tags among the tasks": [*MANY, "tags", "topic", "--tags", "tags"],
    # What is wrong with the command is told before a table is read.
    "data first": ["fit", "no.xls", "--test", "no.xlsx"],
    "test of no format": ["fit", "no.csv", "--test", "no.xls"],
    "new table of no format": ["fit", "no.csv", "--predict", "a.xls", "--to", "b.csv"],
    "no format to write": ["fit", "no.csv", "--predict", "a.csv", "--to", "b.xls"],
    "no folder to write to": [
        "fit",
        "no.csv",
        "--predict",
        "a.csv",
        "--to",
        "no/b.csv",
    ],
    "over what is learnt from": [*FIT, "--predict", "new.csv", "--to", "data.csv"],
    "over what is scored on": [*FIT, "--test", "held.csv", "--predict", "new.csv"]
    + ["--to", "held.csv"],
    "saved": [*FIT, "--save", "a.mtl"],
    "saved alone": [*FIT, *ONLY, "--save", "a.mtl"],
    "saved after a test": [*FIT, "--test", "held.csv", "--save", "a.mtl"],
    "saved and predictions": [*FIT, *TO_CSV, "--save", "a.mtl"],
    "saved with tags": [*MANY, "topic", "--tags", "tags", *ONLY, "--save", "a.mtl"],
    "saved over the data": [*FIT, "--save", "data.csv"],
    "saved over the predictions": [*FIT, *TO_CSV, "--save", "out.csv"],
    "saved in no folder": [*FIT, "--save", "no/a.mtl"],
    "page without scores": [*FIT, *ONLY, "--save", "a.mtl", "--html", "a.html"],
    "page over the data": [*FIT, "--html", "data.csv"],
    "page over the network": [*FIT, "--save", "a.html", "--html", "a.html"],
    "embedding": [*FIT, "--embedding", "lsa"],
    "a password for nothing": [*FIT, "--password-env", "SECRET"],
    "a password that is not there": [*FIT, "--save", "a", "--password-env", "NO_SUCH"],
    "predict": ["predict", "rule.mtl", *NEW],
    "predict by torch": ["predict", "rule.mtl", *NEW, "--runtime", "torch"],
    "predict by another text": ["predict", "rule.mtl", *NEW, "--text", "note"],
    "predict with another separator": ["predict", "rule.mtl", *NEW]
    + ["--separator", "/"],
    "predict to lists": ["predict", "rule.mtl", "new2.csv", "--to", "out.jsonl"],
    "predict over the table": ["predict", "rule.mtl", "new.csv", "--to", "new.csv"],
    "predict without the column": ["predict", "rule.mtl", "twelve.csv", *NEW[1:]],
    "predict by no model": ["predict", "no.mtl", *NEW],
    "predict by a table": ["predict", "data.csv", *NEW],
    "report by no model": ["report", "no.mtl", "held.csv"],
    "report nothing": ["report", "rule.mtl"],
    "predict nothing": ["predict", "rule.mtl"],
    "predict after the columns": ["predict", *NEW[1:], "--text", "body", "rule.mtl"]
    + ["new.csv"],
    **{
        f"error: {name}": arguments
        for name, (arguments, _) in {
            **test_main.TestErrors.USAGE,
            **test_main.TestErrors.DATA,
        }.items()
        # These have the words of argparse, of the system and of pyarrow.
        if name not in ("unknown command", "sharing", "name too long")
        and name not in ("what Parquet cannot hold", "output over input")
    },
}


def run(arguments):
    """Run a command in the current folder and return all that comes out of it."""
    old = set(os.listdir())
    RuleNetwork.fitted = []
    out, err = io.StringIO(), io.StringIO()
    watched = arguments[:1] == ["terminal"]
    clock = Clock()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        replaced = [
            (_demo, "load_docstrings", docstrings),
            *[(module, "perf_counter", clock) for module in (_demo, _model)],
            *[(module, "is_terminal", lambda: watched) for module in (_demo, _fit)],
        ]
        for target, name, value in replaced:
            stack.enter_context(mock.patch.object(target, name, value))
        # Not by its name, which would import torch.
        network = {"MultiTaskTextClassifier": RuleNetwork, "load": load}
        stack.enter_context(mock.patch.dict(vars(sklearn_mtl), network))
        stack.enter_context(mock.patch.dict(os.environ))
        os.environ.pop("SKLEARN_MTL_PASSWORD", None)
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("default")
        try:
            status = main(arguments[watched:])
        except SystemExit as end:
            status = end.code
    found = {"arguments": " ".join(arguments), "status": status}
    found["out"] = out.getvalue().splitlines()
    found["err"] = err.getvalue().splitlines()
    found["fitted"] = [repr(fitted) for fitted in RuleNetwork.fitted]
    for name in sorted(set(os.listdir()) - old):
        found[name] = repr(Path(name).read_bytes())
        os.remove(name)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    with contextlib.chdir(folder):
        make_files()
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_output(folder, monkeypatch, name):
    monkeypatch.chdir(folder)
    wanted = json.loads(GOLDEN.read_text(encoding="utf-8"))[name]
    assert run(COMMANDS[name]) == wanted


def test_no_output_is_left_over():
    assert list(json.loads(GOLDEN.read_text(encoding="utf-8"))) == list(COMMANDS)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        make_files()
        outputs = {name: run(arguments) for name, arguments in COMMANDS.items()}
    text = json.dumps(outputs, indent=1, ensure_ascii=False)
    GOLDEN.write_text(text + "\n", encoding="utf-8")
    sys.exit()
