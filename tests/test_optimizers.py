"""Optimizers: rows of the batch move, and two optimizers act as one."""

import copy
import os
import pickle
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR

from sklearn_mtl.network._embedding import TokenEmbedding
from sklearn_mtl.network._input import SparseLinear
from sklearn_mtl.training._optimizers import (
    Adam,
    JointOptimizer,
    LinearDecay,
    SparseSGD,
    decay_rates,
    sparse_groups,
)


def with_sparse_gradient(rows, values, shape):
    weight = torch.nn.Parameter(torch.ones(shape))
    weight.grad = torch.sparse_coo_tensor(
        torch.tensor([rows]), torch.tensor(values), shape, check_invariants=True
    ).coalesce()
    return weight


# Sparse rows -------------------------------------------------------------------------


def test_sparse_sgd_is_sgd():
    gradient = ([0, 2], [[1.0, 2.0], [3.0, 4.0]], (4, 2))
    ours, torchs = with_sparse_gradient(*gradient), with_sparse_gradient(*gradient)
    SparseSGD([ours], lr=0.5).step()
    torch.optim.SGD([torchs], lr=0.5).step()
    torch.testing.assert_close(ours, torchs)


def test_penalty_reaches_the_rows_of_the_batch_only():
    weight = with_sparse_gradient([1], [[0.0]], (3, 1))
    SparseSGD([weight], lr=0.5, weight_decay=0.1).step()
    assert weight.detach().ravel().tolist() == pytest.approx([1.0, 1 / 1.05, 1.0])


def test_penalty_is_stable_at_any_step():
    weight = with_sparse_gradient([0], [[0.0]], (1, 1))
    optimizer = SparseSGD([weight], lr=100.0, weight_decay=1.0)
    for _ in range(3):
        before = weight.item()
        optimizer.step()
        assert 0 < weight.item() < before


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_a_row_that_the_gradient_holds_twice_moves_by_the_sum(alpha):
    twice, once = (with_sparse_gradient([1], [[5.0]], (3, 1)) for _ in range(2))
    twice.grad = torch.sparse_coo_tensor(
        torch.tensor([[1, 1]]),
        torch.tensor([[2.0], [3.0]]),
        (3, 1),
        check_invariants=True,
    )
    for weight in (twice, once):
        SparseSGD([weight], lr=0.5, weight_decay=alpha).step()
    torch.testing.assert_close(twice, once)


def test_embeddings_have_a_step_of_their_own():
    layer, table = SparseLinear(4, 2), TokenEmbedding(4, 2, plain=True)
    network = torch.nn.ModuleList([layer, table, TokenEmbedding(4, 2)])
    groups = SparseSGD(sparse_groups(network, 0.1, 7.0), lr=3.0).param_groups
    assert [group["params"][0] for group in groups] == [layer.weight, table.weight]
    assert [group["lr"] for group in groups] == [3.0, 7.0]
    assert [group["weight_decay"] for group in groups] == [0.1, 0.1]
    assert sparse_groups(torch.nn.Linear(2, 2), 0.1, 7.0) == []


def test_a_weight_without_gradient_stays():
    weight = torch.nn.Parameter(torch.ones(2, 1))
    SparseSGD([weight], lr=1.0).step()
    assert weight.detach().ravel().tolist() == [1.0, 1.0]


# Adam --------------------------------------------------------------------------------


def adam_steps(kind, dtype, **params):
    """Give the weights after each of several steps, in two groups."""
    rng = torch.Generator().manual_seed(0)
    weights = [
        torch.nn.Parameter(torch.randn(shape, generator=rng, dtype=dtype))
        for shape in [(4, 3), (3,)]
    ]
    groups = [{"params": weights[:1], "weight_decay": 0.1}, {"params": weights[1:]}]
    optimizer = kind(groups, lr=0.05, **params)
    seen = []
    for step in range(20):
        optimizer.zero_grad()
        assert all(weight.grad is None for weight in weights)
        for weight in weights:
            weight.grad = torch.randn(weight.shape, generator=rng, dtype=dtype)
        if step == 10:  # as a schedule does
            optimizer.param_groups[0]["lr"] = 0.01
        assert optimizer.step() is None
        seen.append([weight.detach().clone() for weight in weights])
    assert not any(weight.isnan().any() for weight in weights)
    return seen


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "params",
    [{}, {"betas": (0.8, 0.9), "eps": 1e-3}, {"amsgrad": True}, {"fused": False}],
    ids=str,
)
def test_adam_is_adam(dtype, params):
    theirs = adam_steps(torch.optim.Adam, dtype, **{**params, "fused": False})
    torch.testing.assert_close(adam_steps(Adam, dtype, **params), theirs)


def test_adam_goes_on_from_its_state():
    def one(weight, state=None):
        optimizer = Adam([weight], lr=0.1)
        if state:
            optimizer.load_state_dict(state)
        weight.grad = torch.tensor([1.0, -2.0])
        optimizer.step()
        return optimizer

    weights = [torch.nn.Parameter(torch.ones(2)) for _ in range(2)]
    first = one(weights[0])
    state = pickle.loads(pickle.dumps(first)).state_dict()
    first.step()
    with torch.no_grad():
        weights[1] -= 0.1 * torch.tensor([1.0, -1.0])  # Adam's first step
    one(weights[1], state)
    torch.testing.assert_close(*weights)


WITHOUT_COMPILER = """
import sys
import numpy as np
from sklearn_mtl import MultiTaskTextClassifier

rng = np.random.default_rng(0)
texts = [" ".join(rng.choice(list("abcdef"), 4)) for _ in range(300)]
y = rng.integers(2, size=(300, 2))
for X in (texts, rng.normal(size=(300, 3))):
    for early_stopping in (False, True):
        clf = MultiTaskTextClassifier(max_iter=2, early_stopping=early_stopping)
        clf.fit(X, y).predict(X)
assert "torch" in sys.modules
assert "torch._dynamo" not in sys.modules
"""


def test_no_fit_imports_the_compiler_of_torch():
    arguments = [sys.executable, "-W", "error", "-c", WITHOUT_COMPILER]
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        arguments, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# Both together -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "fused"),
    [({}, True), ({"foreach": True}, None), ({"fused": False}, False)],
)
def test_adam_is_fused_unless_told_how_to_step(given, fused):
    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    optimizer = Adam([weight], lr=0.1, **given)
    optimizer.step()
    assert optimizer.defaults["fused"] is fused
    assert weight.tolist() == pytest.approx([0.9, 0.9])


def make_joint():
    sparse = with_sparse_gradient([0], [[1.0]], (2, 1))
    dense = torch.nn.Parameter(torch.ones(2))
    dense.grad = torch.ones(2)
    parts = [SparseSGD([sparse], lr=0.5), Adam([dense], lr=0.1)]
    return JointOptimizer(parts), sparse, dense


def test_joint_step_is_a_step_of_each():
    optimizer, sparse, dense = make_joint()
    assert optimizer.step(lambda: torch.tensor(7.0)) == 7.0
    assert sparse.detach().ravel().tolist() == [0.5, 1.0]
    assert dense.detach().tolist() == pytest.approx([0.9, 0.9])


def test_joint_zero_grad_clears_both():
    optimizer, sparse, dense = make_joint()
    optimizer.zero_grad()
    assert sparse.grad is None
    assert dense.grad is None


def test_scheduler_on_the_joint_optimizer_reaches_both():
    optimizer, _, _ = make_joint()
    scheduler = LambdaLR(optimizer, lambda step: 1 - step / 4)
    optimizer.step()
    scheduler.step()
    rates = [part.param_groups[0]["lr"] for part in optimizer.optimizers]
    assert rates == pytest.approx([0.5 * 0.75, 0.1 * 0.75])


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_groups_stay_shared_in_a_copy(copied):
    optimizer = copied(make_joint()[0])
    optimizer.param_groups[0]["lr"] = 3.0
    assert optimizer.optimizers[0].param_groups[0]["lr"] == 3.0


def test_state_goes_over_to_another_joint_optimizer():
    first, _, _ = make_joint()
    first.step()
    second, _, _ = make_joint()
    second.load_state_dict(first.state_dict())
    states = [o.optimizers[1].state_dict()["state"] for o in (first, second)]
    torch.testing.assert_close(states[0], states[1])
    assert states[0][0]["step"] == 1
    assert second.param_groups[1] is second.optimizers[1].param_groups[0]


# Decay -------------------------------------------------------------------------------


def rates_of(net):
    return [group["lr"] for group in net.optimizer_.param_groups]


def decayed_rates(net, decay, batches):
    """Give the rates at each batch, True for one of training."""
    seen = []
    for training in batches:
        decay.on_batch_begin(net, training=training)
        seen.append(rates_of(net))
    return np.array(seen)


def net_of(n_batches, n_epochs):
    return SimpleNamespace(
        optimizer_=make_joint()[0], epoch_batches_=n_batches, max_epochs=n_epochs
    )


def test_rates_fall_linearly_and_stay_at_zero():
    net = net_of(2, 2)
    decay = LinearDecay().initialize()
    decay.on_train_begin(net)
    assert rates_of(net) == [0.5, 0.1]
    found = decayed_rates(net, decay, [True] * 6)
    factors = np.array([1.0, 0.75, 0.5, 0.25, 0.0, 0.0])
    np.testing.assert_allclose(found, np.outer(factors, [0.5, 0.1]))
    assert [o.param_groups[0]["lr"] for o in net.optimizer_.optimizers] == [0, 0]


def test_only_batches_of_training_count():
    net = net_of(2, 1)
    decay = LinearDecay()
    decay.on_train_begin(net)
    found = decayed_rates(net, decay, [True, False, False, True, False])
    np.testing.assert_allclose(found[:, 0], [0.5, 0.5, 0.5, 0.25, 0.25])


def test_each_training_decays_from_the_rates_it_begins_with():
    net = net_of(2, 1)
    decay = LinearDecay()
    for rate in (0.5, 3.0):
        net.optimizer_.param_groups[0]["lr"] = rate
        decay.on_train_begin(net)
        found = decayed_rates(net, decay, [True] * 2)
        np.testing.assert_allclose(found[:, 0], [rate, rate / 2])


@pytest.mark.parametrize(
    ("step", "n_steps", "factor"),
    [(0, 4, 1.0), (1, 4, 0.75), (3, 4, 0.25), (4, 4, 0.0), (9, 4, 0.0)],
)
def test_the_factor_of_a_step(step, n_steps, factor):
    optimizer, _, _ = make_joint()
    decay_rates(optimizer, [8.0, 2.0], step, n_steps)
    rates = [part.param_groups[0]["lr"] for part in optimizer.optimizers]
    assert rates == [8.0 * factor, 2.0 * factor]


def test_a_step_of_plain_descent_by_hand():
    weight = with_sparse_gradient([1], [[0.5, -1.0]], (2, 2))
    SparseSGD([weight], lr=2.0).step()
    assert weight.tolist() == [[1, 1], [0, 3]]
    weight = with_sparse_gradient([1], [[0.5, -1.0]], (2, 2))
    SparseSGD([weight], lr=2.0, weight_decay=0.5).step()
    assert weight.tolist() == [[1, 1], [0, 1.5]]  # the same over 1 + 2 * 0.5


def test_groups_of_sparse_weights():
    layer, table = SparseLinear(4, 2), TokenEmbedding(4, 2, plain=True)
    network = torch.nn.ModuleList([layer, table, TokenEmbedding(4, 2)])
    first, second = sparse_groups(network, alpha=0.1, embedding_rate=7.0)
    assert first["params"][0] is layer.weight
    assert second["params"][0] is table.weight
    assert [len(group["params"]) for group in (first, second)] == [1, 1]
    assert [group["weight_decay"] for group in (first, second)] == [0.1, 0.1]
    assert "lr" not in first
    assert second["lr"] == 7.0
    assert sparse_groups(torch.nn.Linear(2, 2), alpha=0.1, embedding_rate=7.0) == []


def test_a_joint_step_evaluates_the_closure_and_returns_its_loss():
    weight = torch.nn.Parameter(torch.ones(1))
    joint = JointOptimizer([torch.optim.SGD([weight], lr=0.5)])

    def closure():
        loss = 3 * weight.sum()
        loss.backward()
        return loss

    assert joint.step(closure).item() == 3.0
    assert weight.item() == -0.5
    assert joint.step() is None
