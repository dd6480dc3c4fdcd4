"""What parts of rows add to logits: sums, closed forms and integrals."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, eye_array, issparse
from torch import nn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.network import SparseBatch
from sklearn_mtl.sharing import BaseSharing, HardSharing
from sklearn_mtl.training._contributions import is_piecewise
from sklearn_mtl.trunks import BagTrunk, ConvTrunk, ModuleTrunk

X, Y = make_multitask_texts(60, n_tasks=2, random_state=0)
SMALL = BagTrunk(8)


def fitted(**params):
    return MultiTaskTextClassifier(random_state=0, max_iter=3, **params).fit(X, Y)


def split_by_value(clf, texts, n_steps=50):
    """Split all logits of texts among the stored values of their rows."""
    dataset = clf._dataset(texts)
    rows = dataset.X
    n_logits = sum(part.shape[1] for part in clf._logits_of(dataset))
    if issparse(rows):
        owners = np.repeat(np.arange(len(texts)), np.diff(rows.indptr))
    else:
        owners = np.repeat(np.arange(len(texts)), rows.shape[1])
    wanted = np.tile(np.arange(n_logits), (len(texts), 1))
    shares = eye_array(len(owners), format="csr")
    found = clf._contributions(dataset, shares, owners, wanted, n_steps)
    total = np.zeros((len(texts), n_logits))
    np.add.at(total, owners, found.parts)
    return dataset, found, total + found.block


def test_linear_models_add_weights_times_values():
    clf = fitted(trunk=None)
    dataset, found, _ = split_by_value(clf, X[:5])
    layer = clf.net_.module_.private
    weight = layer.scale * layer.by_feature().numpy()
    expected = dataset.X.data[:, None] * weight[dataset.X.indices]
    assert_allclose(found.parts, expected, atol=1e-5)
    assert_allclose(found.base, np.tile(layer.bias.detach(), (5, 1)), atol=1e-6)


@pytest.mark.parametrize("sharing", ["shared-private", "hard", "separate"])
def test_closed_forms_are_the_integrals(sharing):
    clf = fitted(trunk=SMALL, sharing=sharing)
    # Biases away from 0, so that units switch on and off on the path.
    with torch.no_grad():
        for name, weight in clf.net_.module_.named_parameters():
            if "trunk.0.bias" in name:
                weight.uniform_(-1, 1, generator=torch.Generator().manual_seed(0))
    dataset, found, _ = split_by_value(clf, X[:1])
    assert is_piecewise(clf.net_)
    n_steps, sums = 100, 0.0
    module = clf.net_.module_.double()
    rows = dataset.X.toarray().astype(float)
    feature = dataset.X.indices[0]
    step = 1e-3
    for share in (np.arange(n_steps) + 0.5) / n_steps:
        sides = []
        for sign in (-1, 1):
            moved = share * rows
            moved[0, feature] += sign * step
            sides.append(_logits_of_dense(module, moved)[0])
        sums = sums + (sides[1] - sides[0]) / (2 * step) / n_steps
    assert_allclose(found.parts[0], rows[0, feature] * sums, atol=2e-3)
    clf.net_.module_.float()


def _logits_of_dense(module, rows):
    sparse = csr_array(rows)
    batch = SparseBatch.from_arrays(sparse.indices, sparse.indptr, sparse.data)
    with torch.no_grad():
        return torch.cat(module(batch).logits, dim=1).numpy()


def test_the_base_is_the_logit_of_an_empty_text():
    clf = fitted(trunk=SMALL)
    _, found, _ = split_by_value(clf, X[:3])
    empty = np.hstack(clf._logits(["§"]))
    assert_allclose(found.base, np.tile(empty, (3, 1)), atol=1e-5)
    assert_allclose(found.logits, np.hstack(clf._logits(X[:3])), atol=1e-5)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"trunk": None},
        {"sharing": "separate"},
        {"sharing": "adversarial"},
        {"embedding": "lsa"},
        {"task_types": {"task0": "ordinal"}},
    ],
    ids=str,
)
def test_piecewise_linear_networks_add_up(params):
    if "task_types" in params:
        labels = {"task0": np.arange(60) % 4, "task1": np.arange(60) % 2}
        clf = MultiTaskTextClassifier(random_state=0, **params).fit(X, labels)
    else:
        clf = fitted(**params)
    assert is_piecewise(clf.net_)
    _, found, total = split_by_value(clf, X[:20])
    assert_allclose(found.base + total, found.logits, atol=1e-4)
    assert np.ptp(found.logits) > 0.01


def test_blocks_add_what_the_embedding_adds():
    clf = fitted(embedding="lsa", sharing="hard", trunk=None)
    dataset, found, _ = split_by_value(clf, X[:4])
    without = type(dataset)(dataset.X, dense=np.zeros_like(dataset.dense))
    logits = [
        np.hstack([p.numpy() for p in clf.net_.forward(d)]) for d in (dataset, without)
    ]
    assert_allclose(found.block, logits[0] - logits[1], atol=1e-5)
    assert np.abs(found.block).max() > 0


@pytest.mark.parametrize(
    "params",
    [{"sharing": "mmoe", "trunk": SMALL}, {"trunk": ConvTrunk(embedding_dim=8)}],
    ids=["experts", "conv"],
)
def test_more_steps_leave_less_unexplained(params):
    clf = fitted(**params)
    assert not is_piecewise(clf.net_)
    errors = []
    for n_steps in (1, 4, 64):
        _, found, total = split_by_value(clf, X[:6], n_steps)
        errors.append(np.abs(found.base + total - found.logits).max())
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.01 * np.abs(found.logits - found.base).max()


class Doubled(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, rows, cells=None):
        output = self.network(rows, cells)
        return output._replace(logits=tuple(z * z.abs() for z in output.logits))


class OwnSharing(BaseSharing):
    def build(self, trunk, spec, n_logits, heads=None):
        return Doubled(HardSharing().build(trunk, spec, n_logits, heads))


def test_networks_of_users_are_integrated():
    clf = fitted(sharing=OwnSharing(), trunk=SMALL)
    assert not is_piecewise(clf.net_)
    _, found, total = split_by_value(clf, X[:4])
    scale = np.abs(found.logits - found.base).max()
    assert_allclose(found.base + total, found.logits, atol=0.02 * scale)


def test_a_batch_gives_the_same_as_its_rows(monkeypatch):
    clf = fitted(trunk=SMALL, sharing="mmoe")
    _, whole, _ = split_by_value(clf, X[:7], 4)
    monkeypatch.setattr("sklearn_mtl.training._contributions.ROWS_AT_ONCE", 3)
    _, parts, _ = split_by_value(clf, X[:7], 4)
    for own, other in zip(whole, parts, strict=True):
        assert_allclose(own, other, atol=1e-6)


def test_the_network_is_left_as_it_was():
    clf = fitted(trunk=SMALL)
    before = clf.predict_proba(X)
    split_by_value(clf, X[:3])
    assert not any(m._forward_hooks for m in clf.net_.module_.modules())
    assert all(weight.grad is None for weight in clf.net_.module_.parameters())
    for own, other in zip(before, clf.predict_proba(X), strict=True):
        assert_array_equal(own, other)


class Sums(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_features, 4))

    def forward(self, batch):
        return nn.functional.embedding_bag(
            batch.indices, self.weight, batch.offsets, mode="sum",
            per_sample_weights=batch.values, include_last_offset=True,
        )  # fmt: skip


class Lookup(nn.Module):
    def __init__(self, n_tokens):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_tokens, 4))

    def forward(self, ids, lengths):
        return self.weight[ids].sum(1)


def test_layers_that_read_rows_in_unknown_ways_are_refused():
    clf = fitted(trunk=ModuleTrunk(Sums, n_units=4, reads="sparse"))
    with pytest.raises(ValueError, match="ModuleTrunk reads sparse rows without input"):
        clf.explain(X[:1])
    trunk = ModuleTrunk(Lookup, n_units=4, reads="tokens")
    with pytest.raises(ValueError, match=r"reads tokens without torch\.nn\.Embedding"):
        fitted(trunk=trunk, sharing="hard").explain(X[:1])
