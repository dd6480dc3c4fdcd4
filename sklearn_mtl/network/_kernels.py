"""Loops over sparse rows and tables, for numba to compile.

They work on lanes of `LANE` columns. In compiled code, `compiled` replaces the two
functions for a lane by vector instructions; the Python versions below define what they
do.
"""

from importlib import import_module

import numpy as np

# A cache line of 32-bit floats. InputTable pads its columns to a multiple of it.
LANE = 16
# Weights are prefetched into the cache this many stored values ahead.
AHEAD = 8


def add_lane(to, p, source, q, factor):
    """Add a lane of `source`, times a factor, to a lane of `to`."""
    to[p : p + LANE] += factor * source[q : q + LANE]


def fetch(array, p):
    """Prefetch the cache line of an element."""


def find_spans(codes, edges, n_columns):
    """Find the columns that each row must read, in whole lanes.

    A row reads all columns except those of tasks without a label in the row.

    Parameters
    ----------
    codes : ndarray of shape (n_rows, n_tasks)
        Negative where a label is missing.

    edges : ndarray of shape (n_tasks + 1,)
        First column of each task, and the end of the last task.

    n_columns : int

    Returns
    -------
    starts : ndarray of shape (n_rows + 1,)
        Start of each row's bounds in `bounds`.

    bounds : ndarray
        First column and end of each span.
    """
    n_rows, n_tasks = codes.shape
    starts = np.zeros(n_rows + 1, np.int64)
    bounds = np.empty(2 * n_rows * (n_tasks + 2), np.int64)
    n = 0
    for row in range(n_rows):
        # The columns before the tasks, those of each task, and those after the tasks.
        for part in range(n_tasks + 2):
            first = edges[part - 1] if part > 0 else 0
            end = edges[part] if part <= n_tasks else n_columns
            is_task = 0 < part <= n_tasks
            if first == end or (is_task and codes[row, part - 1] < 0):
                continue
            first = first // LANE * LANE
            end = min((end + LANE - 1) // LANE * LANE, n_columns)
            if n > starts[row] and first <= bounds[n - 1]:
                bounds[n - 1] = end
            else:
                bounds[n] = first
                bounds[n + 1] = end
                n += 2
        starts[row + 1] = n
    return starts, bounds[:n]


def add_rows(table, offsets, indices, values, starts, bounds, sums, begin, end):
    """Add rows times a table to sums, for the rows from `begin` to `end`."""
    n_columns = np.int64(table.shape[1])
    weights, totals, n_stored = table.reshape(-1), sums.reshape(-1), len(indices)
    for row in range(begin, end):
        q, first, last = row * n_columns, starts[row], starts[row + 1]
        for k in range(offsets[row], offsets[row + 1]):
            if k + AHEAD < n_stored:
                p = indices[k + AHEAD] * n_columns
                for j in range(first, last, 2):
                    for column in range(bounds[j], bounds[j + 1], LANE):
                        fetch(weights, p + column)
            p, value = indices[k] * n_columns, values[k]
            for j in range(first, last, 2):
                whole = bounds[j + 1] - (bounds[j + 1] - bounds[j]) % LANE
                for column in range(bounds[j], whole, LANE):
                    add_lane(totals, q + column, weights, p + column, value)
                for column in range(whole, bounds[j + 1]):
                    totals[q + column] += value * weights[p + column]


def add_transposed(
    table,
    offsets,
    indices,
    values,
    starts,
    bounds,
    slopes,
    factor,
    shrink,
    seen,
    part,
    mask,
):
    """Add transposed rows times gradients to a table, for the features of one part.

    A feature is in the part if its lowest bits, selected by `mask`, equal `part`. The
    weights of a feature are first multiplied by `shrink`, unless the bool array `seen`
    marks the feature as done. If `seen` is empty, no weights are multiplied.
    """
    n_columns = np.int64(table.shape[1])
    weights, steps, n_stored = table.reshape(-1), slopes.reshape(-1), len(indices)
    for row in range(len(offsets) - 1):
        q, first, last = row * n_columns, starts[row], starts[row + 1]
        for k in range(offsets[row], offsets[row + 1]):
            if k + AHEAD < n_stored and indices[k + AHEAD] & mask == part:
                p = indices[k + AHEAD] * n_columns
                for j in range(first, last, 2):
                    for column in range(bounds[j], bounds[j + 1], LANE):
                        fetch(weights, p + column)
            if indices[k] & mask != part:
                continue
            p, value = indices[k] * n_columns, factor * values[k]
            if len(seen) and not seen[indices[k]]:
                seen[indices[k]] = True
                for column in range(n_columns):
                    weights[p + column] *= shrink
            for j in range(first, last, 2):
                whole = bounds[j + 1] - (bounds[j + 1] - bounds[j]) % LANE
                for column in range(bounds[j], whole, LANE):
                    add_lane(weights, p + column, steps, q + column, value)
                for column in range(whole, bounds[j + 1]):
                    weights[p + column] += value * steps[q + column]


def compiled(numba):
    """Return `find_spans`, `add_rows` and `add_transposed`, compiled on first use.

    They release the GIL and do not use numba's own threads. The compiled code is cached
    on disk if numba finds a writable folder.
    """
    _define_lane_code(numba)
    functions = find_spans, add_rows, add_transposed
    try:
        return [numba.njit(nogil=True, cache=True)(f) for f in functions]
    except RuntimeError:  # no writable folder
        return [numba.njit(nogil=True)(f) for f in functions]


def _define_lane_code(numba):
    """Compile adding and prefetching of lanes to vector instructions."""
    ir = import_module("llvmlite.ir")  # a dependency of numba
    intrinsic, overload = numba.extending.intrinsic, numba.extending.overload

    def pointer(context, builder, kind, array, place):
        data = context.make_array(kind)(context, builder, array).data
        return builder.gep(data, [place])

    @intrinsic
    def add_vector(typing, to, p, source, q, factor):
        def generate(context, builder, signature, args):
            kinds, integer = signature.args, ir.IntType(32)
            scalar = context.get_value_type(kinds[0].dtype)
            vector, align = ir.VectorType(scalar, LANE), kinds[0].dtype.bitwidth // 8
            target, other = (
                builder.bitcast(
                    pointer(context, builder, kinds[k], args[k], args[k + 1]),
                    vector.as_pointer(),
                )
                for k in (0, 2)
            )
            nothing = ir.Constant(vector, ir.Undefined)
            one = builder.insert_element(nothing, args[4], integer(0))
            zeros = ir.Constant(ir.VectorType(integer, LANE), [0] * LANE)
            factors = builder.shuffle_vector(one, nothing, zeros)
            step = builder.fmul(factors, builder.load(other, align=align))
            sums = builder.fadd(builder.load(target, align=align), step)
            builder.store(sums, target, align=align)
            return context.get_dummy_value()

        return numba.void(to, p, source, q, factor), generate

    @intrinsic
    def prefetch(typing, array, p):
        def generate(context, builder, signature, args):
            byte, integer = ir.IntType(8).as_pointer(), ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [byte, integer, integer, integer])
            name = "llvm.prefetch.p0"
            found = builder.module.globals.get(name)
            function = found or ir.Function(builder.module, kind, name)
            place = pointer(context, builder, signature.args[0], *args)
            # Read access, all cache levels, data cache.
            flags = [integer(0), integer(3), integer(1)]
            builder.call(function, [builder.bitcast(place, byte), *flags])
            return context.get_dummy_value()

        return numba.void(array, p), generate

    @overload(add_lane, inline="always")
    def _(to, p, source, q, factor):
        return lambda to, p, source, q, factor: add_vector(to, p, source, q, factor)

    @overload(fetch, inline="always")
    def _(array, p):
        return lambda array, p: prefetch(array, p)
