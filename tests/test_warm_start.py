"""Which network may go on from that of an earlier fit."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from test_net import make_dataset, make_net

from sklearn_mtl.feature_extraction import WordVectors
from sklearn_mtl.sharing import AdversarialSharedPrivate
from sklearn_mtl.training._warm_start import load_weights, network_difference
from sklearn_mtl.trunks import (
    AttentionTrunk,
    BagTrunk,
    ConvTrunk,
    DenseTrunk,
    ModuleTrunk,
    RecurrentTrunk,
)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (AttentionTrunk(n_heads=2), AttentionTrunk(n_heads=4), "trunk had n_heads=2"),
        (RecurrentTrunk(), RecurrentTrunk(pooling="mean"), "has pooling='mean' now"),
        (ConvTrunk(widths=(2, 3)), ConvTrunk(widths=(3, 2)), r"widths=\(2, 3\)"),
        (BagTrunk(), DenseTrunk(), r"was BagTrunk\(\) and is DenseTrunk\(\) now"),
        (None, BagTrunk(), "was None and is BagTrunk"),
        (
            ModuleTrunk(list, n_units=4, params={"a": [1, 2]}),
            ModuleTrunk(list, n_units=4, params={"a": [1, 3]}),
            "trunk had params=",
        ),
        (ModuleTrunk(list, n_units=4), ModuleTrunk(dict, n_units=4), "had module="),
        (
            ConvTrunk(vectors=WordVectors(["a"], [[1.0]])),
            ConvTrunk(vectors=WordVectors(["a"], [[2.0]])),
            "had vectors=",
        ),
    ],
)
def test_another_network_of_the_same_shapes_cannot_be_gone_on_from(
    before, after, message
):
    nets = [SimpleNamespace(module__trunk=t) for t in (before, after)]
    with pytest.raises(ValueError, match=message):
        load_weights(nets[1], nets[0])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (BagTrunk(), BagTrunk(dropout=0.5)),
        (DenseTrunk(), DenseTrunk(dropout=0.5)),
        (ConvTrunk(), ConvTrunk(dropout=0.1, token_dropout=0.1, freeze=True)),
        (ConvTrunk(widths=(2, 3)), ConvTrunk(widths=[2, 3])),
        (
            AdversarialSharedPrivate(),
            AdversarialSharedPrivate(adversarial_weight=1, orthogonality_weight=2),
        ),
        (
            ConvTrunk(vectors=WordVectors(["a"], [[1.0]])),
            ConvTrunk(vectors=WordVectors(["a"], [[1.0]])),
        ),
        (None, None),
    ],
)
def test_how_a_network_learns_may_change(before, after):
    assert network_difference(before, after) is None


def test_another_network_cannot_be_gone_on_from():
    with pytest.raises(ValueError, match="warm_start continues with the network"):
        load_weights(make_net(), make_net(module__trunk=BagTrunk(n_units=5)))


class Plain:
    """Compared by what it holds."""

    def __init__(self, value):
        self.value = value


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (1, 1, True),
        (1, 2, False),
        (1, 1.0, True),
        (1, 1.5, False),
        ([1, 2], (1, 2), True),
        ([1, 2], [1, 2, 3], False),
        ([1, 2], [1, 3], False),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        (np.arange(3), np.arange(3), True),
        (np.arange(3), np.arange(4), False),
        (torch.arange(3), torch.arange(3), True),
        (torch.arange(3), torch.zeros(3), False),
        (Plain([1]), Plain([1]), True),
        (Plain([1]), Plain([2]), False),
        (Plain(1), object(), False),
        (len, len, True),
        (len, min, False),
        (None, None, True),
        (None, 1, False),
    ],
)
def test_parameters_of_a_network_are_compared_by_value(a, b, same):
    trunks = [ModuleTrunk(list, n_units=1, params={"x": value}) for value in (a, b)]
    assert (network_difference(*trunks) is None) is same


def test_the_weights_of_the_network_before_are_taken_over():
    before, net = make_net().train(make_dataset()), make_net()
    load_weights(net, before)
    torch.testing.assert_close(net.module_.state_dict(), before.module_.state_dict())
