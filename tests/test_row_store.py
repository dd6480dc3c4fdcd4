"""Rows of numbers in versions that share memory."""

import pickle
from threading import Thread

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sklearn_mtl.training._row_store import BLOCK, Version, in_blocks

KINDS = [(3, torch.float32), (1, torch.float64)]
N_KEYS = 2 * BLOCK + 7


def rows_of(keys, value):
    """Return rows that tell the key and a value."""
    first = np.outer(keys, np.ones(3)).astype(np.float32) + np.float32(value)
    return [first, np.full((len(keys), 1), float(value))]


def plus(version, keys, value):
    parts = rows_of(keys, value)
    return version.plus(keys, lambda own: [part[own] for part in parts])


def assert_holds(version, expected):
    """Compare a version with a dict of the value of each key."""
    assert_array_equal(version.keys, sorted(expected))
    keys = np.arange(version.n_keys)
    whole = version.take(keys)
    for key in keys:
        own = [part[0] for part in rows_of(np.array([key]), expected.get(key, 0))]
        if key not in expected:
            own = [np.zeros_like(part) for part in own]
        for found, part in zip(whole, own, strict=True):
            assert_array_equal(found[key], part)
    assert_array_equal(version.has(keys), [key in expected for key in keys])


def used(version):
    return version._store.n_used


@pytest.mark.parametrize("seed", range(3))
def test_versions_are_those_of_a_dict(seed):
    rng = np.random.default_rng(seed)
    held = [(Version.empty(40, KINDS), {})]
    for value in range(1, 30):
        version, expected = held[rng.integers(len(held))]
        keys = np.sort(rng.choice(40, rng.integers(1, 12), replace=False))
        fresh = plus(version, keys, value), expected | dict.fromkeys(keys, value)
        if rng.random() < 0.5:  # some versions are no longer needed
            held.pop(rng.integers(len(held)))
        held.append(fresh)
        for each in held:
            assert_holds(*each)


def test_rows_are_written_in_blocks():
    keys = np.arange(N_KEYS)
    assert [len(own) for own in in_blocks(keys)] == [BLOCK, BLOCK, 7]
    version = plus(Version.empty(N_KEYS, KINDS), keys, 1)
    assert_holds(version.copied(), dict.fromkeys(keys, 1))


def test_memory_of_replaced_rows_is_used_again():
    keys, version = np.arange(10), Version.empty(20, KINDS)
    version = plus(version, keys, 0)
    store = version._store
    for value in range(1, 50):
        version = plus(version, keys, value)
    assert version._store is store
    assert used(version) <= 20
    assert_holds(version, dict.fromkeys(keys, 49))


def test_an_earlier_version_keeps_its_rows():
    keys = np.arange(10)
    first = plus(Version.empty(400, KINDS), keys, 1)
    second = plus(first, keys, 2)
    third = plus(second, keys, 3)
    del second  # the first version still keeps what the third replaced
    for value in range(4, 9):
        third = plus(third, keys, value)
    assert_holds(first, dict.fromkeys(keys, 1))
    assert_holds(third, dict.fromkeys(keys, 8))


def test_two_versions_after_one_have_memory_of_their_own():
    keys = np.arange(10)
    first = plus(Version.empty(400, KINDS), keys, 1)
    second, other = plus(first, keys[:5], 2), plus(first, keys[5:], 3)
    assert other._store is not second._store
    del first
    second = plus(plus(second, keys, 4), keys, 5)
    assert_holds(other, dict.fromkeys(keys[:5], 1) | dict.fromkeys(keys[5:], 3))
    assert_holds(second, dict.fromkeys(keys, 5))


def test_a_version_after_rows_that_could_not_be_written():
    first = plus(Version.empty(400, KINDS), np.arange(10), 1)

    def fail(own):
        raise MemoryError

    with pytest.raises(MemoryError):
        first.plus(np.arange(10), fail)
    assert_holds(first, dict.fromkeys(range(10), 1))
    assert_holds(plus(first, np.array([3]), 2), dict.fromkeys(range(10), 1) | {3: 2})


def test_threads_may_continue_one_version():
    first, found = plus(Version.empty(400, KINDS), np.arange(300), 0), {}

    def go_on(value):
        version = first
        for _ in range(20):
            version = plus(version, np.arange(value, 300, 7), value)
        found[value] = version

    threads = [Thread(target=go_on, args=(value,)) for value in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for value, version in found.items():
        changed = dict.fromkeys(range(value, 300, 7), value)
        assert_holds(version, dict.fromkeys(range(300), 0) | changed)


def test_factors_multiply_tables():
    version = plus(Version.empty(4, KINDS), np.array([1, 3]), 5)
    first, second = version.copied(factors=[2.0, 3.0]).take(np.array([3, 0]))
    assert_array_equal(first, [[16, 16, 16], [0, 0, 0]])
    assert_array_equal(second, [[15], [0]])


def test_a_pickle_holds_the_rows_alone():
    version = plus(Version.empty(10**5, KINDS), np.arange(1000), 1)
    for value in range(2, 5):
        version = plus(version, np.arange(1000), value)
    content = pickle.dumps(version)
    assert len(content) < 1000 * (3 * 4 + 8 + 8) + 2000
    twin = pickle.loads(content)
    for found, expected in zip(
        twin.take(np.arange(1001)), version.take(np.arange(1001)), strict=True
    ):
        assert_array_equal(found, expected)
    assert (twin.n_keys, twin.kinds) == (10**5, KINDS)
