"""Texts as lines of words, for the learners that read files."""

import os
import re

_PUNCTUATION = re.compile(r"([.!?,'/()])")


def as_line(text):
    """Return a text in lower case on one line, marks of punctuation set apart.

    What fastText's tutorial does with sed and tr before it trains.
    """
    return " ".join(_PUNCTUATION.sub(r" \1 ", text.lower()).split())


def labelled(lines, cells):
    """Return the pairs of line and label where there is a label."""
    pairs = zip(lines, cells, strict=True)
    return [(line, cell) for line, cell in pairs if cell is not None]


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def n_threads():
    """Return the threads of this run, for what does not read the variable itself."""
    return int(os.environ["OMP_NUM_THREADS"])
