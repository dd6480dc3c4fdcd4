"""Errors of the command line, printed without a traceback."""

import difflib


class CommandError(Exception):
    """A problem with a file or its contents; the message is for the user."""

    exit_code = 1


class UsageError(CommandError):
    """The command itself is invalid."""

    exit_code = 2


def did_you_mean(name, known):
    """Return a question with the closest known name, or an empty string."""
    lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), lower)
    return f" Did you mean {lower[close[0]]!r}?" if close else ""


def some(names, most=12):
    """Format names for a message: only the first few if there are many."""
    names = [brief(name) for name in names]
    rest = f", ... ({len(names)} in all)" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def brief(value, most=60):
    """Return the repr of a value, truncated to a length."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def count(amount, noun):
    """Return an amount with its noun, in the plural unless it is 1."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"
