"""What load_docstrings keeps on disk, so that a second call need not parse again."""

import contextlib
import gzip
import hashlib
import json
import os
import tempfile
import zlib
from pathlib import Path

from sklearn.datasets import get_data_home


def cache_path(data_home, header):
    """Return the file to cache in, or None where no folder can be had."""
    digest = hashlib.sha256(json.dumps(header).encode()).hexdigest()[:16]
    try:
        if data_home is None:
            folder = Path(get_data_home()) / "sklearn_mtl"
        else:
            folder = Path(data_home).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        return None
    return folder / f"docstrings-{digest}.jsonl.gz"


def read_cache(path, header):
    """Return the rows of a cache file, or None where there is no sound one."""
    if path is None:
        return None
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found, *rows = map(json.loads, file)
    # What is not gzip, cut off, or not JSON. JSON's and UTF-8's errors are ValueErrors.
    except (OSError, EOFError, zlib.error, ValueError):
        return None
    return (
        rows if found == _with_size(header, rows) and _is_sound(rows, header) else None
    )


def _is_sound(rows, header):
    """Tell whether all rows are [name, text, a label or None per task]."""
    return bool(rows) and all(
        isinstance(row, list)
        and len(row) == len(header["columns"])
        and all(isinstance(cell, str) for cell in row[:2])
        and all(cell is None or isinstance(cell, str) for cell in row[2:])
        for row in rows
    )


def _with_size(header, rows):
    """Add the number of rows, by which a file with lines cut off is known."""
    return {**header, "n_samples": len(rows)}


def write_cache(path, header, rows):
    """Write the rows so that no reader ever sees half a file; give up in silence."""
    if path is None:
        return
    lines = (json.dumps(line) + "\n" for line in [_with_size(header, rows), *rows])
    # No time stamp: equal texts give equal files. Level 9 would take twice as long.
    content = gzip.compress("".join(lines).encode(), compresslevel=6, mtime=0)
    with contextlib.suppress(OSError):
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
            os.replace(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)
