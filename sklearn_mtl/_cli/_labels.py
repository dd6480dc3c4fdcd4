"""Texts and labels out of the columns of a table."""

from collections import Counter

import numpy as np

from .._splitting import multitask_split
from ._errors import CommandError, some


def read_texts(table, column):
    """Return a column's texts; an empty text is a text."""
    texts = table.columns[column]
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            found = "null" if text is None else f"{text!r}, a {type(text).__name__}"
            raise CommandError(
                f"{table.path}, {table.place(row)}: column {column!r} must hold "
                f'texts. Got {found}. Write "" for an empty text.'
            )
    return texts


def read_labels(table, tasks, missing=()):
    """Return a column of labels for each task, None where a cell is missing.

    Parameters
    ----------
    table : Table
    tasks : list of str
    missing : sequence of str
        What else means "no label", besides an empty cell, null and NaN.

    Returns
    -------
    labels : dict of str to list
    """
    return {
        task: [
            None if _is_missing(cell, missing) else _label(cell, table, task, row)
            for row, cell in enumerate(table.columns[task])
        ]
        for task in tasks
    }


def _is_missing(cell, missing):
    # NaN is the one cell that differs from itself.
    return cell is None or cell == "" or cell != cell or str(cell) in missing


def _label(cell, table, task, row):
    if isinstance(cell, str | bool | int | float):
        return cell
    raise CommandError(
        f"{table.path}, {table.place(row)}: column {task!r} must hold one label a "
        f"cell, a string, number or boolean. Got {cell!r}."
    )


def check_labels(table, labels):
    """Complain about a task that has nothing to learn from."""
    for task, cells in labels.items():
        if all(cell is None for cell in cells):
            raise CommandError(
                f"{table.path} has no label in column {task!r}: all {len(cells):,} "
                "cells are missing. Leave it out of --tasks."
            )


def check_same_labels(table, labels, known):
    """Return what to warn of where labels differ from those known from training.

    Parameters
    ----------
    table : Table
        Where `labels` come from.

    labels, known : dict of str to list

    Raises
    ------
    CommandError
        If a task has no label in common with training, which is what happens when
        one file has the number 1 and the other the string "1".
    """
    remarks = []
    for task, cells in labels.items():
        classes = set(known[task]) - {None}
        unknown = [cell for cell in dict.fromkeys(cells) if cell not in classes]
        unknown = [cell for cell in unknown if cell is not None]
        found = set(cells) - {None}
        if found and len(unknown) == len(found):
            raise CommandError(
                f"{table.path} and the training table have no label in common in "
                f"column {task!r}: {some(unknown, 3)} here, {some(classes, 3)} there. "
                "Do they differ in spelling, or in type?"
            )
        if unknown:
            remarks.append(
                f"{table.path}: column {task!r} has labels that are not in the "
                f"training table: {some(unknown, 5)}. They count as errors."
            )
    return remarks


def most_frequent(cells):
    """Return the label with most cells."""
    return Counter(cell for cell in cells if cell is not None).most_common(1)[0][0]


def hold_out(table, labels, fraction, seed):
    """Split the rows, keeping the classes of all tasks even.

    Returns
    -------
    larger, smaller : list of int
        Row numbers in ascending order.
    """
    codes = np.empty((len(table), len(labels)), dtype=np.int64)
    for k, cells in enumerate(labels.values()):
        known = dict.fromkeys(cell for cell in cells if cell is not None)
        code_of = {cell: code for code, cell in enumerate(known)} | {None: -1}
        codes[:, k] = [code_of[cell] for cell in cells]
    try:
        larger, smaller = multitask_split(codes, fraction, seed)
    except ValueError as error:
        raise CommandError(
            f"{table.path} has too few rows to hold some of them out: no class has one "
            "to spare. Score on --test FILE, or fit without scores: --held-out 0."
        ) from error
    return larger.tolist(), smaller.tolist()


def take(columns, rows):
    """Return the given rows of each column."""
    return {name: [cells[row] for row in rows] for name, cells in columns.items()}
