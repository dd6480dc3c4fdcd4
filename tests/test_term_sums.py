"""Running sums over features."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array, random_array
from sklearn.feature_extraction.text import TfidfTransformer

from sklearn_mtl.data._term_sums import TermSums
from sklearn_mtl.data._term_weights import information_weights

SIZES = [2, 3]


def made(n_rows=200, seed=0):
    rng = np.random.default_rng(seed)
    rows = random_array((n_rows, 30), density=0.2, rng=rng, format="csr")
    codes = np.column_stack([rng.integers(-1, n, n_rows) for n in SIZES])
    # Features that say something about the labels.
    told = rows.toarray()
    told[:, 0] = codes[:, 0] == 1
    told[:, 1] = codes[:, 1] == 2
    weights = rng.uniform(0.5, 2, codes.shape)
    return csr_array(told), codes, weights


def summed(rows, codes, weights, size, sizes=SIZES):
    sums = TermSums.zero(rows.shape[1], sizes)
    for start in range(0, rows.shape[0], size):
        own = slice(start, start + size)
        sums = sums.plus(rows[own], codes[own], weights[own])
    return sums


@pytest.mark.parametrize("size", [1, 7, 50, 200])
def test_weights_are_those_of_all_rows_at_once(size):
    rows, codes, weights = made()
    expected = information_weights(rows, codes, weights, SIZES)
    found = summed(rows, codes, weights, size).information_weights()
    assert np.ptp(expected) > 0.1
    assert_allclose(found, expected, rtol=1e-9)


def test_document_frequencies_are_those_of_tf_idf():
    rows, codes, weights = made()
    expected = TfidfTransformer().fit(rows).idf_
    sums = summed(rows, codes, weights, 50, sizes=[])
    assert_allclose(sums.inverse_frequencies(), expected)


def test_what_is_pending_is_bounded():
    rows, codes, weights = made(2000)
    sums = summed(rows, codes, weights, 10)
    assert sum(part.nnz for part in sums.pending) <= sums.by_class.nnz
    assert sums.by_class.nnz <= rows.shape[1] * sum(SIZES)


def test_sums_before_a_chunk_do_not_change():
    rows, codes, weights = made()
    before = summed(rows, codes, weights, 100)
    expected = before.information_weights()
    before.plus(rows[:9], codes[:9], weights[:9]).merged()
    assert before.n_rows == 200
    assert_allclose(before.information_weights(), expected)


def test_no_labels_give_no_weights():
    rows, codes, weights = made()
    codes[:] = -1
    assert_allclose(summed(rows, codes, weights, 50).information_weights(), 1.0)
