"""The process of the command: streams, signals and exit status."""

import os
import re
import signal
import sys
from contextlib import suppress

from ._errors import CommandError
from ._files import remove_unfinished

# 128 plus the signal number, as in shells.
INTERRUPTED, PIPE_CLOSED = 130, 141


def say(text=""):
    """Print and flush, so that a full disk raises an error here and not at exit."""
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
    """Print one line to standard error, if it is open."""
    if sys.stderr is None:
        return
    try:
        # Keep spaces within the line, which may be the subject of the message.
        line = re.sub(r"\s*[\r\n]\s*", " ", text.strip())
        print(f"sklearn_mtl: {line}", file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)


def warn(text):
    """Print a warning to standard error."""
    complain(f"warning: {text}")


def discard(stream):
    """Discard the rest of a stream, because Python tries to flush it again at exit."""
    # A replaced stream, as in tests, may have no file descriptor.
    with suppress(OSError, ValueError), open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def is_terminal():
    """Whether output goes to a terminal: progress is not shown in files."""
    return all(
        stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr)
    )


def prepare():
    """Set up the streams and signals of a new process."""
    # Do not use an exception: if it is raised while an extension module is imported or
    # in a callback of another library, it may be replaced or lost.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _leave)
    if sys.stderr is None:
        # Prevents a table from being opened as file descriptor 2.
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # Do not fail if the terminal cannot show a character of a text.
        if stream is not None:
            stream.reconfigure(errors="replace")


def _leave(number, frame):
    """End the process after a signal, and remove unfinished files."""
    remove_unfinished()
    if number == signal.SIGINT:
        # Do not use complain, because the stream may be in use.
        with suppress(OSError):
            os.write(2, b"sklearn_mtl: interrupted\n")
    os._exit(128 + number)
