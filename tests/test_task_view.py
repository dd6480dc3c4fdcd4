"""One task as an ordinary classifier, in scikit-learn's tools for one."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    RocCurveDisplay,
    accuracy_score,
    classification_report,
)
from sklearn.model_selection import GridSearchCV, KFold, TunedThresholdClassifierCV
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import task_view

TEXTS, CODES = make_multitask_texts(160, n_tasks=2, n_classes=3, random_state=0)
TOPICS = np.array(["arts", "news", "tech"])[CODES[:, 0]]
Y = pd.DataFrame({"topic": TOPICS, "long": CODES[:, 1] > 0})


def classifier():
    return MultiTaskTextClassifier(max_iter=20, random_state=0)


@pytest.fixture(scope="module")
def fitted():
    return classifier().fit(TEXTS, Y)


@pytest.mark.parametrize("task", ["topic", 0])
def test_it_predicts_one_task(fitted, task):
    view = task_view(fitted, task)
    assert is_classifier(view)
    assert_array_equal(view.classes_, ["arts", "news", "tech"])
    assert_array_equal(view.predict(TEXTS), fitted.predict(TEXTS)[:, 0])
    assert_allclose(
        view.predict_proba(TEXTS), fitted.predict_proba(TEXTS)[0], rtol=1e-6
    )
    assert view.score(TEXTS, TOPICS) == accuracy_score(TOPICS, view.predict(TEXTS))


def test_labels_have_the_type_of_the_task(fitted):
    view = task_view(fitted, "long")
    assert view.predict(TEXTS).dtype == bool
    assert "accuracy" in classification_report(Y["long"], view.predict(TEXTS))


def pipeline():
    return make_pipeline(TfidfVectorizer(), classifier())


def search():
    return GridSearchCV(
        pipeline(),
        {"multitasktextclassifier__alpha": [0.0]},
        cv=KFold(2),
        scoring=multitask_scorer(),
        refit="mean",
    )


@pytest.mark.parametrize("make", [pipeline, search])
def test_names_are_found_behind_pipelines_and_searches(make):
    found = make().fit(TEXTS, Y)
    view = task_view(found, "long")
    assert_array_equal(view.predict(TEXTS), found.predict(TEXTS)[:, 1].astype(bool))


rng = np.random.RandomState(0)
X = rng.normal(size=(90, 2))
B = (X > 0).astype(int)


@pytest.mark.parametrize(
    "estimator",
    [
        MultiOutputClassifier(LogisticRegression()),
        RandomForestClassifier(5, random_state=0),
        ClassifierChain(LogisticRegression()),
        MultiTaskTextClassifier(max_iter=30, random_state=0),
    ],
    ids=lambda e: type(e).__name__,
)
def test_any_classifier_of_several_columns_has_views(estimator):
    found = clone(estimator).fit(X, B)
    for k in range(2):
        view = task_view(found, k)
        assert_array_equal(view.predict(X), found.predict(X)[:, k])
        assert view.predict_proba(X).shape == (90, 2)
        likely = view.classes_[view.predict_proba(X).argmax(axis=1)]
        assert np.mean(likely == view.predict(X)) > 0.95
        assert permutation_importance(
            view, X, B[:, k], n_repeats=2, random_state=0
        ).importances_mean.argmax() == k  # fmt: skip


def test_a_classifier_of_one_task_is_its_own_view():
    found = classifier().fit(TEXTS, TOPICS)
    view = task_view(found, 0)
    assert_allclose(view.predict_proba(TEXTS), found.predict_proba(TEXTS), rtol=1e-6)


def test_it_can_be_calibrated(fitted):
    held = TEXTS[:80], TOPICS[:80]
    calibrated = CalibratedClassifierCV(task_view(fitted, "topic"), method="sigmoid")
    calibrated.fit(*held)
    assert calibrated.predict_proba(TEXTS).shape == (160, 3)
    assert calibrated.score(*held) > 0.8


def test_its_threshold_can_be_tuned(fitted):
    tuned = TunedThresholdClassifierCV(
        task_view(fitted, "long"), cv="prefit", refit=False, scoring="balanced_accuracy"
    )
    tuned.fit(TEXTS, Y["long"])
    assert 0 <= tuned.best_threshold_ <= 1
    assert tuned.predict(TEXTS).dtype == bool


def test_scikit_learn_draws_it(fitted):
    plt = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is an extra")
    view = task_view(fitted, "long")
    curve = RocCurveDisplay.from_estimator(view, TEXTS, Y["long"])
    assert curve.roc_auc > 0.9
    matrix = ConfusionMatrixDisplay.from_estimator(view, TEXTS, Y["long"])
    assert matrix.confusion_matrix.sum() == 160
    plt.close("all")


def test_what_has_no_probabilities_has_none_here():
    class Plain(MultiOutputClassifier):
        predict_proba = property()

    view = task_view(Plain(LogisticRegression()).fit(X, B), 0)
    assert not hasattr(view, "predict_proba")


def test_it_is_not_fitted_again(fitted):
    view = task_view(fitted, "topic")
    before = view.predict(TEXTS)
    view.fit(TEXTS[:3], TOPICS[:3])  # frozen: does nothing
    assert_array_equal(clone(view).predict(TEXTS), before)
    with pytest.raises(TypeError, match="A view cannot be fitted"):
        view.estimator.fit(TEXTS, TOPICS)


@pytest.mark.parametrize("task", ["tone", 2, -1])
def test_an_unknown_task(fitted, task):
    match = rf"no task {task!r}\. The tasks are \['topic', 'long'\]"
    with pytest.raises(ValueError, match=match):
        task_view(fitted, task)


def test_the_classifier_must_be_fitted():
    with pytest.raises(NotFittedError):
        task_view(classifier(), "topic")


class Rounded(ClassifierMixin, BaseEstimator):
    """Gives probabilities of 32 bits, whose sums are only nearly 1."""

    classes_ = [np.arange(3), np.arange(3)]

    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict_proba(self, X):
        rows = np.random.RandomState(0).dirichlet(np.ones(3), size=len(X))
        return [rows.astype(np.float32) * np.float32(1.001)] * 2


def test_probabilities_sum_to_one_in_64_bits():
    raw = Rounded().predict_proba(range(9))[0]
    assert abs(raw.sum(axis=1, dtype=float) - 1).min() > 1e-9
    found = task_view(Rounded(), 0).predict_proba(range(9))
    assert found.dtype == np.float64
    assert_allclose(found, raw, rtol=2e-3)
    assert abs(found.sum(axis=1) - 1).max() < 1e-12
