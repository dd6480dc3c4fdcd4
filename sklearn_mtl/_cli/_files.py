"""Files as bytes: gzip and atomic writes."""

import gzip
import os
import secrets
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

from ..persistence._files import unfinished
from ._errors import CommandError, UsageError

GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def file_errors(verb, path):
    """Convert an OSError about a file to a one-line CommandError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise CommandError(f"Cannot {verb} {path}: {reason}.") from error


def read_bytes(path, gzipped):
    """Return the contents of a file, unpacked if its name or contents indicate gzip."""
    with file_errors("read", path):
        data = Path(path).read_bytes()
    if not gzipped and not data.startswith(GZIP_MAGIC):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise CommandError(f"{path} is not a complete gzip file: {error}.") from error


def check_output(path, inputs, option="--to"):
    """Check early that a file can be written later."""
    folder = Path(path).parent
    with file_errors("write", path):
        exists = _is_there(path)
    if exists and Path(path).is_dir():
        raise CommandError(f"Cannot write {path}: it is a folder.")
    if not folder.is_dir():
        raise CommandError(f"Cannot write {path}: there is no folder {folder}.")
    if not os.access(folder, os.W_OK):
        raise CommandError(f"Cannot write {path}: the folder {folder} is read-only.")
    for other in inputs:
        if exists and os.path.exists(other) and os.path.samefile(path, other):
            raise UsageError(
                f"{option} {path} would overwrite an input file. Pass another path."
            )


def _is_there(path):
    """Whether the file exists; raises an OSError for an invalid path."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def write_bytes(path, data):
    """Write a file atomically: a failure or an interrupt leaves no partial file."""
    with file_errors("write", path):
        # Write to the target of a symbolic link.
        target = Path(os.path.realpath(path))
        # A short name, so that files with names of maximum length work too.
        beside = target.with_name(f".{secrets.token_hex(4)}.tmp")
        unfinished.add(beside)
        try:
            beside.write_bytes(data)
            os.replace(beside, target)
        finally:
            unfinished.discard(beside)
            with suppress(OSError):
                beside.unlink()


def remove_unfinished():
    """Remove unfinished tables and models before the process ends."""
    while unfinished:
        with suppress(OSError):
            unfinished.pop().unlink()
