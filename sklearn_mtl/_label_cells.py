"""The cells of one label column: which are missing, and what kind the others are of."""

from numbers import Integral, Real

import numpy as np

from ._label_sets import as_sets, cell_type, is_cell

# Python types of a cell that can only mean "no label". pandas.NA and pandas.NaT are
# known by name, because pandas is not a dependency.
_MISSING_TYPES = {"NoneType", "NAType", "NaTType"}


def read_column(column, label, missing_label):
    """Return a column in its own dtype, and what of it is missing.

    Parameters
    ----------
    column : ndarray of shape (n_samples,)

    label : str
        How messages call the column.

    missing_label : object
        What means "no label" beside NaN, None and pandas.NA; None for nothing else.

    Returns
    -------
    column : ndarray of shape (n_samples,)

    missing : ndarray of shape (n_samples,), dtype bool

    cell_type : type or None
        That of cells which hold several labels.
    """
    if column.dtype.kind == "T":
        column = column.astype(object)
    missing = np.zeros(len(column), dtype=bool)
    if column.dtype.kind == "O":
        missing = _missing_objects(column)
    elif column.dtype.kind == "f":
        missing = np.isnan(column)
    if missing_label is not None:
        missing = missing | _equal(column, missing_label)
    several = None
    if column.dtype.kind == "O":
        column, several = _read_objects(column, missing, label)
    elif column.dtype.kind == "U":
        column = column.astype(object)
    elif column.dtype.kind not in "biuf":
        raise ValueError(
            f"{label} must hold str, int or bool labels. Got dtype {column.dtype}. "
            "Cast the column, for instance with .astype(str)."
        )
    if column.dtype.kind == "f":
        _check_finite(column, missing, label)
    return column, missing, several


def _read_objects(column, missing, label):
    """Return an object column in its own dtype, and the type of its sets, if any."""
    rows = np.flatnonzero(~missing)
    cells = column[rows].tolist()
    several = [is_cell(cell) for cell in cells]
    if not any(several):
        return _narrow(column, missing, label), None
    if not all(several):
        many, one = several.index(True), several.index(False)
        raise ValueError(
            f"{label} holds several labels in some cells and one in others. Got "
            f"{cells[many]!r} in row {rows[many]} and {cells[one]!r} in row "
            f"{rows[one]}. Make each cell a list of labels."
        )

    def narrow(labels):
        return _narrow(labels, np.zeros(len(labels), dtype=bool), label)

    sets = np.empty(len(column), dtype=object)
    sets[rows] = as_sets(cells, rows, label, narrow)
    return sets, cell_type(cells)


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
            f"Got {column[infinite[0]]} in {label}, row(s) {some(infinite)}. An empty "
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


def some(values, most=5):
    """Write the first few of some values, for messages."""
    values = [v.item() if isinstance(v, np.generic) else v for v in values]
    text = ", ".join(map(repr, values[:most]))
    return f"[{text}{', ...' if len(values) > most else ''}]"
