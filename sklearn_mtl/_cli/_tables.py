"""Tables in files: columns by name, in the format of the file extension.

CSV, TSV and JSON lines need only the standard library and may be gzipped. Cells of CSV
and TSV are strings; JSON lines and Parquet keep numbers, booleans and lists.
"""

import gzip
from dataclasses import dataclass, field
from pathlib import Path

from ._csv import csv_text, read_csv
from ._encodings import decode, encode
from ._errors import CommandError, UsageError, count, did_you_mean, some
from ._files import read_bytes, write_bytes
from ._formats import (
    import_pyarrow,
    json_lines,
    parquet_bytes,
    read_json_lines,
    read_parquet,
)
from ._process import warn

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
# Advice for tables in other formats.
ADVICE = {
    ".xlsx": " Save the sheet as CSV, in UTF-8.",
    ".xls": " Save the sheet as CSV, in UTF-8.",
    ".ods": " Save the sheet as CSV, in UTF-8.",
    ".json": " Write one object per line and name it .jsonl.",
    ".txt": " If it is a table, rename it.",
    ".tab": " If tabs separate its cells, rename it to .tsv.",
    ".zip": " Unpack it, or pack it with gzip.",
}
DELIMITERS = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True)
class Dialect:
    """How text files are written.

    Attributes
    ----------
    delimiter : str, default=None
        Delimiter of CSV files; None means a comma.

    quoting : {"csv", "none"}, default=None
        Whether quotation marks enclose cells of CSV and TSV. None means "csv"; in TSV
        it means "none" if they break the quoting rules.

    encoding : str, default=None
        None means UTF-8.
    """

    delimiter: str | None = None
    quoting: str | None = None
    encoding: str | None = None

    def delimiter_of(self, kind):
        """Return the delimiter of a file format."""
        if kind == "csv" and self.delimiter:
            return self.delimiter
        return DELIMITERS[kind]


@dataclass
class Table:
    """Columns of equal length, and the line in which each row starts.

    Attributes
    ----------
    path : str
        Path of the file, as the user wrote it.

    columns : dict of str to list
        The cells by column name. If columns have the same name, the second is called
        ``name.1``, and so on.

    lines : list of int or None
        Line number in which each row starts; None if the format has no lines.

    repeated : set of str
        Names that occur several times in the file.

    short : dict of int to int
        Number of cells of each short row. Its other cells are empty.

    quoting : {"csv", "none"} or None
        How quotation marks were read, if the format uses them.
    """

    path: str
    columns: dict
    lines: list | None = field(default=None, repr=False)
    repeated: frozenset = frozenset()
    short: dict = field(default_factory=dict, repr=False)
    quoting: str | None = None

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def place(self, row):
        """Return the position of a row for a message."""
        return f"row {row + 1}" if self.lines is None else f"line {self.lines[row]}"

    def check_columns(self, names):
        """Raise an error if a name is not the name of exactly one column."""
        for name in names:
            if name not in self.columns:
                raise CommandError(
                    f"{self.path} has no column {name!r}."
                    f"{self._hint(name)} Its columns are: {some(self.columns)}."
                )
            if name in self.repeated:
                raise CommandError(
                    f"{self.path} has several columns named {name!r}. Rename them: a "
                    "column in use needs a unique name."
                )
        places = {name: place for place, name in enumerate(self.columns)}
        for row, n_cells in self.short.items():
            lost = [name for name in names if places[name] >= n_cells]
            if lost:
                raise CommandError(
                    f"{self.path}, {self.place(row)}: the row ends after "
                    f"{count(n_cells, 'cell')}, before column {lost[0]!r}. The header "
                    f"has {len(places)}. Write a delimiter for each empty cell."
                )

    def _hint(self, name):
        if all(part in self.columns for part in name.split(",")):
            return " Put spaces between the names, not commas."
        header = next(iter(self.columns))
        if header.startswith("sep="):
            return " Its first line is a note for Excel. Remove it."
        found = [mark for mark in ";\t|," if mark in header]
        if len(self.columns) == 1 and found:
            return f" If its cells are separated by {found[0]!r}, use --delimiter."
        return did_you_mean(name, self.columns)


def table_format(path):
    """Return a file's format and whether it is gzipped, based on its name."""
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    gzipped = suffixes[-1:] == [".gz"]
    suffix = "".join(suffixes[-2:-1] if gzipped else suffixes[-1:])
    kind = FORMATS.get(suffix)
    if kind is None or (kind == "parquet" and gzipped):
        raise UsageError(
            f"The format of {path} is unknown. Use a file name that ends in one of "
            f"{', '.join(FORMATS)}; all but .parquet may be followed by "
            f".gz.{ADVICE.get(suffix, '')}"
        )
    return kind, gzipped


def check_format(path):
    """Check that the format of a file is supported, before any work is done."""
    if table_format(path)[0] == "parquet":
        import_pyarrow(path)


def read_table(path, dialect=Dialect()):
    """Read a table.

    Parameters
    ----------
    path : str
        The file. Its extension defines the format.

    dialect : Dialect, default=Dialect()

    Returns
    -------
    table : Table
        With at least one row and one column.

    Raises
    ------
    CommandError
        If the file cannot be read, or is not a table with at least one row, or if a row
        has more cells than the header.
    """
    kind, gzipped = table_format(path)
    data = read_bytes(path, gzipped)
    if kind == "parquet":
        table = _with_own_names(path, *read_parquet(path, data))
    elif kind == "jsonl":
        table = Table(
            path, *read_json_lines(path, decode(path, data, dialect.encoding))
        )
    else:
        text = decode(path, data, dialect.encoding)
        table = _read_csv(path, text, dialect.delimiter_of(kind), dialect.quoting)
    if not len(table):
        raise CommandError(f"{path} has column names but no rows.")
    return table


def _read_csv(path, text, delimiter, quoting):
    names, rows, lines, quoting = read_csv(path, text, delimiter, quoting)
    short = {k: len(row) for k, row in enumerate(rows) if len(row) < len(names)}
    if short:
        end = "ends" if len(short) == 1 else "end"
        warn(
            f"{path}: {count(len(short), 'row')} {end} before the last column, the "
            f"first in line {lines[min(short)]}. Cells may be in the wrong columns."
        )
    for row in short:
        rows[row] = rows[row] + [""] * (len(names) - len(rows[row]))
    columns = [[row[k] for row in rows] for k in range(len(names))]
    table = _with_own_names(path, names, columns)
    table.lines, table.short, table.quoting = lines, short, quoting
    return table


def _with_own_names(path, names, columns):
    """Create a table with unique column names."""
    repeated = frozenset(name for name in names if names.count(name) > 1)
    own = {}
    for name, column in zip(names, columns, strict=True):
        key, k = name, 0
        while key in own or (key != name and key in names):
            k += 1
            key = f"{name}.{k}"
        own[key] = column
    return Table(path, own, repeated=repeated)


def write_table(path, columns, dialect=Dialect()):
    """Write columns of equal length atomically: a failure leaves no partial file.

    Parameters
    ----------
    path : str
        The file. Its extension defines the format.

    columns : dict of str to list
        The cells by column name. None becomes an empty cell, or null.

    dialect : Dialect, default=Dialect()
        With ``quoting="none"``, quotation marks in CSV and TSV are ordinary characters,
        unless cells would be ambiguous without quoting.
    """
    _, gzipped = table_format(path)
    data = table_bytes(path, columns, dialect)
    # No time stamp, so that the same table gives the same file.
    write_bytes(path, gzip.compress(data, mtime=0) if gzipped else data)


def table_bytes(path, columns, dialect=Dialect()):
    """Return the bytes that :func:`write_table` writes, before compression."""
    kind, _ = table_format(path)
    if kind == "parquet":
        return parquet_bytes(path, columns)
    if kind == "jsonl":
        text = json_lines(columns)
    else:
        text = csv_text(columns, dialect.delimiter_of(kind), dialect.quoting)
    return encode(path, text, dialect.encoding)
