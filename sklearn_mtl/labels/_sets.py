"""Cells that hold several labels: collections to sets, sets to indicator vectors."""

from numbers import Real

import numpy as np

# Types of cells with several labels. Predictions have the same type.
CELL_TYPES = (list, tuple, set, frozenset)
_MAY_BE_CELLS = (*CELL_TYPES, np.ndarray)


def is_cell(value):
    """Whether a value is a cell of several labels, or an empty collection."""
    return isinstance(value, CELL_TYPES) or (
        isinstance(value, np.ndarray) and value.ndim == 1
    )


def find_cells(values):
    """Return for each value whether :func:`is_cell` holds; [] if for none.

    There are few types and many values, so types are checked first.
    """
    kinds = {kind for kind in set(map(type, values)) if issubclass(kind, _MAY_BE_CELLS)}
    if not kinds:
        return []
    found = [type(value) in kinds and is_cell(value) for value in values]
    return found if any(found) else []


def cell_type(cells):
    """Return the Python type of cells of several labels.

    Parameters
    ----------
    cells : list
        Collections.

    Returns
    -------
    type : type
        ``list`` if cells are arrays or of different types.
    """
    found = {
        next((kind for kind in CELL_TYPES if isinstance(cell, kind)), list)
        for cell in cells
    }
    return found.pop() if len(found) == 1 else list


def refuse_indicators(cells, rows, label):
    """Raise a ValueError if cells look like indicator vectors, not like labels.

    Parameters
    ----------
    cells : list
        Collections.

    rows : ndarray of int
        The row of each cell.

    label : str
        Name of the column in messages.
    """
    if any(isinstance(cell, set | frozenset) for cell in cells):
        return
    lengths = set(map(len, cells))
    # As lists of the labels 0 and 1, all cells would hold both labels.
    if len(lengths) != 1 or min(lengths) < 2:
        return
    if not all(_is_label(m) and m in (0, 1) for cell in cells for m in cell):
        return
    raise ValueError(
        f"{label} holds vectors of 0 and 1, for instance {list(cells[0])!r} in row "
        f"{rows[0]}. They look like indicators with one position per label, not like "
        f"lists of labels. Pass a column for each label, np.stack(list({label})), or "
        "lists of the labels that are present, "
        f"[np.flatnonzero(cell).tolist() for cell in {label}]."
    )


def as_sets(cells, rows, label, narrow):
    """Return cells as frozen sets of labels of one type.

    Parameters
    ----------
    cells : list
        Collections.

    rows : ndarray of int
        The row of each cell, for messages.

    label : str
        Name of the column in messages.

    narrow : callable
        ``narrow(members)`` returns an array of labels in their own dtype.

    Returns
    -------
    sets : ndarray of shape (n_cells,), dtype object

    Raises
    ------
    ValueError
        If a value cannot be a label, or labels have different types.
    """
    members = [member for cell in cells for member in cell]
    for row, cell in zip(rows.tolist(), cells, strict=True):
        for member in cell:
            if not _is_label(member):
                raise ValueError(
                    f"{label} has a cell of several labels that holds {member!r}, in "
                    f"row {row}. A label is a str, int or bool. Make a cell without "
                    "any label empty, and a cell of unknown labels None."
                )
    column = np.empty(len(members), dtype=object)
    column[:] = members
    own = iter(narrow(column).tolist())
    sets = (frozenset([next(own) for _ in cell]) for cell in cells)
    return np.fromiter(sets, dtype=object, count=len(cells))


def _is_label(member):
    if isinstance(member, Real):
        return float(member).is_integer()  # neither NaN nor 0.5
    return isinstance(member, str | np.bool_)


def labels_of(sets):
    """Return all labels in the sets, sorted, in their own dtype."""
    found = sorted(frozenset().union(*sets))
    if not found or isinstance(found[0], str):
        return np.array(found, dtype=str)
    return np.array(found)


def sets_of(table, labels):
    """Turn indicators into sets of labels.

    Parameters
    ----------
    table : ndarray of shape (n_cells, n_labels)

    labels : ndarray of shape (n_labels,)

    Returns
    -------
    sets : ndarray of shape (n_cells,), dtype object
    """
    labels = labels.tolist()
    sets = (frozenset(labels[k] for k in np.flatnonzero(row)) for row in table)
    return np.fromiter(sets, dtype=object, count=len(table))


def indicators(sets, labels):
    """Turn sets of labels into indicators.

    Parameters
    ----------
    sets : ndarray of shape (n_cells,), dtype object

    labels : ndarray of shape (n_labels,)

    Returns
    -------
    table : ndarray of shape (n_cells, n_labels), dtype int
        1 where a set holds a label. All labels must be in `labels`.
    """
    place = {label: k for k, label in enumerate(labels.tolist())}
    columns = [place[member] for cell in sets for member in cell]
    table = np.zeros((len(sets), len(place)), dtype=np.int64)
    table[np.repeat(np.arange(len(sets)), list(map(len, sets))), columns] = 1
    return table
