"""A predicted table, with two more columns for each task."""

from ._answers import predict
from ._errors import CommandError, count
from ._process import say
from ._tables import Dialect, table_bytes, table_format, write_table
from ._tags import join, separator_for


class Predictions:
    """A table to predict, and how to write the result.

    Parameters
    ----------
    path : str
        Output file.

    table : Table

    columns : list of LabelColumn or SavedColumn
        A LabelColumn must have read the training table.

    dialect : Dialect
    """

    def __init__(self, path, table, columns, dialect):
        self.path, self.table = path, table
        kind, _ = table_format(path)
        self.is_text = kind in ("csv", "tsv")
        plain = table.quoting == "none" and table_format(table.path)[0] == kind
        self.dialect = Dialect(
            dialect.delimiter, "none" if plain else "csv", dialect.encoding
        )
        self.separators = {}
        for column in columns:
            self._check_names(column.name)
            if column.holds_lists and self.is_text:
                self.separators[column.name] = separator_for(
                    column.labels, column.separator, path, column.name
                )
        # Report before training what cannot be written.
        table_bytes(path, table.columns, self.dialect)

    def _check_names(self, task):
        for name in output_columns(task):
            if name in self.table.columns:
                raise CommandError(
                    f"{self.table.path} already has a column {name!r}, which is the "
                    "name of an output column. Rename it."
                )

    def write(self, classifier, texts):
        """Predict the texts and write the table."""
        predicted, probability = predict(classifier, texts)
        columns = {
            name: self._cells(name, cells) for name, cells in self.table.columns.items()
        }
        for task in predicted:
            for name, cells in zip(
                output_columns(task), (predicted[task], probability[task]), strict=True
            ):
                columns[name] = self._cells(task, cells)
        write_table(self.path, columns, self.dialect)
        say(
            f"Wrote {self.path}: {count(len(texts), 'row')}, with two more columns for "
            f"each task,\n{' and '.join(output_columns('TASK'))}."
        )
        if self.table.repeated:
            say("Columns with the same name are numbered.")

    def _cells(self, task, cells):
        """Return cells of a task in a form that the file format supports."""
        mark = self.separators.get(task)
        if mark is None:
            return cells
        return [join(c, mark) if isinstance(c, list) else c for c in cells]


def output_columns(task):
    """Return the names of the two columns written for a task."""
    return f"{task}_predicted", f"{task}_probability"
