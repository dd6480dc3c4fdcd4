"""Rows and codes in files."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from sklearn_mtl.data import _spool
from sklearn_mtl.data._spool import blocks, open_spool, rewrite
from sklearn_mtl.utils._rows import squared_norms


def make_rows(n_rows=20, n_features=9, seed=0):
    rows = random_array(
        (n_rows, n_features), density=0.4, random_state=seed, dtype=np.float32
    )
    return csr_array(rows.astype(np.float32))


def filled(spool, n_parts=3, n_rows=20):
    rows = make_rows(n_rows)
    codes = np.arange(2 * n_rows, dtype=np.int32).reshape(n_rows, 2)
    bounds = np.linspace(0, n_rows, n_parts + 1).astype(int)
    for start, stop in pairwise(bounds):
        spool.append(rows[start:stop], codes[start:stop])
    return rows, codes


@pytest.mark.parametrize("n_parts", [1, 3])
def test_what_is_written_is_read(tmp_path, n_parts):
    with open_spool(tmp_path, 2, 2**20) as spool:
        rows, codes = filled(spool, n_parts)
        found, found_codes = spool.read(9)
        assert (found != rows).nnz == 0
        assert found.dtype == np.float32
        assert np.array_equal(found_codes, codes)
        spool.release()
        assert np.array_equal(found[3:5].toarray(), rows[3:5].toarray())


def test_the_files_are_removed(tmp_path):
    with open_spool(tmp_path, 2, 2**20) as spool:
        filled(spool)
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_files_are_removed_after_an_error(tmp_path):
    with (
        pytest.raises(ValueError, match="invalid literal"),
        open_spool(tmp_path, 2, 2**20) as spool,
    ):
        spool.append(make_rows(), "codes")
    assert list(tmp_path.iterdir()) == []


def test_a_bound_on_the_disk(tmp_path):
    message = r"exceed the 0 MiB of max_disk_mib, after \d+ rows. Pass ChunkSource\("
    with (
        open_spool(tmp_path, 2, 300) as spool,
        pytest.raises(ValueError, match=message),
    ):
        filled(spool)


def test_a_bound_on_entries(tmp_path, monkeypatch):
    monkeypatch.setattr(_spool, "MOST_ENTRIES", 30)
    with (
        open_spool(tmp_path, 2, 2**20) as spool,
        pytest.raises(ValueError, match="exceed 30 entries, the most that a fit"),
    ):
        filled(spool)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_a_full_disk_is_named(tmp_path):
    with open_spool(tmp_path, 2, 2**20) as spool:
        spool._files["codes"].close()
        spool._files["codes"] = Path("/dev/full").open("wb")  # noqa: SIM115
        with pytest.raises(ValueError, match=f"not be written to {tmp_path} after 6"):
            filled(spool)


@pytest.mark.parametrize("block", [4, 1000])
def test_columns_are_left_out_in_place(tmp_path, monkeypatch, block):
    monkeypatch.setattr(_spool, "BLOCK", block)
    numbers = np.array([0, -1, 1, 2, -1, 3, 4, -1, 5])
    with open_spool(tmp_path, 2, 2**20) as spool:
        rows, _ = filled(spool)
        found, _ = spool.read(9)

        def double(part):
            part.data *= 2

        changed = rewrite(found, numbers, double)
        assert (changed != 2 * rows[:, numbers >= 0]).nnz == 0
        assert np.shares_memory(changed.data, spool._maps["values"])


def test_blocks_cover_all_rows(monkeypatch):
    monkeypatch.setattr(_spool, "BLOCK", 4)
    covered = [row for own in blocks(10) for row in range(10)[own]]
    assert covered == list(range(10))
    assert blocks(0) == []


def test_norms_in_blocks_are_those_of_all_rows(monkeypatch):
    rows = make_rows()
    rows = csr_array(rows.toarray() * (np.arange(20) % 3 > 0)[:, None])  # empty rows
    whole = squared_norms(rows)
    monkeypatch.setattr("sklearn_mtl.utils._rows.NORMS_AT_ONCE", 4)
    assert np.array_equal(squared_norms(rows), whole)
