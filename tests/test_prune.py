"""Leaving out features of a saved classifier that matter least."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.pipeline import make_union
from test_every_network import LABELS, ROWS, SHARINGS, TEXTS, TRUNKS, fitted

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.persistence._errors import CannotSave
from sklearn_mtl.persistence._weights import named_weights, sparse_names


def fit(X=TEXTS, **params):
    params = {"max_iter": 1, "random_state": 0} | params
    return MultiTaskTextClassifier(**params).fit(X, LABELS)


def again(clf, tmp_path, **options):
    clf.save(tmp_path / "model.mtl", **options)
    return sklearn_mtl.load(tmp_path / "model.mtl")


@pytest.mark.parametrize("sharing", SHARINGS)
def test_the_features_of_the_smallest_weights_go(sharing, tmp_path):
    clf = fitted("bag", sharing)
    found = again(clf, tmp_path, prune=0.5)
    names = sparse_names(clf.net_)
    before, after = (named_weights(each.net_) for each in (clf, found))
    squares = sum((before[name].numpy() ** 2).sum(1) for name in names)
    n_kept = len(squares) - len(squares) // 2
    kept = np.sort(np.argsort(-squares, kind="stable")[:n_kept])
    for name in names:
        assert_array_equal(after[name], before[name][kept])
    features = clf.vectorizer_.get_feature_names_out()
    assert_array_equal(found.vectorizer_.get_feature_names_out(), features[kept])
    idf = np.concatenate([part.idf_ for _, part in clf.vectorizer_.transformer_list])
    own = np.concatenate([part.idf_ for _, part in found.vectorizer_.transformer_list])
    assert_array_equal(own, idf[kept])
    assert found.net_.module__spec.n_features == n_kept
    found.set_params(warm_start=True).fit(TEXTS, LABELS)


@pytest.mark.parametrize(
    "params",
    [
        {"vectorizer": CountVectorizer()},
        {"vectorizer": make_union(CountVectorizer(), CountVectorizer(binary=True))},
        {"embedding": "lsa"},
        {"term_weighting": "information"},
        {"trunk": None},
    ],
    ids=str,
)
def test_what_does_not_hold_the_features_predicts_the_same(params, tmp_path):
    """Texts of words that stay, as rows that have no other."""
    clf = fit(**params)
    found = again(clf, tmp_path, prune=0.4)
    assert found.net_.module__spec.n_features < clf.net_.module__spec.n_features
    rows = clf._transform_rows(TEXTS)[0]
    own = found._transform_rows(TEXTS)[0]
    kept = np.isin(
        clf.vectorizer_.get_feature_names_out(),
        found.vectorizer_.get_feature_names_out(),
    )
    assert own.shape[1] == kept.sum()
    assert_array_equal(own.indptr.shape, rows.indptr.shape)
    assert_array_equal(
        (own != 0).toarray(), (rows[:, np.flatnonzero(kept)] != 0).toarray()
    )
    # An empty text has no features to lose.
    for one, other in zip(
        found.predict_proba([""]), clf.predict_proba([""]), strict=True
    ):
        if params.get("embedding") is None:
            assert_array_equal(one, other)


def test_the_original_stays_as_it_was(tmp_path):
    clf = fit()
    before = clf.predict_proba(TEXTS)
    again(clf, tmp_path, prune=0.9)
    for own, other in zip(clf.predict_proba(TEXTS), before, strict=True):
        assert_array_equal(own, other)


def test_each_vectorizer_keeps_a_feature(tmp_path):
    found = again(fit(), tmp_path, prune=0.999)
    sizes = [len(part.vocabulary_) for _, part in found.vectorizer_.transformer_list]
    assert sizes == [1, 1]
    found.predict(TEXTS)


def test_none_may_be_left_out(tmp_path):
    clf = fit()
    assert_array_equal(again(clf, tmp_path, prune=0).predict(TEXTS), clf.predict(TEXTS))


@pytest.mark.parametrize("share", [-0.1, 1, 2, float("nan")])
def test_a_share_is_below_one(share, tmp_path):
    with pytest.raises(ValueError, match=f"prune must be at least 0.*Got {share}"):
        fit().save(tmp_path / "model.mtl", prune=share)


@pytest.mark.parametrize(
    ("X", "params"),
    [
        (TEXTS, {"trunk": TRUNKS["conv"]}),
        (TEXTS, {"vectorizer": HashingVectorizer(n_features=32)}),
        (ROWS, {}),
    ],
    ids=["tokens", "hashes", "numbers"],
)
def test_without_words_there_is_nothing_to_leave_out(X, params, tmp_path):
    with pytest.raises(CannotSave, match="needs a vectorizer that counts terms"):
        fit(X, **params).save(tmp_path / "model.mtl", prune=0.5)


def test_it_goes_with_few_bits(tmp_path):
    clf = fit()
    sizes = []
    for options in ({}, {"prune": 0.5}):
        clf.save(tmp_path / "model.mtl", dtype="int8", **options)
        sizes.append((tmp_path / "model.mtl").stat().st_size)
        sklearn_mtl.load(tmp_path / "model.mtl").predict(TEXTS)
    assert sizes[1] < 0.75 * sizes[0]
