"""Texts and labels out of the columns of a table."""

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

    An empty text is a text. Null is none, unless another column of the row has one.
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
    """Complain where there is nothing to learn from."""
    if not any(text.strip() for text in texts):
        columns = "column" if len(names) == 1 else "columns"
        raise CommandError(
            f"{table.path}: all texts of {columns} {some(names)} are empty. Does "
            "--text name the right column?"
        )


def _kind(cell):
    return type(cell).__name__


def _is_label(cell):
    return isinstance(cell, str | bool | int | float)


class LabelColumn:
    """How one column of labels is read, in all tables of a command.

    Parameters
    ----------
    name : str

    tags : bool
        Whether texts in its cells are several labels, joined.

    separator : str or None
        What joins them; None finds out.

    missing : sequence of str
        What means "no label" besides an empty cell, null and NaN.

    Attributes
    ----------
    separator : str or None
        What joins labels in cells of text; None if none are joined.

    labels : list
        All labels of the training table, in the order they come.

    holds_lists : bool
        Whether cells hold several labels.

    joined : bool
        Whether these were joined, and no lists.
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
        """Make what reads the column of a task that a saved classifier has learnt."""
        column = cls(name, tags=holds_lists, separator=separator, missing=missing)
        column.labels, column.holds_lists = labels, holds_lists
        column._learn_spelling(labels)
        return column

    def learn(self, table):
        """Read the column of the training table; see what separators and numbers mean.

        Returns
        -------
        cells : list
            A label each, or a list of them; None where it is missing.
        """
        cells = self._cells(table)
        check_kinds(table, self.name, cells)
        if self.tags and self.separator:
            warn_of_separator(table, self.name, self.separator)
        labels = list(dict.fromkeys(labels_in(cells)))
        if not any(cell is not None for cell in cells):
            raise CommandError(
                f"{table.path} has no label in column {self.name!r}: all "
                f"{len(cells):,} cells are missing. Leave the column out."
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
        """Learn how numbers are written, if all labels are numbers."""
        if all(as_number(label) is not None for label in labels):
            for label in sorted(labels, key=lambda label: len(str(label))):
                self._spelling.setdefault(as_number(label), label)

    def read(self, table):
        """Read the column of another table as that of the training table."""
        cells = self._spell(table, self._cells(table))
        self._check_lists(table, cells)
        check_kinds(table, self.name, cells)
        self._compare(table, cells)
        return cells

    def order(self, listed):
        """Return all labels in their order.

        Parameters
        ----------
        listed : list of str or None
            The labels in their order; None for that of numbers.

        Raises
        ------
        CommandError
            If a label is not listed, or texts have no order.
        """
        if self.holds_lists:
            raise CommandError(
                f"--ordinal {self.name}: its cells hold several labels, which "
                "have no order. Leave it out of --ordinal."
            )
        if listed is None:
            if not all(as_number(label) is not None for label in self.labels):
                raise CommandError(
                    f"--ordinal {self.name}: the order of texts is not known. Use "
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
        """Return cells of known types, None for missing ones."""
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
                f"{table.path}: column {self.name!r} writes {some(sorted(as_meant))} "
                f"for what --missing calls {some(self.missing)}. These cells are "
                "missing, too."
            )
        return self._split(table, cells) if self.tags else cells

    def _is_missing(self, cell):
        if isinstance(cell, list):
            return False
        # NaN is the one cell that differs from itself.
        if cell is None or cell != cell or not str(cell).strip():
            return True
        return str(cell) in self.missing or (
            bool(self._missing_numbers) and as_number(cell) in self._missing_numbers
        )

    def _split(self, table, cells):
        """Make a list of each cell, taking texts apart."""
        texts = [cell for cell in cells if isinstance(cell, str)]
        self.joined = self.joined or bool(texts)
        if self.separator is None and texts:
            self.separator = find_separator(texts)
            if self.separator is None:
                raise CommandError(
                    f"{table.path}: no cell of column {self.name!r} holds several "
                    "labels, joined by |, ; or a comma. Use --separator, or name the "
                    "column in --tasks if its cells hold one label each."
                )

        def labels_of(row, cell):
            if not isinstance(cell, str):
                return cell if cell is None or isinstance(cell, list) else [cell]
            try:
                return split(cell, self.separator)
            except ValueError as error:
                raise CommandError(
                    f"{table.path}, {table.place(row)}: column {self.name!r} holds "
                    f"lists, and {error}. Write it as the others."
                ) from error

        return [labels_of(row, cell) for row, cell in enumerate(cells)]

    def _spell(self, table, cells):
        """Give numbers that mean the same one spelling, that of the training table."""
        changed = {}

        def spell(label):
            number = as_number(label)
            known = self._spelling.get(number, label)
            # A number of another table that this one lacks: of one type with the rest.
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
                f"{table.path}: in column {self.name!r} numbers that mean the same are "
                f"one label: {pairs}."
            )
        return cells

    def _check_lists(self, table, cells):
        """Complain where one table has lists and the other single labels."""
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
        """Tell of labels that are not in the training table.

        Raises
        ------
        CommandError
            If none of them is, which is what happens when one file has the number 1
            and the other the string "one".
        """
        found = list(dict.fromkeys(labels_in(cells)))
        unknown = [label for label in found if label not in set(self.labels)]
        if found and len(unknown) == len(found):
            raise CommandError(
                f"{table.path} and the training table have no label in common in "
                f"column {self.name!r}: {some(unknown, 3)} here, "
                f"{some(self.labels, 3)} there. Do they differ in spelling, or in type?"
            )
        if unknown:
            warn(
                f"{table.path}: column {self.name!r} has labels that are not in the "
                f"training table: {some(unknown, 5)}. They count as errors."
            )
