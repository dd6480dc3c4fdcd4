"""A table that is predicted, with two more columns for each task."""

from ._answers import predict
from ._errors import CommandError, count
from ._process import say
from ._tables import Dialect, table_bytes, table_format, write_table
from ._tags import join, separator_for


class Predictions:
    """What is to be predicted, and how it is written.

    Parameters
    ----------
    path : str
        Where to.

    table : Table

    columns : list of LabelColumn or SavedColumn
        The former after they have learnt.

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
        # What cannot be written should not come out after the training.
        table_bytes(path, table.columns, self.dialect)

    def _check_names(self, task):
        for name in output_columns(task):
            if name in self.table.columns:
                raise CommandError(
                    f"{self.table.path} has a column {name!r} already, which is where "
                    "the predictions would go. Rename it."
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
            say("Columns of one name are numbered.")

    def _cells(self, task, cells):
        """Return cells of a task as the format can hold them."""
        mark = self.separators.get(task)
        if mark is None:
            return cells
        return [join(c, mark) if isinstance(c, list) else c for c in cells]


def output_columns(task):
    """Name the two columns written for a task."""
    return f"{task}_predicted", f"{task}_probability"
