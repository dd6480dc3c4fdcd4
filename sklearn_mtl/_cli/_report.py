"""Scores and predictions as text."""

import math
import textwrap

from ..utils._text_table import GAP, column_widths, text_table

# Default width of a terminal.
WIDTH = 80
# Maximum width of a task or label in a table.
LONGEST_NAME = 20
METRICS = {"accuracy": "accuracy", "recall_macro": "recall", "f1_macro": "macro-F1"}


def number(score):
    """Format a score with three digits; a dash if it is undefined."""
    return "-" if math.isnan(score) else f"{score:.3f}"


def scores_table(scores, tasks, further=None):
    """Format the scores of one system: a line per task, and one for the mean.

    Parameters
    ----------
    scores : dict of dict
        From :func:`sklearn_mtl.metrics.multitask_scores`.

    tasks : list of str

    further : dict of str to dict, default=None
        Additional columns: for each name, the cell of each task as text.
    """
    further = further or {}
    header = ["task", *METRICS.values(), *further, "support"]
    rows = [
        [
            short_name(task),
            *(number(scores[task][metric]) for metric in METRICS),
            *(cells[task] for cells in further.values()),
            f"{scores[task]['support']:,}",
        ]
        for task in tasks
    ]
    mean = [number(scores["mean"][metric]) for metric in METRICS]
    rows.append(["mean", *mean, *([""] * len(further)), ""])
    return text_table(header, rows)


def side_by_side(scores_of, tasks):
    """Format the scores of several systems: a group of columns per metric.

    Groups that do not fit into a terminal are put below the first ones.

    Parameters
    ----------
    scores_of : dict of str to dict
        For each system, scores from :func:`sklearn_mtl.metrics.multitask_scores`.

    tasks : list of str
    """
    tables, metrics = [], list(METRICS)
    while metrics:
        n_groups = len(metrics)
        while True:
            last = n_groups == len(metrics)
            table = _groups(scores_of, tasks, metrics[:n_groups], last)
            if n_groups == 1 or max(map(len, table.splitlines())) <= WIDTH:
                break
            n_groups -= 1
        tables.append(table)
        metrics = metrics[n_groups:]
    return "\n\n".join(tables)


def _groups(scores_of, tasks, metrics, with_support):
    """Format the groups of some metrics next to each other."""
    systems = list(scores_of)
    support = next(iter(scores_of.values()))
    header = ["task", *(system for _ in metrics for system in systems)]
    rows = [
        [
            short_name(task),
            *(
                number(scores_of[system][task][metric])
                for metric in metrics
                for system in systems
            ),
        ]
        for task in [*tasks, "mean"]
    ]
    if with_support:
        header.append("support")
        cells = [*(f"{support[task]['support']:,}" for task in tasks), ""]
        rows = [[*row, cell] for row, cell in zip(rows, cells, strict=True)]
    groups = _group_line(column_widths([header, *rows]), metrics, len(systems))
    return f"{groups}\n{text_table(header, rows)}"


def _group_line(widths, metrics, n_systems):
    """Center each metric above its columns, which follow the first column."""
    line, start = "", widths[0] + len(GAP)
    for k, metric in enumerate(metrics):
        group = widths[1 + k * n_systems : 1 + (k + 1) * n_systems]
        width = sum(group) + len(GAP) * (n_systems - 1)
        line = line.ljust(start) + METRICS[metric].center(width).rstrip()
        start += width + len(GAP)
    return line


def short_name(name, width=LONGEST_NAME):
    """Shorten a name in the middle, because columns often begin with the same words."""
    line = " ".join(name.split())
    if len(line) <= width:
        return line
    tail = (width - 3) // 2
    return f"{line[: width - 3 - tail]}...{line[-tail:]}"


def fill(text):
    """Wrap a paragraph to the width of a terminal."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
