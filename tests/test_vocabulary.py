"""Counting the vocabulary of texts that arrive in chunks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_mtl.feature_extraction import FastTfidfVectorizer
from sklearn_mtl.feature_extraction._vocabulary import (
    VocabularyCounter,
    with_vocabulary,
)

TEXTS = ["a good film", "a bad film", "Good, good film", "", "bad film a good"]


def counted(texts, n_chunks, **bounds):
    vectorizer = FastTfidfVectorizer(
        ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", min_df=2
    )
    counter = VocabularyCounter(vectorizer, **bounds)
    for part in np.array_split(np.array(texts, dtype=object), n_chunks):
        counter.add(part.tolist())
    return counter


@pytest.mark.parametrize("n_chunks", [1, 2, 5])
def test_terms_of_chunks_are_those_of_all_texts(n_chunks):
    whole = FastTfidfVectorizer(
        ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", min_df=2
    ).fit(TEXTS)
    counter = counted(TEXTS, n_chunks)
    assert counter.names(2, np.inf) == sorted(whole.vocabulary_)
    assert counter.n_texts == 5


@given(
    st.lists(st.text("abc é.,", max_size=12), min_size=1, max_size=12),
    st.integers(1, 4),
    st.integers(2, 3),
)
@settings(max_examples=50, deadline=None)
def test_no_frequent_term_is_missed(texts, n_chunks, min_df):
    try:
        whole = FastTfidfVectorizer(
            ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", min_df=min_df
        ).fit(texts)
    except ValueError:
        return  # no features
    names = counted(texts, n_chunks).names(min_df, np.inf)
    assert set(whole.vocabulary_) <= set(names)


@pytest.mark.parametrize("min_df", [1, 0.0])
def test_terms_of_a_single_text_count_if_they_may(min_df):
    vectorizer = FastTfidfVectorizer(min_df=min_df)
    counter = VocabularyCounter(vectorizer)
    for text in TEXTS:
        counter.add([text])
    assert counter.names(1, 1) == []
    counter.add(["once"])
    assert counter.names(1, 1) == ["once"]


def test_bounds_and_limit_choose_terms():
    counter = counted(TEXTS, 2)
    assert counter.names(4, np.inf) == ["film"]
    assert counter.names(3, 3) == ["a", "good"]
    assert counter.names(2, np.inf, limit=1) == ["film"]


def test_pairs_alone():
    vectorizer = FastTfidfVectorizer(ngram_range=(2, 2), token_pattern=r"(?u)\b\w+\b")
    counter = VocabularyCounter(vectorizer)
    counter.add(TEXTS)
    assert counter.names(2, np.inf) == ["a good", "bad film", "good film"]


def test_a_full_table_forgets_the_rarest_terms():
    texts = ["often often2"] * 6 + [f"rare{k} rare{k}" for k in range(40)]
    counter = counted(texts, 8, most_terms=16)
    assert counter.names(3, np.inf) == ["often", "often often2", "often2"]
    assert len(counter._terms) <= 16
    assert len(counter._codes) < 40


def test_words_keep_their_names_after_forgetting():
    texts = [f"rare{k} rare{k}" for k in range(40)] + ["one two", "two one"] * 3
    counter = counted(texts, 23, most_terms=8)
    names = counter.names(3, np.inf)
    assert names == ["one", "one two", "two", "two one"]


def test_two_terms_of_one_slot_count_one_text_too_many_at_most():
    counter = counted(["one", "two", "three"], 3, n_slots=1)
    assert counter.names(2, np.inf) == ["three", "two"]


def test_a_vocabulary_makes_a_fitted_vectorizer():
    fitted = FastTfidfVectorizer(sublinear_tf=True, dtype=np.float32).fit(TEXTS)
    names = fitted.get_feature_names_out().tolist()
    other = with_vocabulary(
        FastTfidfVectorizer(sublinear_tf=True, dtype=np.float32), names, fitted.idf_
    )
    assert (fitted.transform(TEXTS) != other.transform(TEXTS)).nnz == 0
    assert other.get_feature_names_out().tolist() == names
    assert np.array_equal(other.idf_, fitted.idf_)
