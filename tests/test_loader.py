"""Batches of a dataset, one made ahead, and those kept for several nets."""

import threading

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, csr_matrix, issparse
from test_batch import to_dense, token_rows

from sklearn_mtl.training import _loader
from sklearn_mtl.training._dataset import RowDataset
from sklearn_mtl.training._loader import BatchLoader, BatchRecord
from sklearn_mtl.training._order import BATCHES_AT_ONCE

SIZE = 3
MANY = 2 * BATCHES_AT_ONCE * SIZE + 4  # two whole blocks, a batch, and one row more


def make_dataset(n_rows=MANY, wrap=csr_array):
    """Rows whose first column is their number, as is their only code."""
    X = np.random.default_rng(0).integers(0, 3, (n_rows, 4)).astype(float)
    X[:, 0] = np.arange(n_rows)
    codes = np.arange(n_rows, dtype=np.int32)[:, None]
    return RowDataset(wrap(X), codes, codes / 10)


def read(loader):
    """Give the batches as (rows, codes), each checked to be of the same rows."""
    found = []
    for rows, cells in loader:
        found.append((to_dense(rows, 4), cells.codes.ravel().tolist()))
        assert found[-1][0][:, 0].tolist() == found[-1][1]
        torch.testing.assert_close(cells.weights, cells.codes / 10, check_dtype=False)
    return found


@pytest.mark.parametrize("wrap", [csr_array, csr_matrix, np.asarray])
@pytest.mark.parametrize("n_rows", [1, 2, 3, 4, 48, 49, MANY])
def test_loader_goes_through_the_rows_in_order(wrap, n_rows):
    dataset = make_dataset(n_rows, wrap)
    loader = BatchLoader(dataset, SIZE)
    found = read(loader)
    sizes = [len(codes) for _, codes in found]
    assert sizes == [SIZE] * (n_rows // SIZE) + [n_rows % SIZE] * (n_rows % SIZE > 0)
    assert len(loader) == len(sizes)
    X = dataset.X.toarray() if issparse(dataset.X) else dataset.X
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in found]), X)


@pytest.mark.parametrize("wrap", [csr_array, np.asarray])
def test_a_shuffled_loader_visits_every_row_once(wrap):
    dataset = make_dataset(wrap=wrap)

    def orders(seed):
        generator = torch.Generator().manual_seed(seed)
        loader = BatchLoader(dataset, SIZE, shuffle=True, generator=generator)
        return [[row for _, codes in read(loader) for row in codes] for _ in range(2)]

    first, second = orders(0)
    assert sorted(first) == sorted(second) == list(range(MANY))
    # Over the whole of the data, and anew each time.
    assert max(first[: BATCHES_AT_ONCE * SIZE]) >= BATCHES_AT_ONCE * SIZE
    assert first != second
    assert orders(0) == [first, second]
    assert orders(1)[0] != first


def test_rows_to_predict_have_no_cells():
    batches = list(BatchLoader(RowDataset(make_dataset(7).X), 3))
    assert [len(rows) for rows, _ in batches] == [3, 3, 1]
    assert [len(cells) for _, cells in batches] == [0, 0, 0]


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("n_rows", [SIZE, MANY])
def test_sparse_batches_are_transposed_where_a_step_needs_it(transpose, n_rows):
    for rows, _ in BatchLoader(make_dataset(n_rows), SIZE, transpose=transpose):
        assert (rows._transposed is not None) == transpose


def test_dense_batches_need_no_transpose():
    loader = BatchLoader(make_dataset(wrap=np.asarray), SIZE, transpose=True)
    assert {type(rows) for rows, _ in loader} == {torch.Tensor}


class Watched(RowDataset):
    """Notes on which thread each batch is made, and fails where a test wants it."""

    def __init__(self, *args, fails_at=None):
        super().__init__(*args)
        self.fails_at = fails_at
        self.makers = []
        self.made = threading.Semaphore(0)

    def take(self, rows):
        return self  # as the first block

    def batch(self, start, stop):
        if start == self.fails_at:
            raise OSError(f"row {start} cannot be read")
        self.makers.append(threading.current_thread())
        batch = super().batch(start, stop)
        self.made.release()
        return batch


def watch(n_rows=5 * SIZE, **kwargs):
    dataset = make_dataset(n_rows)
    return Watched(dataset.X, dataset.codes, dataset.weights, **kwargs)


def loader_in_thread(dataset, size=SIZE):
    return BatchLoader(dataset, size, transpose=True)


def test_the_next_batch_is_made_while_one_is_used():
    dataset = watch()
    before, batches = threading.active_count(), iter(loader_in_thread(dataset))
    next(batches)
    for _ in range(2):  # nobody has asked for the second one
        assert dataset.made.acquire(timeout=10)
    assert len(list(batches)) == 4
    assert len(set(dataset.makers)) == 1
    assert dataset.makers[0] is not threading.main_thread()
    assert threading.active_count() == before


def test_one_batch_needs_no_thread(monkeypatch):
    monkeypatch.delattr(_loader, "ThreadPoolExecutor")
    dataset = watch(SIZE)
    assert len(list(BatchLoader(dataset, SIZE))) == 1
    assert dataset.makers == [threading.main_thread()]
    with pytest.raises(NameError):  # so this is what threads are made of
        list(loader_in_thread(dataset, 1))


def test_rows_that_are_only_cut_out_need_no_thread():
    dataset = watch()
    assert len(list(BatchLoader(dataset, SIZE))) == 5
    assert set(dataset.makers) == {threading.main_thread()}


@pytest.mark.parametrize("start", [0, SIZE, 4 * SIZE])
def test_an_error_in_the_thread_reaches_the_caller(start):
    dataset, before = watch(fails_at=start), threading.active_count()
    seen = []
    with pytest.raises(OSError, match=f"row {start} cannot be read"):
        seen.extend(loader_in_thread(dataset))
    assert len(dataset.makers) == start // SIZE
    assert threading.active_count() == before


def test_an_iteration_may_be_abandoned():
    before = threading.active_count()
    loader = loader_in_thread(make_dataset())
    for k, _ in enumerate(loader):
        if k == 2:
            break

    def fail():
        for _ in loader:
            raise RuntimeError("the step failed")

    with pytest.raises(RuntimeError, match="the step failed"):
        fail()
    batches = iter(loader)
    next(batches)
    batches.close()
    iter(loader)  # never begun
    assert threading.active_count() == before
    assert len(list(loader)) == len(loader)


@pytest.fixture
def torch_warns_every_time():
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(before)


@pytest.mark.usefixtures("torch_warns_every_time")
@pytest.mark.parametrize("wrap", [csr_array, csr_matrix, np.asarray])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("n_rows", [SIZE, MANY])
def test_rows_that_must_not_be_written_to_give_no_warning(wrap, shuffle, n_rows):
    dataset = make_dataset(n_rows, wrap)
    X = dataset.X
    parts = (X.data, X.indices, X.indptr) if issparse(X) else (X,)
    for part in parts:
        part.flags.writeable = False
    if not issparse(X):
        with pytest.warns(UserWarning, match="not writable"):
            torch.from_numpy(X)
    assert len(read(BatchLoader(dataset, SIZE, shuffle=shuffle))) == -(-n_rows // SIZE)
    assert not any(part.flags.writeable for part in parts)


def test_texts_of_a_length_share_a_batch():
    lengths = np.random.default_rng(0).integers(1, 100, size=1000)
    dataset = RowDataset(token_rows(lengths.tolist()))
    loader = BatchLoader(
        dataset, 16, shuffle=True, generator=torch.Generator().manual_seed(0)
    )
    seen, tokens, places, firsts = [], 0, 0, []
    for batch, _ in loader:
        ids, sizes = batch.padded()
        tokens, places = tokens + int(sizes.sum()), places + ids.numel()
        firsts.append(int(sizes.max()))
        seen += sizes.tolist()
    assert sorted(seen) == sorted(lengths.tolist())
    assert tokens / places > 0.9
    assert firsts != sorted(firsts)  # short texts do not always come first
    again = [int(b.padded()[1].max()) for b, _ in loader]
    assert again != firsts


def test_batches_of_long_texts_have_fewer_rows():
    lengths = np.array([1] * 40 + [3, 9, 2] * 5 + [100])
    ids = np.ones(lengths.sum(), dtype=np.int32)
    columns = np.concatenate([np.arange(n) for n in lengths])
    starts = np.concatenate([[0], lengths.cumsum()])
    dataset = RowDataset(csr_array((ids, columns, starts)))
    loader = BatchLoader(dataset, batch_size=10, rows_at_once=lambda n: 60 // n)
    sizes = [(len(rows), int(rows.padded()[0].shape[1])) for rows, _ in loader]
    assert sum(n for n, _ in sizes) == len(lengths)
    assert len(sizes) == len(loader)
    assert all(n == 1 or n * longest <= 60 for n, longest in sizes)
    assert sizes[:4] == [(10, 1)] * 4  # short texts are not held up by long ones
    assert sizes[-1][1] == 100


# Numbers that are rules ---------------------------------------------------------------


def test_rows_are_taken_out_of_the_matrix_sixteen_batches_at_a_time(monkeypatch):
    taken = []
    take = RowDataset.take

    def note(self, rows):
        part = take(self, rows)
        taken.append(len(part))
        return part

    monkeypatch.setattr(RowDataset, "take", note)
    list(BatchLoader(make_dataset(100), SIZE))
    assert taken == [48, 48, 4]


def test_lengths_are_sorted_within_sixteen_batches():
    lengths = [*range(20, 0, -1), *range(120, 100, -1)]
    dataset = RowDataset(token_rows(lengths))
    loader = BatchLoader(
        dataset, 1, shuffle=True, generator=torch.Generator().manual_seed(0)
    )
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0)).numpy()
    seen = [int(rows.padded()[1][0]) for rows, _ in loader]
    expected = np.array(lengths)[order]
    for start in (0, 16, 32):
        run = slice(start, start + 16)
        assert sorted(seen[run]) == sorted(expected[run])


def test_the_rest_of_shuffled_texts_comes_last():
    dataset = RowDataset(token_rows(list(range(1, 12))))
    loader = BatchLoader(
        dataset, 4, shuffle=True, generator=torch.Generator().manual_seed(0)
    )
    batches = [rows.padded()[1].tolist() for rows, _ in loader]
    assert [len(lengths) for lengths in batches] == [4, 4, 3]
    # Sorted by length, cut into batches of 4, and the longest three for the last.
    assert sorted(batches[:2]) == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert batches[2] == [9, 10, 11]


def test_a_loader_gives_a_row_at_a_time_in_order_unless_it_is_told():
    loader = BatchLoader(make_dataset(3))
    assert len(loader) == 3
    batches = list(loader)
    assert [cells.codes.tolist() for _, cells in batches] == [[[0]], [[1]], [[2]]]
    assert all(rows._transposed is None for rows, _ in batches)


def test_an_epoch_on_record_is_the_same_batches_again():
    record = BatchRecord()
    loaders = [
        BatchLoader(
            make_dataset(7),
            SIZE,
            shuffle=True,
            generator=torch.Generator().manual_seed(0),
            record=record,
        )
        for _ in range(2)
    ]
    first = [list(loaders[0]) for _ in range(2)]
    assert sorted(record.epochs) == [0, 1]
    again = [list(loaders[1]) for _ in range(3)]
    for epoch, other in zip(first, again, strict=False):
        assert len(epoch) == 3
        assert all(a is b for a, b in zip(epoch, other, strict=True))
    # An epoch that is read from the record moves the order of the next one.
    orders = [[c.codes.ravel().tolist() for _, c in epoch] for epoch in again]
    third = [c.codes.ravel().tolist() for _, c in loaders[0]]
    assert orders[2] == third
    assert orders[0] != orders[1] != orders[2]


def n_bytes(dataset):
    """Count the bytes of an epoch in one batch."""
    (batch,) = BatchLoader(dataset, 100)
    rows, cells = batch
    parts = [rows]
    if not isinstance(rows, torch.Tensor):
        parts = [rows.indices, rows.offsets, rows.values]
    return sum(part.element_size() * part.numel() for part in [*parts, *cells])


def test_a_record_counts_batches_sorted_by_feature_too():
    record = BatchRecord()
    budget = record.budget - n_bytes(make_dataset(5))
    for rows, _ in BatchLoader(make_dataset(5), 100, transpose=True, record=record):
        budget -= sum(part.nbytes for part in rows.transposed())
    assert record.budget == budget


@pytest.mark.parametrize("wrap", [csr_array, np.asarray])
def test_a_record_keeps_what_fits_into_its_budget(wrap):
    dataset = make_dataset(5, wrap)
    size = n_bytes(dataset)
    for budget, kept in [(2 * size, [0, 1]), (2 * size - 1, [0]), (size - 1, [])]:
        record = BatchRecord(budget)
        loader = BatchLoader(dataset, 100, shuffle=True, record=record)
        for _ in range(3):
            assert len(list(loader)) == 1
        assert sorted(record.epochs) == kept
        assert record.budget == budget - len(kept) * size


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_single_batch_in_a_fixed_order_is_made_once(shuffle):
    dataset = watch(SIZE)
    loader = BatchLoader(dataset, SIZE, shuffle=shuffle)
    epochs = [list(loader) for _ in range(3)]
    assert [len(batches) for batches in epochs] == [1, 1, 1]
    assert len(dataset.makers) == (3 if shuffle else 1)
    if not shuffle:
        assert epochs[0][0] is epochs[2][0]


def test_loaders_with_a_record_share_a_single_batch_in_a_fixed_order():
    dataset, record = watch(SIZE), BatchRecord()
    first, second = (BatchLoader(dataset, SIZE, record=record) for _ in range(2))
    epochs = [list(loader) for loader in (first, first, second, second)]
    assert len(dataset.makers) == 1
    assert all(batches[0] is epochs[0][0] for batches in epochs)
    assert sorted(record.epochs) == [0]


def test_a_record_counts_a_dense_block():
    dataset = make_dataset(5)
    size = n_bytes(dataset)
    dataset.dense = np.ones((5, 6), dtype=np.float32)
    record = BatchRecord()
    list(BatchLoader(dataset, 100, record=record))
    assert record.budget == 2**30 - size - 5 * 6 * 4


def test_a_record_keeps_a_gigabyte():
    assert BatchRecord().budget == 1024**3


def test_an_epoch_beyond_the_budget_is_given_whole():
    dataset = make_dataset(10)
    record = BatchRecord(1)
    assert len(read(BatchLoader(dataset, SIZE, record=record))) == 4
    assert not record.epochs


def test_two_nets_that_make_an_epoch_at_once_keep_it_once():
    dataset = make_dataset(5)
    size, record = n_bytes(dataset), BatchRecord()
    loaders = [iter(BatchLoader(dataset, 100, record=record)) for _ in range(2)]
    first, second = (next(loader) for loader in loaders)
    assert first is not second
    for loader in loaders:
        assert next(loader, None) is None
    assert record.epochs[0][0] is first
    assert record.budget == 2**30 - size


@pytest.mark.parametrize(
    ("limit", "sizes"),
    [
        (100, [5, 5, 2]),
        (10, [5, 5, 2]),
        (9, [3, 3, 3, 3]),
        (4, [2, 2, 2, 2, 2, 2]),
        (2, [1] * 12),
        (1, [1] * 12),
    ],
)
def test_a_batch_is_halved_until_it_may_be_read_at_once(limit, sizes):
    dataset = RowDataset(token_rows([2] * 12))
    loader = BatchLoader(dataset, 5, rows_at_once=lambda longest: limit // longest)
    assert [len(rows) for rows, _ in loader] == sizes
    assert len(loader) == len(sizes)


def test_texts_without_tokens_count_as_one_token():
    seen = []
    loader = BatchLoader(
        RowDataset(csr_array((4, 3), dtype=np.int32)),
        4,
        rows_at_once=lambda longest: seen.append(longest) or 9,
    )
    assert [len(rows) for rows, _ in loader] == [4]
    assert set(seen) == {1}
