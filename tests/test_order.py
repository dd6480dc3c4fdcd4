"""The order of rows in an epoch: each row once, in as many batches as are announced."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from sklearn_mtl.training._order import BATCHES_AT_ONCE, BatchOrder

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
