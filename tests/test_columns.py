"""Numbers and categories beside text are scaled on their own."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array, csr_matrix, hstack
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import OneHotEncoder

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.data._columns import find_column_scales
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.search import LossWeightSearchCV

TEXTS, LABELS = make_multitask_texts(
    400, 2, 3, n_words=300, missing_rate=0.2, random_state=0
)
RNG = np.random.default_rng(0)
PRICE = RNG.lognormal(6, 1, len(TEXTS))
TABLE = pd.DataFrame(
    {"text": TEXTS, "price": PRICE, "country": RNG.choice(list("abcd"), len(TEXTS))}
)
WORDS = TfidfVectorizer().fit_transform(TEXTS)
UNIT = np.ones(len(TEXTS))


def vectorizer():
    return make_column_transformer(
        (TfidfVectorizer(), "text"),
        ("passthrough", ["price"]),
        (OneHotEncoder(), ["country"]),
    )


def fit(table=TABLE, **params):
    params = {"max_iter": 3, "random_state": 0, **params}
    return MultiTaskTextClassifier(vectorizer(), **params).fit(table, LABELS)


def assert_same(ours, theirs, tolerance=1e-4):
    for our, their in zip(ours, theirs, strict=True):
        assert_allclose(our, their, rtol=0, atol=tolerance)


@pytest.mark.parametrize("trunk", ["bag", None])
@pytest.mark.parametrize(
    "sharing", ["shared-private", "hard", "separate", "mmoe", "ple", "adversarial"]
)
def test_an_affine_change_of_a_number_moves_no_prediction(sharing, trunk):
    changed = TABLE.assign(price=1000 * PRICE + 5)
    settings = {"sharing": sharing, "trunk": trunk, "max_iter": 2}
    ours = fit(**settings).predict_proba(TABLE)
    assert_same(ours, fit(changed, **settings).predict_proba(changed))


def test_a_constant_is_as_good_as_any_other():
    small, large = TABLE.assign(price=5.0), TABLE.assign(price=1e9)
    assert_same(fit(small).predict_proba(small), fit(large).predict_proba(large))


def test_a_raw_price_and_a_category_cost_little():
    clf = MultiTaskTextClassifier(TfidfVectorizer(), random_state=0)
    alone = clf.fit(TEXTS[:300], LABELS[:300]).score(TEXTS[300:], LABELS[300:])
    clf = MultiTaskTextClassifier(vectorizer(), random_state=0)
    clf.fit(TABLE[:300], LABELS[:300])
    assert clf.score(TABLE[300:], LABELS[300:]) > alone - 0.05


def test_a_pickle_and_a_warm_start_keep_the_scales():
    clf = fit(warm_start=True)
    wanted = clf.predict_proba(TABLE)
    assert_same(pickle.loads(pickle.dumps(clf)).predict_proba(TABLE), wanted, 1e-12)
    scales = clf.column_scales_
    assert clf.fit(TABLE, LABELS).column_scales_ is scales


def test_a_warm_start_scales_a_numeric_table_as_before():
    rows = RNG.normal(size=(len(TEXTS), 3)) * [1, 1e4, 1]

    def warm(table):
        clf = MultiTaskTextClassifier(max_iter=2, warm_start=True, random_state=0)
        return clf.fit(table, LABELS).fit(table, LABELS).predict_proba(table)

    assert_same(warm(rows * [1, 10, 1] + [0, 5, 0]), warm(rows))


def test_a_search_reads_scaled_rows_once():
    params = {"max_iter": 2, "random_state": 0}
    clf = MultiTaskTextClassifier(vectorizer(), **params)
    search = LossWeightSearchCV(clf, [{"task0": 1}, {"task0": 3}], cv=2)
    search.fit(TABLE, LABELS)
    alone = MultiTaskTextClassifier(vectorizer(), **params)
    alone.set_params(loss_weights=search.best_params_["loss_weights"])
    alone.fit(TABLE, LABELS)
    assert_same(search.predict_proba(TABLE), alone.predict_proba(TABLE), 1e-5)


@pytest.mark.parametrize("kind", [csr_array, csr_matrix])
def test_only_numbers_and_categories_are_scaled(kind):
    codes = np.eye(4)[np.arange(len(TEXTS)) % 4]
    rows = kind(hstack([WORDS, csr_array(PRICE[:, None]), csr_array(codes)]))
    scales = find_column_scales(rows, UNIT)
    n_words = WORDS.shape[1]
    assert scales.columns.tolist() == list(range(n_words, n_words + 5))
    scaled = scales.apply(rows)
    assert type(scaled) is kind
    assert scaled.has_canonical_format
    assert_allclose(scaled[:, :n_words].toarray(), WORDS.toarray())
    assert abs(scaled[:, [n_words]].toarray().mean()) < 1e-12
    assert scaled[:, n_words + 1 :].nnz == len(TEXTS)


def test_words_stay_as_they_are():
    assert find_column_scales(csr_array(WORDS), UNIT) is None


def test_a_row_of_weight_2_is_a_row_given_twice():
    rows = csr_array(hstack([WORDS, csr_array(PRICE[:, None])]))
    twice = np.repeat(np.arange(400), np.arange(400) % 2 + 1)
    ours = find_column_scales(rows, np.arange(400) % 2 + 1.0)
    theirs = find_column_scales(rows[twice], np.ones(len(twice)))
    assert_allclose(ours.means, theirs.means, rtol=1e-12)
    assert_allclose(ours.factors, theirs.factors, rtol=1e-12)


def test_a_table_is_standardised_where_its_scales_are_far_apart():
    rows = np.random.default_rng(0).normal(size=(100, 3))
    weights = np.ones(100)
    assert find_column_scales(rows, weights) is None
    scaled = find_column_scales(rows * [1, 1e4, 1], weights).apply(rows * [1, 1e4, 1])
    assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    assert_allclose(scaled.std(axis=0), 1)
    assert find_column_scales(np.ones((5, 2)), np.ones(5)) is None


def test_words_that_are_dense_are_scaled_like_sparse_ones():
    rows = vectorizer().fit_transform(TABLE)
    sparse, dense = (find_column_scales(part, UNIT) for part in (rows, rows.toarray()))
    for ours, theirs in zip(vars(dense).values(), vars(sparse).values(), strict=True):
        assert_allclose(ours, theirs)
    assert len(dense.columns) < 10  # and not all of the words
    assert_allclose(dense.apply(rows.toarray()), sparse.apply(rows).toarray())


def test_a_wide_sparse_table_is_never_made_dense():
    codes = np.random.default_rng(0).integers(0, 500_000, size=(2000, 3))
    one_hot = csr_array(
        (np.ones(codes.size), codes.ravel(), np.arange(0, codes.size + 1, 3)),
        (2000, 500_000),
    )  # 8 GB if it were dense
    one_hot.sum_duplicates()
    one_hot.data[:] = 1
    assert find_column_scales(one_hot, np.ones(2000)) is None
    price = RNG.lognormal(6, 1, 2000)[:, None]
    rows = csr_array(hstack([one_hot, csr_array(price)]))
    scaled = find_column_scales(rows, np.ones(2000)).apply(rows)
    assert scaled.nnz == rows.nnz
    assert_allclose(scaled[:, [-1]].toarray().mean(), 0, atol=1e-12)
    assert_allclose(scaled[:, [-1]].toarray().std(), 1)
