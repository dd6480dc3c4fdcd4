"""Scores of several tasks over labelled cells only."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import accuracy_score, f1_score, recall_score

from sklearn_mtl.metrics import codes_accuracy, mean_over_tasks, multitask_scores

KINDS = [["x", "y", "zz"], [1, 2, 3], [True, False], [0.0, 1.0]]


def accuracies(*args, **params):
    """Give the accuracy of each task and of the mean."""
    scores = multitask_scores(*args, metrics=["accuracy"], **params)
    return {name: score["accuracy"] for name, score in scores.items()}


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


def score_cells(true, pred, weight):
    """Score one column with scikit-learn, labelled rows only."""
    rows = np.array([cell is not None for cell in true])
    if not rows.any():
        return {"accuracy": np.nan, "recall": np.nan, "f1": np.nan, "support": 0}
    cells = (
        np.array([cell for cell in true if cell is not None]),
        np.array(pred)[rows],
    )
    weight = None if weight is None else weight[rows]
    macro = {"average": "macro", "zero_division": 0.0, "sample_weight": weight}
    return {
        "accuracy": accuracy_score(*cells, sample_weight=weight),
        "recall": recall_score(*cells, **macro),
        "f1": f1_score(*cells, **macro),
        "support": rows.sum(),
    }


@settings(max_examples=40, deadline=None)
@given(tables=predicted_tables(), weighted=st.booleans())
def test_each_task_is_scored_as_scikit_learn_does_on_labelled_rows(tables, weighted):
    true, pred, weights = tables
    scores = multitask_scores(true, pred, sample_weight=weights if weighted else None)
    expected = [
        score_cells(true[name], pred[name], weights[:, k] if weighted else None)
        for k, name in enumerate(true)
    ]
    for name, values in zip(true, expected, strict=True):
        assert scores[name] == pytest.approx(values, abs=1e-12, nan_ok=True)
    for metric, mean in scores["mean"].items():
        values = [task[metric] for task in expected]
        assert mean == pytest.approx(np.nanmean(values), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(tables=predicted_tables())
def test_a_row_of_weight_two_is_the_row_given_twice(tables):
    true, pred, weights = tables
    times = weights[:, 0]
    repeated = [
        {name: np.repeat(np.array(cells, dtype=object), times) for name, cells in y}
        for y in (true.items(), pred.items())
    ]
    weighted = multitask_scores(true, pred, sample_weight=times)["mean"]
    assert weighted == pytest.approx(multitask_scores(*repeated)["mean"], abs=1e-12)


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
    scores = multitask_scores([1, 2], [1, 2], metrics=["f1"])
    assert scores == {"task0": {"f1": 1.0, "support": 2}, "mean": {"f1": 1.0}}


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
    assert np.isnan([scores["c"][m] for m in ("accuracy", "recall", "f1")]).all()
    assert scores["mean"]["accuracy"] == 0.75


def test_the_mean_of_no_task_is_nan_with_a_warning():
    with pytest.warns(UndefinedMetricWarning, match="No task has a labelled cell"):
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
        (["x", "y"], [1, 2], "Mix of label input types"),
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
    with pytest.raises(ValueError, match=r"metrics must be among .*\['auc'\]"):
        multitask_scores([1, 2], [1, 2], metrics=["f1", "auc"])


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
