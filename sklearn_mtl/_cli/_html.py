"""Parts of a self-contained web page, without scripts or network access."""

import base64
import io
import warnings
from html import escape

from ..utils._optional import import_optional
from ._errors import UsageError

# Only content of the page itself may be loaded.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #1c1e21;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .5rem; padding-bottom: .25rem;
  border-bottom: 1px solid #d9dce1; overflow-wrap: anywhere; }
p { margin: .5rem 0; max-width: 46rem; }
nav { margin: 1rem 0; }
nav a { margin-right: .9rem; }
a { color: #0059a8; }
.note { color: #565b63; }
.scroll { overflow-x: auto; max-width: 100%; }
.long { max-height: 26rem; overflow-y: auto; }
table { border-collapse: collapse; margin: .5rem 0;
  font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .7rem; text-align: right; border-bottom: 1px solid #e6e8ec; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
thead th { background: #f4f5f7; position: sticky; top: 0; vertical-align: bottom; }
tr.total td, tr.total th { font-weight: 600; border-top: 2px solid #b9bec6; }
tbody th { font-weight: normal; min-width: 7rem; max-width: 20rem; }
table.plain td, table.plain thead th { text-align: left; overflow-wrap: anywhere; }
figure.wide { overflow-x: auto; }
figure.wide img { min-width: 44rem; }
figure { margin: .75rem 0; }
figcaption { color: #565b63; font-size: .88rem; max-width: 34rem; }
img { max-width: 100%; height: auto; display: block; }
.side { display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: flex-start; }
.side > * { min-width: 0; max-width: 100%; }
code { background: #f4f5f7; padding: .1rem .3rem; border-radius: 3px;
  overflow-wrap: anywhere; }
@media print { .long { max-height: none; } h2 { break-after: avoid; } }
"""
# Image resolution for high-density screens.
_DPI = 144


def import_matplotlib():
    """Import the extra that images need, or raise an error with advice."""
    try:
        matplotlib = import_optional("matplotlib", "plot", "--html")
    except ImportError as error:
        raise UsageError(str(error)) from error
    import matplotlib.pyplot

    return matplotlib


def page(title, parts):
    """Write a whole document.

    Parameters
    ----------
    title : str

    parts : list of str
        HTML.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n"
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def heading(text, anchor):
    """Write the heading of a section."""
    return f'<h2 id="{anchor}">{escape(text)}</h2>'


def paragraph(text, is_note=False):
    """Write a paragraph of plain text."""
    kind = ' class="note"' if is_note else ""
    return f"<p{kind}>{escape(text)}</p>"


def links(targets):
    """Write links to the sections of a page.

    Parameters
    ----------
    targets : dict of str to str
        Anchor to text.
    """
    each = (f'<a href="#{a}">{escape(text)}</a>' for a, text in targets.items())
    return f"<nav>{' '.join(each)}</nav>"


def table(header, rows, n_totals=0, caption=None, *, is_plain=False, scrolls=False):
    """Write a table whose first column names its rows.

    Parameters
    ----------
    header : list of str

    rows : list of list of str

    n_totals : int, default=0
        Number of rows at the end that are sums or means of the others.

    caption : str, default=None
        Description of the table for screen readers.

    is_plain : bool, default=False
        Whether cells are texts, which are left-aligned.

    scrolls : bool, default=False
        Whether a long table is put into a scrollable box.
    """
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    lines = []
    for k, (first, *cells) in enumerate(rows):
        total = ' class="total"' if k >= len(rows) - n_totals else ""
        each = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        lines.append(f'<tr{total}><th scope="row">{escape(first)}</th>{each}</tr>')
    long = " long" if scrolls and len(rows) > 20 else ""
    kind = ' class="plain"' if is_plain else ""
    label = f' aria-label="{escape(caption)}"' if caption else ""
    return (
        f'<div class="scroll{long}"><table{kind}{label}><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def side_by_side(parts):
    """Put parts next to each other if the page is wide enough."""
    return f'<div class="side">{"".join(parts)}</div>'


def image(draw, caption, alternative):
    """Draw a figure and write it as an image within the page.

    Parameters
    ----------
    draw : callable
        Returns a display with the attribute ``figure_``.

    caption : str
        Caption of the figure.

    alternative : str
        Alternative text.
    """
    matplotlib = import_matplotlib()
    pyplot = matplotlib.pyplot
    data = io.BytesIO()
    # Figures need no window, and a dollar sign in a label is not a formula.
    settings = {"backend": "agg", "text.parse_math": False}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # The table next to it has each label in full.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        figure = draw().figure_
        try:
            figure.savefig(data, format="png", dpi=_DPI, metadata={"Software": None})
            width = round(figure.get_figwidth() * 96)
        finally:
            pyplot.close(figure)
    # Figures with several panels would be unreadable at the width of a phone.
    wide = ' class="wide"' if width > 700 else ""
    encoded = base64.b64encode(data.getvalue()).decode("ascii")
    return (
        f'<figure{wide}><img width="{width}" alt="{escape(alternative)}" '
        f'src="data:image/png;base64,{encoded}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
