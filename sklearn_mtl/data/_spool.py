"""Rows and codes in files, for a fit with more of them than memory holds."""

import mmap
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from ._cells import LabelledCells

# Rows that are processed at once.
BLOCK = 1 << 15
MOST_ENTRIES = np.iinfo(np.int32).max  # more would need columns of 64 bits


@contextmanager
def open_spool(folder, n_codes, max_bytes):
    """Return a :class:`Spool` in a temporary folder, removed after the block.

    Parameters
    ----------
    folder : path-like or None

    n_codes : int

    max_bytes : int
    """
    # Windows cannot remove files whose maps are in use.
    with TemporaryDirectory(
        prefix="sklearn_mtl_", dir=folder, ignore_cleanup_errors=True
    ) as own:
        spool = Spool(Path(own), n_codes, max_bytes)
        try:
            yield spool
        finally:
            spool.close()


class Spool:
    """Appends rows and codes to files, and returns them as memory maps.

    Parameters
    ----------
    folder : Path

    n_codes : int
        Number of codes of a row.

    max_bytes : int
        Bound on the size of the files.
    """

    def __init__(self, folder, n_codes, max_bytes):
        self._folder, self._n_codes, self._max_bytes = folder, n_codes, max_bytes
        self._files = {name: (folder / name).open("wb") for name in _DTYPES}
        self._sizes, self._n_entries, self._maps = [], 0, {}

    def append(self, rows, codes):
        """Write some rows.

        Parameters
        ----------
        rows : csr_matrix or csr_array of shape (n_rows, n_features)

        codes : ndarray of shape (n_rows, n_codes)

        Raises
        ------
        ValueError
            If the files would be larger than allowed, or the disk is full.
        """
        self._n_entries += rows.nnz
        self._sizes.append(np.diff(rows.indptr).astype(np.int32))
        n_rows = sum(map(len, self._sizes))
        n_bytes = 8 * self._n_entries + 4 * self._n_codes * n_rows
        if n_bytes > self._max_bytes or self._n_entries > MOST_ENTRIES:
            bound = f"the {self._max_bytes / 2**20:,.0f} MiB of max_disk_mib"
            if n_bytes <= self._max_bytes:
                bound = f"{MOST_ENTRIES:,} entries, the most that a fit can read"
            raise ValueError(
                f"The vectorized texts exceed {bound}, after {n_rows:,} rows. Pass "
                "ChunkSource(read, max_disk_mib=..., max_features=...) with a higher "
                "or a lower number, or fewer rows."
            )
        parts = {"values": rows.data, "columns": rows.indices, "codes": codes}
        try:
            for name, part in parts.items():
                own = np.ascontiguousarray(part, _DTYPES[name])
                self._files[name].write(own.view(np.uint8).reshape(-1))
                self._files[name].flush()  # so that a full disk is noticed here
        except OSError as error:
            raise ValueError(
                f"The vectorized texts could not be written to {self._folder.parent} "
                f"after {n_rows:,} rows: {error}. Pass ChunkSource(read, folder=...) "
                "with a folder on a larger disk."
            ) from error

    def read(self, n_features):
        """Return what was written.

        Parameters
        ----------
        n_features : int

        Returns
        -------
        rows : csr_array of shape (n_rows, n_features), dtype float32
            Its values and columns are memory maps.

        codes : ndarray of shape (n_rows, n_codes), dtype int32
            A memory map.
        """
        for file in self._files.values():
            file.close()
        sizes = np.concatenate([[0], *self._sizes])
        starts = np.cumsum(sizes, dtype=np.int64).astype(np.int32)
        self._maps = {
            name: np.memmap(self._folder / name, dtype, "r+")
            for name, dtype in _DTYPES.items()
        }
        values, columns, codes = (self._maps[name] for name in _DTYPES)
        arrays = values[: starts[-1]], columns[: starts[-1]], starts
        rows = csr_array(arrays, (len(sizes) - 1, n_features))
        return rows, codes.reshape(-1, self._n_codes)

    def release(self):
        """Unload the pages of the maps that were read. The next access loads them."""
        for part in self._maps.values():
            with suppress(AttributeError, OSError):  # Windows has no such call
                part._mmap.madvise(mmap.MADV_DONTNEED)

    def close(self):
        """Close the files."""
        self._maps = {}
        for file in self._files.values():
            with suppress(OSError):  # a full disk, which append has reported
                file.close()


_DTYPES = {"values": np.float32, "columns": np.int32, "codes": np.int32}


def blocks(n_rows):
    """Return slices that divide rows into blocks."""
    return [slice(start, start + BLOCK) for start in range(0, n_rows, BLOCK)]


def rewrite(rows, columns, change):
    """Change the values of stored rows, in place, and leave out columns.

    Parameters
    ----------
    rows : csr_array
        From :meth:`Spool.read`.

    columns : ndarray of int of shape (n_features,), or None
        The new number of each column; negative to leave it out. None keeps all.

    change : callable
        Changes the values of a csr_array with some of the rows, in place.

    Returns
    -------
    rows : csr_array
    """
    n_features = rows.shape[1]
    if columns is not None:
        n_features = int(np.count_nonzero(columns >= 0))
    sizes, end = [np.zeros(1, dtype=np.int64)], 0
    for own in blocks(rows.shape[0]):
        part = rows[own]
        if columns is not None:
            numbers = columns[part.indices].astype(np.int32)
            kept = numbers >= 0
            ends = np.concatenate([[0], np.cumsum(kept)])[part.indptr]
            arrays = part.data[kept], numbers[kept], ends.astype(np.int32)
            part = csr_array(arrays, (part.shape[0], n_features))
        change(part)
        # Never ahead of what is read, because rows only become shorter.
        rows.data[end : end + part.nnz] = part.data
        rows.indices[end : end + part.nnz] = part.indices
        sizes.append(np.diff(part.indptr))
        end += part.nnz
    starts = np.cumsum(np.concatenate(sizes)).astype(np.int32)
    arrays = rows.data[:end], rows.indices[:end], starts
    return csr_array(arrays, (rows.shape[0], n_features))


@dataclass
class StoredCells(LabelledCells):
    """Cells of stored rows: codes are a memory map, and all rows have the weight 1.

    Attributes
    ----------
    task_shares : ndarray of shape (n_tasks,)
        Share of the rows with a label of each task.

    n_labelled : int
        Number of labelled codes.
    """

    task_shares: Any = None
    n_labelled: int = 0

    @property
    def cells_per_class(self):
        return self.n_labelled / sum(self.targets.layout.sizes)

    def take(self, rows):
        return LabelledCells(
            self.kept,
            self.targets,
            np.asarray(self.codes[rows]),
            np.asarray(self.weights[rows]),
            np.asarray(self.row_weights[rows]),
            self.labelled_share,
            self.log_class_shares,
        )

    def scaled_weights(self, dtype):
        if self.weights.strides == (0, 0):  # all the same, and in a single place
            return np.broadcast_to(np.ones((), dtype), self.weights.shape)
        return self.weights.astype(dtype, copy=False)
