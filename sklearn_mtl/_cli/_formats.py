"""What files of each format hold: from their contents to columns, and back.

Readers return the columns by name and the line each row starts in; writers return the
contents of a file. The path is for messages only.
"""

import csv
import io
import json
import math

from ._errors import CommandError, some

# The longest cell the csv module may read; its own limit is short for a text, and this
# is the largest number that fits everywhere.
LONGEST_CELL = 2**31 - 1


def check_names(path, names):
    """Complain about names that stand for several columns."""
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise CommandError(
            f"{path} has several columns named {some(twice)}. Rename them: each name "
            "must stand for one column."
        )


def read_csv(path, text, delimiter):
    """Read cells as strings; every row must be as long as the header."""
    records = list(_csv_records(path, text, delimiter))
    while not records[-1][1]:
        records.pop()
    first = next(k for k, (_, cells) in enumerate(records) if cells)
    names = records[first][1]
    check_names(path, names)
    lines, rows = [], []
    for line, cells in records[first + 1 :]:
        if not cells:
            if len(names) > 1:
                continue
            # In a table of one column this is how an empty cell looks.
            cells = [""]
        if len(cells) != len(names):
            raise CommandError(
                f"{path}, line {line}: {len(cells)} cells, but the header has "
                f"{len(names)}. A cell that holds {delimiter!r} or a line break must "
                "stand in quotation marks."
            )
        lines.append(line)
        rows.append(cells)
    return {name: [row[k] for row in rows] for k, name in enumerate(names)}, lines


def _csv_records(path, text, delimiter):
    """Yield (line the record starts in, cells), empty lines included."""
    old_limit = csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise CommandError(
            f"{path}, line {line}: {error}. Is a quotation mark not closed, or not "
            "doubled inside a quoted cell?"
        ) from error
    finally:
        csv.field_size_limit(old_limit)


def csv_text(columns, delimiter):
    """Write a header and the rows; None becomes an empty cell."""
    lines = _Lines()
    writer = csv.writer(lines, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return "".join(lines)


class _Lines(list):
    r"""Rows that end like lines do.

    The csv module quotes a cell for the characters of its line ends only. Told that
    they are ``\r\n`` it quotes both; here the first of them goes.
    """

    def write(self, row):
        self.append(row.removesuffix("\r\n") + "\n")


def read_json_lines(path, text):
    """Read one object a line; a key that a line lacks is null there."""
    lines, records = [], []
    # Not splitlines: it would also break at characters that JSON allows in a string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, object_pairs_hook=_unique_keys)
        except (ValueError, RecursionError) as error:
            raise CommandError(
                f"{path}, line {number}: not valid as JSON, {error}."
            ) from error
        if not isinstance(record, dict):
            raise CommandError(
                f"{path}, line {number}: must be an object, {{column: cell, ...}}. Got "
                f"{line.strip()[:40]}"
            )
        lines.append(number)
        records.append(record)
    names = list(dict.fromkeys(name for record in records for name in record))
    if not names:
        raise CommandError(f"{path} holds objects without any key.")
    return {name: [record.get(name) for record in records] for name in names}, lines


def _unique_keys(pairs):
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return record


def json_lines(columns):
    """Write one object a line; None, and what JSON has no number for, becomes null."""
    rows = zip(*columns.values(), strict=True)
    records = (dict(zip(columns, map(_json_cell, row), strict=True)) for row in rows)
    return "".join(
        json.dumps(record, ensure_ascii=False, default=str) + "\n" for record in records
    )


def _json_cell(cell):
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def import_pyarrow(path):
    """Import the extra that Parquet needs, or say how to install it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise CommandError(
            f"{path} is a Parquet file, which needs pyarrow: pip install "
            '"sklearn-mtl[parquet]". CSV, TSV and JSON lines need nothing more.'
        ) from error
    return pyarrow


def read_parquet(path, data):
    """Read columns with the types that Python has for them; rows have no lines."""
    pyarrow = import_pyarrow(path)
    try:
        arrow = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(data)).read()
        columns = arrow.to_pydict()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise CommandError(f"Cannot read {path} as Parquet: {error}") from error
    check_names(path, arrow.column_names)
    if not columns:
        raise CommandError(f"{path} has no columns.")
    return columns, None


def parquet_bytes(path, columns):
    """Write columns, each of which must hold one type beside None."""
    pyarrow = import_pyarrow(path)
    sink = pyarrow.BufferOutputStream()
    try:
        pyarrow.parquet.write_table(pyarrow.table(columns), sink)
    except (pyarrow.ArrowException, ValueError) as error:
        raise CommandError(
            f"Cannot write {path}: {error}. In Parquet a column has one type; JSON "
            "lines, with the ending .jsonl, take any."
        ) from error
    return sink.getvalue().to_pybytes()
