"""Tasks and classes that come after a fit, and tasks that go."""

import pickle
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback
from test_every_network import (
    LABELS,
    NETWORKS,
    SHARINGS,
    TEXTS,
    TYPES,
    WORDS,
    classifier,
    data_of,
)
from torch import nn

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.persistence._errors import BadState
from sklearn_mtl.persistence._model import from_document, to_document
from sklearn_mtl.sharing import (
    AdversarialSharedPrivate,
    BaseSharing,
    HardSharing,
    MixtureOfExperts,
    ProgressiveLayers,
    SharedPrivate,
)
from sklearn_mtl.tasks import MultiLabel, Ordinal
from sklearn_mtl.tasks._thresholds import Thresholds
from sklearn_mtl.training._remember import _divergence

LATER = pd.DataFrame(
    {
        "late": (WORDS[:, 3] > 9).tolist(),
        "mood": np.array(["arts", "news", "tech"])[WORDS[:, 4] % 3].tolist(),
        "grade": (WORDS[:, 5] % 3).tolist(),
        "kinds": [frozenset("uv"[k] for k in set(row % 2)) for row in WORDS],
    }
).astype(object)
ALL_TYPES = TYPES | {
    "late": "binary",
    "mood": "multiclass",
    "grade": "ordinal",
    "kinds": "multilabel",
}
EXTRAS = {
    "heads shared": SharedPrivate(share_heads=True),
    "heads of experts shared": MixtureOfExperts(2, share_heads=True),
    "experts with private paths": ProgressiveLayers(2, 2, private=True),
    "private trunks": AdversarialSharedPrivate(private="trunk"),
}
LEVELS = ProgressiveLayers(n_levels=2)
APART = SHARINGS | {"ple": ProgressiveLayers()} | EXTRAS
EVERY = [
    *(
        (trunk, name)
        for trunk, name in NETWORKS
        if trunk in ("bag", "dense") or name == "adversarial"
    ),
    *((trunk, name) for trunk in ("bag", "dense") for name in EXTRAS),
]
every_network = pytest.mark.parametrize(("trunk", "sharing"), EVERY)


def copied(clf):
    return pickle.loads(pickle.dumps(clf))


@cache
def first_fit(trunk, sharing):
    clf = classifier(trunk, "hard").set_params(sharing=APART.get(sharing, sharing))
    return clf.fit(data_of(trunk), LABELS)


def fitted(trunk="bag", sharing="shared-private", **params):
    return copied(first_fit(trunk, sharing)).set_params(**params)


def add(clf, X, *names, **params):
    """Add tasks, with their types."""
    types = {name: ALL_TYPES[name] for name in [*clf.task_names_, *names]}
    return clf.set_params(task_types=types).add_tasks(X, LATER[list(names)], **params)


def predictions(clf, X):
    return clf.predict_proba(X, output="dict") | {
        f"{name} predicted": own for name, own in clf.predict(X, output="dict").items()
    }


def check_same(found, expected):
    for name, own in expected.items():
        assert_array_equal(found[name], own, err_msg=name)


def state(clf):
    return pickle.dumps({k: v for k, v in vars(clf).items() if k != "net_"})


@every_network
def test_tasks_come_without_a_change_to_others_and_go(trunk, sharing, tmp_path):
    clf, X = fitted(trunk, sharing), data_of(trunk)
    before, one = predictions(clf, X), predictions(clf, X[:1])
    add(add(clf, X, "late", "mood"), X, "grade", "kinds")
    check_same(predictions(clf, X), before)
    check_same(predictions(clf, X[:1]), one)
    assert clf.task_types_ == ALL_TYPES
    assert clf.n_outputs_ == len(clf.classes_) == len(clf.temperatures_) == 8
    assert list(clf.loss_weights_) == list(ALL_TYPES)
    assert list(clf.predict(X, output="frame").columns) == list(ALL_TYPES)
    whole = predictions(clf, X)
    check_same(predictions(copied(clf), X), whole)
    if "module" not in trunk:  # its class is in a test
        clf.save(tmp_path / "model.mtl")
        check_same(predictions(sklearn_mtl.load(tmp_path / "model.mtl"), X), whole)
    if trunk in ("bag", "dense"):
        light = sklearn_mtl.load(tmp_path / "model.mtl", runtime="numpy")
        for name, own in light.predict_proba(X, output="dict").items():
            assert_allclose(own, whole[name], atol=1e-5)
    clf.drop_tasks(["topic", "grade"])
    assert clf.task_names_ == ["urgent", "stars", "tags", "late", "mood", "kinds"]
    found = clf.predict_proba(X, output="dict")
    assert list(found) == clf.task_names_
    for name, own in found.items():
        assert_allclose(own, whole[name], atol=1e-6)
    assert list(clf.predict(X, output="frame").columns) == clf.task_names_


@every_network
def test_a_wider_network_starts_from_what_the_other_knew(trunk, sharing):
    X = data_of(trunk)
    narrow = LABELS.assign(stars=[2 * s if s else s for s in LABELS["stars"]])
    clf = classifier(trunk, "hard").set_params(
        sharing=APART[sharing],
        task_types={"stars": "ordinal"},
        warm_start=True,
        grow=True,
    )
    clf.fit(X, narrow)
    before = dict(zip(clf.task_names_, clf._logits(X), strict=True))
    clf.set_params(learning_rate_init=1e-12)  # so that it learns nothing
    wide = narrow.copy()
    for row, cells in enumerate(
        [("also", 3, frozenset("w")), ("zoo", 9, frozenset("xa"))]
    ):
        for name, cell in zip(("topic", "stars", "tags"), cells, strict=True):
            wide.at[row, name] = cell
    wide["late"] = LATER["late"]
    clf.fit(X, wide)
    found = dict(zip(clf.task_names_, clf._logits(X), strict=True))
    assert clf.task_names_ == [*LABELS, "late"]
    assert clf.classes_[1].tolist() == ["also", "arts", "news", "tech", "zoo"]
    assert clf.classes_[2].tolist() == [2, 3, 4, 6, 8, 9]
    assert clf.classes_[3].tolist() == ["a", "w", "x", "y", "z"]
    kept = {
        "urgent": [0],
        "topic": [1, 2, 3],
        "stars": [1, 2, 3],  # thresholds below 4, 6 and 8
        "tags": [2, 3, 4],
    }
    for name, places in kept.items():
        assert_allclose(found[name][:, places], before[name], atol=1e-4, err_msg=name)
    assert (np.diff(found["stars"], axis=1) < 0).all()


@pytest.mark.parametrize("sharing", APART)
def test_two_classes_may_become_three(sharing):
    texts, labels = TEXTS, {"tone": ["good", "bad"] * 24}
    clf = classifier("bag", "hard", warm_start=True, grow=True)
    clf.set_params(sharing=APART[sharing], task_types=None).fit(texts, labels)
    (odds,) = clf._logits(texts)  # of the second class, "good"
    labels = {"tone": [*labels["tone"][:-1], "calm"]}
    clf.set_params(learning_rate_init=1e-12).fit(texts, labels)
    (found,) = clf._logits(texts)
    assert clf.classes_[0].tolist() == ["bad", "calm", "good"]
    assert clf.task_types_ == {"tone": "multiclass"}
    assert_allclose(found[:, 2:] - found[:, :1], odds, atol=1e-4)


def test_what_is_new_is_learnt_and_old_labels_need_not_be_there():
    texts = ["great phone", "awful phone", "great film", "awful film"] * 20
    tone, topic = ["good", "bad"] * 40, ["tech", "tech", "arts", "arts"] * 20
    for trunk in ("frozen", "tuned"):
        clf = MultiTaskTextClassifier(random_state=0).fit(texts, {"tone": tone})
        clf.add_tasks(texts, {"topic": topic}, trunk=trunk)
        assert clf.score(texts, {"tone": tone, "topic": topic}) == 1
    assert_array_equal(clf.predict(texts[:4])[:, 1], topic[:4])


def test_a_tuned_trunk_changes_and_the_others_follow_their_own_predictions():
    clf, frozen = fitted(max_iter=5), fitted(max_iter=5)
    before = clf.predict_proba(TEXTS)[1]
    clf.add_tasks(TEXTS, LATER[["mood"]], trunk="tuned")
    frozen.add_tasks(TEXTS, LATER[["mood"]])
    after = clf.predict_proba(TEXTS)[1]
    assert not np.array_equal(after, before)
    assert np.abs(after - before).mean() < 0.1
    weights, others = (each.net_.module_.state_dict() for each in (clf, frozen))
    assert weights.keys() == others.keys()


def test_levels_that_read_all_tasks_cannot_take_one_in_without_a_change():
    clf = fitted(sharing=LEVELS)
    before = state(clf)
    with pytest.raises(
        ValueError, match=r"added to a frozen trunk\. Use trunk='tuned'"
    ):
        clf.add_tasks(TEXTS, LATER[["mood"]])
    with pytest.raises(ValueError, match=r"dropped without a change.*Fit again"):
        clf.drop_tasks("topic")
    assert state(clf) == before
    clf.add_tasks(TEXTS, LATER[["mood"]], trunk="tuned")
    assert clf.task_names_[-1] == "mood"


class Linear(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, rows, cells=None):
        return self.network(rows)


class WithoutPlaces(BaseSharing):
    def build(self, trunk, spec, n_logits, heads=None):
        return Linear(HardSharing().build(trunk, spec, n_logits))


def test_a_network_that_does_not_say_whose_weights_are_whose_cannot_grow():
    clf = classifier("bag", "hard").set_params(sharing=WithoutPlaces())
    clf.fit(TEXTS, LABELS)
    before = state(clf)
    for trunk in ("frozen", "tuned"):
        with pytest.raises(ValueError, match=r"WithoutPlaces has no method places"):
            clf.add_tasks(TEXTS, LATER[["mood"]], trunk=trunk)
    with pytest.raises(ValueError, match=r"WithoutPlaces has no method places"):
        clf.drop_tasks("topic")
    clf.set_params(warm_start=True, grow=True)
    with pytest.raises(ValueError, match=r"WithoutPlaces has no method places"):
        clf.fit(TEXTS, LABELS.join(LATER[["mood"]]))
    clf.fit(TEXTS, LABELS)  # the same tasks need no places
    assert before != state(clf)


MOOD = LATER[["mood"]]
BAD = {
    "a known task": (TEXTS, LABELS[["topic"]], {}, r"\['topic'\] exist already"),
    "another number of rows": (TEXTS[1:], MOOD, {}, "inconsistent numbers of samples"),
    "no label": (TEXTS, MOOD.assign(mood=None), {}, r"\['mood'\] have no label"),
    "no names": (TEXTS, MOOD.to_numpy(), {}, "new tasks need names too"),
    "a dict": (TEXTS, {"mood": MOOD["mood"]}, {}, "y was a pandas DataFrame in fit"),
    "polars": (
        TEXTS,
        pl.DataFrame({"mood": MOOD["mood"].tolist()}),
        {},
        "y is polars DataFrame now",
    ),
    "numbers": (np.ones((len(TEXTS), 2)), MOOD, {}, "texts"),
    "another trunk": (TEXTS, MOOD, {"trunk": "melted"}, "Got 'melted'"),
    "weights": (TEXTS, MOOD, {"sample_weight": [-1] * len(TEXTS)}, "sample_weight"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_new_tasks_are_refused_and_nothing_is_lost(case):
    X, y, params, message = BAD[case]
    clf = fitted()
    before = state(clf)
    with pytest.raises(ValueError, match=message):
        clf.add_tasks(X, y, **params)
    assert state(clf) == before


@pytest.mark.parametrize("method", ["_join", "_add_epochs"])
def test_a_failed_addition_changes_nothing(method, monkeypatch):
    clf = fitted()
    before, held = predictions(clf, TEXTS), dict(vars(clf))

    def fail(*args):
        raise MemoryError

    monkeypatch.setattr(MultiTaskTextClassifier, method, fail)
    with pytest.raises(MemoryError):
        clf.add_tasks(TEXTS, MOOD)
    assert vars(clf) == held
    check_same(predictions(clf, TEXTS), before)


def test_a_single_class_is_added_with_the_warning_of_a_fit():
    clf = fitted()
    with pytest.warns(UserWarning, match=r"\['mood'\] have a single class"):
        clf.add_tasks(TEXTS, MOOD.assign(mood="same"))
    assert set(clf.predict(TEXTS, output="dict")["mood"]) == {"same"}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("nothing", r"no task \['nothing'\]. The tasks are \['urgent'"),
        (["topic", "none", "no"], r"no task \['none', 'no'\]"),
        (list(LABELS), "names holds all tasks"),
        ([], "names is empty"),
    ],
)
def test_names_to_drop_are_checked(names, message):
    clf = fitted()
    before = state(clf)
    with pytest.raises(ValueError, match=message):
        clf.drop_tasks(names)
    assert state(clf) == before


def test_only_a_fitted_classifier_can_grow():
    clf = clone(fitted())
    with pytest.raises(NotFittedError):
        clf.add_tasks(TEXTS, MOOD)
    with pytest.raises(NotFittedError):
        clf.drop_tasks("topic")


def test_tasks_without_names_are_numbered():
    y = np.array([[0, 1], [1, 0]] * 24)
    clf = MultiTaskTextClassifier(max_iter=1, random_state=0).fit(TEXTS, y[:, 0])
    before = clf.predict_proba(TEXTS)
    clf.add_tasks(TEXTS, y[:, 1]).add_tasks(TEXTS, y)
    assert clf.task_names_ == ["task0", "task1", "task2", "task3"]
    assert clf.predict(TEXTS).shape == (48, 4)  # no longer one vector
    assert_array_equal(clf.predict_proba(TEXTS)[0], before)
    clf.drop_tasks("task1").add_tasks(TEXTS, {"named": y[:, 0]})
    assert clf.task_names_ == ["task0", "task2", "task3", "named"]
    clf.add_tasks(TEXTS, y[:, 0])
    assert clf.task_names_[-1] == "task1"  # the first that is free


def test_frames_of_polars_stay_frames_of_polars():
    first, second = (pl.DataFrame({n: [1, 2, 3] * 16}) for n in "ab")
    clf = MultiTaskTextClassifier(max_iter=1, random_state=0).fit(TEXTS, first)
    found = clf.add_tasks(TEXTS, second).predict(TEXTS, output="frame")
    assert found.schema == {"a": pl.Int64, "b": pl.Int64}
    assert clf.drop_tasks("a").predict(TEXTS, output="frame").columns == ["b"]


def test_parameters_by_task_may_name_old_and_new_tasks():
    weights = {"topic": 2.0, "mood": 3.0}
    clf = fitted(
        loss_weights=weights,
        class_weight={"topic": "balanced", "mood": {"arts": 2.0}},
        task_types=TYPES | {"mood": Ordinal(["tech", "news", "arts"])},
    )
    clf.add_tasks(TEXTS, LATER[["mood"]])
    assert clf.classes_[-1].tolist() == ["tech", "news", "arts"]
    assert clf.loss_weights == weights
    fitted(loss_weights=FixedWeights(weights)).add_tasks(TEXTS, MOOD)
    fitted(loss_weights=[1, 2, 3, 4, 5]).add_tasks(TEXTS, MOOD)
    for parameter in ("loss_weights", "class_weight"):
        clf = fitted(**{parameter: [None, None]})
        with pytest.raises(ValueError, match=f"{parameter} is a list of 2 items for"):
            clf.add_tasks(TEXTS, MOOD)
    with pytest.raises(ValueError, match="loss_weights names unknown tasks"):
        fitted(loss_weights={"mod": 1}).add_tasks(TEXTS, MOOD)


def test_history_goes_on_and_says_which_tasks_an_epoch_trains():
    clf = fitted(max_iter=2)
    clf.add_tasks(TEXTS, LATER[["mood"]])
    assert [row["epoch"] for row in clf.history_] == [1, 2, 3]
    assert clf.n_iter_ == clf.best_iter_ == 3
    first, last = clf.history_[0], clf.history_[-1]
    assert first.keys() == last.keys()
    assert np.isnan([first["loss_mood"], last["loss_topic"]]).all()
    assert first["weight_mood"] == last["weight_topic"] == 0
    for row in clf.history_:
        parts = [row[f"weighted_loss_{name}"] for name in clf.task_names_]
        assert row["loss"] == pytest.approx(sum(parts) + row["regularization"])
    clf._repr_html_inner()
    clf.drop_tasks("mood")
    assert not any("mood" in key for row in clf.history_ for key in row)
    assert clf.history_[-1]["loss"] == pytest.approx(0)


def test_what_a_balancing_has_learnt_about_a_task_stays_with_it():
    clf = classifier("bag", "hard", loss_weights="uncertainty", max_iter=3)
    clf.fit(TEXTS, LABELS)
    noise = clf.net_.criterion_.balancing.log_noise.tolist()
    weights = clf.loss_weights_
    clf.set_params(task_types=None).add_tasks(TEXTS, MOOD)
    assert clf.net_.criterion_.balancing.log_noise.tolist()[:4] == noise
    assert {name: clf.loss_weights_[name] for name in weights} == pytest.approx(weights)
    clf.drop_tasks("urgent")
    assert clf.net_.criterion_.balancing.log_noise.tolist()[:3] == noise[1:]


def test_without_grow_a_warm_start_refuses_what_is_new():
    clf = fitted(warm_start=True)
    with pytest.raises(ValueError, match="holds labels that did not occur in fit"):
        clf.fit(TEXTS, LABELS.assign(topic="another"))
    with pytest.raises(ValueError, match=r"unknown: \['mood'\]"):
        clf.fit(TEXTS, LABELS.join(MOOD))


def test_a_grown_task_keeps_its_type():
    clf = fitted(warm_start=True, grow=True)
    three = ["a", "b", "c"] * 16
    for urgent, message in [
        (three, "labels of another type than in fit"),
        ([0, 1, 2] * 16, "declared binary but has 3 classes"),
    ]:
        with pytest.raises(ValueError, match=message):
            clf.fit(TEXTS, LABELS.assign(urgent=urgent))
    with pytest.raises(ValueError, match="held several labels each in fit"):
        clf.fit(TEXTS, LABELS.assign(tags=three))


def test_categories_of_a_frame_grow_too():
    clf = classifier("bag", "hard", warm_start=True, grow=True)
    clf.set_params(task_types=None)
    for labels in (["a", "b"] * 24, ["a", "b", "c"] * 16):
        clf.fit(TEXTS, pd.DataFrame({"kind": pd.Categorical(labels)}))
    found = clf.predict(TEXTS, output="frame")["kind"]
    assert not found.isna().any()


def test_temperatures_and_strengths_of_tasks_stay_theirs():
    clf = fitted()
    strengths = np.array([0.5, np.nan, 1.0, 1.0])
    clf.calibration_ = replace(
        clf.calibration_, strengths=strengths, temperatures=np.array([1.0, 2, 3, 4])
    )
    before = predictions(clf, TEXTS)
    clf.add_tasks(TEXTS, MOOD)
    check_same(predictions(clf, TEXTS), before)
    assert list(clf.temperatures_.values())[:4] == [1, 2, 3, 4]
    clf.drop_tasks(["urgent", "stars"])
    assert_array_equal(clf.calibration_.strengths[:2], [np.nan, 1])
    assert list(clf.temperatures_)[:2] == ["topic", "tags"]


def test_all_parts_of_a_grown_classifier_agree_after_a_warm_start():
    clf = fitted().add_tasks(TEXTS, MOOD)
    assert clf.net_.module__spec.blocks == (4, 1)
    clf.set_params(warm_start=True, task_types=None).fit(TEXTS, LABELS.join(MOOD))
    assert clf.net_.module__spec.blocks == ()
    assert clf.task_names_ == [*LABELS, "mood"]


def test_thresholds_between_new_classes_lie_between_the_old():
    shares = np.log([0.2, 0.3, 0.5])
    old, new = Thresholds(shares), Thresholds(np.log(np.full(6, 1 / 6)), slope=0.7)
    new.widen(old, [1, 2, 4])  # new ones below, between and above
    known, found = (each.thresholds().detach().numpy() for each in (old, new))
    gap = known[1] - known[0]
    middle = known[0] + gap / 2
    assert_allclose(found, [known[0] - gap, known[0], middle, known[1], known[1] + gap])
    assert new.slope == old.slope


def test_a_dense_block_and_numeric_rows_beside_each_other():
    clf = classifier("bag", "shared-private", embedding="lsa")
    clf.set_params(task_types=None).fit(TEXTS, LABELS)
    before = predictions(clf, TEXTS)
    clf.add_tasks(TEXTS, MOOD)
    check_same(predictions(clf, TEXTS), before)


def test_a_tuned_trunk_with_held_out_rows_and_tuned_thresholds():
    types = {"tags": MultiLabel(threshold="tuned")}
    clf = classifier("bag", "hard", early_stopping=True)
    clf.set_params(task_types=types).fit(TEXTS, LABELS)
    thresholds = clf.targets_.tasks[3].thresholds_
    weights = clf.loss_weights_
    clf.add_tasks(TEXTS, LATER[["mood", "kinds"]], trunk="tuned")
    assert_array_equal(clf.targets_.tasks[3].thresholds_, thresholds)
    assert {name: clf.loss_weights_[name] for name in weights} == weights
    last = clf.history_[-1]
    assert np.isfinite([last["valid_score_mean"], last["penalty_forgetting"]]).all()
    assert np.isnan([last["loss_topic"], last["valid_score_topic"]]).all()


def test_few_rows_train_in_batches_where_the_fit_did():
    texts = [f"{word} {k % 7}" for word in ("good", "bad") for k in range(1600)]
    tone, late = ["good", "bad"] * 1600, ["x", "y"] * 150
    clf = MultiTaskTextClassifier(random_state=0, temperature=1, max_iter=1)
    clf.set_params(learning_rate_init=100.0).fit(texts, {"tone": tone})
    n_steps = []

    class Steps(Callback):
        def on_batch_end(self, net, training=False, **kwargs):
            n_steps.append(training)

    clf.set_params(callbacks=[("steps", Steps())], max_iter="auto")
    clf.add_tasks(texts[:300], {"late": late})
    assert sum(n_steps) == 20 * 2


def test_divergence_is_zero_without_a_change_and_that_of_the_definition():
    rng = np.random.RandomState(0)
    old, new = (torch.from_numpy(rng.normal(size=(6, 3))) for _ in range(2))
    p, q = softmax(old.numpy(), axis=1), softmax(new.numpy(), axis=1)
    found = _divergence(new, old, True)
    assert_allclose(found, (p * np.log(p / q)).sum(axis=1).mean())
    p, q = expit(old.numpy()), expit(new.numpy())
    both = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    assert_allclose(_divergence(new, old, False), both.sum(axis=1).mean())
    for is_choice in (True, False):
        assert_allclose(_divergence(old, old, is_choice), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [([4], r"\[4\]"), ([6, -1], r"\[6, -1\]"), ("45", "45")],
)
def test_blocks_of_a_file_are_checked(blocks, message):
    document = to_document(fitted().add_tasks(TEXTS, MOOD))
    assert document.tree["spec"]["blocks"] == [4, 1]
    document.tree["spec"]["blocks"] = blocks
    with pytest.raises(BadState, match=message):
        from_document(MultiTaskTextClassifier, document)
