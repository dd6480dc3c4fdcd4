"""Label tables: every container, every empty cell, every way labels can be wrong."""

import enum
import pickle
import re
from types import MappingProxyType

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from sklearn_mtl.labels._tables import as_label_table, check_task_names


def labelled_cells(table, task=0):
    """Give the cells of a column that are not missing."""
    return table.columns[task][~table.missing[:, task]]


# One column --------------------------------------------------------------------------


def in_each_vector(pandas_dtypes, polars_dtypes):
    makers = {
        "list": list,
        "tuple": tuple,
        "array": lambda cells: np.array(cells, dtype=object),
        "arrow array": pa.array,
        "arrow chunks": lambda cells: pa.chunked_array([cells[:1], cells[1:]]),
    }
    for dtype in pandas_dtypes:
        makers[f"pandas {dtype}"] = lambda cells, dtype=dtype: pd.Series(
            cells, dtype=dtype, index=range(5, 5 + len(cells))
        )
    for dtype in polars_dtypes:
        makers[f"polars {dtype}"] = lambda cells, dtype=dtype: pl.Series(
            cells, dtype=dtype
        )
    return pytest.mark.parametrize("make", makers.values(), ids=list(makers))


@in_each_vector(
    [None, object, "string", "category", "string[pyarrow]"],
    [pl.String, pl.Categorical, pl.Enum(["a", "b"])],
)
def test_a_column_of_str_may_come_in_any_container(make):
    table = as_label_table(make(["b", None, "a"]))
    assert table.container == "vector"
    assert table.names == ["task0"]
    assert table.missing.tolist() == [[False], [True], [False]]
    assert labelled_cells(table).tolist() == ["b", "a"]


@pytest.mark.parametrize(
    ("column", "order"),
    [
        (pd.Series(pd.Categorical(["b", None], ["b", "a"], ordered=True)), ["b", "a"]),
        (pd.Series(pd.Categorical([2, 1], [1, 2, 3], ordered=True)), [1, 2, 3]),
        (pl.Series(["b", None], dtype=pl.Enum(["b", "a"])), ["b", "a"]),
        (pd.Series(pd.Categorical(["b", "a"])), None),
        (pl.Series(["b", "a"], dtype=pl.Categorical), None),
        (["b", "a"], None),
        (np.array([1, 2]), None),
    ],
)
def test_an_ordered_categorical_has_its_order(column, order):
    assert as_label_table(column).orders == [order]
    table = as_label_table({"x": ["d", "c"], "y": column})
    assert table.orders == [None, order]
    assert table.take([1]).select(["y", "x"]).orders == [order, None]
    assert as_label_table(np.zeros((2, 2), int)).orders == [None, None]


@in_each_vector(["Int64", "Int8", "category", "int8[pyarrow]", object], [pl.Int8])
def test_a_column_of_int_may_come_in_any_container(make):
    table = as_label_table(make([2, None, 1]))
    assert table.missing.tolist() == [[False], [True], [False]]
    assert labelled_cells(table).tolist() == [2, 1]
    assert table.columns[0].dtype.kind == "i"


@in_each_vector(["boolean", object, "bool[pyarrow]"], [pl.Boolean])
def test_a_column_of_bool_may_come_in_any_container(make):
    table = as_label_table(make([True, None, False]))
    assert table.missing.tolist() == [[False], [True], [False]]
    assert labelled_cells(table).tolist() == [True, False]
    assert table.columns[0].dtype == bool


@pytest.mark.parametrize(
    "y",
    [
        np.array([2.0, np.nan, 1.0]),
        pd.Series([2.0, None, 1.0]),
        pd.Series([2.0, None, 1.0], dtype="Float64"),
        pl.Series([2.0, None, 1.0]),
        pl.Series([2.0, float("nan"), 1.0]),
    ],
    ids=["numpy", "pandas", "nullable", "polars null", "polars nan"],
)
def test_a_column_of_whole_floats_stays_float(y):
    table = as_label_table(y)
    assert table.missing.tolist() == [[False], [True], [False]]
    assert labelled_cells(table).tolist() == [2.0, 1.0]
    assert table.columns[0].dtype == np.float64


def test_an_extension_array_of_pandas_keeps_its_integers():
    table = as_label_table(pd.array([2, None, 1], dtype="Int64"))
    assert table.columns[0].dtype.kind == "i"


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.int64, np.float32])
@pytest.mark.parametrize("container", [np.array, pd.Series, pl.Series, pa.array])
def test_the_dtype_of_a_full_column_is_kept(container, dtype):
    table = as_label_table(container(np.array([1, 0], dtype=dtype)))
    assert table.columns[0].dtype == dtype
    assert not table.missing.any()


def test_masked_cells_are_missing():
    table = as_label_table(np.ma.array([1, 2, 3], mask=[False, True, False]))
    assert table.missing.tolist() == [[False], [True], [False]]


def test_an_empty_string_is_a_label():
    table = as_label_table(["", "a"])
    assert not table.missing.any()


# Empty cells -------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["a", 1, True, np.int64(1), np.str_("a")], ids=repr)
@pytest.mark.parametrize(
    "empty", [None, np.nan, np.float32("nan"), pd.NA, pd.NaT], ids=repr
)
def test_every_missing_value_is_missing_beside_every_label(empty, label):
    table = as_label_table([label, empty])
    assert table.missing.tolist() == [[False], [True]]
    assert labelled_cells(table).tolist() == [label]


def test_a_column_may_be_empty_altogether():
    table = as_label_table({"a": [None, None], "b": [np.nan, np.nan]})
    assert table.missing.all()


@pytest.mark.parametrize(
    ("y", "missing_label"),
    [
        (["a", "?"], "?"),
        (np.array(["a", "?"]), "?"),
        (pd.Series(["a", "?"], dtype="category"), "?"),
        ([np.str_("a"), np.str_("?")], "?"),
        ([1, -1], -1),
        (np.array([1, -1]), -1),
        (np.array([1.0, -1.0]), -1),
        ([np.int64(1), np.int64(-1)], -1),
        ([1, -1], np.int64(-1)),
        (pd.Series([1, -1], dtype="Int64"), -1),
        (["a", pd.NA], pd.NA),
        ([1, np.nan], np.nan),
        (np.array([1, np.inf]), np.inf),
    ],
    ids=repr,
)
def test_the_missing_label_is_missing(y, missing_label):
    table = as_label_table(y, missing_label=missing_label)
    assert table.missing.tolist() == [[False], [True]]


@pytest.mark.parametrize(
    "y", [[1, -1, None], pd.Series([1, -1, None]), pl.Series([1.0, -1.0, None])]
)
def test_the_missing_label_stands_beside_other_missing_values(y):
    table = as_label_table(y, missing_label=-1)
    assert table.missing.tolist() == [[False], [True], [True]]


def test_the_missing_label_may_be_of_another_type_than_the_column():
    y = {"a": ["x", "?"], "b": [1, "?"], "c": np.array([1, 2])}
    table = as_label_table(y, missing_label="?")
    assert table.missing.tolist() == [[False, False, False], [True, True, False]]
    assert table.columns[1].dtype == np.int64


@pytest.mark.parametrize("container", [list, np.array])
def test_zero_as_missing_label_does_not_mean_false(container):
    table = as_label_table(container([True, False]), missing_label=0)
    assert not table.missing.any()


@pytest.mark.parametrize("container", [list, np.array])
def test_a_digit_as_missing_label_does_not_mean_the_number(container):
    table = as_label_table(container([0, 1]), missing_label="0")
    assert not table.missing.any()


# Several columns ---------------------------------------------------------------------

COLUMNS = {
    "topic": ["x", None, "y"],
    "stars": [1, 3, None],
    "spam": [True, False, True],
}
ROWS = list(zip(*COLUMNS.values(), strict=True))
NULLABLE = {"topic": "string", "stars": "Int64", "spam": "boolean"}
TABLES = {
    "dict": lambda: COLUMNS,
    "dict of series": lambda: {
        "topic": pd.Series(COLUMNS["topic"]),
        "stars": pl.Series(COLUMNS["stars"]),
        "spam": np.array(COLUMNS["spam"]),
    },
    "pandas": lambda: pd.DataFrame(COLUMNS, dtype=object),
    "nullable": lambda: pd.DataFrame(COLUMNS).astype(NULLABLE),
    "category": lambda: pd.DataFrame(COLUMNS, dtype=object).astype("category"),
    "polars": lambda: pl.DataFrame(COLUMNS),
    "arrow": lambda: pa.table(COLUMNS),
    "rows": lambda: ROWS,
    "lists": lambda: [list(row) for row in ROWS],
    "arrays": lambda: [np.array(row, dtype=object) for row in ROWS],
    "array": lambda: np.array(ROWS, dtype=object),
}


@pytest.mark.parametrize("make", TABLES.values(), ids=list(TABLES))
def test_a_table_may_come_in_any_container(make):
    table = as_label_table(make())
    missing = [[False, False, False], [True, False, False], [False, True, False]]
    assert table.missing.tolist() == missing
    assert [labelled_cells(table, k).tolist() for k in range(3)] == [
        ["x", "y"],
        [1, 3],
        [True, False, True],
    ]
    assert [column.dtype for column in table.columns] == [object, np.int64, bool]
    assert len(table) == 3


@pytest.mark.parametrize(
    ("maker", "container", "names"),
    [
        ("dict", "dict", list(COLUMNS)),
        ("polars", "frame", list(COLUMNS)),
        ("lists", "array", ["task0", "task1", "task2"]),
        ("array", "array", ["task0", "task1", "task2"]),
    ],
)
def test_the_container_names_the_tasks(maker, container, names):
    table = as_label_table(TABLES[maker]())
    assert table.container == container
    assert table.names == names


@pytest.mark.parametrize(
    ("maker", "types"),
    [("nullable", "dtypes"), ("polars", "schema"), ("arrow", "schema")],
)
def test_the_template_has_the_types_of_the_frame_and_no_rows(maker, types):
    frame = TABLES[maker]()
    template = as_label_table(frame).template
    assert list(getattr(template, types)) == list(getattr(frame, types))
    assert len(template) == 0


@pytest.mark.parametrize("names", [None, [5, 3], [0, 1], [True, False]], ids=repr)
def test_a_frame_with_integer_names_is_read_by_position(names):
    frame = pd.DataFrame([["x", 1], ["y", None]], columns=names, dtype=object)
    table = as_label_table(frame)
    assert table.names == ["task0", "task1"]
    assert [labelled_cells(table, k).tolist() for k in range(2)] == [["x", "y"], [1]]
    assert list(table.template.columns) == list(frame.columns)


def test_a_dict_with_integer_names_is_read_by_position():
    assert as_label_table({3: ["x"], 1: ["y"]}).names == ["task0", "task1"]


def test_a_mapping_is_read_as_a_dict_is():
    table = as_label_table(MappingProxyType({"a": ["x", None]}))
    assert table.names == ["a"]
    assert table.missing.tolist() == [[False], [True]]


def test_a_table_without_rows_is_read():
    assert as_label_table(np.zeros((0, 2))).missing.shape == (0, 2)
    assert as_label_table([]).missing.shape == (0, 1)


# What is wrong -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            {"topic": ["a", None, "b", 3]},
            r"y\['topic'\] holds both str and int labels\. Got 'a' in row 0 and 3 in "
            r"row 3\. Cast .* pandas\.Series\(y\['topic'\]\)\.map",
        ),
        ([None, 2, "a"], "^y holds both int and str .* 2 in row 1 and 'a' in row 2"),
        ([True, 2], "both bool and int labels. Got True in row 0 and 2 in row 1"),
        ([2.0, True], "both float and bool labels"),
        (["a", 2.0], "both str and float labels"),
        (pd.DataFrame({"t": ["a", 1]}), r"y\['t'\] holds both str and int"),
        ([["a", 1], ["b", "c"]], r"y\['task1'\] holds both int and str"),
    ],
)
def test_a_column_has_labels_of_one_type(y, message):
    with pytest.raises(ValueError, match=message):
        as_label_table(y)


DATES = np.array(["2020-01-01"], dtype="datetime64[s]")


@pytest.mark.parametrize(
    ("y", "found"),
    [
        (np.array([b"a"]), r"Got dtype \|S1"),
        (np.array([1j]), "Got dtype complex128"),
        (DATES, r"Got dtype datetime64\[s\]"),
        ([None, b"a"], "Got b'a' of type bytes in row 1"),
        ([None, 1j], "Got 1j of type complex in row 1"),
        (pd.Series(DATES), "of type Timestamp in row 0"),
    ],
)
def test_labels_are_str_int_or_bool(y, found):
    with pytest.raises(ValueError, match=found):
        as_label_table(y)


def test_an_integer_beyond_64_bits_is_named():
    with pytest.raises(ValueError, match=rf"y\['id'\].*{2**70}.*row 1"):
        as_label_table({"id": [1, 2**70]})


@pytest.mark.parametrize("container", [list, np.array, pd.Series])
def test_infinity_is_no_label(container):
    message = r"Input y contains infinity .* Got inf in y\['a'\], row\(s\) \[1, 2\]"
    with pytest.raises(ValueError, match=message):
        as_label_table({"a": container([0.0, np.inf, np.inf])})


@pytest.mark.parametrize("container", [list, np.array, pd.Series])
def test_measurements_are_no_classes(container):
    message = r"Unknown label type: continuous\. y\['a'\] .* Got 0\.5 in row 2\. Bin"
    with pytest.raises(ValueError, match=message):
        as_label_table({"a": container([1.0, np.nan, 0.5])})


def test_measurements_among_empty_cells_are_not_looked_at():
    table = as_label_table(np.array([1.0, 2.5]), missing_label=2.5)
    assert table.missing.tolist() == [[False], [True]]


@pytest.mark.parametrize(
    ("y", "shape"),
    [
        (np.zeros((2, 3, 4)), r"\(2, 3, 4\)"),
        ([[["a"]], [["b"]]], r"\(2, 1, 1\)"),
        (np.zeros((3, 0)), r"\(3, 0\)"),
        ([[], []], r"\(2, 0\)"),
        (np.array(3), r"\(\)"),
    ],
)
def test_labels_have_one_dimension_or_two(y, shape):
    with pytest.raises(ValueError, match=rf"y must have shape .* Got shape {shape}"):
        as_label_table(y)


@pytest.mark.parametrize(
    "y",
    [None, 3, "abc", b"abc", iter(["a", "b"]), {"a", "b"}],
    ids=["None", "int", "str", "bytes", "iterator", "set"],
)
def test_labels_come_in_a_column_or_a_table(y):
    with pytest.raises(ValueError, match="y must be a column or a table of labels"):
        as_label_table(y)


@pytest.mark.parametrize(
    ("rows", "lengths"),
    [([["a"], ["b", "c"]], r"\[1, 2\]"), ([["a", "b"], None], r"\[0, 2\]")],
)
def test_rows_have_one_length(rows, lengths):
    message = rf"rows of y must have the same length\. Got lengths {lengths}\. Fill"
    with pytest.raises(ValueError, match=message):
        as_label_table(rows)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ({}, "y is an empty dict"),
        ({"a": ["x"], "b": ["x", "y"]}, "the same length. Got {'a': 1, 'b': 2}"),
        (
            {"a": np.array([["x", "y"]])},
            r"y\['a'\] must be one column .* shape \(1, 2\)",
        ),
        ({"a": 3}, r"y\['a'\] must be a column .* Got 3"),
        ({"a": "abc"}, r"y\['a'\] must be a column .* Got 'abc'"),
        ({"a": ["x"], 1: ["y"]}, r"must all be strings\. Got \['a', 1\]"),
        ({1.5: ["x"]}, r"must all be strings\. Got \[1\.5\]"),
    ],
)
def test_what_is_wrong_with_a_dict(y, message):
    with pytest.raises(ValueError, match=message):
        as_label_table(y)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), r"several columns named \['a'\]"),
        (pd.DataFrame([[1, 2]], columns=[0, 0]), r"several columns named \['0'\]"),
        (pa.table([["x"], ["y"]], ["a", "a"]), r"several columns named \['a'\]"),
        (
            pd.DataFrame([[1, 2]], columns=["a", 1]),
            r"strings\. Got \['a', 1\]\. Rename",
        ),
        (pd.DataFrame({("a", "b"): [1]}), r"strings\. Got \[\('a', 'b'\)\]"),
        (pd.DataFrame(index=[0, 1]), "table without columns"),
        (pl.DataFrame(), "table without columns"),
    ],
)
def test_what_is_wrong_with_a_frame(frame, message):
    with pytest.raises(ValueError, match=message):
        as_label_table(frame)


def test_a_lazy_frame_is_to_be_collected():
    with pytest.raises((TypeError, ValueError), match="collect"):
        as_label_table(pl.LazyFrame({"a": ["x"]}))


def test_sparse_labels_are_refused():
    with pytest.raises(ValueError, match=r"unstored cell could mean 0 or m.*toarray"):
        as_label_table(csr_array([[1, 0]]))


def test_errors_call_the_argument_by_its_name():
    with pytest.raises(ValueError, match=r"^y_true\['a'\] holds both"):
        as_label_table({"a": ["x", 1]}, what="y_true")


# Parts of a table --------------------------------------------------------------------


def test_take_gives_rows():
    table = as_label_table(COLUMNS)
    for rows in ([2, 0], np.array([True, False, True])):
        part = table.take(rows)
        assert_array_equal(part.missing, table.missing[rows])
        assert_array_equal(part.columns[0], table.columns[0][rows])
        assert part.names == table.names


def test_mask_only_adds_missing_cells():
    table = as_label_table({"a": ["x", None]})
    masked = table.mask(np.array([[True], [False]]))
    assert masked.missing.all()
    assert table.missing.tolist() == [[False], [True]]


def test_select_orders_named_columns():
    table = as_label_table({"a": ["x", None], "b": [1, 2]}).select(["b", "a"])
    assert table.names == ["b", "a"]
    assert table.missing.tolist() == [[False, False], [False, True]]
    assert table.columns[0].tolist() == [1, 2]


def test_select_takes_unnamed_columns_as_they_stand():
    table = as_label_table(np.array([[1, 2]])).select(["b", "a"])
    assert table.names == ["b", "a"]
    assert [column.tolist() for column in table.columns] == [[1], [2]]


def test_select_names_absent_and_unknown_tasks():
    table = as_label_table({"a": ["x"], "c": ["y"]})
    message = r"y_pred must have exactly .* Missing: \['b'\]; unknown: \['c'\]"
    with pytest.raises(ValueError, match=message):
        table.select(["a", "b"], what="y_pred")


def test_select_counts_unnamed_columns():
    table = as_label_table(np.array([[1, 2]]))
    with pytest.raises(ValueError, match=r"each of the 3 tasks .* Got 2 column"):
        table.select(["a", "b", "c"])


# Any table ---------------------------------------------------------------------------

CONTAINERS = {
    "dict": lambda columns: dict(enumerate(columns)),
    "rows": lambda columns: list(zip(*columns, strict=True)),
    "array": lambda columns: np.array(columns, dtype=object).T,
    "pandas": lambda columns: pd.DataFrame(
        {f"t{k}": pd.Series(c, dtype=object) for k, c in enumerate(columns)}
    ),
    "polars": lambda columns: pl.DataFrame(
        {f"t{k}": pl.Series(c, strict=True) for k, c in enumerate(columns)}
    ),
}


words = st.text("ab \x00\u00e9\u6f22", max_size=3).filter(
    lambda word: not word.endswith("\0")  # which is refused
)


@st.composite
def label_columns(draw):
    """Columns of str, int or bool cells, some of them None."""
    n_rows = draw(st.integers(1, 6))
    kinds = [words, st.integers(-(2**63), 2**63 - 1), st.booleans()]
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4))
    return [
        draw(st.lists(st.none() | cells, min_size=n_rows, max_size=n_rows))
        for cells in chosen
    ]


@settings(max_examples=60, deadline=None)
@given(columns=label_columns(), container=st.sampled_from(sorted(CONTAINERS)))
def test_any_cell_comes_back_and_exactly_none_is_missing(columns, container):
    table = as_label_table(CONTAINERS[container](columns))
    missing = [[cell is None for cell in column] for column in columns]
    assert table.missing.T.tolist() == missing
    for k, column in enumerate(columns):
        expected = [cell for cell in column if cell is not None]
        found = labelled_cells(table, k).tolist()
        assert found == expected
        assert list(map(type, found)) == list(map(type, expected))


def test_the_template_of_an_arrow_table_holds_none_of_its_cells():
    table = as_label_table(pa.table({"tone": ["a word to look for"] * 10}))
    assert b"look for" not in pickle.dumps(table.template)


def test_unknown_names_are_found_in_any_dict_parameter():
    check_task_names("class_weight", None, ["a"])
    check_task_names("class_weight", {"a": 1}, ["a", "b"])
    with pytest.raises(ValueError, match=r"class_weight names unknown tasks \['z'\]"):
        check_task_names("class_weight", {"a": 1, "z": 2}, ["a", "b"])


# Cells of another form ---------------------------------------------------------------


@pytest.mark.parametrize("kind", [list, tuple, np.array])
@pytest.mark.parametrize("one", [1, 1.0, True])
def test_indicators_are_not_read_as_sets(kind, one):
    zero = type(one)(0)
    cells = [kind(cell) for cell in ([one, zero, one], [zero, one, one], [one] * 3)]
    y = {"tags": [cells[0], None, *cells[1:]]}
    message = r"y\['tags'\] holds vectors of 0 and 1, .* in row 0.*look like indicators"
    with pytest.raises(ValueError, match=message):
        as_label_table(y)
    # Both pieces of advice help.
    assert as_label_table(np.stack(cells)).names == ["task0", "task1", "task2"]
    lists = [np.flatnonzero(cell).tolist() for cell in cells]
    assert as_label_table({"tags": lists}).columns[0].tolist()[0] == {0, 2}


@pytest.mark.parametrize(
    "cells", [[[0, 1], [1]], [{0, 1}, {0, 1}], [["0", "1"], ["1", "0"]], [[0], [1]]]
)
def test_sets_of_numbers_are_still_read(cells):
    assert as_label_table({"tags": cells}).cell_types[0] is not None


def test_a_dict_of_dicts_is_refused():
    frame = pd.DataFrame({"tone": ["good", "bad"]})
    with pytest.raises(ValueError, match=r"y\['tone'\] is a dict.*frame itself"):
        as_label_table(frame.to_dict())
    for y in (frame, {"tone": list(frame.to_dict()["tone"].values())}):
        assert as_label_table(y).columns[0].tolist() == ["good", "bad"]


def test_series_with_different_indexes_are_refused():
    a, b = pd.Series(["x", "y"]), pd.Series(["u", "v"], index=[1, 0])
    with pytest.raises(ValueError, match=r"y\['a'\] and y\['b'\] have different ind"):
        as_label_table({"a": a, "b": b})
    together = as_label_table(pd.DataFrame({"a": a, "b": b}))
    assert together.columns[1].tolist() == ["v", "u"]
    as_they_stand = as_label_table({"a": a.to_numpy(), "b": b.to_numpy()})
    assert as_they_stand.columns[1].tolist() == ["u", "v"]


def test_an_index_of_several_levels_is_refused():
    y = pd.MultiIndex.from_arrays([["a", "b"], [1, 2]], names=["x", "y"])
    with pytest.raises(ValueError, match=r"index with several levels.*to_frame"):
        as_label_table(y)
    assert as_label_table(y.to_frame(index=False)).names == ["x", "y"]


def test_columns_of_several_levels_are_renamed_as_the_message_says():
    columns = pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])
    y = pd.DataFrame([["u", "v"]], columns=columns)
    with pytest.raises(ValueError, match=r"y.columns = \[str\(name\) for name in"):
        as_label_table(y)
    y.columns = [str(name) for name in y.columns]
    assert as_label_table(y).names == ["('a', 'b')", "('a', 'c')"]


# Numbers and texts as they are -------------------------------------------------------


def test_integers_that_floats_would_run_together_are_refused():
    y = [2**53, 2**53 + 1, 0.0, None]
    with pytest.raises(ValueError, match=r"beyond 2\*\*53 beside floats.* in row 1"):
        as_label_table(y)
    assert (
        len(set(as_label_table([str(c) for c in y if c is not None]).columns[0])) == 3
    )
    whole = as_label_table([2**53, 2**53 + 1, 0, None])
    assert labelled_cells(whole).tolist() == [2**53, 2**53 + 1, 0]


def test_unsigned_integers_of_64_bits_stay_so():
    table = as_label_table([2**63 + 1, 0, None])
    assert table.columns[0].dtype == np.uint64
    assert labelled_cells(table).tolist() == [2**63 + 1, 0]
    with pytest.raises(ValueError, match=r"beyond 64 bits. Got 9223372036854775809"):
        as_label_table([2**63 + 1, -1])


class Tone(str, enum.Enum):  # noqa: UP042 (whose text is "Tone.GOOD")
    GOOD = "good"
    BAD = "bad"


@pytest.mark.parametrize("cells", [[Tone.GOOD, Tone.BAD], [np.str_("good"), "bad"]])
def test_texts_of_other_types_are_plain_texts(cells):
    found = as_label_table(cells).columns[0].tolist()
    assert found == ["good", "bad"]
    assert [type(cell) for cell in found] == [str, str]


def test_a_label_that_ends_in_nul_is_refused():
    with pytest.raises(ValueError, match=r"ends in a NUL character.*row 1.*rstrip"):
        as_label_table(["a", "a\0", None])
    assert as_label_table(["a", "a\0".rstrip("\0")]).columns[0].tolist() == ["a", "a"]


def test_a_label_that_missing_label_names_is_refused_among_several():
    y = {"tags": [["a"], None, ["a", "?"]]}
    message = r"y\['tags'\] holds '\?', a value of missing_label, .* in row 2\. Remove"
    with pytest.raises(ValueError, match=message):
        as_label_table(y, missing_label="?")
    for cell in (["a"], None):  # as advised
        as_label_table({"tags": [*y["tags"][:2], cell]}, missing_label="?")


def test_a_table_is_no_column():
    for column in (
        pd.DataFrame({"a": [1]}),
        pl.DataFrame({"a": [1]}),
        pa.table([[1]], ["a"]),
    ):
        with pytest.raises(
            ValueError, match=r"y\['c'\] is a table.*Pass y\['c'\]\[nam"
        ):
            as_label_table({"c": column})
        as_label_table({"c": column["a"]})  # as advised


class Lazy:
    def __init__(self, cells):
        self.cells = cells

    def __len__(self):
        return len(self.cells)

    def __getitem__(self, row):
        return self.cells[row]


def test_a_sequence_of_lists_may_be_a_column_or_rows():
    y = Lazy([["a", "b"], ["c", "d"]])
    with pytest.raises(ValueError, match=r"y is a Lazy of lists.*{task: y}.*list\(y\)"):
        as_label_table(y)
    assert as_label_table({"task": y}).columns[0].tolist() == [{"a", "b"}, {"c", "d"}]
    assert as_label_table(list(y)).names == ["task0", "task1"]
    assert as_label_table(Lazy([{"a", "b"}, {"c"}])).cell_types == [set]


def test_an_ordered_dictionary_of_arrow_has_its_order():
    column = pd.Series(pd.Categorical(["b", None, "a"], ["b", "a"], ordered=True))
    table = pa.table({"c": pa.array(column)})
    assert as_label_table(table).orders == [["b", "a"]]
    assert as_label_table({"c": table["c"]}).orders == [["b", "a"]]
    assert as_label_table(table.slice(0, 0)).orders in ([None], [["b", "a"]])
    other = pa.array(column.cat.reorder_categories(["a", "b"]))
    unlike = pa.chunked_array([table["c"].chunk(0), other])
    assert as_label_table({"c": unlike}).orders == [None]
    assert as_label_table({"c": pa.array(["b", "a"])}).orders == [None]


@pytest.mark.parametrize(("length", "shown"), [(80, "w" * 80), (81, "w" * 80 + "...")])
def test_what_is_no_column_is_cut_in_the_message(length, shown):
    wide = type("Wide", (), {"__repr__": lambda self: "w" * length})()
    with pytest.raises(ValueError, match=rf"Got {re.escape(shown)}\. Pass a list"):
        as_label_table(wide)


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        ([2**53, 1.0], float),
        ([-(2**53), 1.0], float),
        ([1e300, 3], float),
        ([2**63 - 1, -1], np.int64),
        ([-(2**63), 2**53 + 1], np.int64),
        ([2**63, 0], np.uint64),
        ([2**64 - 1, 1], np.uint64),
    ],
)
def test_the_last_numbers_that_fit_keep_their_value(cells, dtype):
    table = as_label_table([None, *cells])
    assert table.columns[0].dtype == dtype
    assert labelled_cells(table).tolist() == cells


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([1.0, 2**53 + 1], rf"beside floats.* Got {2**53 + 1} in row 2\."),
        ([1.0, -(2**53) - 1], rf"beside floats.* Got {-(2**53) - 1} in row 2\."),
        ([2**53 + 1, 2**64], rf"beyond 64 bits\. Got {2**64} in row 2\."),
        ([-(2**53) - 1, 2**64], rf"beyond 64 bits\. Got {2**64} in row 2\."),
        ([-(2**63) - 1, 2**53 + 1], rf"beyond 64 bits\. Got {-(2**63) - 1} in row 1\."),
        ([2**53 + 1, -1, 2**63], rf"beyond 64 bits\. Got {2**63} in row 3\."),
    ],
)
def test_the_first_numbers_that_do_not_fit_are_named(cells, message):
    with pytest.raises(ValueError, match=message):
        as_label_table([None, *cells])


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([None, 1.0, np.inf], r"Got inf in y, row\(s\) \[2\]\. Mark an empty"),
        ([-np.inf] * 6, r"Got -inf in y, row\(s\) \[0, 1, 2, 3, 4, \.\.\.\]\."),
        ([-np.inf] * 5, r"row\(s\) \[0, 1, 2, 3, 4\]\."),
        ([None, 1.0, -0.5, 0.5], r"y must hold classes\. Got -0\.5 in row 2\."),
        (
            [None, "a", 1],
            r"both str and int labels\. Got 'a' in row 1 and 1 in row 2\.",
        ),
        ([None, 1.0, "2"], r"both float and str .*pandas\.to_numeric\(y\)\."),
        ([1, "two"], r"both int and str .*text, for instance pandas\.Series\(y\)\.map"),
        ([1, True], r"both int and bool .*text, for instance pandas\.Series\(y\)\.map"),
        ([1, "0.5"], r"both int and str .*text, for instance pandas\.Series\(y\)\.map"),
        ([None, "a", 1j], r"Got 1j of type complex in row 2\. Cast the column to text"),
        ([{"a": 1}], r"of type dict in row 0\. Turn the records into a table"),
    ],
)
def test_the_message_names_the_first_wrong_cell(cells, message):
    with pytest.raises(ValueError, match=message):
        as_label_table(cells)


@pytest.mark.parametrize("dtype", ["datetime64[D]", "complex"])
def test_a_dtype_of_no_labels_is_named(dtype):
    found = re.escape(str(np.dtype(dtype)))
    message = rf"^target must hold str, int or bool labels\. Got dtype {found}\. Cast"
    with pytest.raises(ValueError, match=message):
        as_label_table(np.zeros(2, dtype=dtype), what="target")


def test_a_marked_cell_is_known_as_such():
    assert as_label_table(["a", "?"]).has_marked is False
    assert as_label_table(["a", None], missing_label="?").has_marked is False
    assert as_label_table(["a", "?"], missing_label="?").has_marked is True
    table = as_label_table({"a": ["x", "y"], "b": [0, 1]}, missing_label=[0])
    assert table.has_marked is True
    assert table.missing.tolist() == [[False, True], [False, False]]


@pytest.mark.parametrize("missing_label", [1, 1.0, np.int8(1), np.float32(1)])
@pytest.mark.parametrize("dtype", [np.int8, np.uint64, float, object])
def test_a_number_is_missing_in_any_type(missing_label, dtype):
    y = np.array([0, 1, 2], dtype=dtype)
    table = as_label_table(y, missing_label=missing_label)
    assert table.missing.ravel().tolist() == [False, True, False]
    assert not as_label_table(y, missing_label=[True, "1", 0.5]).missing.any()


class WithColumns:
    columns = ("a", "b")


def test_what_only_has_columns_is_no_frame():
    with pytest.raises(TypeError, match="WithColumns"):
        as_label_table(WithColumns())


def test_a_batch_of_arrow_is_read_like_a_dict():
    batch = pa.record_batch({"a": ["x", None], "b": [1, 2]})
    table = as_label_table(batch)
    assert table.names == ["a", "b"]
    assert table.columns[1].tolist() == [1, 2]
    assert table.missing.tolist() == [[False, False], [True, False]]
    assert len(table) == 2
    assert table.is_named is True
    assert as_label_table([["a", "b"]]).is_named is False
    assert as_label_table(["a"]).is_named is False


def test_names_of_many_tasks_are_cut():
    table = as_label_table({f"t{k}": ["a"] for k in range(7)})
    message = r"Missing: \['u'\]; unknown: \['t0', 't1', 't2', 't3', 't4', \.\.\.\]\."
    with pytest.raises(ValueError, match=message):
        table.select(["u"])


def test_selecting_moves_all_that_belongs_to_a_task():
    order = pd.Categorical(["m", "n"], ["n", "m"], ordered=True)
    y = pd.DataFrame({"a": order, "b": [["x"], None]})
    table = as_label_table(y).select(["b", "a"])
    assert table.names == ["b", "a"]
    assert table.orders == [None, ["n", "m"]]
    assert table.cell_types == [list, None]
    assert table.missing.tolist() == [[False, False], [True, False]]
    assert table.columns[1].tolist() == ["m", "n"]
    taken = table.take([1])
    assert taken.missing.tolist() == [[True, False]]
    assert taken.columns[1].tolist() == ["n"]
    assert taken.container == "frame"
    unnamed = as_label_table([["a", "b"]]).select(["u", "v"])
    assert unnamed.names == ["u", "v"]


def test_a_missing_label_is_no_category():
    order = pd.Categorical([1, 2, 0], [0, 2, 1], ordered=True)
    assert as_label_table(order, missing_label=0).orders == [[2, 1]]
    assert as_label_table(order, missing_label="0").orders == [[0, 2, 1]]


@pytest.mark.parametrize("cells", [[1.0, None, 2.0], [1.0, None, 10**6]])
def test_small_floats_among_objects_are_numbers_like_others(cells):
    small = [np.float16(cell) if isinstance(cell, float) else cell for cell in cells]
    column = np.array(small, dtype=object)
    table = as_label_table({"a": column})
    assert table.missing.tolist() == [[False], [True], [False]]
    assert table.columns[0].dtype == float
    assert table.columns[0][[0, 2]].tolist() == [cells[0], cells[2]]
