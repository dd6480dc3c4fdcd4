"""A training run: devices, threads, callbacks and the metric to stop by."""

import numpy as np
import pytest
import torch
from skorch.callbacks import EarlyStopping, EpochScoring, LRScheduler

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.training._run import _callbacks, check_settings, resolve_device
from sklearn_mtl.trunks import RecurrentTrunk


@pytest.fixture(params=[False, True], ids=["no CUDA", "CUDA"])
def cuda(request, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: request.param)
    return request.param


def test_auto_device_is_cuda_where_there_is_one(cuda):
    assert resolve_device("auto") == ("cuda" if cuda else "cpu")


def test_cpu_is_always_there(cuda):
    assert resolve_device("cpu") == "cpu"


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_cuda_asked_for_and_absent(cuda, device, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    if cuda and device == "cuda":
        assert resolve_device(device) == device
    elif cuda:
        with pytest.raises(ValueError, match=f"device='{device}'.*finds 1 CUDA"):
            resolve_device(device)
    else:
        with pytest.raises(ValueError, match=f"device='{device}'.*no CUDA device"):
            resolve_device(device)


def names_of(callbacks):
    return [c[0] if isinstance(c, tuple) else type(c).__name__ for c in callbacks]


def test_steps_decay_by_default():
    names = names_of(_callbacks(MultiTaskTextClassifier(), None))
    assert names == ["learning_rate"]


@pytest.mark.parametrize("wrap", [lambda c: c, lambda c: ("mine", c)])
def test_a_scheduler_of_the_user_replaces_the_decay(wrap):
    own = wrap(LRScheduler("StepLR", step_size=1))
    callbacks = _callbacks(MultiTaskTextClassifier(callbacks=[own]), None)
    assert callbacks == [own]


def test_callbacks_of_the_user_come_after_ours():
    own = EpochScoring("accuracy")
    settings = MultiTaskTextClassifier(callbacks=[own], verbose=1)
    callbacks = _callbacks(settings, "mean")
    found = names_of(callbacks)
    assert found == ["learning_rate", "early_stopping", "progress", "EpochScoring"]
    assert callbacks[3] is own


@pytest.mark.parametrize("watched", ["mean", "tone"])
def test_whose_score_to_stop_by(watched):
    _, (_, stopping) = _callbacks(MultiTaskTextClassifier(), watched)
    assert isinstance(stopping, EarlyStopping)
    assert stopping.monitor == f"valid_score_{watched}"


@pytest.mark.parametrize("name", ["mean", "worst", "tone", "f1_macro_worst"])
def test_metric_to_stop_by(name):
    settings = MultiTaskTextClassifier(early_stopping=True, early_stopping_metric=name)
    check_settings(settings, ["tone"])


def test_unknown_metric_to_stop_by():
    settings = MultiTaskTextClassifier(early_stopping=True, early_stopping_metric="f1")
    with pytest.raises(ValueError, match=r"'f1'; the tasks are \['tone'\]"):
        check_settings(settings, ["tone"])


@pytest.mark.parametrize("name", ["mean", "worst"])
def test_a_task_cannot_have_the_name_of_a_score(name):
    settings = MultiTaskTextClassifier(early_stopping=True)
    with pytest.raises(ValueError, match=f"no task can be called '{name}'"):
        check_settings(settings, ["tone", name])


def test_metric_is_not_looked_at_without_early_stopping():
    check_settings(MultiTaskTextClassifier(early_stopping_metric="f1"), ["tone"])


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("lr", "learning_rate_init"),
        ("batch_size", "batch_size"),
        ("max_epochs", "max_iter"),
        ("optimizer", "optimizer_sparse"),
        ("optimizer__lr", "optimizer_sparse"),
    ],
)
def test_what_has_a_parameter_of_its_own_is_refused_in_net_params(name, instead):
    settings = MultiTaskTextClassifier(net_params={name: 1})
    with pytest.raises(ValueError, match=f"net_params holds '{name}'. Use .*{instead}"):
        check_settings(settings, ["tone"])


def test_prefixes_of_the_net_may_pass():
    names = ["optimizer_dense__betas", "optimizer_sparse__lr", "callbacks__print_log"]
    settings = MultiTaskTextClassifier(net_params=dict.fromkeys(names))
    check_settings(settings, ["tone"])


def test_a_warm_start_keeps_the_scale_of_the_rows():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.integers(2, size=40)
    clf = MultiTaskTextClassifier(random_state=0, max_iter=5).fit(X, y)
    before = clf.predict_proba(X)
    clf.set_params(warm_start=True, learning_rate_init=1e-12, max_iter=1)
    np.testing.assert_allclose(clf.fit(10 * X, y).predict_proba(X), before, atol=1e-8)


@pytest.mark.parametrize(
    ("params", "shuffled"),
    [({}, False), ({"iterator_train__batch_size": 5}, True)],
)
def test_batches_are_shuffled_where_there_are_several(params, shuffled):
    X, y = np.ones((40, 3)), np.arange(40) % 2
    clf = MultiTaskTextClassifier(random_state=0, max_iter=1, net_params=params)
    net = clf.fit(X, y).net_
    assert net.iterator_train__shuffle == shuffled
    assert net.history[-1, "train_batch_count"] == (8 if shuffled else 1)


def test_a_warm_start_refuses_another_network_of_the_same_shapes():
    texts = ["late parcel", "wrong bill", "box is late", "bill again"] * 5
    clf = MultiTaskTextClassifier(trunk=RecurrentTrunk(n_units=4), max_iter=1).fit(
        texts, [0, 1] * 10
    )
    before = clf.predict_proba(texts)
    clf.set_params(warm_start=True, trunk__pooling="mean")
    with pytest.raises(ValueError, match="had pooling='max' and has pooling='mean'"):
        clf.fit(texts, [0, 1] * 10)
    np.testing.assert_array_equal(clf.predict_proba(texts), before)
    clf.set_params(trunk__pooling="max", trunk__dropout=0.1).fit(texts, [0, 1] * 10)
    assert clf.n_iter_ == 2
    clf.set_params(trunk__pooling="mean", warm_start=False).fit(texts, [0, 1] * 10)
