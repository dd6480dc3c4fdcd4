"""Classifiers saved to a file and loaded again."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from test_every_network import LABELS, data_of, every_network, fitted

import sklearn_mtl


def again(clf, tmp_path, **options):
    clf.save(tmp_path / "model.mtl", **options)
    return sklearn_mtl.load(tmp_path / "model.mtl")


def check_same(found, clf, X):
    """Check that a loaded classifier is the one that was saved, to the last bit."""
    for own, other in (
        zip(np.atleast_1d(found.classes_), np.atleast_1d(clf.classes_), strict=True)
        if isinstance(clf.classes_, np.ndarray)
        else zip(found.classes_, clf.classes_, strict=True)
    ):
        assert_array_equal(own, other)
        assert getattr(own, "dtype", None) == getattr(other, "dtype", None)
    assert_array_equal(found.predict(X), clf.predict(X))
    assert found.predict(X).dtype == clf.predict(X).dtype
    for own, other in zip(found.predict_proba(X), clf.predict_proba(X), strict=True):
        assert_array_equal(own, other)
        assert own.dtype == other.dtype
    params, others = found.get_params(deep=False), clf.get_params(deep=False)
    assert params.keys() == others.keys()
    assert {k: repr(v) for k, v in params.items()} == {
        k: repr(v) for k, v in others.items()
    }
    known = vars(clf).keys() - {"history_"}
    assert vars(found).keys() - {"history_"} == known
    assert vars(found.net_).keys() == vars(clf.net_).keys()


@every_network
def test_every_network_comes_back_as_it_was(trunk, sharing, tmp_path):
    if trunk.startswith("module"):
        pytest.skip("a class of the user")
    clf, X = fitted(trunk, sharing), data_of(trunk)
    found = again(clf, tmp_path)
    check_same(found, clf, X)
    found.set_params(warm_start=True).fit(X, LABELS)
    clone(clf)
