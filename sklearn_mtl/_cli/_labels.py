"""Texts and labels from the columns of a table."""

from ._doubts import (
    warn_of_few_cells,
    warn_of_joined_labels,
    warn_of_markers,
    warn_of_separator,
    warn_of_spellings,
)
from ._errors import CommandError, brief, some
from ._kinds import check_kinds
from ._numbers import as_number
from ._process import warn
from ._tags import find_separator, labels_in, split


def read_texts(table, names):
    """Return the texts of one column, or of several joined by line breaks.

    An empty string is a text. Null is not, unless another column of the row has a text.
    """
    columns = [table.columns[name] for name in names]
    texts = []
    for row, cells in enumerate(zip(*columns, strict=True)):
        for name, cell in zip(names, cells, strict=True):
            empty = cell is None and any(isinstance(other, str) for other in cells)
            if not isinstance(cell, str) and not empty:
                found = (
                    "null" if cell is None else f"{brief(cell)} of type {_kind(cell)}"
                )
                raise CommandError(
                    f"{table.path}, {table.place(row)}: column {name!r} must hold "
                    f'texts. Got {found}. Write "" for an empty text.'
                )
        texts.append("\n".join(filter(None, cells)))
    return texts


def check_texts(table, names, texts):
    """Raise an error if there is nothing to learn from."""
    if not any(text.strip() for text in texts):
        columns = "column" if len(names) == 1 else "columns"
        raise CommandError(
            f"{table.path}: all texts of {columns} {some(names)} are empty. Check that "
            "--text names the right column."
        )


def _kind(cell):
    return type(cell).__name__


def _is_label(cell):
    return isinstance(cell, str | bool | int | float)


class LabelColumn:
    """Reads one label column, in all tables of a command.

    Parameters
    ----------
    name : str

    tags : bool
        Whether text cells contain several labels, joined by a separator.

    separator : str or None
        The separator; None detects it.

    missing : sequence of str
        Values that mean "no label", in addition to an empty cell, null and NaN.

    Attributes
    ----------
    separator : str or None
        The separator of labels in text cells; None if cells are not joined.

    labels : list
        All labels of the training table, in order of occurrence.

    holds_lists : bool
        Whether cells hold several labels.

    joined : bool
        Whether these cells are joined texts, not lists.
    """

    def __init__(self, name, tags=False, separator=None, missing=()):
        self.name = name
        self.tags = tags
        self.separator = separator
        self.missing = missing
        self._missing_numbers = {as_number(word) for word in missing} - {None}
        self._spelling = {}
        self.labels = []
        self.holds_lists = self.joined = False

    @classmethod
    def known(cls, name, labels, *, holds_lists, separator, missing):
        """Create the reader of a task that a saved classifier has learnt."""
        column = cls(name, tags=holds_lists, separator=separator, missing=missing)
        column.labels, column.holds_lists = labels, holds_lists
        column._learn_spelling(labels)
        return column

    def learn(self, table):
        """Read the column of the training table, and detect separators and numbers.

        Returns
        -------
        cells : list
            For each row a label or a list of labels; None if it is missing.
        """
        cells = self._cells(table)
        check_kinds(table, self.name, cells)
        if self.tags and self.separator:
            warn_of_separator(table, self.name, self.separator)
        labels = list(dict.fromkeys(labels_in(cells)))
        if not any(cell is not None for cell in cells):
            raise CommandError(
                f"{table.path} has no label in column {self.name!r}: all "
                f"{len(cells):,} cells are missing. Remove the column from the command."
            )
        self._learn_spelling(labels)
        cells = self._spell(table, cells)
        self.labels = list(dict.fromkeys(labels_in(cells)))
        self.holds_lists = any(isinstance(cell, list) for cell in cells)
        warn_of_markers(table.path, self.name, cells, self.joined)
        if not self.tags:
            warn_of_joined_labels(table.path, self.name, self.labels)
        warn_of_few_cells(table.path, self.name, cells, self.holds_lists)
        warn_of_spellings(table.path, self.name, self.labels)
        return cells

    def _learn_spelling(self, labels):
        """Record how numbers are written, if all labels are numbers.

        Where some are strings and some are not, all are read as numbers.
        """
        if all(as_number(label) is not None for label in labels):
            is_mixed = len({isinstance(label, str) for label in labels}) > 1
            for label in sorted(labels, key=lambda label: len(str(label))):
                number = as_number(label)
                spelling = number if is_mixed else label
                self._spelling.setdefault(number, spelling)

    def read(self, table):
        """Read the column of another table like that of the training table."""
        cells = self._spell(table, self._cells(table))
        self._check_lists(table, cells)
        check_kinds(table, self.name, cells)
        self._compare(table, cells)
        return cells

    def order(self, listed):
        """Return all labels in order.

        Parameters
        ----------
        listed : list of str or None
            The labels in order; None for numeric order.

        Raises
        ------
        CommandError
            If a label is not listed, or if labels are texts and none are listed.
        """
        if self.holds_lists:
            raise CommandError(
                f"--ordinal {self.name}: its cells hold several labels, which have no "
                "order. Remove it from --ordinal."
            )
        if listed is None:
            if not all(as_number(label) is not None for label in self.labels):
                raise CommandError(
                    f"--ordinal {self.name}: the order of text labels is unknown. Use "
                    f"--ordinal {self.name}=LOWEST,...,HIGHEST with all of "
                    f"{some(self.labels)}."
                )
            return sorted(self.labels, key=as_number)
        order = list(listed)
        if self._spelling:
            numbers = [as_number(label) for label in order]
            if not isinstance(self.labels[0], str) and None not in numbers:
                order = numbers
            order = [self._spelling.get(as_number(label), label) for label in order]
        lacking = [label for label in self.labels if label not in order]
        if lacking:
            raise CommandError(
                f"--ordinal {self.name} lists {some(order)}. The column also holds "
                f"{some(lacking, 5)}. List all labels from lowest to highest."
            )
        return order

    def _cells(self, table):
        """Return cells after checking their types, with None for missing ones."""
        cells = list(table.columns[self.name])
        as_meant = set()
        for row, cell in enumerate(cells):
            if self._is_missing(cell):
                if str(cell) not in self.missing and as_number(cell) is not None:
                    as_meant.add(str(cell))
                cells[row] = None
            elif not _is_label(cell) and not (
                isinstance(cell, list) and all(map(_is_label, cell))
            ):
                raise CommandError(
                    f"{table.path}, {table.place(row)}: column {self.name!r} must hold "
                    "strings, numbers, booleans or lists of them. Got "
                    f"{brief(cell)} of type {_kind(cell)}. Write labels as strings."
                )
        if as_meant:
            warn(
                f"{table.path}: column {self.name!r} contains "
                f"{some(sorted(as_meant))}, another spelling of --missing "
                f"{some(self.missing)}. These cells are also read as missing."
            )
        return self._split(table, cells) if self.tags else cells

    def _is_missing(self, cell):
        if isinstance(cell, list):
            return False
        # Only NaN differs from itself.
        if cell is None or cell != cell or not str(cell).strip():
            return True
        return str(cell) in self.missing or (
            bool(self._missing_numbers) and as_number(cell) in self._missing_numbers
        )

    def _split(self, table, cells):
        """Convert each cell to a list, splitting texts."""
        texts = [cell for cell in cells if isinstance(cell, str)]
        self.joined = self.joined or bool(texts)
        if self.separator is None and texts:
            self.separator = find_separator(texts)
            if self.separator is None:
                raise CommandError(
                    f"{table.path}: no cell of column {self.name!r} holds several "
                    "labels joined by |, ; or a comma. Use --separator, or name the "
                    "column in --tasks if each cell holds one label."
                )

        def labels_of(row, cell):
            if not isinstance(cell, str):
                return cell if cell is None or isinstance(cell, list) else [cell]
            try:
                return split(cell, self.separator)
            except ValueError as error:
                raise CommandError(
                    f"{table.path}, {table.place(row)}: column {self.name!r} holds "
                    f"lists, but {error}. Write this cell like the others."
                ) from error

        return [labels_of(row, cell) for row, cell in enumerate(cells)]

    def _spell(self, table, cells):
        """Give equal numbers one spelling, that of the training table."""
        changed = {}

        def spell(label):
            number = as_number(label)
            known = self._spelling.get(number, label)
            # An unknown number from another table: keep the type of the other labels.
            if number is not None and number not in self._spelling:
                as_text = isinstance(next(iter(self._spelling.values())), str)
                known = str(label) if as_text else number
            if known != label:
                changed[label] = known
            return known

        if self._spelling:
            cells = [
                [spell(label) for label in cell]
                if isinstance(cell, list)
                else None
                if cell is None
                else spell(cell)
                for cell in cells
            ]
        if changed:
            pairs = ", ".join(f"{a!r} as {b!r}" for a, b in list(changed.items())[:5])
            warn(
                f"{table.path}: in column {self.name!r} equal numbers are read as one "
                f"label: {pairs}."
            )
        return cells

    def _check_lists(self, table, cells):
        """Raise an error if one table has lists and the other single labels."""
        for row, cell in enumerate(cells):
            if cell is not None and isinstance(cell, list) != self.holds_lists:
                here, there = ("one label", "several labels")
                if isinstance(cell, list):
                    here, there = there, here
                raise CommandError(
                    f"{table.path}, {table.place(row)}: column {self.name!r} holds "
                    f"{here} in a cell, {brief(cell)}, and {there} in the training "
                    "table. Use --tags instead of --tasks for this column."
                )

    def _compare(self, table, cells):
        """Warn about labels that are not in the training table.

        Raises
        ------
        CommandError
            If no label is in the training table, for instance because one file has the
            number 1 and the other the string "one".
        """
        found = list(dict.fromkeys(labels_in(cells)))
        unknown = [label for label in found if label not in set(self.labels)]
        if found and len(unknown) == len(found):
            raise CommandError(
                f"{table.path} and the training table have no label in common in "
                f"column {self.name!r}: {some(unknown, 3)} here, "
                f"{some(self.labels, 3)} there. Use the same spelling and type in both "
                "tables."
            )
        if unknown:
            warn(
                f"{table.path}: column {self.name!r} has labels that are not in the "
                f"training table: {some(unknown, 5)}. They count as errors."
            )
