"""A training run: devices, threads, callbacks and the metric to stop by."""

import pytest
import torch
from skorch.callbacks import EarlyStopping, EpochScoring, LRScheduler

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl._plan import Plan
from sklearn_mtl._training import _callbacks, check_settings, resolve_device, threads

PLAN = Plan(2, 8, sparse_rate=1.0, dense_rate=1.0, early_stopping=False)
STOPPING = Plan(2, 8, sparse_rate=1.0, dense_rate=1.0, early_stopping=True)


@pytest.fixture(params=[False, True], ids=["no CUDA", "CUDA"])
def cuda(request, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: request.param)
    return request.param


def test_auto_device_is_cuda_where_there_is_one(cuda):
    assert resolve_device("auto") == ("cuda" if cuda else "cpu")


def test_cpu_is_always_there(cuda):
    assert resolve_device("cpu") == "cpu"


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_cuda_asked_for_and_absent(cuda, device):
    if cuda:
        assert resolve_device(device) == device
    else:
        with pytest.raises(ValueError, match=f"device='{device}'.*no CUDA device"):
            resolve_device(device)


@pytest.mark.parametrize(("n_jobs", "expected"), [(None, 1), (2, 2)])
def test_threads_are_set_and_given_back(n_jobs, expected):
    before = torch.get_num_threads()
    with threads(n_jobs):
        assert torch.get_num_threads() == expected
    assert torch.get_num_threads() == before


def test_threads_are_given_back_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(KeyError), threads(before + 1):
        raise KeyError
    assert torch.get_num_threads() == before


def names_of(callbacks):
    return [c[0] if isinstance(c, tuple) else type(c).__name__ for c in callbacks]


def test_steps_decay_by_default():
    names = names_of(_callbacks(MultiTaskTextClassifier(), PLAN, n_steps=10))
    assert names == ["learning_rate"]


@pytest.mark.parametrize("wrap", [lambda c: c, lambda c: ("mine", c)])
def test_a_scheduler_of_the_user_replaces_the_decay(wrap):
    own = wrap(LRScheduler("StepLR", step_size=1))
    callbacks = _callbacks(MultiTaskTextClassifier(callbacks=[own]), PLAN, n_steps=10)
    assert callbacks == [own]


def test_callbacks_of_the_user_come_last():
    own = EpochScoring("accuracy")
    settings = MultiTaskTextClassifier(callbacks=[own], verbose=1)
    callbacks = _callbacks(settings, STOPPING, n_steps=10)
    assert names_of(callbacks[:-1]) == ["learning_rate", "early_stopping", "progress"]
    assert callbacks[-1] is own
    assert isinstance(dict(callbacks[:2])["early_stopping"], EarlyStopping)


@pytest.mark.parametrize("metric", ["mean", "worst", "tone"])
def test_metric_to_stop_by(metric):
    settings = MultiTaskTextClassifier(
        early_stopping=True, early_stopping_metric=metric
    )
    check_settings(settings, ["tone"])
    stopping = dict(_callbacks(settings, STOPPING, n_steps=10))["early_stopping"]
    assert stopping.monitor == f"valid_score_{metric}"


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
