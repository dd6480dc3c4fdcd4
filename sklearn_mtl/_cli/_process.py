"""The process around the command: its streams, its signals, its exit status."""

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress

from ._errors import CommandError

# 128 plus the number of the signal, as shells count.
INTERRUPTED, PIPE_CLOSED = 130, 141


def say(text=""):
    """Print to standard output, now: a full disk is found out here and not at exit."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        discard(sys.stdout)
        raise
    except OSError as error:
        discard(sys.stdout)
        raise CommandError(
            f"Cannot write to standard output: {error.strerror}."
        ) from error


def complain(text):
    """Print one line to standard error, if anybody can read it."""
    if sys.stderr is None:
        return
    try:
        print(f"sklearn_mtl: {' '.join(text.split())}", file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)


def warn(text):
    """Print a warning to standard error."""
    complain(f"warning: {text}")


def discard(stream):
    """Send the rest of a stream nowhere: Python tries to write it again at exit."""
    # A stream that replaces the real one, as in tests, may have no descriptor.
    with suppress(OSError, ValueError), open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def is_terminal():
    """Whether somebody watches: progress is for terminals, not for files."""
    return all(
        stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr)
    )


@contextmanager
def interrupts_end_imports():
    """End the process on Ctrl-C while modules are imported.

    A KeyboardInterrupt inside the import of an extension module may come out as an
    ImportError. There is nothing to clean up at this point.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return
    signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number, frame):
    complain("interrupted")
    os._exit(INTERRUPTED)


def prepare():
    """Make the streams and signals of a new process ready for a command."""
    if sys.stderr is None:
        # Keeps descriptor 2 from becoming that of a table.
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character of a text is no reason to stop.
        if stream is not None:
            stream.reconfigure(errors="replace")
    # Leave by an exception, so that unfinished files are removed.
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _leave)


def _leave(number, frame):
    sys.exit(128 + number)
