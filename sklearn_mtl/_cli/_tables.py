"""Tables in files: columns by name, read and written by the extension of the file.

CSV, TSV and JSON lines go through the standard library and may be gzipped. Cells of CSV
and TSV are strings; JSON lines and Parquet keep numbers and booleans.
"""

import gzip
import os
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ._errors import CommandError, UsageError, did_you_mean, some
from ._formats import (
    csv_text,
    import_pyarrow,
    json_lines,
    parquet_bytes,
    read_csv,
    read_json_lines,
    read_parquet,
)

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
DELIMITERS = {"csv": ",", "tsv": "\t"}
GZIP_MAGIC = b"\x1f\x8b"


@dataclass
class Table:
    """Columns of one length, and where in the file each row starts.

    Attributes
    ----------
    path : str
        The file, as the user wrote it.

    columns : dict of str to list
        The cells by column name.

    lines : list of int or None
        The line each row starts in; None if the format has no lines.
    """

    path: str
    columns: dict
    lines: list = field(default=None, repr=False)

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def place(self, row):
        """Name the place of a row for a message."""
        return f"row {row + 1}" if self.lines is None else f"line {self.lines[row]}"

    def check_columns(self, names):
        """Complain about the first of the names that is no column."""
        for name in names:
            if name not in self.columns:
                raise CommandError(
                    f"{self.path} has no column {name!r}."
                    f"{self._hint(name)} Its columns are: {some(self.columns)}."
                )

    def _hint(self, name):
        if "," in name and all(part in self.columns for part in name.split(",")):
            return " Put spaces between the names, no commas."
        header = next(iter(self.columns))
        found = [mark for mark in ";\t|," if mark in header]
        if len(self.columns) == 1 and found:
            return f" Are its cells separated by {found[0]!r}? Then say --delimiter."
        return did_you_mean(name, self.columns)


def table_format(path):
    """Return a path's format and whether it is gzipped, going by its name."""
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    gzipped = suffixes[-1:] == [".gz"]
    suffix = "".join(suffixes[-2:-1] if gzipped else suffixes[-1:])
    kind = FORMATS.get(suffix)
    if kind is None or (kind == "parquet" and gzipped):
        raise UsageError(
            f"The name of {path} does not say what kind of table it is. Known endings: "
            f"{', '.join(FORMATS)}; all but .parquet also with .gz after it."
        )
    return kind, gzipped


def check_format(path):
    """Make sure that a file can be read or written before any work is done."""
    if table_format(path)[0] == "parquet":
        import_pyarrow(path)


def read_table(path, delimiter=None):
    """Read a table.

    Parameters
    ----------
    path : str
        The file. Its ending tells the format.

    delimiter : str, default=None
        What separates the cells of a CSV file, if not a comma.

    Returns
    -------
    table : Table
        With at least one row and one column.

    Raises
    ------
    CommandError
        If the file cannot be read, or is not a table with unique column names, as many
        cells in each row as in the header, and at least one row.
    """
    kind, gzipped = table_format(path)
    with _file_errors("read", path):
        data = Path(path).read_bytes()
    if kind == "parquet":
        columns, lines = read_parquet(path, data)
    else:
        text = _decode(path, _unzip(path, data, gzipped))
        if kind == "jsonl":
            columns, lines = read_json_lines(path, text)
        else:
            columns, lines = read_csv(path, text, _delimiter(kind, delimiter))
    table = Table(path, columns, lines)
    if not len(table):
        raise CommandError(f"{path} has column names but no rows.")
    return table


def _delimiter(kind, delimiter):
    return delimiter if delimiter and kind == "csv" else DELIMITERS[kind]


@contextmanager
def _file_errors(verb, path):
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise CommandError(f"Cannot {verb} {path}: {reason}.") from error


def _unzip(path, data, gzipped):
    if not gzipped and not data.startswith(GZIP_MAGIC):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise CommandError(f"{path} is not a whole gzip file: {error}.") from error


def _decode(path, data):
    try:
        # utf-8-sig drops the mark that some programs put at the start of a file.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        utf_16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        guess = " It looks like UTF-16." if utf_16 else ""
        raise CommandError(
            f"{path} is not UTF-8: byte 0x{data[error.start]:02x} in line {line}."
            f"{guess} Save it as UTF-8, for instance with iconv."
        ) from error
    if not text.strip():
        raise CommandError(f"{path} is empty.")
    return text


def write_table(path, columns, delimiter=None):
    """Write columns of one length, all at once: a failure leaves no half a file.

    Parameters
    ----------
    path : str
        The file. Its ending tells the format.

    columns : dict of str to list
        The cells by column name. None becomes an empty cell, or null.

    delimiter : str, default=None
        What separates the cells of a CSV file, if not a comma.
    """
    kind, gzipped = table_format(path)
    if kind == "parquet":
        data = parquet_bytes(path, columns)
    elif kind == "jsonl":
        data = json_lines(columns)
    else:
        data = csv_text(columns, _delimiter(kind, delimiter))
    if isinstance(data, str):
        # JSON can hold half a surrogate pair, UTF-8 cannot.
        data = data.encode("utf-8", errors="replace")
    if gzipped:
        # No time stamp: the same table gives the same file.
        data = gzip.compress(data, mtime=0)
    with _file_errors("write", path):
        unfinished = Path(f"{path}.unfinished")
        try:
            unfinished.write_bytes(data)
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
