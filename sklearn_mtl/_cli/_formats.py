"""JSON lines and Parquet: contents of a file to columns, and back.

Cells have types, and may be lists. The path is used only in messages.
"""

import json
import math

from ..utils._optional import import_optional
from ._errors import CommandError


def read_json_lines(path, text):
    """Return columns by name, and the line number of each row.

    Each line is an object. A missing key is read as null.
    """
    lines, records = [], []
    # splitlines would also split at characters that JSON allows in strings.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, object_pairs_hook=_unique_keys)
        except (ValueError, RecursionError) as error:
            raise CommandError(
                f"{path}, line {number}: not valid JSON, {error}."
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
        raise CommandError(
            f"{path} contains only objects without keys. Each object must have the "
            "columns as keys."
        )
    return {name: [record.get(name) for record in records] for name in names}, lines


def _unique_keys(pairs):
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("a key occurs twice in one object")
    return record


def json_lines(columns):
    """Write one object per line. None, NaN and infinity become null."""
    rows = zip(*columns.values(), strict=True)
    records = (dict(zip(columns, map(_json_cell, row), strict=True)) for row in rows)
    return "".join(
        json.dumps(record, ensure_ascii=False, default=str) + "\n" for record in records
    )


def _json_cell(cell):
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def import_pyarrow(path):
    """Import the extra that Parquet needs, or say how to install it."""
    instead = "CSV, TSV or JSON lines, which need no extra package"
    try:
        import_optional("pyarrow.parquet", "parquet", f"The file {path}", instead)
        return import_optional("pyarrow", "parquet", f"The file {path}", instead)
    except ImportError as error:
        raise CommandError(str(error)) from error


def read_parquet(path, data):
    """Return names and columns, with cells as Python objects."""
    pyarrow = import_pyarrow(path)
    try:
        arrow = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(data)).read()
        columns = [column.to_pylist() for column in arrow.columns]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise CommandError(f"Cannot read {path} as Parquet: {error}") from error
    if not columns:
        raise CommandError(f"{path} has no columns.")
    return arrow.column_names, columns


def parquet_bytes(path, columns):
    """Write columns. Apart from None, each must contain a single type."""
    pyarrow = import_pyarrow(path)
    sink = pyarrow.BufferOutputStream()
    try:
        pyarrow.parquet.write_table(pyarrow.table(columns), sink)
    except (pyarrow.ArrowException, ValueError) as error:
        raise CommandError(
            f"Cannot write {path}: {error}. A Parquet column has one type. Use JSON "
            "lines (.jsonl), which allow any types."
        ) from error
    return sink.getvalue().to_pybytes()
