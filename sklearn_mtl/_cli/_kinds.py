"""Checks for labels that cannot be learnt together, reported with their line."""

from ._errors import CommandError, brief
from ._numbers import as_number

_KINDS = {str: "a string", bool: "a boolean", int: "a number", float: "a number"}
# Beyond these limits, neighbouring integers may become the same number.
_LARGEST_BESIDE_FLOATS, _LARGEST = 2**53, 2**63 - 1


def check_kinds(table, name, cells):
    """Raise an error for labels of several types and for values that are not labels.

    Parameters
    ----------
    table : Table

    name : str
        The column.

    cells : list
        For each row a label or a list of labels; None if it is missing.

    Raises
    ------
    CommandError
        Names the line of the file, or the row if the format has no lines.
    """
    _check_lists(table, name, cells)
    first, all_numbers = {}, True
    for row, label in _labels(cells):
        kind = _KINDS[type(label)]
        first.setdefault(kind, (row, label))
        all_numbers = all_numbers and as_number(label) is not None
        if isinstance(label, float) and not label.is_integer():
            raise CommandError(
                f"{table.path}, {table.place(row)}: column {name!r} holds {label!r}, "
                "which is a measurement, not a class. Write classes as strings or "
                "whole numbers."
            )
        if isinstance(label, str) and label.endswith("\0"):
            raise CommandError(
                f"{table.path}, {table.place(row)}: column {name!r} holds "
                f"{brief(label)}, a label that ends in a NUL character. Remove it."
            )
    if len(first) > 1 and not all_numbers:
        (one_kind, one), (other_kind, other) = list(first.items())[:2]
        raise CommandError(
            f"{table.path}: column {name!r} holds labels of several types: "
            f"{brief(one[1])} in {table.place(one[0])} is {one_kind}, "
            f"{brief(other[1])} in {table.place(other[0])} is {other_kind}. Write all "
            "of them as strings."
        )
    _check_size(table, name, cells)


def _labels(cells):
    """Yield (row, label) for every label; a cell may hold one or several."""
    for row, cell in enumerate(cells):
        if isinstance(cell, list):
            yield from ((row, label) for label in cell)
        elif cell is not None:
            yield row, cell


def _check_lists(table, name, cells):
    """Raise an error if only some cells are lists, or if lists are indicators."""
    first = {}
    for row, cell in enumerate(cells):
        if cell is not None:
            first.setdefault(isinstance(cell, list), row)
    if len(first) > 1:
        many, one = first[True], first[False]
        raise CommandError(
            f"{table.path}: column {name!r} holds several labels in some cells, such "
            f"as {brief(cells[many])} in {table.place(many)}, and one label in others, "
            f"such as {brief(cells[one])} in {table.place(one)}. Use --tags instead of "
            "--tasks for this column, or make each cell a list."
        )
    lists = [cell for cell in cells if isinstance(cell, list)]
    # Read as lists, nearly all of these cells would hold both labels, 0 and 1.
    if (
        lists
        and len(set(map(len, lists))) == 1
        and len(lists[0]) > 1
        and all(not isinstance(m, str) and m in (0, 1) for cell in lists for m in cell)
    ):
        raise CommandError(
            f"{table.path}, {table.place(first[True])}: column {name!r} holds "
            f"indicator vectors of 0 and 1, {brief(lists[0])}, not lists of labels. "
            "Write the labels that apply, or one column per position, named in --tasks."
        )


def _check_size(table, name, cells):
    """Raise an error for integers that are too large to stay distinct."""
    with_floats = any(isinstance(label, float) for _, label in _labels(cells))
    largest = _LARGEST_BESIDE_FLOATS if with_floats else _LARGEST
    for row, label in _labels(cells):
        if isinstance(label, int) and abs(label) > largest:
            raise CommandError(
                f"{table.path}, {table.place(row)}: column {name!r} holds {label}, "
                "which is too large for a numeric label. Write the labels of this "
                "column as strings."
            )
