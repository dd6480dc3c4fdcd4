"""Tuned decisions of all tasks, against scikit-learn's for one column."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.metrics import (
    balanced_accuracy_score,
    f1_score,
    make_scorer,
    precision_score,
    recall_score,
)
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.naive_bayes import GaussianNB
from stated import Probabilities

from sklearn_mtl.decisions import TunedDecisionMultiTaskClassifier
from sklearn_mtl.decisions._given import Given
from sklearn_mtl.model_selection._per_task import PerTask

rng = np.random.default_rng(0)
X = rng.normal(size=(400, 3))
COLUMNS = {
    "mood": np.array(["good", "bad"])[(X[:, 0] + rng.normal(size=400) > 1) * 1],
    "spam": X[:, 1] + rng.normal(size=400) > 1,
    "size": np.digitize(X[:, 2] + rng.normal(size=400), [-0.5, 1.5]),
}
EMPTY = rng.random((400, 3)) < 0.3
Y = {
    name: np.where(EMPTY[:, k], None, column.astype(object))
    for k, (name, column) in enumerate(COLUMNS.items())
}
FOLD = np.arange(400) % 4
FOLDS = [(np.flatnonzero(k != FOLD), np.flatnonzero(k == FOLD)) for k in range(4)]
OF_BAD = make_scorer(f1_score, pos_label="bad")


def tuned(**parameters):
    return TunedDecisionMultiTaskClassifier(
        PerTask(GaussianNB()), **({"cv": FOLDS} | parameters)
    )


def prefit(X, labels, classes, **parameters):
    """Tune one task, y, whose probabilities are X."""
    model = TunedDecisionMultiTaskClassifier(
        Probabilities(["y"], [classes]),
        cv="prefit",
        **({"thresholds": 30} | parameters),
    )
    return model.fit(X, {"y": np.asarray(classes)[labels]})


@pytest.mark.parametrize("task", ["mood", "spam"])
@pytest.mark.parametrize(
    ("scoring", "thresholds"), [("balanced_accuracy", 7), ("f1_macro", 30)]
)
def test_binary_tasks_are_what_scikit_learn_gives(task, scoring, thresholds):
    ours = tuned(scoring={task: scoring}, thresholds=thresholds).fit(X, Y)
    there = np.array([cell is not None for cell in Y[task]])
    place = np.cumsum(there) - 1
    folds = [tuple(place[part[there[part]]] for part in fold) for fold in FOLDS]
    peer = TunedThresholdClassifierCV(
        GaussianNB(), scoring=scoring, thresholds=thresholds, cv=folds
    ).fit(X[there], COLUMNS[task][there])
    assert ours.best_decisions_[task] == pytest.approx(peer.best_threshold_, abs=1e-12)
    assert ours.best_score_[task] == pytest.approx(peer.best_score_, abs=1e-12)
    assert_array_equal(ours.predict(X, output="dict")[task], peer.predict(X))


def test_a_scorer_may_be_about_the_first_class():
    ours = tuned(scoring={"mood": OF_BAD}).fit(X, Y)
    there = ~EMPTY[:, 0]
    peer = TunedThresholdClassifierCV(
        GaussianNB().fit(X[there], COLUMNS["mood"][there]),
        scoring=OF_BAD,
        cv="prefit",
        refit=False,
    ).fit(X[there], COLUMNS["mood"][there])
    same = tuned(scoring={"mood": OF_BAD}, cv="prefit")
    same.set_params(estimator=PerTask(GaussianNB()).fit(X, Y)).fit(X, Y)
    assert same.best_decisions_["mood"] == pytest.approx(peer.best_threshold_)
    assert_array_equal(same.predict(X, output="dict")["mood"], peer.predict(X))
    assert ours.best_decisions_["spam"] is ours.best_decisions_["size"] is None


def test_tasks_that_scoring_does_not_name_keep_their_predictions():
    model = PerTask(GaussianNB()).fit(X, Y)
    ours = tuned(scoring={"size": "f1_macro"}, cv="prefit").set_params(estimator=model)
    found, before = ours.fit(X, Y).predict(X, output="dict"), model.predict(X)
    for task in ("mood", "spam"):
        assert_array_equal(found[task], before[task])
    assert (found["size"] != before["size"]).any()
    assert list(ours.best_score_) == ["size"]


@pytest.mark.parametrize("scoring", ["f1_macro", "balanced_accuracy"])
def test_weights_of_classes_raise_the_score(scoring):
    score = {
        "f1_macro": lambda true, own: f1_score(true, own, average="macro"),
        "balanced_accuracy": balanced_accuracy_score,
    }[scoring]
    generator = np.random.default_rng(2)
    prior = np.log([0.8, 0.15, 0.05])
    logits = generator.normal(size=(2000, 3)) + prior
    proba = softmax(logits, axis=1)
    labels = (generator.random((2000, 1)) > proba.cumsum(axis=1)).sum(axis=1)
    first, rest = slice(0, 1000), slice(1000, None)
    classes = ["a", "b", "c"]
    ours = prefit(proba[first], labels[first], classes, scoring=scoring)
    true = np.array(classes)[labels[rest]]
    own = ours.predict(proba[rest], output="dict")["y"]
    plain = np.array(classes)[proba[rest].argmax(axis=1)]
    assert score(true, own) > score(true, plain) + 0.05
    weights = ours.best_decisions_["y"]
    assert weights["a"] < weights["b"] < weights["c"]
    held = ours.predict(proba[first], output="dict")["y"]
    assert ours.best_score_["y"] == pytest.approx(
        score(np.array(classes)[labels[first]], held)
    )


def random_cells(n_classes, n_cells=600):
    generator = np.random.default_rng(3)
    proba = softmax(generator.normal(size=(n_cells, n_classes)) * 1.5, axis=1)
    labels = (generator.random((n_cells, 1)) > proba.cumsum(axis=1)).sum(axis=1)
    return proba, labels


@pytest.mark.parametrize("classes", [["no", "urgent"], ["low", "no", "urgent"]])
@pytest.mark.parametrize("metric", ["precision", "recall"])
def test_constraints_are_met_with_the_best_score(classes, metric):
    proba, labels = random_cells(len(classes))
    least = 0.85
    ours = prefit(
        proba,
        labels,
        classes,
        scoring="f1_macro",
        constraints={"y": {"urgent": {metric: least}}},
    )
    true = np.array(classes)[labels]
    own = ours.predict(proba, output="dict")["y"]
    measure = {"precision": precision_score, "recall": recall_score}[metric]
    reached = measure(true, own, labels=["urgent"], average=None)[0]
    assert least <= reached < least + 0.03  # not more than asked for
    free = prefit(proba, labels, classes, scoring="f1_macro")
    before = measure(
        true, free.predict(proba, output="dict")["y"], labels=["urgent"], average=None
    )
    assert before[0] < least
    assert ours.best_score_["y"] < free.best_score_["y"]


def test_an_infeasible_constraint_says_what_is_reachable():
    proba, labels = random_cells(2)
    labels[proba[:, 1].argsort()[-3:]] = 0  # the most confident cells are wrong
    best = max(
        precision_score(labels, proba[:, 1] >= t) for t in np.unique(proba[:, 1])
    )
    assert best < 1
    with pytest.raises(
        ValueError,
        match=r"constraints\['y'\]\['b'\]\['precision'\]: 1 is not reached on the 600 "
        rf"held-out cells.*best that is reachable is {best:.3f}",
    ):
        prefit(proba, labels, ["a", "b"], constraints={"y": {"b": {"precision": 1.0}}})


def test_two_constraints_that_exclude_each_other():
    proba, labels = random_cells(2)
    with pytest.raises(ValueError, match="with all constraints of the task"):
        prefit(
            proba,
            labels,
            ["a", "b"],
            constraints={"y": {"b": {"precision": 0.95, "recall": 0.9}}},
        )


def test_a_precision_of_few_cells_is_doubtful():
    proba = np.full((100, 2), 0.5)
    proba[:5] = [0.1, 0.9]
    proba[5:50] = [0.4, 0.6]
    labels = np.zeros(100, dtype=int)
    labels[:25] = 1
    with pytest.warns(UserWarning, match="only 5 held-out cell"):
        prefit(proba, labels, ["a", "b"], constraints={"y": {"b": {"precision": 0.99}}})


def test_costs_choose_the_lowest_expected_cost():
    proba, labels = random_cells(3)
    matrix = np.array([[0, 1, 4], [2, 0, 1], [9, 3, 0]])
    ours = prefit(proba, labels, ["a", "b", "c"], costs={"y": matrix})
    codes = (proba @ matrix).argmin(axis=1)
    own = ours.predict(proba, output="dict")["y"]
    assert_array_equal(own, np.array(["a", "b", "c"])[codes])
    assert ours.best_score_ == {}
    by_name = {"a": {"c": 4}, "b": {"a": 2}, "c": {"a": 9, "b": 3}}
    same = prefit(proba, labels, ["a", "b", "c"], costs={"y": by_name})
    assert_allclose(same.best_decisions_["y"], matrix)


def test_ordered_classes_are_decided_by_thresholds():
    generator = np.random.default_rng(0)
    place = generator.normal(size=900)
    exceeds = 1 / (1 + np.exp(-3 * (place[:, None] - [0.5, 1.5])))
    proba = -np.diff(exceeds, axis=1, prepend=1, append=0)
    labels = (generator.random((900, 1)) < exceeds).sum(axis=1)

    class Ordered(Probabilities):
        task_types_ = {"y": "ordinal"}

    model = TunedDecisionMultiTaskClassifier(Ordered(["y"], [[0, 1, 2]]), cv="prefit")
    ours = model.fit(proba, {"y": labels})
    median = (exceeds > 0.5).sum(axis=1)
    own = ours.predict(proba, output="dict")["y"]
    assert balanced_accuracy_score(labels, own) > balanced_accuracy_score(
        labels, median
    )
    low, high = ours.best_decisions_["y"].values()
    assert_array_equal(
        own, np.where(exceeds[:, 0] <= low, 0, 1 + (exceeds[:, 1] > high))
    )


def test_labels_of_sets_have_a_threshold_each():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(800, 2)) - [0, 2]
    proba = 1 / (1 + np.exp(-logits))
    held = generator.random((800, 2)) < proba
    cells = [{"x", "y"} & set(np.array(["x", "y"])[row]) for row in held]
    model = Probabilities(["y"], [["x", "y"]])
    ours = TunedDecisionMultiTaskClassifier(
        model, cv="prefit", scoring="f1", constraints={"y": {"y": {"recall": 0.9}}}
    ).fit(proba, {"y": cells})
    own = ours.predict(proba, output="dict")["y"]
    alone = TunedThresholdClassifierCV(
        Given([False, True]), scoring="f1", cv="prefit", refit=False
    ).fit(np.column_stack([1 - proba[:, 0], proba[:, 0]]), held[:, 0])
    assert_array_equal(
        ["x" in cell for cell in own], proba[:, 0] >= alone.best_threshold_
    )
    assert 0.9 <= recall_score(held[:, 1], ["y" in cell for cell in own]) < 0.93
    assert ours.best_decisions_["y"].keys() == {"x", "y"}


def test_weights_count_in_scores_and_constraints():
    proba, labels = random_cells(2)
    weights = np.where(labels == 1, 5.0, 1.0)
    model = Probabilities(["y"], [["a", "b"]])
    scoring = make_scorer(f1_score, pos_label="b")
    found = []
    for repeated in (False, True):
        times = np.where(labels == 1, 5, 1) if repeated else np.ones(len(labels), int)
        rows = np.repeat(np.arange(len(labels)), times)
        options = {} if repeated else {"sample_weight": weights}
        for constraints in (None, {"y": {"b": {"precision": 0.97}}}):
            ours = TunedDecisionMultiTaskClassifier(
                model,
                cv="prefit",
                scoring=scoring,
                constraints=constraints,
                thresholds=20,
            ).fit(proba[rows], {"y": np.array(["a", "b"])[labels[rows]]}, **options)
            found.append(ours.predict(proba, output="dict")["y"])
    assert_array_equal(found[0], found[2])
    assert_array_equal(found[1], found[3])
    assert (found[0] != found[1]).any()


def test_tasks_with_one_label_are_named_and_left():
    labels = Y | {"size": np.where(EMPTY[:, 2], None, 1)}
    with pytest.warns(UserWarning, match=r"task\(s\) \['size'\] have one label only"):
        ours = tuned(thresholds=5).fit(X, labels)
    assert ours.best_decisions_["size"] is None
    assert (ours.predict(X, output="dict")["size"] == 1).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"scoring": {"tone": "accuracy"}}, r"scoring names unknown tasks \['tone'\]"),
        ({"costs": {"tone": [[0]]}}, r"costs names unknown tasks \['tone'\]"),
        ({"constraints": {"tone": {}}}, r"constraints names unknown tasks \['tone'\]"),
        (
            {"constraints": {"mood": {"fine": {"recall": 0.5}}}},
            r"constraints\['mood'\]\['fine'\]: 'fine' is not a class.*'bad', 'good'",
        ),
        (
            {"constraints": {"mood": {"bad": {"f1": 0.5}}}},
            r"must name 'precision' or 'recall'\. Got 'f1'",
        ),
        (
            {"constraints": {"mood": {"bad": {"recall": 90}}}},
            r"\['recall'\] must be above 0 and at most 1\. Got 90",
        ),
        ({"constraints": {"mood": ("bad", 0.9)}}, "must be a dict that is not empty"),
        ({"costs": {"size": [[0, 1], [1, 0]]}}, r"shape \(3, 3\)\. Got shape \(2, 2\)"),
        ({"costs": {"mood": {"bad": {"fine": 2}}}}, "'fine' is not a class"),
        ({"costs": {"mood": {"bad": 3}}}, r"must be a dict \{predicted: cost\}"),
        ({"costs": {"mood": [[0, np.nan], [1, 0]]}}, "holds NaN or infinity"),
        ({"costs": {"mood": [["a", "b"], [1, 0]]}}, "must hold numbers"),
        (
            {
                "costs": {"mood": [[0, 1], [1, 0]]},
                "constraints": {"mood": {"bad": {"recall": 0.5}}},
            },
            r"task\(s\) \['mood'\] have costs and constraints",
        ),
        ({"scoring": {"mood": None}}, "scoring must be a name or a scorer"),
        ({"scoring": "f1_makro"}, "f1_makro"),
    ],
)
def test_bad_parameters_are_found_before_any_fit(parameters, message):
    class NeverFitted(PerTask):
        def fit(self, X, y):
            raise AssertionError("the parameters were not checked first")

    model = TunedDecisionMultiTaskClassifier(NeverFitted(GaussianNB()), **parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)


@pytest.mark.parametrize(
    ("scoring", "task"), [("f1", "mood"), ("roc_auc", "size"), ("f1", "size")]
)
def test_a_score_that_does_not_fit_a_task_names_it(scoring, task):
    with pytest.raises(
        ValueError, match=f"decisions of task '{task}' cannot be chosen"
    ):
        tuned(scoring={task: scoring}).fit(X, Y)
