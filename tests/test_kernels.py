"""Loops over sparse rows and tables, run by Python and compiled by numba."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import random_array

from sklearn_mtl.network import _kernels
from sklearn_mtl.network._kernels import LANE, add_rows, add_transposed, find_spans

numba = pytest.importorskip("numba")
AS_PYTHON = find_spans, add_rows, add_transposed
COMPILED = _kernels.compiled(numba)
N_FEATURES = 30
NONE = np.zeros(0, dtype=bool)

labels = st.lists(st.lists(st.booleans(), min_size=3, max_size=3), max_size=6)


def read_columns(codes, edges, n_columns, find=find_spans):
    """Return which columns each row reads."""
    starts, bounds = find(codes, np.asarray(edges), n_columns)
    table = np.zeros((len(codes), n_columns), dtype=bool)
    for row, own in enumerate(table):
        spans = bounds[starts[row] : starts[row + 1]].reshape(-1, 2)
        assert (spans[:, 0] < spans[:, 1]).all()
        assert (spans[1:, 0] > spans[:-1, 1]).all()
        for first, end in spans:
            own[first:end] = True
    return table


@given(
    labelled=labels,
    first=st.integers(0, 40),
    widths=st.lists(st.integers(1, 40), min_size=3, max_size=3),
    behind=st.integers(0, 20),
)
@settings(deadline=None)
def test_rows_read_the_lanes_of_their_labels(labelled, first, widths, behind):
    codes = np.where(np.array(labelled, dtype=bool).reshape(-1, 3), 0, -1)
    edges = first + np.cumsum([0, *widths])
    n_columns = edges[-1] + behind
    found = read_columns(codes, edges, n_columns)
    wanted = np.ones((len(codes), n_columns), dtype=bool)
    for task in range(3):
        wanted[codes[:, task] < 0, edges[task] : edges[task + 1]] = False
    # Lanes with a column that must be read, whole.
    n_lanes = -(-n_columns // LANE)
    padded = np.zeros((len(codes), n_lanes * LANE), dtype=bool)
    padded[:, :n_columns] = wanted
    lanes = padded.reshape(len(codes), n_lanes, LANE).any(axis=2)
    assert_array_equal(found, np.repeat(lanes, LANE, axis=1)[:, :n_columns])
    assert_array_equal(read_columns(codes, edges, n_columns, COMPILED[0]), found)


def problem(dtype, n_columns, index_dtype=np.int32):
    """Return rows, a table, slopes and the spans of all columns."""
    rng = np.random.default_rng(0)
    rows = random_array((7, N_FEATURES), density=0.3, random_state=rng, format="csr")
    rows.data[rows.indptr[2] : rows.indptr[3]] = 0
    table = rng.normal(size=(N_FEATURES, n_columns)).astype(dtype)
    slopes = rng.normal(size=(7, n_columns)).astype(dtype)
    codes = np.full((7, 1), -1)
    spans = find_spans(codes, np.array([0, 0]), n_columns)
    csr = rows.indptr, rows.indices, rows.data
    kinds = index_dtype, index_dtype, dtype
    arrays = [a.astype(kind) for a, kind in zip(csr, kinds, strict=True)]
    return rows.toarray(), arrays, table, slopes, spans


@pytest.mark.parametrize("loops", [AS_PYTHON, COMPILED], ids=["python", "numba"])
@pytest.mark.parametrize("index_dtype", [np.int32, np.int64])
@pytest.mark.parametrize("n_columns", [1, LANE, 3 * LANE, 2 * LANE + 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_are_those_of_matrices(dtype, n_columns, index_dtype, loops):
    dense, arrays, table, slopes, spans = problem(dtype, n_columns, index_dtype)
    _, add_rows, add_transposed = loops
    tolerance = {"rtol": 0, "atol": 1e-5 if dtype == np.float32 else 1e-12}

    sums = np.ones_like(slopes)
    add_rows(table, *arrays, *spans, sums, 2, 6)
    expected = np.ones_like(slopes)
    expected[2:6] += (dense @ table)[2:6]
    assert_allclose(sums, expected, **tolerance)

    moved = table.copy()
    for part in (0, 1):
        add_transposed(
            moved, *arrays, *spans, slopes, dtype(-0.5), dtype(1), NONE, part, 1
        )
    assert_allclose(moved, table - 0.5 * dense.T @ slopes, **tolerance)


@pytest.mark.parametrize("loops", [AS_PYTHON, COMPILED], ids=["python", "numba"])
def test_a_part_has_features_of_its_own(loops):
    _, arrays, table, slopes, spans = problem(np.float64, LANE)
    moved = table.copy()
    loops[2](moved, *arrays, *spans, slopes, 1.0, 1.0, NONE, 2, 3)
    changed = np.flatnonzero((moved != table).any(axis=1))
    assert len(changed)
    assert set(changed % 4) == {2}


@pytest.mark.parametrize("loops", [AS_PYTHON, COMPILED], ids=["python", "numba"])
def test_columns_outside_of_spans_stay_as_they_are(loops):
    dense, arrays, table, slopes, _ = problem(np.float64, 3 * LANE)
    codes = np.full((7, 1), -1)
    codes[3] = 0
    spans = find_spans(codes, np.array([LANE, 2 * LANE]), 3 * LANE)
    sums, moved = np.zeros_like(slopes), table.copy()
    loops[1](table, *arrays, *spans, sums, 0, 7)
    loops[2](moved, *arrays, *spans, slopes, 1.0, 1.0, NONE, 0, 0)
    own = slice(LANE, 2 * LANE)
    others = np.arange(7) != 3
    slopes[others, own] = 0
    expected = dense @ table
    expected[others, own] = 0
    assert_allclose(sums, expected)
    assert_allclose(moved, table + dense.T @ slopes)


@pytest.mark.parametrize("loops", [AS_PYTHON, COMPILED], ids=["python", "numba"])
def test_rows_of_features_shrink_once(loops):
    dense, arrays, table, slopes, spans = problem(np.float64, LANE + 3)
    moved, seen = table.copy(), np.zeros(N_FEATURES, dtype=bool)
    seen[: N_FEATURES // 2] = True
    stored = np.isin(np.arange(N_FEATURES), arrays[1])
    shrunk = stored & ~seen
    loops[2](moved, *arrays, *spans, slopes, 1.0, 0.5, seen, 0, 0)
    expected = table * np.where(shrunk, 0.5, 1.0)[:, None] + dense.T @ slopes
    assert_allclose(moved, expected)
    assert seen[shrunk].all()


def test_loops_are_compiled_without_a_folder_to_keep_them(monkeypatch):
    kept = []

    class Numba:
        """numba where no folder can be written to."""

        extending = numba.extending
        void = numba.void

        @staticmethod
        def njit(*, nogil, cache=False):
            if cache:
                raise RuntimeError("cannot cache function: no locator available")
            return lambda function: kept.append(function) or function

    assert _kernels.compiled(Numba) == list(AS_PYTHON)
    assert kept == list(AS_PYTHON)
