"""Cells of several labels: what they may be, and sets as indicators and back."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_mtl.labels._sets import (
    cell_type,
    indicators,
    is_cell,
    labels_of,
    refuse_indicators,
    sets_of,
)
from sklearn_mtl.labels._tables import as_label_table

CELLS = [["b", "a"], None, [], ["a"]]


@pytest.mark.parametrize(
    "y",
    [
        {"tags": CELLS},
        {"tags": [None if cell is None else tuple(cell) for cell in CELLS]},
        {"tags": [None if cell is None else np.array(cell) for cell in CELLS]},
        {"tags": pd.Series(CELLS)},
        pd.DataFrame({"tags": CELLS}),
        pl.DataFrame({"tags": CELLS}),
        pa.table({"tags": CELLS}),
        [None if cell is None else set(cell) for cell in CELLS],
        [[None if cell is None else frozenset(cell)] for cell in CELLS],
    ],
    ids=lambda y: type(y).__name__,
)
def test_cells_may_be_any_collection(y):
    table = as_label_table(y)
    assert table.missing.tolist() == [[False], [True], [False], [False]]
    there = table.columns[0][[0, 2, 3]].tolist()
    assert there == [frozenset("ab"), frozenset(), frozenset("a")]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([["a"], ["b"]], list),
        ([("a",), ()], tuple),
        ([{"a"}, None], set),
        ([frozenset("a")], frozenset),
        ([["a"], {"a"}], list),
        ([np.array(["a"])], list),
        (["a", None], None),
    ],
)
def test_the_type_of_cells_is_kept(cells, kind):
    assert as_label_table({"tags": cells}).cell_types == [kind]


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (["a", None], "that holds None, in row 1"),
        (["a", float("nan")], "that holds nan, in row 1"),
        (["a", ["b"]], r"that holds \['b'\], in row 1"),
        ([0.5], "that holds 0.5, in row 1"),
        ([b"a"], "that holds b'a', in row 1"),
    ],
)
def test_labels_in_a_cell_are_str_int_or_bool(cell, found):
    with pytest.raises(ValueError, match=rf"y\['tags'\] has a cell .*{found}"):
        as_label_table({"tags": [["a"], cell]})


def test_labels_in_cells_are_of_one_type():
    with pytest.raises(ValueError, match=r"y\['tags'\] holds both str and int labels"):
        as_label_table({"tags": [["a"], [1]]})


def test_a_cell_of_one_label_beside_one_of_several_is_an_error():
    with pytest.raises(
        ValueError,
        match=r"y\['tags'\] holds several .* \['a'\] in row 0 and 'b' in row 1",
    ):
        as_label_table({"tags": [["a"], "b"]})


def test_numbers_keep_their_type():
    assert labels_of(as_label_table({"tags": [[3, 1], [2]]}).columns[0]).dtype == int
    assert labels_of(as_label_table([{True}, {False}]).columns[0]).dtype == bool
    assert labels_of(as_label_table([{np.True_}, set()]).columns[0]).dtype == bool


sets = st.lists(st.frozensets(st.sampled_from("abcd")), min_size=1, max_size=8)


@given(sets)
@settings(max_examples=50, deadline=None)
def test_indicators_say_what_sets_hold(sets):
    labels = labels_of(sets)
    found = indicators(sets, labels)
    held = [[label in own for label in labels.tolist()] for own in sets]
    assert_array_equal(found, np.reshape(held, found.shape))
    assert sets_of(found, labels).tolist() == sets


def test_who_reads_one_label_says_which_tasks_hold_several():
    table = as_label_table({"tags": [["a"]], "tone": ["x"]})
    with pytest.raises(ValueError, match=r"^Panels reads .* cells of \['tags'\] hold"):
        table.refuse_sets("Panels")
    table.select(["tags", "tone"]).take([0])
    as_label_table({"tone": ["x"]}).refuse_sets("Panels")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (["a"], True),
        ([], True),
        ((), True),
        (set(), True),
        (frozenset(), True),
        (np.array(["a"]), True),
        (np.array("a"), False),
        (np.array([["a"]]), False),
        ("a", False),
        ({"a": 1}, False),
        (None, False),
    ],
)
def test_cells_of_several_labels_are_known(value, found):
    assert is_cell(value) is found


@pytest.mark.parametrize(
    ("cells", "look_alike"),
    [
        ([[0, 1], [1, 1]], True),
        ([[True, False], [False, False]], True),
        ([(0.0, 1.0), np.array([1, 0])], True),
        ([[0], [1]], False),
        ([[0, 2], [1, 1]], False),
        ([[0, -1], [1, 1]], False),
        ([[0, 1], [1]], False),
        ([[], []], False),
        ([{0, 1}, {0, 1}], False),
        ([["0", "1"], ["1", "1"]], False),
    ],
)
def test_vectors_of_0_and_1_look_like_indicators(cells, look_alike):
    rows = np.arange(3, 3 + len(cells))
    if not look_alike:
        refuse_indicators(cells, rows, "y")
        return
    with pytest.raises(
        ValueError, match=r"^y holds vectors of 0 and 1, .* in row 3\. They"
    ):
        refuse_indicators(cells, rows, "y")


def test_labels_of_sets_are_sorted_and_of_one_type():
    assert labels_of([frozenset("ba"), frozenset("c")]).tolist() == ["a", "b", "c"]
    assert labels_of([frozenset("ba")]).dtype.kind == "U"
    assert labels_of([frozenset()]).dtype.kind == "U"
    assert labels_of([frozenset()]).shape == (0,)
    assert labels_of([frozenset([2, 1])]).tolist() == [1, 2]
    table = indicators([frozenset("ba"), frozenset()], np.array(["a", "b", "c"]))
    assert table.tolist() == [[1, 1, 0], [0, 0, 0]]
    assert table.dtype == np.int64


def test_the_type_of_no_cells_is_a_list():
    assert cell_type([]) is list
    assert cell_type([(), ()]) is tuple
    assert cell_type([np.array(["a"]), ("b",)]) is list
