"""How much each cell counts."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.class_weight import compute_class_weight
from versions import needs_scikit_learn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.data._targets import Targets
from sklearn_mtl.data._weights import class_weight_table, log_class_shares, row_weights
from sklearn_mtl.labels._tables import as_label_table
from sklearn_mtl.metrics._weights import cell_weights

Y = {"a": ["x", "y", "y", None], "b": [1, 1, 2, 3]}


def factors_of(class_weight, y=Y, weights=None):
    """Give the factor of each cell."""
    table = as_label_table(y)
    targets = Targets(table)
    if weights is None:
        weights = np.ones(table.missing.shape)
    return class_weight_table(class_weight, targets, targets.encode(table), weights)


# Class weights -----------------------------------------------------------------------


def test_without_class_weights_all_cells_count_the_same():
    assert_array_equal(factors_of(None), np.ones((4, 2)))


@needs_scikit_learn(1, 7, why="its class weights take no weights of rows")
def test_balanced_is_what_scikit_learn_counts_on_labelled_cells():
    weights = np.array([[1.0, 2.0], [3.0, 1.0], [0.5, 1.0], [9.0, 4.0]])
    found = factors_of("balanced", weights=weights)
    for k, rows in enumerate([[0, 1, 2], [0, 1, 2, 3]]):
        cells = np.array([list(Y.values())[k][row] for row in rows])
        classes = np.unique(cells)
        expected = compute_class_weight(
            "balanced", classes=classes, y=cells, sample_weight=weights[rows, k]
        )
        expected = dict(zip(classes, expected, strict=True))
        assert_allclose(found[rows, k], [expected[cell] for cell in cells])


def test_a_missing_cell_has_factor_one():
    assert factors_of("balanced")[3, 0] == 1.0


def test_each_task_has_its_own_weights():
    found = factors_of({"a": {"x": 3.0, "y": 0.0}, "b": None})
    assert_array_equal(found, [[3, 1], [0, 1], [0, 1], [1, 1]])


def test_one_task_may_be_balanced():
    found = factors_of({"a": "balanced"})
    assert_array_equal(found[:, 0], factors_of("balanced")[:, 0])
    assert_array_equal(found[:, 1], np.ones(4))


def test_classes_that_are_not_named_have_weight_one():
    assert_array_equal(factors_of({"b": {2: 5}})[:, 1], [1, 1, 5, 1])


def test_classes_that_are_not_there_may_be_named_if_all_others_are():
    assert_array_equal(factors_of({"a": {"x": 2, "y": 3, "z": 4}})[:3, 0], [2, 3, 3])


def test_a_vector_takes_a_flat_dict():
    assert_array_equal(factors_of({"x": 2}, ["x", "y"]), [[2], [1]])
    assert_array_equal(factors_of({True: 2}, [True, False]), [[2], [1]])


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"c": "balanced"}, r"names unknown tasks \['c'\]"),
        ({"x": 1, "y": 2}, r"names unknown tasks \['x', 'y'\]\. The tasks are"),
        ({"a": 3}, r"class_weight\['a'\] must be a dict .* Got 3"),
        ({"a": "even"}, r"class_weight\['a'\] must be a dict .* Got 'even'"),
        ({"a": {"x": 1, "z": 2}}, r"'a' has unknown classes \['z'\] .* for \['y'\]"),
        ({"a": {"x": -1}}, r"'a' must be finite and not negative. Got {'x': -1}"),
        ({"a": {"x": np.nan}}, "'a' must be finite and not negative"),
        ({"a": {"x": np.inf}}, "'a' must be finite and not negative"),
    ],
)
def test_what_is_wrong_with_class_weights(class_weight, message):
    with pytest.raises(ValueError, match=message):
        factors_of(class_weight)


@settings(max_examples=50, deadline=None)
@given(
    cells=st.lists(st.sampled_from([0, 1, 2, None]), min_size=1, max_size=12).filter(
        lambda cells: len(set(cells) - {None}) > 1
    ),
    data=st.data(),
)
def test_balanced_classes_have_equal_sums_and_leave_the_total(cells, data):
    size = len(cells)
    weights = data.draw(st.lists(st.floats(0.1, 9), min_size=size, max_size=size))
    weights = np.array(weights)[:, None]
    balanced = (weights * factors_of("balanced", cells, weights)).ravel()
    labels = np.array([-1 if cell is None else cell for cell in cells])
    sums = [balanced[labels == label].sum() for label in set(cells) - {None}]
    assert_allclose(sums, sums[0])
    assert_allclose(sum(sums), weights[labels >= 0].sum())


# Class shares ------------------------------------------------------------------------


def shares_of(y=Y, weights=None, class_weight=None, learnt_from=None):
    """Give the logarithms of class shares, of the classes of another table perhaps."""
    table = as_label_table(y)
    targets = Targets(as_label_table(y if learnt_from is None else learnt_from))
    codes = targets.encode(table)
    if weights is None:
        weights = np.ones(codes.shape)
    factors = class_weight_table(class_weight, targets, codes, weights)
    return log_class_shares(targets, codes, weights * factors)


def test_class_shares_count_labelled_cells():
    a, b = shares_of()
    assert_allclose(a, np.log([1 / 3, 2 / 3]), rtol=1e-14)
    assert_allclose(b, np.log([1 / 2, 1 / 4, 1 / 4]), rtol=1e-14)


def test_class_shares_count_with_weights():
    weights = np.array([[1.0, 2.0], [3.0, 1.0], [0.5, 1.0], [9.0, 4.0]])
    a, b = shares_of(weights=weights)
    assert_allclose(a, np.log([1 / 4.5, 3.5 / 4.5]), rtol=1e-14)
    assert_allclose(b, np.log([3 / 8, 1 / 8, 4 / 8]), rtol=1e-14)
    a, _ = shares_of(class_weight={"a": {"x": 6.0}})
    assert_allclose(a, np.log([6 / 8, 2 / 8]), rtol=1e-14)


@settings(max_examples=50, deadline=None)
@given(
    cells=st.lists(st.sampled_from([0, 1, 2, None]), min_size=1, max_size=12).filter(
        lambda cells: len(set(cells) - {None}) > 1
    ),
    data=st.data(),
)
def test_class_shares_are_those_of_numpy_and_even_where_balanced(cells, data):
    size = len(cells)
    weights = data.draw(st.lists(st.floats(0.1, 9), min_size=size, max_size=size))
    weights = np.array(weights)
    labels = np.array([-1 if cell is None else cell for cell in cells])
    sums = np.array([weights[labels == k].sum() for k in sorted(set(cells) - {None})])
    (found,) = shares_of(cells, weights[:, None])
    assert_allclose(found, np.log(sums / sums.sum()), rtol=1e-12)
    assert_allclose(np.exp(found).sum(), 1.0, rtol=1e-12)
    (balanced,) = shares_of(cells, weights[:, None], "balanced")
    assert_allclose(balanced, np.full(len(sums), -np.log(len(sums))), rtol=1e-12)


def test_a_class_that_is_not_there_has_the_share_of_the_rarest():
    (found,) = shares_of([0, 1, 1, 1], learnt_from=[0, 1, 2, 3])
    assert_allclose(found, np.log(np.array([1, 3, 1, 1]) / 6))


def test_a_class_of_weight_zero_has_the_share_of_the_rarest():
    (found,) = shares_of([0, 1, 1, 2, 2, 2], class_weight={0: 0.0})
    assert_allclose(found, np.log(np.array([2, 2, 3]) / 7))


def test_a_task_without_cells_has_no_shares():
    a, b = shares_of({**Y, "a": [None] * 4}, learnt_from=Y)
    assert_array_equal(a, [0, 0])
    assert_allclose(b, np.log([1 / 2, 1 / 4, 1 / 4]))


def test_a_single_class_has_all():
    with pytest.warns(UserWarning, match="single class"):
        (found,) = shares_of(["x", None, "x"])
    assert_array_equal(found, [0])


def test_the_share_of_next_to_nothing_is_finite():
    weights = np.array([[1e-200], [1e200], [1e200]])
    (found,) = shares_of([0, 1, 1], weights)
    assert_allclose(found, [-400 * np.log(10) - np.log(2), 0], atol=1e-12)


# Row weights -------------------------------------------------------------------------


def test_a_row_weighs_the_mean_of_its_labelled_cells():
    weights = np.array([[1.0, 3.0], [1.0, 3.0], [1.0, 3.0]])
    labelled = np.array([[True, True], [False, True], [False, False]])
    assert_array_equal(row_weights(weights, labelled), [2, 3, 0])


# Sample weights ----------------------------------------------------------------------


def test_no_weights_stay_none():
    assert cell_weights(None, 3, 2) is None


@pytest.mark.parametrize("container", [list, tuple, np.array, pd.Series, pl.Series])
def test_the_weight_of_a_row_is_that_of_its_cells(container):
    found = cell_weights(container([1, 2, 0]), 3, 2)
    assert_array_equal(found, [[1, 1], [2, 2], [0, 0]])
    assert found.dtype == float


@pytest.mark.parametrize("container", [list, np.array, pd.DataFrame])
def test_each_cell_may_have_its_weight(container):
    weights = [[1, 2], [0, 4], [5, 6]]
    assert_array_equal(cell_weights(container(weights), 3, 2), weights)


def test_a_number_is_the_weight_of_every_cell():
    assert_array_equal(cell_weights(2.0, 3, 2), np.full((3, 2), 2.0))


@pytest.mark.parametrize("shape", [(2,), (3, 1), (2, 3), (3, 2, 1)])
def test_weights_fit_the_table(shape):
    message = r"must have shape \(3,\), .*, or \(3, 2\), .*sample_weight\.shape == "
    with pytest.raises(ValueError, match=message):
        cell_weights(np.ones(shape), 3, 2)


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf, None])
def test_weights_are_finite_and_not_negative(wrong):
    message = "sample_weight contains NaN, infinity or negative .* in row 1"
    with pytest.raises(ValueError, match=message):
        cell_weights([1.0, wrong, wrong], 3, 2)
    with pytest.raises(ValueError, match=message):
        cell_weights([[1.0, 1.0], [1.0, wrong], [1.0, 1.0]], 3, 2)


@pytest.mark.parametrize("weights", [[0, 0, 0], np.zeros((3, 2)), 0])
def test_some_weight_is_positive(weights):
    with pytest.raises(ValueError, match="at least one non-zero number"):
        cell_weights(weights, 3, 2)


def test_named_columns_of_weights_go_to_their_tasks():
    texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    y = pd.DataFrame({"a": [0, 1] * 10, "b": [0, 0, 1, 1] * 5})
    weight = pd.DataFrame({"a": [1.0] * 20, "b": [1.0] * 10 + [0.0] * 10})

    def fit(weight):
        clf = MultiTaskTextClassifier(max_iter=2, random_state=0)
        return clf.fit(texts, y, sample_weight=weight)

    expected = fit(weight.to_numpy()).predict_proba(texts)
    for found in (weight, weight[["b", "a"]], dict(weight[["b", "a"]])):
        clf = fit(found)
        for p, q in zip(clf.predict_proba(texts), expected, strict=True):
            assert_array_equal(p, q)
        assert clf.score(texts, y, found) == clf.score(texts, y, weight.to_numpy())
    with pytest.raises(ValueError, match=r"Missing: \['b'\]; unknown: \['c'\]"):
        fit(weight.rename(columns={"b": "c"}))


def test_class_weights_may_be_a_list_in_task_order():
    X = ["late parcel", "wrong bill", "box is late", "bill again"] * 5
    y = np.array([[1, 0], [0, 1], [1, 1], [0, 0]] * 5)
    weights = [{0: 1, 1: 5}, "balanced"]

    def fit(class_weight):
        clf = MultiTaskTextClassifier(
            class_weight=class_weight, random_state=0, max_iter=2
        )
        return clf.fit(X, y)

    named = fit({"task0": weights[0], "task1": weights[1]}).predict_proba(X)
    np.testing.assert_array_equal(fit(weights).predict_proba(X), named)
    with pytest.raises(ValueError, match=r"each of the 2 task.*Got 1. .*\{'task0': "):
        fit(weights[:1])
    fit({"task0": "balanced", "task1": "balanced"})


def test_a_message_names_five_classes_of_each_kind_and_ten_in_all():
    y = [f"c{k:02}" for k in range(12)]
    wrong = {f"x{k}": 1.0 for k in range(7)}
    match = (
        r"has unknown classes \['x0', 'x1', 'x2', 'x3', 'x4'\] and no weight "
        r"for \['c00', 'c01', 'c02', 'c03', 'c04'\]\. "
        r"The classes are \['c00', .*'c09'\]\.$"
    )
    with pytest.raises(ValueError, match=match):
        factors_of(wrong, y)


def test_a_class_weight_of_zero_for_all_is_refused_and_for_one_is_not():
    assert factors_of({"a": {"x": 0}})[:3, 0].tolist() == [0, 1, 1]
    with pytest.raises(ValueError, match=r"zero for all classes.*loss weight to 0"):
        factors_of({"a": {"x": 0, "y": 0.0}})


@pytest.mark.parametrize("n_items", [1, 3])
def test_a_list_of_class_weights_has_an_item_for_each_task(n_items):
    match = rf"for each of the 2 task\(s\) \['a', 'b'\]\. Got {n_items}\."
    with pytest.raises(ValueError, match=match):
        factors_of(["balanced"] * n_items)


def test_balanced_sets_weigh_each_label_of_a_cell():
    y = {"tags": [["u"], ["u", "v"], [], ["u"], None]}
    found = factors_of("balanced", y, np.ones((5, 2)))
    # Of four cells three hold u and one v: 4 / (2 * 3) and 4 / (2 * 1).
    assert_allclose(found[:4, 0], [4 / 6, 4 / 6, 2, 4 / 6])
    assert_allclose(found[:4, 1], [4 / 6, 2, 4 / 6, 4 / 6])
    assert found[4].tolist() == [1, 1]


def test_a_given_weight_of_a_label_is_that_of_cells_that_hold_it():
    y = {"tags": [["u"], ["u", "v"], []]}
    found = factors_of({"tags": {"u": 3.0, "v": 5.0}}, y)
    assert found.tolist() == [[3, 1], [3, 5], [1, 1]]


def test_row_weights_by_hand():
    weights = np.array([[1.0, 3.0], [2.0, 9.0], [5.0, 7.0]])
    labelled = np.array([[True, True], [True, False], [False, False]])
    assert row_weights(weights, labelled).tolist() == [2.0, 2.0, 0.0]
