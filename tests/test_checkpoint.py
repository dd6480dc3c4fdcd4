"""A fit that was killed goes on, and ends as if nothing had happened."""

import errno
import json
import os
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from threading import Event

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    EpochScoring,
    Freezer,
    LRScheduler,
    Unfreezer,
)
from skorch.dataset import ValidSplit
from test_every_network import (
    LABELS,
    ROWS,
    SHARINGS,
    TEXTS,
    TRUNKS,
    TYPES,
    data_of,
)
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import Balancer, BaseBalancing, ScheduledWeights
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.inspection import task_conflicts
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold
from sklearn_mtl.persistence import (
    AnotherFit,
    BadState,
    CannotWrite,
    CheckpointInUse,
    ModelFileError,
    NewerFormat,
    NotAModelFile,
    _archive,
    _checkpoint,
)
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.training import _checkpoint as _of_net
from sklearn_mtl.training import _run
from sklearn_mtl.training._net import MultiTaskNet
from sklearn_mtl.trunks import BagTrunk, ModuleTrunk

SMALL = {
    "trunk": BagTrunk(4, dropout=0.3),
    "random_state": 0,
    "max_iter": 4,
    "batch_size": 16,
}


class Killed(Exception):  # noqa: N818 (a kill, not an error)
    """Ends a fit."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.ckpt"


def classifier(path=None, **params):
    return MultiTaskTextClassifier(checkpoint=path, **SMALL | params)


def kill(clf, step, X=TEXTS, y=LABELS, sample_weight=None):
    """Fit until a training step, which raises an error after it changed the net."""
    steps, take = [], MultiTaskNet.train_step

    def some_steps(self, *args, **kwargs):
        done = take(self, *args, **kwargs)
        steps.append(done)
        if len(steps) == step:
            raise Killed
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MultiTaskNet, "train_step", some_steps)
        with pytest.raises(Killed):
            clf.fit(X, y, sample_weight)
    assert clf.checkpoint.exists()
    assert not hasattr(clf, "net_")


def state_of(clf):
    modules = clf.net_.module_, clf.net_.criterion_
    return {
        (k, name): value.numpy()
        for k, module in enumerate(modules)
        for name, value in module.state_dict().items()
    }


def check_same_fit(found, expected, X=TEXTS):
    ours, theirs = state_of(found), state_of(expected)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert_array_equal(ours[name], value, err_msg=str(name))
    pairs = zip(found.predict_proba(X), expected.predict_proba(X), strict=True)
    for own, other in pairs:
        assert_array_equal(own, other)
    assert found.history_ == expected.history_
    assert found.n_iter_ == expected.n_iter_
    assert found.best_iter_ == expected.best_iter_
    assert found.temperatures_ == expected.temperatures_
    assert found.loss_weights_ == expected.loss_weights_


def check_goes_on(path, step, X=TEXTS, y=LABELS, **params):
    expected = classifier(**params).fit(X, y)
    kill(classifier(path, **params), step, X, y)
    found = classifier(path, **params).fit(X, y)
    assert not list(path.parent.iterdir())
    check_same_fit(found, expected, X)


# Each trunk and each sharing once; all pairs take minutes.
PAIRS = [(trunk, list(SHARINGS)[k % len(SHARINGS)]) for k, trunk in enumerate(TRUNKS)]
# Those with a memory of several kinds. Of "config" and "grad-drop", two fits differ in
# the last bits even without a checkpoint.
BALANCINGS = [
    *("uncertainty", "dwa", "random", "gradnorm"),
    *("imtl-l", "pcd", "excess-mtl", "grad-vac"),
    ScheduledWeights({1: {"topic": 3}, 3: {"topic": 1}}),
]


@pytest.mark.parametrize(("trunk", "sharing"), PAIRS)
def test_every_network_goes_on(trunk, sharing, path):
    check_goes_on(
        path,
        6,
        data_of(trunk),
        trunk=TRUNKS[trunk],
        sharing=SHARINGS[sharing],
        task_types=TYPES,
    )


@pytest.mark.parametrize("balancing", BALANCINGS)
def test_every_balancing_goes_on(balancing, path):
    check_goes_on(path, 8, loss_weights=balancing)


@pytest.mark.filterwarnings("ignore:You are solving a parameterized problem")
@pytest.mark.parametrize("name", ["famo", "nash-mtl"])
def test_a_balancing_with_a_solver_of_its_own_is_refused_before_training(name, path):
    clf = classifier(path, loss_weights=name)
    with pytest.raises(ValueError, match="cannot store the balancing: it holds an obj"):
        clf.fit(TEXTS, LABELS)
    assert not path.exists()


@pytest.mark.parametrize(
    "params",
    [
        {"max_iter": "auto", "batch_size": "auto"},  # ten full batches
        {"early_stopping": True, "n_iter_no_change": 2, "max_iter": 8},
        {"net_params": {"iterator_train__task_power": 0.5}},
        {"embedding": "lsa", "alpha": 0.01},
        {"n_jobs": 2},
        {"checkpoint_every": 1e-9},
    ],
    ids=str,
)
def test_every_way_of_training_goes_on(params, path):
    check_goes_on(path, 4, **params)


@pytest.mark.parametrize("step", [1, 11])
def test_it_goes_on_from_any_epoch(step, path):
    check_goes_on(path, step)


def test_it_is_killed_again_and_again(path):
    expected = classifier().fit(TEXTS, LABELS)
    for step in (5, 1, 2, 4, 3):
        kill(classifier(path), step)
    check_same_fit(classifier(path).fit(TEXTS, LABELS), expected)


def test_trial_fits_are_not_repeated(path, monkeypatch):
    X, y = make_multitask_texts(260, n_tasks=2, random_state=0)
    params = {"trunk": "auto", "max_iter": "auto", "batch_size": "auto"}
    expected = classifier(**params).fit(X, y)
    assert expected.alpha_ > 0 or expected.temperatures_
    steps, finish = [], _run.TrainingRun.finish

    def killed(*args):
        raise Killed

    monkeypatch.setattr(_run.TrainingRun, "finish", killed)
    with pytest.raises(Killed):
        classifier(path, **params).fit(X, y)
    monkeypatch.setattr(_run.TrainingRun, "finish", finish)
    # The last epoch is in the file, so nothing trains.
    monkeypatch.setattr(MultiTaskNet, "train_step", lambda *args: steps.append(args))
    check_same_fit(classifier(path, **params).fit(X, y), expected, X)
    assert not steps


def test_an_early_stop_is_kept(path, monkeypatch):
    params = {"early_stopping": True, "n_iter_no_change": 1, "max_iter": 30}
    expected = classifier(**params).fit(TEXTS, LABELS)
    assert expected.n_iter_ < 30
    tune = MultiTaskNet.finish

    def killed(*args):
        raise Killed

    monkeypatch.setattr(MultiTaskNet, "finish", killed)
    with pytest.raises(Killed):
        classifier(path, **params).fit(TEXTS, LABELS)
    monkeypatch.setattr(MultiTaskNet, "finish", tune)
    check_same_fit(classifier(path, **params).fit(TEXTS, LABELS), expected)


def test_rows_set_aside_are_learnt_after_going_on(path):
    X, y = make_multitask_texts(3100, n_tasks=2, random_state=0)
    params = {"alpha": 0, "learning_rate_init": 100, "max_iter": 2, "batch_size": 1024}
    check_goes_on(path, 4, X, y, **params)


@pytest.mark.parametrize("kind", ["matrix", "array", "frame of texts"])
def test_every_kind_of_rows_goes_on(kind, path):
    words = TfidfVectorizer().fit_transform(TEXTS)
    X = {"matrix": words, "array": words.toarray(), "frame of texts": None}[kind]
    params = {}
    if X is None:
        X = pd.DataFrame({"a": TEXTS, "b": TEXTS})
        params["vectorizer"] = ColumnTransformer([("a", TfidfVectorizer(), "a")])
    params["trunk"] = "dense" if kind == "array" else BagTrunk(4)
    check_goes_on(path, 5, X, **params)


class Noisy(nn.Module):
    """Draws torch's global random numbers, and counts."""

    def __init__(self, n_features):
        super().__init__()
        self.layer, self.calls = nn.Linear(n_features, 4), 0

    def forward(self, X):
        self.calls += 1
        hidden = self.layer(X)
        if not self.training:
            return hidden
        return hidden + self.calls / 100 * torch.randn(len(hidden), 4)


def test_random_numbers_and_counts_of_own_modules_go_on(path):
    trunk = ModuleTrunk(Noisy, n_units=4)
    before = torch.get_rng_state()
    check_goes_on(path, 5, ROWS, trunk=trunk)
    assert (torch.get_rng_state() == before).all()


class WithMemory(BaseBalancing):
    def __init__(self, memory=dict):
        self.memory = memory

    def build(self, task_names, labelled_share):
        return Remembering(len(task_names), self.memory)


class Remembering(Balancer):
    def __init__(self, n_tasks, memory):
        super().__init__()
        self.register_buffer("weights", torch.ones(n_tasks))
        self.make, self.seen = memory, {"n": 0, "last": None}

    def forward(self, losses):
        return losses.sum() * (1 + self.seen["n"] / 10)

    def end_epoch(self, losses):
        self.seen = self.make(self.seen | {"n": self.seen["n"] + 1, "last": losses})


class Box:
    def __init__(self, seen):
        self.seen = seen

    def __getitem__(self, name):
        return self.seen[name]


def test_the_memory_of_an_own_balancing_goes_on(path):
    check_goes_on(path, 8, loss_weights=WithMemory())


def test_a_memory_that_cannot_be_stored_is_refused(path):
    clf = classifier(path, loss_weights=WithMemory(Box))
    message = r"the balancing\.seen of the loss: it holds an object of Box, .*=None"
    with pytest.raises(ValueError, match=message):
        clf.fit(TEXTS, LABELS)


class Counts(Callback):
    """Stops the training after some epochs, as counted by itself."""

    def __init__(self, most=6, logger=None):
        self.most, self.logger = most, logger
        self.losses = []

    def on_epoch_end(self, net, **kwargs):
        self.losses.append(net.history[-1, "train_loss"])
        if len(self.losses) == self.most:
            raise KeyboardInterrupt


class KeepsItself(Counts):
    def __init__(self, most=6):
        super().__init__(most)
        self.logger = object()

    def state_dict(self):
        return {"losses": self.losses}

    def load_state_dict(self, state):
        self.losses = state["losses"]


@pytest.mark.parametrize(
    "callbacks",
    [
        [Counts()],
        [Counts(logger=object())],
        [KeepsItself()],
        [EarlyStopping("valid_loss", patience=20, load_best=True)],
        [LRScheduler("StepLR", step_size=2), Counts()],
        [Freezer("trunk*", at=2), Unfreezer("trunk*", at=7)],
        [LRScheduler("ReduceLROnPlateau", monitor="train_loss", patience=0)],
        [LRScheduler(OneCycleLR, max_lr=0.1, total_steps=40, cycle_momentum=False,
                     step_every="batch")],
        [EpochScoring(lambda net, X, y: len(net.history), name="n", on_train=True)],
    ],
)  # fmt: skip
def test_callbacks_go_on(callbacks, path):
    check_goes_on(path, 14, callbacks=callbacks, max_iter=9)


class WithHandle(Counts):
    def __init__(self, most=6):
        super().__init__(most)
        self.handle = object()


def test_a_callback_that_cannot_be_stored_is_refused_before_training(path):
    clf = classifier(path, callbacks=[WithHandle()])
    with pytest.raises(ValueError, match="attribute handle of the callback 'WithHandl"):
        clf.fit(TEXTS, LABELS)
    assert not path.exists()


def test_a_split_by_skorch_is_refused(path):
    clf = classifier(path, net_params={"train_split": ValidSplit(3)})
    with pytest.raises(ValueError, match=r"train_split.*early_stopping=True"):
        clf.fit(TEXTS, LABELS)


def test_without_a_seed_the_seed_is_kept(path):
    clf = classifier(path, random_state=None)
    kill(clf, 5)
    seed = held(path)["seed"]
    found = clone(clf).fit(TEXTS, LABELS)
    assert found.random_state is None
    check_same_fit(found, classifier(random_state=seed).fit(TEXTS, LABELS))


def test_the_state_of_a_seed_is_not_compared(path):
    kill(classifier(path, random_state=np.random.RandomState(3)), 5)
    seed = held(path)["seed"]
    found = classifier(path, random_state=np.random.RandomState(4)).fit(TEXTS, LABELS)
    check_same_fit(found, classifier(random_state=seed).fit(TEXTS, LABELS))


def held(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("checkpoint.json"))


def test_a_warm_start_goes_on(path):
    first = classifier(warm_start=True, max_iter=1).fit(TEXTS, LABELS)
    expected = again(first, None).fit(TEXTS, LABELS)
    clf = again(first, path)
    steps = MultiTaskNet.train_step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MultiTaskNet, "train_step", killing(steps, 8))
        with pytest.raises(Killed):
            clf.fit(TEXTS, LABELS)
    assert clf.net_ is first.net_
    other = classifier(warm_start=True, max_iter=2).fit(TEXTS, LABELS)
    with pytest.raises(AnotherFit, match="previous fit has changed"):
        again(other, path).fit(TEXTS, LABELS)
    found = again(first, path).fit(TEXTS, LABELS)
    check_same_fit(found, expected)
    assert found.n_iter_ == 5


def again(clf, path):
    twin = copy(clf)
    twin.checkpoint, twin.max_iter = path, 4
    return twin


def killing(train_step, last):
    steps = []

    def some_steps(*args, **kwargs):
        steps.append(args)
        if len(steps) == last:
            raise Killed
        return train_step(*args, **kwargs)

    return some_steps


OTHERS = {
    "alpha": ({"alpha": 0.1}, r"parameter alpha is 0\.1, and was 'auto'"),
    "trunk": ({"trunk": BagTrunk(5)}, r"trunk is BagTrunk\(.*5.*was BagTrunk\(.*4"),
    "seed": ({"random_state": 1}, "random_state is 1, and was 0"),
    "no seed": ({"random_state": None}, "random_state is drawn, and was 0"),
    "weights": ({"loss_weights": {"topic": 2}}, "loss_weights is {'topic': 2}, and"),
    "callbacks": ({"callbacks": [Counts(3)]}, r"callbacks is \[Counts\(.*most=3"),
    "function": (
        {"vectorizer": TfidfVectorizer(tokenizer=str.split, token_pattern=None)},
        "vectorizer is TfidfVectorizer",
    ),
}


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    path = tmp_path_factory.mktemp("killed") / "fit.ckpt"
    kill(classifier(path), 5)
    return path.read_bytes()


@pytest.fixture
def kept(killed, path):
    path.write_bytes(killed)
    return path


@pytest.mark.parametrize("name", OTHERS)
def test_another_configuration_is_refused(name, kept, monkeypatch):
    params, message = OTHERS[name]
    before = kept.read_bytes()
    monkeypatch.setattr(MultiTaskTextClassifier, "_read", None)  # nothing is read
    with pytest.raises(AnotherFit, match=message):
        classifier(kept, **params).fit(TEXTS, LABELS)
    assert kept.read_bytes() == before
    assert list(kept.parent.iterdir()) == [kept]


def test_many_differences_are_counted(kept):
    params = {"alpha": 1, "batch_size": 3, "max_iter": 5, "n_iter_no_change": 9}
    with pytest.raises(AnotherFit, match=r"and 1 more. To continue .*To begin this"):
        classifier(kept, **params).fit(TEXTS, LABELS)


def test_settings_that_change_no_result_may_change(kept, tmp_path):
    params = {"verbose": 0, "n_jobs": 2, "memory": str(tmp_path / "cache")}
    params |= {"checkpoint_every": 5.0}
    classifier(kept, **params).fit(TEXTS, LABELS)
    assert not kept.exists()


WEIGHTS = np.linspace(1, 2, len(TEXTS))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda: ([*TEXTS[:-1], "w1"], LABELS), "another fit: X has changed"),
        (lambda: (TEXTS[::-1], LABELS), "another fit: X has changed"),
        (lambda: (TEXTS, LABELS[::-1]), "another fit: y has changed"),
        (lambda: (TEXTS, LABELS.rename(columns={"topic": "t"})), "y has changed"),
        (lambda: (TEXTS, LABELS.replace({"topic": {"arts": "art"}})), "y has changed"),
        (lambda: (TEXTS, LABELS, WEIGHTS), "another fit: sample_weight has changed"),
        (lambda: (TEXTS[:-1], LABELS[:-1]), "X has changed; y has changed"),
    ],
)
def test_other_data_are_refused(data, message, kept, monkeypatch):
    monkeypatch.setattr(MultiTaskTextClassifier, "_prepare", None)
    with pytest.raises(AnotherFit, match=message):
        classifier(kept).fit(*data())
    assert kept.exists()


def test_another_table_is_refused(path):
    X = pd.DataFrame({"a": TEXTS})
    params = {"vectorizer": ColumnTransformer([("a", TfidfVectorizer(), "a")])}
    kill(classifier(path, **params), 5, X)
    with pytest.raises(AnotherFit, match="vectorizer and embedding make of X has chan"):
        classifier(path, **params).fit(X[::-1], LABELS)


def test_another_version_is_refused(kept, monkeypatch):
    monkeypatch.setattr(sklearn_mtl, "__version__", "0.2.0")
    message = "version of sklearn_mtl is 0.2.0, and was"
    with pytest.raises(AnotherFit, match=message):
        classifier(kept).fit(TEXTS, LABELS)


def test_a_newer_format_is_refused(path, monkeypatch):
    monkeypatch.setattr(_checkpoint, "VERSION", 2)
    kill(classifier(path), 5)
    monkeypatch.undo()
    with pytest.raises(NewerFormat, match=r"of version 2, but .* up to version 1. Up"):
        classifier(path).fit(TEXTS, LABELS)


def test_any_damage_is_found(kept):
    content = kept.read_bytes()
    for place in np.linspace(6, len(content) - 1, 24, dtype=int):
        damaged = bytearray(content)
        damaged[place] ^= 16
        kept.write_bytes(damaged)
        with pytest.raises(ModelFileError, match="Delete it to fit from the beginning"):
            classifier(kept).fit(TEXTS, LABELS)
        assert kept.read_bytes() == damaged


@pytest.mark.parametrize("size", [1, 100, 5000])
def test_a_part_of_a_file_is_refused(size, kept):
    kept.write_bytes(kept.read_bytes()[:size])
    with pytest.raises(ModelFileError, match=r"is damaged: .*Delete it"):
        classifier(kept).fit(TEXTS, LABELS)


def test_other_files_are_not_replaced(path):
    classifier().fit(TEXTS, LABELS).save(path)
    for content in (path.read_bytes(), b"notes of mine", b""):
        path.write_bytes(content)
        with pytest.raises(NotAModelFile, match="is not the checkpoint of a fit"):
            classifier(path).fit(TEXTS, LABELS)
        assert path.read_bytes() == content


@pytest.mark.parametrize("entry", ["identity", "seed", "training"])
def test_a_file_without_an_entry_is_refused(entry, kept):
    with open(kept, "rb") as file:
        members = _archive.read_archive(file)
        parts = {n: _archive.read_member(file, m) for n, m in members.items()}
    tree = json.loads(parts["checkpoint.json"])
    del tree[entry]
    parts["checkpoint.json"] = json.dumps(tree).encode()
    with open(kept, "wb") as file:
        _archive.write_archive(file, {name: [own] for name, own in parts.items()})
    with pytest.raises(BadState, match="other entries than a checkpoint has"):
        classifier(kept).fit(TEXTS, LABELS)


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "is a folder"), ("no/fit.ckpt", "Cannot write into the folder .*no'")],
)
def test_a_path_that_cannot_be_written_is_refused_first(name, message, tmp_path):
    clf = classifier(tmp_path / name)
    with pytest.raises(CannotWrite, match=message):
        clf.fit(TEXTS, "these labels are never read")


def full_disk(*args):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_found_before_training(path, monkeypatch):
    monkeypatch.setattr(_archive, "write_archive", full_disk)
    monkeypatch.setattr(MultiTaskNet, "train_step", None)
    with pytest.raises(CannotWrite, match="No space left on device"):
        classifier(path).fit(TEXTS, LABELS)
    assert not list(path.parent.iterdir())


def test_a_disk_that_fills_up_does_not_end_the_fit(path, monkeypatch):
    write, written = _archive.write_archive, []

    def some(*args):
        written.append(args)
        if len(written) > 2:
            full_disk()
        write(*args)

    monkeypatch.setattr(_archive, "write_archive", some)
    with pytest.warns(UserWarning, match="was not written, and training goes on"):
        found = classifier(path).fit(TEXTS, LABELS)
    check_same_fit(found, classifier().fit(TEXTS, LABELS))
    assert not list(path.parent.iterdir())


def test_minutes_pass_between_two_states(path, monkeypatch):
    now, written, write = [0.0], [], _checkpoint._write
    monkeypatch.setattr(_of_net, "monotonic", lambda: now[0])

    def counted(place, parts):
        written.append(len(parts["training"]["history"]))
        write(place, parts)

    class Clock(Callback):
        def on_epoch_begin(self, net, **kwargs):
            now[0] += 60.0

    monkeypatch.setattr(_checkpoint, "_write", counted)
    classifier(path, checkpoint_every=2, max_iter=7, callbacks=[Clock()]).fit(
        TEXTS, LABELS
    )
    assert written == [0, 2, 4, 6]


def test_a_diverged_net_is_not_kept(path):
    clf = classifier(path, learning_rate_init=1e30)
    with (
        pytest.raises(ValueError, match="Training diverged"),
        np.errstate(all="ignore"),
    ):
        clf.fit(TEXTS, LABELS)
    assert not held(path)["training"]["dict"][5][1]


def test_two_fits_cannot_use_one_file(path):
    begun, may_end = Event(), Event()

    class Waits(Callback):
        def on_epoch_end(self, net, **kwargs):
            begun.set()
            may_end.wait(60)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(classifier(path, callbacks=[Waits()]).fit, TEXTS, LABELS)
        assert begun.wait(60)
        with pytest.raises(CheckpointInUse, match="Another fit is using the check"):
            classifier(path).fit(TEXTS, LABELS)
        may_end.set()
        first.result()
    assert not list(path.parent.iterdir())


def test_a_search_uses_the_file_for_one_fit_after_the_other(path):
    search = GridSearchCV(
        classifier(path, max_iter=1),
        {"alpha": [0.0, 1.0]},
        cv=MultiTaskStratifiedKFold(2),
        scoring=multitask_scorer(output="mean"),
    ).fit(TEXTS, LABELS[["topic"]])
    assert search.best_estimator_.checkpoint == path
    assert not list(path.parent.iterdir())


def test_a_search_over_loss_weights_refuses_it(path):
    search = LossWeightSearchCV(
        classifier(path), [[1, 1], [1, 2]], cv=MultiTaskStratifiedKFold(2)
    )
    with pytest.raises(ValueError, match=r"several networks at once.*checkpoint=None"):
        search.fit(TEXTS, LABELS[["topic", "urgent"]])


def test_task_conflicts_leaves_it_alone(kept):
    before = kept.read_bytes()
    task_conflicts(classifier(kept, max_iter=1), TEXTS, LABELS[["topic", "urgent"]])
    assert kept.read_bytes() == before


def test_a_model_file_has_no_checkpoint(path, tmp_path):
    clf = classifier(path, checkpoint_every=3.0, warm_start=True).fit(TEXTS, LABELS)
    clf.save(tmp_path / "model.mtl")
    assert sklearn_mtl.load(tmp_path / "model.mtl").checkpoint is None


def test_only_unfinished_files_of_its_own_are_removed(tmp_path):
    path = tmp_path / "fit[1].ckpt"
    own = tmp_path / f".{path.name}.{'0a' * 8}.part"
    others = [f".{path.name}.2.{'0a' * 8}.part", f".fit1.ckpt.{'0a' * 8}.part"]
    for name in (own.name, *others):
        (tmp_path / name).touch()
    kill(classifier(path), 2)
    assert {each.name for each in tmp_path.iterdir()} == {path.name, *others}


PROGRAM = """
import os, signal, sys
from pathlib import Path
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.training._net import MultiTaskNet
from sklearn_mtl.trunks import BagTrunk

path = Path(sys.argv[1])
X, y = make_multitask_texts(60, n_tasks=2, random_state=0)

def fit(checkpoint, to):
    MultiTaskTextClassifier(
        trunk=BagTrunk(4), batch_size=16, max_iter=6, checkpoint=checkpoint,
        random_state=0,
    ).fit(X, y).save(path.with_name(to))

def killed_at_call(number, function):
    calls = []
    def called(*args, **kwargs):
        calls.append(args)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return called

def status(how):
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if how == "as it writes":
        os.replace = killed_at_call(3, os.replace)
    elif how == "as it trains":
        MultiTaskNet.train_step = killed_at_call(5, MultiTaskNet.train_step)
    fit(path, "found.mtl")
    os._exit(0)

print([status(how) for how in ("as it writes", "as it trains", "not")])
fit(None, "expected.mtl")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_a_process_that_is_killed_goes_on(path):
    command = [sys.executable, "-c", PROGRAM, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == f"{[-signal.SIGKILL, -signal.SIGKILL, 0]}\n", done.stderr
    # Neither the lock nor an unfinished file is left.
    files = {each.name: each.read_bytes() for each in path.parent.iterdir()}
    assert files.keys() == {"found.mtl", "expected.mtl"}
    assert files["found.mtl"] == files["expected.mtl"]


def test_several_processes_have_no_checkpoint(monkeypatch, tmp_path):
    monkeypatch.setattr("sklearn_mtl.persistence._checkpoint.current_ranks", object)
    classifier = MultiTaskTextClassifier(checkpoint=tmp_path / "fit.ckpt")
    with pytest.raises(ValueError, match=r"fit.ckpt' within data_parallel\. Set"):
        classifier.fit(["a b", "c d"], [[0], [1]])
    assert list(tmp_path.iterdir()) == []
