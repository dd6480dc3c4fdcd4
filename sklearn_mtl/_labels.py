"""Label tables: whatever a user calls ``y``, as named columns with a missing mask.

The bottom room of the house. It knows containers and empty cells, not networks, so
that scoring and splitting can read labels exactly as fitting does.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from numbers import Integral, Real

import narwhals as nw
import numpy as np
from scipy.sparse import issparse

# Python types of a cell that can only mean "no label". pandas.NA and pandas.NaT are
# known by name, because pandas is not a dependency.
_MISSING_TYPES = {"NoneType", "NAType", "NaTType"}


@dataclass(frozen=True)
class LabelTable:
    """Label columns in one shape, whatever container they came in.

    Attributes
    ----------
    names : list of str
        The task names.

    columns : list of ndarray of shape (n_samples,)
        The cells of each task in their own dtype (str cells as object). What stands in
        a missing cell has no meaning.

    missing : ndarray of shape (n_samples, n_tasks), dtype bool
        True where a cell holds no label.

    orders : list of (list or None)
        For each task all labels in their order, where the column is an ordered
        categorical of its library.

    container : {"vector", "array", "dict", "frame"}
        What the labels came in, and so what predictions go back as.

    template : dataframe of zero rows or None
        For ``container="frame"``: carries library and dtypes of the user's frame.
    """

    names: list
    columns: list
    missing: np.ndarray
    orders: list
    container: str
    template: object = None

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
                    f"{_some(names)}. Got {len(self.names)} column(s)."
                )
            return replace(self, names=list(names))
        absent = [name for name in names if name not in self.names]
        unknown = [name for name in self.names if name not in names]
        if absent or unknown:
            raise ValueError(
                f"{what} must have exactly the tasks {_some(names)}. Missing: "
                f"{_some(absent)}; unknown: {_some(unknown)}."
            )
        order = [self.names.index(name) for name in names]
        columns = [self.columns[k] for k in order]
        return replace(
            self,
            names=list(names),
            columns=columns,
            missing=self.missing[:, order],
            orders=[self.orders[k] for k in order],
        )


def as_label_table(y, *, missing_label=None, what="y"):
    """Read labels out of any container a user may hold them in.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
        The labels. A dict maps task names to columns. DataFrames of pandas, polars
        and pyarrow are read through narwhals.

    missing_label : object, default=None
        A further value that means "no label", besides NaN, None and pandas.NA.

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
    orders = [order and [c for c in order if c != missing_label] for order in orders]
    cleaned = []
    for name, column in zip(names, columns, strict=True):
        label = what if container == "vector" else f"{what}[{name!r}]"
        cleaned.append(_clean(np.asarray(column), label, missing_label))
    return LabelTable(
        names=names,
        columns=[column for column, _ in cleaned],
        missing=np.column_stack([missing for _, missing in cleaned]),
        orders=orders,
        container=container,
        template=template,
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
    if hasattr(y, "columns") or hasattr(y, "column_names"):
        return _open_frame(y, what)
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
    columns = [_as_array(column, f"{what}[{name!r}]") for name, column in y.items()]
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


def _open_frame(y, what):
    native_names = getattr(y, "column_names", None)  # pyarrow's word
    names = list(y.columns if native_names is None else native_names)
    _check_names(names, what)
    if not names:
        raise ValueError(f"{what} is a table without columns. Pass one for each task.")
    integer_names = all(isinstance(name, Integral) for name in names)
    frame = nw.from_native(y, eager_only=True)
    # By position: frame[name] means something else where names are integers.
    columns = [_series_to_array(series) for series in frame.iter_columns()]
    orders = [_order_of(series) for series in frame.iter_columns()]
    template = None if integer_names else _empty_like(frame.to_native())
    return _task_names(names), columns, orders, "frame", template


def _empty_like(frame):
    # A slice of an Arrow table would keep, and pickle, all of its cells.
    if hasattr(frame, "column_names"):
        return frame.schema.empty_table()
    return frame.head(0)


def _as_array(values, what):
    """Return a list, Series or array as an ndarray that keeps cells as they are."""
    series = nw.from_native(values, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        return _series_to_array(series)
    if isinstance(values, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(values), None, values.data)
    if hasattr(values, "__array__"):
        array = np.asarray(values)
        # Of integers beside empty cells (Arrow, pandas) numpy makes floats.
        foreign = not isinstance(getattr(values, "dtype", None), np.dtype)
        if foreign and array.dtype.kind == "f" and np.isnan(array).any():
            array = _list_to_array(values.tolist(), what)
        return array
    if isinstance(values, str | bytes | Set) or not hasattr(values, "__len__"):
        raise ValueError(
            f"{what} must be a column or a table of labels. Got {values!r}."
        )
    return _list_to_array(list(values), what)


def _list_to_array(values, what):
    """Build an object array of one or two dimensions."""
    rows = [isinstance(value, list | tuple | np.ndarray) for value in values]
    if any(rows):
        widths = sorted(
            {len(v) if row else 0 for v, row in zip(values, rows, strict=True)}
        )
        if len(widths) > 1:
            raise ValueError(
                f"The rows of {what} must have one length. Got lengths {widths[:5]}. "
                "Fill the empty cells with None."
            )
    # Columns are narrowed one by one in _clean: numpy would turn [1, "a"] into strings.
    return np.array(values, dtype=object)


def _series_to_array(series):
    if series.dtype.is_numeric() and not series.is_null().any():
        return series.to_numpy()
    array = np.empty(len(series), dtype=object)
    array[:] = series.to_list()
    return array


def _order_of(column):
    """Return the categories of an ordered categorical Series, None of all else."""
    series = nw.from_native(column, series_only=True, pass_through=True)
    dtype = getattr(series, "dtype", None)
    return list(dtype.categories) if isinstance(dtype, nw.Enum) else None


def _check_names(names, what):
    duplicates = sorted({str(name) for name in names if names.count(name) > 1})
    if duplicates:
        raise ValueError(
            f"Task names must be unique. {what} has several columns named "
            f"{_some(duplicates)}."
        )
    kinds = {isinstance(name, str) for name in names}
    integers = all(isinstance(name, Integral) for name in names)
    if kinds not in (set(), {True}) and not integers:
        raise ValueError(
            f"Task names must all be strings. Got {_some(names)}. Rename the columns, "
            f"for instance {what}.columns = {what}.columns.astype(str)."
        )


def _task_names(names):
    if names and all(isinstance(name, Integral) for name in names):
        return [f"task{k}" for k in range(len(names))]
    return names


def _clean(column, label, missing_label):
    """Return the column in its own dtype and the mask of its missing cells."""
    if column.dtype.kind == "T":
        column = column.astype(object)
    missing = np.zeros(len(column), dtype=bool)
    if column.dtype.kind == "O":
        missing = _missing_objects(column)
    elif column.dtype.kind == "f":
        missing = np.isnan(column)
    if missing_label is not None:
        missing = missing | _equal(column, missing_label)
    if column.dtype.kind == "O":
        column = _narrow(column, missing, label)
    elif column.dtype.kind == "U":
        column = column.astype(object)
    elif column.dtype.kind not in "biuf":
        raise ValueError(
            f"{label} must hold str, int or bool labels. Got dtype {column.dtype}. "
            "Cast the column, for instance with .astype(str)."
        )
    if column.dtype.kind == "f":
        _check_finite(column, missing, label)
    return column, missing


def _missing_objects(column):
    cells = column.tolist()
    kinds = set(map(type, cells))
    missing_kinds = {kind for kind in kinds if kind.__name__ in _MISSING_TYPES}
    float_kinds = {kind for kind in kinds if issubclass(kind, float | np.floating)}
    if not missing_kinds and not float_kinds:
        return np.zeros(len(column), dtype=bool)
    return np.fromiter(
        (
            type(cell) in missing_kinds or (type(cell) in float_kinds and cell != cell)
            for cell in cells
        ),
        dtype=bool,
        count=len(cells),
    )


def _equal(column, value):
    """Compare cell by cell; a cell of another kind is simply not equal."""
    family = _family_of(type(value))
    if column.dtype.kind == "O":
        cells = column.tolist()
        alike = {kind for kind in set(map(type, cells)) if _family_of(kind) == family}
        return np.fromiter(
            (c is value or (type(c) in alike and c == value) for c in cells),
            dtype=bool,
            count=len(cells),
        )
    if _family_of(column.dtype.type) != family:
        return np.zeros(len(column), dtype=bool)
    return column == value


_KINDS = {"str": str, "bool": (bool, np.bool_), "int": Integral, "float": Real}


def _kind_of(kind):
    for name, types in _KINDS.items():
        if issubclass(kind, types):
            return name
    return kind.__name__


def _family_of(kind):
    """Name the kind, where int and float are one: 1 == 1.0, but 1 is not True."""
    name = _kind_of(kind)
    return "number" if name in ("int", "float") else name


def _narrow(column, missing, label):
    """Give an object column the dtype of its labelled cells; refuse mixed ones."""
    labelled = np.flatnonzero(~missing)
    cells = column[labelled].tolist()
    kinds = {kind: _kind_of(kind) for kind in set(map(type, cells))}
    found = set(kinds.values())
    if found <= {"str"}:
        return column
    if found <= {"int", "float"} or found <= {"bool"}:
        dtype = bool if found == {"bool"} else float if "float" in found else np.int64
        narrow = np.zeros(len(column), dtype=dtype)
        try:
            narrow[labelled] = cells
        except OverflowError:
            k = next(i for i, cell in enumerate(cells) if not -(2**63) <= cell < 2**63)
            raise ValueError(
                f"{label} holds an integer beyond 64 bits. Got {cells[k]} in row "
                f"{labelled[k]}. Cast the column to str."
            ) from None
        return narrow
    foreign = found - set(_KINDS)
    if foreign:
        kind = sorted(foreign)[0]
        k = next(i for i, cell in enumerate(cells) if kinds[type(cell)] == kind)
        raise ValueError(
            f"{label} must hold str, int or bool labels. Got {cells[k]!r} of type "
            f"{kind} in row {labelled[k]}. Cast the column to one of them."
        )
    first = kinds[type(cells[0])]
    k = next(i for i, cell in enumerate(cells) if kinds[type(cell)] != first)
    raise ValueError(
        f"{label} holds both {first} and {kinds[type(cells[k])]} labels. Got "
        f"{cells[0]!r} in row {labelled[0]} and {cells[k]!r} in row {labelled[k]}. "
        f"Cast the column to one type, for instance {label}.astype(str)."
    )


def _check_finite(column, missing, label):
    infinite = np.flatnonzero(np.isinf(column) & ~missing)
    if len(infinite):
        raise ValueError(
            f"Input y contains infinity or a value too large for {column.dtype!r}. "
            f"Got {column[infinite[0]]} in {label}, row(s) {_some(infinite)}. An empty "
            "cell is NaN or None."
        )
    cells = column[~missing]
    fractional = np.flatnonzero(~missing)[cells != np.floor(cells)]
    if len(fractional):
        raise ValueError(
            f"Unknown label type: continuous. {label} must hold classes. Got "
            f"{column[fractional[0]]} in row {fractional[0]}. Bin the column, or cast "
            "it to str if its values are class names."
        )


def _some(values, most=5):
    """Write the first few of some values, for messages."""
    values = [v.item() if isinstance(v, np.generic) else v for v in values]
    text = ", ".join(map(repr, values[:most]))
    return f"[{text}{', ...' if len(values) > most else ''}]"
