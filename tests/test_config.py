"""The settings of a training run: devices, callbacks and the metric to stop by."""

from dataclasses import FrozenInstanceError, asdict

import numpy as np
import pytest
import torch
from skorch.callbacks import EarlyStopping, EpochScoring, LRScheduler

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.training._config import TrainingConfig, resolve_device


def config_of(**params):
    return TrainingConfig.of(MultiTaskTextClassifier(**params))


@pytest.fixture(params=[False, True], ids=["no CUDA", "CUDA"])
def cuda(request, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: request.param)
    return request.param


def test_settings_are_those_of_the_estimator():
    settings = {
        "sharing": "hard",
        "max_iter": 7,
        "batch_size": 20,
        "learning_rate_init": 0.5,
        "alpha": 2.0,
        "temperature": 1.5,
        "logit_adjustment": 0.1,
        "class_weight": "balanced",
        "early_stopping": True,
        "early_stopping_metric": "worst",
        "validation_fraction": 0.3,
        "n_iter_no_change": 4,
        "random_state": 3,
        "device": "cpu",
        "verbose": 1,
        "callbacks": [],
        "net_params": {"lr": 1},
    }
    assert asdict(config_of(**settings)) == {**settings, "learning_rate_factor": 1.0}


def test_settings_are_read_once():
    estimator = MultiTaskTextClassifier(max_iter=3)
    config = TrainingConfig.of(estimator)
    estimator.set_params(max_iter=5)
    assert config.max_iter == 3
    with pytest.raises(FrozenInstanceError):
        config.max_iter = 5


def test_the_device_is_resolved_as_settings_are_read(cuda):
    assert config_of(device="auto").device == ("cuda" if cuda else "cpu")
    with pytest.raises(ValueError, match="'gpu' is not a device that torch knows"):
        config_of(device="gpu")


def test_no_parameters_of_the_net_are_an_empty_dict():
    assert config_of().params_of_net == {}
    assert not config_of().splits_by_itself
    params = {"train_split": min}
    assert config_of(net_params=params).params_of_net is params
    assert config_of(net_params=params).splits_by_itself


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
    names = names_of(config_of().run_callbacks(None))
    assert names == ["learning_rate"]


@pytest.mark.parametrize("wrap", [lambda c: c, lambda c: ("mine", c)])
def test_a_scheduler_of_the_user_replaces_the_decay(wrap):
    own = wrap(LRScheduler("StepLR", step_size=1))
    ((name, copy),) = config_of(callbacks=[own]).run_callbacks(None)
    assert name in ("LRScheduler", "mine")
    assert isinstance(copy, LRScheduler)
    assert copy.kwargs == {"step_size": 1}


def test_callbacks_of_the_user_come_after_ours():
    own = EpochScoring("accuracy")
    callbacks = config_of(callbacks=[own], verbose=1).run_callbacks("mean")
    found = names_of(callbacks)
    assert found == ["learning_rate", "early_stopping", "progress", "EpochScoring"]
    copy = callbacks[3][1]
    assert isinstance(copy, EpochScoring)
    assert copy is not own  # since a fit counts and keeps in it


@pytest.mark.parametrize("watched", ["mean", "tone"])
def test_whose_score_to_stop_by(watched):
    _, (_, stopping) = config_of().run_callbacks(watched)
    assert isinstance(stopping, EarlyStopping)
    assert stopping.monitor == f"valid_score_{watched}"


@pytest.mark.parametrize("name", ["mean", "worst", "tone", "f1_macro_worst"])
def test_metric_to_stop_by(name):
    config = config_of(early_stopping=True, early_stopping_metric=name)
    config.check(["tone"])


def test_unknown_metric_to_stop_by():
    config = config_of(early_stopping=True, early_stopping_metric="f1")
    with pytest.raises(ValueError, match=r"'f1'; the tasks are \['tone'\]"):
        config.check(["tone"])


@pytest.mark.parametrize("name", ["mean", "worst"])
def test_a_task_cannot_have_the_name_of_a_score(name):
    config = config_of(early_stopping=True)
    with pytest.raises(ValueError, match=f"A task is called '{name}'"):
        config.check(["tone", name])


def test_metric_is_not_looked_at_without_early_stopping():
    config_of(early_stopping_metric="f1").check(["tone"])


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
    config = config_of(net_params={name: 1})
    with pytest.raises(
        ValueError, match=f"net_params contains '{name}', .*Use .*{instead}"
    ):
        config.check(["tone"])


def test_prefixes_of_the_net_may_pass():
    names = ["optimizer_dense__betas", "optimizer_sparse__lr", "callbacks__print_log"]
    config = config_of(net_params=dict.fromkeys(names))
    config.check(["tone"])


def test_training_stops_by_more_than_nothing_in_so_many_epochs():
    _, (_, stopping) = config_of(n_iter_no_change=7).run_callbacks("mean")
    assert stopping.patience == 7
    assert stopping.lower_is_better is False
    assert stopping.threshold_mode == "abs"
    assert stopping.load_best is True


@pytest.mark.parametrize("device", ["gpu", "cpu:x", "nowhere"])
def test_a_device_that_torch_does_not_know(device):
    with pytest.raises(
        ValueError, match=f"'{device}' is not a device that torch knows"
    ):
        resolve_device(device)


@pytest.mark.parametrize(
    ("asked", "n_devices", "there"),
    [
        ("cuda:0", 1, True),
        ("cuda:1", 2, True),
        ("cuda:2", 2, False),
        ("cuda", 0, False),
    ],
)
def test_a_device_is_counted_from_zero(asked, n_devices, there, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: n_devices > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: n_devices)
    if there:
        assert resolve_device(asked) == asked
        return
    match = f"finds {n_devices or 'no'} CUDA device"
    with pytest.raises(ValueError, match=match):
        resolve_device(asked)


@pytest.mark.parametrize(
    ("params", "aside"),
    [
        ({}, False),
        ({"early_stopping": True}, True),
        ({"early_stopping": np.True_}, True),
        ({"early_stopping": False}, False),
        ({"callbacks": [EpochScoring(min)]}, True),
        ({"callbacks": [EpochScoring(min, on_train=True)]}, False),
        ({"callbacks": [EarlyStopping(monitor="train_loss")]}, False),
        ({"callbacks": [LRScheduler("StepLR", step_size=1), EpochScoring(min)]}, True),
        ({"callbacks": [EpochScoring(min)], "early_stopping": False}, False),
        ({"early_stopping": True, "net_params": {"train_split": min}}, False),
        ({"early_stopping": True, "net_params": {"train_split": None}}, True),
    ],
)
def test_who_has_rows_set_aside(params, aside):
    assert config_of(**params).sets_rows_aside is aside


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("auto", False),
        (False, False),
        (True, True),
        (np.False_, False),
        (np.True_, True),
    ],
    ids=repr,
)
def test_early_stopping_is_for_those_who_ask(value, expected):
    assert config_of(early_stopping=value).stops_early is expected
