"""Several labels in a cell of text: what separates them, taken apart and joined."""

import ast

from ._errors import CommandError

# In this order where cells hold as many of each.
SEPARATORS = ("|", ";", ",")
# Cells written as lists of Python or JSON: ['late', 'angry'].
AS_LISTS = "[]"


def looks_like_list(cell):
    """Whether a text may be a list that somebody wrote into a cell."""
    return isinstance(cell, str) and cell.startswith("[") and cell.endswith("]")


def find_separator(cells):
    """Return what separates labels in cells of text, or None if nothing known does.

    Parameters
    ----------
    cells : list of str
        Without the missing ones.
    """
    if cells and all(map(looks_like_list, cells)):
        return AS_LISTS
    held = {mark: sum(mark in cell for cell in cells) for mark in SEPARATORS}
    best = max(SEPARATORS, key=held.get)
    return best if held[best] else None


def looks_joined(labels):
    """Return a separator that seems to join several labels, or None.

    It does if it stands in two labels or more and their parts are fewer than the
    labels: "late|angry", "late", "angry|loud" and "loud" are made of three.
    """
    labels = set(labels)
    for mark in SEPARATORS:
        joined = [label for label in labels if mark in label]
        parts = {part for label in labels for part in split(label, mark)}
        if len(joined) > 1 and len(parts) < len(labels):
            return mark
    return None


def split(cell, separator):
    """Take a text apart into labels without the space around them.

    Raises
    ------
    ValueError
        If it should be written as a list, and is not.
    """
    if separator != AS_LISTS:
        return [part.strip() for part in cell.split(separator) if part.strip()]
    try:
        labels = ast.literal_eval(cell)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        labels = None
    if not isinstance(labels, list):
        raise ValueError(f"{cell[:40]!r} is no list of labels")
    return labels


def join(labels, separator):
    """Write labels as :func:`split` reads them; none is the separator alone."""
    if separator == AS_LISTS:
        return str(list(labels))
    return separator.join(map(str, labels)) or separator


def separator_for(labels, wanted, path, task):
    """Return what can separate labels in a cell of CSV, none of which may hold it."""
    marks = [wanted] if wanted else SEPARATORS
    free = [
        mark
        for mark in marks
        if mark == AS_LISTS or not any(mark in str(label) for label in labels)
    ]
    if not free:
        found = next(label for label in labels if marks[0] in str(label))
        raise CommandError(
            f"{path} cannot hold several labels of {task!r} in a cell: {found!r} holds "
            f"{marks[0]!r}. Use another --separator, or write JSON lines (.jsonl)."
        )
    return free[0]


def labels_in(cells):
    """Yield the labels of cells that hold one or several."""
    for cell in cells:
        if isinstance(cell, list):
            yield from cell
        elif cell is not None:
            yield cell
