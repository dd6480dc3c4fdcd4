"""Input layers: the sparse one equals the dense one, value and gradient."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, csr_matrix, random_array

from sklearn_mtl._batches import SparseBatch
from sklearn_mtl._layers import DenseLinear, InputSpec, SparseLinear, input_layer


def rows_of(n_rows, n_features, density, seed):
    rng = np.random.default_rng(seed)
    matrix = random_array((n_rows, n_features), density=density, rng=rng, format="csr")
    return csr_array(matrix)


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

    found = sparse(SparseBatch.from_csr(rows))
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
    layer(SparseBatch.from_csr(rows)).sum().backward()
    gradient = layer.weight.grad
    assert gradient._indices()[0].tolist() == [1, 3]
    assert gradient._values()[:, 0].tolist() == [4.0, 2.0]


def test_gradient_sums_a_feature_stored_twice_in_a_row():
    rows = csr_matrix(
        (np.array([1.0, 2.0]), np.array([1, 1]), np.array([0, 2])), (1, 3)
    )
    layer = SparseLinear(3, 1).double()
    layer(SparseBatch.from_csr(rows)).sum().backward()
    assert layer.weight.grad.to_dense().ravel().tolist() == [0.0, 3.0, 0.0]


def test_a_row_without_stored_values_gives_the_bias():
    layer = SparseLinear(4, 2)
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([1.0, -1.0]))
        layer.weight.fill_(7.0)
    empty = SparseBatch.from_csr(csr_array((3, 4), dtype=np.float32))
    output = layer(empty)
    assert output.tolist() == [[1.0, -1.0]] * 3
    output.sum().backward()
    assert layer.weight.grad._nnz() == 0


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
