"""Warnings of cells that may mean something else than what is read."""

import shlex
from collections import Counter

from ..labels._missing import MARKERS
from ._errors import brief, count, some
from ._numbers import as_number
from ._process import warn
from ._tags import AS_LISTS, labels_in, looks_joined, looks_like_list


def warn_of_markers(path, name, cells, joined):
    """Tell which labels of a column may mean that there is none."""
    # Of these --missing, which speaks of whole cells of text, knows nothing.
    inside = {
        label
        for cell in cells
        if isinstance(cell, list) and (len(cell) > 1 or not joined)
        for label in cell
    }
    for label, n_cells in Counter(labels_in(cells)).items():
        if isinstance(label, str) and label.strip() in MARKERS:
            advice = f"say --missing {shlex.quote(label)}"
            if label in inside:
                advice = "leave it out of these cells"
            warn(
                f"{path}: column {name!r} has {label!r} in {count(n_cells, 'cell')}, "
                f"read as a label. If it means no label, {advice}"
            )


def warn_of_unused(missing, table, names):
    """Tell which values of --missing no cell of the given columns has."""
    cells = {str(cell) for name in names for cell in table.columns[name]}
    numbers = {as_number(cell) for cell in cells} - {None}
    for value in missing:
        if value in cells or as_number(value) in numbers:
            continue
        alike = [cell for cell in sorted(cells) if cell.lower() == value.lower()]
        hint = f" Did you mean {alike[0]!r}?" if alike else ""
        warn(
            f"{table.path}: --missing {value} is no cell of {some(names)}, so it "
            f"changes nothing.{hint}"
        )


def warn_of_joined_labels(path, name, labels):
    """Tell of labels in which several seem to be joined."""
    if not all(isinstance(label, str) for label in labels):
        return
    joined = [label for label in labels if looks_like_list(label)]
    if not joined and (mark := looks_joined(labels)):
        joined = [label for label in labels if mark in label]
    if joined:
        warn(
            f"{path}: column {name!r} has labels like {brief(joined[0])}, read as one. "
            "If it is several, say --tags instead of --tasks for this column."
        )


def warn_of_separator(table, name, separator):
    """Tell of a separator that stands in no cell of a column."""
    texts = [cell for cell in table.columns[name] if isinstance(cell, str)]
    known = separator == AS_LISTS or any(separator in text for text in texts)
    if texts and not known:
        warn(
            f"{table.path}: no cell of column {name!r} holds the separator "
            f"{separator!r}, so each has one label. Is it another one?"
        )
