"""Scores as text."""

from itertools import chain

import pytest

from sklearn_mtl._cli._errors import brief, count, did_you_mean, some
from sklearn_mtl._cli._report import (
    fill,
    number,
    scores_table,
    short_name,
    side_by_side,
)
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


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("x" * 20, "x" * 20),
        ("abcdefghi_ABCDEFGHIJK", "abcdefghi...DEFGHIJK"),
        ("two\nlines  and spaces", "two lines and spaces"),
    ],
)
def test_names_are_cut_in_their_middle(name, short):
    assert short_name(name) == short
    assert len(short) == 20


def test_names_of_another_width():
    assert short_name("abcdefgh", 7) == "ab...gh"
    assert short_name("abcdefghi", 8) == "abc...hi"


def test_paragraphs_are_filled():
    words = "aaa " * 19
    assert fill(f"{words}bbbb") == f"{words}bbbb"  # 80 characters
    assert fill(f"{words}bbbbb") == f"{words.strip()}\nbbbbb"
    assert fill("a-b" * 30) == "a-b" * 30
    assert fill(f"{words}b-bbbb") == f"{words.strip()}\nb-bbbb"


# By the length of the names of two systems and of a task: three groups of 80
# characters and of 81, two of 77 and of 81, and one that is too wide by itself.
@pytest.mark.parametrize(
    ("length", "task", "groups"),
    [
        (9, "tone", [3]),
        (9, "tastes", [2, 1]),
        (16, "tone", [2, 1]),
        (17, "tone", [1, 1, 1]),
        (60, "tone", [1, 1, 1]),
    ],
)
def test_groups_that_are_too_wide_stand_below(length, task, groups):
    of_one = scores(0.5)
    of_one[task] = of_one.pop("tone")
    systems = {mark * length: of_one for mark in "ab"}
    tables = side_by_side(systems, ["topic", task]).split("\n\n")
    metrics = ["accuracy", "recall", "macro-F1"]
    heads = [table.splitlines()[0].split() for table in tables]
    assert [len(head) for head in heads] == groups
    assert [*chain(*heads)] == metrics
    assert [table.count("support") for table in tables] == [0] * (len(groups) - 1) + [1]


def test_values_are_cut_to_a_length():
    assert brief("x" * 58) == f"'{'x' * 58}'"  # 60 characters with the quotes
    assert brief("x" * 59) == f"'{'x' * 56}..."
    assert brief("abcdef", most=7) == "'abc..."


def test_names_are_listed_up_to_a_number():
    twelve = [f"c{k}" for k in range(12)]
    listed = ", ".join(map(repr, twelve))
    assert some(twelve) == listed
    assert some([*twelve, "d"]) == f"{listed}, ... (13 in all)"
    assert some(iter("ab"), 1) == "'a', ... (2 in all)"


def test_the_closest_name_is_suggested():
    assert did_you_mean("TOPICS", ["tone", "Topic"]) == " Did you mean 'Topic'?"
    assert did_you_mean("xyz", ["tone", "Topic"]) == ""
