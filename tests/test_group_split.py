"""Stratified folds of whole groups."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedGroupKFold,
    cross_validate,
)

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedGroupKFold
from sklearn_mtl.search import LossWeightSearchCV


def fold_of(splitter, y, groups):
    fold = np.full(len(groups), -1)
    for k, (train, test) in enumerate(splitter.split(y, y, groups)):
        assert (fold[test] == -1).all()
        assert_array_equal(np.sort([*train, *test]), np.arange(len(groups)))
        fold[test] = k
    assert (fold >= 0).all()
    return fold


def unevenness(frame, fold, n_splits):
    """Sum squared distances of classes' shares in folds from equal ones."""
    total = 0.0
    for name in frame:
        for label in frame[name].dropna().unique():
            inside = fold[(frame[name] == label).to_numpy()]
            shares = np.bincount(inside, minlength=n_splits) / len(inside)
            total += np.square(shares - 1 / n_splits).sum()
    return total


@st.composite
def tables(draw):
    """Draw labels of several tasks with empty cells, groups, and a number of folds."""
    seed = draw(st.integers(0, 10**6))
    rng = np.random.RandomState(seed)
    n_rows, n_groups = rng.randint(6, 120), rng.randint(2, 30)
    groups = rng.randint(n_groups, size=n_rows)
    columns = {}
    for k in range(draw(st.integers(1, 3))):
        column = rng.randint(rng.randint(2, 6), size=n_rows).astype(object)
        follows = rng.rand(n_rows) < draw(st.sampled_from([0, 0.8]))
        column[follows] = groups[follows] % 3  # labels that go with the groups
        column[rng.rand(n_rows) < 0.2] = None
        columns[f"t{k}"] = column
    n_splits = draw(st.integers(2, 5))
    return pd.DataFrame(columns), groups, n_splits, seed


@given(tables(), st.booleans())
@settings(max_examples=80, deadline=None)
def test_folds_of_whole_groups_at_least_as_even_as_without_labels(table, shuffle):
    frame, groups, n_splits, seed = table
    n_groups = len(np.unique(groups))
    splitter = MultiTaskStratifiedGroupKFold(
        n_splits, shuffle=shuffle, random_state=seed if shuffle else None
    )
    if n_groups < n_splits:
        with pytest.raises(ValueError, match=f"more than the {n_groups} groups"):
            fold_of(splitter, frame, groups)
        return
    fold = fold_of(splitter, frame, groups)
    assert len(np.unique(fold)) == n_splits  # none is empty
    for group in np.unique(groups):
        assert len(np.unique(fold[groups == group])) == 1
    plain = fold_of(GroupKFold(n_splits), frame, groups)
    # Sizes decide between folds that are about as even.
    slack = 1e-3
    assert (
        unevenness(frame, fold, n_splits) <= unevenness(frame, plain, n_splits) + slack
    )
    assert_array_equal(fold, fold_of(splitter, frame, groups))


def test_it_is_more_even_than_by_one_column():
    rng = np.random.RandomState(0)
    groups = rng.randint(60, size=600)
    frame = pd.DataFrame({f"t{k}": rng.randint(2 + k, size=600) for k in range(3)})
    ours = fold_of(MultiTaskStratifiedGroupKFold(5), frame, groups)
    peer = np.full(600, -1)
    splits = StratifiedGroupKFold(5).split(frame, frame["t0"], groups)
    for k, (_, test) in enumerate(splits):
        peer[test] = k
    assert unevenness(frame, ours, 5) < unevenness(frame, peer, 5) / 2


def test_rows_without_labels_even_sizes():
    groups = np.arange(40) // 4
    labels = np.full(40, None)
    labels[:4] = ["a", "b", "a", "b"]
    fold = fold_of(MultiTaskStratifiedGroupKFold(5), labels, groups)
    assert_array_equal(np.bincount(fold), [8] * 5)


def test_the_seed_decides():
    groups = np.arange(60) // 2
    y = np.arange(60) % 3

    def folds(seed):
        splitter = MultiTaskStratifiedGroupKFold(3, shuffle=True, random_state=seed)
        return fold_of(splitter, y, groups).tolist()

    assert folds(0) == folds(0) != folds(1)


def test_groups_of_any_kind():
    names = ["ann", "bob", "cem", "dia"] * 5
    y = [0, 1] * 10
    splitter = MultiTaskStratifiedGroupKFold(2)
    expected = fold_of(splitter, y, np.array([0, 1, 2, 3] * 5))
    for groups in (names, pd.Series(names), pd.Categorical(names)):
        assert_array_equal(fold_of(splitter, y, groups), expected)


def test_what_cannot_be_split():
    splitter = MultiTaskStratifiedGroupKFold(3)
    for call in (lambda: splitter.split(range(4), [0, 1, 0, 1]),
                 lambda: splitter.split(range(4), [0, 1, 0, 1], None)):  # fmt: skip
        with pytest.raises(ValueError, match=r"groups is None.*Pass groups"):
            call()
    with pytest.raises(ValueError, match=r"more than the 2 groups\. Lower n_splits"):
        next(splitter.split(range(4), [0, 1, 0, 1], [0, 0, 1, 1]))
    with pytest.raises(ValueError, match="a value for each of the 4 rows"):
        splitter.split(range(4), [0, 1, 0, 1], [0, 1])
    with pytest.raises(ValueError, match="labels y are None"):
        splitter.split(range(4), None, [0, 1, 2, 3])


@pytest.mark.parametrize("routing", [False, True])
def test_tools_pass_groups_on(routing):
    texts, labels = make_multitask_texts(
        60, n_tasks=2, missing_rate=0.2, random_state=0
    )
    groups = np.arange(60) // 4
    splitter = MultiTaskStratifiedGroupKFold(2)
    splits = list(splitter.split(texts, labels, groups))
    clf = MultiTaskTextClassifier(max_iter=2, random_state=0)
    grid = [None, [3, 1]]

    def scores(cv, groups):
        params = {} if groups is None else {"groups": groups}
        options = {"cv": cv, "scoring": multitask_scorer(), "refit": "mean"}
        search = GridSearchCV(clf, {"loss_weights": grid}, **options)
        ours = LossWeightSearchCV(clf, grid, **options)
        given = {"params": params} if routing else params
        folds = cross_validate(
            clf, texts, labels, cv=cv, scoring=multitask_scorer(), **given
        )
        return [
            folds["test_mean"],
            search.fit(texts, labels, **params).cv_results_["mean_test_mean"],
            ours.fit(texts, labels, **params).cv_results_["mean_test_mean"],
        ]

    with config_context(enable_metadata_routing=routing):
        for with_groups, given in zip(
            scores(splitter, groups), scores(splits, None), strict=True
        ):
            assert_array_equal(with_groups, given)
