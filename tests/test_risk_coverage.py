"""Risk by coverage: curves, areas and their drawing."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import RandomForestClassifier

from sklearn_mtl.inspection import RiskCoverageDisplay, risk_coverage_curve

Y_TRUE = {"y": ["a", "b", None, "a", "b"]}
PROBA = {"y": [[0.9, 0.1], [0.8, 0.2], [0.5, 0.5], [0.6, 0.4], [0.2, 0.8]]}


def test_a_curve_by_hand():
    curve = risk_coverage_curve(Y_TRUE, None, PROBA)["y"]
    # In order of confidence: right, wrong and right (equal), right.
    assert curve.thresholds.tolist() == [0.9, 0.8, 0.6]
    assert_allclose(curve.coverage, [0.25, 0.75, 1.0])
    assert_allclose(curve.risk, [0, 1 / 3, 1 / 4])
    assert curve.area == pytest.approx(0.5 / 3 + 0.25 / 4)


def test_confidence_is_that_of_the_predicted_label():
    predicted = {"y": ["b", "b", "a", "a", "b"]}
    curve = risk_coverage_curve(Y_TRUE, predicted, PROBA)["y"]
    assert curve.thresholds.tolist() == [0.8, 0.6, 0.2, 0.1]
    assert_allclose(curve.risk, [0, 0, 0, 0.25])


def test_the_last_risk_is_the_error():
    generator = np.random.default_rng(0)
    proba = generator.dirichlet([1, 1, 1], size=500)
    true = generator.integers(0, 3, size=500)
    curve = risk_coverage_curve(true, None, proba)["task0"]
    assert curve.coverage[-1] == 1
    assert curve.risk[-1] == pytest.approx(np.mean(proba.argmax(axis=1) != true))
    assert (np.diff(curve.coverage) > 0).all()
    assert (np.diff(curve.thresholds) < 0).all()


def test_confidence_that_tells_errors_apart_has_the_smaller_area():
    generator = np.random.default_rng(0)
    first = generator.random(2000)
    true = (generator.random(2000) < first).astype(int)
    knows = np.column_stack([1 - first, first])
    mixed = np.where(knows > 0.5, generator.uniform(0.5, 1, size=(2000, 1)), 0)
    mixed = np.where(mixed > 0, mixed, 1 - mixed.max(axis=1, keepdims=True))
    areas = [
        risk_coverage_curve(true, None, own)["task0"].area for own in (knows, mixed)
    ]
    assert areas[0] < 0.7 * areas[1]


def test_weights_are_repeated_cells():
    weights = [2, 1, 3, 1, 2]
    weighted = risk_coverage_curve(Y_TRUE, None, PROBA, sample_weight=weights)["y"]
    rows = np.repeat(np.arange(5), weights)
    repeated = risk_coverage_curve(
        {"y": [Y_TRUE["y"][row] for row in rows]},
        None,
        {"y": np.array(PROBA["y"])[rows]},
    )["y"]
    assert_allclose(weighted.risk, repeated.risk)
    assert_allclose(weighted.coverage, repeated.coverage)
    assert weighted.area == pytest.approx(repeated.area)


def test_sets_are_right_if_all_labels_are():
    curve = risk_coverage_curve(
        {"y": [["x"], ["x", "y"]]},
        {"y": [["x"], ["x"]]},
        {"y": [[0.9, 0.2], [0.8, 0.4]]},
    )["y"]
    assert_allclose(curve.thresholds, [0.9 * 0.8, 0.8 * 0.6])
    assert_allclose(curve.risk, [0, 0.5])


def test_a_label_without_a_probability_is_an_error():
    with pytest.raises(
        ValueError, match=r"y_pred\['y'\] holds \['c'\], but the classes"
    ):
        risk_coverage_curve(Y_TRUE, {"y": ["c"] * 5}, PROBA)


def test_the_display_draws_a_line_for_each_task():
    plt = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is an extra")
    generator = np.random.default_rng(0)
    X = generator.normal(size=(120, 2))
    y = (X + generator.normal(size=(120, 2)) > 0).astype(int)
    forest = RandomForestClassifier(10, random_state=0).fit(X[:60], y[:60])
    labels = y[60:].astype(float)
    labels[:5, 0] = np.nan
    display = RiskCoverageDisplay.from_estimator(forest, X[60:], labels)
    assert list(display.curves) == ["task0", "task1"]
    wanted = risk_coverage_curve(
        labels,
        forest.predict(X[60:]),
        forest.predict_proba(X[60:]),
        classes=forest.classes_,
    )
    for line, name in zip(display.axes_[0].lines, wanted, strict=True):
        assert_allclose(line.get_xdata(), wanted[name].coverage)
        assert_allclose(line.get_ydata(), wanted[name].risk)
        assert f"{name}, area {wanted[name].area:.3f}" == line.get_label()
    _, ax = plt.subplots()
    assert display.plot(ax=ax).axes_[0] is ax
    plt.close("all")


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="No task has a labelled cell"):
        RiskCoverageDisplay.from_predictions(
            {"y": [None, None]}, None, {"y": [[1.0], [1.0]]}, classes={"y": ["a"]}
        )
