"""Explanations as HTML and as text, with highlighted words."""

from html import escape

import numpy as np

from ..utils._text_table import shorten

# Okabe and Ito's blue and vermillion, which colour-blind readers can distinguish. Both
# are transparent and the text colour is inherited, so that dark pages work, too.
FOR, AGAINST = "0,114,178", "213,94,0"
STRONGEST = 0.6
_MOST = 20  # texts that are shown together
_ANSI = {1: "\x1b[1;34m", -1: "\x1b[1;33m"}
_PLAIN = "\x1b[0m"
# In a terminal, words below this share of the strongest one are not highlighted.
_FAINT = 0.15


def explanation_html(explanation):
    """Return a block of HTML: for each answer a heading and the highlighted text."""
    parts = [_answer_html(explanation.texts, answer) for answer in explanation]
    return (
        '<div class="sklearn-mtl-explanation" style="font-family:sans-serif;'
        f'font-size:.9em;line-height:1.5">{"".join(parts)}</div>'
    )


def explanations_html(explanations):
    """Return the HTML of the first explanations."""
    line = '<hr style="border:0;border-top:1px solid rgba(128,128,128,.35)">'
    html = line.join(explanation_html(each) for each in explanations[:_MOST])
    if len(explanations) > _MOST:
        html += f"<div>{_MOST} of {len(explanations)} texts</div>"
    return html


def _answer_html(texts, answer):
    parts = {name: segments(answer, name, text) for name, text in texts.items()}
    others = np.flatnonzero(answer.starts < 0)
    values = [value for part in parts.values() for _, _, value in part]
    most = np.abs([*values, *answer.contributions[others]]).max(initial=0)
    rival = _rival(answer)
    head = (
        f'<div style="margin-top:.5em"><b>{escape(str(answer.task))}: '
        f"{escape(str(answer.label))}</b>"
        f'<span style="opacity:.7"> {answer.probability:.2f}{escape(rival)}</span>'
        "</div>"
    )
    lines = []
    for column, text in texts.items():
        pieces = [
            _mark(escape(text[start:end]), value, most)
            for start, end, value in parts[column]
        ]
        name = f'<span style="opacity:.7">{escape(column)}: </span>' if column else ""
        lines.append(f'<div style="white-space:pre-wrap">{name}{"".join(pieces)}</div>')
    if len(others):
        chips = [
            _mark(
                escape(f"{_named(answer, k)} {_signed(answer.contributions[k])}"),
                answer.contributions[k],
                most,
            )
            for k in others
        ]
        lines.append(f"<div>{' '.join(chips)}</div>")
    return head + "".join(lines)


def _rival(answer):
    return "" if answer.rival is None else f", rather than {answer.rival}"


def _mark(html, value, most):
    if not value or not most:
        return html
    colour = FOR if value > 0 else AGAINST
    alpha = STRONGEST * abs(value) / most
    return (
        f'<span title="{_signed(value)}" style="background:rgba({colour},{alpha:.2f});'
        f'border-radius:.2em">{html}</span>'
    )


def _named(answer, k):
    """Write a feature without a place, with its column if the name lacks it."""
    column, word = answer.columns[k], answer.words[k]
    return word if word.startswith(column) else f"{column}: {word}"


def _signed(value):
    return f"{value:+.2f}"


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


def explanation_text(explanation, n_words, color):
    """Return an explanation as lines of text."""
    lines = []
    for answer in explanation:
        head = f"{answer.task}: {answer.label} {answer.probability:.2f}"
        lines.append(f"{head}{_rival(answer)}")
        if color:
            lines += [
                f"  {column + ': ' if column else ''}{_colored(answer, column, text)}"
                for column, text in explanation.texts.items()
            ]
        for name, sign in (("for", 1), ("against", -1)):
            strength = sign * answer.contributions
            order = np.argsort(-strength, kind="stable")[:n_words]
            words = [
                f"{shorten(_named(answer, k), 24)} {_signed(answer.contributions[k])}"
                for k in order[strength[order] > 0]
            ]
            if words:
                lines.append(f"  {name:<8}{', '.join(words)}")
    return "\n".join(lines)


def _colored(answer, column, text):
    parts = segments(answer, column, text)
    most = max((abs(value) for _, _, value in parts), default=0)
    return "".join(
        f"{_ANSI[1 if value > 0 else -1]}{text[start:end]}{_PLAIN}"
        if abs(value) > _FAINT * most
        else text[start:end]
        for start, end, value in parts
    )
