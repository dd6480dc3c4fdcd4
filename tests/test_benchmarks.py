"""The runner of the benchmarks, on made-up data."""

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
if not (ROOT / "benchmarks").is_dir():  # a source archive has the tests alone
    pytest.skip("there are no benchmarks here", allow_module_level=True)

CASES = {path.stem for path in (ROOT / "benchmarks" / "cases").glob("*.py")}


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def cases(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.__main__ import load_cases

    return load_cases()


@pytest.fixture
def data(tmp_path):
    """A set of 24 texts and two tasks, in the layout that the runner reads."""
    rows = [
        {"text": text, "mood": mood, "topic": topic}
        for text, mood, topic in [
            ("a good film", "good", "film"),
            ("a bad film", "bad", ""),
            ("a good dinner", "good", "food"),
            ("a bad dinner", "bad", "food"),
        ]
    ] * 6
    for split in ("train", "dev", "test"):
        path = tmp_path / "reviews" / f"{split}.csv.gz"
        path.parent.mkdir(exist_ok=True)
        with gzip.open(path, "wt", encoding="utf-8", newline="") as lines:
            table = csv.DictWriter(lines, rows[0])
            table.writeheader()
            table.writerows(rows)
    return tmp_path


def test_every_case_is_listed_with_description_and_options(cases):
    listed = run("--list").stdout.splitlines()
    assert {line.split()[0] for line in listed} == CASES == set(cases)
    for line in listed:
        assert len(line.split(maxsplit=1)[1]) > 20, line
    for name, case in cases.items():
        assert case.OPTIONS, name
        assert callable(case.run), name


def test_every_case_has_help(cases, capsys):
    from benchmarks.__main__ import main

    for name, case in cases.items():
        with pytest.raises(SystemExit, match=r"^0$"):
            main([name, "--help"])
        shown = capsys.readouterr().out
        for option in case.OPTIONS:
            assert f"--{option.name.replace('_', '-')}" in shown, name


def test_the_runner_loads_no_numerical_library():
    # A process starts with the peak memory of its parent as its own.
    code = (
        "import sys; from benchmarks.__main__ import load_cases; load_cases(); "
        "print({'numpy', 'scipy', 'sklearn', 'torch'} & set(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == "set()"


def test_pages_say_what_the_results_say():
    checked = run("tables", "--check")
    assert checked.returncode == 0, checked.stderr


def test_a_page_that_says_something_else_is_found(tmp_path):
    (tmp_path / "docs").mkdir()
    for page in ("README.md", "docs/measured.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        (tmp_path / page).write_text(text.replace("fdu_mtl", "other"), encoding="utf-8")
    checked = run("tables", "--check", "--root", tmp_path)
    assert checked.returncode == 1
    assert "README.md differs from the results" in checked.stderr
    assert "run python -m benchmarks tables" in checked.stderr
    assert run("tables", "--root", tmp_path).returncode == 0
    assert run("tables", "--check", "--root", tmp_path).returncode == 0


def test_a_case_from_end_to_end(data, tmp_path):
    out = tmp_path / "out" / "vectorizers.json"
    done = run("vectorizers", "--data", data, "--out", out)
    assert done.returncode == 0, done.stderr
    measured = json.loads(out.read_text(encoding="utf-8"))["reviews"]
    path = ROOT / "benchmarks" / "results" / "vectorizers.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["edos"]
    assert measured.keys() == kept.keys()
    assert measured["machine"]["threads"] == 1
    for system in ("scikit-learn", "fast"):
        own, other = (run["words 1-2"][system] for run in (measured, kept))
        assert own.keys() == other.keys()
        assert own["texts"] == 24
    assert "| reviews, words 1-2 |" in done.stdout


def test_unknown_names_are_errors(data):
    unknown = run("vectorizers", "--data", data, "--sets", "books")
    assert unknown.returncode == 2
    assert "--sets: there is no books, only reviews" in unknown.stderr
    unknown = run("peers", "--data", data, "--systems", "svm")
    assert "--systems: there is no svm, only linear_svc, " in unknown.stderr
    empty = run("peers", "--data", data / "reviews")
    assert "has no folder with" in empty.stderr
