"""Splitters for several tasks, and grids of loss weights."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedGroupKFold,
    cross_validate,
)

from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import (
    MultiTaskStratifiedKFold,
    MultiTaskStratifiedShuffleSplit,
    loss_weight_grid,
    train_test_split,
)

rng = np.random.RandomState(0)
N = 600
CODES = np.column_stack([rng.choice(n, N, p=np.arange(1, n + 1) / (n * (n + 1) / 2))
                         for n in (2, 3, 5)])  # fmt: skip
HOLES = rng.rand(*CODES.shape) < [0.0, 0.3, 0.6]
Y = pd.DataFrame(
    {
        "flag": CODES[:, 0].astype(bool),
        "tone": np.where(HOLES[:, 1], None, np.array(["a", "b", "c"])[CODES[:, 1]]),
        "stars": np.where(HOLES[:, 2], np.nan, CODES[:, 2]),
    }
)


def deviation(splits):
    """Give the largest distance of a class's share of a test set from what is due."""
    worst = 0.0
    for _, test in splits:
        for name in Y:
            counts = Y[name].value_counts()
            found = Y[name].iloc[test].value_counts().reindex(counts.index).fillna(0)
            worst = max(worst, (found / counts - len(test) / N).abs().max())
    return worst


# Folds -------------------------------------------------------------------------------


def test_every_class_of_every_task_is_divided_evenly():
    splits = list(MultiTaskStratifiedKFold(5, shuffle=True, random_state=0).split(Y, Y))
    plain = list(KFold(5, shuffle=True, random_state=0).split(Y))
    assert deviation(splits) < 0.05 < deviation(plain) / 2


@settings(max_examples=40, deadline=None)
@given(
    n_rows=st.integers(5, 40),
    n_splits=st.integers(2, 5),
    shuffle=st.booleans(),
    seed=st.integers(0, 99),
)
def test_folds_are_those_of_kfold_in_number_and_size(n_rows, n_splits, shuffle, seed):
    y = np.random.RandomState(seed).randint(-1, 3, size=(n_rows, 2))
    y = np.where(y < 0, np.nan, y)
    splitter = MultiTaskStratifiedKFold(
        n_splits, shuffle=shuffle, random_state=seed if shuffle else None
    )
    splits = list(splitter.split(y, y))
    sizes = [len(test) for _, test in KFold(n_splits).split(y)]
    assert [len(test) for _, test in splits] == sizes
    assert_array_equal(
        np.sort(np.concatenate([test for _, test in splits])), np.arange(n_rows)
    )
    for train, test in splits:
        assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(n_rows))
    assert splitter.get_n_splits() == n_splits


CONTAINERS = {
    "array": lambda y: y.to_numpy(dtype=object),
    "dict": lambda y: {name: y[name] for name in y},
    "list": lambda y: y.to_numpy(dtype=object).tolist(),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_container_of_the_labels_says_nothing(container):
    splitter = MultiTaskStratifiedKFold(3)
    expected = [test for _, test in splitter.split(Y, Y)]
    found = [test for _, test in splitter.split(range(N), CONTAINERS[container](Y))]
    for own, other in zip(found, expected, strict=True):
        assert_array_equal(own, other)


def test_a_missing_label_of_ones_own():
    filled = Y.assign(tone=Y["tone"].fillna("?"))
    own = MultiTaskStratifiedKFold(3, missing_label="?").split(filled, filled)
    for (_, a), (_, b) in zip(
        own, MultiTaskStratifiedKFold(3).split(Y, Y), strict=True
    ):
        assert_array_equal(a, b)


def test_the_seed_decides():
    def tests_of(seed):
        splitter = MultiTaskStratifiedKFold(3, shuffle=True, random_state=seed)
        return [test.tolist() for _, test in splitter.split(Y, Y)]

    assert tests_of(0) == tests_of(0) != tests_of(1)


def test_groups_stay_together_and_are_divided_evenly():
    groups = rng.randint(150, size=N)
    splits = list(MultiTaskStratifiedKFold(5).split(Y, Y, groups))
    for train, test in splits:
        assert not set(groups[train]) & set(groups[test])
    peer = list(StratifiedGroupKFold(5).split(Y, Y["flag"], groups))
    assert deviation(splits) < deviation(peer)


def test_groups_are_routed():
    groups = np.arange(N) // 3
    seen = []

    class Watching(MultiTaskStratifiedKFold):
        def split(self, X, y=None, groups=None):
            seen.append(groups)
            return super().split(X, y, groups)

    with config_context(enable_metadata_routing=True):
        cross_validate(
            RandomForestClassifier(2),
            CODES,
            CODES,
            cv=Watching(2),
            scoring=multitask_scorer(),
            params={"groups": groups},
        )
    assert seen[0] is groups


def test_a_search_takes_it():
    search = GridSearchCV(
        RandomForestClassifier(3, random_state=0),
        {"max_depth": [1, 2]},
        cv=MultiTaskStratifiedKFold(2),
        scoring=multitask_scorer(),
        refit="mean",
    )
    assert search.fit(CODES, CODES).n_splits_ == 2


def test_it_says_what_it_is():
    text = "MultiTaskStratifiedKFold(missing_label=None, n_splits=3, random_state=1"
    splitter = MultiTaskStratifiedKFold(3, shuffle=True, random_state=1)
    assert repr(splitter).startswith(text)


@pytest.mark.parametrize("n_splits", [1, 2.0, "3"])
def test_the_number_of_folds_is_checked(n_splits):
    with pytest.raises(ValueError, match="n_splits must be an int of at least 2"):
        MultiTaskStratifiedKFold(n_splits)


def test_a_seed_needs_shuffling():
    with pytest.raises(ValueError, match="no effect without shuffle=True"):
        MultiTaskStratifiedKFold(3, random_state=0)


@pytest.mark.parametrize("splitter", [MultiTaskStratifiedKFold(3),
                                      MultiTaskStratifiedShuffleSplit(3)])  # fmt: skip
@pytest.mark.parametrize(
    ("X", "y", "groups", "message"),
    [
        (range(4), None, None, "The labels y are None.*Pass y, or use KFold"),
        (range(4), [1, 2, 1], None, r"same rows\. Got 4 and 3"),
        (range(4), [1, 2, 1, 2], [1, 2], r"each of the 4 rows\. Got shape \(2,\)"),
        (range(4), ["x", 1, 1, 1], None, "holds both"),
    ],
)
def test_what_cannot_be_split(splitter, X, y, groups, message):
    # When it is called, and not when the first split is asked for.
    with pytest.raises(ValueError, match=message):
        splitter.split(X, y, groups)


@pytest.mark.parametrize(("groups", "noun"), [(None, "2 rows"), ([1, 1], "1 groups")])
def test_more_folds_than_rows(groups, noun):
    splits = MultiTaskStratifiedKFold(3).split([0, 1], [0, 1], groups)
    with pytest.raises(ValueError, match=f"n_splits=3, more than the {noun}"):
        next(splits)


# Random splits -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "n_train", "n_test"),
    [
        ({}, 540, 60),
        ({"test_size": 0.25}, 450, 150),
        ({"test_size": 100}, 500, 100),
        ({"train_size": 0.5}, 300, 300),
        ({"test_size": 60, "train_size": 120}, 120, 60),
    ],
)
def test_sizes_mean_what_they_mean_in_scikit_learn(sizes, n_train, n_test):
    splitter = MultiTaskStratifiedShuffleSplit(2, random_state=0, **sizes)
    splits = list(splitter.split(Y, Y))
    assert len(splits) == splitter.get_n_splits() == 2
    for train, test in splits:
        assert (len(train), len(test)) == (n_train, n_test)
        assert len(set(train) | set(test)) == n_train + n_test
    assert set(splits[0][1]) != set(splits[1][1])
    assert deviation(splits) < 0.06
    again = MultiTaskStratifiedShuffleSplit(2, random_state=0, **sizes).split(Y, Y)
    assert_array_equal(next(again)[1], splits[0][1])


def test_random_splits_respect_groups():
    groups = np.arange(N) // 4
    splitter = MultiTaskStratifiedShuffleSplit(3, test_size=0.2, random_state=0)
    for train, test in splitter.split(Y, Y, groups):
        assert not set(groups[train]) & set(groups[test])
        assert abs(len(test) - 120) <= 4


def test_groups_too_large_to_divide():
    splitter = MultiTaskStratifiedShuffleSplit(1, test_size=0.1)
    with pytest.raises(ValueError, match="groups cannot be divided into"):
        next(splitter.split(range(20), [0] * 20, [1] * 20))


def test_train_test_split_divides_everything_alike():
    texts = [f"text {k}" for k in range(N)]
    labels = {name: Y[name].tolist() for name in Y}
    parts = train_test_split(texts, labels, CODES, random_state=0)
    train, test, y_train, y_test, c_train, c_test = parts
    assert (len(train), len(test)) == (450, 150)
    rows = [int(text.split()[1]) for text in test]
    assert_array_equal(c_test, CODES[rows])
    assert y_test["flag"] == [labels["flag"][k] for k in rows]
    assert deviation([(None, rows)]) < 0.06
    assert len(y_train["tone"]) == len(c_train) == 450


def test_train_test_split_by_other_labels():
    _, test = train_test_split(np.arange(N), stratify=Y, test_size=0.2, random_state=0)
    assert deviation([(None, test)]) < 0.06
    frame, _ = train_test_split(Y, stratify=Y, groups=np.arange(N) // 2)
    assert isinstance(frame, pd.DataFrame)


@pytest.mark.parametrize("extra", [{"a": [1] * 8 + [0]}, {"a": [1] * 8, "b": [1] * 7}])
def test_train_test_split_loses_no_rows_of_a_dict(extra):
    y = {"a": [0, 1] * 4}
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        train_test_split(list("abcdefgh"), y, extra)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        train_test_split(extra, list("abcdefgh"), stratify=y)


def test_train_test_split_knows_a_missing_label():
    y = {"a": [0, 1, "?", 1, 0, "?"]}
    *_, test = train_test_split(
        list("abcdef"), y, test_size=3, random_state=0, missing_label="?"
    )
    assert sorted(map(str, test["a"])) in (["0", "1", "?"], ["0", "1", "1"])


def test_train_test_split_needs_labels():
    with pytest.raises(ValueError, match="no labels to stratify by"):
        train_test_split(["a", "b"])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        train_test_split(["a", "b", "c"], [0, 1])


# Loss weights ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["simplex", "pairs", "random"])
@pytest.mark.parametrize("n_tasks", [2, 3, 5])
def test_grids_begin_with_equal_weights_and_have_mean_one(kind, n_tasks):
    grid = loss_weight_grid(n_tasks, kind, n=7, random_state=0)
    names = [f"task{k}" for k in range(n_tasks)]
    assert grid[0] == dict.fromkeys(names, 1.0)
    rows = np.array([list(weights.values()) for weights in grid])
    assert [list(weights) for weights in grid] == [names] * len(grid)
    np.testing.assert_allclose(rows.mean(axis=1), 1)
    assert (rows > 0).all()
    assert len(np.unique(rows.round(9), axis=0)) == len(grid)


def test_a_simplex_has_all_multiples_of_a_step():
    grid = loss_weight_grid(["a", "b"], "simplex", resolution=5)
    found = sorted(round(5 * weights["a"] / 2, 6) for weights in grid)
    assert found == [1, 2, 2.5, 3, 4]


def test_pairs_are_moved_apart_by_each_ratio():
    grid = loss_weight_grid(["a", "b", "c"], "pairs", ratios=[4])
    assert len(grid) == 1 + 2 * 3
    for weights in grid[1:]:
        low, _, high = sorted(weights.values())
        assert high / low == pytest.approx(4)


def test_random_weights_follow_the_seed():
    one, two, other = (
        loss_weight_grid(3, "random", n=4, random_state=seed) for seed in (0, 0, 1)
    )
    assert one == two != other
    assert len(one) == 5


@pytest.mark.parametrize(
    ("tasks", "params", "message"),
    [
        ("topic", {}, "must be a list of names. Got 'topic'"),
        (["a"], {}, "need at least two tasks. Got 1"),
        (3, {"kind": "all"}, "'simplex', 'pairs' or 'random'. Got 'all'"),
        (3, {"resolution": 2}, "at least 3, one step per task. Got 2"),
        (3, {"kind": "pairs", "ratios": [1]}, r"numbers above 1. Got \[1\]"),
        (3, {"kind": "pairs", "ratios": []}, r"numbers above 1. Got \[\]"),
    ],
)
def test_what_makes_no_grid(tasks, params, message):
    with pytest.raises(ValueError, match=message):
        loss_weight_grid(tasks, **params)


def test_splitters_can_be_cloned():
    splitter = MultiTaskStratifiedShuffleSplit(2, test_size=0.2, random_state=3)
    twin = clone(splitter, safe=False)
    for (_, a), (_, b) in zip(twin.split(Y, Y), splitter.split(Y, Y), strict=True):
        assert_array_equal(a, b)


def test_defaults_of_grids():
    assert loss_weight_grid(2) == loss_weight_grid(2, resolution=5)
    assert [row["task0"] for row in loss_weight_grid(2)] == pytest.approx(
        [1, 0.4, 0.8, 1.2, 1.6]
    )
    assert len(loss_weight_grid(3, "random", random_state=0)) == 21
    pairs = [row["task0"] for row in loss_weight_grid(2, "pairs")]
    assert pairs == pytest.approx([1, 4 / 3, 2 / 3, 1.6, 0.4])
    # A step for each task leaves nothing to divide; two tasks are enough.
    assert loss_weight_grid(3, resolution=3) == [{f"task{k}": 1.0 for k in range(3)}]
    assert len(loss_weight_grid(2, "pairs", ratios=1.1)) == 3


def test_the_least_that_a_splitter_takes():
    folds = list(MultiTaskStratifiedKFold(2).split([0, 1], [0, 1]))
    assert [test.tolist() for _, test in folds] == [[0], [1]]
    assert MultiTaskStratifiedKFold().n_splits == 5
    assert MultiTaskStratifiedShuffleSplit().n_splits == 10
    train, test = next(MultiTaskStratifiedShuffleSplit().split(range(40), [0, 1] * 20))
    assert (len(train), len(test)) == (36, 4)
    texts, labels = list(range(40)), [0, 1] * 20
    parts = train_test_split(texts, labels, random_state=0)
    assert [len(part) for part in parts] == [30, 10, 30, 10]
