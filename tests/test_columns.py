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


# Rules by hand: 8 rows, in each a word of its own -------------------------------------


def scales_beside_words(*columns, word=2.0):
    """Find the scales of columns beside words with a mean square of `word` ** 2."""
    rows = hstack([csr_array(word * np.eye(8)), csr_array(np.column_stack(columns))])
    scales = find_column_scales(csr_array(rows), np.ones(8))
    if scales is None:
        return None
    return (scales.columns - 8).tolist(), scales.means, scales.factors


def in_rows(n_rows, value):
    """Return a column that holds a value in its first rows."""
    return np.where(np.arange(8) < n_rows, value, 0.0)


SIGNS = np.resize([1.0, -1.0], 8)
COUNTING = np.arange(1.0, 9.0)  # mean 4.5, variance 5.25


@pytest.mark.parametrize(
    ("n_copies", "strength"), [(1, 0.01), (3, 0.01), (4, 0.0075), (6, 0.005)]
)
def test_numbers_are_standardised_and_made_small(n_copies, strength):
    columns, means, factors = scales_beside_words(*[COUNTING] * n_copies)
    assert columns == list(range(n_copies))
    assert_allclose(means, 4.5)
    assert_allclose(factors, np.sqrt(strength * 4 / 5.25))


@pytest.mark.parametrize(("n_rows", "is_number"), [(4, False), (5, True), (8, True)])
def test_a_number_is_stored_in_more_than_half_of_the_rows(n_rows, is_number):
    column = in_rows(n_rows, 1) * np.linspace(1, 1.5, 8)
    found = scales_beside_words(column)
    assert (found is not None) is is_number
    if is_number:
        assert_allclose(found[1], column.mean())
        assert_allclose(found[2], 0.2 / column.std())


@pytest.mark.parametrize(("part", "found"), [(0.0299, False), (0.0301, True)])
def test_a_small_number_stays(part, found):
    column = SIGNS * np.sqrt(part * 4)
    assert (scales_beside_words(column) is not None) is found


def test_a_number_at_the_bound_stays(monkeypatch):
    monkeypatch.setattr("sklearn_mtl.data._columns.DOMINANT_NUMBER", 0.25)
    assert scales_beside_words(SIGNS) is None  # 1 is a quarter of 4
    assert scales_beside_words(SIGNS * 1.001) is not None


@pytest.mark.parametrize(
    ("word", "found"), [(1.9, True), (1.999, True), (2.0, False), (2.1, False)]
)
def test_a_category_dominates_small_words(word, found):
    category = in_rows(2, 1)
    scales = scales_beside_words(category, word=word)
    if not found:
        assert scales is None
        return
    columns, means, factors = scales
    assert columns == [0]
    assert means == [0]
    assert_allclose(factors, 0.1 * word)
    # What is not always 1 is a word.
    assert scales_beside_words(category * 0.9, word=word) is None
    assert scales_beside_words(category + in_rows(1, 0.5), word=word) is None
    assert scales_beside_words(category - in_rows(1, 0.5), word=word) is None


def test_categories_are_made_smaller_together():
    # Eight times the same one, in a quarter of the rows: its eigenvalue is 2.
    eight = scales_beside_words(*[in_rows(2, 1)] * 8, word=1.5)
    assert_allclose(eight[2], 0.1 * 1.5)
    sixteen = scales_beside_words(*[in_rows(2, 1)] * 16, word=1.5)
    assert_allclose(sixteen[2], np.sqrt(0.01 * 3 / 4) * 1.5)


@pytest.mark.parametrize(("n_rows", "strength"), [(2, 0.01), (3, 0.005)])
def test_rare_categories_are_weak_even_together(n_rows, strength):
    # 400 times the same one, in 1% of 200 rows or a little more.
    category = (np.arange(200) < n_rows).astype(float)
    copies = csr_array(np.column_stack([category] * 400))
    rows = csr_array(hstack([csr_array(1.5 * np.eye(200)), copies]))
    scales = find_column_scales(rows, np.ones(200))
    assert scales.columns.tolist() == list(range(200, 600))
    assert not scales.means.any()
    assert_allclose(scales.factors, np.sqrt(strength) * 1.5)


@pytest.mark.parametrize(("value", "found"), [(3.9, False), (4, False), (4.1, True)])
def test_a_column_larger_than_all_others_is_scaled(value, found):
    scales = scales_beside_words(in_rows(2, value))
    assert (scales is not None) is found
    if found:
        assert scales[0] == [0]
        assert scales[1] == [0]
        assert_allclose(scales[2], 0.2 / value)


def test_after_the_largest_column_the_next_is_looked_at():
    columns, _, factors = scales_beside_words(in_rows(2, 4.1), in_rows(1, 100))
    assert columns == [0, 1]
    assert_allclose(factors, [0.2 / 4.1, 0.2 / 100])


@pytest.mark.parametrize(("spread", "is_text"), [(0.0008, True), (0.0015, False)])
def test_a_frequent_word_of_normalised_texts_stays(spread, is_text):
    word = np.linspace(0.3, 0.6, 8)
    norms = 1 - np.linspace(0, spread, 8)  # squared

    def found(column):
        rows = hstack(
            [csr_array(np.diag(np.sqrt(norms - column**2))), csr_array(column[:, None])]
        )
        return find_column_scales(csr_array(rows), np.ones(8)) is not None

    assert found(word) is not is_text
    assert found(-word)  # no word is negative
    assert found(np.full(8, 0.5))  # nor has one value in all rows


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        ([1, 1, 1, 30], False),
        ([1, 1, 1, 30.1], True),
        ([0.01, 1, 1, 1, 29], False),
        ([0.01, 0.01, 1, 1, 1], True),
        ([0.01, 1, 1, 1, 1], False),
    ],
)
def test_a_table_has_columns_on_one_scale(sizes, found):
    rows = SIGNS[:, None] * sizes
    scales = find_column_scales(rows, np.ones(8))
    assert (scales is not None) is found
    if found:
        assert_allclose(scales.factors, 1 / np.array(sizes))
        assert_allclose(scales.means, 0, atol=1e-12)


def test_a_constant_of_a_table_becomes_0():
    rows = np.column_stack([COUNTING, SIGNS, np.full(8, 0.1), COUNTING * 1000])
    scales = find_column_scales(rows, COUNTING)
    assert scales.columns.tolist() == [0, 1, 2, 3]
    assert scales.factors[2] == 0
    weights = COUNTING / 36
    assert_allclose(scales.means, weights @ rows)
    kept = [0, 1, 3]
    spreads = np.sqrt(weights @ (rows - weights @ rows) ** 2)
    assert_allclose(scales.factors[kept], 1 / spreads[kept])


def test_columns_of_a_sparse_table_keep_their_zeros():
    codes = np.eye(4)[np.arange(8) % 4]
    rows = csr_array(np.column_stack([codes, 1000 * SIGNS + 10]))
    scales = find_column_scales(rows, np.ones(8))
    assert_allclose(scales.means, [0, 0, 0, 0, 10])
    assert_allclose(scales.factors, [2, 2, 2, 2, 1 / 1000])
    expected = np.column_stack([2 * codes, SIGNS])
    assert_allclose(scales.apply(rows).toarray(), expected)
    assert find_column_scales(csr_array(codes), np.ones(8)) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_keep_their_type_and_the_callers_stay(dtype):
    rows = np.column_stack([COUNTING, SIGNS * 1000]).astype(dtype)
    before = rows.copy()
    scales = find_column_scales(rows, np.ones(8))
    for given in (rows, csr_array(rows)):
        scaled = scales.apply(given)
        assert scaled.dtype == dtype
        as_array = scaled.toarray() if given is not rows else scaled
        expected = np.column_stack([(COUNTING - 4.5) / np.sqrt(5.25), SIGNS])
        assert_allclose(as_array, expected, rtol=1e-6)
    assert (rows == before).all()
