"""Scores as text."""

import pytest

from sklearn_mtl._cli._errors import count
from sklearn_mtl._cli._report import number, scores_table, side_by_side
from sklearn_mtl.utils._text_table import text_table


def scores(accuracy, support=(1200, 0)):
    nan = float("nan")
    values = {"accuracy": accuracy, "recall_macro": 0.25, "f1_macro": 1.0}
    return {
        "topic": {**values, "support": support[0]},
        "tone": {
            "accuracy": nan,
            "recall_macro": nan,
            "f1_macro": nan,
            "support": support[1],
        },
        "mean": values,
    }


def test_scores_of_one_system():
    text = scores_table(
        scores(0.5), ["topic", "tone"], {"top": {"topic": "x", "tone": "y"}}
    )
    assert text.splitlines() == [
        "task   accuracy  recall  macro-F1  top  support",
        "topic     0.500   0.250     1.000    x    1,200",
        "tone          -       -         -    y        0",
        "mean      0.500   0.250     1.000",
    ]


def test_scores_of_several_systems():
    text = side_by_side(
        {"shared": scores(0.5), "linear": scores(0.75)}, ["topic", "tone"]
    )
    assert text.splitlines() == [
        "          accuracy         recall         macro-F1",
        "task   shared  linear  shared  linear  shared  linear  support",
        "topic   0.500   0.750   0.250   0.250   1.000   1.000    1,200",
        "tone        -       -       -       -       -       -        0",
        "mean    0.500   0.750   0.250   0.250   1.000   1.000",
    ]


def test_an_empty_table_has_its_header():
    assert text_table(["a", "bc"], []) == "a  bc"


@pytest.mark.parametrize(
    ("amount", "words"), [(0, "0 rows"), (1, "1 row"), (1234, "1,234 rows")]
)
def test_counts(amount, words):
    assert count(amount, "row") == words


def test_numbers():
    assert number(0.12345) == "0.123"
    assert number(float("nan")) == "-"
