"""Columns that make their cells when they are asked for them."""

from collections import UserList, deque
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_mtl.labels._tables import as_label_table
from sklearn_mtl.utils._rows import at_once
from sklearn_mtl.utils._texts import read_texts

TEXTS = ["late parcel", "wrong bill", "box", "late"]
TONE = ["a", None, "b", "a"]
STARS = [1, None, 3, 1]


class Lazy(Sequence):
    """A column that makes cells when it is asked for them, and counts how often."""

    def __init__(self, cells):
        self.cells, self.n_reads = cells, 0

    def __len__(self):
        return len(self.cells)

    def __getitem__(self, rows):
        self.n_reads += 1
        return self.cells[rows]


@pytest.mark.parametrize("cells", [TONE, STARS, [["a"], []] * 5, np.array([1, 0, 1])])
def test_a_lazy_column_is_read_at_once(cells):
    column = Lazy(cells)
    table = as_label_table({"own": column})
    expected = as_label_table({"own": cells})
    assert_array_equal(table.columns[0], expected.columns[0])
    assert_array_equal(table.missing, expected.missing)
    assert column.n_reads == 1


def test_a_lazy_vector_of_labels_or_texts_is_read_at_once():
    column = Lazy(STARS)
    assert as_label_table(column).columns[0].dtype == np.int64
    assert column.n_reads == 1
    column = Lazy(TEXTS)
    assert read_texts(column) == TEXTS
    assert column.n_reads == 1


def test_integers_stay_integers_where_a_slice_has_floats():
    # As numpy's format of a Dataset has it.
    class Formatted(Lazy):
        def __getitem__(self, rows):
            if isinstance(rows, slice):
                return np.array(self.cells[rows], dtype=float)
            return self.cells[rows]

    assert as_label_table(Formatted(STARS)).columns[0].dtype == np.int64


@pytest.mark.parametrize("column", [[1, 2], (1, 2), range(2), "ab", deque([1, 2]),
                                    UserList([1, 2]), np.arange(2)])  # fmt: skip
def test_other_columns_are_left_as_they_are(column):
    assert at_once(column) is column


def test_a_slice_of_another_length_is_not_believed():
    class Wrong(Lazy):
        def __getitem__(self, rows):
            return self.cells[:1] if isinstance(rows, slice) else self.cells[rows]

    column = Wrong([1, 2])
    assert at_once(column) is column
