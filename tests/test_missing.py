"""Which cells hold no label."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_mtl.labels._missing import (
    find_empty,
    find_values,
    is_same,
    kind_of,
    missing_values,
)
from sklearn_mtl.labels._tables import as_label_table

EMPTY = [
    None,
    float("nan"),
    np.nan,
    np.float16("nan"),
    np.float32("nan"),
    Decimal("nan"),
    Decimal("sNaN"),
    complex("nan"),
    np.datetime64("NaT"),
    np.timedelta64("NaT"),
    np.ma.masked,
    pd.NA,
    pd.NaT,
]


@pytest.mark.parametrize("empty", EMPTY, ids=lambda cell: type(cell).__name__)
def test_every_way_to_say_nothing_is_understood(empty):
    for label in ("a", 1, True):
        column = np.empty(3, dtype=object)
        column[:] = [label, empty, label]
        assert find_empty(column).tolist() == [False, True, False]
        for cells in (column, column.tolist()):
            missing = as_label_table(cells).missing[:, 0]
            assert missing.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (None, ()),
        ("?", ("?",)),
        (-1, (-1,)),
        (["?", -1], ("?", -1)),
        (("?", None, np.nan), ("?",)),
        (np.array([-1, 9]), (-1, 9)),
        (np.array("?"), ("?",)),
        ([], ()),
        (pd.Series(["?", "-"]), ("?", "-")),
    ],
)
def test_one_value_and_several(given, values):
    assert missing_values(given) == values


def test_values_of_another_type_are_other_values():
    column = np.array([0, "0", False, 0.0, "", None], dtype=object)
    assert np.flatnonzero(find_values(column, (0,))).tolist() == [0, 3]
    assert np.flatnonzero(find_values(column, ("0",))).tolist() == [1]
    assert np.flatnonzero(find_values(column, (False, ""))).tolist() == [2, 4]
    assert not find_values(np.array([0, 1]), ("0", False)).any()
    assert is_same(1, 1.0)
    assert not is_same(1, True)
    assert not is_same("1", 1)


def test_an_ordered_categorical_may_have_marks_and_empty_cells():
    column = pd.Categorical(["low", None, "?", "high"], ["low", "?", "high"], True)
    frame = pd.DataFrame({"size": column})
    for mark in ("?", ["?"], ["?", pd.NA], [np.nan, "?"]):
        table = as_label_table(frame, missing_label=mark)
        assert table.orders == [["low", "high"]]
        assert table.missing[:, 0].tolist() == [False, True, True, False]


@pytest.mark.parametrize("nested", [["?", ["-"]], [{"topic": "?"}], ({"?"}, "-")])
def test_collections_among_the_values_are_refused(nested):
    with pytest.raises(ValueError, match=r"one value or a collection.*Got .*among"):
        as_label_table(["?", "a"], missing_label=nested)


def test_a_categorical_without_a_series_keeps_its_order():
    column = pd.Categorical(["lo", "hi", None], ["lo", "hi"], ordered=True)
    for y in (column, {"size": column}, pd.Series(column)):
        assert as_label_table(y).orders == [["lo", "hi"]]
    assert as_label_table(pd.Categorical(["lo", "hi"])).orders == [None]


@pytest.mark.parametrize(
    "given",
    [{"?": 1}.keys(), pd.Index(["?"]), pd.Series(["?"]), pl.Series(["?", None])],
)
def test_any_collection_names_values(given):
    assert missing_values(given) == ("?",)


@pytest.mark.parametrize("empty", EMPTY, ids=lambda cell: type(cell).__name__)
def test_what_is_empty_anyway_names_no_value(empty):
    assert missing_values(empty) == missing_values([empty]) == ()


def test_a_dict_names_no_values():
    with pytest.raises(ValueError, match=r"missing_label is a dict, {'a': 0}.*a list"):
        missing_values({"a": 0})
    assert missing_values([0]) == (0,)  # as advised


def test_large_integers_are_compared_as_they_are():
    column = np.array([2**53, 2**53 + 1])
    assert find_values(column, (float(2**53),)).tolist() == [True, False]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (str, "str"),
        (np.str_, "str"),
        (bool, "bool"),
        (np.bool_, "bool"),
        (int, "int"),
        (np.uint8, "int"),
        (float, "float"),
        (np.float16, "float"),
        (Decimal, "Decimal"),
        (bytes, "bytes"),
    ],
)
def test_kinds_of_labels_have_names(kind, name):
    assert kind_of(kind) == name


@pytest.mark.parametrize("kind", [np.float32, np.complex64])
def test_empty_cells_of_arrays_of_numbers(kind):
    assert find_empty(np.array([1, np.nan], dtype=kind)).tolist() == [False, True]


@pytest.mark.parametrize("cells", [[1, 2], [True, False], ["a", ""], ["NaN", "None"]])
def test_other_arrays_have_no_empty_cells(cells):
    for column in (np.array(cells), np.array(cells, dtype=object)):
        found = find_empty(column)
        assert found.dtype == bool
        assert found.tolist() == [False, False]


def test_floats_are_compared_as_they_are():
    column = np.array([0.5, 1.0, np.inf])
    assert find_values(column, (0.5, np.inf)).tolist() == [True, False, True]
    integers = np.array([0, 1, 2], dtype=np.uint8)
    assert find_values(integers, (0.5, np.inf, 2.0)).tolist() == [False, False, True]
    assert find_values(integers, ()).tolist() == [False, False, False]
    assert find_values(np.array([True, False]), (True, 0)).tolist() == [True, False]


def test_an_object_is_itself():
    strange = object()
    column = np.array([strange, object()], dtype=object)
    assert find_values(column, (strange,)).tolist() == [True, False]
    assert is_same(strange, strange)
    assert is_same("a", np.str_("a"))
    assert not is_same("a", "b")
    assert not is_same(1, 2)


def test_the_message_counts_the_values():
    with pytest.raises(ValueError, match=r"Got \['-'\] among 3 value\(s\)\."):
        missing_values(["?", ["-"], 1])
