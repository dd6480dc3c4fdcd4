"""Explanations as text, with words highlighted by the colors of a terminal."""

import numpy as np

from ..utils._text_table import shorten
from ._segments import named, rival_words, segments, signed

_ANSI = {1: "\x1b[1;34m", -1: "\x1b[1;33m"}
_PLAIN = "\x1b[0m"
# In a terminal, words below this share of the strongest one are not highlighted.
_FAINT = 0.15


def explanation_text(explanation, n_words, color):
    """Return an explanation as lines of text."""
    lines = []
    for answer in explanation:
        head = f"{answer.task}: {answer.label} {answer.probability:.2f}"
        lines.append(f"{head}{rival_words(answer)}")
        if color:
            lines += [
                f"  {column + ': ' if column else ''}{_colored(answer, column, text)}"
                for column, text in explanation.texts.items()
            ]
        for name, sign in (("for", 1), ("against", -1)):
            strength = sign * answer.contributions
            order = np.argsort(-strength, kind="stable")[:n_words]
            words = [
                f"{shorten(named(answer, k), 24)} {signed(answer.contributions[k])}"
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
