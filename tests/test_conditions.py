"""Conditions between tasks: how they are read and learnt, and what contradicts them."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_mtl.labels._conditions import read_conditions
from sklearn_mtl.labels._contradictions import check_labels, excluded_cells
from sklearn_mtl.labels._links import learn_conditions, links_of
from sklearn_mtl.labels._tables import as_label_table

KNOWN = {
    "sexist": ["no", "yes"],
    "kind": ["slur", "threat"],
    "detail": ["a", "b", "c"],
    "tags": ["x", "y"],
}
DETAIL = {"threat": ["a", "b"], "slur": ["c"]}
BOTH = {"kind": ("sexist", "yes"), "detail": ("kind", DETAIL)}


def read(conditions, known=KNOWN, **options):
    return read_conditions(conditions, known, ["tags"], **options)


def test_all_forms():
    every = ["slur", "threat"]
    assert read({"kind": ("sexist", "yes")}) == {"kind": ("sexist", {"yes": every})}
    for several in (["no", "yes"], {"no", "yes"}, np.array(["no", "yes"])):
        found = read({"kind": ("sexist", several)})
        assert found == {"kind": ("sexist", {"no": every, "yes": every})}
    stated = {"detail": ("kind", {"threat": ["b", "a"], "slur": {"c"}})}
    assert read(stated) == {"detail": ("kind", DETAIL)}
    assert read({"detail": "kind"}) == {"detail": ("kind", None)}


def test_parents_come_first():
    conditions = {"tags": ("detail", "a"), "detail": ("kind", DETAIL), **BOTH}
    assert list(read(conditions)) == ["kind", "detail", "tags"]


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        (None, "conditions must be a dict such as .* Got None"),
        ({}, r"at least one task\. Got {}"),
        ({"mood": ("sexist", "yes")}, r"conditions names unknown tasks \['mood'\]"),
        (
            {"kind": ("mood", "yes")},
            r"conditions\['kind'\] names the unknown task 'mood'\. The tasks are",
        ),
        ({"kind": 3}, r"conditions\['kind'\] must be \(parent, class\).* Got 3"),
        (
            {"kind": ("sexist", "maybe")},
            r"names \['maybe'\], which no row of y has as label of 'sexist'\. Its "
            r"labels are \['no', 'yes'\]",
        ),
        ({"kind": ("sexist", None)}, r"names \[None\], which no row"),
        ({"kind": ("sexist", [])}, "names no class of 'sexist'"),
        (
            {"detail": ("kind", {"slur": ["d"]})},
            r"names \['d'\], which no row of y has as label of 'detail'",
        ),
        (
            {"detail": ("kind", {"slur": "c"})},
            r"has 'c' for the class 'slur', but must have a list .* Pass \['c'\]",
        ),
        (
            {"detail": ("kind", {"slur": ["c"], "threat": ["a"]})},
            r"never allows the label\(s\) \['b'\] of 'detail', which occur in y",
        ),
        (
            {"kind": ("tags", "x")},
            "cells of 'tags' hold several labels.* Give each label of this task",
        ),
        (
            {"kind": ("sexist", "yes"), "sexist": ("detail", "a"), **BOTH},
            "conditions form a cycle, .*'sexist'.* -> .* Remove one",
        ),
        ({"kind": ("kind", "slur")}, "conditions form a cycle, 'kind' -> 'kind'"),
    ],
)
def test_bad_conditions(conditions, message):
    with pytest.raises(ValueError, match=message):
        read(conditions)


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ({"detail": ("kind", {"slur": "c"})}, {"detail": ("kind", {"slur": ["c"]})}),
        (
            {"detail": ("kind", {"slur": ["c"], "threat": ["a"]})},
            {"detail": ("kind", {"slur": ["c", "b"], "threat": ["a"]})},
        ),
        ({"kind": ("sexist", [])}, {"kind": ("sexist", ["yes"])}),
    ],
)
def test_the_advice_helps(bad, good):
    known = (
        {**KNOWN, "detail": ["c"]}
        if "c" in str(good) and "b" not in str(good)
        else KNOWN
    )
    with pytest.raises(ValueError, match="conditions"):
        read(bad, known)
    assert read(good, known)


def test_labels_that_tables_lack():
    known = {"sexist": ["no"], "kind": [], "detail": ["a"], "tags": []}
    found = read(BOTH, known, complete=False)
    assert known["kind"] == ["threat", "slur"]
    assert found["kind"] == ("sexist", {"yes": ["threat", "slur"]})
    assert found["detail"][1] == DETAIL
    with pytest.raises(ValueError, match="Pass the attribute conditions_"):
        read({"detail": "kind"}, complete=False)


TABLE = as_label_table(
    {
        "kind": ["threat", "threat", "slur", None, "none"],
        "detail": ["b", "a", None, "c", None],
        "tags": [["x"], None, ["x", "y"], [], []],
    }
)


def test_learnt_conditions():
    conditions = {"detail": ("kind", None), "tags": ("kind", None)}
    found = learn_conditions(conditions, TABLE)
    assert found["detail"] == ("kind", {"threat": ["a", "b"]})
    assert found["tags"] == ("kind", {"slur": ["x", "y"], "threat": ["x"]})


def test_nothing_to_learn_from():
    table = as_label_table({"kind": ["slur", None], "detail": [None, "c"]})
    with pytest.raises(
        ValueError, match=re.escape("State the labels, ('kind', {class")
    ):
        learn_conditions({"detail": ("kind", None)}, table)


def test_links():
    classes = {name: KNOWN[name] for name in ("sexist", "kind", "detail")}
    first, second = links_of(read(BOTH), classes)
    assert (first.child, first.parent) == (1, 0)
    assert_array_equal(first.allowed, [[0, 0], [1, 1]])
    assert (second.child, second.parent) == (2, 1)
    assert_array_equal(second.allowed, [[0, 0, 1], [1, 1, 0]])


ROWS = as_label_table(
    {
        "detail": ["a", "c", "c", "a", None, "b"],
        "sexist": ["yes", "yes", "no", None, "no", "no"],
        "kind": ["threat", "threat", "slur", "slur", None, None],
    }
)


def test_excluded_cells():
    without, wrong = excluded_cells(ROWS, read(BOTH))
    excluded = [0, 0, 1, 0, 1, 1]
    assert_array_equal(without.T, [excluded, [0] * 6, excluded])
    assert_array_equal(wrong.T, [[0, 1, 1, 1, 0, 1], [0] * 6, [0, 0, 1, 0, 0, 0]])


def test_sets_contradict_if_one_label_does():
    table = as_label_table(
        {"kind": ["a", "a", "b", "c", "c"], "tags": [["x"], ["x", "y"], [], [], ["x"]]}
    )
    labels = {"a": ["x"], "b": ["x", "y"]}
    _, wrong = excluded_cells(table, {"tags": ("kind", labels)})
    assert_array_equal(wrong[:, 1], [False, True, False, False, True])


def test_warnings_of_a_fit():
    conditions = read(BOTH)
    _, wrong = excluded_cells(ROWS, conditions)
    wrong[0] = False
    with pytest.warns(UserWarning, match="contradict") as caught:
        check_labels(ROWS, conditions, KNOWN, wrong)
    messages = [str(each.message) for each in caught]
    assert len(messages) == 2
    assert messages[0].startswith("1 label(s) of 'kind' contradict the conditions")
    assert re.search(
        r"4 label\(s\) of 'detail' .* row\(s\) \[1, 2, 3, 5\]", messages[1]
    )
    learnt = {"detail": ("kind", {"threat": ["a", "b"]})}
    with pytest.warns(UserWarning, match=r"\['c'\] of 'detail' occur in no row with a"):
        check_labels(ROWS, learnt, KNOWN, np.zeros_like(wrong))


def test_a_task_must_keep_a_label():
    table = as_label_table({"sexist": ["no", "yes"], "kind": ["slur", None]})
    conditions = {"kind": ("sexist", {"yes": ["slur"]})}
    _, wrong = excluded_cells(table, conditions)
    with pytest.raises(
        ValueError, match=r"All 1 label\(s\) of 'kind' are in rows where"
    ):
        check_labels(table, conditions, {"sexist": [], "kind": ["slur"]}, wrong)
