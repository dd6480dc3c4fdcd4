"""Two parts with an even share of every class of every task."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_array_equal

from sklearn_mtl.labels._splitting import assign_rows, multitask_split

fractions = st.floats(0.05, 0.95)
seeds = st.integers(0, 2**32 - 1)
# -2 stands for a label that fit never saw, -1 for an empty cell.
tables = arrays(
    np.int32,
    array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.integers(-2, 3),
    fill=st.nothing(),
)


def split_or_reject(codes, fraction, seed):
    """Split, and tell hypothesis to look elsewhere where no split is possible."""
    try:
        return multitask_split(codes, fraction, seed)
    except ValueError:
        assume(False)


@settings(max_examples=60, deadline=None)
@given(codes=tables, fraction=fractions, seed=seeds)
def test_the_parts_are_disjoint_and_cover_all_rows(codes, fraction, seed):
    larger, smaller = split_or_reject(codes, fraction, seed)
    assert_array_equal(
        np.sort(np.concatenate([larger, smaller])), np.arange(len(codes))
    )
    assert_array_equal(larger, np.sort(larger))
    assert_array_equal(smaller, np.sort(smaller))
    assert len(smaller) > 0


@settings(max_examples=60, deadline=None)
@given(codes=tables, fraction=fractions, seed=seeds)
def test_every_class_of_the_smaller_part_is_in_the_larger(codes, fraction, seed):
    larger, smaller = split_or_reject(codes, fraction, seed)
    for task in codes.T:
        classes = set(task[smaller]) - {-1, -2}
        assert classes <= set(task[larger])


@pytest.mark.parametrize("seed", range(10))
def test_a_class_that_other_tasks_used_up_gets_a_row_back(seed):
    codes = np.array([[0, -1], [0, 0], [1, -1], [1, 0]])
    larger, _ = multitask_split(codes, 0.5, seed)
    assert 0 in codes[larger, 1]


@settings(max_examples=60, deadline=None)
@given(codes=tables, fraction=fractions, seed=seeds)
def test_rows_without_labels_stay_in_the_larger_part(codes, fraction, seed):
    _, smaller = split_or_reject(codes, fraction, seed)
    assert (codes[smaller] >= 0).any(axis=1).all()


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=4),
    n_missing=st.integers(0, 5),
    fraction=fractions,
    seed=seeds,
)
def test_a_single_task_is_split_by_class_within_rounding(
    sizes, n_missing, fraction, seed
):
    codes = np.repeat([-1, *range(len(sizes))], [n_missing, *sizes])[:, None]
    # A share may lie half way between two numbers of rows; either is right then.
    exact, sizes = fraction * np.array(sizes), np.array(sizes)
    least = np.minimum(np.ceil(exact - 0.5 - 1e-9), sizes - 1)
    most = np.minimum(np.floor(exact + 0.5 + 1e-9), sizes - 1)
    found = np.zeros(len(sizes))
    with suppress(ValueError):  # no class has a row to spare
        _, smaller = multitask_split(codes, fraction, seed)
        found = np.bincount(codes[smaller, 0], minlength=len(sizes))
    assert (least <= found).all()
    assert (found <= most).all()


def test_several_tasks_are_split_evenly():
    rng = np.random.RandomState(0)
    codes = np.column_stack([rng.randint(-1, n, size=2000) for n in (2, 5, 10)])
    _, smaller = multitask_split(codes, 0.2, 0)
    for task in codes.T:
        counts = np.bincount(task[task >= 0])
        found = np.bincount(task[smaller][task[smaller] >= 0])
        assert np.abs(found / counts - 0.2).max() < 0.03


def test_the_seed_decides():
    codes = np.arange(40)[:, None] % 4
    splits = [multitask_split(codes, 0.25, seed)[1].tolist() for seed in (0, 0, 1)]
    assert splits[0] == splits[1] != splits[2]
    again = multitask_split(codes, 0.25, np.random.RandomState(0))[1]
    assert again.tolist() == splits[0]


def test_codes_are_not_changed():
    codes = np.arange(20)[:, None] % 4
    before = codes.copy()
    multitask_split(codes, 0.25, 0)
    assert_array_equal(codes, before)


@pytest.mark.parametrize(
    "codes",
    [
        np.arange(8)[:, None],
        np.full((8, 2), -1),
        np.zeros((0, 1), dtype=int),
        np.array([[0, 0], [0, 1]]),
    ],
    ids=["a class a row", "no labels", "no rows", "classes that need each row"],
)
def test_a_split_may_be_impossible(codes):
    message = (
        rf"A validation split of 30% of {len(codes)} rows is empty.*early_stopping"
    )
    with pytest.raises(ValueError, match=message):
        multitask_split(codes, 0.3, 0)


# Many parts --------------------------------------------------------------------------

part_counts = st.integers(2, 5)


@settings(max_examples=60, deadline=None)
@given(codes=tables, n_parts=part_counts, seed=seeds)
def test_parts_have_the_sizes_asked_for(codes, n_parts, seed):
    capacity = np.bincount(np.arange(len(codes)) % n_parts, minlength=n_parts)
    shares = np.full(n_parts, 1 / n_parts)
    rng = np.random.RandomState(seed)
    part = assign_rows(codes, shares, capacity=capacity, rng=rng)
    assert_array_equal(np.bincount(part, minlength=n_parts), capacity)


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    n_parts=part_counts,
    seed=seeds,
)
def test_each_class_of_a_single_task_is_dealt_out_evenly(sizes, n_parts, seed):
    codes = np.repeat(np.arange(len(sizes)), sizes)[:, None]
    rng = np.random.RandomState(seed)
    part = assign_rows(codes, np.full(n_parts, 1 / n_parts), rng=rng)
    for code, size in enumerate(sizes):
        counts = np.bincount(part[codes[:, 0] == code], minlength=n_parts)
        assert counts.min() >= size // n_parts
        assert counts.max() <= -(-size // n_parts)


@settings(max_examples=40, deadline=None)
@given(codes=tables, n_parts=part_counts, seed=seeds, data=st.data())
def test_groups_stay_together(codes, n_parts, seed, data):
    groups = data.draw(arrays(np.int32, len(codes), elements=st.integers(0, 4)))
    rng = np.random.RandomState(seed)
    part = assign_rows(codes, np.full(n_parts, 1 / n_parts), groups=groups, rng=rng)
    for group in np.unique(groups):
        assert len(set(part[groups == group])) == 1


def test_groups_of_one_row_change_nothing():
    codes = np.random.RandomState(0).randint(-1, 3, size=(60, 2))
    shares = np.full(3, 1 / 3)
    single = assign_rows(codes, shares, groups=np.arange(60))
    assert_array_equal(single, assign_rows(codes, shares))


def test_groups_are_dealt_out_evenly():
    rng = np.random.RandomState(0)
    groups = rng.randint(200, size=3000)
    codes = np.column_stack([rng.randint(-1, n, size=3000) for n in (2, 4)])
    part = assign_rows(codes, np.full(5, 0.2), groups=groups, rng=rng)
    for task in codes.T:
        counts = np.bincount(task[task >= 0])
        for k in range(5):
            mine = task[part == k]
            found = np.bincount(mine[mine >= 0], minlength=len(counts))
            assert np.abs(found / counts - 0.2).max() < 0.02


def test_a_rare_class_comes_before_a_frequent_one():
    # Two rows of a rare class, both in one frequent class: the rare one is divided,
    # whatever the frequent one says.
    codes = np.full((42, 2), -1)
    codes[:40, 0] = np.arange(40) % 2
    codes[[0, 2], 1] = 0
    part = assign_rows(codes, (0.5, 0.5))
    assert part[0] != part[2]


def test_large_groups_come_first():
    # Small ones can even out what large ones leave: 4 | 1 1 1 1, not 1 1 4 | 1 1.
    groups = np.array([0, 1, 2, 3, 4, 4, 4, 4])
    part = assign_rows(np.full((8, 1), -1), [0.5, 0.5], groups=groups)
    assert np.bincount(part).tolist() == [4, 4]


# Drawn once with numpy's RandomState(0).randint(-1, 3, (24, 2)).
CODES = np.array(
    [[-1, 2], [0, -1], [2, 2], [2, 2], [0, 2], [0, 1], [-1, 2], [1, -1],
     [-1, -1], [1, 0], [1, 2], [2, 1], [-1, 0], [0, 0], [0, -1], [0, -1],
     [2, -1], [2, 0], [1, 2], [2, -1], [1, 2], [-1, 0], [2, 0], [2, 2]]
)  # fmt: skip


def test_rows_are_dealt_out_as_before():
    # Splits of users stay the same from version to version.
    shares = (0.5, 0.3, 0.2)

    def assigned(**params):
        return "".join(map(str, assign_rows(CODES, shares, **params)))

    assert assigned() == "000210102011021000220110"
    assert assigned(rng=np.random.RandomState(1)) == "101001200020002121001120"
    assert assigned(capacity=(12, 7, 5)) == "000210102011021000220110"
    assert assigned(groups=np.arange(24) // 3) == "000111111000222000222111"
    _, smaller = multitask_split(CODES, 0.25, 0)
    assert smaller.tolist() == [3, 10, 15, 21, 22]


@pytest.mark.parametrize("capacity", [(24, 0, 0), (0, 0, 24), (1, 22, 1)])
def test_a_part_takes_no_more_than_its_capacity(capacity):
    part = assign_rows(CODES, (0.4, 0.3, 0.3), capacity=capacity)
    assert np.bincount(part, minlength=3).tolist() == list(capacity)


def test_the_message_of_an_impossible_split():
    message = (
        r"^A validation split of 10% of 2 rows is empty: no class has enough rows\. "
        r"Set a larger validation_fraction, or turn it off: "
    )
    with pytest.raises(ValueError, match=message):
        multitask_split(np.array([[0], [1]]), 0.1)
