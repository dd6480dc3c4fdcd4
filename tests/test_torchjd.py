"""The adapters to TorchJD: parity with its objects called by hand, names, options."""

import inspect
import sys

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.feature_extraction.text import TfidfVectorizer
from skorch.callbacks import Freezer
from test_balancing_methods import LABELS, NAMES, SHARES, TEXTS, Network, Trainer, make
from torchjd import aggregation, scalarization

from sklearn_mtl.balancing import (
    DynamicWeightAverage,
    FixedWeights,
    GradientAggregation,
    LossScalarization,
    RandomWeights,
    resolve_balancing,
)
from sklearn_mtl.balancing._aggregation import AGGREGATORS
from sklearn_mtl.balancing._scalarization import SCALARIZERS
from sklearn_mtl.balancing._torchjd import named_classes
from sklearn_mtl.trunks import ConvTrunk

pytestmark = pytest.mark.filterwarnings(
    "ignore:You are solving a parameterized problem that is not DPP"
)
FACTORS = torch.as_tensor(FixedWeights().effective(NAMES, SHARES)).float()
UNIFORM = torch.full((3,), 1 / 3)
# What a user of TorchJD would write.
BY_HAND = {
    "aligned-mtl": aggregation.AlignedMTL,
    "cagrad": lambda: aggregation.CAGrad(c=0.4),
    "config": aggregation.ConFIG,
    "dual-proj": aggregation.DualProj,
    "excess-mtl": aggregation.ExcessMTL,
    "fair-grad": lambda: aggregation.FairGrad(alpha=2.0),
    "grad-drop": aggregation.GradDrop,
    "grad-vac": aggregation.GradVac,
    "imtl-g": aggregation.IMTLG,
    "mgda": aggregation.MGDA,
    "nash-mtl": lambda: aggregation.NashMTL(n_tasks=3),
    "pcd": aggregation.PCD,
    "pcgrad": aggregation.PCGrad,
    "upgrad": aggregation.UPGrad,
    "cosmos": lambda: scalarization.COSMOS(0.2, UNIFORM),
    "famo": lambda: scalarization.FAMO(3),
    "geometric-mean": scalarization.GeometricMean,
    "imtl-l": lambda: scalarization.IMTLL(3),
    "pbi": lambda: scalarization.PBI(1.0, UNIFORM),
    "stch": lambda: scalarization.STCH(0.5),
    "uw": lambda: scalarization.UW(3),
}


class NoWork(TfidfVectorizer):
    def fit_transform(self, texts, y=None):
        raise AssertionError("work was done")


def test_every_name_has_a_parity_test():
    assert set(BY_HAND) == {*AGGREGATORS, *SCALARIZERS}


def gradients_by_hand(network, name, aggregator, scale):
    """Set the gradients that the documentation promises."""
    losses, output = network([0, 1, 2])
    own = losses * FACTORS
    hidden = output.hidden
    rows = torch.stack(
        [torch.autograd.grad(v, hidden, retain_graph=True)[0] for v in own]
    )
    table = rows.sum(1) if name == "excess-mtl" else rows.flatten(1)
    length = table.square().sum(1).mean().sqrt()
    if name == "excess-mtl":  # of the sums over rows
        weights = aggregator.weighting(table / length)
        direction = torch.tensordot(weights, rows, 1)
    else:
        direction = length * aggregator(table / length).view_as(hidden)
    trunk = list(network.trunk.parameters())
    others = [p for part in (network.heads, network.paths) for p in part.parameters()]
    found = torch.autograd.grad(own.sum(), others, retain_graph=True)
    found += torch.autograd.grad(hidden, trunk, scale * direction)
    for weight, gradient in zip(others + trunk, found, strict=True):
        weight.grad = gradient


@pytest.mark.parametrize("is_linear", [False, True])
@pytest.mark.parametrize("name", AGGREGATORS)
def test_an_aggregator_does_what_it_does_by_hand(name, is_linear, monkeypatch):
    monkeypatch.setattr(Network, "says_linear", is_linear)
    trainer, network = Trainer(name), Network(3)
    optimizer = torch.optim.Adam(network.parameters())
    torch.manual_seed(3)
    scale = 3 / BY_HAND[name]()(torch.eye(3)).sum()
    aggregator = BY_HAND[name]()
    for seed in range(3):
        torch.manual_seed(seed)
        trainer.step()
        torch.manual_seed(seed)
        gradients_by_hand(network, name, aggregator, scale)
        for own, other in zip(
            trainer.network.parameters(), network.parameters(), strict=True
        ):
            assert_allclose(own.grad, other.grad, rtol=1e-3, atol=1e-5)
        optimizer.step()


@pytest.mark.parametrize("name", SCALARIZERS)
def test_a_scalarizer_does_what_it_does_by_hand(name):
    trainer, network, scalarizer = Trainer(name), Network(3), BY_HAND[name]()
    optimizer = torch.optim.Adam(
        [
            {"params": network.parameters()},
            {"params": scalarizer.parameters(), "lr": 0.005},
        ]
    )
    ones = torch.ones(3, requires_grad=True)
    scale = 3 / torch.autograd.grad(BY_HAND[name]()(ones), ones)[0].sum()
    for _ in range(3):
        optimizer.zero_grad()
        losses = network([0, 1, 2])[0]
        total = scale * scalarizer(losses * FACTORS)
        slopes = torch.autograd.grad(total, losses, retain_graph=True)[0]
        total.backward()
        assert trainer.step().item() == pytest.approx(total.item(), rel=1e-5)
        assert_allclose(trainer.weights, slopes, rtol=1e-4)
        optimizer.step()
        if name == "famo":
            scalarizer.update(network([0, 1, 2])[0].detach() * FACTORS)
        for own, other in zip(
            trainer.network.parameters(), network.parameters(), strict=True
        ):
            assert_allclose(own.detach(), other.detach(), rtol=1e-4, atol=1e-6)


def test_of_an_absent_task_no_change_is_seen(monkeypatch):
    trainer, seen = Trainer("famo"), []
    scalarizer = trainer.balancer.scalarizer
    monkeypatch.setattr(
        scalarizer, "update", lambda new: seen.append(new - scalarizer._prev_losses)
    )
    trainer.step((1.0, 1.0, 0.0))  # never seen
    trainer.step()
    trainer.step((1.0, 0.0, 1.0))  # seen before
    trainer.step((0.0, 0.0, 0.0))
    assert [change.eq(0).tolist() for change in seen] == [
        [False, False, True],
        [False, False, False],
        [False, True, False],
    ]


def test_our_average_is_that_of_torchjd():
    ours = DynamicWeightAverage().build(NAMES, np.ones(3)).float()
    theirs = scalarization.DWA()
    for epoch, seed in enumerate(range(4), start=1):
        losses = torch.rand(3, generator=torch.Generator().manual_seed(seed)) + 0.1
        ours.begin_epoch(epoch)
        values = losses.clone().requires_grad_()
        theirs(values).backward()
        assert_allclose(ours.weights, values.grad, rtol=1e-5)
        ours.end_epoch(losses)
        theirs.step()


def test_random_weights_are_on_average_those_of_fixed_weights():
    balancer = RandomWeights().build(NAMES, np.array(SHARES))
    drawn = []
    for _ in range(2000):
        balancer.prepare(torch.ones(3), None)
        drawn.append(balancer.weights.numpy())
    assert_allclose(np.mean(drawn, 0), FACTORS, rtol=0.05)
    assert np.std(drawn, 0).min() > 0.3


# Names and options ------------------------------------------------------------------


def test_every_method_of_torchjd_has_a_name():
    known = {name.replace("-", "") for name in (*AGGREGATORS, *SCALARIZERS)}
    aggregators = named_classes("aggregation", "Aggregator")
    scalarizers = named_classes("scalarization", "Scalarizer")
    plain = {"constant", "mean", "random", "sum"}
    assert set(aggregators) - known == {*plain, "krum", "trimmedmean"}
    assert set(scalarizers) - known == {*plain, "dwa"}
    for name in known & set(aggregators):
        assert inspect.isclass(aggregators[name])


@pytest.mark.parametrize("name", ["UPGrad", "upgrad", "up-grad"])
def test_names_are_read_with_and_without_hyphens(name):
    balancer = GradientAggregation(name).build(NAMES, np.ones(3))
    assert isinstance(balancer.aggregator, aggregation.UPGrad)


@pytest.mark.parametrize(
    ("balancing", "message"),
    [
        (GradientAggregation("famo"), r"no aggregator 'famo'\. Use one of .*'UPGrad'"),
        (LossScalarization("upgrad"), r"no scalarizer 'upgrad'\. Use one of .*'FAMO'"),
        (
            GradientAggregation("cagrad", options={"d": 1}),
            r"CAGrad of TorchJD refuses its options: .*'d'.* It takes \['c', 'norm_eps",
        ),
        (
            GradientAggregation("mgda", options={"epsilon": 0}),
            "MGDA of TorchJD refuses its options: epsilon must be positive",
        ),
        (
            GradientAggregation(aggregation.MGDA(), options={"epsilon": 1}),
            r"options go with a name, not with the object MGDA",
        ),
        (
            GradientAggregation("upgrad", options={"pref_vector": [1, 2]}),
            r"aggregator='upgrad' cannot be used for 3 tasks: ",
        ),
        (
            LossScalarization(scalarization.UW(2)),
            r"scalarizer=UW\(.* cannot be used for 3 losses: .*should have shape",
        ),
        (
            GradientAggregation("excess-mtl", of="hidden"),
            r"ExcessMTL compares coordinates .* Use of='offset' or 'auto'",
        ),
        (GradientAggregation("upgrad", of="rows"), "The 'of' parameter of Gradient"),
        (GradientAggregation(3), "The 'aggregator' parameter of Gradient"),
        (LossScalarization(3), "The 'scalarizer' parameter of LossScalarization"),
        (LossScalarization("uw", learning_rate=-1), "The 'learning_rate' parameter"),
        (GradientAggregation("upgrad", share_power=2), "The 'share_power' parameter"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused_before_any_work(balancing, message):
    with pytest.raises(ValueError, match=message):
        balancing.check(NAMES)
    with pytest.raises(ValueError, match=message):
        make(balancing, vectorizer=NoWork()).fit(TEXTS, LABELS)


def test_options_may_be_lists():
    options = {"pref_vector": [1, 2, 3]}
    balancer = GradientAggregation("upgrad", options=options).build(NAMES, np.ones(3))
    assert balancer.aggregator.pref_vector.tolist() == [1, 2, 3]
    options = {"mu": 0.1, "weights": [0.5, 0.5, 1]}
    balancer = LossScalarization("stch", options=options).build(NAMES, np.ones(3))
    assert balancer.scalarizer.weights.tolist() == [0.5, 0.5, 1]


@pytest.mark.parametrize(
    "balancing",
    [
        GradientAggregation(aggregation.GradVac()),
        GradientAggregation(aggregation.Krum(0)),
        GradientAggregation(aggregation.TrimmedMean(1)),
        LossScalarization(scalarization.UW(3)),
        LossScalarization(scalarization.DWA()),
    ],
    ids=str,
)
def test_objects_are_copied_by_each_fit(balancing):
    given = getattr(balancing, "aggregator", None) or balancing.scalarizer
    before = {name: value.clone() for name, value in given.state_dict().items()}
    clf = make(balancing).fit(TEXTS, LABELS)
    assert np.isfinite(list(clf.loss_weights_.values())).all()
    torch.testing.assert_close(dict(given.state_dict()), before)
    again = make(balancing).fit(TEXTS, LABELS)
    assert again.loss_weights_ == pytest.approx(clf.loss_weights_, rel=1e-4)


@pytest.mark.parametrize("name", ["upgrad", "famo"])
def test_the_extra_is_named(name, monkeypatch):
    for module in ("torchjd.aggregation", "torchjd.scalarization"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"pip install \"sklearn-mtl\[balancing\]\""):
        make(resolve_balancing(name), vectorizer=NoWork()).fit(TEXTS, LABELS)


# In the package's own networks --------------------------------------------------------


@pytest.mark.parametrize(
    "balancing",
    [
        GradientAggregation("sum"),
        GradientAggregation("mean"),
        GradientAggregation("mean", of="offset", share_power=0.5),
        LossScalarization("sum"),
        LossScalarization("mean"),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"sharing": "hard", "alpha": 0.01},
        {"sharing": "adversarial"},
        {"trunk": ConvTrunk(n_filters=4, embedding_dim=6, widths=(2,))},
        {"task_types": {"topic": "ordinal"}, "batch_size": 10},
    ],
    ids=str,
)
def test_sums_and_means_are_fixed_weights(balancing, params):
    plain = make(FixedWeights(), **params).fit(TEXTS, LABELS)
    clf = make(balancing, **params).fit(TEXTS, LABELS)
    for own, other in zip(
        clf.predict_proba(TEXTS), plain.predict_proba(TEXTS), strict=True
    ):
        assert_allclose(own, other, rtol=1e-3, atol=1e-5)
    assert clf.loss_weights_ == pytest.approx(plain.loss_weights_, rel=1e-5)
    for own, other in zip(clf.history_, plain.history_, strict=True):
        assert own["loss"] == pytest.approx(other["loss"], rel=1e-4)


def test_a_trunk_that_does_not_learn_is_left_alone():
    freeze = [("freeze", Freezer("trunk*"))]
    params = {"callbacks": freeze, "sharing": "hard"}
    plain = make(FixedWeights(), **params).fit(TEXTS, LABELS)
    clf = make(GradientAggregation("mgda"), **params).fit(TEXTS, LABELS)
    for own, other in zip(
        clf.predict_proba(TEXTS), plain.predict_proba(TEXTS), strict=True
    ):
        assert_allclose(own, other, rtol=1e-5)
    assert f"gradient_share_{next(iter(LABELS))}" not in clf.history_[-1]
