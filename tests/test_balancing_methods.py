"""What holds of all ways to balance tasks, each by its name.

Most tests move a small network with three tasks by hand. Claims that hold of some
methods alone name them.
"""

import copy
import pickle

import numpy as np
import pytest
import test_classifier
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import (
    BALANCING_ALIASES,
    GradientAggregation,
    ScheduledWeights,
    ValidationWeights,
)
from sklearn_mtl.balancing._aggregation import AGGREGATORS
from sklearn_mtl.balancing._base import build_balancer
from sklearn_mtl.network import Output

# cvxpy says that the problem of NashMTL is solved anew each time.
pytestmark = pytest.mark.filterwarnings(
    "ignore:You are solving a parameterized problem that is not DPP"
)
NAMES = ["topic", "tone", "long"]
SHARES = [0.25, 1.0, 0.64]
ALIASES = sorted(set(BALANCING_ALIASES) - {"auto"})
SCHEDULE = ScheduledWeights({1: {"tone": 0}, 3: {"topic": 4}}, interpolation="linear")
METHODS = {name: BALANCING_ALIASES[name]() for name in ALIASES} | {
    "schedule": SCHEDULE,
    "offset": GradientAggregation("upgrad", of="offset"),
}
ON_GRADIENTS = {*AGGREGATORS, "offset", "gradnorm", "db-mtl"}
# The order in which they look at tasks is drawn.
DRAWS_ORDER = {"pcgrad", "grad-vac"}
each_method = pytest.mark.parametrize("method", METHODS)
TEXTS, LABELS = test_classifier.TEXTS, test_classifier.LABELS


class Network(torch.nn.Module):
    """A layer that all tasks read, a head for each, and a private path."""

    says_linear = True

    def __init__(self, n_tasks):
        super().__init__()
        torch.manual_seed(0)
        self.trunk = torch.nn.Linear(5, 4)
        self.heads = torch.nn.ModuleList(torch.nn.Linear(4, 1) for _ in range(n_tasks))
        self.paths = torch.nn.ModuleList(torch.nn.Linear(5, 1) for _ in range(n_tasks))
        for name, shape in {"rows": 5, "goals": n_tasks}.items():
            self.register_buffer(name, torch.randn(12, shape))
            self.register_buffer(f"held_out_{name}", torch.randn(9, shape))

    def forward(self, order, is_held_out=False):
        rows, goals = self.rows, self.goals
        if is_held_out:
            rows, goals = self.held_out_rows, self.held_out_goals
        hidden = torch.tanh(self.trunk(rows))
        made = [self.heads[k](hidden) + self.paths[k](rows) for k in order]
        errors = torch.cat(made, 1) - goals[:, order]
        linear = made, lambda: [self.heads[k].weight for k in order]
        linear = linear if self.says_linear else None
        return errors.square().mean(0), Output(tuple(made), hidden, linear=linear)


class Trainer:
    """Takes steps, as training does, with some tasks scaled, or absent (a scale of 0).

    The order of tasks may be another one; the network is the same.
    """

    def __init__(self, method, *, order=(0, 1, 2), moves=True, seed=0):
        balancing = METHODS[method] if isinstance(method, str) else method
        self.order, self.network = list(order), Network(3)
        names, shares = ([own[k] for k in order] for own in (NAMES, SHARES))
        with torch.random.fork_rng(devices=[]):
            self.balancer = build_balancer(balancing, names, np.array(shares)).float()
        self.balancer.reset(seed)
        weights = list(self.network.parameters()) if moves else []
        rate = self.balancer.learning_rate or 0.0
        groups = [{"params": weights}, {"params": list(self.balancer.parameters())}]
        groups[1]["lr"] = rate
        self.optimizer = torch.optim.Adam([g for g in groups if g["params"]] or groups)

    def losses(self, scales=(1.0, 1.0, 1.0), **which):
        scales = scales[: len(self.order)]
        losses, output = self.network(self.order, **which)
        return losses * torch.as_tensor(scales).float(), output

    def align(self, scales=(1.0, 1.0, 1.0)):
        """Give the balancer the products of gradients, and return them."""
        weights = list(self.network.parameters())
        held_out = self.losses(scales, is_held_out=True)[0]
        total = self.balancer.validation_loss(held_out)
        wanted = torch.autograd.grad(total, weights)
        products = []
        for loss in self.losses(scales)[0]:
            own = torch.autograd.grad(
                loss, weights, allow_unused=True, retain_graph=True
            )
            pairs = zip(wanted, own, strict=True)
            products.append(sum((a * b).sum() for a, b in pairs if b is not None))
        self.balancer.align(torch.stack(products))
        return torch.stack(products)

    def step(self, scales=(1.0, 1.0, 1.0), penalties=None):
        if self.balancer.validation_interval is not None:
            self.align(scales)
        self.network.zero_grad()
        self.optimizer.zero_grad()
        losses, output = self.losses(scales)
        total = self.balancer.backward(losses, penalties or {}, output)
        self.optimizer.step()
        if self.balancer.watches_steps:
            with torch.no_grad():
                self.balancer.after_step(self.losses(scales)[0])
        return total.detach()

    def epochs(self, n_epochs=3, n_steps=2, **params):
        torch.manual_seed(1)
        for epoch in range(1, n_epochs + 1):
            self.balancer.begin_epoch(epoch)
            for _ in range(n_steps):
                self.step(**params)
            self.balancer.end_epoch(self.losses()[0].detach())
        return self

    @property
    def weights(self):
        return self.balancer.weights.numpy().copy()

    @property
    def gradient(self):
        return self.network.trunk.weight.grad.clone()


# Laws of all methods ------------------------------------------------------------------


@each_method
def test_the_order_of_tasks_does_not_matter(method):
    if method in ("random", "pcd"):
        pytest.skip("weights are drawn, or the first task has priority")
    plain, other = [0, 1, 2], [2, 0, 1]
    if method in DRAWS_ORDER:  # with two tasks there is nothing to draw
        plain, other = [0, 1], [1, 0]
    scales = np.array([1.0, 3.0, 0.5])
    one, two = (
        Trainer(method, order=order, moves=False).epochs(scales=scales[order])
        for order in (plain, other)
    )
    assert_allclose(one.weights[other], two.weights, rtol=2e-3, atol=1e-4)
    assert_allclose(one.gradient, two.gradient, rtol=2e-3, atol=1e-4)


# Of losses alone, these have a scale of their own.
WITH_SCALE = {"uncertainty", "uw", "imtl-l", "stch", "cosmos"}


@each_method
def test_a_common_factor_of_all_losses_changes_no_weight(method):
    scales = np.array([1.0, 3.0, 0.5])
    one, two = (
        Trainer(method, moves=False).epochs(scales=factor * scales)
        for factor in (1.0, 0.05)
    )
    tolerance = {"rtol": 2e-3, "atol": 1e-3}
    if method in WITH_SCALE:
        assert not np.allclose(one.weights, two.weights, **tolerance)
    else:
        assert_allclose(one.weights, two.weights, **tolerance)
        assert_allclose(0.05 * one.gradient, two.gradient, **tolerance)


EXTREMES = [(1e30, 1, 1), (1e-30, 1, 1), (1e30, 1e30, 1e-30), (0, 0, 0), (0, 1, 1)]


@each_method
def test_all_stays_finite(method):
    trainer = Trainer(method)
    for scales in EXTREMES:
        assert trainer.step(scales).isfinite()
        assert np.isfinite(trainer.weights).all()
        gradients = [p.grad for p in trainer.network.parameters() if p.grad is not None]
        assert all(gradient.isfinite().all() for gradient in gradients)
    trainer.step()
    assert np.isfinite(trainer.weights).all()
    assert all(p.isfinite().all() for p in trainer.balancer.parameters())


@each_method
def test_a_task_that_is_absent_has_no_say(method):
    found = []
    for change in (1.0, 100.0):  # in what the absent task would say
        trainer = Trainer(method)
        trainer.network.goals[:, 2] *= change
        torch.manual_seed(1)
        trainer.step((1.0, 1.0, 0.0))
        found.append(trainer.gradient)
        assert trainer.network.heads[2].weight.grad.abs().max() == 0
        if trainer.balancer.gradient_parts is not None:
            assert trainer.balancer.gradient_parts[2] == 0
    assert found[0].abs().max() > 1e-4
    assert_allclose(*found, rtol=1e-5, atol=1e-7)


@each_method
def test_a_task_that_comes_late_is_learnt(method):
    trainer = Trainer(method).epochs(scales=(1.0, 1.0, 0.0))
    assert np.isfinite(trainer.epochs().weights).all()
    assert trainer.network.heads[2].weight.grad.abs().max() > 0


@each_method
def test_a_reset_is_a_new_start(method):
    trainer = Trainer(method, seed=5).epochs()
    fresh = Trainer(method, seed=5)
    for _ in range(2):  # idempotent
        trainer.balancer.reset(5)
        own, new = (own.balancer.state_dict() for own in (trainer, fresh))
        torch.testing.assert_close(own, new)
    again = Trainer(method, seed=5)
    again.balancer = trainer.balancer
    again.optimizer = torch.optim.Adam(again.network.parameters())
    fresh.optimizer = torch.optim.Adam(fresh.network.parameters())
    assert_allclose(again.epochs().weights, fresh.epochs().weights, rtol=1e-4)


@each_method
def test_evaluation_changes_nothing(method):
    trainer = Trainer(method).epochs()
    balancer = trainer.balancer.eval()
    before = copy.deepcopy(balancer.state_dict())
    drawn = torch.get_rng_state()
    losses = trainer.losses()[0].detach()
    assert torch.equal(balancer(losses), balancer(losses))
    torch.testing.assert_close(balancer.state_dict(), before)
    assert torch.equal(torch.get_rng_state(), drawn)


@each_method
def test_what_is_checked_and_built_draws_no_random_numbers(method):
    drawn = torch.get_rng_state()
    METHODS[method].check(NAMES)
    METHODS[method].build(NAMES, np.array(SHARES))
    assert torch.equal(torch.get_rng_state(), drawn)


@pytest.mark.parametrize("method", sorted(ON_GRADIENTS))
def test_parts_of_the_gradient_add_up_to_its_square(method):
    trainer = Trainer(method, moves=False).epochs()
    losses, output = trainer.losses()
    grads = [
        weight * torch.autograd.grad(loss, output.hidden, retain_graph=True)[0]
        for weight, loss in zip(trainer.weights, losses, strict=True)
    ]
    whole, parts = sum(grads), trainer.balancer.gradient_parts
    by_hand = [(own * whole).sum().item() for own in grads]
    assert_allclose(parts, by_hand, rtol=1e-3, atol=1e-6)
    assert parts.sum().item() == pytest.approx(whole.square().sum().item(), rel=1e-3)


def test_validation_weights_move_along_the_derivative_of_the_loss_after_a_step():
    trainer = Trainer("validation").epochs(4)
    balancer, network = trainer.balancer, trainer.network.double()
    start = copy.deepcopy(network.state_dict())
    logarithms, factors = balancer.logarithms.detach().double(), balancer.factors

    def loss_after_a_step(move):
        weights = 3 * (logarithms + move).softmax(0) * factors
        network.zero_grad()
        (network(trainer.order)[0] @ weights).backward()
        with torch.no_grad():
            for weight in network.parameters():
                weight -= 1e-3 * weight.grad
            found = network(trainer.order, is_held_out=True)[0] @ factors.double()
        network.load_state_dict(start)
        return found

    moves = 1e-2 * torch.eye(3)
    wanted = [loss_after_a_step(own) - loss_after_a_step(-own) for own in moves]
    wanted = torch.stack(wanted).float()
    network.float()
    trainer.align()
    found = balancer.slopes
    assert wanted.norm() > 0
    assert_allclose(found / found.norm(), wanted / wanted.norm(), atol=5e-3)


@each_method
def test_penalties_reach_the_network(method):
    plain, penalized = Trainer(method), Trainer(method)
    weight = penalized.network.trunk.weight
    torch.manual_seed(1)
    total = plain.step()
    torch.manual_seed(1)
    with_penalty = penalized.step(penalties={"size": 10 * weight.square().sum()})
    added = penalized.gradient - plain.gradient
    initial = Network(3).trunk.weight.detach()
    assert_allclose(added, 20 * initial, rtol=1e-4, atol=1e-4)
    size = 10 * initial.square().sum()
    assert with_penalty.item() == pytest.approx((total + size).item(), rel=1e-4)


# In a classifier ----------------------------------------------------------------------


def make(method, **params):
    weights = METHODS[method] if isinstance(method, str) else method
    settings = {"max_iter": 2, "random_state": 0, "loss_weights": weights} | params
    if isinstance(weights, ValidationWeights):  # so few texts hold no rows out
        settings["early_stopping"] = True
    # A low rate, for with any other the losses of so few texts are 0 at once.
    return MultiTaskTextClassifier(**{"learning_rate_init": 0.05} | settings)


def same(one, other):
    for found, wanted in zip(
        one.predict_proba(TEXTS), other.predict_proba(TEXTS), strict=True
    ):
        assert_allclose(found, wanted, rtol=0, atol=1e-7)
    assert one.loss_weights_ == pytest.approx(other.loss_weights_, rel=1e-5)


@each_method
def test_a_fit_is_the_same_again_and_starts_anew(method):
    clf = make(method).fit(TEXTS, LABELS)
    torch.rand(1)
    same(clone(clf).fit(TEXTS, LABELS), clf)
    first = pickle.loads(pickle.dumps(clf))
    same(clf.fit(TEXTS, LABELS), first)


@each_method
def test_a_copy_goes_on_where_training_stopped(method, tmp_path):
    clf = make(method, warm_start=True).fit(TEXTS, LABELS)
    clf.save(tmp_path / "model.mtl")
    loaded = sklearn_mtl.load(tmp_path / "model.mtl")
    others = [pickle.loads(pickle.dumps(clf)), copy.deepcopy(clf), loaded]
    same(loaded, clf)
    start = make(method).fit(TEXTS, LABELS).net_.criterion_.balancing
    state = copy.deepcopy(clf.net_.criterion_.balancing.state_dict())
    torch.testing.assert_close(state, start.state_dict())
    clf.fit(TEXTS, LABELS)
    for other in others:
        if other is loaded and getattr(start, "has_memory", False):
            continue  # files do not store that
        same(other.fit(TEXTS, LABELS), clf)


@each_method
def test_history_adds_up(method):
    clf = make(method, sharing="shared-private", alpha=0.01, max_iter=3)
    clf.fit(TEXTS, LABELS)
    for raw, epoch in zip(clf.net_.history, clf.history_, strict=True):
        total = epoch["regularization"] + epoch.get("balancing", 0.0)
        total += sum(epoch[f"weighted_loss_{task}"] for task in LABELS)
        assert epoch["loss"] == pytest.approx(total, rel=1e-9)
        wanted = raw["train_loss"] + epoch["regularization"]
        assert epoch["loss"] == pytest.approx(wanted, rel=1e-6, abs=1e-6)
        shares = [epoch.get(f"gradient_share_{task}") for task in LABELS]
        if method in ON_GRADIENTS:
            assert sum(shares) == pytest.approx(1, abs=1e-6)
        else:
            assert set(shares) == {None}
    last = clf.history_[-1]
    assert clf.loss_weights_ == {task: last[f"weight_{task}"] for task in LABELS}
    assert np.isfinite(list(last.values())).all()


@pytest.mark.parametrize("method", sorted(ON_GRADIENTS))
@pytest.mark.parametrize("params", [{"sharing": "mmoe"}, {"trunk": None}], ids=str)
def test_gradients_need_a_vector_that_all_tasks_read(method, params):
    with pytest.raises(ValueError, match=r"works on gradients of the hidden vector"):
        make(method, **params).fit(TEXTS, LABELS)


def test_rows_of_64_bits_stay_so():
    for method in METHODS:
        clf = make(method).fit(test_classifier.NUMBERS, LABELS)
        assert clf.net_.criterion_.balancing.weights.dtype == torch.float64
