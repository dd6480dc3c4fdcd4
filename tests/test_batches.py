"""Batches: whole slices of the matrix, sparse ones by row and by feature."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, csr_matrix, random_array

from sklearn_mtl._batches import BatchLoader, RowDataset, SparseBatch


@pytest.fixture
def matrix():
    rng = np.random.default_rng(0)
    return csr_array(random_array((7, 11), density=0.4, rng=rng, format="csr"))


def to_dense(batch, n_features):
    dense = np.zeros((len(batch), n_features))
    for row in range(len(batch)):
        part = slice(batch.offsets[row], batch.offsets[row + 1])
        np.add.at(dense[row], batch.indices[part].numpy(), batch.values[part].numpy())
    return dense


@pytest.mark.parametrize("container", [csr_matrix, csr_array])
@pytest.mark.parametrize("index_dtype", [np.int32, np.int64])
def test_rows_survive_in_the_order_asked_for(matrix, container, index_dtype):
    X = container(matrix)
    X.indices = X.indices.astype(index_dtype)
    batch, _ = RowDataset(X).__getitems__([4, 0, 4])
    np.testing.assert_array_equal(
        to_dense(batch, X.shape[1]), matrix.toarray()[[4, 0, 4]]
    )


def test_transposed_is_the_transpose(matrix):
    batch = SparseBatch.from_csr(matrix)
    transposed = batch.transposed()
    dense = np.zeros(matrix.shape)
    for k, feature in enumerate(transposed.features.tolist()):
        part = slice(transposed.offsets[k], transposed.offsets[k + 1])
        dense[transposed.indices[part], feature] = transposed.values[part]
    np.testing.assert_array_equal(dense, matrix.toarray())
    assert transposed.features.tolist() == sorted(set(matrix.indices.tolist()))


def test_transposed_is_made_once(matrix):
    batch = SparseBatch.from_csr(matrix)
    assert batch.transposed() is batch.transposed()


def test_moving_to_the_same_device_copies_nothing(matrix):
    batch = SparseBatch.from_csr(matrix)
    assert batch.to("cpu") is batch


def test_moving_takes_the_transpose_along(matrix):
    # The "meta" device stands for any other one: it keeps shapes and no values.
    moved = SparseBatch.from_csr(matrix).to("meta")
    assert moved.values.device.type == "meta"
    assert {part.device.type for part in moved.transposed()} == {"meta"}
    assert len(moved) == 7


def test_single_row_is_a_batch_of_one(matrix):
    batch, _ = RowDataset(matrix)[2]
    np.testing.assert_array_equal(to_dense(batch, 11), matrix.toarray()[[2]])


def test_dense_rows_come_as_a_tensor():
    X = np.arange(6.0).reshape(3, 2)
    batch, _ = RowDataset(X).__getitems__([2, 0])
    assert batch.tolist() == [[4.0, 5.0], [0.0, 1.0]]


def test_cells_come_with_their_rows(matrix):
    codes = np.arange(14, dtype=np.int32).reshape(7, 2)
    weights = codes / 10
    _, cells = RowDataset(matrix, codes, weights).__getitems__([3, 1])
    assert cells.codes.dtype == torch.int64
    assert cells.codes.tolist() == [[6, 7], [2, 3]]
    assert cells.weights.tolist() == [[0.6, 0.7], [0.2, 0.3]]


def test_loader_visits_every_row_once(matrix):
    codes = np.arange(7, dtype=np.int32)[:, None]
    dataset = RowDataset(matrix, codes, np.ones((7, 1)))
    generator = torch.Generator().manual_seed(0)
    loader = BatchLoader(dataset, batch_size=3, shuffle=True, generator=generator)
    batches = [cells.codes.ravel().tolist() for _, cells in loader]
    assert [len(batch) for batch in batches] == [3, 3, 1]
    visited = [row for batch in batches for row in batch]
    assert sorted(visited) == list(range(7))
    assert visited != list(range(7))
