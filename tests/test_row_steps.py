"""Rows without scikit-learn: their form, joins, and names that are imported late."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array, csr_matrix, hstack, random_array

import sklearn_mtl.feature_extraction
from sklearn_mtl.answers._thresholds import thresholds_of
from sklearn_mtl.data._rows import RowSteps, as_rows, join_columns, made_rows
from sklearn_mtl.labels._sets import indicators
from sklearn_mtl.utils._rows import n_rows


def with_short_indices(rows):
    # As vectorizers give them; scipy 1.14 makes random rows with long ones.
    for part in ("indices", "indptr"):
        setattr(rows, part, getattr(rows, part).astype(np.int32))
    return rows


@given(
    seed=st.integers(0, 99),
    n=st.integers(0, 6),
    widths=st.lists(st.integers(0, 5), min_size=1, max_size=4),
    kind=st.sampled_from([csr_array, csr_matrix]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_rows_are_joined_as_by_scipy(seed, n, widths, kind, dtype):
    rng = np.random.default_rng(seed)
    parts = [
        with_short_indices(
            kind(random_array((n, width), density=0.4, random_state=rng, dtype=dtype))
        )
        for width in widths
    ]
    found, expected = join_columns(parts), hstack(parts, format="csr")
    assert type(found) is type(expected)
    assert found.shape == expected.shape
    for part in ("data", "indices", "indptr"):
        own = getattr(found, part)
        assert own.dtype == getattr(expected, part).dtype
        assert_array_equal(own, getattr(expected, part))


def test_types_of_joined_values_are_those_of_numpy():
    parts = [csr_array(np.eye(2, dtype=t)) for t in (np.float32, np.float64)]
    assert join_columns(parts).dtype == np.float64


@pytest.mark.parametrize(
    ("value", "found"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")]
)
def test_rows_hold_finite_numbers(value, found):
    X = np.array([[1.0, value]])
    for rows in (X, csr_array(X)):
        with pytest.raises(ValueError, match=f"Input X contains {found}"):
            as_rows(rows)


def test_a_vectorizer_may_not_lose_rows():
    with pytest.raises(ValueError, match=r"returned 1 row\(s\) for the 2 row\(s\)"):
        made_rows(np.ones((1, 3)), ["a", "b"])


def test_steps_without_settings_change_nothing():
    rows = csr_array(np.eye(3))
    found, dense = RowSteps(lambda _: rows)(["a", "b", "c"])
    assert found is rows
    assert dense is None


@pytest.mark.parametrize(
    ("X", "found"),
    [
        ([1, 2, 3], 3),
        (np.ones((2, 5)), 2),
        (csr_array(np.ones((4, 2))), 4),
        ({"a": [1, 2]}, 2),
        ({}, 0),
        ((), 0),
    ],
)
def test_rows_are_counted(X, found):
    assert n_rows(X) == found


@pytest.mark.parametrize("X", [np.array(3.0), object(), iter([1])])
def test_what_has_no_rows(X):
    with pytest.raises(TypeError):
        n_rows(X)


def test_indicators_of_sets():
    labels = np.array(["a", "b", "c"])
    sets = np.fromiter([frozenset("ab"), frozenset(), frozenset("c")], object)
    found = indicators(sets, labels)
    assert found.dtype == np.int64
    assert_array_equal(found, [[1, 1, 0], [0, 0, 0], [0, 0, 1]])
    assert indicators(sets[:0], labels).shape == (0, 3)


def test_thresholds_are_those_of_the_link():
    import torch

    from sklearn_mtl.tasks._thresholds import Thresholds

    link = Thresholds(np.log([0.1, 0.2, 0.3, 0.4])).to(torch.float32)
    found = thresholds_of(link.first.numpy(), link.raw_gaps.detach().numpy())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, link.thresholds().detach(), rtol=1e-6)
    assert (np.diff(found) > 0).all()


def test_names_of_a_package_that_are_not_there():
    assert "FastTfidfVectorizer" in sklearn_mtl.feature_extraction.__all__
    with pytest.raises(AttributeError, match="has no attribute 'SlowVectorizer'"):
        sklearn_mtl.feature_extraction.SlowVectorizer  # noqa: B018
    with pytest.raises(ImportError):
        from sklearn_mtl.metrics import no_score  # noqa: F401
