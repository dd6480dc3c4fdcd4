"""Tables and labels of a fixed width, letter by letter."""

import numpy as np
import pytest

from sklearn_mtl.utils._text_table import column_widths, shorten, text_table

ROWS = [["a", "bb", ""], ["long", "c", "d"], ["", "ccc", "dd"]]


def test_a_table_by_hand():
    assert text_table(["x", "y", "head"], ROWS).split("\n") == [
        "x       y  head",
        "a      bb",
        "long    c     d",
        "      ccc    dd",
    ]


@pytest.mark.parametrize(
    ("left", "line"),
    [
        (0, "   a   bb     z"),
        (1, "a      bb     z"),
        (2, "a     bb      z"),
        (3, "a     bb   z"),
    ],
)
def test_the_first_columns_are_flush_left(left, line):
    rows = [["a", "bb", "z"], *ROWS]
    table = text_table(["x", "y", "head"], rows, left=left)
    assert table.split("\n")[1] == line


def test_columns_are_as_wide_as_their_longest_cells():
    assert column_widths(ROWS) == [4, 3, 2]


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("x" * 18, "x" * 18),
        ("x" * 19, "x" * 17 + "…"),
        (3.0, "3"),
        (np.float32(-2), "-2"),
        (2.5, "2.5"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (False, "False"),
        (None, "None"),
        ("3.0", "3.0"),
    ],
)
def test_labels_have_eighteen_letters_at_most(label, text):
    assert shorten(label) == text


def test_a_label_of_another_width():
    assert [shorten("abcd", width) for width in (3, 4, 5)] == ["ab…", "abcd", "abcd"]
