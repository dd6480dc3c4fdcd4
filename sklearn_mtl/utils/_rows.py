"""Rows of any container: their number, selections, single columns, norms.

Narwhals is imported only where X may be a frame; lists of texts do not need it.
"""

from collections.abc import Mapping, Sequence, Set
from numbers import Integral

import numpy as np
from scipy.sparse import issparse

from ._optional import import_optional

# Rows whose squares are in memory at once.
NORMS_AT_ONCE = 1 << 16


def settled(X):
    """Return X, or a list of its items if it can be iterated only once.

    Parameters
    ----------
    X : iterable or array-like

    Returns
    -------
    X : object with a length
    """
    has_rows = any(hasattr(X, name) for name in ("__len__", "shape", "__array__"))
    return X if has_rows or not hasattr(X, "__iter__") else list(X)


class SentOnce:
    """Rows and labels of several jobs, which Dask's backend of joblib sends only once.

    That backend does so for arguments that are large and can be weakly referenced, as
    lists and dicts cannot.

    Parameters
    ----------
    X, y : rows and labels
    """

    def __init__(self, X, y):
        self.X, self.y = X, y

    def __sizeof__(self):
        return object.__sizeof__(self) + 100 * n_rows(self.X)


def at_once(column):
    """Return the cells of a lazy column, read by one slice.

    A Hugging Face column converts single cells on each access. A slice of all rows
    takes a hundredth of the time.

    Parameters
    ----------
    column : object

    Returns
    -------
    cells : object
        A list or an array, or `column` itself if it is not lazy.
    """
    is_plain = isinstance(column, list | tuple | str | bytes | bytearray | range)
    if is_plain or not isinstance(column, Sequence) or hasattr(column, "__array__"):
        return column
    try:
        cells = column[:]
    except (TypeError, IndexError, KeyError):  # a deque, for example, cannot be sliced
        return column
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "f":
        return column  # cells may be integers, with NaN in empty cells
    is_read = isinstance(cells, list | tuple) or hasattr(cells, "__array__")
    return cells if is_read and len(cells) == len(column) else column


def n_rows(X):
    """Return the number of rows of a container.

    Parameters
    ----------
    X : list, array, sparse matrix, frame, column or dict of columns

    Returns
    -------
    n_rows : int

    Raises
    ------
    TypeError
        If `X` has no length, for example an iterator.
    """
    if isinstance(X, Mapping) and not issparse(X):
        X = next(iter(X.values()), ())
    if hasattr(X, "shape"):
        if len(X.shape) == 0:
            raise TypeError(
                "Input should have at least 1 dimension i.e. satisfy `len(x.shape) > "
                f"0`, got scalar `{X!r}` instead."
            )
        if isinstance(X.shape[0], Integral):
            return X.shape[0]
    if not hasattr(X, "__len__") and hasattr(X, "__array__"):
        X = np.asarray(X)
    if not hasattr(X, "__len__") or hasattr(X, "fit"):
        raise TypeError(f"Expected sequence or array-like, got {type(X)}")
    return len(X)


def take_rows(X, rows):
    """Return some rows of a container.

    Parameters
    ----------
    X : list, tuple, array, sparse matrix, frame, column or dict of columns
        Frames and columns of pandas, polars, pyarrow and narwhals, and any sequence.

    rows : array-like of int, or of bool for each row
        If all values of a mask are True, `X` itself is returned.

    Returns
    -------
    part : object
        Of the same kind as `X`; a list for sequences other than arrays and columns.
    """
    rows = np.asarray(rows)
    if rows.dtype == bool:
        if rows.all():
            return X
        rows = np.flatnonzero(rows)
    if issparse(X):  # DOK matrices are dicts
        return X.tocsr()[rows]
    if isinstance(X, Mapping):
        return {name: take_rows(column, rows) for name, column in X.items()}
    if hasattr(X, "iloc"):  # pandas and similar libraries
        return X.iloc[rows]
    X = _readable(X)
    if hasattr(X, "to_pylist"):
        return _take_arrow(X, rows)
    import narwhals as nw

    opened = nw.from_native(X, pass_through=True)
    if isinstance(opened, nw.DataFrame):
        part = opened[rows.tolist()]
        return part if opened is X else part.to_native()
    if hasattr(X, "shape"):  # arrays of any library, and Series of polars
        return X[rows]
    if hasattr(X, "column_names"):  # a Hugging Face data set
        return {name: take_rows(X[name], rows) for name in X.column_names}
    cells = X if isinstance(X, list | tuple) else _cells(X)
    return [cells[row] for row in rows.tolist()]


def one_column(X):
    """Return the cells of X as a list if it is a single column.

    Parameters
    ----------
    X : iterable or array-like
        A table with one column counts as this column.

    Returns
    -------
    cells : list or None
        None for tables with several columns, sparse matrices, and objects that are not
        iterable.

    Raises
    ------
    ValueError
        If `X` is a string, a dict, a set or a lazy frame.
    """
    if isinstance(X, str | bytes | bytearray):
        text = X if isinstance(X, str) else X.decode(errors="replace")
        raise ValueError(
            "Iterable over raw text documents expected, string object received. Pass "
            f"a list of texts, for instance [{text[:20]!r}]."
        )
    if issparse(X):  # DOK matrices are dicts
        return None
    if isinstance(X, Mapping):
        raise ValueError(
            f"X is a dict of {len(X)} columns. Pass the column of texts itself"
            f", for instance X[name] with a name of {list(X)[:10]}."
        )
    if isinstance(X, Set) and not hasattr(X, "mapping"):  # keys of a dict are ordered
        raise ValueError(
            "X is a set, which has no order. Pass a list, for instance sorted(X)."
        )
    if hasattr(X, "collect") and hasattr(X, "lazy"):
        raise ValueError("X is a lazy frame. Pass X.collect().")
    X = _readable(X)
    shape = getattr(X, "shape", None)
    if shape is None:
        return _cells(X) if hasattr(X, "__iter__") else None
    if len(shape) == 1:
        return _cells(X)
    if len(shape) != 2 or shape[1] != 1:
        return None
    import narwhals as nw

    frame = nw.from_native(X, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return frame[:, 0].to_list()
    if hasattr(X, "column_names"):  # tables of other libraries with column names
        return _cells(X[X.column_names[0]])
    return np.asarray(X)[:, 0].tolist()


def squared_norms(rows):
    """Return the squared norm of each row, summed in 64 bits.

    Each row is summed separately. Differences of a cumulative sum over all rows would
    lose small rows beside large ones.

    Parameters
    ----------
    rows : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)

    Returns
    -------
    norms : ndarray of shape (n_rows,), dtype float64
    """
    if not issparse(rows):
        return np.einsum("ij,ij->i", rows, rows, dtype=float)
    norms = np.zeros(rows.shape[0])
    for start in range(0, rows.shape[0], NORMS_AT_ONCE):
        own = rows.indptr[start : start + NORMS_AT_ONCE + 1]
        squares = np.square(rows.data[own[0] : own[-1]], dtype=float)
        filled = np.flatnonzero(np.diff(own))  # reduceat is wrong for empty rows
        if len(filled):
            sums = np.add.reduceat(squares, own[filled] - own[0])
            norms[start + filled] = sums
    return norms


def _readable(X):
    """Return X, or an array if X only has a buffer or ``__array__``."""
    if isinstance(X, memoryview):
        return np.asarray(X)
    if hasattr(X, "__array__") and not (hasattr(X, "__iter__") or hasattr(X, "shape")):
        return np.asarray(X)
    return X


def _take_arrow(X, rows):
    """Return some rows of a pyarrow array, chunked array or table."""
    try:
        return X.take(rows)
    except NotImplementedError:  # pyarrow does not implement take for all types
        if hasattr(X, "columns"):
            columns = [_take_arrow(column, rows) for column in X.columns]
            return type(X).from_arrays(columns, schema=X.schema)
        pyarrow = import_optional("pyarrow", "parquet", "A column of pyarrow")
        cells = X.to_pylist()
        return pyarrow.array([cells[row] for row in rows.tolist()], type=X.type)


def _cells(X):
    """Return the cells of a column as a list of Python objects."""
    X = at_once(X)
    for name in ("to_pylist", "tolist", "to_list"):
        if hasattr(X, name):
            return getattr(X, name)()
    return list(X)
