"""Parts of a text with their contributions, and how names and numbers are written."""

import numpy as np


def segments(answer, column, text):
    """Divide a text into parts of one contribution each.

    Parameters
    ----------
    answer : ExplainedAnswer

    column : str
        The column of the text.

    text : str

    Returns
    -------
    segments : list of (int, int, float)
        Start, end and contribution. Where units overlap, each spreads its contribution
        evenly over its characters, and a segment has the sum of its own.
    """
    own = np.flatnonzero((answer.starts >= 0) & (answer.columns == column))
    starts, ends = answer.starts[own], answer.ends[own]
    edges = np.unique([0, len(text), *starts, *ends])
    found = []
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        over = (starts <= start) & (ends >= end)
        share = (end - start) / np.maximum(ends - starts, 1)[over]
        found.append(
            (start, end, float((answer.contributions[own][over] * share).sum()))
        )
    return found


def named(answer, k):
    """Write a feature without a place, with its column if the name lacks it."""
    column, word = answer.columns[k], answer.words[k]
    return word if word.startswith(column) else f"{column}: {word}"


def signed(value):
    return f"{value:+.2f}"


def rival_words(answer):
    return "" if answer.rival is None else f", rather than {answer.rival}"
