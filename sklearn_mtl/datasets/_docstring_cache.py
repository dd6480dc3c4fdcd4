"""The cache of load_docstrings, so that later calls need not parse the sources."""

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
    """Return the path of the cache file, or None if no folder can be created."""
    digest = hashlib.sha256(json.dumps(header).encode()).hexdigest()[:16]
    try:
        if data_home is None:
            folder = Path(get_data_home()) / "sklearn_mtl"
        else:
            folder = Path(data_home).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: no home folder
        return None
    return folder / f"docstrings-{digest}.jsonl.gz"


def read_cache(path, header):
    """Return the rows of a cache file, or None if it is missing or damaged."""
    if path is None:
        return None
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found, *rows = map(json.loads, file)
    # Not gzip, truncated, or not JSON. Errors of JSON and UTF-8 are ValueErrors.
    except (OSError, EOFError, zlib.error, ValueError):
        return None
    return (
        rows if found == _with_size(header, rows) and _is_sound(rows, header) else None
    )


def _is_sound(rows, header):
    """Whether all rows are [name, text, a label or None per task]."""
    return bool(rows) and all(
        isinstance(row, list)
        and len(row) == len(header["columns"])
        and all(isinstance(cell, str) for cell in row[:2])
        and all(cell is None or isinstance(cell, str) for cell in row[2:])
        for row in rows
    )


def _with_size(header, rows):
    """Add the number of rows, which reveals truncated files."""
    return {**header, "n_samples": len(rows)}


def write_cache(path, header, rows):
    """Write the rows atomically. Errors are ignored."""
    if path is None:
        return
    lines = (json.dumps(line) + "\n" for line in [_with_size(header, rows), *rows])
    # No time stamp, so that equal texts give equal files. Level 9 takes twice as long.
    content = gzip.compress("".join(lines).encode(), compresslevel=6, mtime=0)
    with contextlib.suppress(OSError):
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
            os.replace(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)
