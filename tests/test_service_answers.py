"""Labels of every kind become values that JSON has."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_mtl import MultiTaskTextClassifier

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "service"


@pytest.fixture
def answers_module(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    import answers

    yield answers
    del sys.modules["answers"]


TEXTS = ["great phone", "awful phone", "great film", "awful film"] * 3


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["a", "b"] * 6),
        np.array([[1, 5], [2, 7]] * 6),
        np.array([True, False] * 6).reshape(-1, 1),
        {"tags": [["a"], [], ["a", "b"], ("b",)] * 3, "more": [1, None, 2, 1] * 3},
        pd.DataFrame({"c": pd.Categorical(["x", "y"] * 6), "i": [1, 2] * 6}),
        {"stars": pd.array([1, 2] * 6, dtype="Int64")},
    ],
    ids=["text", "int", "bool", "several", "category", "nullable"],
)
def test_labels_become_json(answers_module, labels):
    clf = MultiTaskTextClassifier(max_iter=1, random_state=0).fit(TEXTS, labels)
    answers = answers_module.Answers(clf)
    found = json.loads(json.dumps(answers(TEXTS, True)))
    schema = json.loads(json.dumps(answers.schema()))
    assert len(found) == len(TEXTS)
    classes = {task["name"]: task["classes"] for task in schema}
    for answer in found:
        assert answer["labels"].keys() == classes.keys()
        for name, label in answer["labels"].items():
            for each in label if isinstance(label, list) else [label]:
                assert each in classes[name]
            assert len(answer["probabilities"][name]) == len(classes[name])
    expected = clf.predict(TEXTS, output="dict")
    for name, column in expected.items():
        ours = [answer["labels"][str(name)] for answer in found]
        theirs = [
            list(each) if isinstance(each, list | tuple | set) else each
            for each in column
        ]
        assert ours == theirs
    assert answers(TEXTS[:1], False)[0].keys() == {"labels"}
