"""The steps, averages and scales of a stream."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

from sklearn_mtl.answers._layout import CodeLayout
from sklearn_mtl.data._label_sums import LabelSums
from sklearn_mtl.network._batch import SparseBatch
from sklearn_mtl.network._input import BlockLinear, DenseLinear, SparseLinear
from sklearn_mtl.tasks import Categorical
from sklearn_mtl.training._stream import StreamRates, rescale
from sklearn_mtl.training._stream_state import RECENT_ROWS, Recent


def groups_of(n_rows, batch):
    groups = [{"lr": 0.0}, {"lr": 0.0}]
    net = SimpleNamespace(optimizer_=SimpleNamespace(param_groups=groups))
    rates = StreamRates([500.0, 0.01], [1.0, 0.5], n_rows)
    rates.on_batch_begin(net, batch=(range(batch), None), training=True)
    return [group["lr"] for group in groups]


@pytest.mark.parametrize(
    ("n_rows", "batch", "factor"), [(256, 256, 1), (256, 64, 1 / 4), (10, 20, 1)]
)
def test_a_small_batch_takes_a_small_step(n_rows, batch, factor):
    assert_allclose(groups_of(n_rows, batch), [500 * factor, 0.01 * factor**0.5])


def rows_of(layer, dense):
    values = np.array([[0.0, 2.0, 1.0], [1.0, 0.0, 3.0]], dtype=np.float32)
    if isinstance(layer, DenseLinear):
        return torch.from_numpy(values)
    rows = csr_array(values)
    return SparseBatch.from_arrays(rows.indices, rows.indptr, rows.data, dense)


@pytest.mark.parametrize("kind", ["sparse", "dense", "block"])
def test_another_scale_of_rows_leaves_outputs_as_they_were(kind):
    dense = np.ones((2, 2), dtype=np.float32) if kind == "block" else None
    layer = {"dense": DenseLinear}.get(kind, SparseLinear)(
        3, 2, scale=0.5, init_range=1.0
    )
    words = layer
    if kind == "block":
        layer = BlockLinear(layer, 2, init_range=1.0)
    rows = rows_of(layer, dense)
    before = layer(rows).detach().numpy()
    rescale(torch.nn.Sequential(layer), 2.0)
    assert words.scale == 2.0
    assert_allclose(layer(rows).detach().numpy(), before, rtol=1e-5)


def test_the_latest_rows_are_kept():
    def rows(n, value):
        table = np.full((n, 1), value)
        return [np.full((n, 2), float(value))], table, table

    recent = Recent(*rows(400, 0)).plus(*rows(200, 1)).plus(*rows(1, 2))
    assert len(recent.codes) == len(recent.logits[0]) == RECENT_ROWS
    assert recent.codes[-1] == 2
    assert (recent.codes == 1).sum() == 200


def layout():
    return CodeLayout([Categorical().fit(np.arange(3))])


def test_label_sums_add_up():
    codes = np.array([[0], [0], [1], [-1]])
    weights = np.array([[1.0], [2.0], [1.0], [1.0]])
    labelled = codes >= 0
    whole = LabelSums.zero(layout()).plus(codes, weights, weights[:, 0], labelled)
    parts = LabelSums.zero(layout())
    for row in range(4):
        own = slice(row, row + 1)
        parts = parts.plus(codes[own], weights[own], weights[own, 0], labelled[own])
    assert_allclose(parts.counts[0], whole.counts[0])
    assert_allclose(np.exp(whole.log_class_shares[0]), [0.6, 0.2, 0.2])
    assert parts.n_cells == whole.n_cells == 3
    assert_allclose(whole.labelled_share, [0.8])
    assert_allclose(whole.mean_row_weight, 1.25)


def test_label_sums_of_an_earlier_fit():
    sums = LabelSums.of_shares(100, [0.5], [[np.log([0.2, 0.8])]])
    assert_allclose(sums.counts[0], [10, 40])
    assert_allclose(sums.labelled_share, [0.5])
    assert sums.n_cells == 50
