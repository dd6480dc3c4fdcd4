"""Labels of the other columns beside the probabilities of a classifier."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl.labelling import _evidence
from sklearn_mtl.labelling._evidence import Column, with_evidence

N_ROWS = 2000
FOLDS = np.arange(N_ROWS) % 5


def column(codes, probabilities=None):
    n_classes = max(2, codes.max() + 1)
    if probabilities is None:
        probabilities = np.full((len(codes), n_classes), 1 / n_classes)
    return Column(codes, probabilities)


def test_a_copied_column_gives_its_label_away():
    codes = np.random.default_rng(0).integers(3, size=N_ROWS)
    first, second = with_evidence([column(codes), column(2 - codes)], FOLDS)
    assert_array_equal(first.argmax(axis=1), codes)
    assert_array_equal(second.argmax(axis=1), 2 - codes)
    assert first.max(axis=1).min() > 0.9


def test_an_empty_cell_is_information_too():
    codes = np.arange(N_ROWS) % 2
    beside = np.where(codes == 1, np.arange(N_ROWS) // 2 % 2, -1)
    found, other = with_evidence([column(codes), column(beside)], FOLDS)
    assert_array_equal(found.argmax(axis=1), codes)
    assert_array_equal(other[codes == 0], 0.5)  # empty cells are left as they are


def test_unrelated_columns_change_little():
    rng = np.random.default_rng(0)
    true = rng.random(N_ROWS)
    codes = (rng.random(N_ROWS) < true).astype(int)
    own = column(codes, np.column_stack([1 - true, true]))
    others = [column(rng.integers(4, size=N_ROWS)) for _ in range(5)]
    found = with_evidence([own, *others], FOLDS)[0]
    assert_allclose(found, own.probabilities, atol=0.1)
    assert np.abs(found - own.probabilities).mean() < 0.02


def test_probabilities_follow_from_the_rule_of_bayes():
    """Two independent signs of a class have the product of their factors."""
    rng = np.random.default_rng(0)
    n_rows = 40_000
    codes = rng.integers(2, size=n_rows)
    signs = [np.where(rng.random(n_rows) < 0.8, codes, 1 - codes) for _ in range(2)]
    columns = [column(codes), *map(column, signs)]
    found = with_evidence(columns, np.arange(n_rows) % 5)[0]
    both = (signs[0] == 1) & (signs[1] == 1)
    assert_allclose(found[both, 1], 0.64 / (0.64 + 0.04), atol=0.02)
    assert_allclose(found[signs[0] != signs[1], 1], 0.5, atol=0.02)


def test_two_columns_that_say_the_same_count_once():
    rng = np.random.default_rng(0)
    n_rows = 20_000
    codes = rng.integers(2, size=n_rows)
    sign = np.where(rng.random(n_rows) < 0.8, codes, 1 - codes)
    folds = np.arange(n_rows) % 5
    once = with_evidence([column(codes), column(sign)], folds)[0]
    often = with_evidence([column(codes), *[column(sign)] * 4], folds)[0]
    assert_allclose(often, once, atol=0.01)


def test_a_row_is_not_judged_by_its_own_label():
    """A label that no other row has says nothing."""
    codes = np.random.default_rng(0).integers(2, size=N_ROWS)
    codes, folds = codes[:200], FOLDS[:200]
    found = with_evidence([column(codes), column(np.arange(200))], folds)[0]
    assert_allclose(found, 0.5)


def test_the_most_informative_columns_are_used(monkeypatch):
    monkeypatch.setattr(_evidence, "_MOST_COLUMNS", 1)
    rng = np.random.default_rng(0)
    codes = rng.integers(2, size=N_ROWS)
    noise = [column(rng.integers(2, size=N_ROWS)) for _ in range(3)]
    found = with_evidence([column(codes), *noise, column(codes)], FOLDS)[0]
    assert_array_equal(found.argmax(axis=1), codes)


@pytest.mark.parametrize("labelled", [0, 1, 2])
def test_few_cells_are_no_error(labelled):
    codes = np.full(10, -1)
    codes[:labelled] = np.arange(labelled)
    columns = [column(codes), column(np.arange(10) % 2)]
    for found in with_evidence(columns, np.arange(10) % 2):
        assert_allclose(found.sum(axis=1), 1)
