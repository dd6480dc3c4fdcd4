"""With the rest of scikit-learn: pipelines, cross-validation, searches, routing.

Texts with missing cells throughout, and so an explicit splitter: the last tests show
what scikit-learn itself refuses before we are called.
"""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from versions import needs_scikit_learn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.trunks import BagTrunk

TEXTS, CODES = make_multitask_texts(
    60, 2, [2, 3], missing_rate=0.2, n_words=30, length=20, random_state=0
)
TEXTS = np.array(TEXTS, dtype=object)
LABELS = pd.DataFrame(
    {
        "tone": pd.Series(CODES[:, 0]).map({0: "bad", 1: "good"}),
        "topic": pd.Series(CODES[:, 1]).astype("Int64"),
    }
)
SPLITTER = KFold(3, shuffle=True, random_state=0)


def make(**params):
    return MultiTaskTextClassifier(**{"max_iter": 5, "random_state": 0, **params})


def make_text_pipeline(**params):
    return make_pipeline(TfidfVectorizer(dtype=np.float32), make(**params))


def scores_by_hand(clf, **fit_params):
    return [
        clone(clf)
        .fit(TEXTS[train], LABELS.iloc[train])
        .score(TEXTS[test], LABELS.iloc[test])
        for train, test in SPLITTER.split(TEXTS)
    ]


def assert_same_probabilities(ours, theirs):
    for our, their in zip(ours, theirs, strict=True):
        assert_allclose(our, their, rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def fold_scores():
    return scores_by_hand(make())


def test_the_data_have_missing_cells_and_mixed_types():
    assert LABELS.isna().any().all()
    assert LABELS.isna().all(axis=1).any()
    assert LABELS.dtypes.nunique() == 2


# --- pipelines ----------------------------------------------------------------------


def test_a_vectorizer_in_front_is_the_vectorizer_inside():
    outside = make_text_pipeline().fit(TEXTS, LABELS)
    inside = make(vectorizer=TfidfVectorizer(dtype=np.float32))
    # Inside, texts without any label are left out before the vectorizer sees them.
    labelled = ~LABELS.isna().all(axis=1).to_numpy()
    outside.fit(TEXTS[labelled], LABELS[labelled])
    inside.fit(TEXTS, LABELS)
    assert_same_probabilities(outside.predict_proba(TEXTS), inside.predict_proba(TEXTS))
    assert outside.score(TEXTS, LABELS) == inside.score(TEXTS, LABELS)


def test_a_pipeline_has_the_public_face_of_its_last_step():
    pipeline = make_text_pipeline().fit(TEXTS, LABELS)
    clf = pipeline[-1]
    assert pipeline.classes_ is clf.classes_
    assert pipeline.predict(TEXTS).shape == (60, 2)
    assert list(pipeline.predict(TEXTS, output="frame")) == ["tone", "topic"]
    assert pipeline.transform(TEXTS).shape == (60, 128)
    assert (
        pipeline.get_feature_names_out().tolist()
        == clf.get_feature_names_out().tolist()
    )


@needs_scikit_learn(1, 7, why="diagrams have no table of parameters")
def test_the_diagram_of_a_pipeline_shows_the_parameters_of_its_last_step():
    assert "n_units" in make_text_pipeline(trunk=BagTrunk())._repr_html_()


def test_dense_steps_in_front_lead_to_a_dense_trunk():
    pipeline = make_pipeline(
        TfidfVectorizer(), TruncatedSVD(4, random_state=0), StandardScaler(), make()
    ).fit(TEXTS, LABELS)
    assert type(pipeline[-1].trunk_).__name__ == "DenseTrunk"
    assert pipeline[-1].n_features_in_ == 4


def test_the_representation_feeds_another_model():
    pipeline = make_pipeline(make(), LogisticRegression())
    labelled = LABELS["tone"].notna().to_numpy()
    pipeline.fit(TEXTS[labelled], LABELS.loc[labelled, "tone"])
    assert set(pipeline.predict(TEXTS)) == {"bad", "good"}


def test_a_union_of_vectorizers_is_a_vectorizer():
    union = FeatureUnion(
        [
            ("words", TfidfVectorizer()),
            ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3))),
        ]
    )
    clf = make(vectorizer=union).fit(TEXTS, LABELS)
    n_words, n_characters = (
        len(v.vocabulary_) for _, v in clf.vectorizer_.transformer_list
    )
    assert clf.vectorizer_.transform(TEXTS[:1]).shape == (1, n_words + n_characters)
    assert clf.predict(TEXTS).shape == (60, 2)
    clf.set_params(vectorizer__words__min_df=3)
    assert union.transformer_list[0][1].min_df == 3


def test_a_pipeline_is_a_vectorizer():
    vectorizer = make_pipeline(TfidfVectorizer(), TruncatedSVD(4, random_state=0))
    clf = make(vectorizer=vectorizer).fit(TEXTS, LABELS)
    assert type(clf.trunk_).__name__ == "DenseTrunk"
    assert clf.score(TEXTS, LABELS) > 0.5


@pytest.mark.parametrize("columns", [["text", "length"], ["length", "text"]])
def test_columns_of_a_table_are_for_a_column_transformer(columns):
    table = pd.DataFrame({"text": TEXTS, "length": [len(text) for text in TEXTS]})
    table = table[columns]
    vectorizer = ColumnTransformer(
        [
            ("words", TfidfVectorizer(), "text"),
            ("numbers", StandardScaler(), ["length"]),
        ]
    )
    clf = make(vectorizer=vectorizer).fit(table, LABELS)
    assert clf.predict(table).shape == (60, 2)


# --- cross-validation ---------------------------------------------------------------


def test_cross_validate_scores_as_by_hand(fold_scores):
    results = cross_validate(
        make(), TEXTS, LABELS, cv=SPLITTER, return_estimator=True, error_score="raise"
    )
    assert_allclose(results["test_score"], fold_scores)
    assert [clf.task_names_ for clf in results["estimator"]] == [["tone", "topic"]] * 3


@pytest.mark.parametrize(
    "y",
    [LABELS.to_numpy(dtype=object, na_value=None), CODES],
    ids=["object array", "array with NaN"],
)
def test_cross_validation_takes_arrays_with_missing_cells(fold_scores, y):
    scores = cross_val_score(make(), TEXTS, y, cv=SPLITTER, error_score="raise")
    assert_allclose(scores, fold_scores)


def test_cross_validation_takes_a_list_of_texts(fold_scores):
    scores = cross_val_score(
        make_text_pipeline(), TEXTS.tolist(), LABELS, cv=SPLITTER, error_score="raise"
    )
    assert len(scores) == 3
    assert np.isfinite(scores).all()


def test_cross_val_predict_predicts_every_row_by_a_fold_that_did_not_see_it():
    predicted = cross_val_predict(make(), TEXTS, LABELS, cv=SPLITTER)
    assert predicted.shape == (60, 2)
    train, test = next(SPLITTER.split(TEXTS))
    clf = make().fit(TEXTS[train], LABELS.iloc[train])
    assert_array_equal(predicted[test], clf.predict(TEXTS[test]))


def test_learning_curve_runs():
    sizes, train_scores, test_scores = learning_curve(
        make(), TEXTS, LABELS, cv=SPLITTER, train_sizes=[20, 40], error_score="raise"
    )
    assert sizes.tolist() == [20, 40]
    assert train_scores.shape == test_scores.shape == (2, 3)
    assert np.isfinite(test_scores).all()


# --- searches -----------------------------------------------------------------------


def search(estimator, grid, **params):
    params = {"cv": SPLITTER, "error_score": "raise", **params}
    return GridSearchCV(estimator, grid, **params).fit(TEXTS, LABELS)


def test_a_grid_of_loss_weight_dicts(fold_scores):
    grid = {"loss_weights": ["auto", {"tone": 0}, {"tone": 9}]}
    found = search(make(), grid)
    assert found.cv_results_["mean_test_score"][0] == pytest.approx(
        np.mean(fold_scores)
    )
    assert found.best_score_ == found.cv_results_["mean_test_score"].max()
    assert found.best_params_ in [{"loss_weights": w} for w in grid["loss_weights"]]


def test_a_grid_of_the_weight_of_one_task():
    weights = {"tone": 1.0}
    found = search(make(loss_weights=weights), {"loss_weights__tone": [0.0, 1.0]})
    by_dict = search(make(), {"loss_weights": [{"tone": 0.0}, {"tone": 1.0}]})
    assert_allclose(
        found.cv_results_["mean_test_score"], by_dict.cv_results_["mean_test_score"]
    )
    assert weights == {"tone": 1.0}


def test_a_grid_of_trunk_widths():
    grid = {"trunk__n_units": [2, 16]}
    found = search(make(trunk=BagTrunk()), grid)
    best = found.best_estimator_
    assert best.trunk_.n_units == found.best_params_["trunk__n_units"]
    assert best.transform(TEXTS).shape == (60, best.trunk_.n_units)


def test_a_grid_over_the_steps_of_a_pipeline():
    name = "multitasktextclassifier"
    grid = {
        "tfidfvectorizer__ngram_range": [(1, 1), (1, 2)],
        f"{name}__sharing": ["hard", "separate"],
        f"{name}__loss_weights__topic": [0.5, 2.0],
    }
    found = search(make_text_pipeline(loss_weights={"topic": 1.0}), grid, cv=KFold(2))
    assert len(found.cv_results_["params"]) == 8
    assert found.predict(TEXTS).shape == (60, 2)


def test_two_processes_find_what_one_finds():
    grid = {"loss_weights": [{"tone": 1}, {"tone": 3}]}
    one = search(make(n_jobs=1), grid, n_jobs=1)
    two = search(make(n_jobs=1), grid, n_jobs=2)
    splits = [f"split{k}_test_score" for k in range(3)]
    for split in splits:
        assert_array_equal(one.cv_results_[split], two.cv_results_[split])
    assert_same_probabilities(one.predict_proba(TEXTS), two.predict_proba(TEXTS))


# --- metadata routing ---------------------------------------------------------------

WEIGHTS = np.linspace(0.1, 3, 60)


def test_a_pipeline_routes_weights():
    clf = make()
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            TfidfVectorizer(dtype=np.float32),
            clf.set_fit_request(sample_weight=True).set_score_request(
                sample_weight=True
            ),
        )
        pipeline.fit(TEXTS, LABELS, sample_weight=WEIGHTS)
        score = pipeline.score(TEXTS, LABELS, sample_weight=WEIGHTS)
    rows = pipeline[0].transform(TEXTS)
    expected = make().fit(rows, LABELS, WEIGHTS)
    assert_same_probabilities(
        pipeline.predict_proba(TEXTS), expected.predict_proba(rows)
    )
    assert score == expected.score(rows, LABELS, WEIGHTS)


@pytest.mark.parametrize("width", [1, 2])
def test_a_search_routes_weights_of_rows_and_cells(width):
    weights = WEIGHTS if width == 1 else np.column_stack([WEIGHTS, WEIGHTS[::-1]])
    with config_context(enable_metadata_routing=True):
        clf = make().set_fit_request(sample_weight=True)
        clf.set_score_request(sample_weight=True)
        found = GridSearchCV(clf, {"alpha": [0.0]}, cv=SPLITTER, error_score="raise")
        found.fit(TEXTS, LABELS, sample_weight=weights)
    expected = [
        make()
        .fit(TEXTS[train], LABELS.iloc[train], weights[train])
        .score(TEXTS[test], LABELS.iloc[test], weights[test])
        for train, test in SPLITTER.split(TEXTS)
    ]
    scores = [found.cv_results_[f"split{k}_test_score"][0] for k in range(3)]
    assert_allclose(scores, expected)
    refitted = make().fit(TEXTS, LABELS, weights)
    assert_same_probabilities(found.predict_proba(TEXTS), refitted.predict_proba(TEXTS))


def test_weights_that_were_not_asked_for_are_an_error():
    with config_context(enable_metadata_routing=True):
        pipeline = make_text_pipeline()
        with pytest.raises(ValueError, match=r"sample_weight.* are passed but are not"):
            pipeline.fit(TEXTS, LABELS, sample_weight=WEIGHTS)


# --- other meta-estimators ----------------------------------------------------------


def test_a_frozen_estimator_is_not_fitted_again():
    clf = make().fit(TEXTS, LABELS)
    frozen = FrozenEstimator(clf).fit(TEXTS[:10], LABELS[:10])
    assert_same_probabilities(frozen.predict_proba(TEXTS), clf.predict_proba(TEXTS))
    assert frozen.score(TEXTS, LABELS) == clf.score(TEXTS, LABELS)
    scores = cross_val_score(frozen, TEXTS, LABELS, cv=SPLITTER, error_score="raise")
    by_hand = [
        clf.score(TEXTS[rows], LABELS.iloc[rows]) for _, rows in SPLITTER.split(TEXTS)
    ]
    assert_allclose(scores, by_hand)


def test_it_is_a_transformer_in_a_union():
    union = make_union(make(trunk=BagTrunk(n_units=3)), TfidfVectorizer())
    rows = union.fit_transform(TEXTS, LABELS)
    n_words = len(union.transformer_list[1][1].vocabulary_)
    assert rows.shape == (60, 3 + n_words)


# --- what scikit-learn refuses before we are called ---------------------------------

COMPLETE = LABELS.notna().all(axis=1).to_numpy()


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (CODES, ValueError, "Input y contains NaN"),
        (LABELS, TypeError, "not supported between|is ambiguous"),
        (LABELS.to_numpy(dtype=object, na_value=None), TypeError, "not supported"),
        (LABELS[COMPLETE], TypeError, "'<' not supported between instances"),
    ],
    ids=["NaN", "pandas.NA", "None", "mixed types"],
)
def test_an_integer_cv_fails_on_missing_and_mixed_labels(y, error, message):
    texts = TEXTS[: len(y)]
    with pytest.raises(error, match=message):
        cross_val_score(make(), texts, y, cv=3, error_score="raise")
    scores = cross_val_score(make(), texts, y, cv=KFold(3), error_score="raise")
    assert np.isfinite(scores).all()


def test_no_splitter_takes_a_dict_of_labels():
    labels = {"tone": LABELS["tone"], "topic": LABELS["topic"]}
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[60, 2\]"):
        cross_val_score(make(), TEXTS, labels, cv=SPLITTER)


def test_cross_val_predict_of_probabilities_takes_a_missing_cell_for_a_class():
    probabilities = cross_val_predict(
        make(), TEXTS, CODES, cv=SPLITTER, method="predict_proba"
    )
    assert [own.shape for own in probabilities] == [(60, 3), (60, 4)]


def test_scorers_by_name_do_not_take_several_tasks():
    y = CODES[COMPLETE].astype(int)
    with pytest.raises(ValueError, match="multiclass-multioutput is not supported"):
        cross_validate(
            make(),
            TEXTS[COMPLETE],
            y,
            cv=SPLITTER,
            scoring="accuracy",
            error_score="raise",
        )
