"""Read one column of labels from any container."""

import sys
from collections.abc import Mapping, Set

import narwhals as nw
import numpy as np

from ..utils._rows import at_once
from ._cells import some
from ._sets import find_cells


def as_column(values, what):
    """Return one column of labels. Cells may be lists."""
    names = getattr(values, "column_names", getattr(values, "columns", None))
    if names is not None:
        raise ValueError(
            f"{what} is a table with the columns {some(list(names))}, but must be one "
            f"column. Pass {what}[name] with one of these names."
        )
    values = at_once(values)
    if is_sequence(values) and find_cells(values):
        return _objects(values)
    return as_array(values, what)


def is_sequence(values):
    """Whether values are a list or similar, and not an array or a column."""
    return hasattr(values, "__len__") and not (
        isinstance(values, str | bytes | bytearray | Set | Mapping)
        or hasattr(values, "__array__")
    )


def as_array(values, what):
    """Return a list, Series or array as an ndarray with unchanged cells."""
    series = nw.from_native(values, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        return series_to_array(series)
    if isinstance(values, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(values), None, values.data)
    if hasattr(values, "to_pylist"):  # an Arrow array, which narwhals cannot read
        arrow = sys.modules["pyarrow"]
        return as_array(arrow.chunked_array([values]), what)
    if hasattr(values, "__array__"):
        array = np.asarray(values)
        # numpy converts integers with empty cells (Arrow, pandas) to floats.
        foreign = not isinstance(getattr(values, "dtype", None), np.dtype)
        if foreign and array.dtype.kind == "f" and np.isnan(array).any():
            array = _list_to_array(values.tolist(), what)
        return array
    if not is_sequence(values):
        found = repr(values)
        found = found if len(found) <= 80 else f"{found[:80]}..."
        raise ValueError(
            f"{what} must be a column or a table of labels. Got {found}. Pass a list, "
            "an array, a Series, a dict of columns or a DataFrame."
        )
    return _list_to_array(list(values), what)


def _list_to_array(values, what):
    """Build an object array of one or two dimensions."""
    kinds = set(map(type, values))
    if type(np.ma.masked) in kinds:
        values = [None if value is np.ma.masked else value for value in values]
    if any(issubclass(kind, list | tuple | np.ndarray) for kind in kinds):
        _check_rows(values, what)
    # Each column gets its dtype later: numpy would turn [1, "a"] into strings.
    return np.array(values, dtype=object)


def _check_rows(values, what):
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
                f"All rows of {what} must have the same length. Got lengths "
                f"{widths[:5]}. Fill empty cells with None. If cells of one task hold "
                "several labels, pass sets, or a dict {task: lists}."
            )


def series_to_array(series):
    # numpy has neither 128-bit integers nor decimals.
    foreign = isinstance(series.dtype, nw.Int128 | nw.UInt128 | nw.Decimal)
    if series.dtype.is_numeric() and not foreign and not series.is_null().any():
        return series.to_numpy()
    return _objects(series.to_list())


def _objects(values):
    """Return a vector of unchanged cells, which may be lists."""
    return np.fromiter(values, dtype=object, count=len(values))


def order_of(column):
    """Return the categories of an ordered categorical column, None for any other."""
    if getattr(column, "ordered", False) is True:  # a pandas Categorical
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
    """Return the dictionary of an ordered Arrow column, if its chunks share one."""
    chunks = getattr(column, "chunks", [column])
    first = chunks[0].dictionary if chunks else None
    if first is None or not all(chunk.dictionary.equals(first) for chunk in chunks):
        return None
    return first.to_pylist()
