"""Fits that are taken over whole, and read whole."""

import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.feature_extraction import (
    SequenceVectorizer,
    SubwordVectorizer,
    WordVectorVectorizer,
)
from sklearn_mtl.inspection import gate_weights, top_words
from sklearn_mtl.inspection._gates import _read_gates
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.utils._state import take_over

TEXTS, Y = make_multitask_texts(40, n_tasks=2, random_state=0)
VECTORS = {"good": [1.0, 0.0], "bad": [0.0, 1.0]}


def classifier(**params):
    return MultiTaskTextClassifier(max_iter=1, random_state=0, **params)


@pytest.mark.parametrize(
    ("vectorizer", "message"),
    [
        (WordVectorVectorizer(VECTORS), "None of the 2 words of X has a vector"),
        (SequenceVectorizer(min_df=2), "no terms remain"),
        (SubwordVectorizer(), "empty vocabulary"),
    ],
    ids=lambda part: type(part).__name__,
)
def test_a_failed_refit_leaves_a_vectorizer_as_it_was(vectorizer, message):
    texts = ["good bad", "good bad film"]
    before = rows_of(vectorizer.fit(texts), texts)
    refused = ["", ""] if isinstance(vectorizer, SubwordVectorizer) else ["one", "two"]
    with pytest.raises(ValueError, match=message):
        vectorizer.fit(refused)
    assert_array_equal(rows_of(vectorizer, texts), before)


def rows_of(vectorizer, texts):
    rows = vectorizer.transform(texts)
    return rows.toarray() if hasattr(rows, "toarray") else rows


def test_parameters_stay_those_of_the_estimator():
    clf = classifier().fit(TEXTS, Y)
    with config_context(enable_metadata_routing=True):
        clf.set_score_request(sample_weight=True)
    other = classifier(alpha=1.0).fit(TEXTS[:20], Y[:20])
    clf.extra = "kept"
    take_over(clf, other)
    assert clf.net_ is other.net_
    assert clf.alpha == "auto"
    assert clf.extra == "kept"
    assert clf.get_metadata_routing().score.requests == {"sample_weight": True}


def test_a_search_keeps_nothing_of_the_one_before():
    search = LossWeightSearchCV(classifier(), [[1, 1], [1, 3]], cv=2).fit(TEXTS, Y)
    search.set_params(refit=False).fit(TEXTS, Y)
    assert not hasattr(search, "best_estimator_")
    assert not hasattr(search, "refit_time_")


def refitted_inside(monkeypatch, clf, method):
    """Fit a classifier anew, with one task of other texts, once a method has run."""
    read = getattr(type(clf), method)

    def meddling(self, *args):
        found = read(self, *args)
        clf.fit(["x y", "x z", "v y", "v z"] * 5, {"other": ["a", "b"] * 10})
        return found

    monkeypatch.setattr(type(clf), method, meddling)


def test_words_and_their_names_are_of_one_fit(monkeypatch):
    clf = classifier().fit(TEXTS, Y)
    before = top_words(clf, TEXTS).words
    refitted_inside(monkeypatch, clf, "_feature_effects")
    assert top_words(clf, TEXTS).words == before


def test_gates_and_their_names_are_of_one_fit(monkeypatch):
    clf = classifier(sharing="mmoe").fit(TEXTS, Y)
    before = gate_weights(clf, TEXTS)
    refitted_inside(monkeypatch, clf, "_gate_weights")
    weights, tasks, _ = _read_gates(clf, TEXTS, -1)
    assert_array_equal(weights.mean(axis=0), before)
    assert list(tasks) == ["task0", "task1"]


def test_columns_of_a_frame_are_of_one_fit(monkeypatch):
    clf = classifier(trunk="bag").set_output(transform="pandas").fit(TEXTS, Y)
    columns = clf.transform(TEXTS).columns
    small = classifier(trunk="bag").fit(TEXTS, Y)
    small._n_features_out = 1  # whose hidden vector would have another width
    represent = type(clf)._represent

    def meddling(self, X):
        found = represent(self, X)
        take_over(clf, small)
        return found

    monkeypatch.setattr(type(clf), "_represent", meddling)
    assert_array_equal(clf.transform(TEXTS).columns, columns)
