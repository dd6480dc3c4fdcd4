"""Rows in any container: their norms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.sparse import csr_array, csr_matrix

from sklearn_mtl._rows import squared_norms


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
