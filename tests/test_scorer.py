"""The scorer of several tasks, where scikit-learn takes one."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import fbeta_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.metrics import multitask_scorer, multitask_scores

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
    "chain": {"estimator__C": [0.1, 1.0]},
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
    with pytest.raises(ValueError, match=r"\['log_loss'\] are losses. Take 'neg_log"):
        multitask_scorer(["accuracy", "log_loss"])


def test_one_number_is_of_one_metric(fitted):
    with pytest.raises(ValueError, match="'mean' is one number, and there are 2"):
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
