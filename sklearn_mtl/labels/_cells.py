"""Cells of one label column: which are missing, and the type of the others."""

from collections.abc import Mapping

import numpy as np

from ._missing import KINDS, find_empty, find_values, kind_of
from ._sets import as_sets, cell_type, find_cells, refuse_indicators

# Integers up to this size are exact as 64-bit floats.
EXACT = 2**53


def read_column(column, label, values=()):
    """Return a column in its own dtype, with a mask of missing cells.

    Parameters
    ----------
    column : ndarray of shape (n_samples,)

    label : str
        Name of the column in messages.

    values : tuple, default=()
        Values that mean "no label", in addition to NaN, None and pandas.NA.

    Returns
    -------
    column : ndarray of shape (n_samples,)

    missing : ndarray of shape (n_samples,), dtype bool

    cell_type : type or None
        Type of the cells if they hold several labels, None if they hold one each.

    marked : bool
        Whether a cell holds one of the `values`.
    """
    if column.dtype.kind == "T":
        column = column.astype(object)
    marked = find_values(column, values)
    missing = find_empty(column) | marked
    several = None
    if column.dtype.kind == "O":
        column, several = _read_objects(column, missing, label, values)
    elif column.dtype.kind == "U":
        column = column.astype(object)
    elif column.dtype.kind not in "biuf":
        raise ValueError(
            f"{label} must hold str, int or bool labels. Got dtype {column.dtype}. "
            "Cast the column, for instance with .astype(str)."
        )
    if column.dtype.kind == "f":
        _check_finite(column, missing, label)
    return column, missing, several, bool(marked.any())


def _read_objects(column, missing, label, values):
    """Return an object column in its own dtype, and the type of its sets or None."""
    rows = np.flatnonzero(~missing)
    cells = column[rows].tolist()
    several = find_cells(cells)
    if not several:
        return _narrow(column, missing, label), None
    if not all(several):
        many, one = several.index(True), several.index(False)
        raise ValueError(
            f"{label} holds several labels in some cells and one in others. Got "
            f"{cells[many]!r} in row {rows[many]} and {cells[one]!r} in row "
            f"{rows[one]}. Make each cell a list of labels."
        )

    refuse_indicators(cells, rows, label)

    def narrow(labels):
        _refuse_marked(labels, cells, rows, label, values)
        return _narrow(labels, np.zeros(len(labels), dtype=bool), label)

    sets = np.empty(len(column), dtype=object)
    sets[rows] = as_sets(cells, rows, label, narrow)
    return sets, cell_type(cells)


def _refuse_marked(labels, cells, rows, label, values):
    """Raise a ValueError if a cell of several labels holds a missing value."""
    marked = np.flatnonzero(find_values(labels, values))
    if len(marked):
        row = np.repeat(rows, list(map(len, cells)))[marked[0]]
        raise ValueError(
            f"{label} holds {labels[marked[0]]!r}, a value of missing_label, in a "
            f"cell of several labels, in row {row}. Remove it from the cell, or make "
            "the cell None if its labels are unknown."
        )


def _narrow(column, missing, label):
    """Convert an object column to the dtype of its labels; refuse mixed types."""
    labelled = np.flatnonzero(~missing)
    cells = column[labelled].tolist()
    kinds = {kind: kind_of(kind) for kind in set(map(type, cells))}
    found = set(kinds.values())
    if found <= {"str"}:
        return _plain_texts(column, cells, labelled, label, set(kinds) == {str})
    if found <= {"bool"}:
        narrow = np.zeros(len(column), dtype=bool)
        narrow[labelled] = cells
        return narrow
    if found <= {"int", "float"}:
        narrow = np.zeros(len(column), _number_type(found, cells, labelled, label))
        narrow[labelled] = cells
        return narrow
    foreign = found - set(KINDS)
    if foreign:
        kind = sorted(foreign)[0]
        k = next(i for i, cell in enumerate(cells) if kinds[type(cell)] == kind)
        raise ValueError(
            f"{label} must hold str, int or bool labels. Got {cells[k]!r} of type "
            f"{kind} in row {labelled[k]}. {_advice(cells[k], label)}"
        )
    first = kinds[type(cells[0])]
    k = next(i for i, cell in enumerate(cells) if kinds[type(cell)] != first)
    raise ValueError(
        f"{label} holds both {first} and {kinds[type(cells[k])]} labels. Got "
        f"{cells[0]!r} in row {labelled[0]} and {cells[k]!r} in row {labelled[k]}. "
        f"{_advice_on_mixed(cells, label)}"
    )


def _advice(cell, label):
    if isinstance(cell, Mapping):
        return f"Turn the records into a table, pandas.DataFrame(list({label}))."
    return f"Cast the column to text, {_as_texts(label)}."


def _advice_on_mixed(cells, label):
    if all(map(_is_number, cells)):
        return f"Cast the column to numbers, for instance pandas.to_numeric({label})."
    return f"Cast the column to text, {_as_texts(label)}."


def _as_texts(label):
    # Leaves None, NaN and pandas.NA as they are; .astype(str) would not.
    return f"for instance pandas.Series({label}).map(str, na_action='ignore')"


def _is_number(cell):
    try:
        return not isinstance(cell, bool | np.bool_) and float(cell).is_integer()
    except (TypeError, ValueError, OverflowError):
        return False


def _plain_texts(column, cells, labelled, label, are_plain):
    """Convert texts to Python's str; numpy strings and str enums are equal to it.

    Classes become numpy strings, which drop trailing NUL characters.
    """
    ending = [cell for cell in set(cells) if cell.endswith("\0")]
    if ending:
        k = min(map(cells.index, ending))
        raise ValueError(
            f"{label} holds a label that ends in a NUL character, which arrays of "
            f"strings drop. Got {cells[k]!r} in row {labelled[k]}. Strip it, for "
            "instance with .rstrip('\\0')."
        )
    if are_plain:
        return column
    plain = column.copy()
    plain[labelled] = [str.__str__(cell) for cell in cells]
    return plain


def _number_type(found, cells, labelled, label):
    """Return the dtype that holds all numbers of a column exactly."""
    if np.float16 in set(map(type, cells)):  # in which large numbers overflow
        cells = [cell.item() if type(cell) is np.float16 else cell for cell in cells]
    if not cells or -EXACT <= min(cells) <= max(cells) <= EXACT:
        return float if "float" in found else np.int64
    beyond = [
        k
        for k, cell in enumerate(cells)
        if kind_of(type(cell)) == "int" and abs(int(cell)) > EXACT
    ]
    if not beyond:
        return float  # these were floats before
    k = beyond[0]
    if "float" in found:
        raise ValueError(
            f"{label} holds integers beyond 2**53 beside floats. As floats, different "
            f"integers could become equal. Got {cells[k]} in row {labelled[k]}. Cast "
            "the column to str, or make all its numbers integers."
        )
    for dtype, low, high in ((np.int64, -(2**63), 2**63), (np.uint64, 0, 2**64)):
        if all(low <= cell < high for cell in cells):
            return dtype
    k = next((k for k in beyond if not -(2**63) <= cells[k] < 2**63), k)
    raise ValueError(
        f"{label} holds an integer beyond 64 bits. Got {cells[k]} in row "
        f"{labelled[k]}. Cast the column to str."
    )


def _check_finite(column, missing, label):
    infinite = np.flatnonzero(np.isinf(column) & ~missing)
    if len(infinite):
        raise ValueError(
            f"Input y contains infinity or a value too large for {column.dtype!r}. "
            f"Got {column[infinite[0]]} in {label}, row(s) {some(infinite)}. Mark an "
            "empty cell with NaN or None."
        )
    cells = column[~missing]
    fractional = np.flatnonzero(~missing)[cells != np.floor(cells)]
    if len(fractional):
        raise ValueError(
            f"Unknown label type: continuous. {label} must hold classes. Got "
            f"{column[fractional[0]]} in row {fractional[0]}. Bin the column, or cast "
            "it to str if its values are class names."
        )


def some(values, most=5):
    """Format the first few values for a message."""
    values = [v.item() if isinstance(v, np.generic) else v for v in values]
    text = ", ".join(map(repr, values[:most]))
    return f"[{text}{', ...' if len(values) > most else ''}]"
