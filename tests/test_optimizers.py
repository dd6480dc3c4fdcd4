"""Optimizers: rows of the batch move, and two optimizers act as one."""

import copy
import pickle

import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR

from sklearn_mtl._optimizers import JointOptimizer, LinearDecay, SparseSGD


def with_sparse_gradient(rows, values, shape):
    weight = torch.nn.Parameter(torch.ones(shape))
    weight.grad = torch.sparse_coo_tensor(
        torch.tensor([rows]), torch.tensor(values), shape, check_invariants=True
    ).coalesce()
    return weight


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


def test_a_weight_without_gradient_stays():
    weight = torch.nn.Parameter(torch.ones(2, 1))
    SparseSGD([weight], lr=1.0).step()
    assert weight.detach().ravel().tolist() == [1.0, 1.0]


def make_joint():
    sparse = with_sparse_gradient([0], [[1.0]], (2, 1))
    dense = torch.nn.Parameter(torch.ones(2))
    dense.grad = torch.ones(2)
    parts = [SparseSGD([sparse], lr=0.5), torch.optim.Adam([dense], lr=0.1)]
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
    scheduler = LambdaLR(optimizer, LinearDecay(4))
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


@pytest.mark.parametrize(("step", "factor"), [(0, 1.0), (1, 0.75), (4, 0.0), (9, 0.0)])
def test_linear_decay(step, factor):
    assert LinearDecay(4)(step) == factor
