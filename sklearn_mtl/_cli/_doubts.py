"""Warnings about cells that may be misread."""

import shlex
from collections import Counter

from ..labels._missing import MARKERS
from ._errors import brief, count, some
from ._numbers import as_number
from ._process import warn
from ._tags import AS_LISTS, labels_in, looks_joined, looks_like_list


def warn_of_markers(path, name, cells, joined):
    """Warn about labels that may stand for a missing label."""
    # --missing compares whole text cells, so it does not apply inside lists.
    inside = {
        label
        for cell in cells
        if isinstance(cell, list) and (len(cell) > 1 or not joined)
        for label in cell
    }
    for label, n_cells in Counter(labels_in(cells)).items():
        if isinstance(label, str) and label.strip() in MARKERS:
            advice = f"use --missing {shlex.quote(label)}"
            if label in inside:
                advice = "remove it from these cells"
            warn(
                f"{path}: column {name!r} has {label!r} in {count(n_cells, 'cell')}, "
                f"read as a label. If it means no label, {advice}"
            )


def warn_of_unused(missing, table, names):
    """Warn about values of --missing that occur in no cell of the given columns."""
    cells = {str(cell) for name in names for cell in table.columns[name]}
    numbers = {as_number(cell) for cell in cells} - {None}
    for value in missing:
        if value in cells or as_number(value) in numbers:
            continue
        alike = [cell for cell in sorted(cells) if cell.lower() == value.lower()]
        hint = f" Did you mean {alike[0]!r}?" if alike else ""
        warn(
            f"{table.path}: --missing {value} matches no cell of {some(names)}, so it "
            f"has no effect.{hint}"
        )


def warn_of_joined_labels(path, name, labels):
    """Warn about labels that seem to be several labels, joined."""
    if not all(isinstance(label, str) for label in labels):
        return
    joined = [label for label in labels if looks_like_list(label)]
    if not joined and (mark := looks_joined(labels)):
        joined = [label for label in labels if mark in label]
    if joined:
        warn(
            f"{path}: column {name!r} has labels like {brief(joined[0])}, read as one. "
            "If it is several, use --tags instead of --tasks for this column."
        )


def warn_of_separator(table, name, separator):
    """Warn about a separator that occurs in no cell of a column."""
    texts = [cell for cell in table.columns[name] if isinstance(cell, str)]
    known = separator == AS_LISTS or any(separator in text for text in texts)
    if texts and not known:
        warn(
            f"{table.path}: no cell of column {name!r} contains the separator "
            f"{separator!r}, so each cell has one label. If the separator is another "
            "one, pass it as --separator."
        )


def warn_of_few_cells(path, name, cells, holds_lists):
    """Warn about a column with a single label, and one whose labels hardly repeat."""
    n_labelled = sum(cell is not None for cell in cells)
    labels = set(labels_in(cells))
    if len(labels) == 1 and not holds_lists:
        warn(
            f"{path}: column {name!r} has a single label, {brief(*labels)}, which is "
            "predicted for every text."
        )
    elif len(labels) > max(20, n_labelled / 2) and not holds_lists:
        warn(
            f"{path}: column {name!r} has {count(len(labels), 'label')} in "
            f"{count(n_labelled, 'labelled cell')}, too few cells per label to learn "
            "from. Check whether it holds numbers, names or texts."
        )


def warn_of_spellings(path, name, labels):
    """Warn about labels that differ only in case and spaces."""
    alike = {}
    for label in labels:
        if isinstance(label, str):
            alike.setdefault(" ".join(label.split()).casefold(), []).append(label)
    groups = [group for group in alike.values() if len(group) > 1]
    if groups:
        warn(
            f"{path}: column {name!r} has labels that differ only in case or spaces: "
            f"{some(groups[0], 5)}. They are read as different labels."
        )
