"""One training step: what it moves, and what it returns."""

import numpy as np
import pytest
import torch

from sklearn_mtl.balancing._base import Balancer
from sklearn_mtl.balancing._fixed import WeightedSum
from sklearn_mtl.network import Output
from sklearn_mtl.network._batch import Cells
from sklearn_mtl.tasks import Categorical, MultiLabel
from sklearn_mtl.training._objective import Objective
from sklearn_mtl.training._step import take_step

TASKS = [
    Categorical().fit(np.arange(2)),
    MultiLabel().fit(np.array([frozenset("ab")], dtype=object)),
]
N_ROWS = 6
RATE = 0.5
ROWS = torch.randn(N_ROWS, 4, generator=torch.Generator().manual_seed(0)).double()
CELLS = Cells(
    torch.tensor([[0, 1, 0], [1, -1, -1], [-1, 0, 1], [1, 1, 1], [0, 0, 0], [1, 0, 1]]),
    torch.linspace(0.5, 2, 3 * N_ROWS).double().view(N_ROWS, 3),
)


class Network(torch.nn.Module):
    """A linear layer whose squares are a penalty."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.layer = torch.nn.Linear(4, 3)
        self.double()
        self.seen = []

    def forward(self, rows, cells=None):
        self.seen.append(cells)
        logits, penalties = self.layer(rows).split([1, 2], dim=1), {}
        if cells is not None:
            squares = self.layer.weight.square().sum()
            penalties = {"size": 0.1 * squares, "half": 0.05 * squares}
        return Output(logits, rows, penalties)


def step(network=None, balancing=None, **params):
    network = network or Network()
    balancing = balancing or WeightedSum(np.array([2.0, 0.5]))
    objective = Objective(TASKS, balancing)
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    returned = take_step(network, objective, optimizer, ROWS, CELLS, **params)
    return network, objective, returned


def expected_total(network, objective):
    sums = objective(network(ROWS).logits, CELLS)
    losses = 2.0 * sums[0] + 0.5 * sums[1]
    return losses / N_ROWS + 0.15 * network.layer.weight.square().sum()


def test_a_step_descends_on_mean_losses_and_penalties():
    plain = Network()
    network, objective, (sums, total, output) = step()
    expected = expected_total(plain, objective)
    expected.backward()
    torch.testing.assert_close(total, expected)
    torch.testing.assert_close(sums, objective(plain(ROWS).logits, CELLS))
    torch.testing.assert_close(output.logits, plain(ROWS).logits)
    assert output.hidden is ROWS
    assert set(output.penalties) == {"size", "half"}
    for before, after in zip(plain.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(after, before - RATE * before.grad)


def test_the_network_is_given_a_cell_for_each_task():
    network, objective, _ = step()
    (cells,) = network.seen
    assert cells.codes.shape == cells.weights.shape == (N_ROWS, len(TASKS))
    torch.testing.assert_close(cells, objective.cells_of_tasks(CELLS))


def test_gradients_of_an_earlier_step_are_gone():
    network = Network()
    for parameter in network.parameters():
        parameter.grad = torch.full_like(parameter, 1e6)
    for after, fresh in zip(
        step(network)[0].parameters(), step()[0].parameters(), strict=True
    ):
        assert torch.equal(after, fresh)


def test_who_watches_sees_gradients_before_the_update():
    network, seen = Network(), []
    weight = network.layer.weight
    before = weight.detach().clone()

    def watch():
        seen.append((weight.detach().clone(), weight.grad.clone()))
        weight.grad.zero_()  # which counts

    step(network, watch=watch)
    ((as_seen, gradient),) = seen
    assert torch.equal(as_seen, before)
    assert gradient.any()
    assert torch.equal(weight, before)


class Larger(Balancer):
    """A balancing that makes gradients its own way: of the larger loss alone."""

    weights = torch.ones(2)

    def forward(self, losses):
        return losses.sum()

    def backward(self, losses, penalties, output):
        self.given = losses, penalties, output
        total = losses.max()
        total.backward()
        return total


def test_a_balancing_may_make_the_gradients_itself():
    balancing = Larger()
    _, _, (sums, total, output) = step(balancing=balancing)
    losses, penalties, given = balancing.given
    torch.testing.assert_close(losses, sums / N_ROWS)
    assert penalties is output.penalties
    assert given is output
    assert total == losses.max()


def test_where_all_is_frozen_nothing_can_be_learnt():
    network = Network().requires_grad_(False)
    with pytest.raises(ValueError, match=r"All weights are frozen.*Let the Freezer"):
        step(network)
    network.layer.bias.requires_grad_(True)
    before = network.layer.weight.clone()
    step(network)
    assert torch.equal(network.layer.weight, before)
