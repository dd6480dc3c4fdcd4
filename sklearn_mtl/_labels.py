"""Label tables: whatever a user calls ``y``, as named columns with a missing mask.

The bottom room of the house. It knows containers and empty cells, not networks, so
that scoring and splitting can read labels exactly as fitting does.
"""

import sys
from collections.abc import Mapping, MutableSequence, Set
from dataclasses import dataclass, replace
from numbers import Integral

import narwhals as nw
import numpy as np
from scipy.sparse import issparse

from ._label_cells import read_column, some
from ._label_sets import is_cell
from ._missing import is_same, missing_values


@dataclass(frozen=True)
class LabelTable:
    """Label columns in one shape, whatever container they came in.

    Attributes
    ----------
    names : list of str
        The task names.

    columns : list of ndarray of shape (n_samples,)
        The cells of each task in their own dtype (str cells as object, cells of several
        labels as frozenset). What stands in a missing cell has no meaning.

    missing : ndarray of shape (n_samples, n_tasks), dtype bool
        True where a cell holds no label.

    orders : list of (list or None)
        For each task all labels in their order, where the column is an ordered
        categorical of its library.

    cell_types : list of (type or None)
        For each task the type of its cells, where they hold several labels.

    container : {"vector", "array", "dict", "frame"}
        What the labels came in, and so what predictions go back as.

    template : dataframe of zero rows or None
        For ``container="frame"``: carries library, names and dtypes of the user's
        frame.

    has_marked : bool, default=False
        Whether a cell holds a value that the user names as missing.
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
        """Whether the user named the tasks, so that columns have no fixed order."""
        return self.container in ("dict", "frame")

    def take(self, rows):
        """Return the table of the given rows (indices or a boolean mask)."""
        columns = [column[rows] for column in self.columns]
        return replace(self, columns=columns, missing=self.missing[rows])

    def mask(self, missing):
        """Return the table with the given cells (a boolean array) missing too."""
        return replace(self, missing=self.missing | missing)

    def select(self, names, what="y"):
        """Return the table with its columns in the order of `names`.

        Unnamed containers (arrays, vectors) are taken in the order they stand in.
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
            Who cannot read them, for the message.
        """
        several = [
            name
            for name, kind in zip(self.names, self.cell_types, strict=True)
            if kind is not None
        ]
        if several:
            raise ValueError(
                f"{reader} reads one label a cell, and the cells of {some(several)} "
                "hold several. Leave these tasks out, or give each of their labels a "
                "column of its own."
            )


def as_label_table(y, *, missing_label=None, what="y"):
    """Read labels out of any container a user may hold them in.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
        The labels. A dict maps task names to columns. DataFrames of pandas, polars
        and pyarrow are read through narwhals. A cell of a dict or frame may be a list,
        tuple or set of labels, in arrays and vectors a set.

    missing_label : object, or list, tuple, set or ndarray of them, default=None
        Further values that mean "no label", besides NaN, None and pandas.NA. Values of
        another type than a cell are not equal to it: 0 is neither "0" nor False.

    what : str, default="y"
        How error messages call the argument.

    Returns
    -------
    table : LabelTable

    Raises
    ------
    ValueError
        If `y` has no or more than two dimensions, ragged rows, unusable task names,
        an infinite cell, or a column that holds labels of several types.
    """
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


def check_task_names(parameter, value, task_names):
    """Raise a ValueError where a dict parameter names a task that is not there."""
    unknown = [name for name in (value or {}) if name not in task_names]
    if unknown:
        raise ValueError(
            f"{parameter} names unknown tasks {unknown}. The tasks are {task_names}."
        )


def _open(y, what):
    """Split a container into names, raw columns, orders, its kind and its template."""
    if isinstance(y, Mapping):
        return _open_dict(y, what)
    if issparse(y):
        raise ValueError(
            f"{what} is a sparse matrix, in which a cell that is not stored could mean "
            f"0 or missing. Pass a dense array, for instance {what}.toarray()."
        )
    if hasattr(y, "collect"):
        raise ValueError(f"{what} is a lazy frame. Pass {what}.collect().")
    if hasattr(y, "levels") and hasattr(y, "to_frame"):
        raise ValueError(
            f"{what} is an index of several levels. Pass {what}.to_frame(index=False), "
            "a frame with a column for each level."
        )
    if hasattr(y, "columns") or hasattr(y, "column_names"):
        return _open_frame(y, what)
    _refuse_lazy_lists(y, what)
    array = _as_array(y, what)
    if array.ndim == 1:
        return ["task0"], [array], [_order_of(y)], "vector", None
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
    columns = [_as_column(column, f"{what}[{name!r}]") for name, column in y.items()]
    for name, column in zip(y, columns, strict=True):
        if column.ndim != 1:
            raise ValueError(
                f"{what}[{name!r}] must be one column of labels. Got shape "
                f"{column.shape}."
            )
    lengths = {name: len(column) for name, column in zip(y, columns, strict=True)}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"The columns of {what} must have one length. Got {lengths}.")
    orders = [_order_of(column) for column in y.values()]
    return _task_names(list(y)), columns, orders, "dict", None


def _check_indexes(y, what):
    """Refuse Series of pandas whose rows are called differently."""
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
                f"{what}), which brings them together, or arrays, {what}[{name!r}]."
                "to_numpy(), which are read in the order in which they stand."
            )


def _open_frame(y, what):
    native_names = getattr(y, "column_names", None)  # pyarrow's word
    names = list(y.columns if native_names is None else native_names)
    _check_names(names, what)
    if not names:
        raise ValueError(f"{what} is a table without columns. Pass one for each task.")
    frame = nw.from_native(y, eager_only=True, pass_through=native_names is not None)
    if not isinstance(frame, nw.DataFrame):  # batches of Arrow, sets of Hugging Face
        return _open_dict({name: y[name] for name in names}, what)
    # By position: frame[name] means something else where names are integers.
    columns = [_series_to_array(series) for series in frame.iter_columns()]
    orders = [_order_of(series) for series in frame.iter_columns()]
    template = _empty_like(_any_length(frame).to_native())
    return _task_names(names), columns, orders, "frame", template


def _any_length(frame):
    """Return a frame whose lists may have any length, as predictions have."""
    fixed = {n: t for n, t in frame.schema.items() if isinstance(t, nw.Array)}
    casts = [nw.col(n).cast(nw.List(t.inner)) for n, t in fixed.items()]
    return frame.with_columns(*casts) if casts else frame


def _empty_like(frame):
    # A slice of an Arrow table would keep, and pickle, all of its cells.
    if hasattr(frame, "column_names"):
        return frame.schema.empty_table()
    return frame.head(0)


def _refuse_lazy_lists(y, what):
    """Raise a ValueError if y is a sequence like a column of Hugging Face, of lists.

    It may well be one column, and some of its rows are a list, the rows of a table.
    """
    is_list = isinstance(y, MutableSequence | tuple)
    if is_list or not hasattr(y, "__getitem__") or not _is_sequence(y):
        return
    if any(is_cell(cell) and not isinstance(cell, Set) for cell in y):
        raise ValueError(
            f"{what} is a {type(y).__name__} of lists, which may be a column whose "
            "cells hold several labels, or the rows of a table. Pass {task: "
            f"{what}}} for the one, or list({what}) for the other."
        )


def _as_column(values, what):
    """Return one column of labels, whose cells may be lists."""
    names = getattr(values, "column_names", getattr(values, "columns", None))
    if names is not None:
        raise ValueError(
            f"{what} is a table with the columns {some(list(names))}, and must be one "
            f"column. Pass {what}[name] with the name of one of them."
        )
    if _is_sequence(values) and any(map(is_cell, values)):
        return _objects(values)
    return _as_array(values, what)


def _is_sequence(values):
    """Whether values are a list or like one: nothing that numpy reads, as a column."""
    return hasattr(values, "__len__") and not (
        isinstance(values, str | bytes | bytearray | Set | Mapping)
        or hasattr(values, "__array__")
    )


def _as_array(values, what):
    """Return a list, Series or array as an ndarray that keeps cells as they are."""
    series = nw.from_native(values, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        return _series_to_array(series)
    if isinstance(values, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(values), None, values.data)
    if hasattr(values, "to_pylist"):  # an array of Arrow, which narwhals leaves alone
        arrow = sys.modules["pyarrow"]
        return _as_array(arrow.chunked_array([values]), what)
    if hasattr(values, "__array__"):
        array = np.asarray(values)
        # Of integers beside empty cells (Arrow, pandas) numpy makes floats.
        foreign = not isinstance(getattr(values, "dtype", None), np.dtype)
        if foreign and array.dtype.kind == "f" and np.isnan(array).any():
            array = _list_to_array(values.tolist(), what)
        return array
    if not _is_sequence(values):
        found = repr(values)
        found = found if len(found) <= 80 else f"{found[:80]}..."
        raise ValueError(
            f"{what} must be a column or a table of labels. Got {found}. Pass a list, "
            "an array, a Series, a dict of columns or a DataFrame."
        )
    return _list_to_array(list(values), what)


def _list_to_array(values, what):
    """Build an object array of one or two dimensions."""
    values = [None if value is np.ma.masked else value for value in values]
    rows = [
        isinstance(value, list | tuple)
        or (isinstance(value, np.ndarray) and value.ndim)
        for value in values
    ]
    if any(rows):
        widths = sorted(
            {len(v) if row else 0 for v, row in zip(values, rows, strict=True)}
        )
        if len(widths) > 1:
            raise ValueError(
                f"The rows of {what} must have one length. Got lengths {widths[:5]}. "
                "Fill the empty cells with None. Of one task whose cells hold several "
                "labels, pass sets, or a dict {task: lists}."
            )
    # Columns are narrowed one by one later: numpy would turn [1, "a"] into strings.
    return np.array(values, dtype=object)


def _series_to_array(series):
    # numpy has neither 128 bits nor decimals.
    foreign = isinstance(series.dtype, nw.Int128 | nw.UInt128 | nw.Decimal)
    if series.dtype.is_numeric() and not foreign and not series.is_null().any():
        return series.to_numpy()
    return _objects(series.to_list())


def _objects(values):
    """Return a vector of cells as they are, lists among them."""
    return np.fromiter(values, dtype=object, count=len(values))


def _order_of(column):
    """Return the categories of an ordered categorical column, None of all else."""
    if getattr(column, "ordered", False) is True:  # of pandas, without a Series
        return list(column.categories)
    series = nw.from_native(column, series_only=True, pass_through=True)
    dtype = getattr(series, "dtype", None)
    if isinstance(dtype, nw.Enum):
        return list(dtype.categories)
    native = series.to_native() if isinstance(series, nw.Series) else column
    if getattr(getattr(native, "type", None), "ordered", False):
        return _arrow_order(native)
    return None


def _arrow_order(column):
    """Return the dictionary of an ordered column of Arrow, if its chunks share one."""
    chunks = getattr(column, "chunks", [column])
    first = chunks[0].dictionary if chunks else None
    if first is None or not all(chunk.dictionary.equals(first) for chunk in chunks):
        return None
    return first.to_pylist()


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
