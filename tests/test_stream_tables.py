"""The weights of the features of a stream, and their averages."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from sklearn_mtl.network import InputSpec
from sklearn_mtl.sharing import HardSharing, SharedPrivate
from sklearn_mtl.training._stream_tables import (
    FeatureTables,
    features_of,
    set_tables,
    tables_of,
    take_tables,
)
from sklearn_mtl.trunks import BagTrunk

N_FEATURES, WIDTHS = 30, [4, 2]


def random_rows(rng, n_rows):
    return [
        torch.from_numpy(rng.normal(size=(n_rows, n)).astype(np.float32))
        for n in WIDTHS
    ]


def averages_of(tables):
    return [table.numpy() for table in tables.all_averages()]


@pytest.mark.parametrize("n_calls", [3, 60])
def test_averages_are_those_of_whole_tables(n_calls):
    """Parity with tables that are averaged as a whole in each call."""
    rng = np.random.default_rng(0)
    weights = [np.zeros((N_FEATURES, n)) for n in WIDTHS]
    averages = [own.copy() for own in weights]
    features = np.arange(0, N_FEATURES, 3)
    first = random_rows(rng, len(features))
    tables = FeatureTables.of_weights(N_FEATURES, features, first)
    for whole, mean, own in zip(weights, averages, first, strict=True):
        whole[features] = mean[features] = own
    for _ in range(n_calls):
        features = np.sort(rng.choice(N_FEATURES, 7, replace=False))
        fresh, kept = random_rows(rng, 7), rng.uniform(0.3, 0.9)
        tables = tables.moved(features, fresh, kept)
        for k, own in enumerate(fresh):
            weights[k][features] = own
            averages[k] = kept * averages[k] + (1 - kept) * weights[k]
        found = zip(averages_of(tables), averages, strict=True)
        for mean, expected in found:
            assert_allclose(mean, expected, rtol=1e-4, atol=1e-5)
    assert_array_equal(tables.weights(features)[1], fresh[1])
    for mean, expected in zip(tables.averages(features), averages, strict=True):
        assert_allclose(mean, expected[features], rtol=1e-4, atol=1e-5)


def test_averages_stay_finite_however_long_a_stream_is():
    rng = np.random.default_rng(0)
    features = np.arange(5)
    tables = FeatureTables.of_weights(N_FEATURES, features, random_rows(rng, 5))
    for _ in range(100):
        last = random_rows(rng, 5)
        tables = tables.moved(features, last, 1e-3)
    for mean, own in zip(tables.averages(features), last, strict=True):
        assert_allclose(mean, own, atol=0.02)


def test_nothing_is_kept_of_averages_in_the_first_call():
    rng = np.random.default_rng(0)
    features = np.array([2, 5])
    tables = FeatureTables.of_weights(N_FEATURES, features, random_rows(rng, 2))
    fresh = random_rows(rng, 2)
    moved = tables.moved(features, fresh, 0.0)
    for mean, own in zip(moved.averages(features), fresh, strict=True):
        assert_array_equal(mean, own)


def test_a_feature_that_was_never_seen_has_no_weight():
    tables = FeatureTables.of_weights(
        N_FEATURES, np.array([4]), random_rows(np.random.default_rng(0), 1)
    )
    features = np.array([3, 4])
    assert_array_equal(tables.are_known(features), [False, True])
    assert_array_equal(tables.features, [4])
    for rows in (tables.weights(features), tables.averages(features)):
        assert (rows[0][0] == 0).all()
        assert (rows[0][1] != 0).any()


def test_another_scale_multiplies_weights_and_averages():
    rng = np.random.default_rng(0)
    features = np.arange(3)
    tables = FeatureTables.of_weights(N_FEATURES, features, random_rows(rng, 3))
    tables = tables.moved(features, random_rows(rng, 3), 0.5)
    scaled = tables.scaled(3.0)
    for kind in ("weights", "averages"):
        after, former = (getattr(own, kind)(features) for own in (scaled, tables))
        for now, before in zip(after, former, strict=True):
            assert_allclose(now, 3 * before, rtol=1e-6)


def test_a_pickle_goes_on():
    rng = np.random.default_rng(0)
    features = np.arange(3)
    tables = FeatureTables.of_weights(N_FEATURES, features, random_rows(rng, 3))
    tables = tables.moved(features, random_rows(rng, 3), 0.5)
    twin, fresh = pickle.loads(pickle.dumps(tables)), random_rows(rng, 3)
    pairs = zip(
        averages_of(twin.moved(features, fresh, 0.4)),
        averages_of(tables.moved(features, fresh, 0.4)),
        strict=True,
    )
    for now, before in pairs:
        assert_array_equal(now, before)


@pytest.mark.parametrize(
    "rows",
    [
        csr_array([[0, 2.0, 0, 1.0], [0, 0, 0, 3.0]]),
        csr_array((2, 4)),  # without any feature
    ],
)
def test_features_of_rows(rows):
    features, held = features_of(rows)
    assert held.shape == (2, len(features))
    whole = np.zeros((2, 4))
    whole[:, features] = held.toarray()
    assert_array_equal(whole, rows.toarray())
    assert len(features) == max(1, len(np.unique(rows.indices)))


@pytest.mark.parametrize(
    ("sharing", "n_logits", "n_tables"),
    [(HardSharing(), [3], 1), (SharedPrivate(), [3], 1), (SharedPrivate(), [70], 1)],
)
def test_the_tables_of_a_net(sharing, n_logits, n_tables):
    spec = InputSpec(n_features=9, sparse=True, scale=1.0, n_rows=5, labelled_share=0.4)
    module = sharing.build(BagTrunk(4), spec, n_logits)
    net = SimpleNamespace(module_=module)
    assert len(tables_of(module)) == n_tables + (n_logits == [70])
    held = take_tables(net)
    assert all(len(own) == 9 for own in held)
    assert all(len(own) == 0 for own in tables_of(module))
    assert set_tables(net, held) is net
    for now, before in zip(tables_of(module), held, strict=True):
        assert_array_equal(now.detach(), before)
