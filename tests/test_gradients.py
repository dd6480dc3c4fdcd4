"""Gradients of single tasks at the hidden vector."""

import pytest
import torch
from numpy.testing import assert_allclose
from test_classifier import LABELS, TEXTS

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing._gradients import gramian, hidden_gradients, parts_of
from sklearn_mtl.network import Output
from sklearn_mtl.network._batch import Cells
from sklearn_mtl.sharing import HardSharing, SharedPrivate
from sklearn_mtl.tasks import Ordinal


@pytest.mark.parametrize(
    "params",
    [
        {"sharing": SharedPrivate()},
        {"sharing": HardSharing()},
        {"sharing": HardSharing(share_heads=True)},
        {"task_types": {"topic": Ordinal()}},
        {"sharing": "adversarial"},
    ],
    ids=str,
)
def test_they_are_those_of_each_loss(params):
    labels = LABELS | {"twin": LABELS["tone"]}
    clf = MultiTaskTextClassifier(max_iter=1, random_state=0, **params)
    net = clf.fit(TEXTS, labels).net_
    dataset = clf._dataset(TEXTS)
    codes = torch.arange(len(TEXTS))[:, None] * torch.ones(4, dtype=torch.int64) % 2
    codes[::3, 1] = -1
    rows, _ = next(iter(net.get_iterator(dataset)))
    output = net.module_.train()(rows)
    losses = net.criterion_(output.logits, Cells(codes, torch.ones(codes.shape)))
    found = hidden_gradients(losses, output)
    for own, loss in zip(found, losses, strict=True):
        wanted = torch.autograd.grad(loss, output.hidden, retain_graph=True)[0]
        assert_allclose(own, wanted, rtol=1e-4, atol=1e-6)
    slow = hidden_gradients(losses, output._replace(linear=None))
    assert_allclose(found, slow, rtol=1e-4, atol=1e-6)
    losses.sum().backward()  # the graph is still there


def test_there_are_none_where_nothing_below_learns():
    losses = torch.ones(2, requires_grad=True)
    assert hidden_gradients(losses, Output((), None)) is None
    assert hidden_gradients(losses, Output((), torch.ones(3, 2))) is None


def test_parts_add_up_to_the_square():
    gradients = torch.randn(3, 5, 2, generator=torch.Generator().manual_seed(0))
    weights = torch.tensor([0.5, 2.0, -1.0])
    whole = torch.tensordot(weights, gradients, 1)
    parts = parts_of(weights, gramian(gradients))
    assert parts.sum().item() == pytest.approx(whole.square().sum().item(), rel=1e-5)
    one = (weights[1] * gradients[1] * whole).sum()
    assert parts[1].item() == pytest.approx(one.item(), rel=1e-5)
