"""Answers of a classifier as cells of a table."""

import pytest

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl._cli._answers import classes_of, predict

TEXTS = ["great phone", "awful phone", "great film", "awful film"] * 5


def fitted(y):
    return MultiTaskTextClassifier(random_state=0).fit(TEXTS, y)


def test_labels_of_one_column():
    clf = fitted([1, 0] * 10)
    (task,) = clf.task_names_
    predicted, probability = predict(clf, TEXTS[:2])
    assert predicted == {task: clf.predict(TEXTS[:2]).tolist()}
    shares = clf.predict_proba(TEXTS[:2]).max(axis=1)
    assert probability[task] == pytest.approx(shares.tolist(), abs=1e-4)
    assert classes_of(clf) == [[0, 1]]


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_cells_of_several_labels_become_lists(kind):
    cells = [kind(["good", "it"]), kind(["it"]), kind(["good"]), kind([])] * 5
    clf = fitted({"tags": cells})
    predicted, probability = predict(clf, TEXTS[:4])
    assert all(type(cell) is list for cell in predicted["tags"])
    assert predicted == {"tags": [["good", "it"], ["it"], ["good"], []]}
    assert [len(shares) for shares in probability["tags"]] == [2, 1, 1, 0]
