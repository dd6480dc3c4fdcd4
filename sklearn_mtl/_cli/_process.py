"""The process around the command: its streams, its signals, its exit status."""

import os
import re
import signal
import sys
from contextlib import suppress

from ._errors import CommandError
from ._files import remove_unfinished

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
        # Spaces within a line may be what it is about.
        line = re.sub(r"\s*[\r\n]\s*", " ", text.strip())
        print(f"sklearn_mtl: {line}", file=sys.stderr, flush=True)
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


def prepare():
    """Make the streams and signals of a new process ready for a command."""
    # Not by an exception: one raised in the import of an extension module, or in a
    # callback of another library, may come out as something else or not at all.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _leave)
    if sys.stderr is None:
        # Keeps descriptor 2 from becoming that of a table.
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character of a text is no reason to stop.
        if stream is not None:
            stream.reconfigure(errors="replace")


def _leave(number, frame):
    """End the process as a signal asks, without unfinished files."""
    remove_unfinished()
    if number == signal.SIGINT:
        # Not complain: the stream may be in use at this moment.
        with suppress(OSError):
            os.write(2, b"sklearn_mtl: interrupted\n")
    os._exit(128 + number)
