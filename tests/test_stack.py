"""Nets side by side, beside the same nets each on its own."""

import gc
import pickle
from weakref import ref

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.balancing._fixed import WeightedSum
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.sharing import MixtureOfExperts, SharedPrivate
from sklearn_mtl.training import _joint
from sklearn_mtl.training._stacked_network import StackedNetwork, find_blocks
from sklearn_mtl.trunks import BagTrunk

TEXTS, LABELS = make_multitask_texts(
    300, n_tasks=3, n_classes=[2, 3, 40], missing_rate=0.2, random_state=0
)
WEIGHTS = [{"task0": 1, "task1": 1, "task2": 1}, [1, 5, 2], None]
LABELS = pd.DataFrame(LABELS, columns=["task0", "task1", "task2"])
# Nearly each row is labelled for one task, and few of them for the first.
turn = np.arange(300) % 10
APART = LABELS.where(np.column_stack([turn == 0, turn == 1, turn > 0]))
APART.loc[40:, "task0"] = None

# Two of many classes are labelled in few rows, most of them the same, but not all.
few = np.arange(300) % 12
OVERLAPPING = pd.DataFrame(
    {
        "task0": LABELS["task2"].where(few < 3),
        "task1": LABELS["task2"].where((few > 0) & (few < 4)),
        "task2": LABELS["task0"].where(few > 0),
    }
)


def classifier(**params):
    # Nets with a penalty learn in turn, and "auto" may come to one.
    plain = {"max_iter": 2, "alpha": 0.0, "temperature": 1.0}
    return MultiTaskTextClassifier(random_state=0, **plain | params)


@pytest.fixture
def stacked(monkeypatch):
    """Give a list that grows by the nets that learnt side by side."""
    seen = []
    original = _joint.SideBySide

    def spy(nets, run):
        seen.extend(nets)
        return original(nets, run)

    monkeypatch.setattr(_joint, "SideBySide", spy)
    return seen


def check_same(ours, alone):
    pairs = zip(ours.predict_proba(TEXTS), alone.predict_proba(TEXTS), strict=True)
    for own, expected in pairs:
        assert_allclose(own, expected, rtol=0, atol=1e-4)
    assert_allclose(
        pd.DataFrame(ours.history_).astype(float),
        pd.DataFrame(alone.history_).astype(float),
        rtol=1e-4,
        atol=1e-6,
    )
    assert ours.history_[0].keys() == alone.history_[0].keys()
    for key in ("train_loss", "valid_loss"):
        found, expected = (
            [epoch.get(key, 0.0) for epoch in each.net_.history]
            for each in (ours, alone)
        )
        assert_allclose(found, expected, rtol=1e-4)
    assert ours.best_iter_ == alone.best_iter_
    assert ours.loss_weights_ == alone.loss_weights_


@pytest.mark.parametrize(
    ("labels", "params"),
    [
        (LABELS, {"batch_size": 128}),
        (LABELS, {}),
        (LABELS, {"temperature": "auto"}),
        (LABELS, {"sharing": "hard", "batch_size": 64}),
        (APART, {"batch_size": 32}),
        (APART, {"batch_size": 32, "sharing": "hard"}),
        (
            APART,
            # At the step of "auto", rounding grows within 200 of them.
            {
                "class_weight": "balanced",
                "logit_adjustment": 0,
                "batch_size": 3,
                "learning_rate_init": 50,
            },
        ),
        (OVERLAPPING, {"batch_size": 32}),
        (OVERLAPPING, {"batch_size": 32, "sharing": "hard"}),
        (
            LABELS,
            {"early_stopping": True, "n_iter_no_change": 1, "max_iter": 6},
        ),
    ],
    ids=[
        "batches",
        "full batches",
        "temperature",
        "hard",
        "apart",
        "apart, hard",
        "balanced",
        "overlapping",
        "overlapping, hard",
        "stopping",
    ],
)
def test_each_net_is_what_a_fit_of_its_own_gives(labels, params, stacked):
    fitted = classifier(**params)._fit_each(TEXTS, labels, WEIGHTS)
    assert len(stacked) == len(WEIGHTS)
    for ours, weights in zip(fitted, WEIGHTS, strict=True):
        check_same(ours, classifier(loss_weights=weights, **params).fit(TEXTS, labels))


def test_nets_stop_when_they_should(stacked):
    params = {"early_stopping": True, "n_iter_no_change": 1, "max_iter": 6}
    params["batch_size"] = 128
    fitted = classifier(**params)._fit_each(TEXTS, LABELS, [[1, 0, 0], [0, 0, 1]])
    assert fitted[0].n_iter_ != fitted[1].n_iter_
    alone = classifier(**params, loss_weights=[0, 0, 1]).fit(TEXTS, LABELS)
    check_same(fitted[1], alone)


def test_few_rows_are_one_full_batch(stacked):
    labels = LABELS[:100]
    (ours,) = classifier()._fit_each(TEXTS[:100], labels, [None])
    assert stacked
    check_same(ours, classifier(loss_weights=None).fit(TEXTS[:100], labels))


def test_rows_may_be_64_bits_wide(stacked):
    vectorizer = classifier().fit(TEXTS, LABELS).vectorizer_
    X = vectorizer.transform(TEXTS).astype(np.float64)
    (ours,) = classifier()._fit_each(X, LABELS, [None])
    assert stacked
    alone = classifier(loss_weights=None).fit(X, LABELS)
    for own, expected in zip(
        ours.predict_proba(X), alone.predict_proba(X), strict=True
    ):
        assert_allclose(own, expected, atol=1e-12)


def test_a_net_can_go_on_and_be_stored(stacked):
    ours, _ = classifier()._fit_each(TEXTS, LABELS, WEIGHTS[:2])
    alone = classifier(loss_weights=WEIGHTS[0]).fit(TEXTS, LABELS)
    stored = pickle.dumps(ours)
    assert len(stored) < 1.01 * len(pickle.dumps(alone))
    check_same(pickle.loads(stored), alone)
    for each in (ours, alone):
        each.set_params(warm_start=True).fit(TEXTS, LABELS)
    check_same(ours, alone)


class Learnt(FixedWeights):
    """A balancing that is not ours."""

    def build(self, task_names, labelled_share):
        class Module(WeightedSum):
            pass

        return Module(self.effective(task_names, labelled_share))


@pytest.mark.parametrize(
    "params",
    [
        {"alpha": 1e-4},
        {"callbacks": [Callback()]},
        {"verbose": 1},
        {"net_params": {"optimizer_dense__eps": 1e-7}},
        {"sharing": "separate"},
        {"sharing": "mmoe"},
        {"sharing": SharedPrivate(share_heads=True)},
        {"task_types": {"task0": "ordinal"}},
        {"trunk": None},
        {"trunk": "conv"},
        {"embedding": "lsa"},
        {"loss_weights": Learnt()},
    ],
    ids=lambda params: next(iter(params)),
)
def test_other_nets_learn_in_turn(params, stacked):
    clf = classifier(**{"max_iter": 1} | params)
    weights = params.get("loss_weights")
    (ours,) = clf._fit_each(TEXTS, LABELS, [weights])
    assert not stacked
    clf.set_params(loss_weights=weights)
    check_same(ours, clf.fit(TEXTS, LABELS))


def test_a_net_that_diverges_spoils_no_other(stacked, monkeypatch):
    fitted = classifier()._fit_each(TEXTS, LABELS, WEIGHTS[:2])
    original = WeightedSum.__init__
    hostile = [False, True]

    def init(self, weights):
        original(self, weights * (1e38 if hostile.pop(0) else 1))

    monkeypatch.setattr(WeightedSum, "__init__", init)
    ours, other = classifier()._fit_each(TEXTS, LABELS, WEIGHTS[:2])
    check_same(ours, fitted[0])
    assert isinstance(other, ValueError)
    assert len(stacked) == 4


def test_tasks_with_labels_in_the_same_rows_are_one_block():
    labelled = np.ones((50, 3), dtype=bool)
    assert find_blocks(labelled, [1, 10, 3], 128) == [[0, 1, 2]]


def test_tasks_with_labels_in_other_rows_are_other_blocks():
    labelled = np.zeros((40, 4), dtype=bool)
    labelled[:10, 0] = labelled[10:20, 1] = labelled[10:20, 3] = True
    labelled[20:, 2] = True
    blocks = find_blocks(labelled, [100, 50, 150, 20], 128)
    assert blocks == [[], [0], [1, 3], [2]]


def test_a_block_has_the_rows_of_any_of_its_tasks():
    labelled = OVERLAPPING.notna().to_numpy()
    n_classes = [OVERLAPPING[name].nunique() for name in OVERLAPPING]
    assert find_blocks(labelled, n_classes, 128) == [[2], [0, 1]]
    assert (labelled[:, 0] != labelled[:, 1]).any()


@given(
    st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=8),
    st.lists(st.integers(1, 200), min_size=4, max_size=4),
)
def test_each_task_is_in_one_block(labelled, n_logits):
    blocks = find_blocks(np.array(labelled), n_logits, 16)
    assert sorted(task for block in blocks for task in block) == [0, 1, 2, 3]


def test_nothing_is_drawn_from_torch(stacked):
    state = torch.get_rng_state()
    classifier()._fit_each(TEXTS, LABELS, WEIGHTS[:1])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("n_labelled", "blocks"), [(499, [[], [0]]), (500, [[0]]), (501, [[0]])]
)
def test_a_block_of_its_own_must_be_cheaper_by_its_rows(n_labelled, blocks):
    # To read a row costs as much as 48 columns: 1000 * 48 against 96 for each row.
    labelled = (np.arange(1000) < n_labelled)[:, None]
    assert find_blocks(labelled, [48], 128) == blocks


def test_a_task_joins_the_block_whose_cost_rises_least():
    labelled = np.zeros((1000, 3), dtype=bool)
    labelled[:100, 0] = labelled[200:300, 1] = True
    labelled[210:300, 2] = True
    assert find_blocks(labelled, [50, 50, 50], 16) == [[], [0], [1, 2]]
    labelled[:, 2] = False
    labelled[10:100, 2] = True
    assert find_blocks(labelled, [50, 50, 50], 16) == [[], [0, 2], [1]]


def test_the_first_block_has_the_columns_of_the_trunk():
    # A wide trunk makes no row dearer that it reads in any case.
    labelled = (np.arange(1000) < 500)[:, None]
    for n_units in (1, 1000):
        assert find_blocks(labelled, [48], n_units) == [[0]]


class Unread:
    """Texts that nobody has to read to find a mistake in a parameter."""

    def __len__(self):
        raise AssertionError("X was read")

    __iter__ = __getitem__ = __len__


@pytest.mark.parametrize(
    ("params", "weights", "message"),
    [
        ({"device": "nowhere"}, [None], "'nowhere' is not a device"),
        ({}, [None, {"nope": 1}], r"unknown tasks \['nope'\]"),
        ({}, [None, 3], "'loss_weights' parameter of"),
        ({"sharing": MixtureOfExperts(0)}, [None], "'n_experts' parameter of"),
        ({"trunk": BagTrunk(0)}, [None], "'n_units' parameter of"),
        ({"max_iter": 0}, [None], "'max_iter' parameter of"),
        ({"net_params": {"lr": 1}}, [None], "net_params contains 'lr'"),
    ],
    ids=str,
)
def test_mistakes_in_parameters_are_found_before_texts_are_read(
    params, weights, message
):
    with pytest.raises(ValueError, match=message):
        classifier(**params)._fit_each(Unread(), LABELS, weights)


def test_an_interrupted_stack_leaves_no_weights_behind(monkeypatch):
    texts, labels = make_multitask_texts(240, n_tasks=2, random_state=0)
    tables, calls = [], []
    forward = StackedNetwork.__call__

    def stop_in_the_third_step(network, *args):
        tables[:] = [ref(table) for table in network.tables.values()]
        calls.append(network.n_units)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return forward(network, *args)

    monkeypatch.setattr(StackedNetwork, "__call__", stop_in_the_third_step)
    search = LossWeightSearchCV(
        MultiTaskTextClassifier(max_iter=4, random_state=0), [[1, 1], [1, 2]], cv=2
    )
    try:
        search.fit(texts, labels)
    except KeyboardInterrupt:
        pass
    else:
        pytest.fail("nobody interrupted it")
    gc.collect()
    assert len(calls) == 3
    assert tables
    assert all(table() is None for table in tables)
