"""Read a data set: a folder with train, dev and test tables of texts and labels."""

import csv
import gzip
import sys
from pathlib import Path
from typing import NamedTuple

TEXT = "text"  # every other column is a task

# The longest review of a set may be longer than the csv module expects.
csv.field_size_limit(sys.maxsize)


class Split(NamedTuple):
    """Texts, and for each task a list of labels with None for an empty cell."""

    texts: list
    labels: dict


class TextSet(NamedTuple):
    """The splits of a set; `left_out` names the tasks with one class in train."""

    splits: dict
    left_out: list


def load_set(folder, name, splits=("train", "dev", "test")):
    """Read splits of a set from ``folder/name/{train,dev,test}.csv.gz``.

    A task with a single class in train is excluded for all systems.
    """
    tables = {
        split: _read(Path(folder) / name / f"{split}.csv.gz")
        for split in {"train", *splits}
    }
    _, cells = tables["train"]
    left_out = [task for task in cells if len(set(cells[task]) - {None}) < 2]
    for _, labels in tables.values():
        for task in left_out:
            del labels[task]
    return TextSet(tables, left_out)


def find_sets(folder):
    """Return the names of the sets in a folder."""
    return sorted(path.parent.name for path in Path(folder).glob("*/train.csv.gz"))


def _read(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        texts, labels = [], {task: [] for task in rows.fieldnames if task != TEXT}
        for row in rows:
            texts.append(row[TEXT])
            for task, cells in labels.items():
                cells.append(row[task] or None)
    return Split(texts, labels)
