"""From X to rows: what counts as texts, what the vectorizer gives, how rows scale."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import FunctionTransformer

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.data._features import (
    PARTS_BUDGET,
    as_bags,
    auto_vectorizers,
    check_numeric,
    fit_vectorizer,
    transform_rows,
)
from sklearn_mtl.data._rows import as_rows, float_type, match_trunk, row_scale
from sklearn_mtl.utils._rows import take_rows
from sklearn_mtl.utils._texts import read_texts

# Texts -------------------------------------------------------------------------------

TEXTS = ["one text", "", "caf\u00e9"]


@pytest.mark.parametrize(
    "X",
    [
        TEXTS,
        tuple(TEXTS),
        iter(TEXTS),
        list(map(np.str_, TEXTS)),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        pd.Series(TEXTS, index=[5, 6, 7]),
        pd.Series(TEXTS, dtype=object),
        pd.Series(TEXTS, dtype="string"),
        pd.Series(TEXTS, dtype="category"),
        pd.Series(TEXTS, dtype="string[pyarrow]"),
        pd.Index(TEXTS),
        pl.Series(TEXTS),
        pa.array(TEXTS),
        pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
    ],
    ids=lambda X: f"{type(X).__module__}.{type(X).__name__}-{getattr(X, 'dtype', '')}",
)
def test_texts_may_come_in_any_container(X):
    texts = read_texts(X)
    assert texts == TEXTS
    assert set(map(type, texts)) == {str}


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((2, 3)),
        np.zeros((2, 3), dtype=int),
        [[1, 2], [3, 4]],
        [1.0, 2.0],
        np.zeros(3),
        [{"a": 1}, {"b": 2}],
        pd.DataFrame({"a": [1.0, 2.0]}),
        pl.DataFrame({"a": [1.0, 2.0]}),
        pa.table({"a": [1.0, 2.0]}),
        sparse.csr_array(np.eye(2)),
        sparse.csr_matrix(np.eye(2)),
        3,
        None,
    ],
    ids=lambda X: f"{type(X).__module__}.{type(X).__name__}-{getattr(X, 'dtype', '')}",
)
def test_what_is_no_text_is_left_to_other_checks(X):
    assert read_texts(X) is None


@pytest.mark.parametrize(
    ("X", "found"),
    [
        (["a", None], r"Got None of type NoneType in row 1; 1 such row\(s\)"),
        ([None, "a", None], r"in row 0; 2 such row\(s\), the first \[0, 2\]"),
        ([None, None], "None of type NoneType in row 0"),
        (["a", 1], "Got 1 of type int in row 1"),
        (["a", np.nan], "Got nan of type float in row 1"),
        ([b"a"], "Got b'a' of type bytes in row 0.*decode bytes"),
        (np.array([b"a"]), "Got b'a' of type bytes in row 0"),
        (pd.Series(["a", np.nan]), "Got nan of type float in row 1"),
        (pd.Series(["a", None], dtype="string"), "Got <NA> of type NAType in row 1"),
        (pl.Series(["a", None]), "Got None of type NoneType in row 1"),
        (pa.array(["a", None]), "Got None of type NoneType in row 1"),
    ],
)
def test_every_text_is_a_str(X, found):
    with pytest.raises(ValueError, match=rf"X must hold texts only\. .*{found}"):
        read_texts(X)


@pytest.mark.parametrize("X", ["a text", b"a text"])
def test_one_string_is_no_collection_of_texts(X):
    with pytest.raises(ValueError, match=r"string object received\. Pass a list"):
        read_texts(X)


@pytest.mark.parametrize("X", [[], (), np.array([]), pd.Series([], dtype=object)])
def test_there_is_at_least_one_text(X):
    with pytest.raises(ValueError, match=r"0 sample\(s\): X is empty"):
        read_texts(X)


@pytest.mark.parametrize(
    ("X", "shape", "column"),
    [
        (pd.DataFrame({"id": [1, 2], "body": ["a", "b"]}), r"\(2, 2\)", "'body'"),
        (pd.DataFrame({"id": [1, 2], "body": [None, "b"]}), r"\(2, 2\)", "'body'"),
        (pl.DataFrame({"id": [1, 2], "body": ["a", "b"]}), r"\(2, 2\)", "'body'"),
        (pa.table({"id": [1, 2], "body": ["a", "b"]}), r"\(2, 2\)", "'body'"),
        (np.array([["a", "b"]]), r"\(1, 2\)", ":, 0"),
    ],
)
def test_a_table_of_texts_is_to_be_passed_as_a_column(X, shape, column):
    message = rf"one column of texts\. Got a table of shape {shape} .* X\[{column}\]"
    with pytest.raises(ValueError, match=message):
        read_texts(X)


def test_a_transformer_of_tables_gets_its_table():
    X = pd.DataFrame({"title": ["good", "bad"] * 3, "body": ["film", "film"] * 3})
    columns = [(name, CountVectorizer(), name) for name in X]
    clf = MultiTaskTextClassifier(ColumnTransformer(columns), max_iter=10)
    assert clf.fit(X, [1, 0] * 3).predict(X).tolist() == [1, 0] * 3


# Numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (bool, np.float32),
        (np.int8, np.float32),
        (np.int64, np.float32),
        (np.float32, np.float32),
        (np.float64, np.float64),
    ],
)
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, pd.DataFrame])
def test_integers_become_32_bit_floats_and_floats_stay(container, dtype, expected):
    X = container(np.eye(3, dtype=dtype))
    rows = check_numeric(MultiTaskTextClassifier(), X, reset=True)
    assert rows.dtype == expected
    assert_array_equal(rows.toarray() if sparse.issparse(rows) else rows, np.eye(3))


def test_a_list_of_integers_becomes_32_bit_floats():
    rows = check_numeric(MultiTaskTextClassifier(), [[1, 2], [3, 4]], reset=True)
    assert rows.dtype == np.float32


def test_sparse_rows_of_any_format_become_csr():
    X = sparse.coo_array(np.eye(3))
    assert check_numeric(MultiTaskTextClassifier(), X, reset=True).format == "csr"


def test_predict_checks_the_number_of_features():
    estimator = MultiTaskTextClassifier()
    check_numeric(estimator, np.eye(3), reset=True)
    with pytest.raises(ValueError, match="expecting 3 features as input"):
        check_numeric(estimator, np.eye(2), reset=False)


# Vectorizers -------------------------------------------------------------------------


class CountingVectorizer(TransformerMixin, BaseEstimator):
    """Counts how often any of its instances was fitted."""

    n_fits = 0

    def __init__(self, unit=1.0):
        self.unit = unit

    def fit(self, X, y=None):
        CountingVectorizer.n_fits += 1
        self.n_texts_ = len(X)
        return self

    def transform(self, X):
        return np.array([[len(text) * self.unit] for text in X])


@pytest.fixture
def n_fits(monkeypatch):
    monkeypatch.setattr(CountingVectorizer, "n_fits", 0)
    return lambda: CountingVectorizer.n_fits


def test_auto_is_tf_idf_of_words_pairs_and_parts():
    vectorizer, rows = fit_vectorizer("auto", ["good film", "a film"])
    words = ["a", "a film", "film", "good", "good film"]
    parts = [" a ", " fil", " goo", "film", "good", "ilm ", "ood "]
    expected = [f"words__{word}" for word in words]
    expected += [f"parts__{part}" for part in parts]
    assert vectorizer.get_feature_names_out().tolist() == expected
    assert rows.format == "csr"
    assert rows.dtype == np.float32


@pytest.mark.parametrize(("n_texts", "kept"), [(200, True), (201, False)])
def test_auto_keeps_words_of_a_single_text_in_small_data_only(n_texts, kept):
    texts = ["once film", *["film"] * (n_texts - 1)]
    vectorizer, _ = fit_vectorizer("auto", texts)
    names = vectorizer.get_feature_names_out()
    for name in ("words__once", "words__once film", "parts__once"):
        assert (name in names) is kept
    assert "words__film" in names


def drawn_texts(n_texts):
    words = ["a", "i", "film", "Film", "GOOD", "42nd", "don't", "x-ray", "3"]
    words += ["caf\u00e9", "\u0130stanbul", "\u6620\u753b"]
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, 9, n_texts)
    return [" ".join(rng.choice(words, length)) for length in lengths]


def spelled_out(n_texts, *, parts):
    """Give what "auto" stands for in scikit-learn's own classes."""
    common = {
        "min_df": 1 if n_texts <= 200 else 2,
        "sublinear_tf": True,
        "dtype": np.float32,
    }
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", **common)
    if not parts:
        return words
    chars = TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 4), **common)
    return FeatureUnion([("words", words), ("parts", chars)])


@pytest.mark.parametrize("n_texts", [20, 200, 201, 500])
@pytest.mark.parametrize("parts", [True, False])
def test_auto_has_the_numbers_of_scikit_learn(n_texts, parts, monkeypatch):
    if not parts:
        monkeypatch.setattr("sklearn_mtl.data._features.PARTS_BUDGET", 0)
    texts = drawn_texts(n_texts)
    ours, rows = fit_vectorizer("auto", texts)
    theirs = spelled_out(n_texts, parts=parts)
    expected = theirs.fit_transform(texts)
    assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())
    assert rows.dtype == expected.dtype
    assert_array_equal(rows.toarray(), expected.toarray())
    others = [*drawn_texts(7), "never seen"]
    found = ours.transform(others).toarray()
    assert_array_equal(found, theirs.transform(others).toarray())


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        (["a film"], True),
        (["x" * 5_000] * 1_000, True),
        ([*["x" * 5_000] * 1_000, "x"], False),
        (["x" * 5_000_000], True),
        (["x" * 5_000_001], False),
        (["\u6620" * 5_000_000], True),  # characters, not bytes
    ],
    ids=["short", "budget", "one more", "one text", "too long", "wide"],
)
def test_parts_of_words_are_for_texts_of_5_million_characters_at_most(texts, parts):
    assert PARTS_BUDGET == 5_000_000
    names = [
        name
        for name, _ in getattr(next(auto_vectorizers(texts)), "transformer_list", [])
    ]
    assert names == (["words", "parts"] if parts else [])


def test_too_many_characters_leave_words_and_pairs(monkeypatch):
    monkeypatch.setattr("sklearn_mtl.data._features.PARTS_BUDGET", 12)
    texts = ["good film", "bad film"]
    names = fit_vectorizer("auto", texts)[0].get_feature_names_out()
    assert names.tolist() == ["bad", "bad film", "film", "good", "good film"]
    clf = MultiTaskTextClassifier(max_iter=50).fit(texts, [1, 0])
    assert clf.predict(texts).tolist() == [1, 0]


def test_a_vectorizer_is_cloned_and_fitted():
    given = TfidfVectorizer(lowercase=False)
    fitted, rows = fit_vectorizer(given, ["Good film", "bad film"])
    assert not hasattr(given, "vocabulary_")
    assert fitted.get_feature_names_out().tolist() == ["Good", "bad", "film"]
    assert rows.dtype == np.float64


def test_memory_saves_the_second_fit(tmp_path, n_fits):
    first, rows = fit_vectorizer(CountingVectorizer(), ["a", "bb"], str(tmp_path))
    again, same_rows = fit_vectorizer(CountingVectorizer(), ["a", "bb"], str(tmp_path))
    assert n_fits() == 1
    assert_array_equal(rows, same_rows)
    assert first.n_texts_ == again.n_texts_ == 2


def test_memory_knows_texts_and_parameters_apart(tmp_path, n_fits):
    memory = str(tmp_path)
    _, rows = fit_vectorizer(CountingVectorizer(), ["a", "bb"], memory)
    _, other_texts = fit_vectorizer(CountingVectorizer(), ["a", "ccc"], memory)
    _, other_unit = fit_vectorizer(CountingVectorizer(2.0), ["a", "bb"], memory)
    assert n_fits() == 3
    assert [r[1, 0] for r in (rows, other_texts, other_unit)] == [2, 3, 4]


def test_without_memory_nothing_is_kept(n_fits):
    for _ in range(2):
        fit_vectorizer(CountingVectorizer(), ["a", "bb"])
    assert n_fits() == 2


@pytest.mark.parametrize(
    ("vectorizer", "texts"),
    [
        (CountVectorizer(stop_words=["the"]), ["the", "the"]),
        (CountVectorizer(min_df=2), ["one text", "another"]),
    ],
)
def test_texts_without_features_are_explained(vectorizer, texts):
    message = r"found no features in 2 text\(s\): .* Pass another vectorizer, for"
    with pytest.raises(ValueError, match=message):
        fit_vectorizer(vectorizer, texts)


@pytest.mark.parametrize("as_tokens", [False, True])
@pytest.mark.parametrize("vectorizer", ["auto", CountVectorizer()])
@pytest.mark.parametrize("n_texts", [3, 300])
def test_blank_texts_are_explained(vectorizer, as_tokens, n_texts):
    message = rf"no features in {n_texts} text\(s\): all of them are empty or blank"
    texts = ["", " ", "\n"] * (n_texts // 3)
    with pytest.raises(ValueError, match=message):
        fit_vectorizer(vectorizer, texts, as_tokens=as_tokens)


UNUSUAL = {
    "unique codes": [
        f"{chr(97 + k % 26)}{k:05d}{chr(97 + k // 26)}" for k in range(250)
    ],
    "numbers": [str(10_000 + k) for k in range(250)],
    "one word each": [f"pre{k}fix" for k in range(250)],
    "Chinese": [f"我的包裹{chr(0x4E00 + k)}还没有到" for k in range(250)],
    "emoji": ["\N{GRINNING FACE}", "\N{POUTING FACE}"] * 125,
    "punctuation": ["?!", "...", "!!"] * 90,
    "mostly empty": [""] * 249 + ["a text"],
    "unique letters": [chr(0x4E00 + k) for k in range(250)],
}


@pytest.mark.parametrize("as_tokens", [False, True])
@pytest.mark.parametrize("n_texts", [None, 5], ids=["many", "few"])
@pytest.mark.parametrize("kind", UNUSUAL)
def test_auto_finds_features_in_unusual_texts(kind, n_texts, as_tokens):
    texts = UNUSUAL[kind][-n_texts if n_texts else None :]
    vectorizer, rows = fit_vectorizer("auto", texts, as_tokens=as_tokens)
    assert rows.shape[0] == len(texts)
    assert rows.nnz > 0
    assert (vectorizer.transform(texts[:3]) != rows[:3]).nnz == 0


def test_auto_stays_what_it_is_where_words_repeat():
    texts = ["one text", "another text"] * 150
    vectorizer, _ = fit_vectorizer("auto", texts)
    first = next(auto_vectorizers(texts))
    assert str(vectorizer) == str(first)


def test_other_errors_of_a_vectorizer_are_its_own():
    with pytest.raises(ValueError, match=r"^max_df corresponds to < documents"):
        fit_vectorizer(CountVectorizer(min_df=2, max_df=1), ["one", "two"])


# Rows --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "format_"),
    [
        (sparse.csr_array(np.eye(2)), "csr"),
        (sparse.csc_matrix(np.eye(2)), "csr"),
        (sparse.coo_array(np.eye(2)), "csr"),
        (np.eye(2), None),
        (np.asfortranarray(np.eye(2)), None),
        (pd.DataFrame(np.eye(2)), None),
    ],
    ids=["csr", "csc", "coo", "array", "fortran", "pandas"],
)
def test_the_output_of_a_transformer_becomes_csr_or_an_array(output, format_):
    rows = as_rows(output)
    assert getattr(rows, "format", None) == format_
    dense = rows.toarray() if format_ else rows
    assert dense.flags.c_contiguous
    assert_array_equal(dense, np.eye(2))


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.float64, np.float64),
        (np.float32, np.float32),
        (np.int64, np.float32),
        (bool, np.float32),
    ],
)
def test_rows_are_floats(container, dtype, expected):
    assert as_rows(container(np.eye(2, dtype=dtype))).dtype == expected


def test_sequences_are_bags_of_their_ids():
    rows = sparse.csr_array(
        np.array([[3, 2, 3], [4, 0, 0], [0, 0, 0]], dtype=np.float32)
    )
    expected = [[0, 0, 1, 2, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
    before = rows.copy()
    assert_array_equal(as_bags(rows).toarray(), expected)
    assert_array_equal(rows.indptr, before.indptr)
    assert_array_equal(rows.toarray(), before.toarray())
    assert as_bags(sparse.csr_array((2, 3), dtype=np.int32)).shape == (2, 2)


def test_a_trunk_of_sparse_rows_gets_sparse_rows():
    rows = np.eye(2, dtype=np.float32)
    found = match_trunk(rows, sparse=True)
    assert found.format == "csr"
    assert found.dtype == np.float32
    assert match_trunk(found, sparse=True) is found


def test_sparse_rows_are_never_made_dense():
    rows = sparse.csr_array(np.eye(2))
    assert match_trunk(rows, sparse=False) is rows


@pytest.mark.parametrize(
    "X",
    [
        ["a", "b", "c"],
        ("a", "b", "c"),
        np.array([["a"], ["b"], ["c"]]),
        pd.Series(["a", "b", "c"], index=[7, 8, 9]),
        pd.DataFrame({"x": ["a", "b", "c"]}, index=[7, 8, 9]),
        pl.DataFrame({"x": ["a", "b", "c"]}),
        pa.table({"x": ["a", "b", "c"]}),
    ],
    ids=lambda X: f"{type(X).__module__}.{type(X).__name__}",
)
def test_rows_are_taken_from_any_container(X):
    taken = take_rows(X, np.array([True, False, True]))
    assert np.ravel(taken).tolist() == ["a", "c"]
    if not isinstance(X, tuple):
        assert type(taken) is type(X)


def test_rows_are_taken_from_sparse_rows():
    taken = take_rows(sparse.csr_array(np.eye(3)), np.array([True, False, True]))
    assert taken.format == "csr"
    assert_array_equal(taken.toarray(), np.eye(3)[[0, 2]])


def test_all_rows_are_taken_without_a_copy():
    X = pd.Series(["a", "b"])
    assert take_rows(X, np.array([True, True])) is X


# Scale -------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    rows=arrays(
        np.float64, (4, 3), elements=st.integers(-9, 9).map(float), fill=st.nothing()
    ),
    weights=st.lists(st.floats(0.1, 9.0), min_size=4, max_size=4),
)
def test_scaled_rows_have_a_weighted_mean_squared_norm_of_one(rows, weights):
    scale = row_scale(rows, weights)
    assert row_scale(sparse.csr_array(rows), weights) == pytest.approx(scale)
    if rows.any():
        norms = np.square(scale * rows).sum(axis=1)
        assert np.average(norms, weights=weights) == pytest.approx(1.0)
        assert row_scale(10 * rows, weights) == pytest.approx(scale / 10)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_rows_of_zeros_are_not_scaled(container):
    assert row_scale(container(np.zeros((2, 3))), np.ones(2)) == 1.0


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_the_scale_of_large_32_bit_rows_does_not_overflow(container):
    rows = container(1e25 * np.eye(2, dtype=np.float32))
    assert row_scale(rows, np.ones(2)) == pytest.approx(1e-25)


def test_the_scale_of_rows_given_twice_is_that_of_weight_two():
    rows = np.arange(6.0).reshape(3, 2)
    repeated = np.repeat(rows, [1, 2, 3], axis=0)
    expected = row_scale(repeated, np.ones(6))
    assert row_scale(rows, [1, 2, 3]) == pytest.approx(expected, rel=1e-14)


# What a trunk reads -------------------------------------------------------------------


def ids_of(cells):
    return sparse.csr_array(np.array(cells, dtype=float))


def test_ids_that_a_network_does_not_know_are_unknown():
    rows = ids_of([[2, 5, 4], [6, 3, 0]])
    known = match_trunk(rows, sparse=True, tokens=True, n_tokens=5)
    assert known.toarray().tolist() == [[2, 1, 4], [1, 3, 0]]
    assert known.dtype == np.int32
    every = match_trunk(rows, sparse=True, tokens=True)
    assert_array_equal(every.toarray(), rows.toarray())
    assert rows.toarray().tolist() == [[2, 5, 4], [6, 3, 0]]  # the caller's own


@pytest.mark.parametrize("cells", [[[1, 2, 0]], [[1, 0, 0], [0, 0, 0], [1, 1, 1]]])
def test_sequences_fill_their_columns_from_the_left(cells):
    found = match_trunk(ids_of(cells), sparse=True, tokens=True)
    assert_array_equal(found.toarray(), cells)


@pytest.mark.parametrize(
    "rows",
    [
        ids_of([[1, 0, 2]]),
        ids_of([[0, 1, 2]]),
        ids_of([[1, 2.5, 0]]),
        ids_of([[1, -1, 0]]),
        sparse.csr_array(([0.0], [0], [0, 1]), (1, 3)),
        np.array([[1.0, 2.0]]),
    ],
    ids=["gap", "late", "fraction", "negative", "zero", "dense"],
)
def test_other_rows_are_no_sequences(rows):
    message = r"bags of features\. Use vectorizer='auto' with texts, or SequenceVec"
    with pytest.raises(ValueError, match=message):
        match_trunk(rows, sparse=True, tokens=True)


def test_dense_rows_stay_dense_where_a_trunk_takes_them():
    rows = np.eye(2)
    assert match_trunk(rows, sparse=False) is rows


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_rows_are_finite(container):
    with pytest.raises(ValueError, match="Input X contains NaN"):
        as_rows(container([[1.0, np.nan]]))
    with pytest.raises(ValueError, match="Input X contains infinity"):
        as_rows(container([[1.0, np.inf]]))


def test_cells_given_twice_are_added_in_a_copy():
    rows = sparse.csr_array(([1.0, 2.0], [1, 1], [0, 2]), (1, 3))
    found = as_rows(rows)
    assert found.toarray().tolist() == [[0, 3, 0]]
    assert found.nnz == 1
    assert rows.nnz == 2
    clean = sparse.csr_array(np.eye(2))
    assert as_rows(clean) is clean


@pytest.mark.parametrize(("n_made", "n_given"), [(1, 2), (3, 2)])
def test_a_vectorizer_makes_a_row_of_each_text(n_made, n_given):
    made = FunctionTransformer(lambda X: np.ones((n_made, 1)))
    message = (
        rf"The vectorizer returned {n_made} row\(s\) for the {n_given} row\(s\) of X\. "
        "In a ColumnTran"
    )
    with pytest.raises(ValueError, match=message):
        fit_vectorizer(made, ["a"] * n_given)
    with pytest.raises(ValueError, match=message):
        transform_rows(made, ["a"] * n_given)


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_rows_are_no_frames_whatever_is_configured(output):
    with config_context(transform_output=output):
        vectorizer, rows = fit_vectorizer("auto", ["good film", "a film"])
        again = transform_rows(vectorizer, ["good film", "a film"])
    assert_array_equal(again.toarray(), rows.toarray())


def test_float_types_of_rows():
    assert float_type(np.ones(1)) == np.float64
    assert float_type(np.ones(1, np.float32)) == np.float32
    assert float_type(np.ones(1, np.int32)) == np.float32
