"""Gradient descent on a table of input weights, without storing its gradient.

The gradient of a table is a product: the transposed rows of a batch times the gradient
of the table's output. The optimizer step adds this product to the table directly, so
each weight of the batch is read and written once. A stored gradient would be written,
read and written again, in newly allocated memory in each step.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch

from ..utils._optional import import_optional
from . import _kernels
from ._batch import SparseBatch, weighted_sums

OLDEST_NUMBA = (0, 68)  # as in pyproject.toml
KERNELS = ("auto", "numba", "scipy", "torch")
# Number of weights in a table from which compiled loops save more time than the 0.3 s
# it takes to load them. The rule is the same if they are already loaded: a fit must not
# depend on earlier fits.
WORTH_COMPILING = 2**24
# Up to this share of columns read by the rows, skipping the other columns is faster.
MOST_READ = 0.8
# Number of columns that scipy's loop reads at once where rows read some columns only. A
# smaller number needs more calls; a larger one includes more tasks without a label in
# the row.
BLOCK = 32
# Up to this share of blocks, reading blocks is faster than reading all columns.
MOST_BLOCKS = 0.6
# Number of rows that are shrunk at a time: small enough for the cache.
ROWS_AT_ONCE = 1024


class Product(NamedTuple):
    """The gradient of a table: transposed rows times the gradient at its output.

    Attributes
    ----------
    rows : SparseBatch

    slopes : tensor of shape (n_rows, n_columns)

    spans : tuple of ndarray, Blocks or None
        The columns that each row reads, see ``find_spans`` of the loops. None means
        all.
    """

    rows: SparseBatch
    slopes: torch.Tensor
    spans: object


class Pending:
    """The products that the next optimizer step adds to a weight.

    Parameters
    ----------
    loops : ScipyLoops or CompiledLoops

    Attributes
    ----------
    products : list of Product
    """

    def __init__(self, loops):
        self.loops, self.products = loops, []

    def descend(self, weight, rate, shrink):
        """Take a gradient step on the weights of the features in the products.

        Parameters
        ----------
        weight : torch.nn.Parameter

        rate : float

        shrink : float
            Factor applied to these weights before the step.
        """
        if self.products:
            self.loops.add_products(weight.detach(), self.products, -rate, shrink)
        self.products.clear()


@contextmanager
def pending_products(loops_of_weights):
    """Within a block, collect the gradients of weights as products.

    Parameters
    ----------
    loops_of_weights : list of (torch.nn.Parameter, ScipyLoops or CompiledLoops)
    """
    for weight, loops in loops_of_weights:
        weight.pending = Pending(loops)
    try:
        yield
    finally:
        for weight, _ in loops_of_weights:
            del weight.pending


def find_loops(weight, kernel):
    """Return the loops that add products to a weight.

    Parameters
    ----------
    weight : torch.nn.Parameter

    kernel : {"auto", "numba", "scipy", "torch"}
        "auto" means numba for large tables if it is installed, or else scipy.

    Returns
    -------
    loops : ScipyLoops, CompiledLoops or None
        None if the weight needs a stored gradient: with "torch", on a GPU, for types
        other than 32- and 64-bit floats, and if a hook reads the gradient.
    """
    if kernel == "torch" or not _takes_products(weight):
        return None
    if kernel == "auto":
        is_large = weight.numel() >= WORTH_COMPILING
        kernel = "numba" if is_large and _has_numba() else "scipy"
    return compiled_loops() if kernel == "numba" else scipy_loops()


def _has_numba():
    """Whether a working numba of a supported version is installed."""
    compiles = os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")
    return compiles and _numba_version() >= OLDEST_NUMBA


@cache
def _numba_version():
    """Return (major, minor) without importing numba; (0, 0) if it is not installed."""
    try:
        return tuple(map(int, version("numba").split(".")[:2]))
    except PackageNotFoundError:
        return 0, 0


def _takes_products(weight):
    return (
        weight.requires_grad
        and weight.device.type == "cpu"
        and weight.dtype in (torch.float32, torch.float64)
        and weight.is_contiguous()
        and not weight._backward_hooks
        and not weight._post_accumulate_grad_hooks
    )


class Blocks:
    """Blocks of columns that rows read, as rows of a table as wide as one block.

    Parameters
    ----------
    rows, blocks : ndarray of int
        Row numbers in ascending order, and the block that each of them reads.

    n_blocks : int
        Number of blocks in a row of the table.
    """

    def __init__(self, rows, blocks, n_blocks):
        self.rows, self.blocks, self.n_blocks = rows, blocks, n_blocks
        self.places = torch.from_numpy(rows * n_blocks + blocks)
        self._batch = None

    def batch(self, rows, n_features, take):
        """Return a batch with one row per block that a row reads. Computed once.

        Parameters
        ----------
        rows : SparseBatch

        n_features : int

        take : callable
            ``csr_row_index`` of scipy.
        """
        if self._batch is None:
            arrays = rows.offsets, rows.indices, rows.values
            offsets, indices, values = (array.numpy() for array in arrays)
            if n_features * self.n_blocks > np.iinfo(indices.dtype).max:
                offsets, indices = offsets.astype(np.int64), indices.astype(np.int64)
            chosen, blocks = (p.astype(indices.dtype) for p in (self.rows, self.blocks))
            sizes = np.diff(offsets)[chosen]
            starts = np.zeros(len(chosen) + 1, dtype=indices.dtype)
            np.cumsum(sizes, out=starts[1:])
            places = np.empty(starts[-1], dtype=indices.dtype)
            own = np.empty(starts[-1], dtype=values.dtype)
            take(len(chosen), chosen, offsets, indices, values, places, own)
            places *= self.n_blocks
            places += np.repeat(blocks, sizes)
            self._batch = SparseBatch.from_arrays(places, starts, own)
        return self._batch


class ScipyLoops:
    """scipy's loops over sparse rows, on one thread.

    Parameters
    ----------
    add, take : callable
        ``csc_matvecs`` and ``csr_row_index`` of scipy.
    """

    def __init__(self, add, take):
        self._add, self._take = add, take

    def find_spans(self, codes, edges, n_columns):
        """Return the blocks of columns that each row reads.

        The parameters are those of :meth:`CompiledLoops.find_spans`.

        Returns
        -------
        blocks : Blocks or None
            None if rows read most blocks, if the first task does not start at column 0,
            or if the table is not a whole number of blocks wide.
        """
        if edges[0] or n_columns % BLOCK:
            return None
        numbers = np.arange(n_columns // BLOCK)
        first, last = edges[:-1, None] // BLOCK, (edges[1:, None] - 1) // BLOCK
        of_task = (first <= numbers) & (numbers <= last)
        read = (codes.numpy() >= 0).astype(np.float32) @ of_task.astype(np.float32) > 0
        rows, blocks = np.nonzero(read)
        if len(rows) > MOST_BLOCKS * read.size:
            return None
        return Blocks(rows, blocks, len(numbers))

    def sums(self, table, rows, spans):
        """Return rows times a table. Blocks that a row does not read are 0."""
        batch = spans.batch(rows, len(table), self._take)
        sums = table.new_zeros(len(rows), table.shape[1])
        sums.view(-1, BLOCK)[spans.places] = weighted_sums(table.view(-1, BLOCK), batch)
        return sums

    def add_products(self, table, products, factor, shrink):
        """Multiply rows of a table by `shrink`, and add `factor` times products."""
        if shrink != 1:
            seen = np.zeros(len(table), dtype=bool)
            for rows, _, _ in products:
                seen[rows.indices.numpy()] = True
            features, weights = np.flatnonzero(seen), table.numpy()
            for start in range(0, len(features), ROWS_AT_ONCE):
                weights[features[start : start + ROWS_AT_ONCE]] *= shrink
        for rows, slopes, spans in products:
            n_rows, width = table.shape
            if spans is not None:
                rows = spans.batch(rows, n_rows, self._take)
                slopes = slopes.view(-1, BLOCK)[spans.places]
                n_rows, width = n_rows * spans.n_blocks, BLOCK
            values = rows.values.to(table.dtype) * factor
            arrays = [rows.offsets, rows.indices, values, slopes.ravel()]
            # The rows of a batch are the columns of its transpose.
            self._add(
                *(n_rows, len(rows), width),
                *(array.numpy() for array in [*arrays, table.view(-1)]),
            )


@cache
def scipy_loops():
    """Return scipy's loops, or None if this version of scipy does not have them."""
    try:
        # A private API, because the public product allocates its result.
        from scipy.sparse._sparsetools import csc_matvecs, csr_row_index
    except ImportError:
        return None
    return ScipyLoops(csc_matvecs, csr_row_index)


class CompiledLoops:
    """Loops compiled by numba, run on as many threads as torch uses.

    Each thread works on its own features or rows, so the result does not depend on the
    number of threads.

    Parameters
    ----------
    find_spans, add_rows, add_transposed : callable
        Compiled functions of :mod:`._kernels`.
    """

    def __init__(self, find_spans, add_rows, add_transposed):
        self._find_spans = find_spans
        self._add_rows, self._add_transposed = add_rows, add_transposed

    def find_spans(self, codes, edges, n_columns):
        """Return the columns that each row reads.

        Parameters
        ----------
        codes : tensor of shape (n_rows, n_tasks), dtype int64
            Negative where a label is missing.

        edges : ndarray of shape (n_tasks + 1,), dtype int64
            First column of each task, and the end of the last task. All rows read the
            columns before the first and after the last task.

        n_columns : int

        Returns
        -------
        spans : tuple of ndarray, or None
            None if rows read most columns: torch is faster for whole rows.
        """
        starts, bounds = self._find_spans(codes.numpy(), edges, n_columns)
        n_read = (bounds[1::2] - bounds[::2]).sum()
        if n_read > MOST_READ * len(codes) * n_columns:
            return None
        return starts, bounds

    def sums(self, table, rows, spans=None):
        """Return rows times a table. Columns that a row does not read are 0."""
        sums = table.new_zeros(len(rows), table.shape[1])
        arrays = [*self._arrays(table, rows, spans), sums.numpy()]
        n_threads = torch.get_num_threads()
        bounds = np.linspace(0, len(rows), n_threads + 1).astype(int).tolist()
        _on_threads(
            partial(self._add_rows, *arrays, *part) for part in pairwise(bounds)
        )
        return sums

    def add_products(self, table, products, factor, shrink):
        """Multiply rows of a table by `shrink`, and add `factor` times products."""
        seen = np.zeros(len(table) if shrink != 1 else 0, dtype=bool)
        # A power of two, so that a bit mask assigns each feature to a thread.
        mask = (1 << (torch.get_num_threads().bit_length() - 1)) - 1
        for rows, slopes, spans in products:
            arrays = [*self._arrays(table, rows, spans), slopes.numpy()]
            factors = np.array([factor, shrink], dtype=arrays[0].dtype)
            add = partial(self._add_transposed, *arrays, *factors, seen)
            _on_threads(partial(add, part, mask) for part in range(mask + 1))

    def _arrays(self, table, rows, spans):
        if spans is None:
            starts = np.arange(len(rows) + 1, dtype=np.int64) * 2
            spans = starts, np.tile([0, table.shape[1]], len(rows))
        values = rows.values.to(table.dtype)
        tensors = [table, rows.offsets, rows.indices, values]
        return [*(t.numpy() for t in tensors), *spans]


def _on_threads(calls):
    """Run calls at the same time, the first one on this thread."""
    first, *others = calls
    if not others:
        first()
        return
    with ThreadPoolExecutor(len(others)) as pool:
        started = [pool.submit(call) for call in others]
        first()
        for call in started:
            call.result()


@cache
def compiled_loops():
    """Return the loops compiled by numba."""
    numba = import_optional("numba", "fast", "kernel='numba'", "kernel='auto'")
    return CompiledLoops(*_kernels.compiled(numba))
