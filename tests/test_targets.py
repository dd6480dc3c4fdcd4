"""Targets: labels to codes and back, in the containers and types of the user."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal

from sklearn_mtl.data._targets import Targets
from sklearn_mtl.labels._tables import as_label_table


def targets_of(y, **params):
    """Give the targets of some labels, and the labels' codes."""
    table = as_label_table(y)
    targets = Targets(table, **params)
    return targets, targets.encode(table)


def decoded(y, output="array", like=None):
    """Send labels there and back."""
    targets, codes = targets_of(y)
    return targets.decode(codes, output, like)


# Tasks -------------------------------------------------------------------------------


def test_classes_are_sorted_and_in_the_dtype_of_the_labels():
    y = {"a": ["y", None, "x"], "b": np.array([3, 1, 2], np.int8)}
    first, second = targets_of(y)[0].tasks
    assert first.classes_.tolist() == ["x", "y"]
    assert second.classes_.tolist() == [1, 2, 3]
    assert second.classes_.dtype == np.int8


def test_types_are_inferred_from_the_number_of_classes():
    targets, _ = targets_of({"a": ["x", "y"], "b": [1, 2], "c": [True, False]})
    assert targets.types == dict.fromkeys("abc", "binary")
    targets, _ = targets_of({"a": ["x", "y", "z"]})
    assert targets.types == {"a": "multiclass"}


def test_a_declared_type_is_kept():
    targets, _ = targets_of({"a": [0, 1], "b": [0, 1]}, task_types={"a": "multiclass"})
    assert targets.types == {"a": "multiclass", "b": "binary"}


@pytest.mark.parametrize(
    ("task_types", "message"),
    [
        ({"c": "binary"}, r"task_types names unknown tasks \['c'\].* \['a', 'b'\]"),
        ({"a": "ordered"}, r"type of y\['a'\] must be one of .* Got 'ordered'"),
        ({"b": "binary"}, r"y\['b'\] is declared binary but has 3 classes"),
    ],
)
def test_what_is_wrong_with_task_types(task_types, message):
    with pytest.raises(ValueError, match=message):
        targets_of({"a": [0, 1, 0], "b": [0, 1, 2]}, task_types=task_types)


def test_a_task_without_labels_is_an_error():
    message = r"task\(s\) \['b', 'c'\] have no label"
    with pytest.raises(ValueError, match=message):
        targets_of({"a": [0, 1], "b": [None, None], "c": [np.nan, np.nan]})


def test_tasks_with_a_single_class_are_named_in_one_warning():
    y = {"a": [0, 1], "b": ["x", "x"], "c": [None, 2]}
    with pytest.warns(UserWarning, match=r"\['b', 'c'\] have a single class") as record:
        targets_of(y)
    assert len(record) == 1


# Codes -------------------------------------------------------------------------------


def test_missing_cells_have_code_minus_one():
    _, codes = targets_of({"a": ["y", None, "x"], "b": [None, 7, 5]})
    assert codes.tolist() == [[1, -1], [-1, 1], [0, 0]]


def test_a_label_that_fit_did_not_see_is_an_error():
    targets, _ = targets_of({"a": ["x", "y", "y"]})
    table = as_label_table({"a": [None, "z", "x"]})
    message = r"y\['a'\] holds labels .* \['z'\] in row\(s\) \[1\].* \['x', 'y'\]"
    with pytest.raises(ValueError, match=message):
        targets.encode(table)


def test_a_label_that_fit_did_not_see_may_count_as_wrong():
    targets, _ = targets_of(["x", "y"])
    table = as_label_table([None, "z", "x"])
    with pytest.warns(UserWarning, match=r"^y holds labels .* count as wrong"):
        codes = targets.encode(table, unknown="warn")
    assert codes.tolist() == [[-1], [-2], [0]]


@pytest.mark.parametrize("unknown", ["raise", "warn"])
@pytest.mark.parametrize(
    ("fitted", "given", "found"),
    [
        (["x", "y"], [1, 2], "1"),
        ([1, 2], ["1", "2"], "'1'"),
        ([True, False], ["x"], "'x'"),
    ],
)
def test_labels_of_another_type_are_an_error(fitted, given, found, unknown):
    targets, _ = targets_of({"a": fitted})
    with pytest.raises(ValueError, match=rf"another type than in fit\. Got .*{found}"):
        targets.encode(as_label_table({"a": given}), unknown=unknown)


def test_an_empty_column_is_of_any_type():
    targets, _ = targets_of(["x", "y"])
    assert targets.encode(as_label_table(np.full(2, np.nan))).tolist() == [[-1], [-1]]


def test_integers_that_became_floats_beside_empty_cells_are_known():
    targets, _ = targets_of(pd.Series([1, 2]))
    codes = targets.encode(as_label_table(pd.Series([2, None, 1])))
    assert codes.tolist() == [[1], [-1], [0]]


# Labels ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (np.array([1, 2], np.int8), np.int8),
        (["a", "bb"], "<U2"),
        (np.array(["a", "bb"]), "<U2"),
        ({"a": np.array([1, 2], np.int8), "b": [1, 2]}, np.int64),
        ({"a": ["x", "y"], "b": ["longer", "z"]}, "<U6"),
        ({"a": [True, False], "b": [False, True]}, bool),
        ({"a": [True, False], "b": [1, 2]}, np.int64),
        ({"a": [True, False], "b": [1.0, 2.0]}, np.float64),
        ({"a": [1, 2], "b": [1.0, 2.0]}, np.float64),
        ({"a": [1, 0, 1], "b": [1, 0, None]}, np.int64),
        ({"a": [1, 0, 1], "b": np.array([1, 0, np.nan])}, np.float64),
        ({"a": np.array([1, 2], np.uint8), "b": np.array([-1, 2], np.int8)}, np.int16),
        ({"a": np.array([1, 2], np.uint64), "b": [-1, 2]}, np.float64),
        ({"a": np.array([0, 2**63 + 1], np.uint64), "b": [-1, 2]}, object),
        ({"a": [0, 2**53 + 1], "b": [0.0, 1.0]}, object),
        ({"a": [0, 2**63 - 1], "b": [0.0, 1.0]}, object),
        ({"a": [True, False], "b": ["x", "y"]}, object),
        ({"a": [{1}, {2}], "b": [1, 2]}, object),
        ({"a": ["x", "y"], "b": [1, 2]}, object),
    ],
    ids=repr,
)
def test_array_output_has_the_common_dtype_of_one_kind_or_object(y, dtype):
    assert decoded(y).dtype == dtype


def test_array_output_keeps_each_cell_as_it_is():
    rows = [["x", True, 1, 1.0], ["y", False, 2, 2.0]]
    found = decoded(rows).tolist()
    assert found == rows
    assert [type(cell) for cell in found[0]] == [str, bool, int, float]


@pytest.mark.parametrize(
    ("y", "shape"), [([1, 2], (2,)), ([[1], [2]], (2, 1)), ({"a": [1, 2]}, (2, 1))]
)
def test_array_output_has_one_dimension_for_a_vector_only(y, shape):
    assert decoded(y).shape == shape


def test_dict_output_keeps_the_dtype_of_each_task():
    y = {"a": np.array([1, 2], np.int8), "b": [True, False], "c": ["x", "y"]}
    found = decoded(y, "dict")
    assert list(found) == ["a", "b", "c"]
    assert found["a"].dtype == np.int8
    assert found["b"].dtype == bool
    assert found["c"].tolist() == ["x", "y"]


PANDAS = pd.DataFrame(
    {
        "str": ["x", "y"],
        "object": pd.Series(["x", "y"], dtype=object),
        "string": pd.Series(["x", "y"], dtype="string"),
        "arrow": pd.Series(["x", "y"], dtype="string[pyarrow]"),
        "category": pd.Categorical(["b", "a"], categories=["c", "b", "a"]),
        "levels": pd.Categorical([2, 1], categories=[1, 2], ordered=True),
        "bool": [True, False],
        "boolean": pd.Series([True, False], dtype="boolean"),
        "int8": pd.Series([1, 2], dtype="int8"),
        "Int8": pd.Series([1, 2], dtype="Int8"),
        "float": [1.0, 2.0],
    }
)


def test_a_pandas_frame_comes_back_as_it_was():
    assert_frame_equal(decoded(PANDAS, "frame"), PANDAS)


def test_a_pandas_frame_with_empty_cells_comes_back_in_its_dtypes():
    frame = PANDAS.drop(columns=["bool", "int8"]).reindex([0, 1, 2])
    targets, codes = targets_of(frame)
    predicted = targets.decode(codes.clip(min=0), "frame")
    assert predicted.dtypes.tolist() == frame.dtypes.tolist()
    assert_frame_equal(predicted[:2], frame[:2])


def test_a_polars_frame_comes_back_as_it_was():
    frame = pl.DataFrame(
        {"str": ["x", "y"], "bool": [True, False], "int": [1, 2], "enum": ["b", "a"]},
        schema_overrides={"int": pl.Int8, "enum": pl.Enum(["c", "b", "a"])},
    )
    predicted = decoded(frame, "frame")
    assert predicted.schema == frame.schema
    assert predicted.equals(frame)


def test_an_arrow_table_comes_back_as_it_was():
    table = pa.table(
        {
            "str": pa.array(["x", "y"], pa.large_string()),
            "bool": [True, False],
            "int": pa.array([1, 2], pa.int8()),
            "dictionary": pa.array(["b", "a"]).dictionary_encode(),
        }
    )
    predicted = decoded(table, "frame")
    assert predicted.schema == table.schema
    assert predicted.to_pylist() == table.to_pylist()


@pytest.mark.parametrize("container", [pd.Series, pd.DataFrame])
def test_a_pandas_frame_takes_over_the_index_of_x(container):
    X = container(["one", "two"], index=["p", "q"])
    assert decoded(PANDAS, "frame", like=X).index.tolist() == ["p", "q"]


def test_a_pandas_frame_counts_its_rows_where_x_has_no_index():
    frame = PANDAS.set_index(pd.Index([7, 9]))
    assert decoded(frame, "frame", like=["one", "two"]).index.tolist() == [0, 1]


@pytest.mark.parametrize(
    "y",
    [["x", "y"], [["x"], ["y"]], {"a": ["x", "y"]}],
    ids=["vector", "array", "dict"],
)
def test_frame_output_needs_a_frame_in_fit(y):
    with pytest.raises(ValueError, match=r"not a DataFrame in fit.*'dict'"):
        decoded(y, "frame")


# Any table ---------------------------------------------------------------------------


@st.composite
def label_columns(draw):
    """Columns of str, int or bool cells with None among them, each with a label."""
    n_rows = draw(st.integers(1, 6))
    kinds = [st.text("ab \u00e9", max_size=2), st.integers(-3, 3), st.booleans()]
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3))
    cells = [st.lists(st.none() | k, min_size=n_rows, max_size=n_rows) for k in chosen]
    return {
        f"t{k}": draw(c.filter(lambda column: column != [None] * len(column)))
        for k, c in enumerate(cells)
    }


@pytest.mark.filterwarnings("ignore:.*which look like empty cells")
@settings(max_examples=100, deadline=None)
@given(columns=label_columns())
def test_labels_come_back_from_their_codes(columns):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*single class")
        targets, codes = targets_of(columns)
    found = targets.decode(codes, "dict")
    for k, (name, cells) in enumerate(columns.items()):
        labelled = np.array([cell is not None for cell in cells])
        assert_array_equal(codes[:, k] >= 0, labelled)
        assert (codes[~labelled, k] == -1).all()
        expected = [cell for cell in cells if cell is not None]
        assert found[name][labelled].tolist() == expected
        assert targets.tasks[k].classes_.tolist() == sorted(set(expected))


@pytest.mark.parametrize(
    "cells", [["x", "y"], [1, 2], [True, False], [["x"], ["y", "x"]]]
)
def test_objects_of_polars_come_back_as_objects(cells):
    frame = pl.DataFrame({"a": pl.Series(cells, dtype=pl.Object)})
    found = decoded(frame, "frame")
    assert found.schema == frame.schema
    assert found["a"].to_list() == [
        sorted(c) if isinstance(c, list) else c for c in cells
    ]


def test_integers_of_two_kinds_are_compared_as_they_are():
    targets, _ = targets_of(np.array([2**53, 2**53 + 1, 2**63 + 1], dtype=np.uint64))
    table = as_label_table(np.array([2**53 + 1, 2**53], dtype=np.int64))
    assert targets.encode(table).tolist() == [[1], [0]]


def test_what_looks_empty_among_several_labels_is_left_out():
    message = r"y\['a'\] has the class\(es\) \['NA'\].*leave them out of the cells"
    with pytest.warns(UserWarning, match=message):
        targets_of({"a": [["x"], ["NA", "x"], ["y"]]})
    targets_of({"a": [["x"], ["x"], ["y"]]})  # as advised


# What was hardly meant ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "is_list"),
    [
        ("['a', 'b']", True),
        ('["a"]', True),
        ("[]", True),
        ("[1, 2]", True),
        ("[a, b]", False),
        ("['a']+['b']", False),
        ("['a'", False),
        ("'a']", False),
        ("('a', 'b')", False),
        ("a", False),
    ],
)
def test_texts_that_are_written_lists_are_noticed(label, is_list):
    y = {"a": [label, "other"]}
    if not is_list:
        assert targets_of(y)[0].types == {"a": "binary"}  # warnings are errors here
        return
    message = r"y\['a'\] has the class\(es\) \[.*\], texts that look like lists.*"
    with pytest.warns(
        UserWarning, match=message + r"literal_eval\(cell\) for cell in y"
    ):
        targets_of(y)


def test_at_most_two_written_lists_are_shown():
    with pytest.warns(UserWarning, match=r"class\(es\) \['\[1\]', '\[2\]'\], texts"):
        targets_of(["[1]", "[2]", "[3]"])


@pytest.mark.parametrize("label", ["", " ", "NaN", " NA ", "null", "None"])
def test_texts_that_look_empty_are_noticed(label):
    message = r"^y has the class\(es\) \[.*\], which look like empty cells\. If they"
    with pytest.warns(UserWarning, match=message):
        targets_of([label, "a", "b"])
    table = as_label_table([label, "a", "b"], missing_label=[label])  # as advised
    assert Targets(table).layout.sizes == [2]


def test_codes_of_each_task_and_back():
    y = {"a": ["x", "y", None], "tags": [["p", "q"], None, ["r"]], "b": [1, 2, 3]}
    targets, codes = targets_of(y)
    assert codes.tolist() == [
        [0, 1, 1, 0, 0],
        [1, -1, -1, -1, 1],
        [-1, 0, 0, 1, 2],
    ]
    assert codes.dtype == np.int32
    layout = targets.layout
    assert layout.starts.tolist() == [0, 1, 4]
    assert layout.sizes == [2, 2, 2, 2, 3]
    assert layout.of_task(codes, 0).tolist() == [0, 1, -1]
    assert layout.of_task(codes, 1).tolist() == codes[:, 1:4].tolist()
    assert layout.of_task(codes, 2).tolist() == [0, 1, 2]
    assert layout.by_code(np.array([[5, 6, 7]])).tolist() == [[5, 6, 6, 6, 7]]
    found = targets.decode(np.abs(codes), "dict")
    assert found["tags"].tolist() == [["p", "q"], ["p", "q", "r"], ["r"]]
    assert found["a"].tolist() == ["x", "y", "y"]


def test_the_first_unknown_labels_are_shown():
    targets, _ = targets_of({"a": [str(k) for k in range(12)]})
    table = as_label_table({"a": [None, *"uvwxyz"]})
    message = (
        r"y\['a'\] holds labels that did not occur in fit: "
        r"\['u', 'v', 'w', 'x', 'y'\] in row\(s\) \[1, 2, 3, 4, 5\]\. "
        r"The classes are \['0', '1', '10', '11', '2', '3', '4', '5', '6', '7'\]\."
    )
    with pytest.raises(ValueError, match=message + "$"):
        targets.encode(table)
    with pytest.warns(UserWarning, match=message + " They count as wrong"):
        codes = targets.encode(table, unknown="warn")
    assert codes.ravel().tolist() == [-1, -2, -2, -2, -2, -2, -2]


def test_a_single_class_is_said_of_tasks_of_one_label_only():
    with pytest.warns(UserWarning, match=r"task\(s\) \['a'\] have a single class"):
        targets_of({"a": ["x", "x"], "b": ["x", "y"], "tags": [["p"], ["p"]]})


def test_a_cell_holds_as_many_labels_as_in_fit():
    targets, _ = targets_of({"a": ["x", "y"]})
    with pytest.raises(ValueError, match=r"held one label each in fit\. Got frozenset"):
        targets.encode(as_label_table({"a": [["x"], ["y"]]}))
    targets, _ = targets_of({"a": [["x"], ["y"]]})
    with pytest.raises(ValueError, match=r"held several labels each in fit\. Got 'x'"):
        targets.encode(as_label_table({"a": ["x", "y"]}))
