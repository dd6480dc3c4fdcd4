"""Texts to sequences of token ids, and their cleaning."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from sklearn_mtl.feature_extraction import (
    FastTfidfVectorizer,
    SequenceVectorizer,
    TextCleaner,
)
from sklearn_mtl.utils._compat import InvalidParameterError

TEXTS = ["the cat sat", "a cat", "", "the dog sat on the mat"]
texts = st.lists(st.text("ab c.", max_size=20), min_size=1, max_size=8)


def rows_of(X):
    return [X.data[a:b].tolist() for a, b in zip(X.indptr, X.indptr[1:], strict=False)]


def test_ids_stand_in_the_order_of_the_tokens():
    vectorizer = SequenceVectorizer()
    X = vectorizer.fit_transform(TEXTS)
    assert issparse(X)
    assert X.shape == (4, 256)
    assert X.dtype == np.int32
    tokens = [vectorizer.tokens_[row].tolist() for row in rows_of(X)]
    assert tokens == [text.split() for text in TEXTS]
    np.testing.assert_array_equal(X.indices, [0, 1, 2, 0, 1, 0, 1, 2, 3, 4, 5])


def test_the_vocabulary_is_that_of_scikit_learn():
    settings = {"min_df": 2, "token_pattern": r"(?u)\b\w+\b"}
    expected = CountVectorizer(**settings).fit(TEXTS).vocabulary_
    assert SequenceVectorizer(**settings).fit(TEXTS).vocabulary_ == expected


def test_other_tokens_are_the_unknown_one():
    vectorizer = SequenceVectorizer().fit(["a b"])
    assert rows_of(vectorizer.transform(["b x a"])) == [[3, 1, 2]]
    assert vectorizer.tokens_[:2].tolist() == ["<padding>", "<unknown>"]


@given(texts=texts, max_length=st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_rows_are_the_first_tokens(texts, max_length):
    vectorizer = SequenceVectorizer(max_length=max_length)
    analyze = vectorizer.build_analyzer()
    if not any(map(analyze, texts)):
        with pytest.raises(ValueError, match="empty vocabulary"):
            vectorizer.fit(texts)
        return
    X = vectorizer.fit_transform(texts)
    assert X.shape == (len(texts), max_length)
    found = [tokens.tolist() for tokens in vectorizer.inverse_transform(X)]
    assert found == [analyze(text)[:max_length] for text in texts]


def test_stop_words_and_limits_leave_tokens_out():
    vectorizer = SequenceVectorizer(stop_words=["the"], max_features=2)
    X = vectorizer.fit_transform(TEXTS)
    assert sorted(vectorizer.vocabulary_) == ["cat", "sat"]
    # Stop words are gone; a token beyond the limit is unknown.
    assert rows_of(X) == [[2, 3], [1, 2], [], [1, 3, 1, 1]]


def test_characters_are_tokens_for_scripts_without_blanks():
    vectorizer = SequenceVectorizer(analyzer="char").fit(["我喜欢"])
    tokens = vectorizer.inverse_transform(vectorizer.transform(["喜欢我"]))
    assert tokens[0].tolist() == list("喜欢我")


def test_an_analyzer_of_the_users_own():
    vectorizer = SequenceVectorizer(analyzer=str.split)
    assert rows_of(vectorizer.fit_transform(["b-c a"])) == [[3, 2]]


def test_a_generator_of_texts_is_read_once():
    X = SequenceVectorizer().fit_transform(text for text in TEXTS)
    assert X.shape[0] == 4


@pytest.mark.parametrize("method", ["fit_transform", "transform"])
def test_a_bare_string_is_refused(method):
    vectorizer = SequenceVectorizer().fit(TEXTS)
    with pytest.raises(ValueError, match="raw text documents expected"):
        getattr(vectorizer, method)("a text")


def test_max_length_is_checked():
    with pytest.raises(InvalidParameterError, match="'max_length' parameter"):
        SequenceVectorizer(max_length=0).fit(TEXTS)


def test_a_given_vocabulary_is_kept():
    vectorizer = SequenceVectorizer(vocabulary=["dog", "cat"])
    assert rows_of(vectorizer.fit_transform(TEXTS)) == [
        [1, 3, 1],
        [1, 3],
        [],
        [1, 2, 1, 1, 1, 1],
    ]


def test_clone_and_pickle():
    vectorizer = clone(SequenceVectorizer(max_length=3, min_df=2)).fit(TEXTS)
    again = pickle.loads(pickle.dumps(vectorizer))
    assert rows_of(again.transform(TEXTS)) == rows_of(vectorizer.transform(TEXTS))


def test_a_column_is_a_place():
    names = SequenceVectorizer(max_length=3).get_feature_names_out()
    assert names.tolist() == ["token0", "token1", "token2"]


@pytest.mark.parametrize(
    ("settings", "text", "expected"),
    [
        ({}, "A <b>bold</b> claim", "a bold claim"),
        ({}, "x<br/>y<!-- <i> -->z", "x y z"),
        ({}, "1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ({}, "Tom &amp; Anna", "tom & anna"),
        ({"html": False}, "Tom &amp; <b>", "tom &amp; <b>"),
        ({}, "see https://a.org/b?c=d, or www.E.com!", "see url or url"),
        ({"urls": None}, "see www.E.com", "see www.e.com"),
        ({"urls": r"\1"}, "see www.e.com", r"see \1"),
        ({"numbers": "#"}, "1,000.5 or v2", "# or v #"),
        ({"lowercase": False}, "Ah", "Ah"),
        ({"strip_accents": "unicode"}, "Café ДЖ", "cafe дж"),
        ({"strip_accents": "unicode"}, "\N{MATHEMATICAL DOUBLE-STRUCK CAPITAL A}", "a"),
        ({"strip_accents": "ascii"}, "Café", "cafe"),
    ],
)
def test_cleaning(settings, text, expected):
    assert " ".join(TextCleaner(**settings)(text).split()) == expected


@given(text=st.text())
@settings(max_examples=50, deadline=None)
def test_a_clean_text_is_left_as_it_is(text):
    clean = TextCleaner(urls=None, html=False, strip_accents="unicode")
    once = clean(text)
    assert clean(once) == once


def test_as_a_preprocessor_and_as_a_step_it_does_the_same():
    cleaner = TextCleaner(numbers="number")
    texts = ["<p>One 1</p>", "two 22 one"]
    inside = FastTfidfVectorizer(preprocessor=cleaner).fit(texts)
    before = make_pipeline(cleaner, FastTfidfVectorizer()).fit(texts)
    assert inside.vocabulary_ == before[-1].vocabulary_


def test_cleaner_parameters_are_checked():
    with pytest.raises(InvalidParameterError, match="'strip_accents' parameter"):
        TextCleaner(strip_accents="all").fit([])


MAIL = (
    "<!DOCTYPE html><html><head><STYLE type='text/css'><!-- p{margin:0} --></style >"
    "<script>var a = '<b>';</script></head><body><p>My parcel</p><script>b()</script>"
    " is late</body></html>"
)


def test_style_sheets_scripts_and_declarations_are_no_words():
    assert TextCleaner()(MAIL).split() == ["my", "parcel", "is", "late"]
    assert "margin" in TextCleaner(html=False)(MAIL)
    assert TextCleaner()("the <script> tag stays open") == "the   tag stays open"


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("abc", "string object received"),
        (["a", None], "None of type NoneType in row 1"),
    ],
)
def test_the_cleaner_reads_texts_only(X, message):
    with pytest.raises(ValueError, match=message):
        TextCleaner().transform(X)


def test_max_df_leaves_out_tokens_of_more_texts():
    X = ["the cat", "the dog", "the cat"]
    vectorizer = SequenceVectorizer(max_df=2).fit(X)
    assert vectorizer.tokens_[2:].tolist() == ["cat", "dog"]
    assert rows_of(vectorizer.transform(X)) == [[1, 2], [1, 3], [1, 2]]
    assert len(SequenceVectorizer(max_df=0.5).fit(X).tokens_) == 3
