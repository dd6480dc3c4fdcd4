"""Files that are there as a whole or not at all."""

import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path

from ._errors import CannotWrite

# Files in the making, for whoever ends the process by other means than an exception.
unfinished: set[str] = set()
_BINARY = getattr(os, "O_BINARY", 0)  # of Windows


@contextmanager
def replacing(path):
    """Open a file for writing that takes the place of `path` at the end of the block.

    It is written beside `path` and renamed, so whoever opens `path` finds the old file
    or the new one, also after a crash. If the block raises, the old file stays.

    Parameters
    ----------
    path : str or path

    Yields
    ------
    file : binary file
        Can be read and written anywhere.

    Raises
    ------
    CannotWrite
        If `path` is a folder, its folder is missing or may not be written, or the disk
        is full.
    """
    path = Path(path)
    check_target(path)
    path = Path(os.path.realpath(path))  # a link goes on to lead to the new file
    beside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.part")
    unfinished.add(beside)
    try:
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    except OSError as error:
        unfinished.discard(beside)
        raise CannotWrite(
            f"Cannot write into the folder {str(path.parent)!r}: {error.strerror}. "
            "Save to a folder that exists and that you may write to."
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
                f"Cannot write {str(path)!r}: {error.strerror or error}. What was "
                "there before is unchanged."
            ) from error
        raise
    finally:
        unfinished.discard(beside)
    _sync_folder(path.parent)


def check_target(path):
    """Raise a CannotWrite if a file of this name cannot be made or replaced.

    Parameters
    ----------
    path : Path
    """
    if path.is_dir():
        raise CannotWrite(
            f"{str(path)!r} is a folder. Pass the name of a file, such as "
            f"{str(path / 'model.mtl')!r}."
        )
    if not path.exists():
        return
    if not path.is_file():  # a device would be replaced by a file
        raise CannotWrite(f"{str(path)!r} is no plain file. Pass another name.")
    if not os.access(path, os.W_OK):
        raise CannotWrite(
            f"{str(path)!r} is there and may not be changed. Pass another name, or "
            "make it writable."
        )


def _sync_folder(folder):
    # The new name, too, is to be there after a power failure.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
