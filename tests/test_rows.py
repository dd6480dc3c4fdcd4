"""One reader of rows and texts for every container."""

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.sparse import csr_array, csr_matrix

from sklearn_mtl.utils._optional import import_optional
from sklearn_mtl.utils._rows import (
    n_rows,
    one_column,
    settled,
    squared_norms,
    take_rows,
)
from sklearn_mtl.utils._texts import as_documents

T = ["late parcel", "wrong bill", "", "box"]


class Cells:
    """A column that is read cell by cell or by slices, as those of Hugging Face are."""

    def __init__(self, cells):
        self.cells = cells

    def __len__(self):
        return len(self.cells)

    def __getitem__(self, key):
        assert type(key) in (int, slice)
        return self.cells[key]

    def __iter__(self):
        return iter(self.cells)


class OnlyArray:
    """An array of another library: nothing but a length and a conversion."""

    def __len__(self):
        return len(T)

    def __array__(self, dtype=None, copy=None):
        return np.array(T, dtype=object)


COLUMNS = {
    "list": T,
    "tuple": tuple(T),
    "array of fixed width": np.array(T),
    "array of objects": np.array(T, dtype=object),
    "array of StringDType": np.array(T, dtype=np.dtypes.StringDType()),
    "masked array": np.ma.array(T),
    "memoryview": memoryview(np.array(T)),
    "__array__": OnlyArray(),
    "sequence": Cells(T),
    "keys": dict.fromkeys(T).keys(),
    "values": dict(enumerate(T)).values(),
    "pandas Series": pd.Series(T, index=[7, 7, 0, -1]),
    "pandas Series.values": pd.Series(T, dtype="string").values,
    "pandas Series of objects": pd.Series(T, dtype=object),
    "pandas Series of pyarrow": pd.Series(T, dtype=pd.ArrowDtype(pa.string())),
    "pandas Index": pd.Index(T),
    "pandas Categorical": pd.Categorical(T),
    "polars Series": pl.Series(T),
    "polars Categorical": pl.Series(T, dtype=pl.Categorical),
    "narwhals Series": nw.from_native(pl.Series(T), series_only=True),
    "pyarrow Array": pa.array(T),
    "pyarrow large_string": pa.array(T, pa.large_string()),
    "pyarrow string_view": pa.array(T, pa.string_view()),
    "pyarrow dictionary": pa.array(T).dictionary_encode(),
    "pyarrow ChunkedArray": pa.chunked_array([T[:1], T[1:]]),
    "pyarrow ChunkedArray of string_view": pa.chunked_array(
        [pa.array(T, pa.string_view())]
    ),
}
TABLES = {
    "array of one column": np.array(T, dtype=object)[:, np.newaxis],
    "pandas DataFrame": pd.DataFrame({"text": T}, index=[7, 7, 0, -1]),
    "pandas DataFrame of integer names": pd.DataFrame({0: T}),
    "polars DataFrame": pl.DataFrame({"text": T}),
    "narwhals DataFrame": nw.from_native(pd.DataFrame({"text": T})),
    "pyarrow Table": pa.table({"text": T}),
    "pyarrow Table of string_view": pa.table({"text": pa.array(T, pa.string_view())}),
}
CONTAINERS = {**COLUMNS, **TABLES}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_of_texts_is_a_column(name):
    X = CONTAINERS[name]
    assert n_rows(X) == len(T)
    cells = one_column(X)
    assert cells == T
    assert {type(cell) for cell in cells} == {str}
    assert list(as_documents(X)) == T


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize(
    "rows", [[3, 1], np.array([3, 1]), np.array([False, True, False, True]), []]
)
def test_rows_are_taken_from_every_container(name, rows):
    X = CONTAINERS[name]
    if not len(rows):
        rows = np.array([], dtype=int)
    part = take_rows(X, rows)
    wanted = np.arange(4)[rows]
    assert one_column(part) == [T[row] for row in wanted]
    if name in TABLES:
        assert type(part) is type(X)


def test_all_rows_are_no_copy():
    assert take_rows(T, np.ones(4, dtype=bool)) is T


def test_rows_of_other_things():
    dense = np.arange(8.0).reshape(4, 2)
    for form in ("csr", "csc", "coo", "dia", "lil", "dok"):
        matrix = sp.csr_matrix(dense).asformat(form)
        assert one_column(matrix) is None
        assert n_rows(matrix) == 4
        part = take_rows(matrix, [3, 0])
        assert part.toarray().tolist() == [[6, 7], [0, 1]]
    part = take_rows({"a": T, "b": pd.Series(T)}, [1, 2])
    assert part["a"] == T[1:3]
    assert part["b"].tolist() == T[1:3]
    record_batch = pa.record_batch({"text": T})
    assert one_column(take_rows(record_batch, np.array([1]))) == T[1:2]


def test_what_yields_its_rows_once_becomes_a_list():
    assert settled(iter(T)) == settled(map(str, T)) == settled(t for t in T) == T
    assert settled(T) is T
    with pytest.raises(TypeError, match="iter"):
        n_rows(iter(T))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("late", r"string object received. Pass a list of texts, .*\['late'\]"),
        (b"late", r"string object received"),
        ({"text": T}, r"dict of 1 columns. .*X\[name\] with a name of \['text'\]"),
        (set(T), r"a set, which has no order. .*sorted\(X\)"),
        (pl.LazyFrame({"text": T}), r"lazy frame. Pass X.collect\(\)"),
    ],
)
def test_what_is_no_column_is_refused(X, message):
    with pytest.raises(ValueError, match=message):
        one_column(X)


@pytest.mark.parametrize(
    ("X", "advice"),
    [
        (pd.DataFrame({"id": [1, 2, 3, 4], "text": T}), r"X\['text'\]"),
        (pl.DataFrame({"id": [1, 2, 3, 4], "text": T}), r"X\['text'\]"),
        (pa.table({"id": [1, 2, 3, 4], "text": T}), r"X\['text'\]"),
        (np.array([T, T], dtype=object).T, r"X\[:, 0\]"),
    ],
)
def test_tables_of_several_columns_are_refused(X, advice):
    with pytest.raises(ValueError, match=f"one column of texts.*{advice}"):
        as_documents(X)


def test_optional_imports_name_the_extra():
    assert import_optional("json", "pandas", "a test") is __import__("json")
    message = r'^a test needs absent_one. .*pip install "sklearn-mtl\[plot\]", or use b'
    with pytest.raises(ImportError, match=message):
        import_optional("absent_one.inner", "plot", "a test", "b")


@pytest.mark.parametrize("kind", [np.asarray, csr_array, csr_matrix])
@settings(max_examples=50, deadline=None)
@given(arrays(float, (6, 4), elements=st.sampled_from([0, 1e-9, -0.5, 3, 1e9])))
def test_norms_are_those_of_each_row_alone(kind, table):
    wanted = [float(sum(value**2 for value in row)) for row in table]
    assert_allclose(squared_norms(kind(table)), wanted, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_small_row_keeps_its_norm_beside_a_large_one(dtype):
    rows = csr_array(np.array([[1e8, 0], [1e-6, 1e-6], [0, 0]], dtype=dtype))
    assert_allclose(squared_norms(rows), [1e16, 2e-12, 0], rtol=1e-6)


def test_room_behind_the_last_row_does_not_count():
    rows = csr_array(np.eye(2))
    rows.data = np.append(rows.data, 7.0)
    rows.indices = np.append(rows.indices, 0).astype(rows.indices.dtype)
    assert_allclose(squared_norms(rows), [1, 1])


def test_no_rows_and_no_values():
    assert squared_norms(csr_array((0, 3))).shape == (0,)
    assert_allclose(squared_norms(csr_array((2, 3))), [0, 0])


def test_messages_show_the_start_of_what_was_passed():
    with pytest.raises(ValueError, match=r"instance \['abcdefghijklmnopqrst'\]\.$"):
        one_column("abcdefghijklmnopqrstuvwxyz")
    with pytest.raises(ValueError, match=r"instance \['. b'\]\.$"):
        one_column(bytearray(b"\xff b"))
    message = r"a dict of 11 columns\..* a name of \[0, 1, 2, 3, 4, 5, 6, 7, 8, 9\]\.$"
    with pytest.raises(ValueError, match=message):
        one_column(dict.fromkeys(range(11), T))
    message = r'^a test needs absent_one\. Install .*"sklearn-mtl\[plot\]"\.$'
    with pytest.raises(ImportError, match=message) as caught:
        import_optional("absent_one", "plot", "a test")
    assert isinstance(caught.value.__cause__, ImportError)


@pytest.mark.parametrize(
    "X",
    [
        3,
        np.array("a"),
        np.zeros((2, 2)),
        np.zeros((2, 1, 1)),
        pd.DataFrame({"a": T, "b": T}),
        pl.DataFrame({"a": T, "b": T}),
        pa.table({"a": T, "b": T}),
        csr_array(np.eye(4)[:, :1]),
    ],
    ids=lambda X: type(X).__name__,
)
def test_other_things_are_no_column(X):
    assert one_column(X) is None


def test_rows_of_dicts_and_arrays():
    assert n_rows({}) == 0
    assert n_rows({"a": T, "b": []}) == 4
    rows = np.arange(8).reshape(4, 2)
    assert take_rows(rows, [2, 0]).tolist() == [[4, 5], [0, 1]]
    assert take_rows(rows, np.array([True, False, False, True])).tolist() == [
        [0, 1],
        [6, 7],
    ]
    assert take_rows(rows, np.ones(4, dtype=bool)) is rows
    assert take_rows(rows, [0, 1, 2, 3]) is not rows
    cells = (1, "a", None)
    assert take_rows(cells, [-1, 1]) == [None, "a"]
    series = pl.Series("name", T)
    assert type(take_rows(series, [1])) is pl.Series
    assert take_rows(series, [1]).name == "name"


def test_what_has_rows_is_settled():
    for X in (np.array("a"), csr_array(np.eye(2)), OnlyArray(), 3):
        assert settled(X) is X
