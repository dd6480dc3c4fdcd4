"""States of modules and callbacks as plain values."""

from collections import OrderedDict, defaultdict

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback, EarlyStopping
from torch import nn

from sklearn_mtl.network import Dropout
from sklearn_mtl.training._states import (
    NotPlain,
    callback_state,
    module_state,
    objects_of,
    plain,
    set_callback_state,
    set_module_state,
)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 3, 0.5, "a", np.float32(2), np.arange(3), torch.float64),
        *([1, 2.0], (1, "b"), {"a": {1: None}}, {1, 2}, torch.device("cpu")),
    ],
)
def test_plain_values_are_returned(value):
    found = plain(value)
    assert type(found) is type(value)
    assert_array_equal(found, value)


def test_tensors_lose_their_graph_and_dicts_their_class():
    weight = torch.ones(2, requires_grad=True)
    found = plain(OrderedDict(a=2 * weight, b=defaultdict(list, c=[1])))
    assert type(found) is type(found["b"]) is dict
    assert not found["a"].requires_grad


@pytest.mark.parametrize(
    "value",
    [
        *(object(), len, np.array([None]), nn.Parameter(torch.ones(1)), {(1,): 2}),
        *([1, {2: open}], torch.eye(2).to_sparse(), nn.Linear(1, 1), range(2)),
    ],
)
def test_other_values_are_not_plain(value):
    with pytest.raises(NotPlain):
        plain(value)


class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.dropout = nn.Linear(3, 2), Dropout(0.5)
        self.tied = self.layer.weight
        self.register_buffer("mean", torch.zeros(2), persistent=False)
        self.register_buffer("grows", None)
        self.n_calls, self.last, self.act = 0, None, torch.tanh
        self.noise = torch.Generator().manual_seed(3)

    def forward(self, rows):
        hidden = self.act(self.dropout(self.layer(rows)))
        hidden = hidden + torch.rand(2, generator=self.noise)
        self.n_calls, self.last = self.n_calls + 1, hidden.detach()
        self.mean += hidden.detach().mean(0)
        self.grows = torch.ones(self.n_calls)
        return hidden


def run(module, rows, n_steps):
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for _ in range(n_steps):
        optimizer.zero_grad()
        module(rows).square().sum().backward()
        optimizer.step()
    return module


def made():
    torch.manual_seed(0)
    return Mixed()


def test_a_module_goes_on_from_its_state():
    rows = torch.arange(12.0).reshape(4, 3) / 12
    expected = run(made(), rows, 5)
    first = run(made(), rows, 3)
    first.layer.bias.requires_grad_(False)
    found = made()
    set_module_state(found, module_state(first))
    assert not found.layer.bias.requires_grad
    found.layer.bias.requires_grad_(True)
    kept = found.layer.weight
    run(found, rows, 2)
    assert found.tied is found.layer.weight is kept
    assert found.n_calls == expected.n_calls == 5
    for name in ("last", "mean", "grows"):
        assert_array_equal(getattr(found, name), getattr(expected, name))
    weights = [module.layer.weight.detach() for module in (found, expected)]
    assert_array_equal(*weights)


def test_a_shared_weight_is_kept_once():
    assert list(module_state(made())["weights"]) == ["tied", "layer.bias"]


def test_a_state_does_not_fit_another_network():
    other = made()
    other.layer = nn.Linear(4, 2)
    with pytest.raises(ValueError, match="other weights than that of the checkpoint"):
        set_module_state(other, module_state(made()))


def test_objects_are_listed():
    module = made()
    assert objects_of(module) == {("", "act"): torch.tanh}


class Keeps(Callback):
    def __init__(self, given=None):
        self.given, self.seen = given, [1]


def test_a_callback_goes_on_from_what_it_was_not_given():
    callback, other = Keeps(given=object()), Keeps(given=3)
    callback.seen.append(2)
    callback.extra_ = {"a": 1}
    set_callback_state(other, callback_state(callback))
    assert (other.given, other.seen, other.extra_) == (3, [1, 2], {"a": 1})


def test_what_a_callback_cannot_keep_is_named():
    callback = Keeps()
    callback.file = made
    with pytest.raises(NotPlain) as reason:
        callback_state(callback)
    assert reason.value.args == ("file", made)


def test_handles_of_skorch_stay_out_of_the_state():
    callback = EarlyStopping()
    callback.handle_ = object()
    assert "handle_" not in callback_state(callback)
