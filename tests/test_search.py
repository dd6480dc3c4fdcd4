"""The search of loss weights, beside scikit-learn's own search."""

import time

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold, loss_weight_grid
from sklearn_mtl.search import LossWeightSearchCV

TASKS = ["task0", "task1", "task2"]
X, Y = make_multitask_texts(260, n_tasks=3, missing_rate=0.2, random_state=0)
FRAME = pd.DataFrame(Y)
CANDIDATES = [{"task0": 1, "task1": 1, "task2": 1}, [1, 5, 2], None, "auto"]


def classifier(**params):
    return MultiTaskTextClassifier(random_state=0, **{"max_iter": 2} | params)


def scores_of(search):
    return {
        key: values
        for key, values in search.cv_results_.items()
        # Not the ranks: candidates that mean the same may differ in the last bit.
        if key.startswith(("split", "mean_test", "std_test", "mean_train"))
    }


def rows_with_a_label(cv):
    kept = FRAME.notna().any(axis=1).to_numpy()
    return [kept[train].sum() for train, _ in cv.split(X)]


def pipeline():
    return Pipeline([("words", TfidfVectorizer(min_df=2)), ("clf", classifier())])


@pytest.mark.parametrize(
    "estimator",
    [
        classifier(),
        # Dropout, an epoch order and a validation split of its own.
        classifier(early_stopping=True, max_iter=4, batch_size=32),
        classifier(sharing="separate", vectorizer=TfidfVectorizer(dtype=np.float64)),
        classifier(trunk=None, class_weight="balanced"),
        pipeline(),
    ],
    ids=["default", "stopping", "separate", "linear", "pipeline"],
)
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_it_finds_what_a_grid_search_finds(estimator, n_jobs):
    name = "clf__loss_weights" if isinstance(estimator, Pipeline) else "loss_weights"
    settings = {
        "cv": MultiTaskStratifiedKFold(2, shuffle=True, random_state=1),
        "scoring": multitask_scorer(["accuracy", "neg_log_loss"]),
        "refit": "neg_log_loss_mean",
        "return_train_score": True,
    }
    plain = GridSearchCV(clone(estimator), {name: CANDIDATES}, **settings)
    plain.fit(X, FRAME)
    ours = LossWeightSearchCV(estimator, CANDIDATES, n_jobs=n_jobs, **settings)
    ours.fit(X, FRAME)
    expected = scores_of(plain)
    assert scores_of(ours).keys() == expected.keys()
    for key, values in scores_of(ours).items():
        assert_allclose(values, expected[key], atol=1e-5, err_msg=key)
    assert ours.best_params_ == plain.best_params_
    assert ours.best_index_ == plain.best_index_
    assert_allclose(ours.best_score_, plain.best_score_, atol=1e-5)
    assert_array_equal(ours.predict(X[:5]), plain.predict(X[:5]))
    assert ours.cv_results_["params"] == plain.cv_results_["params"]
    assert_array_equal(
        ours.cv_results_[f"param_{name}"], plain.cv_results_[f"param_{name}"]
    )


def test_texts_are_vectorised_once_a_fold():
    calls = []

    class Counting(TfidfVectorizer):
        def fit_transform(self, raw_documents, y=None):
            calls.append(len(raw_documents))
            return super().fit_transform(raw_documents, y)

    search = LossWeightSearchCV(
        classifier(vectorizer=Counting()), CANDIDATES, cv=KFold(2), refit=False
    )
    search.fit(X, FRAME)
    assert calls == rows_with_a_label(KFold(2))


def test_the_first_steps_of_a_pipeline_are_fitted_once_a_fold():
    calls = []

    class Counting(TfidfVectorizer):
        def fit_transform(self, raw_documents, y=None):
            calls.append(len(raw_documents))
            return super().fit_transform(raw_documents, y)

    search = LossWeightSearchCV(
        make_pipeline(Counting(), classifier()), CANDIDATES, cv=KFold(2), refit=False
    )
    search.fit(X, FRAME)
    assert calls == [130, 130]
    assert "multitasktextclassifier__loss_weights" in search.cv_results_["params"][0]


def test_the_default_score_is_that_of_the_classifier():
    search = LossWeightSearchCV(classifier(), CANDIDATES[:2], cv=2).fit(X, FRAME)
    assert not search.multimetric_
    fold = search.cv_results_["split0_test_score"]
    train, test = next(MultiTaskStratifiedKFold(2).split(X, FRAME))
    alone = classifier(loss_weights=CANDIDATES[1])
    alone.fit([X[i] for i in train], FRAME.iloc[train])
    expected = alone.score([X[i] for i in test], FRAME.iloc[test])
    assert_allclose(fold[1], expected, atol=1e-6)
    assert search.score(X, FRAME) > 0.5


def test_it_takes_labels_as_a_dict():
    labels = dict(zip(TASKS, Y.T, strict=True))
    search = LossWeightSearchCV(classifier(), CANDIDATES[:2], cv=2).fit(X, labels)
    assert search.best_estimator_.task_names_ == TASKS


def test_rows_may_be_numeric():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(90, 4))
    labels = np.column_stack([rows[:, 0] > 0, rows[:, 1] > 0]).astype(int)
    grid = loss_weight_grid(2, "pairs", ratios=[3])
    search = LossWeightSearchCV(classifier(max_iter=20), grid, cv=3).fit(rows, labels)
    assert search.best_score_ > 0.8
    assert search.n_features_in_ == 4


def test_weights_of_rows_reach_fit_and_score():
    weight = np.where(np.arange(260) % 2, 1.0, 0.0)
    with config_context(enable_metadata_routing=True):
        estimator = classifier().set_fit_request(sample_weight=True)
        scorer = multitask_scorer(output="mean").set_score_request(sample_weight=True)
        settings = {"cv": KFold(2), "scoring": scorer, "refit": False}
        ours = LossWeightSearchCV(estimator, CANDIDATES[:2], **settings)
        ours.fit(X, FRAME, sample_weight=weight)
        grid = {"loss_weights": CANDIDATES[:2]}
        plain = GridSearchCV(estimator, grid, **settings)
        plain.fit(X, FRAME, sample_weight=weight)
    for key, values in scores_of(ours).items():
        assert_allclose(values, plain.cv_results_[key], atol=1e-5)


@pytest.mark.parametrize(("cv", "n_splits"), [(None, 5), (2, 2), (np.int64(2), 2)])
def test_a_number_of_splits_is_that_of_stratified_folds(cv, n_splits):
    settings = {"scoring": multitask_scorer(output="worst"), "refit": False}
    found, expected = (
        LossWeightSearchCV(classifier(), CANDIDATES[:2], cv=each, **settings)
        .fit(X, FRAME)
        .cv_results_
        for each in (cv, MultiTaskStratifiedKFold(n_splits))
    )
    assert found.keys() == expected.keys()
    for k in range(n_splits):
        key = f"split{k}_test_score"
        assert_array_equal(found[key], expected[key])


def test_folds_do_not_take_the_missing_label_for_a_class():
    marked = FRAME.fillna(-1).astype(int)
    found, expected = (
        LossWeightSearchCV(
            classifier(missing_label=-1), CANDIDATES[:2], cv=cv, refit=False
        )
        .fit(X, marked)
        .cv_results_
        for cv in (3, MultiTaskStratifiedKFold(3, missing_label=-1))
    )
    for k in range(3):
        key = f"split{k}_test_score"
        assert_array_equal(found[key], expected[key])


def test_labels_as_a_dict_go_with_any_splitter():
    columns = dict(zip(TASKS, Y.T, strict=True))
    found, expected = (
        LossWeightSearchCV(classifier(), CANDIDATES[:2], cv=KFold(2)).fit(X, y)
        for y in (columns, FRAME)
    )
    assert_array_equal(
        found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )


class Slow(TfidfVectorizer):
    """Takes 0.12 s to be fitted and 0.04 s for a prediction."""

    def fit_transform(self, raw_documents, y=None):
        time.sleep(0.12)
        return super().fit_transform(raw_documents, y)

    def transform(self, raw_documents):
        time.sleep(0.04)
        return super().transform(raw_documents)


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_it_says_what_time_it_took(in_pipeline):
    estimator = classifier(vectorizer=Slow(), max_iter=1)
    if in_pipeline:
        estimator = make_pipeline(Slow(), classifier(max_iter=1))

    def slow_score(estimator, X, y):
        time.sleep(0.02)
        return 1.0

    start = time.perf_counter()
    search = LossWeightSearchCV(
        estimator,
        CANDIDATES,
        cv=2,
        scoring=slow_score,
        return_train_score=True,
    ).fit(X, FRAME)
    total = time.perf_counter() - start
    fit, score = (search.cv_results_[f"mean_{k}_time"] for k in ("fit", "score"))
    # A candidate has its part of what is done once for the four of them, and a score of
    # its own; the scores of training rows are not counted.
    assert (fit >= 0.12 / 4).all()
    assert (score >= 0.02 + 0.04 / 4).all()
    assert search.refit_time_ >= 0.12
    untold = 2 * (0.04 + 4 * 0.02)
    assert 2 * (fit + score).sum() + search.refit_time_ <= total - untold
    assert_array_equal(fit, np.full(4, fit[0]))


def test_a_fold_that_fails_has_a_time_too():
    labels = FRAME.copy()
    labels.iloc[130:, 2] = np.nan
    search = LossWeightSearchCV(
        classifier(vectorizer=Slow()), CANDIDATES[:2], cv=KFold(2), refit=False
    )
    with (
        pytest.warns(FitFailedWarning, match="2 fits failed"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        search.fit(X, labels)
    assert (search.cv_results_["mean_fit_time"] > 0).all()
    assert (search.cv_results_["std_score_time"] > 0.01).all()  # 0 in one of two


def test_training_that_diverges_gets_the_error_score():
    search = LossWeightSearchCV(
        classifier(learning_rate_init=1e38), CANDIDATES[:2], cv=2, error_score=0.0
    )
    with pytest.raises(ValueError, match=r"All the 4 fits failed[\s\S]*diverged"):
        search.fit(X, FRAME)
    with pytest.raises(ValueError, match="Training diverged"):
        search.set_params(error_score="raise").fit(X, FRAME)


def test_only_our_classifier_can_be_searched():
    search = LossWeightSearchCV(LogisticRegression(), CANDIDATES)
    with pytest.raises(
        ValueError, match=r"Got LogisticRegression\. For other estimators"
    ):
        search.fit(X, FRAME)


def test_there_must_be_candidates():
    with pytest.raises(ValueError, match=r"loss_weights is empty.*loss_weight_grid"):
        LossWeightSearchCV(classifier(), []).fit(X, FRAME)


def test_candidates_are_checked_before_any_work():
    search = LossWeightSearchCV(classifier(), [[1, 1, 1], [1, -1, 1]], cv=2)
    with pytest.raises(ValueError, match="-1"):
        search.fit(X, FRAME)


def test_a_table_of_scores_needs_to_know_which_to_refit_by():
    search = LossWeightSearchCV(
        classifier(), CANDIDATES[:2], cv=2, scoring=multitask_scorer()
    )
    with pytest.raises(ValueError, match="refit"):
        search.fit(X, FRAME)


def test_a_failed_fit_loses_nothing():
    search = LossWeightSearchCV(classifier(), CANDIDATES[:2], cv=2).fit(X, FRAME)
    before = search.predict(X[:5])
    with pytest.raises(ValueError, match="same number of rows"):
        search.fit(X, FRAME.iloc[:10])
    assert_array_equal(search.predict(X[:5]), before)


def test_it_says_how_far_it_is(capsys):
    LossWeightSearchCV(classifier(), CANDIDATES, cv=2, verbose=1).fit(X, FRAME)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("fold 1 of 2: 4 candidates in ")
    assert len(lines) == 2


def test_it_is_an_estimator():
    search = LossWeightSearchCV(classifier(), CANDIDATES, cv=3)
    twin = clone(search).set_params(estimator__alpha=0.5, n_jobs=2)
    assert twin.estimator.alpha == 0.5
    assert twin.loss_weights == CANDIDATES
    assert "loss_weights=[" in repr(search)


@pytest.mark.parametrize(("n_jobs", "sizes"), [(1, [5]), (2, [3, 2]), (3, [5])])
def test_each_process_gets_its_share_of_folds_and_candidates(n_jobs, sizes):
    seen = []

    def score(fold, candidates):
        seen.append((fold, len(candidates)))
        return [(fold, candidate) for candidate in candidates]

    search = LossWeightSearchCV(classifier(), CANDIDATES, n_jobs=n_jobs)
    search.n_splits_ = 3
    with parallel_config(backend="threading"):
        found = list(search._deal(score, "abc", [1, 2, 3, 4, 5]))
    assert found == [[(fold, k) for k in (1, 2, 3, 4, 5)] for fold in "abc"]
    assert sorted(seen) == sorted((fold, n) for fold in "abc" for n in sizes)
