"""Scores of several tasks over labelled cells only."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    f1_score,
    fbeta_score,
    log_loss,
    matthews_corrcoef,
    mean_absolute_error,
    precision_score,
    recall_score,
    roc_auc_score,
    zero_one_loss,
)

import sklearn_mtl
from sklearn_mtl.metrics import multitask_scores
from sklearn_mtl.metrics._accuracy import codes_accuracy, mean_over_tasks
from sklearn_mtl.metrics._metrics import (
    METRICS,
    calibration_error,
    resolve_metrics,
    score_task,
)
from sklearn_mtl.metrics._weights import cell_weights
from sklearn_mtl.utils._compat import brier_score_loss

KINDS = [["x", "y", "zz"], [1, 2, 3], [True, False], [0.0, 1.0]]


def accuracies(*args, **params):
    """Give the accuracy of each task and of the mean."""
    scores = multitask_scores(*args, metrics=["accuracy"], **params)
    together = ("worst", "weighted", "exact_match")
    return {k: s["accuracy"] for k, s in scores.items() if k not in together}


@st.composite
def predicted_tables(draw):
    """True columns with empty cells, predictions for all cells, and cell weights."""
    n_rows = draw(st.integers(1, 8))
    labels = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))

    def column(cell):
        return draw(st.lists(cell, min_size=n_rows, max_size=n_rows))

    true = {f"t{k}": column(st.sampled_from([None, *c])) for k, c in enumerate(labels)}
    assume(any(cell is not None for cells in true.values() for cell in cells))
    pred = {f"t{k}": column(st.sampled_from(c)) for k, c in enumerate(labels)}
    weights = np.column_stack([column(st.integers(1, 4)) for _ in labels])
    return true, pred, weights


OF_LABELS = {
    "accuracy": accuracy_score,
    "balanced_accuracy": balanced_accuracy_score,
    "matthews_corrcoef": matthews_corrcoef,
    **{
        f"{name}_{average}": partial(function, average=average, zero_division=0.0)
        for name, function in [
            ("precision", precision_score),
            ("recall", recall_score),
            ("f1", f1_score),
        ]
        for average in ("macro", "micro", "weighted")
    },
}


@settings(max_examples=40, deadline=None)
@given(tables=predicted_tables(), weighted=st.booleans())
def test_each_task_is_scored_as_scikit_learn_does_on_labelled_rows(tables, weighted):
    true, pred, weights = tables
    scores = multitask_scores(
        true, pred, list(OF_LABELS), sample_weight=weights if weighted else None
    )
    for k, (name, cells) in enumerate(true.items()):
        rows = np.array([cell is not None for cell in cells])
        labels = [np.array([c for c in cells if c is not None]), np.array(pred[name])]
        labels[1] = labels[1][rows]
        weight = weights[rows, k] if weighted else None
        assert scores[name]["support"] == rows.sum()
        for metric, function in OF_LABELS.items():
            expected = np.nan
            if rows.any():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    expected = function(*labels, sample_weight=weight)
            found = scores[name][metric]
            assert found == pytest.approx(expected, abs=1e-12, nan_ok=True), metric


def quadratic_kappa(true, pred, sample_weight=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cohen_kappa_score(
            true, pred, weights="quadratic", sample_weight=sample_weight
        )


@settings(max_examples=60, deadline=None)
@given(tables=predicted_tables(), weighted=st.booleans(), ordered=st.booleans())
def test_labels_in_an_order_are_scored_as_scikit_learn_does(tables, weighted, ordered):
    true, pred, weights = tables
    order = ["zz", "x", "y"]
    texts = [name for name, cells in pred.items() if isinstance(cells[0], str)]
    names = ["mean_absolute_error", "neg_mean_absolute_error", "quadratic_kappa"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # texts alone
        scores = multitask_scores(
            true,
            pred,
            names,
            sample_weight=weights if weighted else None,
            orders=dict.fromkeys(texts, order) if ordered else None,
        )
    for k, (name, cells) in enumerate(true.items()):
        found = [scores[name][metric] for metric in names]
        rows = np.array([cell is not None for cell in cells])
        if not rows.any() or (name in texts and not ordered):
            assert np.isnan(found).all()
            continue
        number = order.index if name in texts else float
        labels = [
            np.array([number(c) for c, row in zip(column, rows, strict=True) if row])
            for column in (cells, pred[name])
        ]
        weight = weights[rows, k] if weighted else None
        error = mean_absolute_error(*labels, sample_weight=weight)
        expected = [error, -error, quadratic_kappa(*labels, weight)]
        assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_an_order_lists_every_label():
    true = {"a": ["x", None, "y"], "b": [1, 2, 1]}
    pred = {"a": ["x", "x", "z"], "b": [1, 1, 1]}
    metric = "mean_absolute_error"
    match = r"orders\['a'\] must list all.*holds 'y' in row 2, which is not in \['x'"
    with pytest.raises(ValueError, match=match):
        multitask_scores(true, pred, metric, orders={"a": ["x", "z"]})
    with pytest.raises(ValueError, match=r"y_pred\['a'\] holds 'z' in row 2"):
        multitask_scores(true, pred, metric, orders={"a": ["x", "y"]})
    with pytest.raises(ValueError, match=r"orders names unknown tasks \['c'\]"):
        multitask_scores(true, pred, metric, orders={"c": []})


@pytest.mark.parametrize("order", ["ab", {"a", "b"}, ["a", "b", "a"], {"a": 0}])
def test_an_order_is_a_list_of_labels_each_once(order):
    y = {"t": ["a", "b"]}
    with pytest.raises(
        ValueError, match=r"orders\['t'\] must be a list of labels.*once"
    ):
        multitask_scores(y, y, orders={"t": order})
    multitask_scores(y, y, orders={"t": ["a", "b"]})  # as advised


def test_several_labels_have_no_order():
    y = {"t": [["a"], ["b"]]}
    with pytest.raises(
        ValueError, match=r"orders\['t'\].*several labels.*Remove the task"
    ):
        multitask_scores(y, y, orders={"t": ["a", "b"]})


def test_what_needs_no_order_sees_labels_as_they_are():
    def share_of_x(true, pred):
        return np.mean(pred == "x")

    scores = multitask_scores(
        ["y", "x"],
        ["x", "x"],
        [share_of_x, "mean_absolute_error"],
        orders={"task0": ["x", "y"]},
    )
    assert scores["task0"] == {
        "share_of_x": 1.0,
        "mean_absolute_error": 0.5,
        "support": 2,
    }


def test_classes_may_come_in_any_order():
    proba = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1]])
    metrics = ["log_loss", "brier_score_loss", "roc_auc", "calibration_error"]
    classes = np.array(["poor", "fair", "good"])
    order = np.argsort(classes)
    found, expected = (
        multitask_scores(
            ["fair", "good", "poor"], metrics=metrics, y_proba=p, classes=c
        )
        for p, c in [(proba, classes), (proba[:, order], classes[order])]
    )
    assert found["task0"] == pytest.approx(expected["task0"])
    assert found["task0"]["log_loss"] < 1


@st.composite
def probable_tables(draw):
    """True columns with empty cells, probabilities with their classes, and weights."""
    n_rows = draw(st.integers(1, 10))
    labels = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    true, proba = {}, {}
    for k, classes in enumerate(labels):
        cells = st.lists(
            st.sampled_from([None, *classes]), min_size=n_rows, max_size=n_rows
        )
        true[f"t{k}"] = draw(cells)
        numbers = arrays(float, (n_rows, len(classes)), elements=st.integers(1, 9))
        raw = draw(numbers)
        proba[f"t{k}"] = raw / raw.sum(axis=1, keepdims=True)
    assume(any(cell is not None for cells in true.values() for cell in cells))
    weights = draw(arrays(float, n_rows, elements=st.sampled_from([0.5, 1.0, 2.0])))
    return true, proba, {f"t{k}": sorted(c) for k, c in enumerate(labels)}, weights


def one_against_rest(function, y, p, classes, weight):
    """Score the second of two classes, else the mean over those that occur."""
    if len(classes) == 2:
        scored = [1] if (y == classes[1]).any() else []
    else:
        scored = [k for k, c in enumerate(classes) if (y == c).any()]
    values = [function(y == classes[k], p[:, k], sample_weight=weight) for k in scored]
    return np.mean(values) if values else np.nan


@settings(max_examples=60, deadline=None)
@given(tables=probable_tables(), weighted=st.booleans())
def test_probabilities_are_scored_as_scikit_learn_does(tables, weighted):
    true, proba, classes, weights = tables
    weights = weights if weighted else None
    names = ["log_loss", "brier_score_loss", "roc_auc", "average_precision"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        scores = multitask_scores(
            true, metrics=names, y_proba=proba, classes=classes, sample_weight=weights
        )
    for name, cells in true.items():
        rows = np.array([cell is not None for cell in cells])
        if not rows.any():
            continue
        y = np.array([cell for cell in cells if cell is not None])
        p, c = proba[name][rows], np.array(classes[name])
        weight = weights[rows] if weighted else None
        expected = {
            "log_loss": log_loss(y, p, labels=c, sample_weight=weight),
            "brier_score_loss": brier_score_loss(y, p, labels=c, sample_weight=weight),
            "average_precision": one_against_rest(
                average_precision_score, y, p, c, weight
            ),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("error", UndefinedMetricWarning)
            try:
                expected["roc_auc"] = one_against_rest(roc_auc_score, y, p, c, weight)
            except UndefinedMetricWarning:
                expected["roc_auc"] = np.nan
        for metric, value in expected.items():
            found = scores[name][metric]
            assert found == pytest.approx(value, abs=1e-12, nan_ok=True), metric


@settings(max_examples=40, deadline=None)
@given(tables=predicted_tables(), seed=st.integers(0, 100))
def test_aggregates_follow_from_the_tasks(tables, seed):
    true, pred, _ = tables
    scores = multitask_scores(true, pred, "accuracy")
    tasks = [scores[name] for name in true if scores[name]["support"]]
    values = [task["accuracy"] for task in tasks]
    assert scores["mean"]["accuracy"] == pytest.approx(np.mean(values))
    assert scores["worst"]["accuracy"] == min(values)
    # All cells together, whatever their task.
    right = sum(task["accuracy"] * task["support"] for task in tasks)
    cells = sum(task["support"] for task in tasks)
    assert scores["weighted"]["accuracy"] == pytest.approx(right / cells)
    whole = [None not in row for row in zip(*true.values(), strict=True)]
    match = [
        all(a == b for a, b in zip(row, other, strict=True))
        for row, other, full in zip(
            zip(*true.values(), strict=True),
            zip(*pred.values(), strict=True),
            whole,
            strict=True,
        )
        if full
    ]
    assert scores["exact_match"]["support"] == sum(whole)
    expected = np.mean(match) if match else np.nan
    found = scores["exact_match"]["accuracy"]
    assert found == pytest.approx(expected, nan_ok=True)
    # The order of rows says nothing.
    order = np.random.RandomState(seed).permutation(len(whole))
    shuffled = [{n: [cells[i] for i in order] for n, cells in y.items()} for y in
                (true, pred)]  # fmt: skip
    again = multitask_scores(*shuffled, "accuracy")
    assert again["mean"]["accuracy"] == pytest.approx(scores["mean"]["accuracy"])


def test_the_worst_of_a_loss_is_the_largest():
    true = {"a": [0, 1], "b": [0, 1]}
    proba = {"a": [[0.9, 0.1], [0.1, 0.9]], "b": [[0.6, 0.4], [0.4, 0.6]]}
    scores = multitask_scores(true, metrics=["log_loss", "neg_log_loss"], y_proba=proba)
    assert scores["worst"]["log_loss"] == scores["b"]["log_loss"] > 0
    assert scores["worst"]["neg_log_loss"] == -scores["worst"]["log_loss"]


def test_calibration_error_of_a_known_table():
    # Two bins of 15: confidence 0.95 and right half the time; 0.65 and always right.
    proba = [[0.95, 0.05], [0.95, 0.05], [0.65, 0.35], [0.35, 0.65]]
    scores = multitask_scores(
        [0, 1, 0, 1], metrics="calibration_error", y_proba=proba, classes=[0, 1]
    )
    assert scores["task0"]["calibration_error"] == pytest.approx(
        (2 * 0.45 + 2 * 0.35) / 4
    )


def test_probabilities_alone_give_labels():
    scores = multitask_scores(
        {"a": ["x", "y", None]},
        metrics=["accuracy", "log_loss"],
        y_proba={"a": [[0.6, 0.4], [0.7, 0.3], [1, 0]]},
    )
    assert scores["a"]["accuracy"] == 0.5


def test_a_label_that_the_model_never_saw_has_no_probability():
    scores = multitask_scores(
        ["x", "z"],
        metrics=["accuracy", "roc_auc", "brier_score_loss"],
        y_proba=[[0.6, 0.4], [0.7, 0.3]],
        classes=["x", "y"],
    )
    assert scores["task0"]["accuracy"] == 0.5
    proba = [[0.6, 0.4, 0], [0.7, 0.3, 0]]
    expected = brier_score_loss(["x", "z"], proba, labels=["x", "y", "z"])
    assert scores["task0"]["brier_score_loss"] == pytest.approx(expected)


def test_a_callable_is_a_metric():
    scores = multitask_scores(TRUE, PRED, metrics=[zero_one_loss, "accuracy"])
    assert scores["a"]["zero_one_loss"] == 0.5
    wide = partial(fbeta_score, beta=2, average="macro")
    scores = multitask_scores(TRUE, PRED, {"f2": wide}, sample_weight=[1, 2, 3])
    expected = wide(["x", "y"], ["x", "x"], sample_weight=[1, 2])
    assert scores["a"] == {"f2": expected, "support": 2}
    assert "fbeta_score" in multitask_scores(TRUE, PRED, wide)["a"]


@settings(max_examples=20, deadline=None)
@given(tables=predicted_tables())
def test_a_row_of_weight_two_is_the_row_given_twice(tables):
    true, pred, weights = tables
    times = weights[:, 0]
    repeated = [
        {name: np.repeat(np.array(cells, dtype=object), times) for name, cells in y}
        for y in (true.items(), pred.items())
    ]
    weighted = multitask_scores(true, pred, sample_weight=times)
    counted = multitask_scores(*repeated)
    for name in ("mean", "worst", "weighted"):
        assert weighted[name] == pytest.approx(counted[name], abs=1e-12)
    found, expected = (y["exact_match"]["accuracy"] for y in (weighted, counted))
    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


# Tables ------------------------------------------------------------------------------

TRUE = {"a": ["x", "y", None], "b": [1, None, 2]}
PRED = {"a": ["x", "x", "x"], "b": [1, 1, 2]}
EXPECTED = {"a": 0.5, "b": 1.0, "mean": 0.75}


@pytest.mark.parametrize("container", [dict, pd.DataFrame, pl.DataFrame])
def test_columns_are_matched_by_name(container):
    swapped = container({name: PRED[name] for name in ("b", "a")})
    assert accuracies(container(TRUE), swapped) == EXPECTED
    assert accuracies(TRUE, swapped) == EXPECTED


def test_columns_without_names_are_matched_by_position():
    rows = list(zip(*PRED.values(), strict=True))
    assert accuracies(TRUE, rows) == EXPECTED
    assert accuracies(pd.DataFrame(TRUE), np.array(rows, dtype=object)) == EXPECTED


def test_named_predictions_are_matched_to_unnamed_labels_by_position():
    rows = list(zip(*TRUE.values(), strict=True))
    assert accuracies(rows, PRED) == EXPECTED


def test_a_vector_is_a_table_of_one_task():
    assert accuracies(["x", None], ["x", "y"]) == {"task0": 1.0, "mean": 1.0}
    assert accuracies(["x", None], [["x"], ["y"]]) == {"task0": 1.0, "mean": 1.0}


def test_numbers_are_equal_across_types():
    assert accuracies(pd.Series([1, None]), [1, 2])["mean"] == 1.0
    assert accuracies([True, False, None], [1, 0, 1])["mean"] == 1.0


def test_only_the_metrics_asked_for_are_there():
    scores = multitask_scores([1, 2], [1, 2], metrics=["f1_macro"])
    one = {"f1_macro": 1.0}
    assert scores == {
        "task0": {"f1_macro": 1.0, "support": 2},
        "mean": one,
        "worst": one,
        "weighted": one,
        "exact_match": {"accuracy": 1.0, "support": 2},
    }


# Weights -----------------------------------------------------------------------------


def test_a_task_whose_cells_have_no_weight_is_left_out_of_the_mean():
    scores = multitask_scores(TRUE, PRED, sample_weight=[[0, 1], [0, 1], [1, 0]])
    assert np.isnan(scores["a"]["accuracy"])
    assert scores["mean"]["accuracy"] == scores["b"]["accuracy"] == 1.0


def test_weights_are_checked():
    with pytest.raises(ValueError, match=r"must have shape \(3,\)"):
        multitask_scores(TRUE, PRED, sample_weight=[1, 2])


# NaN ---------------------------------------------------------------------------------


def test_a_task_without_labels_is_left_out_of_the_mean():
    scores = multitask_scores({**TRUE, "c": [None] * 3}, {**PRED, "c": [0, 1, 0]})
    assert scores["c"]["support"] == 0
    assert np.isnan(
        [scores["c"][m] for m in ("accuracy", "recall_macro", "f1_macro")]
    ).all()
    assert scores["mean"]["accuracy"] == 0.75


def test_the_mean_of_no_task_is_nan_with_a_warning():
    with pytest.warns(UndefinedMetricWarning, match="No task has labelled cells"):
        scores = multitask_scores([None, None], [1, 0], metrics=["accuracy"])
    assert np.isnan(scores["mean"]["accuracy"])


def test_mean_over_tasks_reads_what_is_a_number():
    assert mean_over_tasks([0.5, np.nan, 1.0]) == 0.75
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(mean_over_tasks([np.nan]))


# What is wrong -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("true", "pred", "message"),
    [
        ([1, 2], [1], "y_true and y_pred must have the same rows. Got 2 and 1"),
        ({"a": [1]}, {"b": [1]}, r"y_pred must .* Missing: \['a'\]; unknown: \['b'\]"),
        ({"a": [1]}, [[1, 2]], r"y_pred must have a column for each .* Got 2"),
        ({"a": ["x", 1]}, {"a": ["x", "x"]}, r"^y_true\['a'\] holds both"),
        (["x", "y"], ["x", 1], "^y_pred holds both"),
        (["x", "y"], [1, 2], "hold labels of different types"),
        ({"mean": [1, 2], "a": [1, 2]}, {"mean": [1, 2], "a": [1, 1]}, "'mean'"),
    ],
)
def test_what_is_wrong_with_two_tables(true, pred, message):
    with pytest.raises(ValueError, match=message):
        multitask_scores(true, pred)


@pytest.mark.parametrize(
    ("true", "pred", "place"),
    [
        (["x", "y"], ["x", None], r"y_pred.*row.*1"),
        ([0, 1], [None, 1], r"y_pred.*row.*0"),
        ({"a": [0.0, 1.0]}, {"a": [np.nan, 1.0]}, r"y_pred\['a'\].*row.*0"),
    ],
)
def test_a_labelled_cell_has_a_prediction(true, pred, place):
    with pytest.raises(ValueError, match=place):
        multitask_scores(true, pred)


def test_predictions_may_be_missing_where_labels_are():
    assert accuracies(["x", None], ["x", None])["mean"] == 1.0


def test_metrics_are_known():
    with pytest.raises(ValueError, match=r"metrics must be among .*'f1_macro'.*'auc'"):
        multitask_scores([1, 2], [1, 2], metrics=["f1_macro", "auc"])


@pytest.mark.parametrize("metrics", [[], ["accuracy", "accuracy"]])
def test_each_metric_comes_once(metrics):
    with pytest.raises(ValueError, match=r"at least one metric, each once. Got \["):
        multitask_scores([1, 2], [1, 2], metrics)


def test_probabilities_must_be_there():
    match = r"\['log_loss'\] are computed from probabilities. Pass y_proba"
    with pytest.raises(ValueError, match=match):
        multitask_scores([1, 2], [1, 2], "log_loss")
    with pytest.raises(ValueError, match="y_proba or both"):
        multitask_scores([1, 2])


@pytest.mark.parametrize(
    ("proba", "classes", "message"),
    [
        ([[0.5, 0.5]], None, "same rows. Got 2 and 1"),
        ([[0.5, 0.5, 0]] * 2, None, r"'task0'\] has 3 columns.*2 classes, \[1, 2\]"),
        ([[0.5, np.nan]] * 2, None, r"'task0'\] holds NaN"),
        ([0.5, 0.5], None, r"'task0'\] must have 2 dim.*Got shape \(2,\)"),
        ([[[0.5, 0.5]] * 2] * 2, None, r"1 tasks \['task0'\]. Got 2 item"),
    ],
)
def test_what_is_wrong_with_probabilities(proba, classes, message):
    with pytest.raises(ValueError, match=message):
        multitask_scores([1, 2], metrics="log_loss", y_proba=proba, classes=classes)


def test_probabilities_have_the_tasks_of_the_labels():
    with pytest.raises(ValueError, match=r"exactly the tasks \['a'\]. Got \['b'\]"):
        multitask_scores({"a": [1, 2]}, y_proba={"b": [[0.5, 0.5]] * 2})


# Codes -------------------------------------------------------------------------------


def test_codes_accuracy_leaves_missing_cells_out_and_counts_unknown_labels_wrong():
    codes = np.array([[0, -1, 1], [1, -1, -2], [-1, -1, 0]])
    decided = np.array([[0, 0, 1], [0, 0, 0], [0, 0, 0]])
    assert_array_equal(codes_accuracy(codes, decided), [1 / 2, np.nan, 2 / 3])


def test_codes_accuracy_weighs_cells():
    codes = np.array([[0, 1], [1, 1]])
    weights = np.array([[3.0, 0.0], [1.0, 0.0]])
    found = codes_accuracy(codes, np.zeros((2, 2), dtype=int), weights)
    assert_allclose(found, [0.75, np.nan])


@pytest.mark.parametrize(("true", "pred"), [([1, 2], ["1", "2"]), (["a"], [True])])
def test_labels_and_predictions_are_of_one_type(true, pred):
    message = r"y_true\['task0'\] and y_pred\['task0'\] hold.*different types. Got"
    with pytest.raises(ValueError, match=message):
        multitask_scores(true, pred)


@pytest.mark.filterwarnings("ignore:No task has labelled cells that give")
@pytest.mark.parametrize("name", list(METRICS))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_cell_of_weight_zero_is_no_cell(name, data):
    n = data.draw(st.integers(2, 8))
    draw = st.lists(st.integers(0, 2), min_size=n, max_size=n)
    true, pred = (np.array(data.draw(draw)) for _ in range(2))
    weights = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 1, 2.5]), min_size=n, max_size=n))
    )
    proba = np.random.RandomState(n).dirichlet(np.ones(3), size=n)
    kept = weights > 0
    assume(kept.any())
    found, wanted = (
        multitask_scores(
            true[rows],
            pred[rows],
            name,
            y_proba=[proba[rows]],
            classes=[np.arange(3)],
            sample_weight=weights[rows],
        )["task0"][name]
        for rows in (np.arange(n), kept)
    )
    assert_allclose(found, wanted, rtol=1e-12)


def test_scores_in_threads_leave_the_warning_filters_as_they_are():
    true = {"a": ["x", "x", "x"], "b": [0, 1, 0]}
    pred = {"a": ["x", "y", "x"], "b": [0, 0, 0]}
    proba = {key: [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]] for key in "ab"}
    classes = {"a": ["x", "y"], "b": [0, 1]}
    before = list(warnings.filters)

    def score(_):
        return multitask_scores(
            true, pred, y_proba=proba, classes=classes, metrics=list(METRICS)
        )["a"]["roc_auc"]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(score, range(40)))
    assert np.isnan(found).all()  # one class has no pairs to rank
    assert warnings.filters == before


# What counts as a cell ---------------------------------------------------------------


def test_a_missing_label_is_no_class():
    y = {"a": [1, 0, -1, 1], "b": [-1, 0, 1, 1]}
    pred = {"a": [1, 0, 1, 1], "b": [0, 0, 1, 1]}
    scores = multitask_scores(y, pred, missing_label=-1)
    assert scores["mean"] == {"accuracy": 1.0, "recall_macro": 1.0, "f1_macro": 1.0}
    assert [scores[name]["support"] for name in "ab"] == [3, 3]


def test_a_cell_of_weight_0_counts_as_missing():
    # The only cell of class 2 weighs nothing: fit never sees it, so no score does.
    true = {"a": [0, 1, 2, 0], "b": ["x", "y", "x", "y"]}
    pred = {"a": [0, 1, 1, 0], "b": ["x", "y", "x", "y"]}
    weight = [1, 1, 0, 2]
    metrics = ["f1_macro", "balanced_accuracy", "accuracy"]
    scores = multitask_scores(true, pred, metrics, sample_weight=weight)
    assert scores["a"] == dict.fromkeys(metrics, 1.0) | {"support": 3}
    assert scores["exact_match"] == {"accuracy": 1.0, "support": 3}
    proba = [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.7, 0.3]]
    auc = multitask_scores(
        [0, 1, 2, 0], y_proba=proba, classes=[0, 1], metrics="roc_auc",
        sample_weight=weight,
    )  # fmt: skip
    assert auc["mean"]["roc_auc"] == 1.0


def test_a_cell_without_weight_needs_no_prediction():
    scores = multitask_scores([1, 0, 1], [1, 0, None], sample_weight=[1, 1, 0])
    assert scores["task0"]["support"] == 2


def test_weighted_means_count_the_weight_of_cells():
    scores = multitask_scores(
        {"a": [1, 0, 1], "b": [0, 1, None]},
        {"a": [1, 0, 1], "b": [1, 0, 0]},
        "accuracy",
        sample_weight=[3, 1, 2],
    )
    assert scores["weighted"]["accuracy"] == pytest.approx(6 / 10)


@pytest.mark.parametrize("container", [dict, pd.DataFrame, pl.DataFrame])
def test_weights_are_matched_by_name(container):
    true, pred = {"a": [1, 0], "b": [1, 0]}, {"a": [1, 1], "b": [0, 0]}
    weight = container({"b": [3.0, 1.0], "a": [1.0, 1.0]})
    scores = multitask_scores(true, pred, "accuracy", sample_weight=weight)
    assert scores["a"]["accuracy"] == 0.5
    assert scores["b"]["accuracy"] == 0.25
    with pytest.raises(ValueError, match=r"Missing: \['b'\]; unknown: \['c'\]"):
        multitask_scores(
            true, pred, sample_weight=container({"a": [1, 1], "c": [1, 1]})
        )
    # Labels without names have nothing to match.
    arrays = (np.transpose(list(table.values())) for table in (true, pred))
    scores = multitask_scores(*arrays, "accuracy", sample_weight=weight)
    assert scores["task0"]["accuracy"] == 0.75


def test_weights_of_rows_are_a_column():
    frame = pd.DataFrame({"weight": [1.0, 3.0]})
    true, pred = {"a": [1, 0], "b": [1, 0]}, {"a": [1, 1], "b": [0, 0]}
    with pytest.raises(ValueError, match=r"such as sample_weight\['weight'\]"):
        multitask_scores(true, pred, sample_weight=frame)
    scores = multitask_scores(true, pred, "accuracy", sample_weight=frame["weight"])
    assert scores["a"]["accuracy"] == 0.25


def test_calibration_error_counts_weights():
    proba = np.array([[0.9, 0.1], [0.9, 0.1], [0.3, 0.7]])
    settings = {"y_proba": proba, "classes": [0, 1], "metrics": "calibration_error"}
    weighted = multitask_scores([0, 1, 1], sample_weight=[3, 1, 2], **settings)
    repeated = multitask_scores(
        [0, 0, 0, 1, 1, 1], **settings | {"y_proba": proba[[0, 0, 0, 1, 2, 2]]}
    )
    assert weighted["mean"]["calibration_error"] == pytest.approx(
        repeated["mean"]["calibration_error"]
    )
    assert weighted["mean"]["calibration_error"] == pytest.approx((0.6 + 0.6) / 6)


def test_the_worst_hamming_loss_is_the_largest():
    scores = multitask_scores(
        {"a": [1, 0], "b": [1, 0]}, {"a": [1, 0], "b": [1, 1]}, "hamming_loss"
    )
    assert scores["worst"]["hamming_loss"] == 0.5


# Undefined scores --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "true", "pred", "expected"),
    [
        ("balanced_accuracy", [0, 0, 1], [0, 2, 1], 0.75),
        ("balanced_accuracy", [1, 1], [1, 1], 1.0),
        ("matthews_corrcoef", [1, 1], [1, 1], 0.0),
        ("matthews_corrcoef", [1, 1], [1, 0], 0.0),
        ("quadratic_kappa", [1, 1], [1, 1], np.nan),
        ("quadratic_kappa", [1, 1], [1, 2], 0.0),
        ("f1_macro", [1, 1], [0, 0], 0.0),
    ],
)
def test_undefined_scores_of_labels_give_no_warning(metric, true, pred, expected):
    other = [0, 1, 1][: len(true)]
    scores = multitask_scores({"a": true, "b": other}, {"a": pred, "b": other}, metric)
    assert scores["a"][metric] == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("metric", "true", "expected"),
    [
        ("roc_auc", [0, 0], np.nan),
        ("roc_auc", [1, 1], np.nan),
        ("average_precision", [0, 0], np.nan),
        ("average_precision", [1, 1], 1.0),
    ],
)
def test_undefined_scores_of_probabilities_give_no_warning(metric, true, expected):
    proba = {"a": [[0.4, 0.6], [0.7, 0.3]], "b": [[0.9, 0.1], [0.2, 0.8]]}
    scores = multitask_scores(
        {"a": true, "b": [0, 1]}, y_proba=proba, metrics=metric,
        classes={"a": [0, 1], "b": [0, 1]},
    )  # fmt: skip
    assert scores["a"][metric] == pytest.approx(expected, nan_ok=True)
    assert scores["mean"][metric] == 1.0


def test_no_module_of_the_library_changes_warning_filters():
    # It would change them for all threads. The command line is a program, and Python
    # has no other way to parse the old sources of a data set.
    package = Path(sklearn_mtl.__file__).parent
    sources = [
        path
        for path in package.rglob("*.py")
        if "_cli" not in path.parts and "datasets" not in path.parts
    ]
    assert len(sources) > 50
    for path in sources:
        assert "catch_warnings" not in path.read_text(encoding="utf-8"), path


# Names that are taken, columns in another order --------------------------------------


def test_a_metric_is_not_called_support():
    def support(y_true, y_pred):
        return 1.0

    with pytest.raises(ValueError, match="A metric cannot be called 'support'"):
        multitask_scores(TRUE, PRED, support)
    scores = multitask_scores(TRUE, PRED, {"found": support})
    assert scores["a"]["found"] == 1.0


@pytest.mark.parametrize("name", ["mean", "worst", "weighted", "exact_match"])
def test_a_task_is_not_called_like_an_aggregate(name):
    with pytest.raises(ValueError, match=f"A task cannot be called '{name}'"):
        multitask_scores({name: [1, 0]}, {name: [1, 0]})


def test_columns_in_another_order_are_warned_of():
    true = pd.DataFrame({"a": ["x", "y", "x"], "b": ["p", "p", "q"]})
    pred = true[["b", "a"]]
    with pytest.warns(
        UserWarning,
        match=r"by position, but none of the predicted labels of \['a', 'b'\] occurs"
        r".*For 'a' got \['p', 'q'\].*do occur in 'b' of y_true.*pass both as dicts",
    ):
        scores = multitask_scores(true, pred.to_numpy(), "accuracy")
    assert scores["mean"]["accuracy"] == 0.0
    # As the message says.
    for as_named in (dict, pd.DataFrame):
        scores = multitask_scores(as_named(true), as_named(pred), "accuracy")
        assert scores["mean"]["accuracy"] == 1.0


def test_a_few_wrong_rows_are_no_other_order():
    true, pred = [["a", 0], ["b", 0]], [["b", 1], ["a", 1]]
    assert multitask_scores(true, pred, "accuracy")["mean"]["accuracy"] == 0.0


def test_a_single_cell_has_no_pairs_to_rank():
    one, proba = np.array([1]), np.array([[0.2, 0.8]])
    found = score_task(METRICS["roc_auc"], one, one, proba, np.array([0, 1]), None)
    assert np.isnan(found)


def test_what_each_metric_reads():
    losses = {"hamming_loss", "mean_absolute_error", "log_loss", "brier_score_loss",
              "calibration_error"}  # fmt: skip
    probabilities = {"roc_auc", "average_precision", "log_loss", "neg_log_loss",
                     "brier_score_loss", "neg_brier_score", "calibration_error",
                     "neg_calibration_error"}  # fmt: skip
    orders = {"quadratic_kappa", "mean_absolute_error", "neg_mean_absolute_error"}
    averaged = {f"{name}_{average}" for name in ("precision", "recall", "f1")
                for average in ("macro", "micro", "weighted")}  # fmt: skip
    sets = averaged | {"accuracy", "hamming_loss", "neg_hamming_loss"}
    assert {m.name for m in METRICS.values() if m.is_loss} == losses
    assert {m.name for m in METRICS.values() if m.reads_probabilities} == probabilities
    assert {m.name for m in METRICS.values() if m.reads_order} == orders
    assert {m.name for m in METRICS.values() if m.reads_sets} == sets
    assert not any(m.is_foreign for m in METRICS.values())
    own = resolve_metrics(zero_one)[0]
    assert own.name == "zero_one"
    assert own[2:] == (False, False, False, True, True)


def zero_one(y_true, y_pred):
    return float(np.mean(y_true == y_pred))


@pytest.mark.parametrize(
    ("confidence", "bins"), [(0.6, 15), (10 / 15, 15), (0.5, 2), (1.0, 15), (0.51, 2)]
)
def test_bins_of_calibration_are_closed_above(confidence, bins):
    # A right cell beside a wrong one of slightly more confidence: in one bin their
    # gaps cancel out, in two they add up.
    more = min(confidence + 1e-6, 1.0)
    proba = np.array([[confidence, 1 - confidence], [more, 1 - more]])
    found = calibration_error(
        np.array([0, 1]), proba, None, np.array([0, 1]), n_bins=bins
    )
    alike = np.ceil(confidence * bins) == np.ceil(more * bins)
    gaps = [confidence - 1, more]
    expected = abs(sum(gaps)) / 2 if alike else np.abs(gaps).sum() / 2
    assert found == pytest.approx(expected)


def test_a_label_holds_above_a_half():
    scores = multitask_scores(
        [[{"a"}], [{"a"}], [set()]],
        metrics="accuracy",
        y_proba=[np.array([[0.5], [0.51], [0.5]])],
        classes=[np.array(["a"])],
    )
    assert scores["task0"]["accuracy"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("true", "pred", "warned"),
    [
        # Of two labels on both sides together all may be wrong by chance.
        ([["a", "p"], ["a", "p"]], [["b", "p"], ["b", "p"]], False),
        ([["a", "p"], ["c", "p"]], [["b", "p"], ["b", "p"]], True),
        # One in common is enough, and a single task has nothing to be taken for.
        ([["a", "p"], ["c", "p"]], [["b", "p"], ["a", "p"]], False),
        ([["a"], ["c"]], [["b"], ["b"]], False),
    ],
)
def test_when_columns_are_taken_for_one_another(true, pred, warned):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        multitask_scores(true, pred, "accuracy")
    assert [each.category for each in found] == [UserWarning] * warned
    for each in found:
        assert each.filename == __file__  # points to the caller
        assert "['task0'] occurs in the true" in str(each.message)
        assert "They do occur" not in str(each.message)


def test_messages_name_five_rows_and_five_classes():
    with pytest.raises(ValueError, match=r"is empty in row\(s\) \[0, 1, 2, 3, 4\], "):
        multitask_scores({"a": ["x"] * 7}, {"a": [None] * 7}, "accuracy")
    with pytest.raises(
        ValueError,
        match=r"y_proba\['a'\] has 2 columns, but there are 7 classes, "
        r"\[0, 1, 2, 3, 4\] among them\. Pass the classes",
    ):
        multitask_scores({"a": list(range(7))}, y_proba={"a": np.ones((7, 2)) / 2})


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1.0, 2.0], r"shape \(3,\), one weight per row, or \(3, 2\), one weight per "
                     r"cell\. Got sample_weight\.shape == \(2,\)"),
        ([1.0, -1.0, 1.0], r"not negative\. Got -1\.0 in row 1"),
        ([1.0, 1.0, np.inf], r"not negative\. Got inf in row 2"),
        ([0, 0, 0], r"All 3 are 0, so no row would count"),
        (["a", "b", "c"], "sample_weight must hold numbers"),
    ],
)  # fmt: skip
def test_weights_that_cannot_be(weight, message):
    with pytest.raises(ValueError, match=message):
        cell_weights(weight, 3, 2)


def test_weights_have_one_shape():
    assert cell_weights(None, 3, 2) is None
    assert_array_equal(cell_weights(2, 3, 2), np.full((3, 2), 2.0))
    assert_array_equal(cell_weights([0, 1, 2], 3, 2), [[0, 0], [1, 1], [2, 2]])
    table = [[0.0, 1.0], [1.0, 0.0], [2.0, 3.0]]
    assert_array_equal(cell_weights(table, 3, 2), table)
