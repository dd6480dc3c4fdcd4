"""The search of loss weights beside GridSearchCV, whatever is passed."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, ShuffleSplit
from sklearn.pipeline import Pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.search import HalvingLossWeightSearchCV, LossWeightSearchCV
from sklearn_mtl.trunks import ConvTrunk
from sklearn_mtl.utils._compat import InvalidParameterError

X, LABELS = make_multitask_texts(60, n_tasks=2, missing_rate=0.2, random_state=0)
Y = pd.DataFrame(LABELS, columns=["task0", "task1"])
# Of the first two of four folds one has no label of this task in training.
RARE = Y.assign(task1=Y["task1"].where(np.arange(60) < 30))
ABSENT = RARE.assign(task1=None)
ONE = np.array(["a", "b", "c"] * 20)
ONE_WITH_HOLES = np.where(np.arange(60) % 4 > 0, ONE, None)
BINARY = np.column_stack([np.arange(60) % 2, np.arange(60) % 3 > 0]).astype(int)
GROUPS = np.arange(60) // 10
CANDIDATES = [[1, 1], [1, 5], None]


def classifier(**params):
    return MultiTaskTextClassifier(**{"random_state": 0, "max_iter": 2} | params)


def mean_score(estimator, X, y):
    return multitask_scorer(output="mean")(estimator, X, y)


def two_scores(estimator, X, y, sample_weight=None):
    return {"a": estimator.score(X, y, sample_weight), "b": len(y)}


def failing(estimator, X, y):
    raise RuntimeError("no score")


def failing_of_rare(estimator, X, y):
    if y["task1"].notna().any():
        return estimator.score(X, y)
    raise RuntimeError("no score")


def halves():
    yield np.arange(30), np.arange(30, 60)
    yield np.arange(30, 60), np.arange(30)


MEAN = multitask_scorer(output="mean")
TABLE = multitask_scorer(["accuracy", "f1_macro"])
MICRO = make_scorer(f1_score, average="micro")

# Settings, y and what is passed to fit, from which both make the same.
SAME = {
    "nothing": ({}, Y, {}),
    "a list of splits": ({"cv": list(halves())}, Y, {}),
    "a generator": ({"cv": halves}, Y, {}),
    "masks": ({"cv": [(GROUPS < 3, GROUPS > 2)]}, Y, {}),
    "random splits": ({"cv": ShuffleSplit(2, random_state=3)}, Y, {}),
    "groups": ({"cv": GroupKFold(2)}, Y, {"groups": GROUPS}),
    "weights": ({"scoring": MEAN}, Y, {"sample_weight": GROUPS + 1.0}),
    "weights, no scorer of them": (
        {"scoring": mean_score},
        Y,
        {"sample_weight": GROUPS + 1.0},
    ),
    "weights of cells": ({}, Y, {"sample_weight": np.column_stack([GROUPS, GROUPS])}),
    "training scores": ({"scoring": MEAN, "return_train_score": True}, Y, {}),
    "weights and training scores": (
        {"scoring": MEAN, "return_train_score": True},
        Y,
        {"sample_weight": GROUPS + 1.0},
    ),
    "a table": ({"scoring": TABLE, "refit": "f1_macro_worst"}, Y, {}),
    "a table, no refit": ({"scoring": TABLE, "refit": False}, Y, {}),
    "two scorers": (
        {
            "scoring": {"m": MEAN, "w": multitask_scorer(output="worst")},
            "refit": "w",
        },
        Y,
        {"sample_weight": GROUPS + 1.0},
    ),
    "a function": ({"scoring": mean_score}, Y, {}),
    "a function of two": ({"scoring": two_scores, "refit": "a"}, Y, {}),
    "a name": ({"scoring": "f1_macro"}, ONE, {}),
    "two names": ({"scoring": ["f1_macro", "accuracy"], "refit": "accuracy"}, ONE, {}),
    "one of scikit-learn's": ({"scoring": MICRO}, BINARY, {}),
    "no refit": ({"refit": False}, Y, {}),
    "refit by a function": ({"refit": lambda found: 1}, Y, {}),
    "refit by a function of a table": (
        {"scoring": TABLE, "refit": lambda found: 2},
        Y,
        {},
    ),
    "pre_dispatch": ({"pre_dispatch": 1}, Y, {}),
    "error score": ({"cv": halves, "error_score": 0.25}, RARE, {}),
    "error score nan": ({"cv": halves, "scoring": MEAN}, RARE, {}),
    "error score of a table": (
        {"cv": halves, "scoring": TABLE, "refit": "accuracy_mean", "error_score": 0.5},
        RARE,
        {},
    ),
    "error score of training": (
        {"cv": halves, "scoring": TABLE, "refit": False, "return_train_score": True},
        RARE,
        {},
    ),
    "error score of two scorers": (
        {"cv": halves, "scoring": {"m": MEAN}, "refit": "m", "error_score": -1},
        RARE,
        {},
    ),
    "scoring fails": ({"scoring": failing, "error_score": 0.5}, Y, {}),
    "scoring fails, of two": (
        {"scoring": {"f": failing, "m": MEAN}, "refit": "m"},
        Y,
        {},
    ),
    "scoring fails in a fold": ({"cv": halves, "scoring": failing_of_rare}, RARE, {}),
}


def make(searcher, candidates, settings, estimator):
    settings = {"cv": KFold(3)} | settings
    if callable(settings["cv"]):
        settings["cv"] = settings["cv"]()
    if searcher is GridSearchCV:
        name = (
            "clf__loss_weights" if isinstance(estimator, Pipeline) else "loss_weights"
        )
        candidates = {name: candidates}
    return searcher(estimator, candidates, **settings)


def run(searcher, settings, y, params, estimator=None, X=X):
    """Return a search, and the error or the kinds of warnings that its fit gives."""
    candidates = [[1], [5], None] if y is ONE else CANDIDATES
    search = make(searcher, candidates, settings, estimator or classifier())
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            search.fit(X, y, **params)
        except Exception as error:
            return search, error
    return search, {warning.category for warning in seen}


def check_same(ours, plain):
    assert set(vars(ours)) - {"loss_weights"} == set(vars(plain)) - {
        "param_grid",
        "_checked_cv_orig",
    }
    expected = plain.cv_results_
    assert set(ours.cv_results_) == set(expected)
    for key, values in ours.cv_results_.items():
        if key.startswith(("split", "mean_t", "std_t")):
            assert_allclose(values, expected[key], atol=1e-5, err_msg=key)
        elif key.startswith("rank"):
            assert_array_equal(values, expected[key], err_msg=key)
    for name in ("n_splits_", "multimetric_", "best_index_", "best_params_"):
        assert getattr(ours, name, None) == getattr(plain, name, None), name
    if hasattr(plain, "best_score_"):
        assert_allclose(ours.best_score_, plain.best_score_, atol=1e-5)
    assert type(ours.scorer_) is type(plain.scorer_)


@pytest.mark.parametrize("case", SAME)
def test_it_finds_and_warns_as_a_grid_search_does(case):
    (plain, expected), (ours, found) = (
        run(searcher, *SAME[case]) for searcher in (GridSearchCV, LossWeightSearchCV)
    )
    assert not isinstance(expected, Exception), expected
    assert found == expected
    check_same(ours, plain)
    if plain.refit:
        assert_array_equal(ours.predict(X[:9]), plain.predict(X[:9]))
        if not callable(plain.refit) and plain.scoring is not failing:
            y = SAME[case][1]
            assert_allclose(ours.score(X, y), plain.score(X, y), atol=1e-5)


ERRORS = {
    "error_score": ({"error_score": "nan"}, Y, {}),
    "refit": ({"refit": 1.5}, Y, {}),
    "n_jobs": ({"n_jobs": "all"}, Y, {}),
    "pre_dispatch": ({"pre_dispatch": None}, Y, {}),
    "return_train_score": ({"return_train_score": "yes"}, Y, {}),
    "verbose": ({"verbose": -1}, Y, {}),
    "cv": ({"cv": "three"}, Y, {}),
    "scoring": ({"scoring": "f2"}, Y, {}),
    "scoring twice": ({"scoring": ["f1_macro"] * 2, "refit": False}, ONE, {}),
    "no scoring": ({"scoring": {}}, Y, {}),
    "a table, refit": ({"scoring": TABLE}, Y, {}),
    "a table, refit by nothing": ({"scoring": TABLE, "refit": "accuracy"}, Y, {}),
    "two scorers, refit": ({"scoring": {"m": MEAN}}, Y, {}),
    "refit by a float": ({"refit": lambda found: 0.5}, Y, {}),
    "refit by too much": ({"refit": lambda found: 3}, Y, {}),
    "all fail": ({}, ABSENT, {}),
    "raise": ({"cv": halves, "error_score": "raise"}, RARE, {}),
    "scoring fails, raise": ({"scoring": failing, "error_score": "raise"}, Y, {}),
    "no number": ({"scoring": lambda estimator, X, y: "good"}, Y, {}),
    "too few rows for groups": ({"cv": GroupKFold(2)}, Y, {"groups": GROUPS[:50]}),
    "no groups": ({"cv": GroupKFold(2)}, Y, {}),
    "no split": ({"cv": []}, Y, {}),
    "a fit parameter that is not there": ({}, Y, {"weights": GROUPS}),
    "weights of fewer rows": ({}, Y, {"sample_weight": GROUPS[:50] + 1.0}),
    "labels of fewer rows": ({}, Y[:50], {}),
    "no labels": ({}, None, {}),
}


@pytest.mark.parametrize("case", ERRORS)
def test_it_refuses_what_a_grid_search_refuses(case):
    _, expected = run(GridSearchCV, *ERRORS[case])
    assert isinstance(expected, Exception), expected
    for searcher in (LossWeightSearchCV, HalvingLossWeightSearchCV):
        _, found = run(searcher, *ERRORS[case])
        assert type(found) is type(expected), found
        first, other = (str(error).split()[:6] for error in (found, expected))
        same_words = case not in ("cv", "no split", "labels of fewer rows", "no labels")
        if same_words and type(found) is not InvalidParameterError:
            assert first == other


# Estimators --------------------------------------------------------------------------

ROWS = np.random.default_rng(0).normal(size=(60, 4))
ESTIMATORS = {
    "pipeline": (
        Pipeline([("words", TfidfVectorizer()), ("clf", classifier())]),
        X,
        {"clf__sample_weight": GROUPS + 1.0},
    ),
    "pipeline that keeps rows": (
        Pipeline([("pass", "passthrough"), ("clf", classifier())]),
        X,
        {},
    ),
    "array": (classifier(), ROWS, {}),
    "frame": (classifier(), pd.DataFrame(ROWS, columns=list("abcd")), {}),
    "random state": (classifier(random_state=np.random.RandomState(3)), X, {}),
}


@pytest.mark.parametrize("case", ESTIMATORS)
def test_estimators_are_what_they_are_in_a_grid_search(case):
    estimator, rows, params = ESTIMATORS[case]
    (plain, expected), (ours, found) = (
        run(searcher, {}, Y, params, clone(estimator), rows)
        for searcher in (GridSearchCV, LossWeightSearchCV)
    )
    assert expected == found == set()
    check_same(ours, plain)
    for name in ("n_features_in_", "feature_names_in_"):
        assert hasattr(ours, name) == hasattr(plain, name)
    if case == "frame":
        assert ours.feature_names_in_.tolist() == list("abcd")
        assert ours.n_features_in_ == plain.n_features_in_ == 4
    for own, other in zip(ours.classes_, plain.classes_, strict=True):
        assert_array_equal(own, other)
    assert_allclose(ours.transform(rows), plain.transform(rows), atol=1e-4)
    for own, other in zip(
        ours.predict_proba(rows), plain.predict_proba(rows), strict=True
    ):
        assert_allclose(own, other, atol=1e-4)


METHODS = ["predict", "predict_proba", "transform"]


@pytest.mark.parametrize("method", METHODS)
def test_before_a_fit_and_without_a_refit_nothing_is_predicted(method):
    for searcher in (GridSearchCV, LossWeightSearchCV):
        search = make(searcher, CANDIDATES, {"refit": False}, classifier())
        with pytest.raises(AttributeError, match=f"This '{searcher.__name__}' has no"):
            getattr(search, method)
        with pytest.raises(NotFittedError, match=f"This {searcher.__name__} instance"):
            getattr(search.set_params(refit=True), method)(X)


def test_before_a_fit_and_without_a_refit_nothing_is_scored():
    for searcher in (GridSearchCV, LossWeightSearchCV):
        search = make(searcher, CANDIDATES, {"refit": False}, classifier())
        with pytest.raises(AttributeError, match="score is available only after"):
            search.score(X, Y)
        with pytest.raises(NotFittedError, match=f"This {searcher.__name__} instance"):
            search.set_params(refit=True).score(X, Y)


def test_its_parameters_are_those_of_a_grid_search():
    ours = make(LossWeightSearchCV, CANDIDATES, {}, classifier()).get_params()
    plain = make(GridSearchCV, CANDIDATES, {}, classifier()).get_params()
    assert ours.keys() - {"loss_weights"} == plain.keys() - {"param_grid"}
    for name in plain.keys() - {"param_grid", "cv", "estimator"}:
        assert ours[name] is plain[name] or ours[name] == plain[name], name


def test_best_weights_are_a_copy():
    weights = FixedWeights({"task0": 2})
    search = LossWeightSearchCV(classifier(), [weights], cv=KFold(2)).fit(X, Y)
    assert search.best_params_["loss_weights"] is weights
    assert search.best_estimator_.loss_weights is not weights
    assert search.best_estimator_.loss_weights.weights == {"task0": 2}


# Where it is stricter, before any fit ------------------------------------------------


@pytest.fixture
def no_fit(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("There was work before the error.")

    for method in ("_read", "_prepare", "_begin_each"):
        monkeypatch.setattr(MultiTaskTextClassifier, method, refuse)


@pytest.mark.parametrize("error_score", [np.nan, "raise", 0])
@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"alpha": -1e-3}, "'alpha' parameter of MultiTaskTextClassifier must be"),
        ({"validation_fraction": 5}, "'validation_fraction' parameter"),
        ({"trunk": ConvTrunk(n_units=-1)}, "'n_units' parameter of ConvTrunk"),
        ({"early_stopping": True, "early_stopping_metric": "f1"}, r"metric must be"),
        ({"net_params": {"lr": 1}}, "Use learning_rate_init"),
        ({"device": "cuda:99"}, "device"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_wrong_parameters_are_refused(params, message, refit, error_score, no_fit):
    search = LossWeightSearchCV(
        classifier(**params), CANDIDATES, cv=2, refit=refit, error_score=error_score
    )
    with pytest.raises(ValueError, match=message):
        search.fit(X, Y)
    piped = search.set_params(estimator=Pipeline([("clf", classifier(**params))]))
    with pytest.raises(ValueError, match=message):
        piped.fit(X, Y)


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        ([[1, 1], "balanced"], "'loss_weights' parameter of MultiTaskTextClassifier"),
        ([[1, 1], [1, 1, 1]], r"one weight for each of the 2 tasks .* Got 3"),
        ([{"task0": 1}, {"tone": 1}], "tone"),
        ([FixedWeights(share_power="half")], "'share_power' parameter"),
        (
            {"task0": 1},
            r"list of candidates\. Got a single candidate, the dict.*loss_weight_grid",
        ),
        ((weights for weights in CANDIDATES), "'loss_weights' parameter of LossWeight"),
        ([], "loss_weights is empty"),
        (np.empty((0, 2)), "loss_weights is empty"),
    ],
)
def test_wrong_candidates_are_refused(candidates, message, no_fit):
    with pytest.raises(ValueError, match=message):
        LossWeightSearchCV(classifier(), candidates, cv=2).fit(X, Y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scoring": TABLE}, "refit must be set to a scorer key"),
        ({"scoring": TABLE, "refit": "mean"}, "refit must be set to a scorer key"),
        ({"scoring": multitask_scorer(output="tone")}, r"are \['task0', 'task1'\]"),
        (
            {"scoring": {"t": multitask_scorer(output="tone")}, "refit": "t"},
            "Got 'tone'",
        ),
    ],
)
def test_scores_that_there_will_not_be_are_refused(settings, message, no_fit):
    with pytest.raises(ValueError, match=message):
        LossWeightSearchCV(classifier(), CANDIDATES, cv=2, **settings).fit(X, Y)


@pytest.mark.parametrize(
    ("scoring", "advice"),
    [
        ("f1_macro", r"multitask_scorer\('f1_macro', output='mean'\)"),
        (["roc_auc", "accuracy"], r"multitask_scorer\('roc_auc', output='mean'\)"),
        ({"a": "jaccard_macro"}, r"multitask_scorer\('accuracy', output='mean'\)"),
        (make_scorer(f1_score), r"multitask_scorer\('accuracy', output='mean'\)"),
    ],
)
@pytest.mark.parametrize("y", [Y, LABELS, Y.fillna(0), ONE_WITH_HOLES])
def test_scorers_of_one_task_are_refused_for_others(scoring, advice, y, no_fit):
    candidates = CANDIDATES if y is not ONE_WITH_HOLES else [[1], None]
    search = LossWeightSearchCV(
        classifier(), candidates, cv=2, scoring=scoring, refit=False
    )
    with pytest.raises(ValueError, match=f"of scikit-learn, .*{advice}") as found:
        search.fit(X, y)
    has_holes = bool(pd.isna(np.asarray(y, dtype=object)).any())
    assert (", with missing cells" in str(found.value)) is has_holes


@pytest.mark.parametrize(
    "scoring",
    [
        multitask_scorer("f1_macro", output="mean"),
        multitask_scorer(accuracy_score, output="mean"),
    ],
)
def test_what_they_are_told_to_take_instead_works(scoring):
    search = LossWeightSearchCV(classifier(), CANDIDATES, cv=2, scoring=scoring)
    assert 0 <= search.fit(X, Y).best_score_ <= 1


# Folds that fail ---------------------------------------------------------------------


def test_a_fold_without_labels_of_a_task_is_named():
    search = LossWeightSearchCV(classifier(), CANDIDATES, cv=halves(), scoring=MEAN)
    with (
        pytest.warns(FitFailedWarning, match=r"(?s)3 fits failed.*'task1'.*no label"),
        pytest.warns(UserWarning, match="test scores are non-finite"),
    ):
        search.fit(X, RARE)
    assert_array_equal(search.cv_results_["split1_test_score"], np.full(3, np.nan))
    assert np.isfinite(search.cv_results_["split0_test_score"]).all()


def test_where_scoring_fails_in_a_fold_the_table_has_the_error_score():
    def table(estimator, X, y):
        if y["task1"].isna().all():
            raise RuntimeError("no label")
        return TABLE(estimator, X, y)

    search = LossWeightSearchCV(
        classifier(), CANDIDATES, cv=halves(), scoring=table, refit=False, error_score=0
    )
    labels = Y.assign(task1=Y["task1"].where(np.arange(60) < 45))
    labels.loc[:14, "task1"] = None
    search.set_params(cv=[(np.arange(45), np.arange(45, 60)), *halves()])
    with pytest.warns(UserWarning, match="Scoring failed"):
        search.fit(X, labels)
    assert_array_equal(search.cv_results_["split0_test_f1_macro_worst"], np.zeros(3))
    assert (search.cv_results_["split1_test_accuracy_mean"] > 0).all()


@pytest.mark.filterwarnings("ignore:.*have a single class among")
@pytest.mark.parametrize("params", [{}, {"alpha": 1e-5}], ids=["stacked", "in turn"])
def test_a_score_to_stop_by_that_is_not_defined_fails_a_fold(params):
    labels = np.column_stack([np.arange(60) % 2, np.arange(60) % 3 > 0]).astype(float)
    labels[:30, 1] = 1
    estimator = classifier(
        early_stopping=True, early_stopping_metric="roc_auc_task1", **params
    )
    search = LossWeightSearchCV(
        estimator, CANDIDATES, cv=list(halves()), error_score=0.125, refit=False
    )
    with pytest.warns(FitFailedWarning, match="3 fits failed"):
        search.fit(X, labels)
    assert_array_equal(search.cv_results_["split0_test_score"], np.full(3, 0.125))
    with pytest.raises(ValueError, match="is not defined on the validation split"):
        search.set_params(error_score="raise").fit(X, labels)


class Stubborn(FixedWeights):
    """Weights that some folds do not get."""

    def build(self, task_names, labelled_share):
        raise RuntimeError("no such weights")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_candidate_that_fails_spoils_no_other(n_jobs):
    search = LossWeightSearchCV(
        classifier(), [[1, 1], Stubborn(), [1, 5]], cv=KFold(2), n_jobs=n_jobs
    )
    plain = GridSearchCV(
        classifier(), {"loss_weights": search.loss_weights}, cv=KFold(2)
    )
    for each in (search, plain):
        with (
            pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 6"),
            pytest.warns(UserWarning, match="non-finite"),
        ):
            each.fit(X, Y)
    check_same(search, plain)
    with pytest.raises(RuntimeError, match="no such weights"):
        search.set_params(error_score="raise").fit(X, Y)
