"""Cells whose label is probably wrong."""

import importlib.util
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, ShuffleSplit
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from stated import Probabilities

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.labelling import find_label_issues
from sklearn_mtl.labelling._wrong import probability_of_error
from sklearn_mtl.model_selection._per_task import PerTask

MOODS, LEVELS = ["bad", "good"], [0, 1, 2]
MODEL = Probabilities(["mood", "level"], [MOODS, LEVELS])
# Rows of stated probabilities, and labels: those of rows 2 and 3 are doubtful.
X = np.array(
    [
        [0.9, 0.1, 0.8, 0.1, 0.1],
        [0.1, 0.9, 0.1, 0.8, 0.1],
        [0.99, 0.01, 0.1, 0.1, 0.8],
        [0.5, 0.5, 0.01, 0.09, 0.9],
    ]
)
Y = {"mood": ["bad", "good", "good", None], "level": [0, 1, 2, 0]}


def found(X=X, y=Y, **parameters):
    parameters = {"cv": "prefit", "other_tasks": False, **parameters}
    return find_label_issues(MODEL, X, y, **parameters)


def test_doubtful_labels_are_found_with_better_ones():
    issues = found()
    assert list(issues.rows) == [2, 3]
    assert issues.tasks.tolist() == ["mood", "level"]
    assert issues.given.tolist() == ["good", 0]
    assert issues.suggested.tolist() == ["bad", 2]
    assert issues.n_judged == 7  # the empty cell is not


def test_scores_follow_from_the_rule_of_bayes():
    """Of labels that are wrong with the stated share, this share is found wrong."""
    rng = np.random.default_rng(0)
    share, n_cells, n_classes = 0.1, 400_000, 4
    true = rng.choice(n_classes, n_cells, p=[0.6, 0.2, 0.1, 0.1])
    wrong = rng.random(n_cells) < share
    given = np.where(wrong, (true + rng.integers(1, 4, n_cells)) % n_classes, true)
    shares = np.bincount(given) / n_cells  # what a classifier learns
    errors = probability_of_error(shares[given], n_classes, share)
    for label in range(n_classes):
        own = given == label
        assert_allclose(errors[own].mean(), wrong[own].mean(), atol=0.01)


@pytest.mark.parametrize("n_classes", [2, 3, 100])
def test_an_error_is_less_probable_the_more_probable_the_label(n_classes):
    errors = probability_of_error(np.linspace(0, 1, 50), n_classes, 0.05)
    assert errors[0] == 1
    assert errors[-1] == 0
    assert (np.diff(errors) <= 0).all()
    assert ((errors >= 0) & (errors <= 1)).all()


def test_a_low_probability_says_less_among_many_classes():
    few, many = (probability_of_error(np.array([0.1]), n, 0.05) for n in (2, 20))
    assert few[0] > 5 * many[0]


def test_a_larger_expected_share_makes_labels_more_doubtful():
    low, high = (found(wrong_share=share, n_issues=2) for share in (0.01, 0.3))
    assert_array_equal(low.rows, high.rows)
    assert low.scores[1] < 0.9 < high.scores[1]


def test_equal_scores_are_ranked_by_the_probability_of_the_label():
    rows = np.array([[0.96, 0.04], [0.99, 0.01], [0.97, 0.03], [0.1, 0.9]])
    model = Probabilities(["mood"], [MOODS])
    issues = find_label_issues(
        model, rows, {"mood": ["good"] * 3 + ["bad"]}, cv="prefit", other_tasks=False
    )
    assert_array_equal(issues.scores[:3], 1)
    assert issues.rows[:3].tolist() == [1, 2, 0]


def test_the_number_of_cells_can_be_chosen():
    whole = found(n_issues=7)
    assert (np.diff(whole.harms) <= 0).all()
    for number, expected in ((1, 1), (3, 3), (0.4, 3), (0.01, 1)):
        part = found(n_issues=number)
        assert list(part) == list(whole)[:expected]


def test_harm_weighs_tasks():
    plain = found(n_issues=7)
    weighed = found(n_issues=7, harm={"level": 3})
    assert weighed.tasks[0] == "level"
    assert_allclose(
        weighed.harms, weighed.scores * np.where(weighed.tasks == "level", 3, 1)
    )
    assert_array_equal(np.sort(weighed.scores), np.sort(plain.scores))
    by_task = found(n_issues=7, harm="tasks")
    factor = np.where(by_task.tasks == "mood", 3.5 / 3, 3.5 / 4)
    assert_allclose(by_task.harms, by_task.scores * factor)


def test_only_some_tasks_are_judged():
    issues = found(tasks=["level"], n_issues=4)
    assert set(issues.tasks) == {"level"}
    assert issues.n_judged == 4


def test_labels_of_other_tasks_reveal_errors():
    """The classifier knows nothing, but one task repeats the other."""
    true = np.random.default_rng(0).integers(2, size=300)
    given = true.copy()
    given[:6] = 1 - given[:6]
    y = {"mood": np.array(MOODS)[given], "level": true}
    rows = np.column_stack([np.full((300, 2), 1 / 2), np.full((300, 3), 1 / 3)])
    issues = found(rows, y, other_tasks=True, n_issues=12)
    assert set(issues.rows) == set(range(6))  # either label may be wrong
    alone = found(rows, y, n_issues=0.5)
    assert len(set(alone.scores)) == 1


def test_planted_errors_come_first():
    texts = ["a fine phone", "a bad phone", "a fine film", "a bad film"] * 25
    tone, topic = ["good", "bad"] * 50, ["tech", "tech", "art", "art"] * 25
    for row in (10, 41, 77):
        tone[row] = {"good": "bad", "bad": "good"}[tone[row]]
    topic[5] = None
    classifier = MultiTaskTextClassifier(random_state=0)
    for y in (
        pd.DataFrame({"tone": tone, "topic": topic}, index=range(200, 300)),
        pl.DataFrame({"tone": tone, "topic": topic}),
    ):
        issues = find_label_issues(classifier, texts, y, n_issues=3, cv=3)
        assert sorted(issues.rows) == [10, 41, 77]
        assert set(issues.tasks) == {"tone"}
        assert all(type(label) is str for label in issues.suggested)
        assert not hasattr(classifier, "net_")
        frame = issues.to_frame()
        assert frame["suggested"].tolist() == issues.suggested.tolist()


@pytest.mark.parametrize(
    "classifier",
    [
        RandomForestClassifier(20, random_state=0),
        PerTask(LogisticRegression()),
        make_pipeline(PerTask(GaussianNB())),
    ],
)
def test_any_classifier_is_accepted(classifier):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(100, 2))
    y = (rows > 0).astype(int)
    y[7, 0] = 1 - y[7, 0]
    issues = find_label_issues(classifier, rows, y, n_issues=1)
    assert next(iter(issues))[:4] == (7, "task0", y[7, 0], 1 - y[7, 0])


def test_one_column_of_labels_is_enough():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(100, 2))
    y = rows[:, 0] > 0
    y[3] = ~y[3]
    issues = find_label_issues(LogisticRegression(), rows, y, n_issues=1)
    assert next(iter(issues))[:4] == (3, "task0", y[3], not y[3])


def test_rows_are_those_of_x_whatever_the_folds():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(90, 2))
    y = (rows[:, 0] > 0).astype(int)
    y[[5, 50]] = 1 - y[[5, 50]]
    for cv in (KFold(3, shuffle=True, random_state=0), [(range(45), range(45, 90))]):
        issues = find_label_issues(LogisticRegression(), rows, y, cv=cv, n_issues=1)
        assert issues.rows[0] in (5, 50)
    assert issues.rows[0] == 50  # only the second half is judged
    assert issues.n_judged == 45


def test_several_labels_in_a_cell():
    """The suggestion adds or removes the doubtful labels, in the type of the cells."""
    texts = ["red", "blue", "red blue", "green"] * 15
    labels = [["r"], ["b"], ["b", "r"], []] * 15
    labels[8], labels[13] = ["b", "r"], []
    y = {"colours": labels, "long": [False, False, True, False] * 15}
    classifier = MultiTaskTextClassifier(random_state=0)
    issues = find_label_issues(classifier, texts, y, n_issues=2, cv=3)
    assert dict(zip(issues.rows, issues.suggested, strict=True)) == {
        8: ["r"],
        13: ["b"],
    }
    assert dict(zip(issues.rows, issues.given, strict=True)) == {8: ["b", "r"], 13: []}


def test_labels_that_were_not_learnt_are_not_judged():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 2))
    y = {"a": (rows[:, 0] > 0).astype(int), "b": (rows[:, 1] > 0).astype(int)}
    y["a"][0] = 2
    with pytest.warns(UserWarning, match=r"not judged .* by task: \{'a': 1\}"):
        issues = find_label_issues(PerTask(GaussianNB()), rows, y, n_issues=120)
    assert len(issues) == issues.n_judged == 119
    assert (0, "a") not in set(zip(issues.rows, issues.tasks, strict=True))
    more = {"a": np.append(y["a"], 2), "b": np.append(y["b"], 1)}
    issues = find_label_issues(PerTask(GaussianNB()), [*rows, rows[0]], more)
    assert issues.n_judged == 122


def test_labels_of_sets_that_were_not_learnt_are_not_judged():
    texts = ["red", "blue", "red blue", "green"] * 10
    y = {"colours": [["r"], ["b"], ["b", "r"], []] * 10}
    y["colours"][7] = ["g"]
    classifier = MultiTaskTextClassifier(random_state=0)
    with pytest.warns(UserWarning, match=r"by task: \{'colours': 1\}"):
        issues = find_label_issues(classifier, texts, y, n_issues=39, cv=2)
    assert 7 not in issues.rows


def test_cells_of_weight_0_are_not_judged():
    weights = np.ones((4, 2))
    weights[2, 0] = 0
    issues = found(sample_weight=weights, n_issues=5)
    assert issues.n_judged == 6
    assert (2, "mood") not in set(zip(issues.rows, issues.tasks, strict=True))


def test_it_prints_as_a_table():
    shown = str(found())
    assert shown.splitlines()[0].split() == list(found().to_frame().columns)
    assert shown.splitlines()[1].split()[:4] == ["2", "mood", "good", "bad"]
    assert repr(found()) == shown
    many = found(np.tile(X, (4, 1)), {name: own * 4 for name, own in Y.items()},
                 n_issues=20)  # fmt: skip
    assert str(many).splitlines()[-1] == "... and 10 more"


def test_frames_need_pandas(monkeypatch):
    issues = found()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"sklearn-mtl\[pandas\].*or use rows, tasks"):
        issues.to_frame()
    assert issues.rows.tolist() == [2, 3]


WRONG = {
    "no probabilities": (
        lambda: find_label_issues(PerTask(LinearSVC()), X, Y),
        "PerTask has no predict_proba",
    ),
    "unknown score": (lambda: found(score="margin"), r"score must be one of \['error'"),
    "share of 0": (lambda: found(wrong_share=0), "wrong_share must be .* Got 0"),
    "share of a half": (lambda: found(wrong_share=0.5), "above 0 and below 0.5"),
    "unknown task": (lambda: found(tasks=["tone"]), r"tasks names unknown.*\['tone'\]"),
    "tasks as text": (lambda: found(tasks="mood"), "must be a list of names"),
    "no task": (lambda: found(tasks=[]), "must be a list of names"),
    "unknown harm": (lambda: found(harm={"tone": 2}), "harm names unknown tasks"),
    "harm of 0": (
        lambda: found(harm={"mood": 0}),
        r"positive numbers. Got \{'mood': 0",
    ),
    "harm as text": (
        lambda: found(harm="rows"),
        "harm must be None, 'tasks' or a dict",
    ),
    "no cell": (lambda: found(n_issues=0), "n_issues must be from 1 to 7"),
    "too many cells": (lambda: found(n_issues=8), "n_issues must be from 1 to 7"),
    "all cells": (
        lambda: found(n_issues=1.0),
        "share of them between 0 and 1. Got 1.0",
    ),
    "a truth value": (lambda: found(n_issues=True), "Got True"),
    "other rows": (lambda: found(X[:3]), r"inconsistent numbers of samples: \[3, 4\]"),
    "rows twice": (
        lambda: find_label_issues(
            PerTask(GaussianNB()), X, Y, cv=ShuffleSplit(5, test_size=2, random_state=0)
        ),
        "more than once, the first .* such as KFold",
    ),
    "one class": (
        lambda: found(y={**Y, "level": [0, 0, 0, 0]}),
        r"\{'level': 0\}.*Judge the others with tasks=\['mood'\]",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_used_is_refused(name):
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_a_task_with_one_class_can_be_left_out():
    y = {**Y, "level": [0, 0, 0, 0]}
    assert found(y=y, tasks=["mood"]).rows.tolist() == [2]


def test_nothing_is_fitted_before_arguments_are_checked():
    class Fitted(LogisticRegression):
        def fit(self, X, y):
            raise AssertionError("It was fitted.")

    rows, y = np.eye(10), [0, 1] * 5
    for wrong in ({"score": "x"}, {"harm": {"x": 1}}, {"n_issues": 11}, {"tasks": "a"},
                  {"cv": ShuffleSplit(5, random_state=0)}):  # fmt: skip
        with pytest.raises(ValueError, match=r"score|harm|n_issues|tasks|once"):
            find_label_issues(Fitted(), rows, y, **wrong)


CLEANLAB = importlib.util.find_spec("cleanlab") is not None
needs_cleanlab = pytest.mark.skipif(not CLEANLAB, reason="needs cleanlab")
SCORES = ["self_confidence", "normalized_margin", "confidence_weighted_entropy"]


@needs_cleanlab
@pytest.mark.parametrize("score", SCORES)
def test_scores_of_cleanlab_are_those_of_cleanlab(score):
    from cleanlab.filter import find_label_issues as issues_of_cleanlab
    from cleanlab.rank import get_label_quality_scores

    rng = np.random.default_rng(0)
    proba = rng.dirichlet([1, 1, 1], size=200)
    given = (rng.random((200, 1)) > proba.cumsum(axis=1)).sum(axis=1)
    model = Probabilities(["level"], [LEVELS])
    arguments = {"cv": "prefit", "score": score, "other_tasks": False}
    issues = find_label_issues(
        model, proba, {"level": given}, **arguments, n_issues=200
    )
    quality = get_label_quality_scores(given, proba, method=score)
    assert_allclose(issues.scores, 1 - quality[issues.rows])
    likely = find_label_issues(model, proba, {"level": given}, **arguments)
    expected = issues_of_cleanlab(given, proba, n_jobs=1)
    assert_array_equal(np.sort(likely.rows), np.flatnonzero(expected))
    assert 0 < len(likely) < 200


@needs_cleanlab
def test_cleanlab_judges_classes_of_one_label():
    proba = np.vstack([X[:, 2:]] * 10)
    given = proba.argmax(axis=1)
    given[given == 1] = 0
    given[[1, 0]] = 1, 2  # the only 1, which is right, and a wrong 2
    model = Probabilities(["level"], [LEVELS])
    issues = find_label_issues(
        model, proba, {"level": given}, cv="prefit", score="self_confidence"
    )
    assert len(issues)
    assert 1 not in issues.rows


@needs_cleanlab
def test_cells_of_several_labels_are_judged_by_cleanlab():
    from cleanlab.multilabel_classification import get_label_quality_scores

    rng = np.random.default_rng(0)
    texts = rng.choice(["red", "blue", "red blue", "green"], 80).tolist()
    y = {"colours": [[w for w in text.split() if w != "green"] for text in texts]}
    y["colours"][0] = ["blue", "red"] if texts[0] == "green" else []
    classifier = MultiTaskTextClassifier(random_state=0).fit(texts, y)
    issues = find_label_issues(
        classifier, texts, y, cv="prefit", score="self_confidence", other_tasks=False,
        n_issues=80,
    )  # fmt: skip
    labels = [[["blue", "red"].index(w) for w in cell] for cell in y["colours"]]
    quality = get_label_quality_scores(labels, classifier.predict_proba(texts)[0])
    assert_allclose(issues.scores, 1 - quality[issues.rows], atol=1e-6)
    assert issues.rows[0] == 0


def test_without_cleanlab_its_scores_are_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    message = r"score='normalized_margin' needs cleanlab.*\[cleanlab\].*score='error'"
    with pytest.raises(ImportError, match=message):
        found(score="normalized_margin")
    assert len(found(score="error")) == 2
