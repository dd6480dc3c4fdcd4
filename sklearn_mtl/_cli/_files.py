"""Files as bytes and as text: gzip, encodings, and writing all at once."""

import gzip
import os
import secrets
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

from ..persistence._files import unfinished
from ._errors import CommandError, UsageError

GZIP_MAGIC = b"\x1f\x8b"
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


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


def decode(path, data, encoding=None):
    """Return contents as text.

    Parameters
    ----------
    path : str
        For messages.

    data : bytes

    encoding : str, default=None
        None is UTF-8.

    Returns
    -------
    text : str
    """
    if encoding is None:
        _refuse_unmarked_utf_16(path, data)
    try:
        # Some programs put a mark at the start of a file.
        text = data.decode(encoding or "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        advice = (
            "Say how it is encoded, for instance --encoding latin-1, or save it as "
            "UTF-8, for instance with iconv."
        )
        if encoding is not None:
            advice = "Say another --encoding."
        elif data.startswith(UTF_16_MARKS):
            advice = "It looks like UTF-16. Say --encoding utf-16."
        raise CommandError(
            f"{path} is not {encoding or 'UTF-8'}: byte 0x{data[error.start]:02x} in "
            f"line {line}. {advice}"
        ) from error
    except UnicodeError as error:
        raise CommandError(f"{path} is not {encoding}: {error}.") from error
    if not text.strip():
        raise CommandError(f"{path} is empty.")
    return text


def _refuse_unmarked_utf_16(path, data):
    """Complain where every other byte is 0, which is valid as UTF-8 and never meant."""
    start = data[:64]
    for first, name in ((0, "utf-16-be"), (1, "utf-16-le")):
        if len(start) >= 16 and not any(start[first::2]) and all(start[1 - first :: 2]):
            raise CommandError(
                f"{path} looks like UTF-16: every other byte is 0. Say --encoding "
                f"{name}."
            )


def encode(path, text, encoding=None):
    """Return text as bytes."""
    if encoding is None:
        # JSON can hold half a surrogate pair, UTF-8 cannot.
        return text.encode("utf-8", errors="replace")
    try:
        return text.encode(encoding)
    except UnicodeError as error:
        raise CommandError(
            f"Cannot write {path}: {error}. Leave --encoding out, or read a table of "
            "this encoding only."
        ) from error


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
