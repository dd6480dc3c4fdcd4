"""What goes wrong on a command line, told without a traceback."""

import difflib


class CommandError(Exception):
    """A file or its contents stand in the way; the message is for the user."""

    exit_code = 1


class UsageError(CommandError):
    """The command itself is not a possible one."""

    exit_code = 2


def did_you_mean(name, known):
    """Return a question naming the closest of the known names, or nothing."""
    lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), lower)
    return f" Did you mean {lower[close[0]]!r}?" if close else ""


def some(names, most=12):
    """Write names for a message, the first few of them if they are many."""
    names = [brief(name) for name in names]
    rest = f", ... ({len(names)} in all)" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def brief(value, most=60):
    """Write a value as Python does, cut to a length."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def count(amount, noun):
    """Write an amount and its noun, in the plural unless it is one."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"
