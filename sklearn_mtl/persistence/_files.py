"""Atomic writing of files: a file is written completely or not at all."""

import os
import secrets
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from ._errors import CannotWrite

# Unfinished files, to be removed if a signal ends the process.
unfinished: set[str] = set()
_BINARY = getattr(os, "O_BINARY", 0)  # exists on Windows only


@contextmanager
def replacing(path):
    """Open a file for writing that replaces `path` at the end of the block.

    It is written in the same folder and then renamed, so `path` is always the old file
    or the complete new one, even after a crash. If the block raises an error, the old
    file stays.

    Parameters
    ----------
    path : str or path

    Yields
    ------
    file : binary file
        Supports reading, writing and seeking.

    Raises
    ------
    CannotWrite
        If `path` is a folder, if its folder is missing or not writable, or if the disk
        is full.
    """
    path = Path(path)
    check_target(path)
    path = Path(os.path.realpath(path))  # a symbolic link keeps pointing to it
    beside = path.with_name(f"{_stem(path)}{secrets.token_hex(8)}.part")
    unfinished.add(beside)
    try:
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    except OSError as error:
        unfinished.discard(beside)
        raise CannotWrite(
            f"Cannot write into the folder {str(path.parent)!r}: {error.strerror}. "
            "Save to an existing folder with write permission."
        ) from error
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(beside, path.stat().st_mode & 0o777)
        os.replace(beside, path)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(beside)
        if isinstance(error, OSError) and not isinstance(error, CannotWrite):
            raise CannotWrite(
                f"Cannot write {str(path)!r}: {error.strerror or error}. A previous "
                "file of that name is unchanged. Free disk space, or pass another path."
            ) from error
        raise
    finally:
        unfinished.discard(beside)
    _sync_folder(path.parent)


def _stem(path):
    return f".{path.name[:100]}."


def remove_unfinished(path):
    """Remove what killed processes left of writing `path`.

    Parameters
    ----------
    path : Path
        A file that nobody is writing now.
    """
    for beside in path.parent.glob(f"{escape(_stem(path))}{'[0-9a-f]' * 16}.part"):
        with suppress(OSError):
            beside.unlink()


def check_target(path):
    """Raise a CannotWrite if `path` cannot be created or replaced.

    Parameters
    ----------
    path : Path
    """
    if path.is_dir():
        raise CannotWrite(
            f"{str(path)!r} is a folder. Pass the path of a file, such as "
            f"{str(path / 'model.mtl')!r}."
        )
    if not path.exists():
        return
    if not path.is_file():  # do not replace a device by a file
        raise CannotWrite(f"{str(path)!r} is not a regular file. Pass another path.")
    if not os.access(path, os.W_OK):
        raise CannotWrite(
            f"{str(path)!r} exists and is read-only. Pass another path, or make the "
            "file writable."
        )


def _sync_folder(folder):
    # Make sure that the rename also survives a power failure.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
