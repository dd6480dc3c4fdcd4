"""Labels with further cells empty, in the user's container."""

import sys
from collections.abc import Mapping

import narwhals as nw
import numpy as np

from ._blanks import as_frame


def emptied(y, table, empty):
    """Return labels with some cells empty, in a container of the same kind.

    Parameters
    ----------
    y : array-like, dict or DataFrame

    table : LabelTable
        The labels of `y`, with the tasks in the same order.

    empty : ndarray of bool of shape (n_rows, n_tasks)

    Returns
    -------
    y : object
        `y` itself if no cell changes.
    """
    if not empty.any():
        return y
    blank = table.missing | empty
    orders = dict(zip(table.names, table.orders, strict=True))
    columns = {
        name: _cells(column, own)
        for name, column, own in zip(table.names, table.columns, blank.T, strict=True)
    }
    ordered = [name for name, order in orders.items() if order is not None]
    if table.container == "frame":
        frame = as_frame(table, {n: _as_lists(own) for n, own in columns.items()}, y)
        if hasattr(frame, "set_column"):  # pyarrow learns categories from cells
            for name in ordered:
                k, own = table.names.index(name), orders[name]
                column = _ordered(y[name], columns[name], own)
                frame = frame.set_column(k, frame.schema.field(k), column)
        return frame
    if table.container == "dict":
        found = {}
        keys = list(y) if isinstance(y, Mapping) else table.names  # may be integers
        for name, key, changes in zip(columns, keys, empty.any(axis=0), strict=True):
            found[key] = columns[name] if changes else y[key]
            if changes and name in ordered:
                found[key] = _ordered(y[key], columns[name], orders[name])
        return found
    return np.column_stack(list(columns.values()))


def _cells(column, blank):
    cells = column.astype(object)
    cells[blank] = None
    return cells


def _as_lists(column):
    """Return a column with lists in place of sets, which frames cannot hold."""
    lists = column.copy()
    for row, cell in enumerate(column):
        if isinstance(cell, frozenset):
            lists[row] = sorted(cell)
    return lists


def _ordered(column, cells, order):
    """Return other cells as an ordered categorical column of the same library."""
    column = nw.to_native(column, pass_through=True)
    if hasattr(column, "to_pylist"):
        arrow, kind = sys.modules["pyarrow"], column.type
        codes = [None if cell is None else order.index(cell) for cell in cells]
        return arrow.DictionaryArray.from_arrays(
            arrow.array(codes, type=kind.index_type),
            arrow.array(order, type=kind.value_type),
            ordered=kind.ordered,
        )
    index = {"index": column.index} if hasattr(column, "iloc") else {}
    return type(column)(cells.tolist(), dtype=column.dtype, **index)
