"""The docstrings are read off the sources; the artificial tasks share what they say."""

import ast
import gc
import gzip
import importlib.util
import inspect
import json
import os
import platform
import statistics
import sys
import textwrap
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import mutual_info_score
from sklearn.utils import Bunch

from sklearn_mtl.datasets import (
    _docstring_cache,
    _docstrings,
    _synthetic,
    load_docstrings,
    make_multitask_texts,
)
from sklearn_mtl.datasets._definitions import documented_definitions

LIBRARIES = {"stdlib", "numpy", "scipy", "sklearn", "skorch"}


# The real data set -------------------------------------------------------------------


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Build once: the folder of the cache, the data set, and what got imported."""
    data_home = tmp_path_factory.mktemp("data_home")
    before = set(sys.modules)
    docstrings = load_docstrings(data_home=data_home)
    return Bunch(
        data_home=data_home, docstrings=docstrings, imported=set(sys.modules) - before
    )


@pytest.fixture(scope="module")
def docstrings(loaded):
    return loaded.docstrings


def test_columns_are_parallel(docstrings):
    assert docstrings.target_names == list(docstrings.target)
    lengths = {len(docstrings.data), len(docstrings.names)}
    lengths |= {len(labels) for labels in docstrings.target.values()}
    assert len(lengths) == 1
    assert docstrings.frame is None


def test_texts_are_distinct_and_long_enough(docstrings):
    assert len(docstrings.data) > 5000
    assert len(set(docstrings.data)) == len(docstrings.data)
    assert min(len(text.split()) for text in docstrings.data) >= 5


def test_cells_are_strings_or_none(docstrings):
    for labels in docstrings.target.values():
        assert labels.dtype == object
        assert {type(label) for label in labels} <= {str, type(None)}


def test_every_task_has_classes_and_none_is_rare(docstrings):
    for task, labels in docstrings.target.items():
        counts = Counter(labels)
        counts.pop(None, None)
        assert len(counts) >= 3, task
        assert min(counts.values()) >= 50, task


def test_every_library_is_there_with_its_version(docstrings):
    assert set(docstrings.target["library"]) == LIBRARIES
    assert set(docstrings.versions) == LIBRARIES
    assert docstrings.versions["stdlib"] == platform.python_version()
    assert docstrings.versions["numpy"] == np.__version__


def test_labels_are_missing_where_there_is_no_answer(docstrings):
    target = docstrings.target
    kind = target["kind"]
    assert None not in target["library"]
    no_call = np.isin(kind.astype(str), ["module", "class"])
    assert (target["n_parameters"][no_call] == None).all()  # noqa: E711
    assert None not in target["n_parameters"][~no_call]
    assert (target["returns"][no_call] == None).all()  # noqa: E711
    assert (target["visibility"][kind == "module"] == None).all()  # noqa: E711
    bound = np.isin(kind.astype(str), ["method", "property", "None"])
    assert (target["state"][~bound] == None).all()  # noqa: E711
    # Not all methods have a body, so some more are missing; most are not.
    assert 0.5 < np.mean([label is not None for label in target["state"][bound]]) < 1
    assert 0.3 < np.mean([label is not None for label in target["subpackage"]]) < 0.95


def test_subpackages_lie_in_their_library(docstrings):
    pairs = zip(
        docstrings.target["library"],
        docstrings.target["subpackage"],
        docstrings.names,
        strict=True,
    )
    for library, subpackage, name in pairs:
        if subpackage is not None:
            assert (subpackage + ".").startswith(library + ".") or library == "stdlib"
            assert (name + ".").startswith(subpackage + ".")


def test_tests_and_vendored_code_are_left_out(docstrings):
    # Of a name, the folders are what is sure to be a folder: those of a module's name.
    modules = {
        name
        for name, kind in zip(docstrings.names, docstrings.target["kind"], strict=True)
        if kind == "module"
    }
    folders = {part for name in modules for part in name.split(".")[:-1]}
    assert not folders & {"test", "tests", "externals", "site-packages", "idlelib"}


@pytest.mark.skipif(sys.flags.optimize > 1, reason="-OO strips docstrings")
@pytest.mark.parametrize("function", [json.loads, textwrap.dedent, statistics.mean])
def test_sources_say_the_same_as_the_imported_module(docstrings, function):
    row = docstrings.names.index(f"{function.__module__}.{function.__name__}")
    assert docstrings.data[row] == inspect.getdoc(function)
    labels = {task: labels[row] for task, labels in docstrings.target.items()}
    assert labels["library"] == "stdlib"
    assert labels["kind"] == "function"
    assert labels["visibility"] == "public"
    assert labels["returns"] == "value"
    assert labels["state"] is None


def test_loading_imports_none_of_the_libraries(loaded):
    # Modules of the cache itself, such as gzip, may well be new.
    wrong = {name for name in loaded.imported if name.split(".")[0] in LIBRARIES}
    assert not wrong
    assert not loaded.imported & {"antigravity", "this", "tkinter", "turtle"}


def test_cache_gives_the_same_and_is_read(loaded, monkeypatch):
    monkeypatch.setattr(_docstrings, "_collect", _must_not_be_called)
    again = load_docstrings(data_home=loaded.data_home)
    assert again.data == loaded.docstrings.data
    assert again.names == loaded.docstrings.names
    assert again.versions == loaded.docstrings.versions
    for task, labels in loaded.docstrings.target.items():
        assert again.target[task].tolist() == labels.tolist()


def test_callers_cannot_change_each_others_data(loaded):
    first = load_docstrings(data_home=loaded.data_home)
    first.data[0] = "changed"
    first.target["kind"][0] = "changed"
    second = load_docstrings(data_home=str(loaded.data_home))
    assert second.data[0] == loaded.docstrings.data[0]
    assert second.target["kind"][0] == loaded.docstrings.target["kind"][0]


def test_data_and_target_alone(loaded):
    data, target = load_docstrings(data_home=loaded.data_home, return_X_y=True)
    assert data == loaded.docstrings.data
    assert list(target) == loaded.docstrings.target_names


def test_frames(loaded):
    pytest.importorskip("pandas")
    docstrings = load_docstrings(data_home=loaded.data_home, as_frame=True)
    plain = loaded.docstrings
    assert docstrings.data.tolist() == plain.data
    assert docstrings.data.name == "text"
    assert docstrings.target.columns.tolist() == plain.target_names
    assert docstrings.frame.columns.tolist() == ["text", *plain.target_names]
    for task, labels in plain.target.items():
        column = docstrings.target[task]
        missing = [label is None for label in labels]
        assert column.isna().tolist() == missing
        assert column.dropna().tolist() == [
            label for label in labels if label is not None
        ]


def test_frames_without_the_bunch(loaded):
    pandas = pytest.importorskip("pandas")
    data, target = load_docstrings(
        data_home=loaded.data_home, return_X_y=True, as_frame=True
    )
    assert isinstance(data, pandas.Series)
    assert isinstance(target, pandas.DataFrame)
    assert "text" not in target


def test_the_description_names_every_task(docstrings):
    for task in docstrings.target_names:
        assert f"\n{task}\n    " in docstrings.DESCR


def _must_not_be_called(*args):
    raise AssertionError("called although there was no need")


# A library of our own, to see what happens to each file -------------------------------


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Let the loader read one small folder as if it were the standard library."""
    folder = tmp_path / "library"
    folder.mkdir()
    sources = {"stdlib": ("1.0", str(folder))}
    monkeypatch.setattr(_docstrings, "_sources", lambda: sources)
    monkeypatch.setattr(_docstrings, "MINIMUM_COUNT", 1)

    def write(name, content='"""A docstring of just five words."""'):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    write.sources = sources
    write("kept.py", '"""The docstring that is always there."""')
    return write


@pytest.fixture
def data_home(tmp_path):
    return tmp_path / "data_home"


def the_cache(data_home):
    (path,) = data_home.iterdir()
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"def broken(:",
        b"\x00",
        b"# coding: no-such-coding\n",
        b"\xff\xfe",
        b"(" * 1000,
        b"-" * 5000 + b"1",
        b"-" * 100_000 + b"1",
        b"if a:\n    pass\n" + b"elif a:\n    pass\n" * 5000,
    ],
    ids=["syntax", "null", "coding", "bytes", "parentheses", "deep", "deeper", "long"],
)
def test_files_that_cannot_be_parsed_are_skipped(library, data_home, content):
    library("broken.py", content)
    assert load_docstrings(data_home=data_home).names == ["kept"]


def test_unreadable_files_are_skipped(library, data_home, tmp_path):
    os.symlink(tmp_path / "nowhere", tmp_path / "library" / "dangling.py")
    assert load_docstrings(data_home=data_home).names == ["kept"]


def test_warnings_about_foreign_sources_stay_inside(library, data_home):
    source = '"""A text with an \\d invalid escape."""'
    with pytest.warns((SyntaxWarning, DeprecationWarning), match="invalid escape"):
        ast.parse(source)
    library("odd.py", source)
    assert "odd" in load_docstrings(data_home=data_home).names


@pytest.mark.parametrize(
    "name",
    [
        "tests/a.py",
        "package/test/a.py",
        "site-packages/other/a.py",
        "package/externals/a.py",
        "test_a.py",
        "package/conftest.py",
        "a.pyi",
        "a.txt",
    ],
)
def test_files_that_are_no_part_of_the_library(library, data_home, name):
    library(name)
    assert load_docstrings(data_home=data_home).names == ["kept"]


def test_names_and_subpackages_come_from_the_path(library, data_home):
    library("package/__init__.py", '"""One two three four five."""')
    library("package/inner/module.py", '"""One two three four six."""')
    library("alone.py", '"""One two three four seven."""')
    library.sources["scipy"] = library.sources["stdlib"]
    docstrings = load_docstrings(data_home=data_home)
    assert docstrings.names == ["alone", "kept", "package", "package.inner.module"]
    assert docstrings.target["subpackage"].tolist() == [None, None] + ["package"] * 2

    del library.sources["stdlib"]
    docstrings = load_docstrings(data_home=data_home)
    assert docstrings.names[3] == "scipy.package.inner.module"
    assert docstrings.target["subpackage"][3] == "scipy.package"


def test_short_and_repeated_texts_are_left_out(library, data_home):
    library("b.py", '"""Only four words here."""')
    library("c.py", '"""A docstring of just five words."""')
    library("d.py", '"""A docstring of just five words."""')
    assert load_docstrings(data_home=data_home).names == ["c", "kept"]


def test_rare_labels_become_missing(library, data_home, monkeypatch):
    monkeypatch.setattr(_docstrings, "MINIMUM_COUNT", 2)
    library("a.py", 'class Thing:\n    """A docstring of just five words."""')
    library("b.py", '"""A text with five words."""')
    docstrings = load_docstrings(data_home=data_home)
    assert docstrings.names == ["a.Thing", "b", "kept"]
    assert docstrings.target["kind"].tolist() == [None, "module", "module"]
    assert docstrings.target["library"].tolist() == ["stdlib"] * 3


def test_sources_are_found_without_importing_them(tmp_path, monkeypatch):
    package = tmp_path / "tripwire"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(
        _docstrings, "_DISTRIBUTIONS", {"tripwire": "numpy", "no_such_package": "x"}
    )
    sources = _docstrings._sources()
    assert sources["tripwire"] == (np.__version__, str(package))
    assert set(sources) == {"stdlib", "tripwire"}
    assert Path(sources["stdlib"][1], "json", "__init__.py").exists()
    assert "tripwire" not in sys.modules


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_collection_goes_on_as_before(library, monkeypatch, enabled):
    seen = []

    def fail(sources):
        seen.append(gc.isenabled())
        raise RuntimeError("on the way")

    monkeypatch.setattr(_docstrings, "_collect", fail)
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with pytest.raises(RuntimeError, match="on the way"):
            load_docstrings()
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()
    assert seen == [False]


def test_a_label_is_rare_below_fifty():
    rows = [["name", "text", *labels * 7] for labels in [["a"]] * 50 + [["b"]] * 49]
    _docstrings._remove_rare_labels(rows)
    assert [row[2:] for row in rows] == [["a"] * 7] * 50 + [[None] * 7] * 49


# The cache ----------------------------------------------------------------------------


def test_a_cache_file_says_what_it_depends_on(tmp_path):
    header = _docstrings._header({"stdlib": ("3.12", "a"), "numpy": ("2.0", "b")})
    assert header == {
        "schema": 1,
        "platform": f"{sys.implementation.name}-{sys.platform}",
        "versions": {"stdlib": "3.12", "numpy": "2.0"},
        "columns": ["name", "text", *_docstrings.TASKS],
    }
    path = _docstring_cache.cache_path(tmp_path / "new" / "folder", {"some": "header"})
    assert path == tmp_path / "new" / "folder" / "docstrings-9abc826748e9b049.jsonl.gz"
    assert path.parent.is_dir()
    # Once more, now that the folder is there.
    assert _docstring_cache.cache_path(path.parent, {"some": "header"}) == path


def test_the_folder_of_a_cache_may_be_under_the_home_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert _docstring_cache.cache_path("~/cache", {}).parent == tmp_path / "cache"


def test_cache_is_reproducible_json(library, data_home, tmp_path):
    load_docstrings(data_home=data_home)
    load_docstrings(data_home=tmp_path / "other")
    path, other = the_cache(data_home), the_cache(tmp_path / "other")
    assert path.name == other.name
    assert path.read_bytes() == other.read_bytes()
    header, row = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    assert header["versions"] == {"stdlib": "1.0"}
    assert len(header["columns"]) == len(row)
    assert row[:2] == ["kept", "The docstring that is always there."]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"not gzip",
        lambda content: content[:-9],
        lambda content: content[:40] + b"\x00\x00\x00" + content[43:],
        lambda content: gzip.compress(b"not json\n"),
        lambda content: gzip.compress(b"\xff\n"),
        lambda content: gzip.compress(gzip.decompress(content).splitlines()[0]),
        lambda content: gzip.compress(gzip.decompress(content) + b"{}\n"),
        lambda content: gzip.compress(
            gzip.decompress(content).replace(b'"kept"', b"null")
        ),
        lambda content: gzip.compress(
            gzip.decompress(content).replace(b'"module"', b"3")
        ),
        lambda content: gzip.compress(gzip.decompress(content).replace(b"1.0", b"1.1")),
    ],
    ids=[
        "empty",
        "not gzip",
        "truncated",
        "bytes changed",
        "not json",
        "not text",
        "lines lost",
        "lines added",
        "no name",
        "label no string",
        "other versions",
    ],
)
def test_damaged_cache_is_replaced(library, data_home, damage):
    before = load_docstrings(data_home=data_home)
    path = the_cache(data_home)
    sound = path.read_bytes()
    path.write_bytes(damage(sound))
    assert path.read_bytes() != sound
    after = load_docstrings(data_home=data_home)
    assert (after.data, after.names) == (before.data, before.names)
    assert the_cache(data_home).read_bytes() == sound


@pytest.mark.parametrize("what", ["version", "schema"])
def test_cache_belongs_to_versions(library, data_home, monkeypatch, what):
    load_docstrings(data_home=data_home)
    library("new.py")
    assert load_docstrings(data_home=data_home).names == ["kept"]
    if what == "version":
        library.sources["stdlib"] = ("1.1", library.sources["stdlib"][1])
    else:
        monkeypatch.setattr(_docstrings, "_SCHEMA", -1)
    assert load_docstrings(data_home=data_home).names == ["kept", "new"]
    assert len(list(data_home.iterdir())) == 2


def test_default_folder_is_in_the_data_folder_of_scikit_learn(
    library, tmp_path, monkeypatch
):
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "scikit_learn_data"))
    load_docstrings()
    assert the_cache(tmp_path / "scikit_learn_data" / "sklearn_mtl").suffix == ".gz"


def test_data_home_that_is_no_folder_is_tolerated(library, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    for _ in range(2):
        names = load_docstrings(data_home=tmp_path / "file" / "data_home").names
        assert names == ["kept"]


def test_no_data_folder_of_scikit_learn_is_tolerated(library, monkeypatch):
    def refuse():
        raise PermissionError("no home")

    monkeypatch.setattr(_docstring_cache, "get_data_home", refuse)
    assert load_docstrings().names == ["kept"]


@pytest.mark.parametrize("place", ["tempfile.mkstemp", "os.replace"])
def test_failure_to_write_is_tolerated_and_leaves_nothing(
    library, data_home, monkeypatch, place
):
    def refuse(*args, **kwargs):
        raise PermissionError("read-only")

    monkeypatch.setattr(f"{_docstring_cache.__name__}.{place}", refuse)
    assert load_docstrings(data_home=data_home).names == ["kept"]
    assert list(data_home.iterdir()) == []


def test_readers_never_see_half_a_file(library, data_home, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"{_docstrings.__name__}.os.replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load_docstrings(data_home=data_home)
    assert list(data_home.iterdir()) == []


label = st.none() | st.text()
row = st.tuples(st.text(), st.text(), *[label] * len(_docstrings.TASKS)).map(list)


@settings(deadline=None, max_examples=50)
@given(rows=st.lists(row, min_size=1, max_size=5), data=st.data())
def test_cache_gives_back_any_text_and_knows_what_is_cut_off(
    tmp_path_factory, rows, data
):
    path = tmp_path_factory.mktemp("cache") / "cache.gz"
    header = _docstrings._header({})
    _docstring_cache.write_cache(path, header, rows)
    assert _docstring_cache.read_cache(path, header) == rows
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    assert _docstring_cache.read_cache(path, header) is None


# Errors -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["return_X_y", "as_frame"])
def test_options_must_be_bool(name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of load_docstrings"):
        load_docstrings(**{name: "yes"})


def test_data_home_must_be_a_path():
    with pytest.raises(
        ValueError, match="The 'data_home' parameter of load_docstrings"
    ):
        load_docstrings(data_home=3)


def test_an_installation_without_sources(library, data_home, tmp_path):
    (tmp_path / "library" / "kept.py").unlink()
    with pytest.raises(
        RuntimeError, match=r"Found no docstrings in .*library\. Python"
    ):
        load_docstrings(data_home=data_home)
    assert list(data_home.iterdir()) == []


def test_frames_without_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    # Told before anything slow is done.
    monkeypatch.setattr(_docstrings, "_collect", _must_not_be_called)
    with pytest.raises(
        ImportError, match=r'as_frame=True needs pandas.*"sklearn-mtl\[pandas\]"'
    ):
        load_docstrings(as_frame=True)


# Labels from code ---------------------------------------------------------------------


def described(source):
    """Return {name: labels} of a source text, texts left out."""
    tree = ast.parse(textwrap.dedent(source))
    return {name: labels for name, _, labels in documented_definitions(tree)}


def only(source):
    (labels,) = described(source).values()
    return labels


def test_definitions_are_found_wherever_they_stand():
    source = '''
        """The module."""
        if True:
            class A:
                """A class,

                    indented.

                End."""
                def silent(self): pass
                try:
                    def method(self):
                        """A method."""
                        async def inner():
                            """A function."""
                except ValueError:
                    def method2(self): "Another."
        match 1:
            case 1:
                def f(): "A function."
    '''
    tree = ast.parse(textwrap.dedent(source))
    found = list(documented_definitions(tree))
    assert [(name, labels["kind"]) for name, _, labels in found] == [
        ("", "module"),
        ("A", "class"),
        ("A.method", "method"),
        ("A.method.inner", "function"),
        ("A.method2", "method"),
        ("f", "function"),
    ]
    assert found[1][1] == "A class,\n\n    indented.\n\nEnd."


@pytest.mark.parametrize(
    ("decorator", "kind"),
    [
        ("@property", "property"),
        ("@functools.cached_property", "property"),
        ("@abc.abstractproperty", "property"),
        ("@name.setter", "property"),
        ("@available_if(check)", "method"),
        ("@classmethod", "classmethod"),
        ("@staticmethod", "staticmethod"),
        ("@registry[0]", "method"),
        ("", "method"),
    ],
)
def test_kind_of_what_stands_in_a_class(decorator, kind):
    source = f'class A:\n    {decorator}\n    def name(self): "Text."'
    assert only(source)["kind"] == kind


@pytest.mark.parametrize(
    ("source", "visibility"),
    [
        ('def f(): "Text."', "public"),
        ('def _f(): "Text."', "private"),
        ('def __f(): "Text."', "private"),
        ('class A:\n def __call__(self): "Text."', "special"),
        ('class _A:\n def f(self): "Text."', "private"),
        ('def f():\n def g(): "Text."', "private"),
        ('"""Text."""', None),
    ],
)
def test_visibility(source, visibility):
    assert only(source)["visibility"] == visibility


@pytest.mark.parametrize(
    ("body", "returns"),
    [
        ("return 1", "value"),
        ("return f()", "value"),
        ("if a: return None, 1", "value"),
        ("return", "nothing"),
        ("return None", "nothing"),
        ("f()", "nothing"),
        ("yield 1", "generator"),
        ("x = yield", "generator"),
        ("yield from f()", "generator"),
        ("def g(): return 1", "nothing"),
        ("f(lambda: (yield))", "nothing"),
        ("class A:\n     def g(): return 1", "nothing"),
        ("pass", None),
        ("...", None),
        ("raise NotImplementedError", None),
        ("", None),
    ],
)
def test_returns(body, returns):
    assert only(f'def f():\n    "Text."\n    {body}')["returns"] == returns


@pytest.mark.parametrize(
    ("signature", "count"),
    [
        ("", "0"),
        ("a", "1"),
        ("a, /, b", "2"),
        ("*a, **b", "2"),
        ("a, *, b, c", "3 or 4"),
        ("a, b, c, d", "3 or 4"),
        ("a, b, c, *d, **e", "5 or more"),
    ],
)
def test_parameters_are_counted(signature, count):
    function = only(f'def f({signature}): "Text."')
    static = only(f'class A:\n @staticmethod\n def f({signature}): "Text."')
    bound = ", ".join(filter(None, ["self", signature]))
    method = only(f'class A:\n def f({bound}): "Text."')
    class_method = only(f'class A:\n @classmethod\n def f({bound}): "Text."')
    for labels in (function, static, method, class_method):
        assert labels["n_parameters"] == count


def test_a_method_without_parameters_has_none():
    assert only('class A:\n def f(): "Text."')["n_parameters"] == "0"


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ("self.a = 1", "changed"),
        ("self.a += 1", "changed"),
        ("del self.a", "changed"),
        ("for self.a in b: pass", "changed"),
        ("return self.a", "read"),
        ("self.f()", "read"),
        ("self.a.b = 1", "read"),
        ("return other.a", "untouched"),
        ("return self", "untouched"),
        ("def g(self): self.a = 1", "untouched"),
        ("raise ValueError(self.a)", None),
    ],
)
def test_state(body, state):
    source = f'class A:\n    def f(self, other):\n        "Text."\n        {body}'
    assert only(source)["state"] == state
    # The name is a habit, the position is what counts.
    assert only(source.replace("self", "this"))["state"] == state
    assert only(source.replace("def f", "@property\n    def f"))["state"] == state
    assert only(source.replace("def f", "@staticmethod\n    def f"))["state"] is None


def test_state_needs_an_object():
    assert only('class A:\n def f():\n  "Text."\n  return 1')["state"] is None
    assert only('def f(self):\n "Text."\n return self.a')["state"] is None


# Artificial texts ---------------------------------------------------------------------


def test_defaults():
    texts, y = make_multitask_texts(random_state=0)
    assert len(texts) == 1000
    assert y.shape == (1000, 3)
    assert y.dtype == np.int64
    assert all(set(column) == {0, 1, 2} for column in y.T)
    assert abs(np.mean([len(text.split()) for text in texts]) - 50) < 1


def test_defaults_written_out():
    texts, y = make_multitask_texts(random_state=0)
    again, y_again = make_multitask_texts(
        1000, 3, 3, relatedness=1.0, missing_rate=0.0, n_words=1000, length=50,
        noise=0.1, return_latent=False, random_state=0,
    )  # fmt: skip
    assert texts == again
    np.testing.assert_array_equal(y, y_again)


def test_the_promise_made_under_a_seed():
    texts, y, latent = make_multitask_texts(
        4, 2, [2, 7], relatedness=0.3, missing_rate=[0.2, 0.5], n_words=12, length=5,
        noise=0.5, return_latent=True, random_state=0,
    )  # fmt: skip
    assert texts == [
        "word00 word02 word03 word08 word02 word08",
        "word10 word04 word04 word04 word07 word02 word01 word04 word03 word04",
        "word02 word02 word02",
        "word00 word04 word04",
    ]
    assert np.isnan(y).tolist() == [[1, 0], [0, 0], [1, 0], [0, 1]]
    # Seven classes need six dimensions, of all tasks; six or fewer have five.
    assert latent.owner.tolist() == [-1] * 6 + [0] * 6 + [1] * 6
    np.testing.assert_allclose(
        latent.topics[0, :4], [-0.01702, 0.37915, 2.25931, -0.04226], atol=1e-5
    )
    np.testing.assert_allclose(
        latent.word_loadings[1, :4], [0.11069, -0.30197, -0.90262, 0.23109], atol=1e-5
    )
    six = make_multitask_texts(1, 1, 6, return_latent=True, random_state=0)[2]
    assert six.owner.tolist() == [-1] * 5 + [0] * 5


@pytest.mark.parametrize(("n_words", "width"), [(10, 1), (11, 2), (100, 2), (101, 3)])
def test_numbers_of_words_are_as_long_as_the_last(n_words, width):
    texts = make_multitask_texts(20, n_words=n_words, random_state=0)[0]
    assert {len(word) for text in texts for word in text.split()} == {4 + width}


def test_draws_become_words_by_the_inverse_of_each_row():
    scores = np.log([[1.0, 1, 1, 1], [1, 1, 2, 4]]) + 800  # too large for exp
    draws = np.array([0.0, 0.24, 0.25, 0.99, 1.0, 0.124, 0.126, 0.26, 0.49, 0.51])
    words = _synthetic._draw_words(scores, np.array([5, 5]), draws)
    # The last draw of the first row is rounded up to 1, and still of that row.
    assert words.tolist() == [0, 0, 1, 3, 3, 0, 1, 2, 2, 3]


def test_same_seed_same_data_other_seed_other_data():
    texts, y = make_multitask_texts(50, random_state=3)
    again, y_again = make_multitask_texts(50, random_state=np.random.RandomState(3))
    assert texts == again
    np.testing.assert_array_equal(y, y_again)
    assert make_multitask_texts(50, random_state=4)[0] != texts


def test_texts_in_one_piece_and_in_many_are_the_same(monkeypatch):
    texts = make_multitask_texts(50, n_words=60, random_state=0)[0]
    monkeypatch.setattr("sklearn_mtl.datasets._synthetic._CHUNK", 7 * 60)
    assert make_multitask_texts(50, n_words=60, random_state=0)[0] == texts


def test_words_follow_their_probabilities():
    texts, _, latent = make_multitask_texts(
        4000, 1, n_words=20, length=30, return_latent=True, random_state=0
    )
    counts = np.array(
        [[text.split().count(f"word{w:02}") for w in range(20)] for text in texts]
    )
    scores = latent.topics @ latent.word_loadings.T - np.log(np.arange(20) + 10)
    probabilities = np.exp(scores)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    expected = probabilities * counts.sum(axis=1, keepdims=True)
    # For each word: in all, and in the texts where it should be frequent.
    for some in (np.ones_like(counts), probabilities > 0.2):
        found, wanted = (counts * some).sum(axis=0), (expected * some).sum(axis=0)
        # Five standard deviations of a Poisson number, which is wider than ours.
        assert (abs(found - wanted) <= 5 * np.sqrt(wanted)).all()


def test_no_text_is_empty_and_lengths_are_kept():
    texts = make_multitask_texts(500, length=0.01, random_state=0)[0]
    lengths = [len(text.split()) for text in texts]
    assert min(lengths) == 1
    assert max(lengths) <= 2


@pytest.mark.parametrize("n_classes", [2, 3, 10, [2, 3, 7]])
@pytest.mark.parametrize("relatedness", [0, 0.5, 1])
def test_classes_are_balanced(n_classes, relatedness):
    _, y = make_multitask_texts(
        5000, n_classes=n_classes, relatedness=relatedness, length=1, random_state=0
    )
    for column, count in zip(y.T, np.broadcast_to(n_classes, 3), strict=True):
        shares = np.bincount(column, minlength=count) / len(column)
        assert len(shares) == count
        # Five standard deviations of a share.
        np.testing.assert_allclose(
            shares, 1 / count, atol=5 * np.sqrt(1 / count / 5000)
        )


def test_missing_rates_per_task():
    rates = [0, 0.4, 0.6]
    _, y, latent = make_multitask_texts(
        5000, missing_rate=rates, length=1, return_latent=True, random_state=0
    )
    assert y.dtype == np.float64
    missing = np.isnan(y)
    np.testing.assert_allclose(missing.mean(axis=0), rates, atol=0.03)
    assert not missing[:, 0].any()
    np.testing.assert_array_equal(y[~missing], latent.labels[~missing])
    # Cell by cell: whether one is missing says nothing about the next.
    both = (missing[:, 1] & missing[:, 2]).mean()
    assert abs(both - 0.4 * 0.6) < 0.03


def test_one_missing_rate_for_all():
    _, y = make_multitask_texts(5000, missing_rate=0.3, length=1, random_state=0)
    np.testing.assert_allclose(np.isnan(y).mean(axis=0), 0.3, atol=0.03)


def test_a_rate_decides_the_dtype_and_chance_does_not():
    _, y = make_multitask_texts(2, 1, missing_rate=1e-9, random_state=0)
    assert y.dtype == np.float64
    assert not np.isnan(y).any()


def test_what_does_not_depend_on_what():
    def make(**parameters):
        return make_multitask_texts(
            200, return_latent=True, random_state=0, **parameters
        )

    texts, y, latent = make()
    for parameters in ({"relatedness": 0.3}, {"noise": 2}, {"missing_rate": 0.5}):
        others, _, other_latent = make(**parameters)
        assert others == texts
        np.testing.assert_array_equal(other_latent.topics, latent.topics)
    np.testing.assert_array_equal(make(missing_rate=0.5)[2].labels, y)
    assert (make(relatedness=0.3)[1] != y).any()
    assert (make(noise=2)[1] != y).any()


def test_labels_are_the_highest_scores_without_noise():
    _, y, latent = make_multitask_texts(
        200, n_classes=[2, 3, 4], noise=0, return_latent=True, random_state=0
    )
    for labels, loadings in zip(y.T, latent.task_loadings, strict=True):
        np.testing.assert_array_equal(
            labels, (latent.topics @ loadings.T).argmax(axis=1)
        )


def test_noise_makes_labels_wrong():
    wrong = []
    for noise in (0, 0.1, 1, 10):
        _, y, latent = make_multitask_texts(
            5000, 1, noise=noise, length=1, return_latent=True, random_state=0
        )
        best = (latent.topics @ latent.task_loadings[0].T).argmax(axis=1)
        wrong.append((y[:, 0] != best).mean())
    assert wrong == sorted(wrong)
    assert wrong[0] == 0
    assert 0.01 < wrong[1] < 0.1
    assert wrong[3] > 0.5


@settings(deadline=None, max_examples=40)
@given(
    n_samples=st.integers(1, 20),
    n_classes=st.lists(st.integers(2, 9), min_size=1, max_size=4),
    relatedness=st.floats(0, 1),
    n_words=st.integers(2, 2000),
    seed=st.integers(0, 2**32 - 1),
)
def test_laws_of_the_latent_structure(n_samples, n_classes, relatedness, n_words, seed):
    texts, y, latent = make_multitask_texts(
        n_samples,
        len(n_classes),
        n_classes,
        relatedness=relatedness,
        n_words=n_words,
        length=5,
        return_latent=True,
        random_state=seed,
    )
    assert len(texts) == n_samples
    assert all(word[:4] == "word" for text in texts for word in text.split())
    assert {int(w[4:]) for text in texts for w in text.split()} <= set(range(n_words))
    assert (y >= 0).all()
    assert (y < n_classes).all()
    assert latent.word_loadings.shape == (n_words, len(latent.owner))
    assert latent.topics.shape == (n_samples, len(latent.owner))
    for task, loadings in enumerate(latent.task_loadings):
        # Nobody reads what belongs to another.
        foreign = (latent.owner != -1) & (latent.owner != task)
        assert not loadings[:, foreign].any()
        # relatedness is the share of every class's variance in the shared topics.
        shared = (loadings[:, latent.owner == -1] ** 2).sum(axis=1)
        np.testing.assert_allclose(shared, relatedness, atol=1e-9)
        # Whatever is shared, the classes are corners of one regular simplex.
        count = n_classes[task]
        simplex = (count * np.eye(count) - 1) / (count - 1)
        np.testing.assert_allclose(loadings @ loadings.T, simplex, atol=1e-9)


def test_related_tasks_read_few_dimensions_and_unrelated_ones_many():
    ranks = []
    for relatedness in (0, 1):
        latent = make_multitask_texts(
            1, 6, relatedness=relatedness, return_latent=True, random_state=0
        )[2]
        ranks.append(np.linalg.matrix_rank(np.vstack(latent.task_loadings)))
    assert ranks == [6 * 2, 5]


def test_related_tasks_tell_about_each_other_and_unrelated_ones_do_not():
    information = []
    for relatedness in (0, 0.5, 1):
        _, y = make_multitask_texts(
            5000, 4, relatedness=relatedness, length=1, random_state=0
        )
        pairs = [(i, j) for i in range(4) for j in range(i)]
        information.append(
            np.mean([mutual_info_score(y[:, i], y[:, j]) for i, j in pairs])
        )
    # By chance alone: degrees of freedom / (2 n) = 4 / 10000.
    assert information[0] < 0.001
    assert information == sorted(information)
    assert information[2] > 0.05


def scores_alone_and_shared(relatedness):
    """Mean accuracy of linear models per task, without and with a common subspace.

    The subspace is that of [2] in the docstring: the main directions of the weights
    which were learnt for each task alone.
    """
    texts, y, latent = make_multitask_texts(
        2500,
        8,
        relatedness=relatedness,
        missing_rate=0.9,
        return_latent=True,
        random_state=0,
    )
    X = TfidfVectorizer().fit_transform(texts)
    train = np.arange(len(texts)) < 2000
    rows = [train & ~np.isnan(labels) for labels in y.T]
    alone = [
        RidgeClassifier().fit(X[some], labels[some])
        for some, labels in zip(rows, y.T, strict=True)
    ]
    weights = np.vstack([model.coef_ for model in alone])
    embedded = X @ np.linalg.svd(weights, full_matrices=False)[2][:5].T
    embedded /= embedded.std()
    shared = [
        LogisticRegression().fit(embedded[some], labels[some])
        for some, labels in zip(rows, y.T, strict=True)
    ]
    truth = latent.labels[~train].T
    return [
        np.mean(
            [
                model.score(inputs[~train], labels)
                for model, labels in zip(models, truth, strict=True)
            ]
        )
        for models, inputs in ((alone, X), (shared, embedded))
    ]


def test_sharing_helps_related_tasks_and_harms_unrelated_ones():
    alone, shared = scores_alone_and_shared(relatedness=1)
    assert shared > alone + 0.02
    alone, shared = scores_alone_and_shared(relatedness=0)
    assert shared < alone - 0.02
    assert alone > 0.4  # of 0.33 by chance: a tenth of the labels teaches something


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_classes": [2, 3]}, r"n_classes must .*each of the 3 tasks. Got 2 entries"),
        (
            {"n_classes": [2, 3, 1]},
            r"n_classes must hold integers >= 2. Got 1 for task 2",
        ),
        ({"n_classes": [2, 3, 2.5]}, r"n_classes must hold integers >= 2. Got 2.5"),
        (
            {"missing_rate": [0.5]},
            r"missing_rate must .*3 tasks. Got 1 entries: \[0.5\]",
        ),
        ({"missing_rate": [0, 1, 0]}, r"missing_rate must hold .* Got 1 for task 1"),
        ({"missing_rate": [0, 0, np.nan]}, r"missing_rate must hold .*nan for task 2"),
        ({"n_classes": "a"}, "The 'n_classes' parameter of make_multitask_texts must"),
        ({"n_classes": 1}, "The 'n_classes' parameter of make_multitask_texts must be"),
        ({"n_samples": 0}, "The 'n_samples' parameter of make_multitask_texts must be"),
        ({"n_tasks": 0}, "The 'n_tasks' parameter of make_multitask_texts must be"),
        ({"relatedness": 1.1}, "The 'relatedness' parameter of make_multitask_texts"),
        ({"missing_rate": 1.0}, "The 'missing_rate' parameter of make_multitask_texts"),
        ({"n_words": 1}, "The 'n_words' parameter of make_multitask_texts must be"),
        ({"length": 0}, "The 'length' parameter of make_multitask_texts must be"),
        ({"noise": -1}, "The 'noise' parameter of make_multitask_texts must be"),
        ({"return_latent": "no"}, "The 'return_latent' parameter of make_multitask_"),
        (
            {"random_state": "no"},
            "The 'random_state' parameter of make_multitask_texts",
        ),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_multitask_texts(**parameters)


def test_arrays_are_taken_for_lists():
    lists = make_multitask_texts(20, n_classes=[2, 3, 4], random_state=0)
    arrays = make_multitask_texts(20, n_classes=np.array([2, 3, 4]), random_state=0)
    assert lists[0] == arrays[0]
    np.testing.assert_array_equal(lists[1], arrays[1])


@pytest.mark.parametrize("module", ["_docstrings", "_definitions", "_synthetic"])
def test_only_the_scientific_stack_is_needed(module):
    spec = importlib.util.find_spec(f"sklearn_mtl.datasets.{module}")
    tree = ast.parse(Path(spec.origin).read_bytes())
    tops = {
        alias.name.split(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        node.module.split(".")[0]
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and not node.level
    }
    assert tops - set(sys.stdlib_module_names) <= {"numpy", "scipy", "sklearn"}
