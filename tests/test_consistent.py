"""Labels of several tasks that do not contradict each other."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from stated import Probabilities

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.decisions import (
    AbstainingMultiTaskClassifier,
    CalibratedMultiTaskClassifier,
    ConsistentMultiTaskClassifier,
    TunedDecisionMultiTaskClassifier,
)
from sklearn_mtl.decisions._emptied import emptied
from sklearn_mtl.decisions._scores import decision_scores
from sklearn_mtl.labels._missing import find_empty
from sklearn_mtl.labels._tables import as_label_table
from sklearn_mtl.metrics import hierarchical_scorer
from sklearn_mtl.model_selection._per_task import PerTask

CONDITIONS = {
    "kind": ("sexist", "yes"),
    "detail": ("kind", {"slur": ["c"], "threat": ["a", "b"]}),
}
NAMES = ["sexist", "kind", "detail"]
MODEL = Probabilities(NAMES, [["no", "yes"], ["slur", "threat"], ["a", "b", "c"]])
rng = np.random.default_rng(0)
X = np.hstack([rng.dirichlet(np.ones(size), size=200) for size in (2, 2, 3)])
Y = {
    "sexist": ["yes", "yes", "no", "yes"] * 50,
    "kind": ["slur", "threat", None, "threat"] * 50,
    "detail": ["c", "a", None, "b"] * 50,
}
TEXTS = ["you cow", "hit you", "nice day", "kick you"] * 50


def around(model=MODEL, conditions=CONDITIONS):
    return ConsistentMultiTaskClassifier(FrozenEstimator(model), conditions)


def contradictions(labels):
    """Return how many rows contradict CONDITIONS."""
    columns = (map(str, labels[name]) for name in NAMES)
    good = {
        ("no", "None", "None"),
        ("yes", "slur", "c"),
        ("yes", "threat", "a"),
        ("yes", "threat", "b"),
    }
    return sum(row not in good for row in zip(*columns, strict=True))


def network(**parameters):
    return MultiTaskTextClassifier(max_iter=8, random_state=0, **parameters)


@pytest.fixture(scope="module")
def fitted():
    return ConsistentMultiTaskClassifier(network(), CONDITIONS).fit(TEXTS, Y)


def test_no_row_contradicts_another_cell():
    found = around().fit(X, Y)
    plain, labels = MODEL.predict(X), found.predict(X, output="dict")
    assert contradictions(plain) > 100
    assert contradictions(labels) == 0
    assert_array_equal(labels["sexist"], plain["sexist"])
    assert_array_equal(find_empty(labels["kind"]), labels["sexist"] == "no")


def test_rows_without_a_contradiction_keep_their_labels():
    sure = np.repeat([[0.1, 0.9, 0.2, 0.8, 0.2, 0.7, 0.1]], 3, axis=0)
    found = around().fit(X, Y).predict(sure)
    assert found.tolist() == [["yes", "threat", "b"]] * 3


def test_learnt_conditions():
    conditions = {"kind": "sexist", "detail": "kind"}
    found, stated = around(conditions=conditions).fit(X, Y), around().fit(X, Y)
    assert found.conditions_ == stated.conditions_
    assert list(found.conditions_) == ["kind", "detail"]
    assert_array_equal(found.predict(X), stated.predict(X))


def test_probabilities_add_up_to_those_of_a_label():
    found = around().fit(X, Y)
    proba = found.predict_proba(X, output="dict")
    assert_allclose(proba["sexist"], X[:, :2])
    for name in ("kind", "detail"):
        assert_allclose(proba[name].sum(axis=1), X[:, 1])
    assert_allclose(proba["detail"][:, :2].sum(axis=1), proba["kind"][:, 1])
    for own, other in zip(found.predict_proba(X), proba.values(), strict=True):
        assert_array_equal(own, other)


def test_known_labels_are_kept_and_the_others_follow():
    found = around().fit(X, Y)
    known = {"detail": ["a", None] * 100}
    labels = found.predict(X, output="dict", known=known)
    for name, own in (("sexist", "yes"), ("kind", "threat"), ("detail", "a")):
        assert set(labels[name][::2]) == {own}
    assert contradictions(labels) == 0
    free = found.predict(X, output="dict")
    for name in NAMES:
        assert labels[name][1::2].tolist() == free[name][1::2].tolist()
    proba = found.predict_proba(X, output="dict", known={"kind": ["slur"] * 200})
    assert_allclose(proba["sexist"], [[0, 1]] * 200)
    assert_allclose(proba["detail"], [[0, 0, 1]] * 200)
    given = found.predict_proba(X, output="dict", known={"sexist": ["yes"] * 200})
    assert_allclose(given["detail"].sum(axis=1), 1)


def test_known_labels_in_any_container():
    found = around().fit(X, Y)
    known = {"sexist": ["yes", None] * 100, "kind": [None, "slur"] * 100}
    wanted = found.predict(X, known=known).tolist()
    for own in (pd.DataFrame(known), pl.DataFrame(known)):
        assert found.predict(X, known=own).tolist() == wanted
    array = np.array([*known.values(), [None] * 200], dtype=object).T
    assert found.predict(X, known=array).tolist() == wanted


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (
            {"sexist": ["no", "yes"], "kind": ["slur", "slur"]},
            r"row\(s\) \[0\] contradict the conditions\. Got {'sexist': 'no', "
            r"'kind': 'slur'} in row 0\. Correct one of these labels, or empty its",
        ),
        ({"sexist": [None, "no"], "detail": ["b", "a"]}, r"row\(s\) \[1\] contradict"),
        ({"kind": ["slur", None], "detail": ["a", "a"]}, r"row\(s\) \[0\] contradict"),
        ({"sexist": ["no"]}, "must have a row for each row of X. Got 1 and 2"),
        ({"mood": ["no", "no"]}, r"known names unknown tasks \['mood'\]"),
        (
            {"kind": ["insult", None]},
            r"known\['kind'\] holds labels that did not occur in fit: \['insult'\] in "
            r"row\(s\) \[0\]\. The classes are \['slur', 'threat'\]",
        ),
        ([["yes"], ["no"]], "known must have a column for each of the 3 tasks"),
    ],
)
def test_bad_known_labels(known, message):
    found = around().fit(X, Y)
    with pytest.raises(ValueError, match=message):
        found.predict(X[:2], known=known)


def test_an_emptied_cell_mends_known_labels():
    found = around().fit(X, Y)
    labels = found.predict(X[:1], known={"sexist": [None], "kind": ["slur"]})
    assert labels.tolist() == [["yes", "slur", "c"]]


def test_labels_that_contradict_do_not_train():
    wrong = {**Y, "kind": ["slur", "threat", "slur", "threat"] * 50}
    conditions = {"kind": CONDITIONS["kind"]}
    found = ConsistentMultiTaskClassifier(network(), conditions)
    with pytest.warns(UserWarning, match=r"50 label\(s\) of 'kind' contradict"):
        found.fit(TEXTS, wrong)
    plain = ConsistentMultiTaskClassifier(network(), conditions).fit(TEXTS, Y)
    for own, other in zip(
        found.predict_proba(TEXTS), plain.predict_proba(TEXTS), strict=True
    ):
        assert_array_equal(own, other)
    with pytest.warns(UserWarning, match="contradict"):
        around(conditions=conditions).fit(X, wrong)


def test_a_task_without_labels_left():
    wrong = {**Y, "kind": [None, None, "slur", None] * 50}
    with pytest.raises(ValueError, match=r"All 50 label\(s\) of 'kind' are in rows"):
        around(conditions={"kind": ("sexist", "yes")}).fit(X, wrong)


def test_a_label_in_place_of_an_empty_cell():
    labels = {"sexist": Y["sexist"], "kind": [own or "none" for own in Y["kind"]]}
    conditions = {"kind": ("sexist", {"no": ["none"], "yes": ["slur", "threat"]})}
    found = ConsistentMultiTaskClassifier(network(), conditions).fit(TEXTS, labels)
    predicted = found.predict(TEXTS[:4])
    assert predicted.tolist() == list(map(list, zip(*labels.values(), strict=True)))[:4]


@pytest.mark.parametrize("kind", [dict, pd.DataFrame, pl.DataFrame, pa.table])
def test_labels_come_back_in_their_container(kind, fitted):
    found = ConsistentMultiTaskClassifier(network(), CONDITIONS).fit(TEXTS, kind(Y))
    output = "dict" if kind is dict else "frame"
    labels = found.predict(TEXTS[:4], output=output)
    assert isinstance(labels, type(kind(Y)))
    wanted = fitted.predict(TEXTS[:4], output="dict")
    for name in NAMES:
        own = [None if own != own else own for own in list(map(_plain, labels[name]))]
        assert own == wanted[name].tolist()


def _plain(cell):
    return cell.as_py() if hasattr(cell, "as_py") else cell


def test_arrays_and_marked_cells():
    marked = np.array([[own or "-" for own in column] for column in Y.values()]).T
    conditions = {
        "task1": ("task0", "yes"),
        "task2": ("task1", {"slur": ["c"], "threat": ["a", "b"]}),
    }
    found = ConsistentMultiTaskClassifier(network(missing_label="-"), conditions)
    predicted = found.fit(TEXTS, marked).predict(TEXTS[:4])
    assert predicted.tolist() == marked[:4].tolist()
    assert found.score(TEXTS, marked) == 1


def test_the_score_counts_a_missing_label_as_wrong():
    found = around().fit(X, Y)
    labels = found.predict(X, output="dict")
    own = [
        np.mean([a == b for a, b in zip(Y[name], labels[name], strict=True) if a])
        for name in NAMES
    ]
    assert found.score(X, Y) == pytest.approx(np.mean(own))
    contradicting = {**Y, "kind": ["slur", "threat", "slur", "threat"] * 50}
    assert found.score(X, contradicting) == pytest.approx(found.score(X, Y))


def test_cells_of_several_labels():
    tags = [["x"], ["x", "y"], [], ["y"]] * 50
    labels = {"sexist": Y["sexist"], "kind": Y["kind"], "tags": tags}
    conditions = {"kind": "sexist", "tags": ("kind", {"slur": ["x"], "threat": ["y"]})}
    found = ConsistentMultiTaskClassifier(network(), conditions)
    with pytest.warns(UserWarning, match=r"50 label\(s\) of 'tags' contradict"):
        found.fit(TEXTS, labels)
    predicted = found.predict(TEXTS, output="dict")
    for kind, own in zip(predicted["kind"], predicted["tags"], strict=True):
        assert (
            own is None
            if kind is None
            else set(own) <= {"slur": {"x"}}.get(kind, {"y"})
        )
    proba = found.predict_proba(TEXTS, output="dict")
    assert (proba["tags"] <= proba["sexist"][:, [1]] + 1e-12).all()
    assert 0 < found.score(TEXTS, labels) <= 1
    known = {"kind": ["slur"] * 200}
    assert {tuple(own) for own in found.predict(TEXTS, "dict", known)["tags"]} <= {
        (),
        ("x",),
    }
    with pytest.raises(ValueError, match=r"known\['tags'\]: the cells of this task"):
        found.predict(TEXTS[:1], known={"tags": [["x"]]})
    with pytest.raises(ValueError, match="cells of 'tags' hold several labels"):
        ConsistentMultiTaskClassifier(network(), {"kind": ("tags", "x")}).fit(
            TEXTS, labels
        )


@pytest.mark.parametrize(
    "model",
    [
        PerTask(GaussianNB()),
        make_pipeline(StandardScaler(), PerTask(LogisticRegression())),
        TunedDecisionMultiTaskClassifier(PerTask(GaussianNB()), cv=2, thresholds=5),
        CalibratedMultiTaskClassifier(PerTask(GaussianNB()), cv=2),
    ],
    ids=["per task", "pipeline", "tuned", "calibrated"],
)
def test_around_other_classifiers(model):
    found = ConsistentMultiTaskClassifier(model, CONDITIONS).fit(X, Y)
    assert contradictions(found.predict(X, output="dict")) == 0
    scores = decision_scores(found.targets_, found.estimator_, X)
    codes = found.targets_.codes(found.estimator_, X)
    assert_array_equal(np.column_stack([own.argmax(axis=1) for own in scores]), codes)


@pytest.mark.parametrize(
    "parameters", [{}, {"logit_adjustment": 0.5}, {"task_types": {"detail": "ordinal"}}]
)
def test_scores_agree_with_the_decisions_of_a_network(parameters):
    numbers = {
        **Y,
        "detail": [{"a": 1, "b": 2, "c": 3}.get(own) for own in Y["detail"]],
    }
    texts = [f"{text} {k % 7}" for k, text in enumerate(TEXTS)]
    found = ConsistentMultiTaskClassifier(
        network(**parameters), {"kind": "sexist", "detail": "kind"}
    ).fit(texts, numbers)
    unsure = [" ".join(rng.choice(" ".join(TEXTS[:4]).split(), 3)) for _ in range(99)]
    scores = decision_scores(found.targets_, found.estimator_, unsure)
    codes = found.targets_.codes(found.estimator_, unsure)
    for own, code in zip(scores, codes.T, strict=True):
        assert_array_equal(own.argmax(axis=1), code)
        assert_allclose(own.sum(axis=1), 1, atol=1e-6)


def test_it_goes_around_others_and_not_inside():
    inside = around().fit(X, Y)
    careful = AbstainingMultiTaskClassifier(FrozenEstimator(inside), coverage=0.5)
    with pytest.raises(ValueError, match=r"leaves cells empty, in row\(s\) \["):
        careful.fit(X, Y)
    careful = AbstainingMultiTaskClassifier(FrozenEstimator(MODEL), coverage=0.5)
    found = around(careful.fit(X, Y)).fit(X, Y)  # as the advice says
    assert contradictions(found.predict(X, output="dict")) == 0


def test_stated_conditions_may_come_from_a_fit():
    found = around(conditions={"kind": "sexist", "detail": "kind"}).fit(X, Y)
    again = around(conditions=found.conditions_).fit(X, Y)
    assert again.conditions_ == found.conditions_


def test_equal_scores_keep_the_predicted_label():
    class Second(Probabilities):
        def predict(self, X):
            return {name: np.full(len(X), own[1]) for name, own in self._named()}

        def _named(self):
            return zip(self.names, self.classes_, strict=True)

    model = Second(NAMES, MODEL.classes)
    found = around(model).fit(X, Y)
    even = np.repeat([[0.5, 0.5, 0.5, 0.5, 0.25, 0.5, 0.25]], 2, axis=0)
    assert found.predict(even).tolist() == [["yes", "threat", "b"]] * 2


def test_clone_pickle_and_search(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.predict(TEXTS), fitted.predict(TEXTS))
    fresh = clone(fitted)
    assert fresh.conditions == CONDITIONS
    assert not hasattr(fresh, "conditions_")
    search = GridSearchCV(
        ConsistentMultiTaskClassifier(PerTask(GaussianNB()), CONDITIONS),
        {"estimator__estimator__var_smoothing": [1e-9, 1e-3]},
        scoring=hierarchical_scorer(),
        cv=KFold(2),
    ).fit(X, pd.DataFrame(Y))
    assert 0 < search.best_score_ < 1


def test_a_fit_that_fails_changes_nothing(fitted):
    before = fitted.predict(TEXTS)
    for labels, message in (
        ({**Y, "kind": [None] * 200}, r"task\(s\) \['kind'\] have no labelled row"),
        ({**Y, "sexist": [None] * 200}, r"task\(s\) \['sexist'\] have no labelled row"),
        ({**Y, "sexist": ["no"] * 200}, r"names \['yes'\], which no row of y has"),
        ({name: own[:9] for name, own in Y.items()}, "inconsistent numbers of"),
    ):
        with pytest.raises(ValueError, match=message):
            fitted.fit(TEXTS, labels)
    assert_array_equal(fitted.predict(TEXTS), before)
    with pytest.raises(ValueError, match="conditions must be a dict"):
        ConsistentMultiTaskClassifier(network(), None).fit(TEXTS, Y)


def test_weights_reach_the_classifier():
    weights = np.where(np.arange(200) < 100, 0.0, 1.0)
    found = ConsistentMultiTaskClassifier(network(), CONDITIONS)
    found.fit(TEXTS, Y, sample_weight=weights)
    plain = network().fit(TEXTS, Y, sample_weight=weights)
    own, other = (each.predict_proba(TEXTS)[0] for each in (found, plain))
    assert_allclose(own, other, atol=1e-6)
    model = ConsistentMultiTaskClassifier(PerTask(GaussianNB()), CONDITIONS)
    with pytest.warns(UserWarning, match="weights other than 0 do not count"):
        model.fit(X, Y, sample_weight=weights)


ORDERED = pd.CategoricalDtype(["low", "high"], ordered=True)
ARROW = pa.DictionaryArray.from_arrays(
    pa.array([0, 1, None, 1]), ["low", "high"], ordered=True
)
CELLS = {"size": ["low", "high", None, "high"], "tags": [["b", "a"], [], ["a"], None]}
EMPTY = np.array([[1, 0], [0, 0], [0, 1], [0, 0]], dtype=bool)
LEFT = {"size": [None, "high", None, "high"], "tags": [{"a", "b"}, set(), None, None]}


@pytest.mark.parametrize(
    "labels",
    [
        CELLS,
        pd.DataFrame(CELLS).astype({"size": ORDERED}).set_axis([3, 1, 4, 5]),
        pl.DataFrame(CELLS, schema_overrides={"size": pl.Enum(["low", "high"])}),
        dict(enumerate(CELLS.values())),
        pa.table(CELLS),
        pa.table({**CELLS, "size": ARROW}),
        pa.RecordBatch.from_pydict({**CELLS, "size": ARROW}),
        {**CELLS, "size": pd.Series(CELLS["size"], index=[3, 1, 4, 5], dtype=ORDERED)},
        {**CELLS, "size": pd.Categorical(CELLS["size"], dtype=ORDERED)},
        {**CELLS, "size": pl.Series(CELLS["size"], dtype=pl.Enum(["low", "high"]))},
        {**CELLS, "size": ARROW},
        {**CELLS, "size": pa.chunked_array([ARROW])},
    ],
)
def test_emptied_cells_in_any_container(labels):
    before = as_label_table(labels)
    assert emptied(labels, before, np.zeros_like(EMPTY)) is labels
    found = emptied(labels, before, EMPTY)
    after = as_label_table(found)
    assert after.orders == before.orders
    for k, wanted in enumerate(LEFT.values()):
        own = np.where(after.missing[:, k], None, after.columns[k]).tolist()
        assert own == wanted
    if before.container == "frame":
        assert isinstance(found, type(labels))
    if hasattr(labels, "iloc"):
        assert found.index.tolist() == labels.index.tolist()


def test_emptied_arrays_keep_their_labels():
    for labels in ([[1, 5], [2, 6]], [["a", 1], ["b", 2]], [[1.5e300, 2], [3, 4]]):
        table = as_label_table(np.array(labels, dtype=object))
        found = emptied(labels, table, np.array([[0, 1], [0, 0]], dtype=bool))
        assert found.tolist() == [[labels[0][0], None], labels[1]]
