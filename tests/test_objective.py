"""The loss of each task of a batch, whatever types tasks have."""

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from sklearn_mtl.answers._layout import CodeLayout
from sklearn_mtl.network._batch import Cells
from sklearn_mtl.tasks import Categorical, MultiLabel, TaskType
from sklearn_mtl.training._objective import Objective

N_ROWS = 24
TASKS = [Categorical().fit(np.arange(2)), Categorical().fit(np.arange(3))]
SETS = MultiLabel().fit(np.array([frozenset("ab")], dtype=object))


def test_task_losses_are_sums_over_labelled_cells():
    rng = torch.Generator().manual_seed(0)
    codes = [torch.randint(-1, n, (N_ROWS,), generator=rng) for n in (2, 3)]
    weights = torch.rand(N_ROWS, 2, generator=rng, dtype=torch.float64)
    cells = Cells(torch.stack(codes, dim=1), weights)
    logits = (torch.randn(N_ROWS, 1).double(), torch.randn(N_ROWS, 3).double())
    found = Objective(TASKS, balancing=torch.nn.Identity())(logits, cells)
    codes, weights = cells
    rows = codes[:, 0] >= 0
    binary = binary_cross_entropy_with_logits(
        logits[0][rows, 0], codes[rows, 0].double(), reduction="none"
    )
    several = cross_entropy(logits[1], codes[:, 1], ignore_index=-1, reduction="none")
    expected = [binary @ weights[rows, 0], several @ weights[:, 1]]
    torch.testing.assert_close(found, torch.stack(expected))


class Squared(TaskType):
    """A second type of task: the square of its only logit."""

    def fit(self, cells):
        return self

    encode = decode = probabilities = fit
    kind = property(type)
    code_sizes = (2,)

    @staticmethod
    def build_loss(tasks, adjustments=None):
        class Loss(torch.nn.Module):
            def forward(self, logits, codes):
                return torch.cat(logits, dim=1).square() * (codes >= 0)

        return Loss()


def test_tasks_of_several_types_keep_their_columns():
    logits = tuple(torch.full((2, n), 2.0) for n in (1, 1, 3, 1))
    codes = torch.tensor([[0, 1, 2, -1], [-1, 0, 1, 0]])
    tasks = [Squared(), TASKS[0], TASKS[1], Squared()]
    loss = Objective(tasks, balancing=torch.nn.Identity())
    found = loss(logits, Cells(codes, torch.ones(2, 4)))
    alone = Objective(tasks[1:3], balancing=torch.nn.Identity())
    middle = alone(logits[1:3], Cells(codes[:, 1:3], torch.ones(2, 2)))
    torch.testing.assert_close(found, torch.tensor([4.0, *middle.tolist(), 4.0]))


def test_adjustments_go_to_the_tasks_they_are_for(monkeypatch):
    seen = []
    build = Squared.build_loss

    def build_loss(tasks, adjustments=None):
        seen.append(adjustments)
        return build(tasks, adjustments)

    monkeypatch.setattr(Squared, "build_loss", staticmethod(build_loss))
    tasks = [Squared(), TASKS[0], TASKS[1], Squared()]
    added = [np.full(n, float(k)) for k, n in enumerate([1, 2, 3, 1])]
    added[1][1] = 5.0
    module = Objective(tasks, torch.nn.Identity(), added)
    assert seen == [[added[0], added[3]]]
    assert module.losses[1].adjustment.tolist() == [4, 2, 2, 2]  # one binary logit
    Objective(tasks, torch.nn.Identity())
    assert seen[1] is None


def test_a_task_has_the_sum_over_its_codes():
    tasks = [TASKS[0], SETS, TASKS[0]]
    assert CodeLayout(tasks).owners.tolist() == [0, 1, 1, 2]
    rng = torch.Generator().manual_seed(0)
    z = torch.randn(N_ROWS, 4, generator=rng)
    codes = torch.randint(-1, 2, (N_ROWS, 4), generator=rng)
    cells = Cells(codes, torch.rand(N_ROWS, 4, generator=rng))
    loss = Objective(tasks, balancing=torch.nn.Identity())
    found = loss((z[:, :1], z[:, 1:3], z[:, 3:]), cells)
    columns = Objective([TASKS[0]] * 4, balancing=torch.nn.Identity())
    first, *own, last = columns(z.split(1, dim=1), cells)
    torch.testing.assert_close(found, torch.stack([first, sum(own), last]))


def test_a_cell_of_a_task_has_the_mean_weight_of_its_codes():
    codes = torch.tensor([[0, 1, 0], [1, -1, -1]])
    weights = torch.tensor([[1.0, 2.0, 4.0], [1.0, 3.0, 5.0]])
    loss = Objective([TASKS[0], SETS], balancing=torch.nn.Identity())
    own = loss.cells_of_tasks(Cells(codes, weights))
    assert own.codes.tolist() == [[0, 1], [1, -1]]
    assert own.weights.tolist() == [[1.0, 3.0], [1.0, 4.0]]
    plain = Cells(codes[:, :2], weights[:, :2])
    several = Objective(TASKS, balancing=torch.nn.Identity())
    assert several.cells_of_tasks(plain) is plain
