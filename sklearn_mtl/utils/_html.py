"""HTML representation of a fitted classifier for notebooks."""

from html import escape

from ._text_table import shorten

# Number of classes of a task that are shown.
_MOST_CLASSES = 6
# Colours are inherited or transparent, so that dark pages work, too.
_CELL = "padding:.2em .8em .2em 0;text-align:{side};vertical-align:top"
_LINE = "border-top:1px solid rgba(128,128,128,.35)"
_DIM = "opacity:.7"


def tasks_html(title, facts, header, rows, details):
    """Return a table of tasks, with more HTML folded below it.

    Parameters
    ----------
    title : str

    facts : list of str
        Shown after the title.

    header : list of str
        Names of columns. The first three hold text, the others numbers.

    rows : list of list of str

    details : str
        HTML. It is not escaped.

    Returns
    -------
    html : str
    """
    summary = "".join(f" · {escape(fact)}" for fact in facts)
    lines = [_line("th", header, "")]
    lines += [_line("td", row, _LINE) for row in rows]
    return (
        '<div class="sklearn-mtl" style="font-family:sans-serif;font-size:.9em">'
        f'<div><b>{escape(title)}</b><span style="{_DIM}">{summary}</span></div>'
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;'
        "margin:.4em 0;color:inherit;font-size:inherit;background:transparent"
        f'">{"".join(lines)}</table></div>'
        f'<details><summary style="cursor:pointer;{_DIM}">Parameters and fitted '
        f"attributes</summary>{details}</details></div>"
    )


def write_classes(classes):
    """Write the first classes of a task, shortened.

    Parameters
    ----------
    classes : array-like

    Returns
    -------
    text : str

    Examples
    --------
    >>> write_classes(["bad", "good"])
    'bad, good'
    >>> write_classes(range(100))
    '0, 1, 2, 3, 4, 5, … (100)'
    """
    classes = list(classes)
    text = ", ".join(shorten(label) for label in classes[:_MOST_CLASSES])
    more = len(classes) > _MOST_CLASSES
    return f"{text}, … ({len(classes)})" if more else text


def _line(tag, cells, style):
    written = []
    for k, cell in enumerate(cells):
        look = _CELL.format(side="left" if k < 3 else "right")
        written.append(f'<{tag} style="{look}">{escape(cell)}</{tag}>')
    return f'<tr style="background:transparent;{style}">{"".join(written)}</tr>'
