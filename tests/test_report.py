"""The report of all classes of all tasks."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import classification_report

from sklearn_mtl.metrics import multitask_report

TRUE = {
    "topic": ["arts", "tech", None, "arts", "tech", "news"],
    "tone": [1, None, None, 0, 1, 0],
    "empty": [None] * 6,
}
PRED = {
    "topic": ["arts", "arts", "arts", "arts", "tech", "tech"],
    "tone": [1, 1, 1, 0, 0, 2],
    "empty": [0] * 6,
}
WEIGHT = np.array([1, 2, 1, 3, 1, 2.0])


@pytest.mark.parametrize("task", ["topic", "tone"])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_it_is_what_scikit_learn_reports_of_labelled_rows(task, weight):
    report = multitask_report(TRUE, PRED, sample_weight=weight).to_dict()[task]
    rows = np.array([cell is not None for cell in TRUE[task]])
    expected = classification_report(
        np.array([cell for cell in TRUE[task] if cell is not None]),
        np.array(PRED[task])[rows],
        sample_weight=None if weight is None else weight[rows],
        output_dict=True,
        zero_division=0.0,
    )
    assert report.pop("labelled_share") == rows.mean()
    assert report.keys() == expected.keys()
    assert report.pop("accuracy") == pytest.approx(expected.pop("accuracy"))
    for name, row in expected.items():
        assert report[name] == pytest.approx(row)


def test_a_task_without_labels_has_no_classes():
    report = multitask_report(TRUE, PRED)
    assert report.tasks["empty"]["classes"] == {}
    assert report.tasks["empty"]["labelled_share"] == 0
    assert np.isnan(report.tasks["empty"]["accuracy"])


def test_it_reads_as_text():
    lines = str(multitask_report(TRUE, PRED)).splitlines()
    assert lines[0].split() == ["precision", "recall", "f1-score", "support"]
    assert "topic (83% labelled, accuracy 0.600)" in lines
    assert lines[-1] == "empty (0% labelled)"
    rows = [line for line in lines if line.strip().startswith("arts")]
    assert rows[0].split() == ["arts", "0.667", "1.000", "0.800", "2"]
    assert len({len(line) for line in lines if line and "(" not in line}) == 1
    assert repr(multitask_report(TRUE, PRED)) == "\n".join(lines)


def test_long_class_names_push_the_columns_apart():
    label = "a class with quite a long name"
    text = str(multitask_report([label, "b"], [label, "b"]))
    assert (
        len({len(line) for line in text.splitlines() if line and "(" not in line}) == 1
    )


def test_it_becomes_a_frame():
    frame = multitask_report(TRUE, PRED).to_frame()
    assert frame.index.names == ["task", "class"]
    assert frame.loc[("topic", "arts"), "recall"] == 1.0
    assert frame.loc[("tone", 2), "support"] == 0
    assert_allclose(frame.loc["tone", "labelled_share"], 4 / 6)
    assert set(frame.loc["topic"].index) == {"arts", "tech", "news"}
    assert isinstance(frame, pd.DataFrame)


def test_it_shows_in_a_notebook():
    html = multitask_report({"a<b": ["<x>", "y"]}, {"a<b": ["<x>", "y"]})._repr_html_()
    assert "a&lt;b" in html
    assert "&lt;x&gt;" in html
    assert "<x>" not in html
    assert html.count("<tr>") == 1 + 1 + 4


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="same rows"):
        multitask_report([1, 2], [1])


def test_texts_in_an_order_are_listed_in_it():
    sizes = ["small", "large", "middle", "small"]
    order = {"size": ["small", "middle", "large", "huge"]}
    report = multitask_report({"size": sizes}, {"size": sizes}, orders=order)
    assert list(report.tasks["size"]["classes"]) == ["small", "middle", "large"]
    with pytest.raises(ValueError, match=r"orders\['size'\] must list all labels"):
        multitask_report({"size": sizes}, {"size": sizes}, orders={"size": ["small"]})


def test_a_task_without_weight_has_no_classes():
    true, pred = {"a": [1, 0, 1], "b": [0, 1, None]}, {"a": [1, 0, 1], "b": [0, 1, 1]}
    report = multitask_report(true, pred, sample_weight=[[1, 0], [1, 0], [1, 1]])
    assert report.tasks["b"]["classes"] == {}
    assert np.isnan(report.tasks["b"]["accuracy"])
    assert str(report).splitlines()[-1] == "b (0% labelled)"


def test_a_class_without_weight_is_not_listed():
    report = multitask_report([0, 1, 2], [0, 1, 1], sample_weight=[1, 1, 0])
    assert list(report.tasks["task0"]["classes"]) == [0, 1]
    assert report.tasks["task0"]["classes"][1]["precision"] == 1.0


def test_a_missing_label_is_no_class():
    report = multitask_report([0, 1, -1], [0, 1, 1], missing_label=-1)
    assert list(report.tasks["task0"]["classes"]) == [0, 1]
    assert report.tasks["task0"]["labelled_share"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("weight", "written"), [(1234567.0, "1234567"), (1e9, "1000000000"), (0.25, "0.25")]
)
def test_support_is_written_in_full_and_apart(weight, written):
    lines = str(
        multitask_report([0, 1], [0, 1], sample_weight=[weight, 1])
    ).splitlines()
    assert lines[3].split() == ["0", "1.000", "1.000", "1.000", written]
    assert len({len(line) for line in lines if line and "(" not in line}) == 1


@pytest.mark.parametrize("label", ["accuracy", "macro avg", "labelled_share"])
def test_a_class_with_the_name_of_a_score_is_not_overwritten(label):
    report = multitask_report({"topic": [label, "b"]}, {"topic": [label, "b"]})
    message = f"'topic' has a class called '{label}'.*Use the attribute tasks"
    with pytest.raises(ValueError, match=message):
        report.to_dict()
    assert report.tasks["topic"]["classes"][label]["support"] == 1
    assert report.to_frame().loc[("topic", label), "support"] == 1


def test_the_whole_text_and_the_whole_table():
    true, pred = {"size": ["s", "m", None]}, {"size": ["s", "s", "s"]}
    assert str(multitask_report(true, pred, sample_weight=[2.5, 10, 1])) == (
        "              precision  recall  f1-score  support\n"
        "\n"
        "size (67% labelled, accuracy 0.200)\n"
        "           m      0.000   0.000     0.000       10\n"
        "           s      0.200   1.000     0.333      2.5\n"
        "   macro avg      0.100   0.500     0.167     12.5\n"
        "weighted avg      0.040   0.200     0.067     12.5"
    )
    rows = [
        ["m", "0.000", "0.000", "0.000", "1"],
        ["s", "0.500", "1.000", "0.667", "1"],
        ["macro avg", "0.250", "0.500", "0.333", "2"],
        ["weighted avg", "0.250", "0.500", "0.333", "2"],
    ]
    names = ["", "precision", "recall", "f1-score", "support"]
    assert multitask_report(true, pred)._repr_html_() == (
        "<table><tr>" + "".join(f"<th>{name}</th>" for name in names) + "</tr>"
        '<tr><th colspan="5" style="text-align:left">'
        "size (67% labelled, accuracy 0.500)</th></tr>"
        + "".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        + "</table>"
    )


def test_cells_that_hold_no_label_are_right():
    none = multitask_report([[set()], [set()]], [[set()], [set()]]).tasks["task0"]
    expected = {"labelled_share": 1.0, "accuracy": 1.0, "classes": {}, "averages": {}}
    assert none == expected


def test_a_label_of_sets_is_a_class():
    true, pred = {"tags": [{"a"}, {"a", "b"}]}, {"tags": [{"a"}, {"a"}]}
    found = multitask_report(true, pred).tasks["tags"]
    assert found["accuracy"] == 0.5
    assert found["classes"] == {
        "a": {"precision": 1.0, "recall": 1.0, "f1-score": 1.0, "support": 2.0},
        "b": {"precision": 0.0, "recall": 0.0, "f1-score": 0.0, "support": 1.0},
    }
