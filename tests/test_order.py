"""The order of rows in an epoch: each row once, in as many batches as are announced."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.training._order import BATCHES_AT_ONCE, BatchOrder, task_chances

SIZE = 3
MANY = 2 * BATCHES_AT_ONCE * SIZE + 4  # two whole blocks, a batch, and one row more
SIZES = [1, SIZE, SIZE + 1, BATCHES_AT_ONCE * SIZE, MANY]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def lengths_of(n_rows):
    return np.random.default_rng(0).integers(0, 40, size=n_rows)


def batches_of(order):
    """Return the rows of each batch of an epoch."""
    batches, drawn = [], order.draw()
    for rows, slices in order.blocks(drawn):
        if drawn is None:
            rows = np.arange(order.n_rows)[rows]
        batches += [rows[start:stop].tolist() for start, stop in slices]
    return batches


@pytest.mark.parametrize("n_rows", SIZES)
@pytest.mark.parametrize(
    ("shuffle", "has_lengths", "most_tokens"),
    [
        (False, False, None),
        (False, True, None),
        (False, True, 60),
        (False, False, 60),
        (True, False, None),
        (True, True, None),
    ],
)
def test_an_epoch_has_each_row_once_in_the_batches_announced(
    n_rows, shuffle, has_lengths, most_tokens
):
    lengths = lengths_of(n_rows) if has_lengths else None
    order = BatchOrder(
        n_rows,
        SIZE,
        shuffle=shuffle,
        generator=seeded(),
        lengths=lengths,
        rows_at_once=None if most_tokens is None else lambda n: most_tokens // n,
    )
    for _ in range(2):
        batches = batches_of(order)
        assert len(order) == len(batches)
        assert all(1 <= len(batch) <= SIZE for batch in batches)
        seen = [row for batch in batches for row in batch]
        assert sorted(seen) == list(range(n_rows))
        assert shuffle or seen == sorted(seen)
    if most_tokens is None:
        assert len(order) == -(-n_rows // SIZE)
        assert all(len(batch) == SIZE for batch in batches[:-1])


def test_rows_in_their_own_order_are_slices_and_need_no_generator():
    order = BatchOrder(MANY, SIZE)
    assert order.draw() is None
    blocks = [rows for rows, _ in order.blocks(None)]
    whole = BATCHES_AT_ONCE * SIZE
    ends = [0, whole, 2 * whole, MANY]
    assert blocks == [slice(*pair) for pair in pairwise(ends)]


@pytest.mark.parametrize("has_lengths", [False, True])
def test_a_random_order_is_anew_in_each_epoch_and_that_of_its_seed(has_lengths):
    lengths = lengths_of(MANY) if has_lengths else None
    orders = [
        BatchOrder(MANY, SIZE, shuffle=True, generator=seeded(seed), lengths=lengths)
        for seed in (0, 0, 1)
    ]
    first, again, other = ([order.draw().tolist() for _ in "ab"] for order in orders)
    assert first == again
    assert first[0] != first[1]
    assert other[0] != first[0]


def test_texts_of_a_length_share_a_batch_and_batches_come_in_any_order():
    lengths = lengths_of(BATCHES_AT_ONCE * SIZE)
    order = BatchOrder(
        len(lengths), SIZE, shuffle=True, generator=seeded(), lengths=lengths
    )
    batches = [lengths[batch].tolist() for batch in batches_of(order)]
    assert sorted(batches) == np.sort(lengths).reshape(-1, SIZE).tolist()
    assert batches != sorted(batches)


def test_a_batch_of_long_texts_is_halved():
    lengths = np.array([1, 1, 1, 1, 5, 5, 5, 5, 20])
    order = BatchOrder(9, 4, lengths=lengths, rows_at_once=lambda n: 15 // n)
    assert batches_of(order) == [[0, 1, 2, 3], [4, 5], [6, 7], [8]]


# Rows by their tasks ------------------------------------------------------------------

# Three tasks of 30, 6 and 3 rows, and three rows with labels of two tasks.
OWNERS = [{0}] * 27 + [{1}] * 6 + [{2}] * 3 + [{0, 1}] * 3
CODES = np.array([[0 if t in own else -1 for t in range(3)] for own in OWNERS])


@pytest.mark.parametrize("power", [0.0, 0.5, 1 / 3, 0.99])
def test_chances_follow_the_sizes_of_tasks(power):
    chances = task_chances(CODES, np.ones(CODES.shape), power)
    assert chances.sum() == pytest.approx(len(CODES))
    sizes = np.array([30.0, 9.0, 3.0])
    raw = [np.mean([sizes[t] ** (power - 1) for t in own]) for own in OWNERS]
    assert_allclose(chances, np.array(raw) * len(raw) / np.sum(raw))


def test_of_tasks_in_rows_of_their_own_all_are_drawn_as_often():
    chances = task_chances(CODES[:36], np.ones((36, 3)), 0.0)
    sums = (CODES[:36] >= 0).T @ chances
    assert_allclose(sums, 12)


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_equal_chances_are_none(power):
    assert task_chances(np.zeros((5, 2)), np.ones((5, 2)), power) is None
    assert task_chances(CODES, np.ones(CODES.shape), 1.0) is None


def test_cells_of_weight_0_are_no_labels():
    weights = np.ones(CODES.shape)
    weights[27:33] = 0  # those of the second task alone
    chances = task_chances(CODES, weights, 0.0)
    assert_allclose(chances[27:33], 0)


@pytest.mark.parametrize("has_lengths", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_rows_are_drawn_as_often_as_their_chances_say(has_lengths, shuffle):
    chances = task_chances(CODES, np.ones(CODES.shape), 0.2)
    order = BatchOrder(
        len(CODES),
        4,
        shuffle=shuffle,
        generator=seeded(),
        chances=chances,
        lengths=lengths_of(len(CODES)) if has_lengths and shuffle else None,
    )
    counts = []
    for _ in range(300):
        batches = batches_of(order)
        assert [len(b) for b in batches] == [4] * 9 + [3]
        assert len(order) == 10
        counts.append(np.bincount(np.concatenate(batches), minlength=len(CODES)))
    counts = np.array(counts)
    assert (np.abs(counts - chances) < 1).all()
    assert_allclose(counts.mean(axis=0), chances, atol=0.12)
    again = BatchOrder(len(CODES), 4, shuffle=True, generator=seeded(), chances=chances)
    same = BatchOrder(len(CODES), 4, shuffle=True, generator=seeded(), chances=chances)
    assert batches_of(again) == batches_of(same)


def disjoint():
    texts = [f"word{k % 7} of {k % 3}" for k in range(60)]
    rows = [0] * 50 + [1] * 10
    labels = {
        name: [k % 2 if own == t else None for k, own in enumerate(rows)]
        for t, name in enumerate(["large", "small"])
    }
    return texts, labels


@pytest.mark.parametrize("batch_size", [10, 100])
def test_small_tasks_are_seen_as_often_as_large_ones(batch_size):
    params = {"iterator_train__task_power": 0.0}
    settings = {"max_iter": 4, "random_state": 0, "learning_rate_init": 1e-9}
    settings |= {"batch_size": batch_size, "loss_weights": None, "trunk": None}
    plain = MultiTaskTextClassifier(**settings).fit(*disjoint())
    clf = MultiTaskTextClassifier(**settings, net_params=params).fit(*disjoint())
    for own, other in zip(clf.history_, plain.history_, strict=True):
        for task in ("large", "small"):  # nothing is learnt: losses per cell are log 2
            assert own[f"loss_{task}"] == pytest.approx(np.log(2), rel=1e-3)
        assert own["weighted_loss_large"] == pytest.approx(np.log(2) / 2, rel=0.05)
        wanted = np.log(2) * 50 / 60
        assert other["weighted_loss_large"] == pytest.approx(wanted, rel=0.01)


@pytest.mark.parametrize("power", [-0.1, 1.5, "half", None])
def test_the_power_lies_between_0_and_1(power):
    clf = MultiTaskTextClassifier(net_params={"iterator_train__task_power": power})
    with pytest.raises(ValueError, match=r"iterator_train__task_power must be from 0"):
        clf.fit(*disjoint())


def test_a_search_draws_the_same_rows():
    texts, labels = disjoint()
    clf = MultiTaskTextClassifier(
        max_iter=3,
        random_state=0,
        batch_size=10,
        net_params={"iterator_train__task_power": 0.0},
    )
    candidates = ["auto", {"small": 3}]
    fast = clf._fit_each(texts, labels, candidates)
    for own, weights in zip(fast, candidates, strict=True):
        alone = clone(clf).set_params(loss_weights=weights).fit(texts, labels)
        assert own.history_[-1] == pytest.approx(alone.history_[-1])
