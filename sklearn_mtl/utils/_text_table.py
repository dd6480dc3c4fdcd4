"""Plain-text tables and shortened labels."""

from numbers import Real

GAP = "  "


def text_table(header, rows, left=1):
    """Align cells in columns, the first ones to the left and the others to the right.

    Parameters
    ----------
    header : sequence of str

    rows : list of sequence of str

    left : int, default=1
        Number of left-aligned columns.

    Returns
    -------
    text : str

    Examples
    --------
    >>> print(text_table(["task", "accuracy"], [["topic", "0.9"], ["mean", "0.85"]]))
    task   accuracy
    topic       0.9
    mean       0.85
    """
    lines = [header, *rows]
    widths = column_widths(lines)
    return "\n".join(
        GAP.join(
            cell.ljust(width) if k < left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def column_widths(lines):
    """Return the width of the longest cell of each column."""
    return [max(map(len, column)) for column in zip(*lines, strict=True)]


def shorten(text, width=18):
    """Shorten a label to a width. Whole floats are written as integers."""
    is_whole = isinstance(text, Real) and not isinstance(text, bool) and text % 1 == 0
    text = str(int(text)) if is_whole else str(text)
    return text if len(text) <= width else text[: width - 1] + "…"
