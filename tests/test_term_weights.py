"""Weights of features: what they say about labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.data._rows import SMALL, weigh_terms
from sklearn_mtl.data._term_weights import (
    FEW_CELLS,
    MANY_CLASSES_ROWS,
    WEIGHED_CLASSES,
    information_weights,
    rare_words,
    weighs_terms,
)
from sklearn_mtl.datasets import make_multitask_texts

N_CLASSES = [2, 3]


def plain_weights(there, codes, weights, n_classes):
    """Do the same with loops over features, tasks and classes."""
    said, occurrences = np.zeros(there.shape[1]), np.zeros(there.shape[1])
    for t, n in enumerate(n_classes):
        cells = [(weights[:, t] * (codes[:, t] == c)) for c in range(n)]
        shares = np.array([c.sum() for c in cells])
        if np.count_nonzero(shares) < 2:
            continue
        shares = shares / shares.sum()
        entropy = -sum(s * np.log(s) for s in shares if s)
        for f in range(there.shape[1]):
            counts = [c[there[:, f]].sum() for c in cells]
            total = sum(counts)
            if total:
                terms = (
                    n_fc * np.log(n_fc / (total * share))
                    for n_fc, share in zip(counts, shares, strict=True)
                    if n_fc
                )
                said[f] += (sum(terms) - (n - 1) / 2) / entropy
                occurrences[f] += total
    information = np.maximum(said, 0) / np.maximum(occurrences, 1e-300)
    if not occurrences.sum() or not information @ occurrences:
        return np.ones(there.shape[1])
    mean = information @ occurrences / occurrences.sum()
    values = (information + mean / 2) ** 0.25
    return values / np.average(values, weights=occurrences)


@st.composite
def labelled_rows(draw):
    n_rows = draw(st.integers(1, 12))
    there = draw(arrays(bool, (n_rows, 4)))
    columns = [
        draw(arrays(int, n_rows, elements=st.integers(-1, n - 1))) for n in N_CLASSES
    ]
    weights = draw(arrays(float, (n_rows, 2), elements=st.sampled_from([0, 0.5, 2])))
    return there, np.column_stack(columns), weights


@settings(max_examples=150, deadline=None)
@given(labelled_rows())
def test_weights_are_what_the_formula_says(data):
    there, codes, weights = data
    rows = csr_array(there.astype(np.float32) * 3)
    found = information_weights(rows, codes, weights, N_CLASSES)
    assert_allclose(found, plain_weights(there, codes, weights, N_CLASSES), rtol=1e-9)


@settings(max_examples=50, deadline=None)
@given(labelled_rows())
def test_a_weight_of_two_is_a_row_given_twice(data):
    there, codes, _ = data
    twice = np.r_[: len(codes), : len(codes) // 2]
    weights = np.ones(codes.shape)
    weights[: len(codes) // 2] = 2
    rows = csr_array(there.astype(float))
    assert_allclose(
        information_weights(rows, codes, weights, N_CLASSES),
        information_weights(
            rows[twice], codes[twice], np.ones((len(twice), 2)), N_CLASSES
        ),
    )


def test_a_word_that_tells_the_label_weighs_more_than_one_that_does_not():
    codes = np.arange(200)[:, None] % 2
    there = np.column_stack([codes[:, 0] == 1, np.arange(200) % 3 == 0])
    told, silent = information_weights(
        csr_array(there.astype(float)), codes, np.ones(codes.shape), [2]
    )
    assert told > 1.2 * silent


@pytest.mark.parametrize("kind", [csr_array, csr_matrix])
def test_rows_keep_their_norm_and_type(kind):
    dense = np.array([[3, 4, 0], [0, 0, 0], [0, 1, 2]], dtype=np.float32)
    weighed = weigh_terms(kind(dense), np.array([1.0, 2.0, 0.5]))
    assert isinstance(weighed, kind)
    assert weighed.dtype == np.float32
    assert_allclose(
        np.linalg.norm(weighed.toarray(), axis=1), np.linalg.norm(dense, axis=1)
    )
    first = np.array([3, 8, 0]) * 5 / np.hypot(3, 8)
    assert_allclose(weighed.toarray()[0], first, rtol=1e-6)


# Whether they are weighed ------------------------------------------------------------

MANY = csr_array((201, 3))


def weighs(
    setting="auto",
    rows=MANY,
    n_classes=(2,),
    cells_per_class=100.0,
    are_ours=True,
    as_tokens=False,
):
    return weighs_terms(
        setting,
        rows,
        n_classes,
        cells_per_class,
        are_ours=are_ours,
        as_tokens=as_tokens,
    )


@pytest.mark.parametrize(
    ("n_rows", "n_classes", "expected"),
    [
        (200, [2, 3], False),
        (201, [2, 3], True),
        (201, [25], True),
        (201, [24, 26], True),
        (201, [25, 26], False),
        (201, [26], False),
    ],
)
def test_auto_weighs_terms_of_many_rows_and_few_classes(n_rows, n_classes, expected):
    assert weighs(rows=csr_array((n_rows, 3)), n_classes=n_classes) is expected


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, True),
        ({"cells_per_class": FEW_CELLS}, True),
        ({"cells_per_class": FEW_CELLS - 0.1}, False),
        ({"are_ours": False}, False),
        ({"as_tokens": True}, False),
        ({"setting": None}, False),
        ({"setting": None, "rows": np.ones((201, 3)), "are_ours": False}, False),
        ({"setting": "information", "are_ours": False}, True),
        ({"setting": "information", "rows": csr_array((2, 3))}, True),
        ({"setting": "information", "n_classes": [99]}, True),
        ({"setting": "information", "cells_per_class": 1.0}, True),
    ],
)
def test_where_terms_are_weighed(params, expected):
    assert weighs(**params) is expected


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"rows": np.ones((201, 3))}, "dense rows"),
        ({"as_tokens": True}, "sequences of tokens"),
    ],
)
def test_where_terms_cannot_be_weighed(params, found):
    with pytest.raises(ValueError, match=f"Got {found}; use 'auto' or None"):
        weighs("information", **params)


@pytest.mark.parametrize(
    ("n_classes", "cells_per_class", "expected"),
    [
        ([2, 3], FEW_CELLS, SMALL),
        ([2, 3], FEW_CELLS - 0.1, MANY_CLASSES_ROWS),
        ([WEIGHED_CLASSES], 1000, SMALL),
        ([WEIGHED_CLASSES + 1], 1000, MANY_CLASSES_ROWS),
        ([2, 2 * WEIGHED_CLASSES - 2], 1000, SMALL),
    ],
)
def test_words_of_one_text_are_features_where_classes_have_few(
    n_classes, cells_per_class, expected
):
    assert rare_words(n_classes, cells_per_class) == expected


# In the classifier -------------------------------------------------------------------

TEXTS, LABELS = make_multitask_texts(250, n_tasks=2, missing_rate=0.2, random_state=0)
COUNTS = CountVectorizer(dtype=np.float32)


def fitted(texts=TEXTS, labels=LABELS, **params):
    return MultiTaskTextClassifier(max_iter=2, random_state=0, **params).fit(
        texts, labels[: len(texts)] if isinstance(texts, list) else labels
    )


@pytest.mark.parametrize(
    ("params", "is_weighed"),
    [
        ({}, True),
        ({"term_weighting": None}, False),
        ({"vectorizer": COUNTS}, False),
        ({"vectorizer": COUNTS, "term_weighting": "information"}, True),
        ({"sharing": "hard"}, True),
        ({"sharing": "mmoe"}, True),
        ({"sharing": "ple"}, True),
        ({"sharing": "separate"}, False),
        ({"trunk": None}, False),
        ({"trunk": None, "term_weighting": "information"}, True),
        ({"trunk": "recurrent"}, False),
        ({"trunk": "conv"}, True),
        ({"trunk": "conv", "term_weighting": "information"}, True),
        ({"texts": np.ones((250, 2)), "term_weighting": None}, False),
        ({"texts": TEXTS[:200]}, False),
        ({"texts": TEXTS[:200], "term_weighting": "information"}, True),
        ({"texts": COUNTS.fit_transform(TEXTS)}, False),
        ({"texts": COUNTS.fit_transform(TEXTS), "term_weighting": "information"}, True),
    ],
)
def test_when_terms_are_weighed(params, is_weighed):
    weights = fitted(**params).term_weights_
    assert (weights is not None) == is_weighed
    if is_weighed:
        assert weights.std() > 0


def test_tasks_of_many_classes_leave_terms_as_they_are():
    many = np.arange(250)[:, None] % 60
    assert fitted(labels=many).term_weights_ is None


def test_tasks_of_few_cells_leave_terms_as_they_are():
    rng = np.random.default_rng(0)
    # 250 cells of 12 or 13 classes: 20.8 and 19.2 for each.
    for n_classes, is_weighed in [(12, True), (13, False)]:
        labels = rng.permutation(np.arange(250) % n_classes)
        weights = fitted(labels=labels).term_weights_
        assert (weights is not None) == is_weighed


def test_words_of_one_text_are_features_where_classes_have_few_cells():
    texts = [f"{text} only{k}" for k, text in enumerate(TEXTS)]
    for n_classes, there in [(2, False), (13, True)]:
        words = fitted(texts, np.arange(250) % n_classes).vectorizer_
        assert any("only7" in name for name in words.get_feature_names_out()) == there


def test_prediction_weighs_what_it_reads():
    # Settings tried on a part of the rows would depend on the weights of that part.
    plainly = {"alpha": 0.0, "temperature": 1.0}
    classifier = fitted(**plainly)
    rows = classifier.vectorizer_.transform(TEXTS).tocsr()
    weighed = weigh_terms(rows, classifier.term_weights_)
    plain = fitted(weighed, term_weighting=None, **plainly)
    assert_allclose(
        classifier.predict_proba(TEXTS)[0],
        plain.predict_proba(weighed)[0],
        atol=1e-6,
    )


def test_a_warm_start_keeps_the_weights():
    classifier = fitted(warm_start=True)
    before = classifier.term_weights_.copy()
    classifier.fit(TEXTS[:210], LABELS[:210])
    assert_array_equal(classifier.term_weights_, before)


def test_dense_rows_have_no_terms():
    with pytest.raises(
        ValueError, match=r"'information' needs sparse rows.* Got dense"
    ):
        fitted(COUNTS.fit_transform(TEXTS).toarray(), term_weighting="information")


def test_sequences_whose_embeddings_take_no_weights():
    with pytest.raises(ValueError, match="Got sequences of tokens; use 'auto' or None"):
        fitted(trunk="recurrent", term_weighting="information")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_rows_keep_their_norm_beside_large_ones(dtype):
    table = np.array([[3e7, 4e7, 0], [0, 3e-5, 4e-5], [1, 0, 1]], dtype=dtype)
    weighed = weigh_terms(csr_array(table), np.array([0.5, 1.0, 2.0])).toarray()
    norms = np.linalg.norm(weighed.astype(float), axis=1)
    assert_allclose(norms, [5e7, 5e-5, np.sqrt(2)], rtol=1e-5)
    # Ratios within a row are those of weighted features.
    assert_allclose(weighed[1, 2] / weighed[1, 1], 2 * 4 / 3, rtol=1e-5)


def test_a_fit_of_rows_of_very_different_size_sees_the_small_ones():
    rng = np.random.RandomState(0)
    table = rng.uniform(size=(250, 30)) * (rng.uniform(size=(250, 30)) < 0.3)
    table[::2] *= 1e-9
    labels = {"a": rng.randint(2, size=250), "b": rng.randint(2, size=250)}
    clf = MultiTaskTextClassifier(
        term_weighting="information", max_iter=1, random_state=0
    ).fit(csr_array(table), labels)
    norms = [
        np.linalg.norm(rows.toarray(), axis=1)
        for rows in (csr_array(table), clf._transform_rows(csr_array(table))[0])
    ]
    assert_allclose(norms[1], norms[0], rtol=1e-6)


@pytest.mark.parametrize("n_rare", [1, 5, 20])
def test_few_cells_of_the_most_frequent_class_count(n_rare):
    # The feature is in all 100 rows of class 1 and in a few of the 200 of class 0.
    codes = np.repeat([0, 1], [200, 100])[:, None]
    there = np.zeros((300, 2), dtype=bool)
    there[200:, 0] = there[:n_rare, 0] = True
    there[::3, 1] = True
    weights = np.ones(codes.shape)
    found = information_weights(csr_array(there.astype(float)), codes, weights, [2])
    assert_allclose(found, plain_weights(there, codes, weights, [2]), rtol=1e-9)
