"""Texts out of containers: what is a table, what reads tables, what is refused."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_array
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.utils._texts import (
    as_documents,
    as_read_by,
    check_texts,
    is_table,
    read_texts,
    reads_tables_too,
    refuse_text_table,
)

WORDS, NUMBERS = CountVectorizer(), StandardScaler()
FRAME = pd.DataFrame({"text": ["a", "b"], "price": [1.0, 2.0]})


@pytest.mark.parametrize(
    ("X", "found"),
    [
        (["a"], False),
        ([["a"]], False),
        (np.array(["a"]), False),
        (pd.Series(["a"]), False),
        (pa.array(["a"]), False),
        (np.array([["a"]]), True),
        (np.array("a"), True),
        (pd.DataFrame({"text": ["a"]}), True),
        (pl.DataFrame({"text": ["a"]}), True),
        (csr_array(np.eye(2)), True),
        ({"text": ["a"]}, True),
    ],
    ids=lambda X: type(X).__name__,
)
def test_tables_have_columns(X, found):
    assert is_table(X) is found


@pytest.mark.parametrize(
    ("vectorizer", "found"),
    [
        (WORDS, False),
        (NUMBERS, True),
        (make_pipeline(WORDS, NUMBERS), False),
        (make_pipeline(NUMBERS, WORDS), True),
        (Pipeline([("none", "passthrough"), ("words", WORDS)]), False),
        (Pipeline([("none", "passthrough"), ("numbers", NUMBERS)]), True),
        (Pipeline([("none", "passthrough")]), True),
        (FeatureUnion([("a", NUMBERS), ("b", NUMBERS)]), True),
        (FeatureUnion([("a", WORDS), ("b", NUMBERS)]), False),
        (FeatureUnion([("a", "drop"), ("b", NUMBERS)]), True),
        (FeatureUnion([("a", "drop"), ("b", WORDS)]), False),
        (make_column_transformer((WORDS, "text")), True),
    ],
)
def test_transformers_of_tables_are_known(vectorizer, found):
    assert reads_tables_too(vectorizer) is found


def test_a_transformer_of_tables_may_be_given_texts():
    union = FeatureUnion([("a", NUMBERS)])
    assert read_texts(FRAME, union) is None
    assert read_texts(["a", "b"], union) == ["a", "b"]
    assert read_texts(FRAME[["text"]], union) is None
    assert read_texts(FRAME[["text"]], WORDS) == ["a", "b"]
    assert read_texts(FRAME[["text"]]) == ["a", "b"]
    records = FRAME.to_dict("records")
    assert read_texts(records, FunctionTransformer()) is None
    message = r"Got a dict of \['text', 'price'\] in row 0\. .*row\['text'\] for row in"
    for vectorizer in ("auto", WORDS):
        with pytest.raises(ValueError, match=message):
            read_texts(records, vectorizer)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (FRAME, r"shape (2, 2) with strings. .* instance X['text']."),
        (FRAME[["price", "text"]], "for instance X['text']."),
        (FRAME.set_axis([5, 6], axis=1), "for instance X[5]."),
        (pa.Table.from_pandas(FRAME), "for instance X['text']."),
        (pa.record_batch({"n": [1], "text": ["a"]}), "for instance X['text']."),
        (np.array([[1, "a"]], dtype=object), "shape (1, 2) .* X[:, 1]."),
        (np.array([["a", "b"]]), "X[:, 0]."),
        (np.array([[1, b"a"]], dtype=object), "X[:, 1]."),
        ([[1, "a"], [2, "b"]], "shape (2, 2) .* [row[1] for row in X]."),
        ([["a"]], "[row[0] for row in X]."),
    ],
)
def test_tables_with_strings_are_refused(X, message):
    with pytest.raises(ValueError, match=re.escape(message).replace(r"\.\*", ".*")):
        refuse_text_table(X)


@pytest.mark.parametrize(
    "X",
    [
        FRAME[["price"]],
        np.eye(2),
        np.array(["a"]),
        [1, 2],
        [[1, 2]],
        np.array([[None, 1]], dtype=object),
    ],
    ids=lambda X: type(X).__name__,
)
def test_other_tables_pass(X):
    assert refuse_text_table(X) is None


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([["a"], ["b", "c"]], r"Got a list in row 0\. If it holds the words of a text"),
        ([("a",), ("b", "c")], r"Got a tuple in row 0"),
        ([["a", "b"], ["c", "d"]], r"table of shape \(2, 2\) .*\[row\[0\] for row in"),
        ([["a"], "b"], r"X must hold texts only\. Got \['a'\] of type list in row 0"),
    ],
)
def test_lists_of_words_are_no_texts(X, message):
    with pytest.raises(ValueError, match=message):
        read_texts(X)


def test_lists_are_left_to_a_vectorizer_of_the_users_own():
    X = [["a"], ["b", "c"]]
    assert read_texts(X, CountVectorizer(analyzer=list)) is None


def test_texts_are_checked_one_by_one():
    assert check_texts(iter(["a", np.str_("b")])) == ["a", "b"]
    assert type(check_texts([np.str_("b")])[0]) is str
    wrong = ["a", 1, 2, 3, 4, 5, 6]
    message = (
        r"Got 1 of type int in row 1; 6 such row\(s\), the first \[1, 2, 3, 4, 5\]"
    )
    with pytest.raises(ValueError, match=message):
        check_texts(wrong)
    for text in ("a", b"a"):
        with pytest.raises(ValueError, match="string object received"):
            check_texts(text)


def test_documents_are_what_a_vectorizer_reads():
    for X in ("text", ["a"], {"a"}):
        assert as_documents(X) is X
    assert as_documents(FRAME["text"]) == ["a", "b"]
    assert as_documents(np.array([["a"], ["b"]])) == ["a", "b"]
    numbers = np.eye(2)
    assert as_documents(numbers) is numbers
    with pytest.raises(ValueError, match=r"instance X\['text'\]\."):
        as_documents(FRAME)


def test_what_an_estimator_reads_of_x():
    linear, ours = LogisticRegression(), MultiTaskTextClassifier()
    column = pd.Series(["a", "b"], index=[5, 6])
    assert as_read_by(linear, column) == as_read_by(ours, column) == ["a", "b"]
    assert as_read_by(linear, iter(["a", "b"])) == ["a", "b"]
    assert as_read_by(linear, FRAME) is FRAME
    assert as_read_by(linear, "text") == "text"
    one = FRAME[["text"]]
    assert as_read_by(linear, one) is one
    assert as_read_by(ours, one) == ["a", "b"]
    mixed = np.array(["a", 1], dtype=object)
    assert as_read_by(linear, mixed) is mixed
    numbers = np.eye(2)
    assert as_read_by(ours, numbers) is as_read_by(linear, numbers) is numbers
