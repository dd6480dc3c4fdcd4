"""Files as bytes: gzip, and writing all at once."""

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
    """Tell what the system says of a file in one line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise CommandError(f"Cannot {verb} {path}: {reason}.") from error


def read_bytes(path, gzipped):
    """Return the contents of a file, unpacked if it is gzipped by name or contents."""
    with file_errors("read", path):
        data = Path(path).read_bytes()
    if not gzipped and not data.startswith(GZIP_MAGIC):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise CommandError(f"{path} is not a whole gzip file: {error}.") from error


def check_output(path, inputs, option="--to"):
    """Make sure that a file can be written once there is something to write."""
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
            raise UsageError(f"{option} {path} would overwrite a file that is read.")


def _is_there(path):
    """Whether there is such a file; an OSError if there cannot be one."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def write_bytes(path, data):
    """Write a file all at once: a failure or an interrupt leaves nothing of it."""
    with file_errors("write", path):
        # A link keeps pointing to what it points to.
        target = Path(os.path.realpath(path))
        # Short, so that the longest name there may be can be written, too.
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
    """Remove files in the making, tables and models, which must not outlive us."""
    while unfinished:
        with suppress(OSError):
            unfinished.pop().unlink()
