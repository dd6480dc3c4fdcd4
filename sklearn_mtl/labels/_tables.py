"""Label tables: any ``y`` as named columns with a mask of missing cells.

Fitting, scoring and splitting all read labels here, so missing cells and label types
mean the same everywhere.
"""

from collections.abc import Mapping, MutableSequence, Set
from dataclasses import dataclass, replace
from numbers import Integral

import narwhals as nw
import numpy as np
from scipy.sparse import issparse

from ..utils._rows import at_once
from ._cells import read_column, some
from ._columns import as_array, as_column, is_sequence, order_of, series_to_array
from ._missing import is_same, missing_values
from ._sets import is_cell


@dataclass(frozen=True)
class LabelTable:
    """Label columns read from any container.

    Attributes
    ----------
    names : list of str
        The task names.

    columns : list of ndarray of shape (n_samples,)
        The cells of each task in their own dtype (str cells as object, cells of several
        labels as frozenset). The value in a missing cell has no meaning.

    missing : ndarray of shape (n_samples, n_tasks), dtype bool
        True where a cell holds no label.

    orders : list of (list or None)
        For each task, all labels in order, if the column is an ordered categorical.

    cell_types : list of (type or None)
        For each task, the type of its cells if they hold several labels.

    container : {"vector", "array", "dict", "frame"}
        The container of the labels, and of predictions.

    template : dataframe of zero rows or None
        For ``container="frame"``: has the library, column names and dtypes of the
        user's frame.

    has_marked : bool, default=False
        Whether a cell holds a value of `missing_label`.
    """

    names: list
    columns: list
    missing: np.ndarray
    orders: list
    cell_types: list
    container: str
    template: object = None
    has_marked: bool = False

    def __len__(self):
        return len(self.missing)

    @property
    def is_named(self):
        """Whether the user named the tasks. Columns may then come in any order."""
        return self.container in ("dict", "frame")

    def take(self, rows):
        """Return the table of the given rows (indices or a boolean mask)."""
        columns = [column[rows] for column in self.columns]
        return replace(self, columns=columns, missing=self.missing[rows])

    def mask(self, missing):
        """Return the table with the given cells, a boolean array, missing too."""
        return replace(self, missing=self.missing | missing)

    def select(self, names, what="y"):
        """Return the table with its columns in the order of `names`.

        Arrays and vectors have no names and keep their order.
        """
        if not self.is_named:
            if len(names) != len(self.names):
                raise ValueError(
                    f"{what} must have a column for each of the {len(names)} tasks "
                    f"{some(names)}. Got {len(self.names)} column(s)."
                )
            return replace(self, names=list(names))
        absent = [name for name in names if name not in self.names]
        unknown = [name for name in self.names if name not in names]
        if absent or unknown:
            raise ValueError(
                f"{what} must have exactly the tasks {some(names)}. Missing: "
                f"{some(absent)}; unknown: {some(unknown)}."
            )
        order = [self.names.index(name) for name in names]
        columns = [self.columns[k] for k in order]
        return replace(
            self,
            names=list(names),
            columns=columns,
            missing=self.missing[:, order],
            orders=[self.orders[k] for k in order],
            cell_types=[self.cell_types[k] for k in order],
        )

    def refuse_sets(self, reader):
        """Raise a ValueError if the cells of a task hold several labels.

        Parameters
        ----------
        reader : str
            The function or class that cannot read them, for the message.
        """
        several = [
            name
            for name, kind in zip(self.names, self.cell_types, strict=True)
            if kind is not None
        ]
        if several:
            raise ValueError(
                f"{reader} reads one label per cell, but the cells of {some(several)} "
                "hold several. Leave these tasks out, or give each of their labels its "
                "own column."
            )


def as_label_table(y, *, missing_label=None, what="y"):
    """Read labels from any container.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
        The labels. A dict maps task names to columns. DataFrames of pandas, polars
        and pyarrow are read through narwhals. In a dict or frame, a cell may be a list,
        tuple or set of labels; in arrays and vectors only a set.

    missing_label : object, or list, tuple, set or ndarray of them, default=None
        Values that mean "no label", in addition to NaN, None and pandas.NA. Types must
        match: 0 is neither "0" nor False.

    what : str, default="y"
        Name of the argument in messages.

    Returns
    -------
    table : LabelTable

    Raises
    ------
    ValueError
        If `y` has no or more than two dimensions, rows of different lengths, unusable
        task names, an infinite cell, or a column with labels of several types.
    """
    if isinstance(y, LabelTable):  # already read
        return y
    names, columns, orders, container, template = _open(y, what)
    values = missing_values(missing_label)
    orders = [
        order and [c for c in order if not any(is_same(c, v) for v in values)]
        for order in orders
    ]
    cleaned = []
    for name, column in zip(names, columns, strict=True):
        label = what if container == "vector" else f"{what}[{name!r}]"
        cleaned.append(read_column(np.asarray(column), label, values))
    columns, missing, cell_types, marked = zip(*cleaned, strict=True)
    return LabelTable(
        names=names,
        columns=list(columns),
        missing=np.column_stack(missing),
        orders=orders,
        cell_types=list(cell_types),
        container=container,
        template=template,
        has_marked=any(marked),
    )


def concat_tables(tables):
    """Join the rows of tables with the same tasks.

    Parameters
    ----------
    tables : list of LabelTable
        At least one.

    Returns
    -------
    table : LabelTable
        With the container of the first.

    Raises
    ------
    ValueError
        If the labels of a task have several types or orders.
    """
    missing = np.concatenate([table.missing for table in tables])
    columns, orders, cell_types = [], [], []
    for k, name in enumerate(tables[0].names):
        used = [table for table in tables if not table.missing[:, k].all()]
        dtypes = [table.columns[k].dtype for table in used]
        several = {table.cell_types[k] is None for table in used}
        if len({_KINDS_OF_DTYPE[dtype.kind] for dtype in dtypes} | several) > 2:
            found = [table.columns[k][~table.missing[:, k]][0] for table in used]
            kinds = {type(cell).__name__: cell for cell in found}
            raise ValueError(
                f"The labels of the task {name!r} have several types: "
                f"{some(list(kinds.values()))} of type(s) {sorted(kinds)}. Use one."
            )
        column = np.zeros(len(missing), np.result_type(*dtypes) if dtypes else object)
        labelled = np.flatnonzero(~missing[:, k])
        cells = [table.columns[k][~table.missing[:, k]] for table in used]
        if cells:
            column[labelled] = np.concatenate(cells)
        columns.append(column)
        cell_types.append(next((table.cell_types[k] for table in used), None))
        found = [order for table in tables if (order := table.orders[k]) is not None]
        if any(order != found[0] for order in found):
            raise ValueError(
                f"The task {name!r} has ordered categories that differ: {found[0]} and "
                f"{next(order for order in found if order != found[0])}. Use the same."
            )
        orders.append(found[0] if found else None)
    return replace(
        tables[0],
        columns=columns,
        missing=missing,
        orders=orders,
        cell_types=cell_types,
        has_marked=any(table.has_marked for table in tables),
    )


_KINDS_OF_DTYPE = {"O": "text", "b": "bool"} | dict.fromkeys("iuf", "number")


def check_task_names(parameter, value, task_names):
    """Raise a ValueError if a dict parameter names an unknown task."""
    unknown = [name for name in (value or {}) if name not in task_names]
    if unknown:
        raise ValueError(
            f"{parameter} names unknown tasks {unknown}. The tasks are {task_names}."
        )


def _open(y, what):
    """Return names, raw columns, orders, kind and template of a container."""
    if isinstance(y, Mapping):
        return _open_dict(y, what)
    if issparse(y):
        raise ValueError(
            f"{what} is a sparse matrix, in which an unstored cell could mean 0 or "
            f"missing. Pass a dense array, for instance {what}.toarray()."
        )
    if hasattr(y, "collect"):
        raise ValueError(f"{what} is a lazy frame. Pass {what}.collect().")
    if hasattr(y, "levels") and hasattr(y, "to_frame"):
        raise ValueError(
            f"{what} is an index with several levels. Pass "
            f"{what}.to_frame(index=False), a frame with a column for each level."
        )
    if hasattr(y, "columns") or hasattr(y, "column_names"):
        return _open_frame(y, what)
    cells = at_once(y)
    _refuse_lazy_lists(y, cells, what)
    array = as_array(cells, what)
    if array.ndim == 1:
        return ["task0"], [array], [order_of(y)], "vector", None
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(
            f"{what} must have shape (n_samples,) or (n_samples, n_tasks). Got shape "
            f"{array.shape}. Pass one column for each task."
        )
    names = [f"task{k}" for k in range(array.shape[1])]
    return names, list(array.T), [None] * len(names), "array", None


def _open_dict(y, what):
    _check_names(list(y), what)
    if not y:
        raise ValueError(f"{what} is an empty dict. Pass {{task: labels}}.")
    for name, column in y.items():
        if isinstance(column, Mapping):
            raise ValueError(
                f"{what}[{name!r}] is a dict, as of a frame's to_dict(), and must be a "
                f"column of labels. Pass list({what}[{name!r}].values()), or the frame "
                "itself."
            )
    _check_indexes(y, what)
    columns = [as_column(column, f"{what}[{name!r}]") for name, column in y.items()]
    for name, column in zip(y, columns, strict=True):
        if column.ndim != 1:
            raise ValueError(
                f"{what}[{name!r}] must be one column of labels. Got shape "
                f"{column.shape}."
            )
    lengths = {name: len(column) for name, column in zip(y, columns, strict=True)}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"The columns of {what} must have the same length. Got {lengths}."
        )
    orders = [order_of(column) for column in y.values()]
    return _task_names(list(y)), columns, orders, "dict", None


def _check_indexes(y, what):
    """Refuse pandas Series with different indexes."""
    first = None
    for name, column in y.items():
        index = getattr(column, "index", None)
        if not hasattr(column, "iloc") or not hasattr(index, "equals"):
            continue
        if first is None:
            first = name, index
        elif len(index) == len(first[1]) and not index.equals(first[1]):
            raise ValueError(
                f"{what}[{first[0]!r}] and {what}[{name!r}] have different indexes, so "
                "their rows may not belong together. Pass pandas.DataFrame("
                f"{what}), which aligns them, or arrays, {what}[{name!r}]."
                "to_numpy(), which are matched by position."
            )


def _open_frame(y, what):
    native_names = getattr(y, "column_names", None)  # pyarrow
    names = list(y.columns if native_names is None else native_names)
    _check_names(names, what)
    if not names:
        raise ValueError(f"{what} is a table without columns. Pass one for each task.")
    frame = nw.from_native(y, eager_only=True, pass_through=native_names is not None)
    if not isinstance(frame, nw.DataFrame):  # Arrow batches, Hugging Face data sets
        return _open_dict({name: y[name] for name in names}, what)
    # By position, because frame[name] means something else for integer names.
    columns = [series_to_array(series) for series in frame.iter_columns()]
    orders = [order_of(series) for series in frame.iter_columns()]
    template = _empty_like(_any_length(frame).to_native())
    return _task_names(names), columns, orders, "frame", template


def _any_length(frame):
    """Return a frame whose list columns allow any length, as predictions need."""
    fixed = {n: t for n, t in frame.schema.items() if isinstance(t, nw.Array)}
    casts = [nw.col(n).cast(nw.List(t.inner)) for n, t in fixed.items()]
    return frame.with_columns(*casts) if casts else frame


def _empty_like(frame):
    # A slice of an Arrow table would keep and pickle all its cells.
    if hasattr(frame, "column_names"):
        return frame.schema.empty_table()
    return frame.head(0)


def _refuse_lazy_lists(y, cells, what):
    """Raise a ValueError if y is a lazy sequence of lists, as of Hugging Face.

    Such a sequence may be one column of sets of labels, or the rows of a table. `cells`
    are the cells of y, read into memory.
    """
    is_list = isinstance(y, MutableSequence | tuple)
    if is_list or not hasattr(y, "__getitem__") or not is_sequence(y):
        return
    if any(is_cell(cell) and not isinstance(cell, Set) for cell in cells):
        raise ValueError(
            f"{what} is a {type(y).__name__} of lists. It may be a column whose cells "
            "hold several labels, or the rows of a table. Pass {task: "
            f"{what}}} for a column, or list({what}) for a table."
        )


def _check_names(names, what):
    duplicates = sorted({str(name) for name in names if names.count(name) > 1})
    if duplicates:
        raise ValueError(
            f"Task names must be unique. {what} has several columns named "
            f"{some(duplicates)}."
        )
    kinds = {isinstance(name, str) for name in names}
    integers = all(isinstance(name, Integral) for name in names)
    if kinds not in (set(), {True}) and not integers:
        raise ValueError(
            f"Task names must all be strings. Got {some(names)}. Rename the columns, "
            f"for instance {what}.columns = [str(name) for name in {what}.columns]."
        )


def _task_names(names):
    if names and all(isinstance(name, Integral) for name in names):
        return [f"task{k}" for k in range(len(names))]
    return names
