"""Several labels in a text cell: detecting separators, splitting and joining."""

import ast

from ._errors import CommandError

# In order of preference if several are equally frequent.
SEPARATORS = ("|", ";", ",")
# Cells written as lists of Python or JSON: ['late', 'angry'].
AS_LISTS = "[]"


def looks_like_list(cell):
    """Whether a text cell looks like a written list."""
    return isinstance(cell, str) and cell.startswith("[") and cell.endswith("]")


def find_separator(cells):
    """Return the separator of labels in text cells, or None if none is found.

    Parameters
    ----------
    cells : list of str
        Cells that are not missing.
    """
    if cells and all(map(looks_like_list, cells)):
        return AS_LISTS
    held = {mark: sum(mark in cell for cell in cells) for mark in SEPARATORS}
    best = max(SEPARATORS, key=held.get)
    return best if held[best] else None


def looks_joined(labels):
    """Return the separator that seems to join several labels, or None.

    A separator counts if it occurs in at least two labels and there are fewer parts
    than labels: "late|angry", "late", "angry|loud" and "loud" have three parts.
    """
    labels = set(labels)
    for mark in SEPARATORS:
        joined = [label for label in labels if mark in label]
        parts = {part for label in labels for part in split(label, mark)}
        if len(joined) > 1 and len(parts) < len(labels):
            return mark
    return None


def split(cell, separator):
    """Split a text into labels, without surrounding spaces.

    Raises
    ------
    ValueError
        If the cell should be a list but is not.
    """
    if separator != AS_LISTS:
        return [part.strip() for part in cell.split(separator) if part.strip()]
    try:
        labels = ast.literal_eval(cell)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        labels = None
    if not isinstance(labels, list):
        raise ValueError(f"{cell[:40]!r} is not a list of labels")
    return labels


def join(labels, separator):
    """Join labels as :func:`split` reads them. No label is written as the separator."""
    if separator == AS_LISTS:
        return str(list(labels))
    return separator.join(map(str, labels)) or separator


def separator_for(labels, wanted, path, task):
    """Return a separator for labels in a CSV cell that occurs in none of them."""
    marks = [wanted] if wanted else SEPARATORS
    free = [
        mark
        for mark in marks
        if mark == AS_LISTS or not any(mark in str(label) for label in labels)
    ]
    if not free:
        found = next(label for label in labels if marks[0] in str(label))
        raise CommandError(
            f"{path} cannot store several labels of {task!r} in a cell: {found!r} "
            f"contains {marks[0]!r}. Use another --separator, or write JSON lines "
            "(.jsonl)."
        )
    return free[0]


def labels_in(cells):
    """Yield all labels; a cell may hold one or several."""
    for cell in cells:
        if isinstance(cell, list):
            yield from cell
        elif cell is not None:
            yield cell
