"""The command line: what it prints, what it writes, how it ends."""

import json
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.utils import Bunch

import sklearn_mtl
from sklearn_mtl._cli import _demo, _fit, main
from sklearn_mtl._cli._tables import Dialect, read_table, write_table

WORDS = {"delivery": "parcel courier late", "payment": "invoice card refund"}
TONES = {"angry": "terrible awful", "happy": "thanks great"}


def make_table(n_rows=60, seed=0):
    """Make a table in which words tell the labels, with some cells empty."""
    rng = np.random.RandomState(seed)
    columns = {"id": [], "body": [], "topic": [], "tone": []}
    for row in range(n_rows):
        topic, tone = rng.choice(list(WORDS)), rng.choice(list(TONES))
        words = rng.choice(f"{WORDS[topic]} {TONES[tone]}".split(), 6)
        columns["id"].append(str(row))
        columns["body"].append(" ".join([*words, topic[:3], tone[:3]]))
        columns["topic"].append(topic if rng.rand() < 0.8 else "")
        columns["tone"].append(tone if rng.rand() < 0.8 else "")
    return columns


class MostFrequent:
    """Stands in for the estimator where its quality does not matter.

    ``fitted`` lists the parameters and the labels of each one fitted.
    """

    fitted = ()

    def __init__(self, **parameters):
        self.parameters = parameters

    def fit(self, texts, labels):
        assert all(isinstance(text, str) for text in texts)
        MostFrequent.fitted += ((self.parameters, texts, labels),)
        self.task_names_ = list(labels)
        cells = [
            [cell for cell in column if cell is not None] for column in labels.values()
        ]
        counted = [np.unique(np.array(column), return_counts=True) for column in cells]
        self.classes_ = [classes for classes, _ in counted]
        self.shares_ = [counts / counts.sum() for _, counts in counted]
        return self

    def predict_proba(self, texts):
        return [np.tile(shares, (len(texts), 1)) for shares in self.shares_]

    def predict(self, texts, output):
        assert output == "dict"
        return {
            task: np.repeat(classes[shares.argmax()], len(texts))
            for task, classes, shares in zip(
                self.task_names_, self.classes_, self.shares_, strict=True
            )
        }


@pytest.fixture
def stub(monkeypatch):
    monkeypatch.setattr(
        sklearn_mtl, "MultiTaskTextClassifier", MostFrequent, raising=False
    )
    monkeypatch.setattr(MostFrequent, "fitted", ())
    return MostFrequent


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in a folder with a table to learn from, one to score on, one to predict."""
    monkeypatch.chdir(tmp_path)
    write_table("data.csv", make_table())
    write_table("held.csv", make_table(20, seed=1))
    new = make_table(5, seed=2)
    write_table("new.csv", {"body": ["", *new["body"]], "note": ["x"] * 6})
    return tmp_path


FIT = ["fit", "data.csv", "--text", "body", "--tasks", "topic", "tone"]


class TestErrors:
    """Each is one line on standard error, and nothing is trained."""

    USAGE = {
        "unknown command": (["data.csv"], "invalid choice: 'data.csv'"),
        "no table": (["fit"], "required: DATA.* See python -m sklearn_mtl fit --help"),
        "table after columns": (
            ["fit", "--text", "body", "data.csv", "--tasks", "tone"],
            "required: DATA, before all options",
        ),
        "unknown option": ([*FIT, "--frob"], "unrecognized arguments: --frob"),
        "short for an option": ([*FIT, "--pre", "x.csv"], "unrecognized arguments"),
        "no text": (FIT[:2], r"--text COLUMN to name.*'id', 'body', 'topic', 'tone'"),
        "no tasks": (FIT[:4], r"--tasks COLUMN \.\.\. to name.*'id', 'body', 'topic'"),
        "a task twice": ([*FIT, "topic"], "--tasks names a column twice"),
        "text as task": (
            [*FIT, "body"],
            "'body' cannot be both a text column and a task",
        ),
        "nowhere to write": ([*FIT, "--predict", "new.csv"], "Use both or neither"),
        "nothing to write": ([*FIT, "--to", "out.csv"], "Use both or neither"),
        "scores twice": (
            [*FIT, "--test", "a.csv", "--held-out", "0.1"],
            "Use only one",
        ),
        "nothing to do": ([*FIT, "--held-out", "0"], "produces no result"),
        "data of no format": (
            ["fit", "data.xls"],
            r"format of data\.xls is unknown.*\.csv",
        ),
        "output of no format": (
            [*FIT, "--predict", "new.csv", "--to", "out"],
            r"The format of out is unknown.*ends in one of \.csv",
        ),
        "output over input": (
            [*FIT, "--predict", "new.csv", "--to", "../{folder}/new.csv"],
            "would overwrite an input file",
        ),
        "share": ([*FIT, "--held-out", "1"], "--held-out: must be from 0 to below 1"),
        "no number": ([*FIT, "--max-iter", "x"], "--max-iter: must be a whole number"),
        "too many passes": (
            [*FIT, "--max-iter", "1000000"],
            "--max-iter: must be a whole number from 1 to 10,000, the passes over all",
        ),
        "encoding": ([*FIT, "--encoding", "latin-99"], "--encoding: must be an encod"),
        "no text encoding": ([*FIT, "--encoding", "hex"], "--encoding: must be an enc"),
        "separator": ([*FIT, "--separator", " "], "--separator: must be one or more"),
        "separator without tags": (
            [*FIT, "--separator", "|"],
            r"--separator is for cells with several labels.*in --tags\.",
        ),
        "text twice": ([*FIT, "--text", "body", "body"], "--text names a column twice"),
        "tags twice": ([*FIT, "--tags", "id", "id"], "--tags names a column twice"),
        "order twice": (
            [*FIT, "--ordinal", "id", "id"],
            "--ordinal names a col",
        ),
        "order of one": (
            [*FIT, "--ordinal", "tone=a"],
            "must list at least two different labels",
        ),
        "order with a gap": (
            [*FIT, "--ordinal", "tone=a,,b"],
            "must list at least two different labels",
        ),
        "order of tags": (
            [*FIT, "--tags", "tone", "--ordinal", "tone=a,b"],
            "'tone' cannot be in both --tags and --ordinal",
        ),
        "task of a reserved name": (
            ["fit", "mean.csv", "--text", "body", "--tasks", "mean"],
            "A task cannot be called 'mean', .*Rename the column, or .*--held-out 0",
        ),
        "seed": ([*FIT, "--seed", "-1"], r"--seed: must be from 0 to 2\*\*32 - 1"),
        "delimiter": (
            [*FIT, "--delimiter", "::"],
            "--delimiter: must be one character",
        ),
        "sharing": ([*FIT, "--sharing", "some"], "--sharing: invalid choice: 'some'"),
    }
    DATA = {
        "no file": (["fit", "no.csv"], r"Cannot read no\.csv: No such file"),
        "unknown text": (
            ["fit", "data.csv", "--text", "Body", "--tasks", "tone"],
            r"data\.csv has no column 'Body'\. Did you mean 'body'\?",
        ),
        "unknown task": ([*FIT[:-1], "tome"], "no column 'tome'. Did you mean 'tone'"),
        "empty task": ([*FIT, "empty"], r"no label in column 'empty': all 60 cells"),
        "unknown in test": ([*FIT, "--test", "x.csv"], r"x\.csv has no column 'body'"),
        "other labels in test": (
            [*FIT, "--test", "numbers.jsonl"],
            "no label in common in column 'tone': 1, 2 here, '.*' there",
        ),
        "no labels in test": ([*FIT, "--test", "bare.jsonl"], "nothing to score on"),
        "text is null": (
            [*FIT, "--predict", "null.jsonl", "--to", "out.csv"],
            r"null\.jsonl, line 2: column 'body' must hold texts\. Got null\. Write",
        ),
        "text is a number": (
            [*FIT, "--predict", "seven.jsonl", "--to", "out.csv"],
            "must hold texts. Got 7 of type int",
        ),
        "label is an object": (
            ["fit", "objects.jsonl", "--text", "body", "--tasks", "tags"],
            r"objects\.jsonl, line 1: column 'tags' must hold strings.*\{'a': 1\}",
        ),
        "too few rows": (
            ["fit", "one.csv", "--text", "body", "--tasks", "topic"],
            "too few rows to hold some of them out.*--held-out 0",
        ),
        "no folder": (
            [*FIT, "--predict", "new.csv", "--to", "nowhere/out.csv"],
            "there is no folder nowhere",
        ),
        "name too long": (
            [*FIT, "--predict", "new.csv", "--to", "x" * 300 + ".csv"],
            r"Cannot write x+\.csv: File name too long",
        ),
        "no order": (
            [*FIT, "--ordinal", "tone"],
            "Use --ordinal tone=LOWEST,...",
        ),
        "what Parquet cannot hold": (
            [*FIT, "--predict", "mixed.jsonl", "--to", "out.parquet"],
            r"Cannot write out\.parquet: .*column has one type",
        ),
        "a folder": ([*FIT, "--predict", "new.csv", "--to", "dir.csv"], "is a folder"),
        "column in the way": (
            [*FIT, "--predict", "old.csv", "--to", "out.csv"],
            r"old\.csv already has a column 'tone_predicted'.*Rename",
        ),
    }

    @staticmethod
    def make_files():
        table = make_table()
        write_table("data.csv", {**table, "empty": [""] * 60})
        write_table("x.csv", {"text": ["a"], "topic": ["b"]})
        write_table("old.csv", {"body": ["a"], "tone_predicted": ["b"]})
        write_table("one.csv", {"body": ["a", "b"], "topic": ["x", "y"]})
        write_table("objects.jsonl", {"body": ["a"], "tags": [{"a": 1}]})
        write_table("null.jsonl", {"body": ["a", None]})
        write_table("seven.jsonl", {"body": [7]})
        write_table("mixed.jsonl", {"body": ["a", "b"], "n": [1, "x"]})
        write_table("mean.csv", {"body": list("abcdef"), "mean": list("xyxyxy")})
        labels = {"topic": ["delivery", None], "tone": [1, 2]}
        write_table("numbers.jsonl", {"body": ["a", "b"], **labels})
        write_table("bare.jsonl", {"body": ["a"], "topic": [None], "tone": [""]})
        os.mkdir("dir.csv")

    @pytest.fixture(autouse=True)
    def files(self, folder, stub):
        self.make_files()
        yield
        assert stub.fitted == ()

    def check(self, folder, capsys, arguments, exit_code, message):
        arguments = [argument.format(folder=folder.name) for argument in arguments]
        assert main(arguments) == exit_code
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("sklearn_mtl: error: ")
        assert err.count("\n") == 1
        with pytest.raises(ValueError, match=message):
            raise ValueError(err)

    @pytest.mark.parametrize(("arguments", "message"), USAGE.values(), ids=USAGE)
    def test_of_the_command(self, folder, capsys, arguments, message):
        self.check(folder, capsys, arguments, 2, message)

    @pytest.mark.parametrize(("arguments", "message"), DATA.values(), ids=DATA)
    def test_of_the_data(self, folder, capsys, arguments, message):
        # This one is found after the description of the tasks is printed.
        if "one.csv" in arguments:
            assert main(arguments) == 1
            assert "too few rows" in capsys.readouterr().err
            return
        self.check(folder, capsys, arguments, 1, message)


def test_a_refusal_of_the_estimator_is_no_traceback(folder, stub, monkeypatch, capsys):
    def refuse(self, texts, labels):
        raise ValueError("`y['tone']` holds both str and int labels.")

    monkeypatch.setattr(stub, "fit", refuse)
    assert main(FIT) == 1
    message = (
        "sklearn_mtl: error: Cannot fit: `y['tone']` holds both str and int labels."
    )
    assert message in capsys.readouterr().err


def test_fit_reports_on_held_out_rows(folder, stub, capsys):
    assert main(FIT) == 0
    out = capsys.readouterr().out
    assert "data.csv: 60 rows\n\ntask   classes  labelled\ntopic        2" in out
    ((parameters, texts, labels),) = stub.fitted
    assert parameters == {
        "sharing": "auto",
        "max_iter": "auto",
        "random_state": 0,
        "verbose": 0,
    }
    n_rest = 60 - len(texts)
    assert 6 <= n_rest <= 18
    assert f"Fitting on {len(texts)} rows; the other {n_rest} are held out" in out
    assert f"Scores on held-out rows ({n_rest} texts; fitted in" in out
    assert "task   accuracy  recall  macro-F1  majority  support\n" in out
    assert set(labels["topic"]) == {"delivery", "payment", None}


def test_the_held_out_rows_hang_on_the_seed_alone(folder, stub):
    for seed in ("1", "1", "2"):
        assert main([*FIT, "--seed", seed, "--quiet"]) == 0
    first, second, third = (texts for _, texts, _ in stub.fitted)
    assert first == second != third
    assert stub.fitted[2][0]["random_state"] == 2


def test_options_reach_the_estimator(folder, stub):
    options = ["--sharing", "hard", "--max-iter", "3", "--test", "held.csv"]
    assert main([*FIT, *options]) == 0
    ((parameters, texts, _),) = stub.fitted
    assert parameters["sharing"] == "hard"
    assert parameters["max_iter"] == 3
    assert len(texts) == 60


def test_scores_on_a_table_of_ones_own(folder, stub, capsys):
    labels = {"topic": ["delivery"] * 3 + [""], "tone": [""] * 4}
    write_table("held.csv", {"body": list("abcd"), **labels})
    assert main([*FIT, "--test", "held.csv"]) == 0
    rows = {
        line.split()[0]: line.split()[1:]
        for line in capsys.readouterr()
        .out.partition("Scores on held.csv")[2]
        .split("\n")
        if line.strip()
    }
    assert rows["topic"][0] in ("1.000", "0.000")
    assert rows["topic"][3] == rows["topic"][0]  # the stub answers the majority
    assert rows["topic"][4] == "3"
    assert rows["tone"] == ["-", "-", "-", "-", "0"]


def test_labels_not_seen_in_training_are_warned_of(folder, stub, capsys):
    table = make_table(20, seed=1)
    table["tone"][:2] = ["sad", "sad"]
    write_table("held.csv", table)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main([*FIT, "--test", "held.csv"]) == 0
    err = capsys.readouterr().err
    assert err == (
        "sklearn_mtl: warning: held.csv: column 'tone' has labels that are not in the "
        "training table: 'sad'. They count as errors.\n"
    )


def test_missing_labels(folder, stub):
    columns = {
        "body": list("abcdefgh"),
        "n": [1, 2, 1, 2, None, "", float("nan"), "n/a"],
    }
    write_table("data.jsonl", columns)
    command = ["fit", "data.jsonl", "--text", "body", "--tasks", "n"]
    command += ["--predict", "new.csv", "--to", "out.csv", "--held-out", "0"]
    assert main([*command, "--missing", "n/a", "none"]) == 0
    ((_, _, labels),) = stub.fitted
    assert labels == {"n": [1, 2, 1, 2, None, None, None, None]}


def test_numbers_can_be_named_missing(folder, stub):
    write_table("data.jsonl", {"body": list("abcd"), "n": [1, 2, -1, -1]})
    command = ["fit", "data.jsonl", "--text", "body", "--tasks", "n"]
    command += ["--predict", "new.csv", "--to", "out.csv", "--held-out", "0"]
    assert main([*command, "--missing", "-1"]) == 0
    assert stub.fitted[0][2] == {"n": [1, 2, None, None]}


@pytest.mark.parametrize("ending", ["csv", "tsv.gz", "jsonl", "parquet"])
def test_predictions_stand_beside_the_columns_of_the_input(folder, stub, ending):
    out = f"out.{ending}"
    assert main([*FIT, "--predict", "new.csv", "--to", out]) == 0
    # Scores on held-out rows, and then once more on all rows to predict.
    assert [len(texts) for _, texts, _ in stub.fitted][1:] == [60]
    found, new = read_table(out).columns, read_table("new.csv").columns
    added = [
        "topic_predicted",
        "topic_probability",
        "tone_predicted",
        "tone_probability",
    ]
    assert list(found) == ["body", "note", *added]
    assert found["body"] == new["body"]
    assert set(found["topic_predicted"]) < set(WORDS)
    assert 0.5 <= float(found["topic_probability"][0]) <= 1


def test_predictions_keep_the_type_of_the_labels(folder, stub):
    columns = {"body": list("abcd"), "n": [1, 1, 2, 3], "b": [True, True, False, None]}
    write_table("data.jsonl", columns)
    command = ["fit", "data.jsonl", "--text", "body", "--tasks", "n", "b"]
    command += ["--held-out", "0", "--predict", "new.csv", "--to", "out.jsonl"]
    assert main(command) == 0
    with open("out.jsonl") as file:
        record = json.loads(file.readline())
    assert record["n_predicted"] == 1
    assert record["b_predicted"] is True
    assert record["n_probability"] == 0.5


def test_a_task_of_a_reserved_name_can_be_predicted(folder, stub):
    write_table("data.csv", {"body": list("abcdef"), "mean": list("xyxyxy")})
    command = ["fit", "data.csv", "--text", "body", "--tasks", "mean"]
    command += ["--predict", "new.csv", "--to", "out.csv"]
    assert main([*command, "--held-out", "0"]) == 0
    assert "mean_predicted" in read_table("out.csv").columns


def test_too_few_rows_to_hold_out_are_enough_to_fit(folder, stub):
    write_table("data.csv", {"body": ["a", "b"], "topic": ["x", "y"]})
    command = ["fit", "data.csv", "--text", "body", "--tasks", "topic"]
    assert main([*command, "--test", "data.csv"]) == 0
    command += ["--predict", "new.csv", "--to", "out.csv"]
    assert main([*command, "--held-out", "0"]) == 0


def test_labels_of_held_out_rows_alone_are_told_of(folder, stub, capsys):
    assert main([*FIT, "id", "--held-out", "0.1"]) == 0
    err = capsys.readouterr().err
    assert "column 'id' has labels that occur only in held-out rows: " in err
    assert err.count("only in held-out rows") == 1
    assert main([*FIT, "id", "--held-out", "0.1", "--seed", "1"]) == 0  # as advised
    assert capsys.readouterr().err != err


def test_texts_of_several_columns(folder, stub):
    table = make_table()
    table["title"] = ["", *["hi"] * 59]
    write_table("data.csv", table)
    write_table("new.csv", {"body": ["b"], "title": ["a"]})
    command = ["fit", "data.csv", "--text", "title", "body", "--tasks", "topic"]
    command += ["--predict", "new.csv", "--to", "out.csv"]
    assert main([*command, "--held-out", "0"]) == 0
    ((_, texts, _),) = stub.fitted
    assert texts == [table["body"][0], *(f"hi\n{body}" for body in table["body"][1:])]


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_several_labels_and_orders(folder, ending, capsys):
    """The real estimator, on cells of several labels and on labels with an order."""
    table = make_table()
    together = zip(table["topic"], table["tone"], strict=True)
    tags = [sorted(filter(None, pair)) for pair in together]
    in_text = ending in ("csv", "tsv")
    table["tags"] = [" & ".join(cell) or " & " for cell in tags] if in_text else tags
    table["size"] = ["low", "high"] * 30
    write_table(f"data.{ending}", table)
    command = ["fit", f"data.{ending}", "--text", "body", "--tags", "tags", "--quiet"]
    command += ["--ordinal", "size=low,middle,high", "--separator", " & "]
    command += ["--test", f"data.{ending}", "--predict", "new.csv"]
    assert main([*command, "--to", f"out.{ending}"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    separated = "tags: several labels a cell"
    assert captured.out.count(f"{separated}, separated by ' & '") == in_text
    assert captured.out.count(separated) == 1
    found = read_table(f"out.{ending}").columns
    known = {*WORDS, *TONES}
    for cell, sure in zip(
        found["tags_predicted"], found["tags_probability"], strict=True
    ):
        labels = [part for part in cell.split(" & ") if part] if in_text else cell
        shares = [part for part in sure.split(" & ") if part] if in_text else sure
        assert set(labels) <= known
        assert len(shares) == len(labels)
        assert all(0.2 < float(share) <= 1 for share in shares)
    assert set(found["size_predicted"]) <= {"low", "middle", "high"}
    # Predictions can be learnt from.
    command = ["fit", f"out.{ending}", "--text", "body", "--tags", "tags_predicted"]
    command += ["--separator", " & ", "--test", f"out.{ending}"]
    assert main(command) == 0


def test_lists_in_the_table_to_predict_are_joined_too(folder):
    tags = [["a", "b"], ["a"], ["b"]] * 10
    write_table("data.jsonl", {"body": ["x"] * 30, "tags": tags})
    write_table("new.jsonl", {"body": ["a", "b", "c"], "tags": [["b", "a"], [], None]})
    command = ["fit", "data.jsonl", "--text", "body", "--tasks", "tags", "--held-out"]
    assert main([*command, "0", "--predict", "new.jsonl", "--to", "out.csv"]) == 0
    assert read_table("out.csv").columns["tags"] == ["b|a", "|", ""]


def test_messages_are_short(folder, stub, capsys):
    write_table("long.jsonl", {"body": ["x"], "y": [{"a": "b" * 1000}]})
    assert main(["fit", "long.jsonl", "--text", "body", "--tasks", "y"]) == 1
    assert len(capsys.readouterr().err) < 300


def test_unused_columns_and_cells_are_no_errors(folder, stub):
    rows = [f"topic{k % 2},text {k},,\n" for k in range(20)]
    (folder / "data.csv").write_text("".join(["v1,v2,,\n", *rows, "topic0,end\n"]))
    command = ["fit", "data.csv", "--text", "v2", "--tasks", "v1", "--held-out", "0"]
    assert main([*command, "--predict", "data.csv", "--to", "out.csv"]) == 0
    assert list(read_table("out.csv").columns)[:4] == ["v1", "v2", "", ".1"]


def test_a_table_is_written_in_the_encoding_and_quoting_of_its_input(folder, stub):
    rows = "".join(f'"é" {k}\ttopic{k % 2}\n' for k in range(20))
    (folder / "data.tsv").write_text(f"body\ttopic\n{rows}", encoding="latin-1")
    command = ["fit", "data.tsv", "--text", "body", "--tasks", "topic"]
    command += ["--predict", "data.tsv", "--to", "out.tsv", "--held-out", "0"]
    assert main([*command, "--encoding", "latin-1"]) == 0
    written = (folder / "out.tsv").read_text(encoding="latin-1")
    assert '\n"é" 1\ttopic1\ttopic0\t0.5\n' in written


def test_one_fit_is_enough_with_a_test_table(folder, stub, capsys):
    assert (
        main([*FIT, "--test", "held.csv", "--predict", "new.csv", "--to", "o.csv"]) == 0
    )
    assert len(stub.fitted) == 1
    out = capsys.readouterr().out
    assert "Scores on held.csv (20 texts" in out
    assert "Wrote o.csv: 6 rows, with two more columns for each task" in out


def test_the_delimiter_is_for_all_csv_files_of_the_command(folder, stub):
    write_table("data.csv", make_table(), Dialect(";"))
    write_table("new.csv", {"body": ["a"]}, Dialect(";"))
    options = ["--delimiter", ";", "--predict", "new.csv", "--to", "out.csv"]
    assert main([*FIT, *options]) == 0
    with open("out.csv") as file:
        assert file.readline().startswith("body;topic_predicted;")


def tiny_docstrings():
    table = make_table(80)
    target = {
        task: np.array([cell or None for cell in table[task]], dtype=object)
        for task in ("topic", "tone")
    }
    return Bunch(data=table["body"], target=target)


def test_the_main_job(monkeypatch, stub, capsys):
    monkeypatch.setattr(_demo, "load_docstrings", tiny_docstrings)
    monkeypatch.setattr(_demo, "N_FEW", 25)
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert [given for given, _, _ in stub.fitted] == [
        {"random_state": 0, "verbose": 0},
        {"random_state": 0, "verbose": 0, "sharing": "separate"},
    ] * 2
    few = stub.fitted[2][2]
    assert [sum(c is not None for c in few[task]) for task in few] == [25, 46]
    assert "80 docstrings of Python and of installed libraries, 2 tasks:\ntopic" in out
    assert "1. Many labels: fitting on 60 texts, scoring on the other 20." in out
    assert "2. Few labels: 60 texts, of which 25 have a label for topic" in out
    assert "task   shared  single  linear  shared  single  linear" in out
    assert 'MultiTaskTextClassifier(sharing="separate"), one for each task' in out
    assert out.count("predicted  probability\ntopic") == 3
    assert max(map(len, out.splitlines())) <= 80
    mean = next(line.split() for line in out.splitlines() if line.startswith("mean"))
    assert float(mean[3]) > 0.9  # LinearSVC is no stub
    # The stub gives the same scores whatever is shared.
    assert out.count("is level with a network for each task") == 2


def test_help_teaches(capsys):
    for arguments in (["--help"], ["fit", "--help"], ["predict", "--help"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0
        out = capsys.readouterr().out
        assert "examples:" in out
        example = "fit tickets.csv --text body --tasks topic"
        if "predict" in arguments:
            example = "predict model.mtl new.csv --to predicted.csv"
        assert f"python -m sklearn_mtl {example}" in out
        assert max(map(len, out.splitlines())) <= 80


def test_the_examples_of_the_help_are_commands(folder, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        main(["fit", "--help"])
    text = capsys.readouterr().out.partition("examples:")[2].partition("exit codes")[0]
    table = make_table()
    table["title"] = ["hello"] * 60
    table["tags"] = ["late|angry", "late", "angry"] * 20
    table["urgency"] = ["low", "middle", "high"] * 20
    write_table("new.csv", {"title": ["a"], "body": ["b"]})
    for name in ("tickets.csv", "train.csv.gz", "test.csv.gz", "tickets.jsonl"):
        write_table(name, table)
    lines = text.replace("\\\n", " ").strip().splitlines()
    assert len(lines) == 6
    for line in lines:
        assert main(line.split()[3:]) == 0
    with pytest.raises(SystemExit):
        main(["predict", "--help"])
    text = capsys.readouterr().out.partition("examples:")[2].partition("exit codes")[0]
    # With a password: the third line asks for one, and goes with the last.
    first, second, _, last = text.replace("\\\n", " ").strip().splitlines()
    write_table("new.jsonl.gz", {"title": ["a"], "body": ["b"]})
    for line in (first, second):
        assert main(line.split()[3:]) == 0
    monkeypatch.setenv("SKLEARN_MTL_PASSWORD", "open")
    assert main([*FIT, "--held-out", "0", "--save", "secret.mtl"]) == 0
    assert main(last.split()[3:]) == 0


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"sklearn_mtl {sklearn_mtl.__version__}\n"


def test_an_interrupt_ends_without_a_traceback(folder, stub, monkeypatch, capsys):
    def interrupt(self, texts, labels):
        raise KeyboardInterrupt

    monkeypatch.setattr(stub, "fit", interrupt)
    assert main([*FIT, "--predict", "new.csv", "--to", "out.csv"]) == 130
    assert capsys.readouterr().err == "sklearn_mtl: interrupted\n"
    assert not os.path.exists("out.csv")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("command", [FIT, ["--help"], ["--version"], ["fit", "no.csv"]])
def test_a_full_disk_is_told_of_where_it_can_be(
    folder, stub, monkeypatch, capsys, stream, command
):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, stream, full)
        try:
            status = main(command)
        except SystemExit as end:
            status = end.code
        if stream == "stderr":
            assert status == (1 if "no.csv" in command else 0)
        elif "no.csv" not in command:
            assert status == 1
            assert capsys.readouterr().err == (
                "sklearn_mtl: error: Cannot write to standard output: No space left on "
                "device.\n"
            )


def test_standard_output_may_be_closed(folder, stub, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    assert main(FIT) == 1
    message = "Standard output is closed. Redirect it to a file or to /dev/null.\n"
    assert capsys.readouterr().err == f"sklearn_mtl: error: {message}"
    assert stub.fitted == ()
    with open(os.devnull, "w") as nowhere:
        monkeypatch.setattr(sys, "stdout", nowhere)
        assert main(FIT) == 0  # as advised


def test_standard_error_may_be_closed(folder, stub, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["fit", "no.csv"]) == 1
    assert capsys.readouterr().out == ""


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "sklearn_mtl", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


def test_it_runs_as_a_program():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = run("fit", "漢字.csv", stdin=subprocess.DEVNULL, env=environment)
    assert result.returncode == 1
    assert result.stdout == ""
    message = "sklearn_mtl: error: Cannot read ??.csv: No such file or directory.\n"
    assert result.stderr == message


CLOSED = """
import os, sys
os.close(1), os.close(2)
os.execv(sys.executable, [sys.executable, "-m", "sklearn_mtl", "--version"])
"""


def test_it_ends_with_closed_streams(tmp_path):
    result = subprocess.run([sys.executable, "-c", CLOSED], timeout=120, check=False)
    assert result.returncode == 1


SIGNALLED = """
import os, signal, sys, threading
import sklearn_mtl._cli._files as files
from sklearn_mtl.__main__ import run

def replace(source, target):  # while a file is being written
    assert os.listdir() != []
    os.kill(os.getpid(), {signal})
    signal.pause()

files.os.replace = replace
import sklearn_mtl._cli
{write}
sklearn_mtl._cli.main = write
run()
"""
WRITES = {
    "table": 'write = lambda: files.write_bytes("t.csv", b"a")',
    "model": """
def write():
    from sklearn_mtl.persistence._files import replacing
    with replacing("model.mtl") as file:
        file.write(b"a")
""",
}


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("signal", "status", "err"), [(2, 130, "sklearn_mtl: interrupted\n"), (15, 143, "")]
)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_signal_leaves_no_traceback_and_no_file(tmp_path, signal, status, err, write):
    script = SIGNALLED.replace("{signal}", str(signal)).replace("{write}", write)
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (status, "", err)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_is_no_error(folder, stub, monkeypatch):
    read_end, write_end = os.pipe()
    os.close(read_end)
    with open(write_end, "w") as closed_pipe:
        monkeypatch.setattr(sys, "stdout", closed_pipe)
        assert main(FIT) == 141


def test_it_learns(folder, capsys):
    """The real estimator, from a table to predictions."""
    write_table("data.csv", make_table(400))
    write_table("held.csv", make_table(50, seed=1))
    options = ["--test", "held.csv", "--predict", "new.csv", "--to", "out.csv"]
    assert main([*FIT, *options, "--quiet", "--max-iter", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    mean = next(line.split() for line in lines if line.startswith("mean"))
    assert float(mean[1]) > 0.95
    found = read_table("out.csv").columns
    assert len(found["topic_predicted"]) == 6


def test_progress_is_shown_on_a_terminal_unless_quiet(folder, capsys, monkeypatch):
    command = [*FIT, "--max-iter", "2", "--held-out", "0.3"]
    monkeypatch.setattr(_fit, "is_terminal", lambda: True)
    assert main([*command, "--quiet"]) == 0
    quiet = capsys.readouterr()
    assert main(command) == 0
    loud = capsys.readouterr()
    assert quiet.err == ""
    assert len(loud.out + loud.err) > len(quiet.out)
