"""All types of tasks at once, behind every trunk and sharing: what holds for all."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone
from test_sharing import SHARINGS, TRUNKS, rows_for

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.answers._layout import CodeLayout
from sklearn_mtl.network._batch import Cells
from sklearn_mtl.network._build import build_network
from sklearn_mtl.network._spec import InputSpec
from sklearn_mtl.tasks import Categorical, MultiLabel, Ordinal
from sklearn_mtl.training._objective import Objective

SETS = np.fromiter(map(frozenset, ["ab", "c", ""]), dtype=object)
TASKS = [
    Categorical().fit(np.arange(2)),
    Categorical().fit(np.arange(3)),
    Ordinal().fit(np.arange(4)),
    MultiLabel().fit(SETS),
    MultiLabel("asymmetric", gamma_pos=1.0).fit(SETS),
]
SIZES = [n for task in TASKS for n in task.code_sizes]
LOG_SHARES = [np.log(np.full(len(task.classes_), 1 / 3)) for task in TASKS]
N_ROWS = 8

networks = pytest.mark.parametrize("sharing", SHARINGS, ids=str)
trunks = pytest.mark.parametrize("trunk", TRUNKS, ids=str)


def make(sharing, trunk, seed=0):
    spec = InputSpec(
        n_features=9,
        sparse=trunk.reads_sparse,
        scale=0.7,
        n_rows=500,
        tokens=trunk.reads_tokens,
    )
    torch.manual_seed(seed)
    n_logits = [task.n_logits for task in TASKS]
    heads = [0, 1, 2, 3, 3]  # the last two have the same classes
    network = build_network(
        sharing, trunk, spec, n_logits, torch.float64, heads, TASKS, LOG_SHARES
    )
    with torch.no_grad():  # private paths start at 0, and 0 would hide mistakes
        for parameter in network.parameters():
            parameter.add_(torch.rand_like(parameter) / 2 - 0.2)
    return network


def make_cells(missing=()):
    """Draw codes; the cells of these pairs of row and task are missing."""
    rng = np.random.RandomState(0)
    codes = np.column_stack([rng.randint(0, n, N_ROWS) for n in SIZES])
    owners = CodeLayout(TASKS).owners
    for row, task in missing:
        codes[row, owners == task] = -1
    weights = 0.5 + rng.rand(*codes.shape)
    return Cells(torch.from_numpy(codes), torch.from_numpy(weights))


def losses(logits, cells):
    return Objective(TASKS, torch.nn.Identity()).double()(logits, cells)


@networks
@trunks
def test_every_task_has_a_loss_that_reaches_its_weights(sharing, trunk):
    network, cells = make(sharing, trunk).eval(), make_cells([(0, 0), (1, 1), (2, 3)])
    own = Objective(TASKS, torch.nn.Identity()).cells_of_tasks(cells)
    logits, _, penalties, _ = network(rows_for(trunk), own)
    found = losses(logits, cells)
    assert found.shape == (len(TASKS),)
    assert found.dtype == torch.float64
    assert (found > 0).all()
    (found.sum() + sum(penalties.values())).backward()
    for name, parameter in network.named_parameters():
        gradient = parameter.grad
        gradient = gradient.to_dense() if gradient.is_sparse else gradient
        assert gradient.abs().sum() > 0, name


@networks
@trunks
def test_a_missing_cell_moves_nothing(sharing, trunk):
    network, rows = make(sharing, trunk).eval(), rows_for(trunk)
    missing = [(0, task) for task in range(len(TASKS))] + [(1, 3), (2, 2), (3, 0)]
    logits = tuple(part.detach().requires_grad_() for part in network(rows).logits)
    losses(logits, make_cells(missing)).sum().backward()
    for row, task in missing:
        assert not logits[task].grad[row].any()
    assert all(part.grad[4].any() for part in logits)


@networks
@trunks
def test_a_training_step_reads_every_task(sharing, trunk):
    network, cells = make(sharing, trunk).eval(), make_cells([(0, 3), (1, 0)])
    loss = Objective(TASKS, torch.nn.Identity()).double()
    own = loss.cells_of_tasks(cells)
    assert own.codes.shape == own.weights.shape == (N_ROWS, len(TASKS))
    assert ((own.codes < 0).nonzero() == torch.tensor([[0, 3], [1, 0]])).all()
    logits, _, penalties, _ = network(rows_for(trunk), own)
    total = loss(logits, cells).sum() + sum(penalties.values())
    assert torch.isfinite(total)
    plain = loss(network(rows_for(trunk)).logits, cells)
    torch.testing.assert_close(loss(logits, cells), plain)


@networks
@trunks
def test_a_row_alone_has_the_logits_it_has_among_others(sharing, trunk):
    network, rows = make(sharing, trunk).eval(), rows_for(trunk)
    whole = network(rows).logits
    alone = network(rows[torch.tensor([3])]).logits
    for found, wanted in zip(alone, whole, strict=True):
        torch.testing.assert_close(found, wanted[3:4])


TEXTS = ["good film", "bad film", "", "very good", "bad", "good good bad film"] * 4
LABELS = {
    "tone": ["up", "down", None, "up", "down", "down"] * 4,
    "kind": ["a", "b", "c", None, "a", "b"] * 4,
    "stars": [4, 1, 2, 5, 1, None] * 4,
    "tags": [["x"], [], None, ["x", "y"], ["y"], []] * 4,
    "asymmetric": [["x"], [], None, ["x", "y"], ["y"], []] * 4,
}


@pytest.mark.parametrize("trunk", ["bag", "conv", "recurrent", "attention", None])
def test_the_estimator_learns_them_together(trunk):
    types = {"stars": "ordinal", "asymmetric": MultiLabel("asymmetric")}
    clf = MultiTaskTextClassifier(
        trunk=trunk, task_types=types, max_iter=2, random_state=0
    )
    fitted = clone(clf).fit(TEXTS, LABELS)
    assert list(fitted.task_types_.values()) == [
        "binary",
        "multiclass",
        "ordinal",
        "multilabel",
        "multilabel",
    ]
    wanted = fitted.predict_proba(TEXTS)
    again = clone(clf).fit(TEXTS, LABELS)
    others = [again, pickle.loads(pickle.dumps(fitted))]
    for other in others:
        for found, own in zip(other.predict_proba(TEXTS), wanted, strict=True):
            assert_allclose(found, own, rtol=0, atol=1e-12)
    for found, own in zip(fitted.predict_proba([""]), wanted, strict=True):
        assert np.isfinite(found).all()
        assert_allclose(found[0], own[2], rtol=1e-5, atol=1e-7)
    last = fitted.history_[-1]
    parts = [last[f"weighted_loss_{task}"] for task in LABELS]
    assert last["loss"] == pytest.approx(sum(parts) + last["regularization"])
