"""The columns that a command names, and their roles."""

from ..metrics._scores import AGGREGATES
from ._errors import UsageError, some
from ._labels import LabelColumn


def resolve_columns(options, table):
    """Check the columns that options name against those of the training table.

    Afterwards ``options.tasks`` lists all label columns, and ``options.ordinal`` maps
    ordinal columns to a list of their labels, or to None.
    """
    columns = f"The columns of {table.path} are: {some(table.columns)}."
    if not options.text:
        raise UsageError(f"Use --text COLUMN to name the text column. {columns}")
    options.ordinal = _read_orders(options.ordinal, table.columns)
    named = [*options.tasks, *(c for c in options.tags if c not in options.tasks)]
    if not named and not options.ordinal:
        raise UsageError(f"Use --tasks COLUMN ... to name the label columns. {columns}")
    for option in ("text", "tasks", "tags"):
        names = getattr(options, option)
        if len(set(names)) < len(names):
            raise UsageError(f"--{option} names a column twice. Got {some(names)}.")
    options.tasks = list(dict.fromkeys([*named, *options.ordinal]))
    for name in options.tasks:
        if name in options.text:
            raise UsageError(f"{name!r} cannot be both a text column and a task.")
        if name in options.tags and name in options.ordinal:
            raise UsageError(
                f"{name!r} cannot be in both --tags and --ordinal: with ordered "
                "labels, a cell holds one label."
            )
    if options.test or options.held_out:
        advice = "Rename the column, or skip the scores: --held-out 0."
        refuse_aggregates(options.tasks, advice)
    table.check_columns([*options.text, *options.tasks])


def refuse_aggregates(names, advice):
    """Raise an error for a task with the name of a score over all tasks."""
    for name in names:
        if name in AGGREGATES:
            raise UsageError(
                f"A task cannot be called {name!r}, which is the name of a score over "
                f"all tasks. {advice}"
            )


def _read_orders(arguments, columns):
    """Return {column: its labels in order, or None if none are listed}."""
    orders = {}
    for argument in arguments:
        name, equals, listed = argument.partition("=")
        if argument in columns or not equals:
            name, equals = argument, ""
        if name in orders:
            raise UsageError(f"--ordinal names a column twice. Got {some(arguments)}.")
        labels = [label.strip() for label in listed.split(",")]
        if equals and (
            len(labels) < 2 or len(set(labels)) < len(labels) or "" in labels
        ):
            raise UsageError(
                f"--ordinal {argument} must list at least two different labels, from "
                "lowest to highest: COLUMN=LOW,...,HIGH."
            )
        orders[name] = labels if equals else None
    return orders


def label_columns(options):
    """Return a LabelColumn for each task."""
    return [
        LabelColumn(
            name,
            tags=name in options.tags,
            separator=options.separator,
            missing=options.missing,
        )
        for name in options.tasks
    ]
