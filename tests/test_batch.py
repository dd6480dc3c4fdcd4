"""Batches: whole slices of the matrix, sparse ones by row and by feature."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, csr_matrix, issparse, random_array

from sklearn_mtl.network._batch import SparseBatch, TokenBatch
from sklearn_mtl.training._dataset import RowDataset, sorted_by_length


@pytest.fixture
def matrix():
    rng = np.random.default_rng(0)
    return csr_array(random_array((7, 11), density=0.4, random_state=rng, format="csr"))


def batch_of(rows):
    return SparseBatch.from_arrays(rows.indices, rows.indptr, rows.data)


def to_dense(batch, n_features):
    if isinstance(batch, torch.Tensor):
        return batch.numpy()
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
    batch, _ = RowDataset(X).take([4, 0, 4]).batch(0, 3)
    np.testing.assert_array_equal(
        to_dense(batch, X.shape[1]), matrix.toarray()[[4, 0, 4]]
    )


@pytest.mark.parametrize(("start", "stop"), [(0, 7), (2, 5), (3, 3)])
def test_a_cut_has_the_rows_between(matrix, start, stop):
    batch = batch_of(matrix)
    batch.dense, batch.products = torch.arange(14.0).view(7, 2), {"layer": None}
    batch.transposed()
    part = batch.cut(start, stop)
    np.testing.assert_array_equal(
        to_dense(part, matrix.shape[1]), matrix.toarray()[start:stop]
    )
    assert part.dense.tolist() == batch.dense[start:stop].tolist()
    assert part.products is None
    assert part._transposed is None


def test_a_cut_of_tokens_is_as_wide_as_the_whole():
    batch = TokenBatch(torch.tensor([2, 3, 4, 5]), torch.tensor([0, 1, 4]))
    part = batch.cut(0, 1)
    ids, lengths = part.padded()
    assert ids.tolist() == [[2, 0, 0]]
    assert lengths.tolist() == [1]
    assert part.values.tolist() == [1.0]


def test_transposed_is_the_transpose(matrix):
    batch = batch_of(matrix)
    transposed = batch.transposed()
    dense = np.zeros(matrix.shape)
    for k, feature in enumerate(transposed.features.tolist()):
        part = slice(transposed.offsets[k], transposed.offsets[k + 1])
        dense[transposed.indices[part], feature] = transposed.values[part]
    np.testing.assert_array_equal(dense, matrix.toarray())
    assert transposed.features.tolist() == sorted(set(matrix.indices.tolist()))


def test_transposed_is_made_once(matrix):
    batch = batch_of(matrix)
    assert batch.transposed() is batch.transposed()


def test_moving_to_the_same_device_copies_nothing(matrix):
    batch = batch_of(matrix)
    assert batch.to("cpu") is batch


def test_moving_takes_the_transpose_along(matrix):
    # The "meta" device stands for any other one: it keeps shapes and no values.
    moved = batch_of(matrix).to("meta")
    assert moved.values.device.type == "meta"
    assert {part.device.type for part in moved.transposed()} == {"meta"}
    assert len(moved) == 7


def test_single_row_is_a_batch_of_one(matrix):
    batch, _ = RowDataset(matrix).batch(2, 3)
    np.testing.assert_array_equal(to_dense(batch, 11), matrix.toarray()[[2]])


def test_dense_rows_come_as_a_tensor():
    X = np.arange(6.0).reshape(3, 2)
    batch, _ = RowDataset(X).take([2, 0]).batch(0, 2)
    assert batch.tolist() == [[4.0, 5.0], [0.0, 1.0]]


def test_a_dense_block_goes_where_its_rows_go(matrix):
    block = np.arange(14, dtype=np.float32).reshape(7, 2)
    whole = RowDataset(matrix, dense=block)
    batch, _ = whole.batch(2, 5)
    assert np.shares_memory(batch.dense.numpy(), block)
    assert batch.dense.tolist() == block[2:5].tolist()
    taken, _ = whole.take([4, 0, 4]).batch(1, 3)
    assert taken.dense.tolist() == block[[0, 4]].tolist()
    assert batch[torch.tensor([2, 0])].dense.tolist() == block[[4, 2]].tolist()
    assert batch.to("cpu").dense is batch.dense
    assert batch.to("meta").dense.device.type == "meta"
    alone, _ = RowDataset(matrix).batch(0, 2)
    for own in (alone, alone[torch.tensor([1])], alone.to("meta")):
        assert own.dense is None


def test_cells_come_with_their_rows(matrix):
    codes = np.arange(14, dtype=np.int32).reshape(7, 2)
    weights = codes / 10
    _, cells = RowDataset(matrix, codes, weights).take([3, 1]).batch(0, 2)
    assert cells.codes.dtype == torch.int64
    assert cells.codes.tolist() == [[6, 7], [2, 3]]
    assert cells.weights.tolist() == [[0.6, 0.7], [0.2, 0.3]]


@pytest.mark.parametrize("wrap", [csr_array, csr_matrix, csr_array.toarray])
def test_a_batch_of_neighbours_is_no_copy(matrix, wrap):
    X, codes = wrap(matrix), np.arange(14, dtype=np.int32).reshape(7, 2)
    rows, cells = RowDataset(X, codes, codes / 10).batch(2, 5)
    np.testing.assert_array_equal(to_dense(rows, 11), matrix.toarray()[2:5])
    assert cells.codes.tolist() == codes[2:5].tolist()
    ours, theirs = (rows.values, X.data) if issparse(X) else (rows, X)
    assert np.shares_memory(ours.numpy(), theirs)


@pytest.mark.parametrize("rows", [[4, 0, 4], np.array([6]), slice(2, 9), slice(0, 7)])
def test_rows_that_are_taken_bring_their_cells(matrix, rows):
    codes = np.arange(14, dtype=np.int32).reshape(7, 2)
    taken = RowDataset(matrix, codes, codes / 10).take(rows)
    np.testing.assert_array_equal(taken.X.toarray(), matrix.toarray()[rows])
    np.testing.assert_array_equal(taken.codes, codes[rows])
    np.testing.assert_array_equal(taken.weights, codes[rows] / 10)
    assert RowDataset(matrix).take(rows).codes is None


@pytest.mark.parametrize("of_indices", [np.int32, np.int64])
@pytest.mark.parametrize("of_offsets", [np.int32, np.int64])
def test_both_index_arrays_have_one_type(of_indices, of_offsets):
    indices, offsets = np.array([1, 0], of_indices), np.array([0, 1, 2], of_offsets)
    batch = SparseBatch.from_arrays(indices, offsets, np.array([3.0, 4.0]))
    assert batch.indices.dtype == batch.offsets.dtype
    np.testing.assert_array_equal(to_dense(batch, 2), [[0, 3], [4, 0]])


def token_rows(lengths):
    rng = np.random.default_rng(0)
    ids = [rng.integers(1, 50, size=n) for n in lengths]
    offsets = np.cumsum([0, *lengths]).astype(np.int32)
    places = np.concatenate([np.arange(n) for n in lengths]).astype(np.int32)
    data = np.concatenate(ids).astype(np.int32)
    return csr_array((data, places, offsets), (len(lengths), max(lengths)))


def test_tokens_come_in_their_order_and_padded():
    X = token_rows([2, 0, 3])
    batch, _ = RowDataset(X).batch(0, 3)
    ids, lengths = batch.padded()
    assert ids.dtype == torch.int64
    np.testing.assert_array_equal(ids, X.toarray())
    assert lengths.tolist() == [2, 0, 3]
    assert batch.padded() is batch.padded()


@pytest.mark.parametrize("own", [[0, 2, 3], [3], [], [2, 0]])
@pytest.mark.parametrize("index_dtype", [np.int32, np.int64])
def test_some_rows_of_a_batch_are_a_batch(matrix, own, index_dtype):
    rows = csr_array(matrix)
    rows.indices, rows.indptr = (
        part.astype(index_dtype) for part in (matrix.indices, matrix.indptr)
    )
    batch = batch_of(rows)
    batch.transposed()  # which is not theirs
    part = batch[torch.tensor(own, dtype=torch.int64)]
    expected = matrix[own].toarray()
    assert len(part) == len(own)
    assert part.offsets.dtype == batch.offsets.dtype
    np.testing.assert_array_equal(to_dense(part, 11), expected)
    assert (
        part.transposed().features.tolist() == np.flatnonzero(expected.any(0)).tolist()
    )


def test_some_texts_of_a_batch_are_a_batch():
    X = token_rows([2, 0, 3, 1])
    batch, _ = RowDataset(X).batch(0, 4)
    assert batch.padded()[0].shape == (4, 3)
    ids, lengths = batch[torch.tensor([3, 0])].padded()
    np.testing.assert_array_equal(ids, X.toarray()[[3, 0], :2])
    assert lengths.tolist() == [1, 2]


def test_texts_without_tokens_have_a_column_of_padding():
    X = csr_array((2, 5), dtype=np.int32)
    ids, _ = RowDataset(X).batch(0, 2)[0].padded()
    assert ids.tolist() == [[0], [0]]


def test_tokens_are_a_bag_of_unit_weight_as_well():
    batch, _ = RowDataset(token_rows([4, 1])).batch(0, 2)
    assert batch.values.tolist() == [0.5, 0.5, 0.5, 0.5, 1.0]


def test_predictions_come_back_in_order():
    dataset = RowDataset(token_rows([3, 1, 2]))
    by_length, back = sorted_by_length(dataset)
    assert by_length.lengths.tolist() == [1, 2, 3]
    assert by_length.lengths[back].tolist() == [3, 1, 2]


def test_rows_of_features_stay_as_they_are(matrix):
    dataset = RowDataset(matrix)
    found, back = sorted_by_length(dataset)
    assert found is dataset
    assert back == slice(None)


def test_codes_below_zero_have_no_weight_by_row():
    codes = np.array([[0, -1], [-1, 2], [1, 1], [0, 0]], dtype=np.int32)
    weights = np.array([[1, 2], [4, 8], [16, 32], [0, 64]], dtype=np.float32)
    dataset = RowDataset(np.ones((4, 1)), codes, weights)
    assert dataset.cells_by_row().tolist() == [17 / 4, 104 / 4]


@pytest.mark.parametrize(
    ("make", "has_lengths"),
    [
        (lambda: token_rows([2, 1]), True),
        (lambda: csr_array(np.eye(2)), False),
        (lambda: np.ones((2, 3), dtype=np.int32), False),
    ],
)
def test_only_sparse_integers_are_tokens(make, has_lengths):
    lengths = RowDataset(make()).lengths
    assert (lengths is not None) is has_lengths
    if has_lengths:
        assert lengths.tolist() == [2, 1]


def test_all_rows_are_not_copied(matrix):
    dataset = RowDataset(matrix)
    assert dataset.take(slice(None)) is dataset
    assert dataset.take(slice(1, 7)) is not dataset
    assert dataset.take(slice(None, None, -1)) is not dataset
