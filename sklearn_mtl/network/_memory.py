"""Memory of large tables: huge pages, and freeing memory while a table is copied."""

import ctypes
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import numpy as np
import torch

# Constants of Linux, see madvise(2).
_DONTNEED, _HUGEPAGE = 4, 14
_PAGE = 2**12
_ALIGNMENT = 64  # bytes: a cache line, the alignment of torch
# Smaller tables fit into the TLB of the processor without huge pages.
LARGE = 2**24  # bytes
ROWS_AT_ONCE = 2**14
_DRAWS = ContextVar("draws", default=True)


@contextmanager
def without_first_weights():
    """Within a block, leave new tables at 0 instead of drawing their first weights.

    For networks whose weights are all copied from others afterwards.
    """
    token = _DRAWS.set(False)
    try:
        yield
    finally:
        _DRAWS.reset(token)


def draw_weights(table, limit):
    """Draw the first weights of a table from the interval ``[-limit, limit]``."""
    if limit and _DRAWS.get():
        table.uniform_(-limit, limit)


def new_table(n_rows, n_columns, dtype=torch.float32):
    """Return a table of zeros, on huge pages where the system has them.

    Training accesses rows in random order. Looking up a page takes as long as reading a
    row, and with pages of 2 MiB the TLB can hold most entries. The system allocates and
    zeroes a page when it is first written.
    """
    # Allocates nothing, but code that limits the size of torch's tensors, such as
    # `load`, sees this call.
    torch.empty(n_rows, n_columns, dtype=dtype, device="meta")
    kind = str(dtype).removeprefix("torch.")
    n_bytes = n_rows * n_columns * np.dtype(kind).itemsize
    memory = np.zeros(n_bytes + _ALIGNMENT, dtype=np.uint8)
    first = -memory.ctypes.data % _ALIGNMENT
    values = memory[first : first + n_bytes].view(kind)
    table = torch.from_numpy(values.reshape(n_rows, n_columns))
    if table.nbytes >= LARGE:
        _advise(table, table.nbytes, _HUGEPAGE)
    return table


def join_tables(tables, n_columns):
    """Return a table with the columns of all tables, followed by zeros.

    The memory of the input tables is freed row by row, so weights are never in memory
    twice. The input tables must not be used afterwards.

    Parameters
    ----------
    tables : list of tensors of shape (n_rows, any)
        Contiguous; each owns its memory.

    n_columns : int
    """
    joint = new_table(len(tables[0]), n_columns, tables[0].dtype)
    widths = [table.shape[1] for table in tables]
    parts = joint.split([*widths, n_columns - sum(widths)], dim=1)
    # The new table holds zeros already, and tables of zeros have no memory yet.
    pairs = [
        pair for pair in zip(tables, parts, strict=False) if pair[0].count_nonzero()
    ]
    for start in range(0, len(joint), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        for table, part in pairs:
            part[rows] = table[rows]
            if table.nbytes >= LARGE:
                _advise(table, table[: rows.stop].nbytes, _DONTNEED)
    return joint


def _advise(table, n_bytes, advice):
    """Call madvise for the whole pages within the first bytes of a table."""
    madvise = _madvise() if table.device.type == "cpu" else None
    first = -(-table.data_ptr() // _PAGE) * _PAGE
    length = (table.data_ptr() + n_bytes - first) // _PAGE * _PAGE
    if madvise is not None and length > 0:
        madvise(first, length, advice)  # failure is harmless


@cache
def _madvise():
    if sys.platform != "linux":
        return None
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return madvise
