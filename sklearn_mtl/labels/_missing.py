"""Which cells hold no label: empty cells, and those with a value of `missing_label`."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from numbers import Integral, Real

import numpy as np

# Types of cells that always mean "no label". Given by name, because pandas is not a
# dependency.
_EMPTY_TYPES = {"NoneType", "NAType", "NaTType", "MaskedConstant"}
# Types with a NaN or NaT value, which is not equal to itself.
_WITH_NAN = (float, complex, np.inexact, Decimal, np.datetime64, np.timedelta64)
_COLLECTIONS = (list, tuple, set, frozenset, dict, np.ndarray)
# Strings that other programs write for empty cells. "NA" may also mean North America.
MARKERS = frozenset(
    ["", "nan", "-nan", "NaN", "NAN", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaT"]
    + ["None", "NULL", "null", "nil"]
)

KINDS = {"str": str, "bool": (bool, np.bool_), "int": Integral, "float": Real}


def kind_of(kind):
    """Return the kind of label for a Python type, or the name of the type."""
    for name, types in KINDS.items():
        if issubclass(kind, types):
            return name
    return kind.__name__


def missing_values(missing_label):
    """Return the values of `missing_label` as a tuple.

    Parameters
    ----------
    missing_label : object, or list, tuple, set, array or column of them
        Values that always mean "no label", such as None, are left out.

    Raises
    ------
    ValueError
        If it is a dict.
    """
    if isinstance(missing_label, Mapping):
        raise ValueError(
            f"missing_label is a dict, {missing_label!r}. It applies to the columns of "
            "all tasks: pass one value, or a list of values."
        )
    if isinstance(missing_label, np.ndarray):
        missing_label = missing_label.ravel().tolist()
    is_one = isinstance(missing_label, str | bytes)
    if is_one or not isinstance(missing_label, Collection):
        missing_label = [missing_label]
    values = [value for value in missing_label if not is_empty(value)]
    nested = [value for value in values if isinstance(value, _COLLECTIONS)]
    if nested:
        raise ValueError(
            "missing_label must be one value or a collection of them. Got "
            f"{nested[0]!r} among {len(missing_label)} value(s)."
        )
    return tuple(values)


def is_empty(cell):
    """Whether a cell is empty for any `missing_label`."""
    kind = type(cell)
    if issubclass(kind, Decimal):
        return cell.is_nan()  # a signaling NaN cannot be compared
    return kind.__name__ in _EMPTY_TYPES or (
        issubclass(kind, _WITH_NAN) and bool(cell != cell)
    )


def is_same(cell, value):
    """Whether a cell equals a value. 1 equals 1.0, but neither True nor "1"."""
    if cell is value:
        return True
    return _family_of(type(cell)) == _family_of(type(value)) and bool(cell == value)


def find_empty(column):
    """Return a mask of the empty cells of a column."""
    if column.dtype.kind in "fc":
        return np.isnan(column)
    if column.dtype.kind != "O":
        return np.zeros(len(column), dtype=bool)
    cells = column.tolist()
    kinds = set(map(type, cells))
    empty = {kind for kind in kinds if kind.__name__ in _EMPTY_TYPES}
    if any(issubclass(kind, _WITH_NAN) for kind in kinds - empty):
        found = map(is_empty, cells)
    elif empty:
        found = map(empty.__contains__, map(type, cells))
    else:
        return np.zeros(len(column), dtype=bool)
    return np.fromiter(found, dtype=bool, count=len(cells))


def find_values(column, values):
    """Return a mask of the cells of a column that hold one of the given values."""
    found = np.zeros(len(column), dtype=bool)
    for value in values:
        if column.dtype.kind == "O":
            cells = column.tolist()
            family = _family_of(type(value))
            alike = {k for k in set(map(type, cells)) if _family_of(k) == family}
            found |= np.fromiter(
                (c is value or (type(c) in alike and c == value) for c in cells),
                dtype=bool,
                count=len(cells),
            )
        elif _family_of(column.dtype.type) == _family_of(type(value)):
            if column.dtype.kind in "iu" and value % 1 == 0:
                value = int(value)  # large integers are not exact as floats
            found |= column == value
    return found


def _family_of(kind):
    """Return the kind of label for a type, with int and float both as "number"."""
    name = kind_of(kind)
    return "number" if name in ("int", "float") else name
