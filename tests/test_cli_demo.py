"""What the demo says of sharing, and the table that it makes of few labels."""

import pytest

from sklearn_mtl._cli import _demo
from sklearn_mtl._cli._demo import (
    by_system,
    reason_of_few,
    reason_of_many,
    sentence,
    share_determined,
    standing,
    with_few_labels,
)


def scores(shared, single):
    return {
        name: {"accuracy": a, "recall_macro": 0.5, "f1_macro": f}
        for name, (a, f) in {"shared": shared, "single": single}.items()
    }


AHEAD = scores((0.7, 0.6), (0.6, 0.6))
LEVEL = scores((0.7, 0.6), (0.705, 0.591))
BEHIND = scores((0.7, 0.6), (0.7, 0.65))


@pytest.mark.parametrize(
    ("found", "sign", "word"),
    [(AHEAD, 1, "ahead of"), (LEVEL, 0, "level with"), (BEHIND, -1, "behind")],
)
def test_the_sentence_follows_the_numbers(found, sign, word):
    assert standing(found) == sign
    text = sentence(found, ": why")
    assert text.startswith(f"The shared network is {word} a network for each task (")
    assert f"accuracy 0.700 and {found['single']['accuracy']:.3f}, macro-F1" in text
    assert text.endswith("): why.")


def test_reasons_are_given_for_what_they_explain():
    train = (["a"] * 4, {"few": ["x", None, None, None], "other": ["u", "v", "v", "u"]})
    known = {"few": ["x", "y", "y", "z"], "other": ["u", "v", "v", "u"]}
    assert "each task has 1,234 labels or more" in reason_of_many(LEVEL, 1234)
    assert "each task" in reason_of_many(BEHIND, 1234)
    assert reason_of_many(AHEAD, 1234) == ""
    text = reason_of_few(AHEAD, train, "few", "other", known)
    assert text.startswith(": 1 labels for few are too few")
    assert "the 4 for other help: they determine the few of 75% of the texts" in text
    for found in (LEVEL, BEHIND):
        assert reason_of_few(found, train, "few", "other", known) == ""


def test_how_much_a_label_tells_of_another():
    assert share_determined(["a", "a", "b", None], ["x", "x", "y", "y"]) == 1
    assert share_determined(
        ["a", "a", "a", "b"], ["x", "x", "y", None]
    ) == pytest.approx(2 / 3)
    assert share_determined([None], ["x"]) == 0


def test_a_table_of_few_labels(monkeypatch):
    monkeypatch.setattr(_demo, "N_TEXTS", 4)
    monkeypatch.setattr(_demo, "N_FEW", 2)
    labels = {"a": ["x", None, "y", "z", "x"], "b": list("pqpqp"), "c": [1] * 5}
    train, test = with_few_labels((list("12345"), labels), (["6"], labels), "a", "b")
    assert train == (
        list("1234"),
        {"a": ["x", None, "y", None], "b": ["p", "q", "p", "q"]},
    )
    assert list(test[1]) == ["a", "b"]


def test_a_line_for_each_system():
    assert by_system(AHEAD, {"shared": 1.25, "single": 10}).splitlines() == [
        "system  accuracy  recall  macro-F1  seconds",
        "shared     0.700   0.500     0.600      1.2",
        "single     0.600   0.500     0.600     10.0",
    ]
