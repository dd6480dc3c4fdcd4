"""Methods of balancing that are written here: what is special about each."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from test_balancing_methods import LABELS, NAMES, SHARES, TEXTS, Trainer, make

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import (
    Balancer,
    BaseBalancing,
    DualBalancing,
    DynamicWeightAverage,
    FixedWeights,
    GradientAggregation,
    GradNorm,
    ScheduledWeights,
    UncertaintyWeights,
)
from sklearn_mtl.inspection import LossWeightSearchDisplay
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold
from sklearn_mtl.search import LossWeightSearchCV

FACTORS = FixedWeights().effective(NAMES, SHARES)


# Uncertainty --------------------------------------------------------------------------


@pytest.mark.parametrize("power", [0.0, 0.5])
def test_uncertainty_reaches_the_known_optimum(power):
    # Of losses x ** 2 + c, which the network cannot lower below c.
    floors = torch.tensor([0.05, 0.5, 2.0])
    balancing = UncertaintyWeights(share_power=power)
    balancer = balancing.build(NAMES, np.array(SHARES)).float()
    x = torch.ones(3, requires_grad=True)
    weights = [x, *balancer.parameters()]
    optimizer = torch.optim.Adam(weights, lr=0.03)
    for _ in range(1500):
        optimizer.zero_grad()
        balancer.backward(x.square() + floors, {}, None)
        optimizer.step()
    assert_allclose(x.detach(), 0, atol=1e-3)
    assert_allclose(balancer.weights, 1 / (2 * floors), rtol=1e-3)


def test_the_noise_is_in_the_total():
    trainer = Trainer(UncertaintyWeights())
    with torch.no_grad():
        trainer.balancer.log_noise.copy_(torch.tensor([0.5, -1.0, 2.0]))
    losses = trainer.losses()[0].detach().numpy()
    weights = FACTORS * np.exp([-0.5, 1.0, -2.0])
    assert trainer.step().item() == pytest.approx(losses @ weights + 0.75, rel=1e-5)


def test_the_rate_of_the_weights_is_their_own():
    clf = make(UncertaintyWeights(learning_rate=0.3), max_iter=3).fit(TEXTS, LABELS)
    still = make(UncertaintyWeights(learning_rate=0), max_iter=3).fit(TEXTS, LABELS)
    groups = clf.net_.optimizer_.param_groups
    (own,) = [g for g in groups if g["params"][0].shape == (3,)]
    (noise,) = own["params"]
    assert noise is clf.net_.criterion_.balancing.log_noise
    assert own["weight_decay"] == 0
    assert still.loss_weights_ == pytest.approx(
        make(FixedWeights(), max_iter=3).fit(TEXTS, LABELS).loss_weights_
    )
    assert clf.loss_weights_ != pytest.approx(still.loss_weights_)


def test_only_a_warm_start_goes_on():
    clf = make(UncertaintyWeights(learning_rate=0.3), max_iter=3, warm_start=True)
    first = clf.fit(TEXTS, LABELS).loss_weights_
    clf.set_params(loss_weights__learning_rate=0).fit(TEXTS, LABELS)
    noise = clf.net_.criterion_.balancing.log_noise.detach()
    assert noise.abs().min() > 0.1
    ratios = [clf.loss_weights_[task] / first[task] for task in first]
    assert_allclose(ratios, 1, atol=0.5)
    clf.set_params(warm_start=False).fit(TEXTS, LABELS)
    assert clf.net_.criterion_.balancing.log_noise.abs().max() == 0


# Averages -----------------------------------------------------------------------------


def test_slow_tasks_gain_weight():
    trainer = DynamicWeightAverage(temperature=0.5).build(NAMES, np.array(SHARES))
    for losses in ([1.0, 2.0, 0.0], [0.5, 2.0, 1.0]):
        trainer.end_epoch(torch.tensor(losses))
    trainer.begin_epoch(3)
    rates = np.exp(np.array([0.5, 1.0, 1.0]) / 0.5)  # the last has but one epoch
    assert_allclose(trainer.weights, 3 * FACTORS * rates / rates.sum())


# Gradients ----------------------------------------------------------------------------


def lengths(trainer):
    losses, output = trainer.losses()
    grads = [
        torch.autograd.grad(loss, output.hidden, retain_graph=True)[0]
        for loss in losses
    ]
    return losses.detach(), torch.stack([own.norm() for own in grads])


def test_gradnorm_descends_on_its_objective():
    trainer = Trainer(GradNorm(alpha=0.7), moves=False)
    trainer.step()  # the first losses
    trainer.network.goals.mul_(torch.tensor([1.2, 0.9, 2.0]))
    losses, own = lengths(trainer)
    first = trainer.balancer.first.clone()
    trainer.step()
    weights = trainer.balancer.multipliers.clone().requires_grad_()
    forces = weights * own * trainer.balancer.factors
    rates = losses / first
    goal = forces.mean().detach() * (rates / rates.mean()) ** 0.7
    (forces - goal).abs().sum().backward()
    found = trainer.balancer.raw.grad * forces.mean().detach()
    assert_allclose(found, weights.grad, rtol=1e-4)


def test_gradnorm_makes_gradients_equally_long():
    trainer = Trainer(GradNorm(alpha=0), moves=False)
    for _ in range(400):
        trainer.step()
    own = torch.as_tensor(trainer.weights) * lengths(trainer)[1]
    assert_allclose(own / own.mean(), 1, atol=0.06)


def test_dual_balancing_makes_gradients_equally_long():
    trainer = Trainer(DualBalancing(momentum=0.0))
    trainer.step((1.0, 50.0, 0.1))
    scaled = torch.tensor([1.0, 50.0, 0.1])
    again = Trainer(DualBalancing(momentum=0.0), moves=False)
    own = torch.as_tensor(trainer.weights) * scaled * lengths(again)[1]
    assert_allclose(own / own.mean(), 1, rtol=1e-4)
    assert trainer.balancer.multipliers.mean().item() == pytest.approx(1)


def test_dual_balancing_remembers_lengths():
    trainer = Trainer(DualBalancing(momentum=0.8))
    trainer.step()
    before = trainer.balancer.lengths.clone()
    losses, own = lengths(trainer)
    trainer.step()
    new = 0.8 * before + 0.2 * own / losses
    assert_allclose(trainer.balancer.lengths, new, rtol=1e-4)


# Schedules ----------------------------------------------------------------------------

RISING = {2: {"tone": 0}, 4: {"tone": 2}}


@pytest.mark.parametrize(
    ("schedule", "interpolation", "tone"),
    [
        (RISING, "step", [0, 0, 0, 2, 2]),
        (RISING, "linear", [0, 0, 1, 2, 2]),
        ({1: [1, 0, 1], 3: None}, "linear", [0, 0.5, 1, 1, 1]),
        (lambda epoch: {"tone": epoch}, "step", [1, 2, 3, 4, 5]),
    ],
    ids=["step", "linear", "none", "callable"],
)
def test_weights_follow_the_schedule(schedule, interpolation, tone):
    balancing = ScheduledWeights(schedule, interpolation=interpolation)
    for epoch, weight in enumerate(tone, start=1):
        wanted = FixedWeights({"tone": weight}).effective(NAMES, SHARES)
        assert_allclose(balancing.effective(epoch, NAMES, SHARES), wanted)


def test_epochs_of_a_schedule_go_on_in_a_warm_start():
    names = list(LABELS)
    balancing = ScheduledWeights({1: {}, 3: {names[0]: 5}})
    clf = make(balancing, max_iter=2, warm_start=True)
    for _ in range(2):
        clf.fit(TEXTS, LABELS)
    found = [epoch[f"weight_{names[0]}"] for epoch in clf.history_]
    assert found[0] == found[1] < found[2] == found[3]
    whole = clone(clf).set_params(max_iter=4).fit(TEXTS, LABELS)
    again = [epoch[f"weight_{names[0]}"] for epoch in whole.history_]
    assert_array_equal(found, again)


def test_a_task_of_weight_0_learns_nothing_until_its_epoch():
    names = list(LABELS)
    fixed = make(FixedWeights({names[0]: 0}), max_iter=3).fit(TEXTS, LABELS)
    late = ScheduledWeights({1: {names[0]: 0}, 3: None})
    clf = make(late, max_iter=3).fit(TEXTS, LABELS)
    losses = [[e[f"loss_{names[0]}"] for e in c.history_] for c in (fixed, clf)]
    assert_allclose(*losses)  # that of the third epoch is from before the first step
    assert clf.loss_weights_[names[0]] > fixed.loss_weights_[names[0]] == 0


@pytest.mark.parametrize(
    ("balancing", "message"),
    [
        (ScheduledWeights({}), "schedule is empty"),
        (ScheduledWeights({0: {}}), r"must be an integer from 1\. Got 0"),
        (ScheduledWeights({1.5: {}}), r"must be an integer from 1\. Got 1\.5"),
        (ScheduledWeights({True: {}}), r"must be an integer from 1\. Got True"),
        (
            ScheduledWeights({1: {}, 7: {"mood": 1}}),
            r"The schedule for epoch 7: .* unknown tasks \['mood'\]",
        ),
        (
            ScheduledWeights({2: [1, -1, 1]}, interpolation="linear"),
            "The schedule for epoch 2: The loss weight of task 'tone' must be",
        ),
        (
            ScheduledWeights({1: {"mood": 1}, 2: None}, interpolation="linear"),
            r"The schedule for epoch 1: .* unknown tasks \['mood'\]",
        ),
        (
            ScheduledWeights({1: [1, 2], 3: None}, interpolation="linear"),
            r"The schedule for epoch 1: .* one weight for each of the 3 tasks",
        ),
        (ScheduledWeights(lambda epoch: [0, 0, 0]), "epoch 1: All loss weights are"),
        (ScheduledWeights([1, 2]), "The 'schedule' parameter of ScheduledWeights"),
        (ScheduledWeights({1: {}}, interpolation="cubic"), "The 'interpolation'"),
        (UncertaintyWeights(learning_rate=-1), "The 'learning_rate' parameter of Unc"),
        (DynamicWeightAverage(temperature=0), "The 'temperature' parameter of Dyn"),
        (GradNorm(alpha=-1), "The 'alpha' parameter of GradNorm"),
        (DualBalancing(momentum=1), "The 'momentum' parameter of DualBalancing"),
        (DualBalancing(share_power=-1), "The 'share_power' parameter of Dual"),
    ],
)
def test_what_is_wrong_is_said_before_any_work(balancing, message):
    names = dict(zip(NAMES, LABELS.values(), strict=True))
    with pytest.raises(ValueError, match=message):
        make(balancing, vectorizer=NoWork()).fit(TEXTS, names)


class NoWork(TfidfVectorizer):
    def fit_transform(self, texts, y=None):
        raise AssertionError("work was done")


def test_a_schedule_is_checked_before_each_epoch():
    clf = make(ScheduledWeights(lambda epoch: [1, 2 - epoch, 1]), max_iter=4)
    with pytest.raises(ValueError, match=r"The schedule for epoch 3: .* Got -1"):
        clf.fit(TEXTS, LABELS)


# Balancers that cannot be used --------------------------------------------------------


class Bare(Balancer):
    def forward(self, losses):
        return losses.sum()


class Built(BaseBalancing):
    def __init__(self, balancer):
        self.balancer = balancer

    def build(self, task_names, labelled_share):
        return self.balancer


def with_weights(weights):
    balancer = Bare()
    balancer.weights = weights
    return balancer


@pytest.mark.parametrize(
    ("balancer", "message"),
    [
        (Bare(), r"of Built, Bare, must have an attribute weights.* Got None\. Set it"),
        (with_weights([1, 1, 1]), r"attribute weights, a tensor.* Got \[1, 1, 1\]"),
        (with_weights(torch.ones(2)), r"weights of 3 tasks.* Got of shape \(2,\)"),
        (torch.nn.Linear(1, 1), r"Built\.build must return a Balancer.* Got Linear"),
        (None, r"Built\.build must return a Balancer.* Got NoneType"),
    ],
    ids=str,
)
def test_a_balancer_that_cannot_be_used_is_refused_before_any_work(balancer, message):
    with pytest.raises(ValueError, match=message):
        make(Built(balancer), vectorizer=NoWork()).fit(TEXTS, LABELS)


def test_an_unknown_name_is_refused_with_the_names():
    message = r"'loss_weights' parameter .*'uncertainty'.* Got 'sure'"
    with pytest.raises(ValueError, match=message):
        MultiTaskTextClassifier(loss_weights="sure").fit(TEXTS, LABELS)


# Searches -----------------------------------------------------------------------------

TABLE = pd.DataFrame(LABELS)  # as scikit-learn's search needs them
CV = MultiTaskStratifiedKFold(2, shuffle=True, random_state=0)


def test_a_grid_mixes_all_kinds_in_a_pipeline():
    pipe = make_pipeline(TfidfVectorizer(), make("dwa"))
    name = "multitasktextclassifier__loss_weights"
    first = next(iter(LABELS))
    grid = [
        {name: ["auto", {first: 2}, "uncertainty", GradientAggregation("upgrad")]},
        {name: [FixedWeights({first: 1})], f"{name}__{first}": [1, 3]},
        {name: [UncertaintyWeights()], f"{name}__learning_rate": [0.0, 0.5]},
    ]
    search = GridSearchCV(
        pipe, grid, cv=CV, scoring=multitask_scorer(), refit="mean", error_score="raise"
    ).fit(TEXTS, TABLE)
    assert np.isfinite(search.cv_results_["mean_test_mean"]).all()
    assert len(search.cv_results_["params"]) == 8


def test_a_search_takes_all_kinds_and_stacks_those_it_can(monkeypatch):
    first = next(iter(LABELS))
    candidates = [
        *("auto", "uncertainty", {first: 2}, GradientAggregation("pcgrad")),
        *(FixedWeights({first: 3}), "random"),
    ]
    stacked = []

    def spy(nets, run):
        stacked.append(len(nets))
        return side_by_side(nets, run)

    from sklearn_mtl.training import _joint

    side_by_side = _joint.SideBySide
    monkeypatch.setattr(_joint, "SideBySide", spy)
    settings = {
        "scoring": multitask_scorer("neg_log_loss"),
        "refit": "mean",
        "cv": CV,
        "error_score": "raise",
    }
    fast = LossWeightSearchCV(make("dwa"), candidates, **settings).fit(TEXTS, TABLE)
    assert stacked == [3, 3]
    grid = {"loss_weights": candidates}
    slow = GridSearchCV(make("dwa"), grid, **settings).fit(TEXTS, TABLE)
    found, wanted = (s.cv_results_["mean_test_mean"] for s in (fast, slow))
    assert_allclose(found, wanted, rtol=1e-4)
    assert all(a != b for a, b in pairwise(found))
    assert fast.predict(TEXTS).shape == (len(TEXTS), 3)


def test_a_search_refuses_a_bad_candidate_before_any_work():
    with pytest.raises(ValueError, match=r"'loss_weights' parameter .* Got 'sure'"):
        LossWeightSearchCV(make("dwa", vectorizer=NoWork()), ["auto", "sure"]).fit(
            TEXTS, TABLE
        )


def test_methods_have_no_place_in_a_picture_of_weights():
    search = LossWeightSearchCV(
        make("dwa"), ["auto", "dwa"], scoring=multitask_scorer(), refit="mean", cv=CV
    ).fit(TEXTS, TABLE)
    with pytest.raises(ValueError, match=r"'dwa' does not hold a weight for each of"):
        LossWeightSearchDisplay.from_search(search)
