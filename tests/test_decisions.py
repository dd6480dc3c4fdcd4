"""What all classifiers around a classifier have in common."""

import pickle
from contextlib import nullcontext

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.decisions import (
    AbstainingMultiTaskClassifier,
    CalibratedMultiTaskClassifier,
    ConformalMultiTaskClassifier,
    TunedDecisionMultiTaskClassifier,
)
from sklearn_mtl.labels._missing import find_empty
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import task_view
from sklearn_mtl.model_selection._per_task import PerTask

AROUND = {
    "calibrated": (CalibratedMultiTaskClassifier, {}),
    "tuned": (TunedDecisionMultiTaskClassifier, {"thresholds": 10}),
    "abstaining": (AbstainingMultiTaskClassifier, {"coverage": 0.9}),
    "conformal": (ConformalMultiTaskClassifier, {"coverage": 0.9}),
}

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 3))
CODES = (X[:, :2] + 0.7 * rng.normal(size=(300, 2)) > 0).astype(int)
WORDS = np.array(["no", "yes"])[CODES[:, 0]]


def around(name, estimator, **parameters):
    kind, own = AROUND[name]
    return kind(estimator, **(own | parameters))


@pytest.fixture(params=AROUND)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def network():
    texts, codes = make_multitask_texts(120, n_tasks=2, n_classes=2, random_state=0)
    classifier = MultiTaskTextClassifier(max_iter=20, random_state=0)
    return texts, codes, classifier


@pytest.mark.parametrize(
    "estimator",
    [
        MultiOutputClassifier(LogisticRegression()),
        RandomForestClassifier(10, max_depth=3, random_state=0),
        ClassifierChain(LogisticRegression()),
        PerTask(GaussianNB()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_any_classifier_of_several_columns(name, estimator):
    found = around(name, estimator.fit(X[:150], CODES[:150]), cv="prefit")
    found.fit(X[150:], CODES[150:])
    assert is_classifier(found)
    assert [own.tolist() for own in found.classes_] == [[0, 1], [0, 1]]
    assert found.predict(X).shape == (300, 2)
    for own in found.predict_proba(X):
        assert_allclose(own.sum(axis=1), 1)
    assert found.score(X, CODES) > 0.7


def containers(texts, codes):
    words = np.array(["no", "yes"])[codes[:, 0]].astype(object)
    words[::5] = None
    labels = {"mood": words, "level": codes[:, 1]}
    return {
        "dict": labels,
        "pandas": pd.DataFrame(labels),
        "polars": pl.DataFrame({n: c.tolist() for n, c in labels.items()}),
        "array": np.where(np.arange(len(codes))[:, None] % 5 == 0, np.nan, codes),
        "vector": codes[:, 0],
    }


@pytest.mark.parametrize("container", ["dict", "pandas", "polars", "array", "vector"])
def test_labels_come_back_in_their_container(name, container, network):
    texts, codes, classifier = network
    labels = containers(texts, codes)[container]
    parameters, warns = {"cv": 2}, nullcontext()
    if name == "conformal":
        parameters = {"cv": 0.5, "random_state": 0, "coverage": 0.6}
        warns = pytest.warns(UserWarning, match="labelled held-out cells")
    with warns:
        found = around(name, classifier, **parameters).fit(texts, labels)
    plain = classifier.fit(texts, labels)
    output = "frame" if container in ("pandas", "polars") else "array"
    own, other = (one.predict(texts, output=output) for one in (found, plain))
    assert type(own) is type(other)
    assert np.shape(own) == np.shape(other)
    if output == "frame":
        assert list(own.columns) == ["mood", "level"]
    proba, others = found.predict_proba(texts), plain.predict_proba(texts)
    assert type(proba) is type(others)
    assert np.shape(proba) == np.shape(others)
    if container != "vector":
        named = found.predict_proba(texts, output="dict")
        assert list(named) == found.task_names_ == plain.task_names_
    assert 0 <= found.score(texts, labels) <= 1


def test_clone_and_pickle(name):
    found = around(name, PerTask(GaussianNB()).fit(X, CODES), cv="prefit").fit(X, CODES)
    again = pickle.loads(pickle.dumps(found))
    for method in ("predict", "predict_proba"):
        assert_array_equal(getattr(again, method)(X), getattr(found, method)(X))
    fresh = clone(found)
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    with pytest.raises(NotFittedError):
        fresh.classes_  # noqa: B018


def test_a_frozen_estimator_is_used_as_it_is(name):
    model = PerTask(GaussianNB()).fit(X[:150], CODES[:150])
    found = around(name, FrozenEstimator(model)).fit(X[150:], CODES[150:])
    same = around(name, model, cv="prefit").fit(X[150:], CODES[150:])
    assert_array_equal(found.predict(X), same.predict(X))
    assert_array_equal(found.predict_proba(X), same.predict_proba(X))


def test_one_fit_for_each_fold_and_not_for_each_task():
    fits = []

    class Counting(PerTask):
        def fit(self, X, y):
            fits.append(len(X))
            return super().fit(X, y)

    labels = {f"t{k}": CODES[:, k % 2] for k in range(5)}
    model = Counting(GaussianNB())
    CalibratedMultiTaskClassifier(model, cv=3).fit(X, labels)
    assert fits == [200] * 3
    CalibratedMultiTaskClassifier(model, cv=3, ensemble=False).fit(X, labels)
    TunedDecisionMultiTaskClassifier(model, cv=3, thresholds=5).fit(X, labels)
    AbstainingMultiTaskClassifier(model, coverage=0.5, cv=3).fit(X, labels)
    assert fits[3:] == [200, 200, 200, 300] * 3
    AbstainingMultiTaskClassifier(model, min_confidence=0.5).fit(X, labels)
    assert fits[15:] == [300]


def test_searches_pipelines_and_scorers():
    model = CalibratedMultiTaskClassifier(PerTask(GaussianNB()), cv=2)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), model),
        {"calibratedmultitaskclassifier__method": ["sigmoid", "isotonic"]},
        scoring=multitask_scorer("neg_log_loss", output="mean"),
        cv=KFold(2),
    ).fit(X, CODES)
    assert search.best_score_ < 0
    view = task_view(search, 1)
    assert_allclose(view.predict_proba(X), search.predict_proba(X)[1])
    inner = make_pipeline(StandardScaler(), PerTask(GaussianNB()))
    outer = TunedDecisionMultiTaskClassifier(inner, cv=2).fit(X, CODES)
    assert outer.score(X, CODES) > 0.7


def test_one_goes_around_another():
    calibrated = CalibratedMultiTaskClassifier(PerTask(GaussianNB()), cv=2)
    tuned = TunedDecisionMultiTaskClassifier(calibrated, cv=2, thresholds=5)
    careful = AbstainingMultiTaskClassifier(tuned, coverage=0.5, cv=2)
    found = careful.fit(X, {"mood": WORDS, "level": CODES[:, 1]})
    labels = found.predict(X, output="dict")
    assert np.mean(~find_empty(labels["mood"])) == pytest.approx(0.5, abs=0.15)
    assert found.score(X, {"mood": WORDS, "level": CODES[:, 1]}) > 0.85


def test_the_classifiers_missing_label_is_read(network):
    texts, codes, classifier = network
    marked = np.where(np.arange(120)[:, None] % 4 == 0, -1, codes)
    found = CalibratedMultiTaskClassifier(
        clone(classifier).set_params(missing_label=-1), cv=2
    ).fit(texts, marked)
    assert [own.tolist() for own in found.classes_] == [[0, 1], [0, 1]]


def test_a_classifier_that_was_fitted_may_learn_other_tasks():
    before = PerTask(GaussianNB()).fit(X, {"other": WORDS})
    found = CalibratedMultiTaskClassifier(before, cv=2).fit(X, {"mood": WORDS})
    assert found.task_names_ == ["mood"]
    assert before.task_names_ == ["other"]


def test_columns_are_matched_by_name(name):
    labels = {"mood": WORDS, "level": CODES[:, 1]}
    model = PerTask(GaussianNB()).fit(X, labels)
    turned = {"level": CODES[:, 1], "mood": WORDS}
    found = around(name, model, cv="prefit").fit(X, turned)
    assert found.task_names_ == ["mood", "level"]
    assert found.classes_[0].tolist() == ["no", "yes"]


def test_a_fit_that_fails_changes_nothing(name):
    model = PerTask(GaussianNB()).fit(X, CODES)
    found = around(name, model, cv="prefit").fit(X, CODES)
    before = found.predict_proba(X)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        found.fit(X[:100], CODES)
    assert_array_equal(found.predict_proba(X), before)


@pytest.mark.parametrize(
    ("estimator", "labels", "parameters", "message"),
    [
        (PerTask(Perceptron()), CODES, {}, "PerTask has no predict_proba"),
        (
            PerTask(GaussianNB()),
            {"mood": WORDS, "tone": [None] * 300},
            {},
            r"task\(s\) \['tone'\] have no labelled row",
        ),
        (PerTask(GaussianNB()), CODES, {"cv": "fit"}, "iterable of splits or 'prefit'"),
    ],
)
def test_bad_input(name, estimator, labels, parameters, message):
    with pytest.raises(ValueError, match=message):
        around(name, estimator, **parameters).fit(X, labels)


def test_other_tasks_than_those_of_the_classifier(name):
    model = GaussianNB().fit(X, CODES[:, 0])
    with pytest.raises(ValueError, match=r"has 1 task\(s\), but y has 2 column"):
        around(name, model, cv="prefit").fit(X, CODES)


def test_prefit_needs_a_fitted_classifier(name):
    with pytest.raises(NotFittedError):
        around(name, GaussianNB(), cv="prefit").fit(X, CODES[:, 0])


def test_weights_that_the_classifier_does_not_take(name):
    weights = rng.integers(1, 3, size=300)
    model = around(name, PerTask(GaussianNB()), cv=0.5 if name == "conformal" else 2)
    with pytest.warns(UserWarning, match="PerTask does not accept sample_weight"):
        model.fit(X, CODES, sample_weight=weights)


def test_weights_reach_the_classifier():
    weights = np.where(np.arange(300) < 150, 0.0, 1.0)
    model = RandomForestClassifier(5, random_state=0)
    found = TunedDecisionMultiTaskClassifier(model, cv=2)
    found.fit(X, CODES, sample_weight=weights)
    wanted = clone(model).fit(X, CODES, sample_weight=weights)
    assert_array_equal(found.predict_proba(X), wanted.predict_proba(X))


def test_rows_of_weight_0_do_not_count(name):
    model = PerTask(GaussianNB()).fit(X, CODES)
    weights = np.where(np.arange(300) < 100, 0.0, 1.0)
    some = around(name, model, cv="prefit").fit(X[100:], CODES[100:])
    weighted = around(name, model, cv="prefit").fit(X, CODES, sample_weight=weights)
    for own, other in zip(
        some.predict_proba(X), weighted.predict_proba(X), strict=True
    ):
        assert_allclose(own, other, atol=1e-9)
    assert_array_equal(some.predict(X), weighted.predict(X))
