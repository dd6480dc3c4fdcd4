"""Input layers: the sparse one equals the dense one, value and gradient."""

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.sparse import csr_array, csr_matrix, random_array
from torch import nn

from sklearn_mtl.network._batch import SparseBatch
from sklearn_mtl.network._dropout import Dropout
from sklearn_mtl.network._embedding import TokenEmbedding
from sklearn_mtl.network._input import (
    BLOCK_GAIN,
    BlockLinear,
    DenseLinear,
    InputTable,
    SparseLinear,
    input_layer,
    join_sparse_layers,
    optim_groups,
)
from sklearn_mtl.network._spec import InputSpec


def rows_of(n_rows, n_features, density, seed):
    rng = np.random.default_rng(seed)
    matrix = random_array(
        (n_rows, n_features), density=density, random_state=rng, format="csr"
    )
    return csr_array(matrix)


def batch_of(rows):
    return SparseBatch.from_arrays(rows.indices, rows.indptr, rows.data)


@given(
    n_rows=st.integers(1, 6),
    n_features=st.integers(1, 8),
    n_outputs=st.integers(1, 4),
    density=st.floats(0, 1),
    scale=st.floats(0.1, 10),
    seed=st.integers(0, 100),
)
@settings(max_examples=50, deadline=None)
def test_sparse_layer_is_the_dense_layer(
    n_rows, n_features, n_outputs, density, scale, seed
):
    rows = rows_of(n_rows, n_features, density, seed)
    torch.manual_seed(seed)
    sparse = SparseLinear(n_features, n_outputs, scale=scale, init_range=1.0).double()
    dense = DenseLinear(n_features, n_outputs, scale=scale).double()
    with torch.no_grad():
        sparse.bias.uniform_(-1, 1)
        dense.weight.copy_(sparse.weight.T)
        dense.bias.copy_(sparse.bias)

    found = sparse(batch_of(rows))
    expected = dense(torch.from_numpy(rows.toarray()))
    torch.testing.assert_close(found, expected)

    direction = torch.rand_like(found)
    (found * direction).sum().backward()
    (expected * direction).sum().backward()
    torch.testing.assert_close(sparse.weight.grad.to_dense(), dense.weight.grad.T)
    torch.testing.assert_close(sparse.bias.grad, dense.bias.grad)


def test_gradient_holds_each_feature_of_the_batch_once_and_no_other():
    rows = csr_array(np.array([[0, 1.0, 0, 2.0, 0], [0, 3.0, 0, 0, 0]]))
    layer = SparseLinear(5, 3).double()
    layer(batch_of(rows)).sum().backward()
    gradient = layer.weight.grad
    assert gradient._indices()[0].tolist() == [1, 3]
    assert gradient._values()[:, 0].tolist() == [4.0, 2.0]


def test_gradient_sums_a_feature_stored_twice_in_a_row():
    rows = csr_matrix(
        (np.array([1.0, 2.0]), np.array([1, 1]), np.array([0, 2])), (1, 3)
    )
    layer = SparseLinear(3, 1).double()
    layer(batch_of(rows)).sum().backward()
    assert layer.weight.grad.to_dense().ravel().tolist() == [0.0, 3.0, 0.0]


def test_a_row_without_stored_values_gives_the_bias():
    layer = SparseLinear(4, 2)
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([1.0, -1.0]))
        layer.weight.fill_(7.0)
    empty = batch_of(csr_array((3, 4), dtype=np.float32))
    output = layer(empty)
    assert output.tolist() == [[1.0, -1.0]] * 3
    output.sum().backward()
    assert layer.weight.grad._nnz() == 0


def test_a_dense_block_adds_to_the_product_of_the_rows():
    spec = InputSpec(n_features=4, sparse=True, scale=0.5, n_rows=10, n_dense=3)
    layer = input_layer(spec, 2, init_range=0.1)
    assert type(layer) is BlockLinear
    assert layer.block.weight.shape == (2, 3)
    for weight in (layer.words.weight, layer.block.weight):
        assert 0 < weight.abs().max() <= 0.1
    assert layer.block.bias is None
    assert not input_layer(spec, 2).block.weight.any()
    with torch.no_grad():
        layer.words.bias.fill_(1.0)
    batch = batch_of(csr_array(np.eye(3, 4, dtype=np.float32)))
    batch.dense = torch.rand(3, 3)
    expected = (
        layer.words(batch) + 0.5 * BLOCK_GAIN * batch.dense @ layer.block.weight.T
    )
    assert_allclose(layer(batch).detach(), expected.detach(), rtol=1e-5)
    layer(batch).sum().backward()
    assert layer.words.weight.grad.is_sparse
    assert not layer.block.weight.grad.is_sparse
    groups = optim_groups(layer)
    assert [weight is layer.words.weight for weight in groups["sparse"]] == [True]


def test_blocks_stay_apart_where_sparse_layers_join():
    spec = InputSpec(n_features=4, sparse=True, scale=0.5, n_rows=10, n_dense=3)
    network = nn.ModuleDict({k: input_layer(spec, 2, init_range=1.0) for k in "ab"})
    batch = batch_of(csr_array(np.eye(3, 4, dtype=np.float32)))
    batch.dense = torch.rand(3, 3)
    apart = {name: layer(batch).detach() for name, layer in network.items()}
    table = join_sparse_layers(network)
    assert list(table.widths) == ["a.words", "b.words"]
    joint = table(batch)
    for name, layer in network.items():
        assert_allclose(layer(joint).detach(), apart[name], rtol=1e-6)


@pytest.mark.parametrize(
    ("sparse", "kind"), [(True, SparseLinear), (False, DenseLinear)]
)
def test_input_layer_fits_the_rows(sparse, kind):
    spec = InputSpec(n_features=3, sparse=sparse, scale=0.5, n_rows=10)
    layer = input_layer(spec, 2, init_range=0.1)
    assert type(layer) is kind
    assert layer.scale == 0.5
    assert 0 < layer.weight.abs().max() <= 0.1


@pytest.mark.parametrize(("n_rows", "small"), [(200, True), (201, False)])
def test_small_ends_at_200_rows(n_rows, small):
    spec = InputSpec(n_features=1, sparse=True, scale=1.0, n_rows=n_rows)
    assert spec.is_small is small


# Dropout -----------------------------------------------------------------------------


def dropped(p, hidden, seed=0):
    torch.manual_seed(seed)
    return Dropout(p).train()(hidden)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dropout_sets_its_share_to_zero_and_keeps_the_mean(p, dtype):
    found = dropped(p, torch.full((400, 500), 3.0, dtype=dtype))
    assert found.dtype == dtype
    kept = found[found != 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 3 / (1 - p)))
    # Five standard errors of a share, and what they make of the mean.
    error = 5 * (p * (1 - p) / found.numel()) ** 0.5
    assert (found == 0).double().mean().item() == pytest.approx(p, abs=error)
    assert found.mean().item() == pytest.approx(3, abs=3 * error / (1 - p))


def test_dropout_treats_each_unit_of_each_row_on_its_own():
    zeros = (dropped(0.5, torch.ones(400, 50)) == 0).double()
    for shares in (zeros.mean(0), zeros.mean(1)):
        assert shares.min() > 0.2
        assert shares.max() < 0.8
    assert zeros.unique(dim=0).shape[0] == 400


@pytest.mark.parametrize(("p", "training"), [(0.5, False), (0.0, True), (0.0, False)])
def test_dropout_is_not_there_in_prediction_and_at_zero(p, training):
    hidden, dropout = torch.randn(3, 4), Dropout(p).train(training)
    assert dropout(hidden) is hidden


def test_dropout_takes_no_random_numbers_of_others():
    dropout, hidden = Dropout(0.5), torch.ones(20, 20)
    state = torch.get_rng_state()
    first = dropout(hidden)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(dropout(hidden), first)


def test_dropout_is_pickled_without_its_generator():
    dropout = Dropout(0.5)
    dropout(torch.ones(2, 2))
    again = pickle.loads(pickle.dumps(dropout))
    assert again.seed == dropout.seed
    assert again(torch.ones(2, 2)).shape == (2, 2)


def test_dropout_follows_the_seed():
    hidden = torch.ones(20, 20)
    assert torch.equal(dropped(0.5, hidden), dropped(0.5, hidden))
    assert not torch.equal(dropped(0.5, hidden), dropped(0.5, hidden, seed=1))


def test_the_gradient_passes_where_the_units_do():
    hidden = torch.ones(20, 20, requires_grad=True)
    found = dropped(0.25, hidden)
    found.sum().backward()
    torch.testing.assert_close(hidden.grad, found.detach())
    assert (hidden == 1).all()  # and the input is what it was


class Pair(torch.nn.Module):
    """Two sparse layers over the same rows."""

    def __init__(self, joined, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.first = SparseLinear(6, 3, scale=0.5, init_range=1.0)
        self.second = SparseLinear(6, 2, init_range=1.0)
        self.table = join_sparse_layers(self) if joined else None
        self.double()

    def forward(self, batch):
        rows = batch if self.table is None else self.table(batch)
        return self.first(rows), self.second(rows)


@pytest.mark.parametrize("n_layers", [0, 1])
def test_there_is_nothing_to_join(n_layers):
    network = torch.nn.ModuleList(SparseLinear(3, 2) for _ in range(n_layers))
    assert join_sparse_layers(network) is None


def test_joined_layers_are_the_layers_apart():
    apart, joined = Pair(joined=False), Pair(joined=True)
    batch = batch_of(rows_of(4, 6, 0.5, seed=0))
    for one, other in zip(apart(batch), joined(batch), strict=True):
        torch.testing.assert_close(one, other)
    sum(part.square().sum() for part in apart(batch)).backward()
    sum(part.square().sum() for part in joined(batch)).backward()
    gradient = joined.table.weight.grad.to_dense()
    for layer, start in ((apart.first, 0), (apart.second, 3)):
        own = layer.weight.grad.to_dense()
        torch.testing.assert_close(gradient[:, start : start + own.shape[1]], own)
    assert not gradient[:, 5:].any()
    torch.testing.assert_close(joined.first.bias.grad, apart.first.bias.grad)


def test_a_joint_table_is_the_only_weight_and_whole_cache_lines_wide():
    joined = Pair(joined=True)
    assert isinstance(joined.table, InputTable)
    assert joined.table.weight.shape == (6, 16)
    names = [name for name, _ in joined.named_parameters()]
    assert names == ["first.bias", "second.bias", "table.weight"]
    (weight,) = optim_groups(joined)["sparse"]
    assert weight is joined.table.weight
    apart = optim_groups(Pair(joined=False))["sparse"]
    assert [tuple(w.shape) for w in apart] == [(6, 3), (6, 2)]


def test_copies_of_joined_layers_have_a_table_of_their_own():
    joined = Pair(joined=True)
    batch = batch_of(rows_of(4, 6, 0.5, seed=0))
    expected = joined(batch)[0]
    copies = [copy.deepcopy(joined), pickle.loads(pickle.dumps(joined))]
    with torch.no_grad():
        joined.table.weight.zero_()
    for twin in copies:
        torch.testing.assert_close(twin(batch)[0], expected)
        torch.testing.assert_close(twin.first(batch), expected)


def test_weights_can_be_read_joined_or_not():
    apart, joined = Pair(joined=False), Pair(joined=True)
    assert torch.equal(apart.second.by_feature(), joined.second.by_feature())
    dense = DenseLinear(6, 2)
    assert dense.by_feature().shape == (6, 2)


class TwoLayers(torch.nn.Module):
    """Two sparse layers of some widths."""

    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = SparseLinear(3, first), SparseLinear(3, second)


@pytest.mark.parametrize(
    ("first", "second", "n_columns"), [(1, 1, 16), (8, 8, 16), (8, 9, 32), (16, 17, 48)]
)
def test_a_joint_table_is_as_wide_as_whole_cache_lines(first, second, n_columns):
    table = join_sparse_layers(TwoLayers(first, second))
    assert table.weight.shape == (3, n_columns)


def test_input_layers_start_within_their_range_and_without_bias():
    torch.manual_seed(0)
    for kind in (SparseLinear, DenseLinear):
        layer = kind(50, 40, init_range=0.25)
        assert 0.24 < layer.weight.max() <= 0.25
        assert -0.25 <= layer.weight.min() < -0.24
        assert abs(layer.weight.mean()) < 0.02
        assert not layer.bias.any()
        assert layer.scale == 1.0
        assert not kind(3, 2).weight.any()  # from 0 where no range is given
    spec = InputSpec(n_features=3, sparse=True, scale=1.0, n_rows=10)
    assert not input_layer(spec, 2).weight.any()


def test_rows_are_scaled_before_the_bias_is_added():
    rows = csr_array(np.array([[0.0, 3.0], [2.0, 0.0]], dtype=np.float32))
    sparse, dense = (kind(2, 1, scale=0.5) for kind in (SparseLinear, DenseLinear))
    with torch.no_grad():
        sparse.weight.copy_(torch.tensor([[1.0], [10.0]]))
        dense.weight.copy_(torch.tensor([[1.0, 10.0]]))
        for layer in (sparse, dense):
            layer.bias.fill_(4.0)
    assert sparse(batch_of(rows)).tolist() == [[19.0], [5.0]]
    assert dense(torch.from_numpy(rows.toarray())).tolist() == [[19.0], [5.0]]
    assert sparse.by_feature().tolist() == dense.by_feature().tolist() == [[1], [10]]
    assert not sparse.by_feature().requires_grad


def test_what_an_input_is_unless_it_is_said():
    spec = InputSpec(n_features=3, sparse=True, scale=1.0, n_rows=10)
    assert not spec.tokens
    assert spec.vocabulary == ()
    assert spec.token_weights is None
    assert spec.n_dense == 0
    other = InputSpec(3, True, 1.0, 10, vocabulary=("a",), token_weights=np.ones(3))
    assert repr(other) == repr(spec)  # neither of them fills a screen
    assert other != spec
    assert spec == InputSpec(3, True, 1.0, 10, token_weights=np.ones(3))


@pytest.mark.parametrize(("plain", "listed"), [(False, 0), (True, 1)])
def test_embeddings_start_with_padding_and_may_be_plain(plain, listed):
    layer = TokenEmbedding(4, 2, plain=plain)
    assert layer.padding_idx == 0
    assert layer.factors is None
    groups = optim_groups(torch.nn.ModuleList([layer]))
    assert [len(groups[kind]) for kind in ("sparse", "embedding")] == [0, listed]
    layer(torch.tensor([[1, 2, 0]])).sum().backward()
    assert layer.weight.grad.is_sparse is plain
    assert TokenEmbedding(4, 2).sparse is False


class FromOutside(torch.nn.Module):
    """A layer of a user's own, whose gradient is sparse."""

    descent = "sparse"

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(6, 2))
        self.bias = torch.nn.Parameter(torch.zeros(2))


def test_a_module_from_outside_says_what_its_weight_takes():
    own, joined = FromOutside(), Pair(joined=True)
    others = [torch.nn.Linear(2, 2), torch.nn.Embedding(3, 2, sparse=True)]
    groups = optim_groups(torch.nn.ModuleList([*others, own, joined]))
    assert [id(w) for w in groups["sparse"]] == [
        id(own.weight),
        id(joined.table.weight),
    ]
    assert groups["embedding"] == []
    own.descent = None  # what an instance says comes first
    assert optim_groups(own) == {"sparse": [], "embedding": []}


def test_a_table_has_columns_by_name_that_share_its_memory():
    layers = {name: SparseLinear(3, width) for name, width in [("b", 2), ("a", 1)]}
    table = InputTable(layers)
    assert table.widths == {"b": 2, "a": 1}
    table.columns("a").fill_(5.0)
    assert (table.weight[:, 2] == 5.0).all()
    assert not table.weight[:, [0, 1, *range(3, 16)]].any()
    assert not table.columns("b").requires_grad
    assert torch.equal(layers["a"].by_feature(), table.columns("a"))


def test_a_batch_carries_the_product_of_each_layer():
    joined = Pair(joined=True)
    batch = batch_of(rows_of(4, 6, 0.5, seed=0))
    with_products = joined.table(batch)
    assert batch.products is None
    assert type(with_products) is type(batch)
    assert list(with_products.products) == ["first", "second"]
    for name, product in with_products.products.items():
        layer = getattr(joined, name)
        expected = layer.bias + layer.scale * product
        torch.testing.assert_close(layer(with_products), expected)


@pytest.mark.parametrize(("p", "seeded"), [(0.0, False), (0.5, True)])
def test_only_a_dropout_that_draws_takes_a_seed(p, seeded):
    torch.manual_seed(0)
    state = torch.get_rng_state()
    dropout = Dropout(p)
    assert (dropout.seed is not None) is seeded
    assert torch.equal(torch.get_rng_state(), state) is not seeded


def test_dropout_compares_uniform_numbers_with_its_share():
    torch.manual_seed(3)
    dropout = Dropout(0.25).train()
    found = dropout(torch.full((4, 5), 3.0))
    drawn = torch.rand(4, 5, generator=torch.Generator().manual_seed(dropout.seed))
    assert torch.equal(found, torch.where(drawn >= 0.25, 4.0, 0.0))


def test_a_descent_that_is_not_known_is_named():
    layer = torch.nn.Linear(2, 2)
    layer.descent = "momentum"
    message = (
        r"Linear has descent='momentum'. Set it to one of \['sparse', 'embedding'\]"
    )
    with pytest.raises(ValueError, match=message):
        optim_groups(layer)
    layer.descent = "embedding"
    assert optim_groups(layer)["embedding"] == [layer.weight]
