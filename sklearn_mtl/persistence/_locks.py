"""Locks between processes, which end with the process that holds them."""

import os
import sys
from contextlib import contextmanager, suppress

from ._errors import CannotWrite

if sys.platform == "win32":
    import msvcrt

    def _lock(handle):
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(path):
    """Hold the lock of a file in a block.

    The operating system frees it when the process ends, however it ends.

    Parameters
    ----------
    path : Path
        The file, which is made, and removed at the end of the block.

    Raises
    ------
    BlockingIOError
        If another process or thread holds the lock.

    CannotWrite
        If the file cannot be made.
    """
    handle = _acquire(path)
    try:
        yield
    finally:
        # While it is locked, so that nobody takes a lock on a file that is gone.
        with suppress(OSError):
            os.unlink(path)
        os.close(handle)


def _acquire(path):
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise CannotWrite(
                f"Cannot write into the folder {str(path.parent)!r}: {error.strerror}. "
                "Pass the path of a file in an existing folder with write permission."
            ) from error
        try:
            _lock(handle)
        except OSError as error:
            os.close(handle)
            raise BlockingIOError(f"{path} is locked.") from error
        with suppress(OSError):
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                return handle
        os.close(handle)  # its last holder removed it in between
