"""The scorer of several tasks, where scikit-learn takes one."""

import pickle
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import fbeta_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    LearningCurveDisplay,
    RandomizedSearchCV,
    ValidationCurveDisplay,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from versions import CHAINED

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.metrics import multitask_scorer, multitask_scores
from sklearn_mtl.metrics._fitted import label_reader
from sklearn_mtl.model_selection import task_view
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.tasks import Ordinal

rng = np.random.RandomState(0)
X = rng.normal(size=(80, 3))
Y = np.column_stack([X[:, 0] > 0, X[:, 1] > 0.3, X[:, 2] > -0.3]).astype(int)
# What is scored has empty cells; not every estimator can be fitted to them.
HOLES = np.where(rng.rand(*Y.shape) < 0.3, np.nan, Y)

ESTIMATORS = {
    "ours": MultiTaskTextClassifier(random_state=0, max_iter=20),
    "per column": MultiOutputClassifier(LogisticRegression()),
    "forest": RandomForestClassifier(n_estimators=8, random_state=0),
    "chain": ClassifierChain(LogisticRegression()),
}


@pytest.fixture(scope="module", params=ESTIMATORS)
def fitted(request):
    return clone(ESTIMATORS[request.param]).fit(X, Y)


def probabilities_of(estimator):
    """Give a list, a task each, whatever the estimator calls probabilities."""
    found = estimator.predict_proba(X)
    if isinstance(found, list):
        return found
    return [np.column_stack([1 - p, p]) for p in found.T]


def test_it_scores_what_the_estimator_predicts(fitted):
    metrics = ["accuracy", "f1_macro", "neg_log_loss", "roc_auc"]
    found = multitask_scorer(metrics)(fitted, X, HOLES)
    scores = multitask_scores(
        HOLES,
        fitted.predict(X),
        metrics,
        y_proba=probabilities_of(fitted),
        classes=[[0, 1]] * 3,
    )
    for name in ("mean", "worst", "weighted", "task0", "task2"):
        for metric in metrics:
            expected = pytest.approx(scores[name][metric])
            assert found[f"{metric}_{name}"] == expected
    assert found["exact_match"] == scores["exact_match"]["accuracy"]
    assert len(found) == 4 * 6 + 1


def test_one_metric_has_plain_names(fitted):
    found = multitask_scorer()(fitted, X, HOLES)
    tasks = ["task0", "task1", "task2"]
    assert list(found) == [*tasks, "mean", "worst", "weighted", "exact_match"]


@pytest.mark.parametrize(
    "output", ["mean", "worst", "weighted", "exact_match", "task1"]
)
def test_it_may_give_one_number(fitted, output):
    number = multitask_scorer("accuracy", output=output)(fitted, X, HOLES)
    assert isinstance(number, float)
    assert number == multitask_scorer()(fitted, X, HOLES)[output]


@pytest.mark.parametrize("weight", [np.arange(80.0), np.ones((80, 3))])
def test_weights_count(fitted, weight):
    found = multitask_scorer()(fitted, X, HOLES, sample_weight=weight)
    scores = multitask_scores(
        HOLES, fitted.predict(X), "accuracy", sample_weight=weight
    )
    assert found["mean"] == scores["mean"]["accuracy"]


def test_labels_predict_once_and_probabilities_once():
    class Counting(RandomForestClassifier):
        calls = []

        def predict_proba(self, X):
            self.calls.append("proba")
            return super().predict_proba(X)

    forest = Counting(n_estimators=3).fit(X, Y)
    multitask_scorer(["accuracy", "f1_macro"])(forest, X, HOLES)
    assert forest.calls == ["proba"]  # by which a forest predicts
    forest.calls.clear()
    scorer = multitask_scorer(["roc_auc", "neg_log_loss"], output="dict")
    scorer(forest, X, HOLES)
    assert len(forest.calls) == 2


def test_names_of_tasks_are_those_of_the_labels():
    frame = pd.DataFrame(Y, columns=["a", "b", "c"])
    clf = clone(ESTIMATORS["ours"]).fit(X, frame)
    swapped = frame[["c", "a", "b"]]
    assert multitask_scorer()(clf, X, swapped) == multitask_scorer()(clf, X, frame)
    assert "b" in multitask_scorer()(clf, X, swapped)


def test_labels_of_several_kinds_and_a_missing_label():
    labels = pd.DataFrame(
        {"a": np.where(X[:, 0] > 0, "yes", "no"), "b": X[:, 1] > 0, "c": Y[:, 2]}
    )
    clf = clone(ESTIMATORS["ours"]).fit(X, labels)
    holes = labels.assign(a=["?", *labels["a"][1:]])
    scorer = multitask_scorer(missing_label="?")
    assert scorer(clf, X, holes)["a"] > 0.8


# In searches -------------------------------------------------------------------------

GRIDS = {
    "ours": {"alpha": [0.0, 0.1]},
    "per column": {"estimator__C": [0.1, 1.0]},
    "forest": {"max_depth": [1, 3]},
    "chain": {f"{CHAINED}__C": [0.1, 1.0]},
}


@pytest.fixture(params=ESTIMATORS)
def named(request):
    return request.param


def test_cross_validation(named):
    scores = cross_validate(
        ESTIMATORS[named], X, Y, cv=KFold(2), scoring=multitask_scorer("f1_macro")
    )
    assert {"test_mean", "test_worst", "test_task0"} <= scores.keys()
    assert (scores["test_mean"] > 0.6).all()


@pytest.mark.parametrize(
    "search", [GridSearchCV, partial(RandomizedSearchCV, n_iter=2)]
)
def test_searches_refit_by_the_mean(named, search):
    scorer = multitask_scorer(["accuracy", "neg_log_loss"])
    found = search(
        ESTIMATORS[named],
        GRIDS[named],
        cv=KFold(2),
        scoring=scorer,
        refit="neg_log_loss_mean",
    ).fit(X, Y)
    means = found.cv_results_["mean_test_neg_log_loss_mean"]
    assert found.best_score_ == max(means)
    expected = multitask_scorer("neg_log_loss", output="mean")(found, X, Y)
    assert found.score(X, Y) == pytest.approx(expected)


def test_successive_halving(named):
    search = HalvingGridSearchCV(
        ESTIMATORS[named],
        GRIDS[named],
        cv=KFold(2),
        scoring=multitask_scorer(output="mean"),
    )
    # It counts classes to find the smallest number of rows, of one column alone.
    with pytest.raises(ValueError, match="y should be a 1d array"):
        search.fit(X, Y)
    search.set_params(min_resources=40).fit(X, Y)
    assert 0.6 < search.best_score_ <= 1


def test_learning_curve(named):
    _, train, test = learning_curve(
        ESTIMATORS[named],
        X,
        Y,
        train_sizes=[0.5, 1.0],
        cv=KFold(2),
        scoring=multitask_scorer(output="mean"),
    )
    assert train.shape == test.shape == (2, 2)


def test_importance_of_features(fitted):
    found = permutation_importance(
        fitted, X, Y, scoring=multitask_scorer(output="task1"), n_repeats=2
    )
    assert found.importances_mean.argmax() == 1
    every = permutation_importance(
        fitted, X, Y, scoring=multitask_scorer(), n_repeats=2
    )
    assert every["task2"].importances_mean.argmax() == 2


def test_weights_are_routed():
    weight = np.arange(80.0)
    with config_context(enable_metadata_routing=True):
        scorer = multitask_scorer(output="mean").set_score_request(sample_weight=True)
        clf = clone(ESTIMATORS["ours"]).set_fit_request(sample_weight=False)
        scores = cross_validate(
            clf, X, Y, cv=KFold(2), scoring=scorer, params={"sample_weight": weight}
        )
    train, test = next(KFold(2).split(X))
    fitted = clone(clf).fit(X[train], Y[train])
    expected = multitask_scorer(output="mean")(fitted, X[test], Y[test], weight[test])
    assert scores["test_score"][0] == pytest.approx(expected)


# As an object ------------------------------------------------------------------------


def test_it_can_be_pickled_and_cloned(fitted):
    metrics = ["accuracy", "f1_macro", "neg_log_loss", "roc_auc", "neg_brier_score"]
    scorer = multitask_scorer([*metrics, fbeta_score_2])
    for twin in (pickle.loads(pickle.dumps(scorer)), clone(scorer, safe=False)):
        assert twin(fitted, X, HOLES) == scorer(fitted, X, HOLES)


def fbeta_score_2(y_true, y_pred, sample_weight=None):
    return fbeta_score(
        y_true, y_pred, beta=2, average="macro", sample_weight=sample_weight
    )


def test_it_says_what_it_is():
    assert repr(multitask_scorer()) == "multitask_scorer('accuracy')"
    text = "multitask_scorer('f1_macro', output='worst')"
    assert repr(multitask_scorer("f1_macro", output="worst")) == text
    text = "multitask_scorer(['accuracy', 'roc_auc'])"
    assert repr(multitask_scorer(["accuracy", "roc_auc"])) == text


def test_losses_are_refused():
    with pytest.raises(ValueError, match=r"\['log_loss'\] are losses. Use 'neg_log"):
        multitask_scorer(["accuracy", "log_loss"])


# Displays of scikit-learn ------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "output", "label"),
    [
        ("accuracy", "mean", "Accuracy, mean over tasks"),
        ("neg_log_loss", "worst", "Negative log loss, worst of all tasks"),
        ("f1_macro", "weighted", "F1 macro, weighted mean over tasks"),
        ("roc_auc", "task1", "Roc auc, task task1"),
        ("accuracy", "exact_match", "Exact match of all tasks"),
    ],
)
def test_curves_are_named_by_their_score(metric, output, label):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    settings = {"cv": KFold(2), "scoring": multitask_scorer(metric, output=output)}
    estimator = ESTIMATORS["forest"]
    for display in (
        LearningCurveDisplay.from_estimator(
            estimator, X, Y, train_sizes=[0.5, 1.0], **settings
        ),
        ValidationCurveDisplay.from_estimator(
            estimator, X, Y, param_name="max_depth", param_range=[1, 3], **settings
        ),
    ):
        assert display.score_name == display.ax_.get_ylabel() == label
        display.figure_.canvas.draw()
    pyplot.close("all")


def test_a_negated_loss_is_drawn_as_a_loss():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    display = LearningCurveDisplay.from_estimator(
        ESTIMATORS["ours"],
        X,
        HOLES,
        cv=KFold(2),
        train_sizes=[0.5, 1.0],
        scoring=multitask_scorer("neg_log_loss", output="mean"),
        negate_score=True,
    )
    assert display.score_name == "Log loss, mean over tasks"
    pyplot.close("all")


def test_a_curve_needs_one_number():
    pytest.importorskip("matplotlib")
    scorer = multitask_scorer("f1_macro")
    for display, settings in (
        (LearningCurveDisplay, {}),
        (ValidationCurveDisplay, {"param_name": "alpha", "param_range": [0.0, 1.0]}),
    ):
        # Which the test before follows.
        advice = r"one number\. Pass multitask_scorer\('f1_macro', output='mean'\)"
        with pytest.raises(AttributeError, match=advice):
            display.from_estimator(
                ESTIMATORS["ours"], X, Y, cv=KFold(2), scoring=scorer, **settings
            )


# Folds without labels of a task ------------------------------------------------------

# The first task has labels in the second half of the rows alone.
LATE = np.where(np.arange(80)[:, None] < [40, 0, 0], np.nan, Y)
FOLDS = [
    (np.arange(20, 80), np.arange(20)),  # none in the test rows
    (np.arange(40), np.arange(40, 80)),  # none in the training rows
    (np.arange(10, 70), np.arange(70, 80)),
]


@pytest.fixture
def failed_fold():
    with pytest.warns(FitFailedWarning, match=r"(?s)fits? failed.*\['task0'\] have no"):
        yield


def test_cross_validation_leaves_a_task_out_where_a_fold_has_no_label(failed_fold):
    scores = cross_validate(
        ESTIMATORS["ours"],
        X,
        LATE,
        cv=FOLDS,
        scoring=multitask_scorer(["accuracy", "roc_auc"]),
        return_train_score=True,
    )
    assert np.isnan(scores["test_accuracy_task0"]).tolist() == [True, True, False]
    for metric in ("accuracy", "roc_auc"):
        both = [scores[f"test_{metric}_task{k}"][0] for k in (1, 2)]
        assert scores[f"test_{metric}_mean"][0] == pytest.approx(np.mean(both))
        assert scores[f"test_{metric}_worst"][0] == min(both)
    assert np.isnan(scores["test_accuracy_mean"]).tolist() == [False, True, False]
    assert np.isnan(scores["train_accuracy_task0"]).tolist() == [False, True, False]


@pytest.mark.parametrize("scoring", [None, multitask_scorer(output="mean")])
def test_a_score_of_all_tasks_is_that_of_the_others(failed_fold, scoring):
    scores = cross_val_score(ESTIMATORS["ours"], X, LATE, cv=FOLDS, scoring=scoring)
    assert np.isnan(scores).tolist() == [False, True, False]


def test_a_number_may_stand_for_a_fold_that_fails(failed_fold):
    scores = cross_validate(
        ESTIMATORS["ours"],
        X,
        LATE,
        cv=FOLDS,
        scoring=multitask_scorer(),
        error_score=0.5,
    )
    assert scores["test_mean"][1] == scores["test_task0"][1] == 0.5
    with pytest.raises(ValueError, match=r"task\(s\) \['task0'\] have no label"):
        cross_validate(ESTIMATORS["ours"], X, LATE, cv=FOLDS, error_score="raise")


def test_learning_curves_have_a_gap_where_a_task_has_no_label_yet(failed_fold):
    _, _, test = learning_curve(
        ESTIMATORS["ours"],
        X,
        LATE,
        train_sizes=[30, 60],
        cv=FOLDS[::2],
        scoring=multitask_scorer(output="mean"),
    )
    assert np.isnan(test).tolist() == [[False, True], [False, False]]


@pytest.mark.parametrize("search", [GridSearchCV, HalvingGridSearchCV])
@pytest.mark.parametrize("error_score", [np.nan, 0.0])
def test_searches_go_on_where_a_fold_fails(failed_fold, search, error_score):
    halving = {"min_resources": 80} if search is HalvingGridSearchCV else {}
    found = search(
        ESTIMATORS["ours"],
        {"alpha": [0.0, 1e-3]},
        cv=Given(FOLDS),
        scoring=multitask_scorer(output="mean"),
        error_score=error_score,
        **halving,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "One or more of the .* scores are non-finite")
        found.fit(X, LATE)
    results = found.cv_results_
    assert_array_equal(results["split1_test_score"], [error_score] * 2)
    assert (results["split0_test_score"] > 0.5).all()
    assert np.isnan(found.best_score_) == np.isnan(error_score)
    assert found.predict(X).shape == Y.shape


class Given(KFold):
    """Splits that are given, for what wants a splitter of scikit-learn's kind."""

    def __init__(self, splits):
        super().__init__(3)
        self.splits = splits

    def split(self, X, y=None, groups=None):
        return iter(self.splits)


def test_it_is_one_of_several_scorers():
    weight = np.where(np.arange(80) % 2, 1.0, 0.0)
    scoring = {
        "mean": multitask_scorer(output="mean"),
        "worst": multitask_scorer(output="worst"),
    }
    search = GridSearchCV(
        ESTIMATORS["ours"],
        {"alpha": [0.0]},
        cv=KFold(2),
        scoring=scoring,
        refit="worst",
    ).fit(X, HOLES, sample_weight=weight)
    one = GridSearchCV(
        ESTIMATORS["ours"], {"alpha": [0.0]}, cv=KFold(2), scoring=scoring["worst"]
    ).fit(X, HOLES, sample_weight=weight)
    assert search.best_score_ == one.best_score_


def test_one_number_is_of_one_metric(fitted):
    with pytest.raises(ValueError, match="'mean' is one number, but there are 2"):
        multitask_scorer(["accuracy", "f1_macro"], output="mean")
    scorer = multitask_scorer(output="median")
    with pytest.raises(ValueError, match="Got 'median'"):
        scorer(fitted, X, HOLES)


def test_a_pipeline_is_scored_by_the_names_of_its_tasks():
    texts = ["good phone", "bad phone", "good film", "bad film"] * 5
    labels = {
        "tone": ["good", "bad"] * 10,
        "topic": ["tech", "tech", "arts", "arts"] * 5,
    }
    pipeline = make_pipeline(
        CountVectorizer(dtype=np.float32), MultiTaskTextClassifier(random_state=0)
    ).fit(texts, labels)
    turned = dict(reversed(labels.items()))
    assert multitask_scorer()(pipeline, texts, turned)["mean"] == 1.0


def test_the_empty_cells_are_those_of_the_classifier():
    texts = ["good", "bad", "good", "bad", "good"] * 4
    labels = np.array(["yes", "no", "yes", "no", "?"] * 4)
    classifier = MultiTaskTextClassifier(missing_label="?", random_state=0)
    classifier.fit(texts, labels)
    assert multitask_scorer()(classifier, texts, labels)["mean"] == 1.0


# How an estimator reads labels -------------------------------------------------------


class Around(ClassifierMixin, BaseEstimator):
    """What a user may put around a classifier."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        return self


@pytest.mark.parametrize(
    "wrap",
    [
        lambda clf: clf,
        lambda clf: make_pipeline(TfidfVectorizer(), clf),
        lambda clf: GridSearchCV(clf, {"alpha": [0.0]}),
        lambda clf: GridSearchCV(make_pipeline(clf), {}),
        lambda clf: LossWeightSearchCV(clf, [None]),
        lambda clf: Around(make_pipeline(Around(clf))),
    ],
)
def test_a_reader_is_found_inside_of_other_estimators(wrap):
    order = ["low", "mid", "high"]
    clf = MultiTaskTextClassifier(
        missing_label="?", task_types={"a": Ordinal(order), "b": "binary"}
    )
    reader = label_reader(wrap(clf))
    assert reader.missing_label == "?"
    assert reader.orders == {"a": order}
    table = reader.table({"b": [1, 0], "a": ["?", "low"]})
    assert table.missing.tolist() == [[False, True], [False, False]]
    assert label_reader(wrap(clf), missing_label="-").missing_label == "-"


def test_a_reader_of_a_classifier_that_knows_nothing():
    reader = label_reader(RandomForestClassifier())
    assert (reader.missing_label, reader.orders, reader.task_names) == (None, {}, None)


def test_a_view_of_a_task_is_read_as_one_task():
    clf = MultiTaskTextClassifier(missing_label=-1, max_iter=1, random_state=0)
    y = np.column_stack([Y, Y[:, 0]])
    y[0, 0] = -1
    clf.fit(X, y)
    reader = label_reader(task_view(clf, 1))
    assert (reader.missing_label, reader.task_names) == (-1, None)
    assert len(reader.table(Y[:, 1]).names) == 1


def test_a_metric_that_fails_is_named_with_its_task():
    def picky(y_true, y_pred):
        raise KeyError("b")

    labels = {"topic": ["a", "b", None], "tone": [0, 1, 0]}
    forest = RandomForestClassifier(3).fit([[0], [1], [2]], [[0, 1], [1, 0], [0, 0]])
    message = r"metric 'picky' failed on the 3 labelled.* 'task0'\. KeyError: 'b'"
    with pytest.raises(ValueError, match=message):
        multitask_scorer(picky)(forest, [[0], [1], [2]], [[0, 1], [1, 0], [0, 0]])
    with pytest.raises(ValueError, match=r"failed on the 2 labelled.* 'topic'"):
        multitask_scores(labels, {"topic": ["a", "b", "b"], "tone": [0, 1, 0]}, picky)
