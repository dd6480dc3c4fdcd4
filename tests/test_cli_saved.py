"""Model files of the command line: passwords, words of errors, what they know."""

from types import SimpleNamespace

import pytest

import sklearn_mtl
from sklearn_mtl._cli import _saved
from sklearn_mtl._cli._errors import CommandError, UsageError
from sklearn_mtl._cli._saved import (
    Saving,
    known_columns,
    load_model,
    model_errors,
    read_password,
)
from sklearn_mtl.persistence import (
    CannotWrite,
    PasswordNeeded,
    RuntimeUnsupported,
    TruncatedFile,
    UntrustedType,
)

TEXTS = ["great phone", "awful phone", "great film", "awful film"] * 5


@pytest.fixture(autouse=True)
def no_password(monkeypatch):
    monkeypatch.delenv("SKLEARN_MTL_PASSWORD", raising=False)


@pytest.fixture(scope="module")
def classifier():
    clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0)
    return clf.fit(TEXTS, {"tone": ["good", "bad"] * 10})


def options(path, **others):
    return SimpleNamespace(
        **{"save": str(path), "text": ["body"], "password_env": None} | others
    )


class TestPassword:
    def test_none(self):
        assert read_password(None) is None

    def test_the_usual_variable(self, monkeypatch):
        monkeypatch.setenv("SKLEARN_MTL_PASSWORD", "a b ")
        assert read_password(None) == "a b "

    def test_a_named_variable_comes_first(self, monkeypatch):
        monkeypatch.setenv("SKLEARN_MTL_PASSWORD", "a")
        monkeypatch.setenv("OTHER", "b")
        assert read_password("OTHER") == "b"

    def test_a_named_variable_must_be_there(self, monkeypatch):
        monkeypatch.setenv("SKLEARN_MTL_PASSWORD", "a")
        with pytest.raises(
            UsageError, match="--password-env NO_SUCH: there is no environment variable"
        ):
            read_password("NO_SUCH")

    @pytest.mark.parametrize("named", [None, "OTHER"])
    def test_an_empty_one_is_refused(self, monkeypatch, named):
        name = named or "SKLEARN_MTL_PASSWORD"
        monkeypatch.setenv(name, "")
        with pytest.raises(UsageError, match=rf"{name} is empty\. Set it .* or unset"):
            read_password(named)

    def test_what_cannot_be_one_is_told_before_the_training(self, monkeypatch):
        monkeypatch.setenv("OTHER", "\udcff")
        with pytest.raises(
            UsageError, match="Cannot save a: The password contains an unpaired"
        ):
            Saving(options("a", password_env="OTHER"))

    def test_the_extra_is_asked_for_before_the_training(self, monkeypatch):
        def missing(password):
            raise ImportError('Install it with pip install "sklearn-mtl[secure]".')

        monkeypatch.setattr(_saved, "check_password", missing)
        monkeypatch.setenv("OTHER", "a")
        with pytest.raises(UsageError, match=r"Cannot save a: .*sklearn-mtl\[secure\]"):
            Saving(options("a", password_env="OTHER"))


class TestErrors:
    @pytest.mark.parametrize(
        ("raised", "kind", "message"),
        [
            (TruncatedFile("It ends."), UsageError, r"^Cannot load a: It ends\.$"),
            (
                CannotWrite("Cannot write 'a': full."),
                CommandError,
                r"^Cannot write 'a': full\.$",
            ),
            (
                FileNotFoundError(2, "No such file"),
                UsageError,
                r"^Cannot load a: No such file\.$",
            ),
            (OSError("odd"), UsageError, r"^Cannot load a: odd\.$"),
            (ImportError("needs x"), UsageError, "^Cannot load a: needs x$"),
            (
                PasswordNeeded("The file is encrypted. Pass key= to load it."),
                UsageError,
                r"with a key, but the command line supports only passwords.*key=\.\.\.",
            ),
            (
                PasswordNeeded("The file is encrypted. Pass password= to load it."),
                UsageError,
                "Set the environment variable SKLEARN_MTL_PASSWORD .*--password-env",
            ),
            (
                UntrustedType("..."),
                UsageError,
                r"the command line does not load.*trusted",
            ),
            (
                RuntimeUnsupported("runtime='numpy' not. Load with runtime='torch'."),
                UsageError,
                r"^Cannot load a: --runtime numpy not\. Load with --runtime torch\.$",
            ),
        ],
    )
    def test_words(self, raised, kind, message):
        with (
            pytest.raises(CommandError, match=message) as caught,
            model_errors("load a"),
        ):
            raise raised
        assert type(caught.value) is kind

    def test_keys_are_told_from_passwords(self, classifier, tmp_path):
        path = str(tmp_path / "a.mtl")
        classifier.save(path, key=b"k" * 32)
        for password in (None, "open"):
            with pytest.raises(
                UsageError, match="the command line supports only passwords"
            ):
                load_model(path, password, "auto")

    def test_a_plain_file_in_the_place_of_an_encrypted_one(self, classifier, tmp_path):
        path = str(tmp_path / "a.mtl")
        classifier.save(path)
        message = r"not encrypted, .*unset SKLEARN_MTL_PASSWORD and remove --password"
        with pytest.raises(UsageError, match=message):
            load_model(path, "open", "auto")

    def test_what_cannot_be_written_is_told_before_the_training(self, tmp_path):
        for path, message in (
            (tmp_path, "is a folder"),
            ("/dev/null", "not a regular file"),
        ):
            with pytest.raises(CommandError, match=message) as caught:
                Saving(options(path))
            assert caught.value.exit_code == 1

    def test_a_folder_that_goes_away(self, classifier, tmp_path):
        saving = Saving(options(tmp_path / "gone" / "a.mtl"))
        with pytest.raises(
            CommandError, match="Cannot write into the folder"
        ) as caught:
            saving.write(classifier, [])
        assert caught.value.exit_code == 1


class TestColumns:
    COLUMNS = (
        SimpleNamespace(name="tone", joined=False, separator="|"),
        SimpleNamespace(name="tags", joined=True, separator=";"),
    )

    @pytest.mark.parametrize("runtime", ["numpy", "torch"])
    def test_a_file_knows_them(self, classifier, tmp_path, capsys, runtime):
        path = tmp_path / "a.mtl"
        Saving(options(path, text=["title", "bödy"])).write(classifier, self.COLUMNS)
        size = f"{path.stat().st_size:,}"
        assert capsys.readouterr().out == f"Saved {path}: {size} bytes.\n"
        loaded = load_model(str(path), None, runtime)
        found = known_columns("a.mtl", loaded)
        assert found == (["title", "bödy"], {"tags": ";"})
        # And so does a copy of the file.
        if runtime == "torch":
            loaded.save(tmp_path / "b.mtl")
            again = sklearn_mtl.load(tmp_path / "b.mtl", runtime="numpy")
            assert known_columns("b.mtl", again) == found

    def test_the_next_fit_forgets_them(self, tmp_path):
        clf = sklearn_mtl.MultiTaskTextClassifier(random_state=0)
        clf.fit(TEXTS, [1, 0] * 10)
        Saving(options(tmp_path / "a.mtl")).write(clf, [])
        assert known_columns("a", clf.fit(TEXTS, [0, 1] * 10)) == ([], {})

    def test_one_saved_in_python_does_not(self, classifier, tmp_path):
        plain = SimpleNamespace(classes_=classifier.classes_)
        assert known_columns("a.mtl", plain) == ([], {})

    @pytest.mark.parametrize(
        "known",
        [
            3,
            [],
            {},
            {"text": "body", "separators": {}},
            {"text": [1], "separators": {}},
            {"text": ["a"], "separators": 7},
            {"text": ["a"], "separators": {"a": None}},
        ],
    )
    def test_a_changed_file(self, known):
        changed = SimpleNamespace(table_columns_=known)
        with pytest.raises(
            UsageError, match=r"Cannot load a\.mtl: table_columns_ is not valid"
        ):
            known_columns("a.mtl", changed)
