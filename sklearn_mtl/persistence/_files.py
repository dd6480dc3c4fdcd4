"""Files that are there as a whole or not at all."""

import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from ._errors import CannotWrite


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
    if path.is_dir():
        raise CannotWrite(
            f"{str(path)!r} is a folder. Pass the name of a file, such as "
            f"{str(path / 'model.mtl')!r}."
        )
    path = Path(os.path.realpath(path))  # a link goes on to lead to the new file
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent
        )
    except OSError as error:
        raise CannotWrite(
            f"Cannot write into the folder {str(path.parent)!r}: {error.strerror}. "
            "Save to a folder that exists and that you may write to."
        ) from error
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode_of(path))
        os.replace(name, path)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(name)
        if isinstance(error, OSError) and not isinstance(error, CannotWrite):
            raise CannotWrite(
                f"Cannot write {str(path)!r}: {error.strerror or error}. What was "
                "there before is unchanged."
            ) from error
        raise
    _sync_folder(path.parent)


def _mode_of(path):
    """Return the permissions of a file, or those that a new one would get."""
    with suppress(OSError):
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder):
    # The new name, too, is to be there after a power failure.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
