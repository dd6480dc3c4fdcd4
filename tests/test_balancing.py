"""Fixed loss weights: the formula, its laws, and its parameters."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_mtl.balancing import BaseBalancing, FixedWeights, resolve_balancing

NAMES = ["topic", "tone"]
SHARES = [0.25, 1.0]


def effective(weights=None, **params):
    return FixedWeights(weights, **params).effective(NAMES, SHARES)


# Weights -----------------------------------------------------------------------------

positive = st.floats(1e-3, 1e3)


@st.composite
def tasks(draw):
    """Draw weights, some of them zero, and labelled shares of as many tasks."""
    n_tasks = draw(st.integers(1, 5))
    size = {"min_size": n_tasks, "max_size": n_tasks}
    weights = st.lists(st.just(0.0) | positive, **size).filter(any)
    shares = st.lists(st.floats(0.01, 1.0), **size)
    return draw(weights), draw(shares)


@settings(max_examples=60, deadline=None)
@given(tasks=tasks(), power=st.floats(0, 1))
def test_weights_follow_the_formula(tasks, power):
    weights, shares = tasks
    names = [f"t{k}" for k in range(len(weights))]
    found = FixedWeights(weights, share_power=power).effective(names, shares)
    raw = [w / s**power for w, s in zip(weights, shares, strict=True)]
    assert_allclose(found, np.array(raw) * len(raw) / sum(raw))


@settings(max_examples=60, deadline=None)
@given(tasks=tasks(), factor=positive, power=st.floats(0, 1))
def test_a_common_factor_changes_nothing(tasks, factor, power):
    weights, shares = tasks
    names = [f"t{k}" for k in range(len(weights))]
    one = FixedWeights(weights, share_power=power)
    other = FixedWeights([factor * w for w in weights], share_power=power)
    assert_allclose(one.effective(names, shares), other.effective(names, shares))


def test_power_zero_counts_all_cells_the_same():
    assert_array_equal(effective(share_power=0), [1, 1])


def test_power_one_counts_all_tasks_the_same():
    weights = effective(share_power=1)
    assert_allclose(weights * SHARES, np.mean(weights * SHARES))


def test_the_default_lies_in_between():
    assert_allclose(effective(), [4 / 3, 2 / 3])


def test_a_dict_gives_weights_by_name_and_one_for_the_rest():
    assert_array_equal(effective({"tone": 3}, share_power=0), [0.5, 1.5])
    assert_array_equal(effective({}, share_power=0), [1, 1])


@pytest.mark.parametrize("container", [list, tuple, np.array, pd.Series])
def test_an_array_gives_weights_in_task_order(container):
    assert_array_equal(effective(container([1, 3]), share_power=0), [0.5, 1.5])


def test_a_zero_takes_a_task_out():
    assert_array_equal(effective({"tone": 0}), [2, 0])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"mood": 1}, r"unknown tasks \['mood'\]\. The tasks are \['topic', 'tone'\]"),
        ([1], r"one weight for each of the 2 tasks .* Got 1\."),
        ([1, 2, 3], r"one weight for each of the 2 tasks .* Got 3\."),
        ([1, -1], "weight of task 'tone' must be a finite number .* Got -1"),
        ([np.nan, 1], "weight of task 'topic' must be a finite number .* Got nan"),
        ([np.inf, 1], "weight of task 'topic' must be a finite number .* Got inf"),
        (["1", "2"], "weight of task 'topic' must be a finite number .* Got '1'"),
        ({"topic": None}, "weight of task 'topic' must be a finite number .* Got None"),
        ([0, 0], "All loss weights are zero"),
        ({"topic": 0, "tone": 0.0}, "All loss weights are zero"),
        (3, "The 'weights' parameter of FixedWeights must be .* Got 3"),
        ("ab", "The 'weights' parameter of FixedWeights must be .* Got 'ab'"),
    ],
)
def test_what_is_wrong_with_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        effective(weights)


@pytest.mark.parametrize("power", [-0.1, 1.1, None, "auto"])
def test_the_power_lies_between_zero_and_one(power):
    with pytest.raises(ValueError, match="The 'share_power' parameter of FixedWeights"):
        effective(share_power=power)


def test_the_module_sums_weighted_losses():
    module = FixedWeights({"topic": 2}).build(NAMES, SHARES)
    losses = torch.tensor([3.0, 1.0], dtype=torch.float64, requires_grad=True)
    total = module(losses)
    assert_allclose(module.weights, [1.6, 0.4])
    assert total.item() == pytest.approx(1.6 * 3 + 0.4)
    assert_allclose(torch.autograd.grad(total, losses)[0], module.weights)
    assert not list(module.parameters())


# Aliases -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss_weights", "weights", "power"),
    [
        ("auto", None, 0.5),
        (None, None, 0),
        ({"topic": 2}, {"topic": 2}, 0.5),
        ([1, 2], [1, 2], 0.5),
    ],
)
def test_what_a_value_of_loss_weights_stands_for(loss_weights, weights, power):
    balancing = resolve_balancing(loss_weights)
    assert balancing.weights == weights
    assert balancing.share_power == power


def test_an_object_is_taken_as_it_is():
    balancing = FixedWeights()
    assert isinstance(balancing, BaseBalancing)
    assert resolve_balancing(balancing) is balancing


# Parameters --------------------------------------------------------------------------


def test_a_dict_is_listed_by_task():
    weights = {"topic": 2, "tone": 1}
    params = {"weights": weights, "share_power": 0.5}
    assert FixedWeights(weights).get_params() == {**params, **weights}
    assert FixedWeights(weights).get_params(deep=False) == params


def test_other_weights_are_not_listed_by_task():
    assert FixedWeights([1, 2]).get_params() == {"weights": [1, 2], "share_power": 0.5}


def test_setting_a_weight_does_not_touch_the_dict():
    weights = {"topic": 2}
    balancing = FixedWeights(weights).set_params(topic=3, tone=4)
    assert balancing.weights == {"topic": 3, "tone": 4}
    assert weights == {"topic": 2}


def test_a_weight_may_be_set_where_there_was_none():
    assert FixedWeights().set_params(tone=4).weights == {"tone": 4}


def test_own_parameters_are_set_before_those_of_tasks():
    balancing = FixedWeights().set_params(tone=4, weights={"topic": 2}, share_power=1)
    assert balancing.weights == {"topic": 2, "tone": 4}
    assert balancing.share_power == 1


def test_a_weight_has_no_name_in_an_array():
    balancing = FixedWeights([1, 2])
    message = r"weight of \['tone'\] by name, because weights is \[1, 2\]\. Pass a dict"
    with pytest.raises(ValueError, match=message):
        balancing.set_params(share_power=1, tone=4)
    assert balancing.share_power == 0.5


def test_a_clone_is_independent():
    balancing = FixedWeights({"topic": 2}, share_power=1)
    copy = clone(balancing).set_params(topic=5)
    assert copy.get_params() == {
        "weights": {"topic": 5},
        "share_power": 1,
        "topic": 5,
    }
    assert balancing.weights == {"topic": 2}
