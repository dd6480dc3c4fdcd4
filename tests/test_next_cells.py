"""The empty cells to label next."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from stated import Probabilities

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.labelling import next_to_label
from sklearn_mtl.labelling._spread import spread_out
from sklearn_mtl.labelling._vectors import row_vectors

MODEL = Probabilities(["mood", "level"], [["bad", "good"], [0, 1, 2]])
# Rows of stated probabilities. The last is labelled.
X = np.array(
    [
        [0.5, 0.5, 0.2, 0.2, 0.6],
        [0.9, 0.1, 0.4, 0.4, 0.2],
        [0.6, 0.4, 1.0, 0.0, 0.0],
        [0.1, 0.9, 0.1, 0.8, 0.1],
    ]
)
Y = {"mood": [None, None, None, "good"], "level": [None, 2, None, 1]}


def chosen(X=X, y=Y, n_cells=5, **parameters):
    parameters = {"diversity": False, "random_state": 0, **parameters}
    return next_to_label(MODEL, X, y, n_cells=n_cells, **parameters)


def cells_of(found):
    return list(zip(found.rows.tolist(), found.tasks, strict=True))


def test_a_cell_is_worth_the_variance_of_its_classes_by_their_labels():
    found = chosen()
    mood, level = np.array([0, 1]), np.array([0, 1, 1])  # labels of each class
    for row, task, _, score in found:
        proba, counts = (X[row, :2], mood) if task == "mood" else (X[row, 2:], level)
        expected = np.mean(
            [p * (1 - p) / (n + 1) for p, n in zip(proba, counts, strict=True)]
        )
        assert score == pytest.approx(expected)
    assert (np.diff(found.scores) <= 0).all()
    assert cells_of(found)[0] == (0, "mood")


def test_margins_and_entropies_are_those_of_their_definition():
    margin = chosen(strategy="margin")
    expected = {(0, "mood"): 1, (1, "mood"): 0.2, (2, "mood"): 0.8, (0, "level"): 0.6,
                (2, "level"): 0}  # fmt: skip
    found = dict(zip(cells_of(margin), margin.scores, strict=True))
    assert found == pytest.approx(expected)
    entropy = chosen(strategy="entropy")
    found = dict(zip(cells_of(entropy), entropy.scores, strict=True))
    assert found[0, "mood"] == pytest.approx(1)
    assert found[2, "level"] == pytest.approx(0, abs=1e-9)
    level = X[0, 2:]
    assert found[0, "level"] == pytest.approx(
        -(level * np.log(level)).sum() / np.log(3)
    )


def test_only_empty_cells_are_chosen_and_each_once():
    found = cells_of(chosen())
    assert sorted(found) == [(0, "level"), (0, "mood"), (1, "mood"), (2, "level"),
                             (2, "mood")]  # fmt: skip
    assert set(chosen(n_cells=2, tasks=["level"]).tasks) == {"level"}
    assert len(chosen(n_cells=0.4)) == 2


def test_without_labels_all_cells_are_candidates():
    found = chosen(y=None, n_cells=8)
    assert len(set(cells_of(found))) == 8
    counts = X.sum(axis=0)  # predicted probabilities stand in for labels
    score = dict(zip(cells_of(found), found.scores, strict=True))
    assert score[0, "mood"] == pytest.approx(np.mean(0.25 / (counts[:2] + 1)))


def test_the_most_probable_label_comes_along():
    found = chosen()
    labels = {(row, task): label for row, task, label, _ in found}
    assert labels[1, "mood"] == "bad"
    assert labels[0, "level"] == 2
    assert type(labels[0, "level"]) is int


def test_costs_divide_the_scores():
    plain, costly = chosen(), chosen(cost={"mood": 4})
    before = dict(zip(cells_of(plain), plain.scores, strict=True))
    for cell, score in zip(cells_of(costly), costly.scores, strict=True):
        assert score == pytest.approx(before[cell] / (4 if cell[1] == "mood" else 1))


@pytest.mark.parametrize("strategy", ["gain", "margin", "entropy", "random"])
@pytest.mark.parametrize("diversity", [False, True])
def test_the_same_seed_gives_the_same_cells(strategy, diversity):
    options = {"strategy": strategy, "diversity": diversity, "random_state": 3}
    first, second = (chosen(n_cells=4, **options) for _ in range(2))
    assert list(first) == list(second)


def test_equal_scores_are_in_random_order():
    rows = np.tile(X[:1], (50, 1))
    orders = [chosen(rows, None, 10, random_state=s).rows.tolist() for s in (0, 1)]
    assert orders[0] != orders[1]
    assert orders[0] != sorted(orders[0])


def test_similar_rows_are_not_chosen_together():
    """Among copies of three texts, one of each comes first."""
    texts = ["one two", "three four", "five six"] * 5
    classifier = MultiTaskTextClassifier(random_state=0)
    classifier.fit([*texts, "seven"], {"a": [0, 1] * 8})
    found = next_to_label(classifier, texts, n_cells=3, random_state=0)
    assert {texts[row] for row in found.rows} == set(texts)


def test_a_thousand_cells_and_more_are_each_chosen_once():
    rng = np.random.default_rng(0)
    scores, vectors = rng.random(4000), rng.random((4000, 3))
    tasks = rng.integers(3, size=4000)
    found = spread_out(scores, np.arange(4000), tasks, vectors, 2500)
    assert len(set(found.tolist())) == 2500
    every = spread_out(scores[:20], np.arange(20), tasks[:20], vectors[:20], 20)
    assert_array_equal(np.sort(every), np.arange(20))


@pytest.mark.parametrize("form", [np.asarray, csr_array])
def test_each_cell_is_the_best_given_those_before(form):
    """Against a loop over all pairs."""
    rng = np.random.default_rng(0)
    scores, vectors = rng.random(40), rng.random((15, 4))
    rows, tasks = rng.integers(15, size=40), rng.integers(2, size=40)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    expected = []
    for _ in range(10):
        values = []
        for i in range(40):
            alike = [
                unit[rows[i]] @ unit[rows[j]] for j in expected if tasks[i] == tasks[j]
            ]
            used = i in expected
            values.append(-1 if used else scores[i] * (1 - max(alike, default=0)))
        expected.append(int(np.argmax(values)))
    assert spread_out(scores, rows, tasks, form(vectors), 10).tolist() == expected


def test_rows_become_vectors_of_words_numbers_or_probabilities():
    proba = [np.ones((2, 2)), np.ones((2, 3))]
    words = row_vectors(["late box", "late bill"], proba)
    assert words.shape[0] == 2
    assert (words[[0]] @ words[[1]].T).toarray()[0, 0] > 0
    assert_allclose(row_vectors(np.eye(2), proba), np.eye(2))
    assert_allclose(row_vectors(pd.DataFrame({"a": [1, 2]}), proba), [[1], [2]])
    assert_allclose(row_vectors(csr_array(np.eye(2)), proba).toarray(), np.eye(2))
    for rows in (pd.DataFrame({"a": ["x", "y"]}), np.array([[np.nan], [1]])):
        assert_allclose(row_vectors(rows, proba), np.ones((2, 5)))


def test_any_container_of_labels_is_read():
    texts, codes = make_multitask_texts(60, n_tasks=2, random_state=0)
    names = ["a", "b"]
    columns = {n: own.astype(object) for n, own in zip(names, codes.T, strict=True)}
    for own in columns.values():
        own[30:] = None
    forms = [columns, pd.DataFrame(columns), pl.DataFrame(columns, strict=False)]
    expected = None
    for y in forms:
        classifier = MultiTaskTextClassifier(random_state=0).fit(texts, y)
        found = cells_of(next_to_label(classifier, texts, y, n_cells=6, random_state=0))
        expected = expected or found
        assert found == expected
        assert all(row >= 30 for row, _ in found)


def test_any_classifier_is_accepted():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(80, 2))
    y = (rows > 0).astype(int)
    forest = RandomForestClassifier(20, random_state=0).fit(rows[:40], y[:40])
    found = next_to_label(forest, rows[40:], n_cells=5, random_state=0)
    assert set(found.tasks) <= {"task0", "task1"}
    one = LogisticRegression().fit(rows[:40], y[:40, 0])
    labels = [*y[:40, 0], *[None] * 40]
    found = next_to_label(one, rows, labels, n_cells=5, diversity=False)
    nearest = np.argsort(np.abs(one.decision_function(rows[40:])))[:5] + 40
    assert len(set(found.rows) & set(nearest)) >= 3  # classes have similar numbers


def test_cells_of_several_labels():
    texts = ["red", "blue", "red blue", "green"] * 10
    y = {"colours": [["r"], ["b"], ["b", "r"], []] * 10}
    classifier = MultiTaskTextClassifier(random_state=0).fit(texts, y)
    y["colours"][4:8] = [None] * 4
    found = next_to_label(classifier, texts, y, n_cells=4, random_state=0)
    assert sorted(found.rows) == [4, 5, 6, 7]
    assert dict(zip(found.rows, found.predicted, strict=True))[6] == ["b", "r"]


def test_a_class_that_was_not_seen_yet_counts():
    """A task whose labels are all the same is not given up."""
    model = Probabilities(["mood"], [["bad"]])
    found = next_to_label(model, np.ones((6, 1)), {"mood": ["bad"] * 2 + [None] * 4},
                          n_cells=4)  # fmt: skip
    p = 1 / 4
    assert_allclose(found.scores, p * (1 - p) * (1 / 3 + 1) / 2)


WRONG = {
    "no probabilities": (
        lambda: next_to_label(LinearSVC(), X, Y),
        "LinearSVC has no predict_proba",
    ),
    "unknown strategy": (
        lambda: chosen(strategy="doubt"),
        r"one of \['gain', 'margin'",
    ),
    "unknown task": (lambda: chosen(tasks=["tone"]), r"unknown tasks \['tone'\]"),
    "unknown cost": (lambda: chosen(cost={"tone": 1}), r"cost names unknown tasks"),
    "cost of 0": (lambda: chosen(cost={"mood": 0}), "cost must hold positive numbers"),
    "cost as number": (lambda: chosen(cost=2), "cost must be None or a dict"),
    "too many": (lambda: chosen(n_cells=6), "from 1 to 5, the number of empty cells"),
    "none": (lambda: chosen(n_cells=0), "n_cells must be from 1 to 5"),
    "no empty cell": (
        lambda: chosen(y={"mood": ["bad"] * 4, "level": [0] * 4}),
        r"All cells of the task\(s\) \['mood', 'level'\] have labels",
    ),
    "no empty cell of the task": (
        lambda: chosen(y={**Y, "mood": ["bad"] * 4}, tasks=["mood"]),
        r"All cells of the task\(s\) \['mood'\]",
    ),
    "other rows": (lambda: chosen(X[:3]), r"inconsistent numbers of samples: \[3, 4\]"),
    "other tasks": (
        lambda: chosen(y={"mood": [None] * 4}),
        "must have exactly the tasks",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_used_is_refused(name):
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_a_classifier_that_is_not_fitted_is_refused():
    with pytest.raises(NotFittedError):
        next_to_label(MultiTaskTextClassifier(), ["a"], {"t": [None]}, n_cells=1)


def test_it_prints_as_a_table():
    lines = str(chosen()).splitlines()
    assert lines[0].split() == list(chosen().to_frame()) == ["row", "task", "predicted",
                                                             "score"]  # fmt: skip
    assert lines[1].split()[:2] == ["0", "mood"]
