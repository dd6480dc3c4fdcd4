"""Pickles of another version of this package."""

import pickle
from copy import copy

import pytest
from sklearn.base import clone

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier

TEXTS = ["great phone", "awful phone", "great film", "awful film"] * 5
LABELS = {"tone": ["good", "bad"] * 10}


@pytest.mark.parametrize("prepared", [lambda c: c, clone, copy])
def test_a_worker_refuses_to_fit_a_classifier_of_another_version(prepared, monkeypatch):
    sent = pickle.dumps(MultiTaskTextClassifier())
    monkeypatch.setattr(sklearn_mtl, "__version__", "99.0")
    received = prepared(pickle.loads(sent))
    with pytest.raises(RuntimeError, match=r"has sklearn_mtl 99.0, but was sent"):
        received.fit(TEXTS, LABELS)
    with pytest.raises(RuntimeError, match=r"has sklearn_mtl 99.0, but was sent"):
        received._fit_each(TEXTS, LABELS, [None])


def test_a_fitted_classifier_may_be_older(monkeypatch):
    classifier = MultiTaskTextClassifier(random_state=0).fit(TEXTS, LABELS)
    sent = pickle.dumps(classifier)
    monkeypatch.setattr(sklearn_mtl, "__version__", "99.0")
    expected = classifier.predict(TEXTS)
    older = pickle.loads(sent)
    assert (older.predict(TEXTS) == expected).all()
    assert older.fit(TEXTS, LABELS).score(TEXTS, LABELS) == 1


def test_pickles_without_a_version_load(monkeypatch):
    state = MultiTaskTextClassifier(alpha=0.5).__getstate__()
    state.pop("_sklearn_mtl_version")
    fresh = MultiTaskTextClassifier()
    fresh.__setstate__(state)
    assert fresh.alpha == 0.5


@pytest.mark.parametrize("duplicate", [copy, lambda c: pickle.loads(pickle.dumps(c))])
def test_the_version_is_only_in_pickles(duplicate):
    classifier = MultiTaskTextClassifier()
    assert vars(duplicate(classifier)) == vars(classifier)
