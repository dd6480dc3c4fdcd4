"""Explanations as HTML, with highlighted words."""

from html import escape

import numpy as np

from ._segments import named, rival_words, segments, signed

# Okabe and Ito's blue and vermillion, which colour-blind readers can distinguish. Both
# are transparent and the text colour is inherited, so that dark pages work, too.
FOR, AGAINST = "0,114,178", "213,94,0"
STRONGEST = 0.6
_MOST = 20  # texts that are shown together


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
    rival = rival_words(answer)
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
                escape(f"{named(answer, k)} {signed(answer.contributions[k])}"),
                answer.contributions[k],
                most,
            )
            for k in others
        ]
        lines.append(f"<div>{' '.join(chips)}</div>")
    return head + "".join(lines)


def _mark(html, value, most):
    if not value or not most:
        return html
    colour = FOR if value > 0 else AGAINST
    alpha = STRONGEST * abs(value) / most
    return (
        f'<span title="{signed(value)}" style="background:rgba({colour},{alpha:.2f});'
        f'border-radius:.2em">{html}</span>'
    )
