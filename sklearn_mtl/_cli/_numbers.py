"""Whole numbers in cells."""

import re

# Excludes 007 and 1.10, which may be codes and versions.
_WHOLE_NUMBER = re.compile(r"([+-]?(?:0|[1-9][0-9]*))(?:\.0*)?")


def as_number(cell):
    """Return the whole number that a cell means, or None."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int):
        return cell
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() else None
    found = isinstance(cell, str) and _WHOLE_NUMBER.fullmatch(cell)
    return int(found[1]) if found and len(cell) < 100 else None
