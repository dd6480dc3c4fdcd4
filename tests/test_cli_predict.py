"""``predict``: tables by saved models, as ``fit --predict`` writes them."""

import os
import subprocess
import sys

import numpy as np
import pytest
from test_main import make_table

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl._cli import _saved, main
from sklearn_mtl._cli._tables import Dialect, read_table, write_table
from sklearn_mtl.persistence import RuntimeUnsupported

FIT = ["fit", "--text", "title", "body", "--tasks", "topic", "tone", "--tags", "tags"]
FIT += ["--missing", "n/a", "--held-out", "0"]


@pytest.fixture(autouse=True)
def no_password(monkeypatch):
    monkeypatch.delenv("SKLEARN_MTL_PASSWORD", raising=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make a folder with tables and a model of them."""
    folder = tmp_path_factory.mktemp("predict")
    table = make_table()
    table["title"] = ["", "hi"] * 30
    table["tone"][0] = "n/a"
    table["tags"] = ["late,angry", "late", "angry,loud", ","] * 15
    new = make_table(7, seed=2)
    new["title"] = ["é, ü", "", 'a "b"', "", "", "", "x"]
    del new["topic"]
    old = os.getcwd()
    os.chdir(folder)
    try:
        write_table("data.csv", table)
        for name in ("new.csv", "new.tsv.gz", "new.jsonl", "new.parquet"):
            write_table(name, new)
        write_table("new_latin.csv", new, Dialect(";", None, "latin-1"))
        with open("plain.tsv", "w", encoding="utf-8") as file:
            file.write('body\ttitle\n5" screen\ta\n6" screen "\tb\n')
        assert main([FIT[0], "data.csv", *FIT[1:], "--save", "model.mtl"]) == 0
    finally:
        os.chdir(old)
    return folder


@pytest.fixture
def folder(made, monkeypatch, tmp_path):
    """Work in that folder; what is written goes elsewhere."""
    monkeypatch.chdir(made)
    return tmp_path


def predict(*arguments):
    return main(["predict", *map(str, arguments)])


@pytest.mark.parametrize(
    ("new", "ending", "further"),
    [
        ("new.csv", "csv", []),
        ("new.csv", "tsv", []),
        ("new.tsv.gz", "csv.gz", []),
        ("new.jsonl", "jsonl", []),
        ("new.parquet", "parquet", []),
        ("new_latin.csv", "csv", ["--encoding", "latin-1", "--delimiter", ";"]),
        ("new.csv", "csv", ["--quoting", "csv"]),
        ("plain.tsv", "tsv", []),
    ],
)
def test_it_writes_what_fit_writes(folder, capsys, new, ending, further):
    """The same bytes, by a network that a file has kept."""
    if further[:1] == ["--encoding"]:  # of both tables then
        write_table(
            folder / "data.csv", read_table("data.csv").columns, Dialect(";", None)
        )
        data = str(folder / "data.csv")
    else:
        data = "data.csv"
    first, second = (str(folder / f"{name}.{ending}") for name in "ab")
    to = ["--predict", new, "--to", first]
    assert main([FIT[0], data, *FIT[1:], *to, *further]) == 0
    told = capsys.readouterr().out
    # Numpy rounds the last digit of a few probabilities to the other side.
    further = [*further, "--runtime", "torch"]
    assert predict("model.mtl", new, "--to", second, *further) == 0
    out, err = capsys.readouterr()
    assert told.endswith(out.replace(second, first))
    assert err == ""
    with open(first, "rb") as one, open(second, "rb") as other:
        content = one.read()
        assert content == other.read()
        assert len(content) > 100


def test_both_runtimes_write_the_same(folder):
    tables = []
    for runtime in ("torch", "numpy", "auto"):
        to = str(folder / f"{runtime}.jsonl")
        assert predict("model.mtl", "new.csv", "--to", to, "--runtime", runtime) == 0
        tables.append(read_table(to).columns)
    torch, numpy, auto = tables
    assert numpy == auto
    assert list(torch) == list(numpy)
    for name, cells in torch.items():
        if name.endswith("_probability"):
            for one, other in zip(cells, numpy[name], strict=True):
                assert other == pytest.approx(one, abs=1.01e-4)
        else:
            assert numpy[name] == cells


def test_it_imports_neither_torch_nor_scikit_learn(folder):
    code = """
import sys
from sklearn_mtl._cli import main
assert main(["predict", "model.mtl", "new.csv", "--to", sys.argv[1]]) == 0
print(sorted({"torch", "sklearn", "pandas"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", code, str(folder / "a.csv")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


class TestRuntime:
    @pytest.fixture
    def loads(self, monkeypatch):
        """Collect what is loaded; numpy runs nothing."""
        calls = []

        def load(path, **options):
            calls.append(options)
            if options.get("runtime") == "numpy":
                raise RuntimeUnsupported("runtime='numpy' does not run it.")
            return "a model"

        monkeypatch.setattr(sklearn_mtl, "load", load)
        return calls

    def test_torch_takes_what_numpy_cannot(self, loads):
        assert _saved.load_model("a", "open", "auto") == "a model"
        assert loads == [
            {"password": "open", "runtime": "numpy"},
            {"password": "open"},
        ]

    def test_numpy_may_be_asked_for(self, folder, loads, capsys):
        to = folder / "a.csv"
        assert predict("m", "new.csv", "--to", to, "--runtime", "numpy") == 2
        assert capsys.readouterr().err == (
            "sklearn_mtl: error: Cannot load m: --runtime numpy does not run it.\n"
        )

    def test_a_network_that_needs_torch(self, folder, capsys):
        texts, labels = ["great film", "awful film"] * 10, {"tone": [1, 0] * 10}
        clf = MultiTaskTextClassifier(trunk="conv", max_iter=1, random_state=0)
        clf.fit(texts, labels).save(folder / "conv.mtl")
        arguments = folder / "conv.mtl", "new.csv", "--to", folder / "a.csv"
        assert predict(*arguments, "--text", "body") == 0
        assert set(read_table(str(folder / "a.csv")).columns) >= {"tone_predicted"}
        assert predict(*arguments, "--text", "body", "--runtime", "numpy") == 2
        assert "is a ConvTrunk, which needs torch" in capsys.readouterr().err


class TestModelsSavedInPython:
    TEXTS = ("great phone", "awful phone", "great film", "awful film") * 5

    def saved(self, folder, y, X=TEXTS):
        clf = MultiTaskTextClassifier(random_state=0).fit(X, y)
        clf.save(folder / "own.mtl")
        return clf

    def test_text_must_be_named(self, folder, capsys):
        self.saved(folder, [1, 0] * 10)
        arguments = folder / "own.mtl", "new.csv", "--to", folder / "a.csv"
        assert predict(*arguments) == 2
        assert "--text COLUMN to name" in capsys.readouterr().err
        assert predict(*arguments, "--text", "body", "body") == 2
        assert "--text names a column twice" in capsys.readouterr().err
        assert predict(*arguments, "--text", "bodi") == 1
        assert "Did you mean 'body'?" in capsys.readouterr().err
        assert predict(*arguments, "--text", "body") == 0

    def test_one_column_of_numbers(self, folder):
        clf = self.saved(folder, [1, 0] * 10)
        write_table(str(folder / "t.csv"), {"a": list(self.TEXTS[:4])})
        to = str(folder / "a.jsonl")
        assert (
            predict(folder / "own.mtl", folder / "t.csv", "--text", "a", "--to", to)
            == 0
        )
        columns = read_table(to).columns
        assert list(columns.values())[1] == clf.predict(self.TEXTS[:4]).tolist()

    def test_tuples_to_text_and_separators(self, folder, capsys):
        self.saved(folder, {"tags": [("a|b", "c"), ("c",), ("a|b",), ()] * 5})
        write_table(str(folder / "t.csv"), {"a": list(self.TEXTS[:4])})
        arguments = folder / "own.mtl", folder / "t.csv", "--text", "a", "--to"
        to = str(folder / "a.csv")
        assert predict(*arguments, to) == 0
        assert read_table(to).columns["tags_predicted"] == ["a|b;c", "c", "a|b", ";"]
        assert predict(*arguments, to, "--separator", "|") == 1
        assert "cannot store several labels of 'tags'" in capsys.readouterr().err

    def test_a_model_of_numbers(self, folder, capsys):
        X = np.random.RandomState(0).rand(20, 3)
        self.saved(folder, [1, 0] * 10, X)
        assert predict(folder / "own.mtl", "new.csv", "--to", folder / "a.csv") == 2
        err = capsys.readouterr().err
        assert "was fitted on numbers, but the command line reads texts" in err

    def test_a_separator_for_nothing(self, folder, capsys):
        self.saved(folder, [1, 0] * 10)
        arguments = folder / "own.mtl", "new.csv", "--to", folder / "a.csv"
        assert predict(*arguments, "--text", "body", "--separator", "/") == 2
        assert "--separator is for cells with several labels" in capsys.readouterr().err


class TestTables:
    def test_a_column_of_the_fit_that_is_not_there(self, folder, capsys):
        write_table(str(folder / "t.csv"), {"title": ["a"], "text": ["b"]})
        arguments = "model.mtl", folder / "t.csv", "--to", folder / "a.csv"
        assert predict(*arguments) == 1
        err = capsys.readouterr().err
        assert (
            "no column 'body', which model.mtl was fitted on. If the column has" in err
        )
        assert predict(*arguments, "--text", "title", "text") == 0

    def test_null_is_no_text(self, folder, capsys):
        write_table(str(folder / "t.jsonl"), {"title": [None], "body": [None]})
        assert predict("model.mtl", folder / "t.jsonl", "--to", folder / "a.csv") == 1
        assert "column 'title' must hold texts. Got null" in capsys.readouterr().err

    def test_predictions_are_not_overwritten(self, folder, capsys):
        to = folder / "a.csv"
        assert predict("model.mtl", "new.csv", "--to", to) == 0
        assert predict("model.mtl", to, "--to", folder / "b.csv") == 1
        assert "already has a column 'topic_predicted'" in capsys.readouterr().err
        assert not (folder / "b.csv").exists()


class TestFiles:
    """Bad model files are errors of usage, in one line."""

    @pytest.mark.parametrize("share", [0, 0.3, 0.999])
    def test_a_file_that_ends_early(self, folder, made, capsys, share):
        content = (made / "model.mtl").read_bytes()
        (folder / "cut.mtl").write_bytes(content[: int(len(content) * share)])
        assert predict(folder / "cut.mtl", "new.csv", "--to", folder / "a.csv") == 2
        err = capsys.readouterr().err
        assert err.startswith(f"sklearn_mtl: error: Cannot load {folder / 'cut.mtl'}: ")
        assert err.count("\n") == 1
        assert not (folder / "a.csv").exists()

    def test_a_changed_byte(self, folder, made, capsys):
        content = bytearray((made / "model.mtl").read_bytes())
        content[len(content) // 2] ^= 1
        (folder / "bad.mtl").write_bytes(content)
        assert predict(folder / "bad.mtl", "new.csv", "--to", folder / "a.csv") == 2
        assert capsys.readouterr().err.count("\n") == 1

    def test_a_folder(self, folder, capsys):
        assert predict(folder, "new.csv", "--to", folder / "a.csv") == 2
        assert "is a folder. Pass the path of a file" in capsys.readouterr().err

    def test_encryption(self, folder, monkeypatch, capsys):
        path, to = str(folder / "secret.mtl"), folder / "a.csv"
        arguments = path, "new.csv", "--to", to
        monkeypatch.setenv("MY_SECRET", "ä long password")
        named = ["--password-env", "MY_SECRET"]
        assert main([FIT[0], "data.csv", *FIT[1:], "--save", path, *named]) == 0
        assert capsys.readouterr().out.endswith(" bytes, encrypted.\n")
        with open(path, "rb") as file:
            assert b"body" not in file.read()
        assert predict(*arguments) == 2
        assert (
            "Set the environment variable SKLEARN_MTL_PASSW" in capsys.readouterr().err
        )
        monkeypatch.setenv("SKLEARN_MTL_PASSWORD", "wrong")
        assert predict(*arguments) == 2
        assert "The password is wrong" in capsys.readouterr().err
        assert predict(*arguments, *named) == 0
        assert predict("model.mtl", "new.csv", "--to", folder / "b.csv") == 2
        monkeypatch.delenv("SKLEARN_MTL_PASSWORD")
        assert predict("model.mtl", "new.csv", "--to", folder / "b.csv") == 0
        assert to.read_bytes() == (folder / "b.csv").read_bytes()

    def test_an_old_file_is_replaced(self, folder, capsys):
        path = folder / "old.mtl"
        path.write_text("something else")
        assert main([FIT[0], "data.csv", *FIT[1:], "--save", str(path)]) == 0
        assert predict(path, "new.csv", "--to", folder / "a.csv") == 0
        assert sorted(each.name for each in folder.iterdir()) == ["a.csv", "old.mtl"]
