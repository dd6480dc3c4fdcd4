"""``report``: a saved model on a labelled table."""

import pytest
from test_cli_page import Reader

from sklearn_mtl._cli import main
from sklearn_mtl._cli._tables import read_table, write_table


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    rows = range(240)
    columns = {
        "body": [f"word{k % 3} level{k % 4} tag{k % 2}" for k in rows],
        "topic": ["abc"[k % 3] if k % 5 else "" for k in rows],
        "level": ["low" if k % 4 < 2 else "high" for k in rows],
        "tags": ["a;b" if k % 2 else "a" for k in rows],
        "grade": [str(k % 2) for k in rows],
    }
    write_table(str(folder / "data.csv"), columns)
    command = ["fit", str(folder / "data.csv"), "--text", "body", "--tasks", "topic"]
    command += ["grade", "--tags", "tags", "--ordinal", "level=low,high"]
    command += ["--held-out", "0", "--save", str(folder / "m.mtl"), "--max-iter", "5"]
    assert main(command) == 0
    return folder


@pytest.fixture
def folder(fitted, monkeypatch):
    monkeypatch.chdir(fitted)
    return fitted


def rows_of(out):
    """Return the cells of a printed table by the first one."""
    return {line.split()[0]: line.split()[1:] for line in out.splitlines() if line}


def test_all_tasks_of_the_table_are_scored(folder, capsys):
    assert main(["report", "m.mtl", "data.csv"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "Scores of m.mtl on data.csv (240 texts)" in out
    rows = rows_of(out)
    assert [rows[task][-1] for task in ("topic", "grade", "tags", "level")] == [
        *("192", "240", "240", "240")
    ]
    assert all(float(rows[task][0]) == 1 for task in ("topic", "grade", "level"))


def test_a_table_may_lack_tasks_and_write_numbers_in_another_way(folder, capsys):
    columns = read_table("data.csv").columns
    some = {"body": columns["body"], "grade": [f"{c}.0" for c in columns["grade"]]}
    write_table("some.csv", some)
    assert main(["report", "m.mtl", "some.csv"]) == 0
    out, err = capsys.readouterr()
    assert "'1.0' as '1'" in err
    assert rows_of(out)["grade"][0] == "1.000"
    assert "topic" not in out


def test_the_model_joins_labels_as_its_table_did(folder, capsys):
    columns = read_table("data.csv").columns
    lists = {"body": columns["body"], "tags": [c.split(";") for c in columns["tags"]]}
    write_table("lists.jsonl", lists)
    scores = []
    for path in ("data.csv", "lists.jsonl"):
        assert main(["report", "m.mtl", path, "--tasks", "tags"]) == 0
        scores.append(rows_of(capsys.readouterr().out)["tags"])
    assert scores[0] == scores[1]


def test_missing_values(folder, capsys):
    command = ["report", "m.mtl", "data.csv", "--tasks", "level", "--missing", "low"]
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert rows_of(out)["level"][-1] == "120"
    assert err == ""
    assert main([*command, "Low"]) == 0
    assert "--missing Low matches no cell of 'level'" in capsys.readouterr().err


def test_a_page(folder, capsys):
    command = ["report", "m.mtl", "data.csv", "--tasks", "level", "topic"]
    assert main([*command, "--html", "r.html"]) == 0
    assert "Wrote r.html" in capsys.readouterr().out
    text = (folder / "r.html").read_text(encoding="utf-8")
    reader = Reader(text)
    assert "A saved model was scored on data.csv (240 texts)." in text
    assert "training" not in reader.ids
    assert [row[0] for row in reader.tables[0]] == ["task", "level", "topic", "mean"]
    # There are no training rows to find the most frequent answer in.
    assert "majority" not in text.lower()
    assert {len(row) for row in reader.tables[0]} == {9}
    assert [row[0] for row in reader.tables[1][1:3]] == ["low", "high"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["data.csv", "--tasks", "topc"], 2, "no task 'topc'. Did you mean 'topic'?"),
        (["other.csv"], 1, "no label column for m.mtl, whose tasks are 'topic'"),
        (["blank.csv"], 1, "no labels in 'topic' to score on"),
        (["new.csv"], 1, "no label in common in column 'topic'"),
        (["data.csv", "--html", "data.csv"], 2, "would overwrite an input file"),
        (["data.csv", "--html", "m.mtl"], 2, "would overwrite an input file"),
        (["data.csv", "--text", "nothing"], 1, "no column 'nothing'"),
    ],
)
def test_errors(folder, capsys, arguments, status, message):
    write_table("other.csv", {"body": ["a"], "x": ["b"]})
    write_table("blank.csv", {"body": ["a"], "topic": [""]})
    write_table("new.csv", {"body": ["a"], "topic": ["z"]})
    assert main(["report", "m.mtl", *arguments]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
