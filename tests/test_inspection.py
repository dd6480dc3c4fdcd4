"""Displays of labels, scores and searches: their numbers, their axes, their errors."""

import pkgutil
import sys
from importlib import import_module
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskTextClassifier, inspection
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.inspection import (
    CalibrationCurvesDisplay,
    ConfusionMatricesDisplay,
    ExpertGateDisplay,
    LabelOverviewDisplay,
    LearningCurvesDisplay,
    LossWeightSearchDisplay,
    TaskAffinityDisplay,
)
from sklearn_mtl.inspection._labels import _cramers_v
from sklearn_mtl.inspection._panels import heat_map, line_style, make_panels
from sklearn_mtl.metrics import multitask_scores
from sklearn_mtl.metrics._fitted import last_step
from sklearn_mtl.model_selection._affinity import TaskAffinity
from sklearn_mtl.utils._text_table import shorten

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

TEXTS, Y = make_multitask_texts(
    240, n_tasks=3, n_classes=[3, 2, 4], missing_rate=0.3, random_state=0
)
NAMES = ["topic", "tone", "source"]
LABELS = {
    name: np.array([None if c != c else f"{name}{c:g}" for c in column], dtype=object)
    for name, column in zip(NAMES, Y.T, strict=True)
}
ROWS = TfidfVectorizer().fit_transform(TEXTS)
FULL = np.nan_to_num(Y).astype(int)  # for classifiers that know no empty cells


def classifier(**params):
    return MultiTaskTextClassifier(**{"random_state": 0, "max_iter": 4} | params)


@pytest.fixture(scope="module")
def fitted():
    clf = classifier(early_stopping=True, validation_fraction=0.3)
    return clf.fit(TEXTS, LABELS)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def draw(figure):
    """Lay out and paint, where matplotlib says what it cannot do."""
    figure.canvas.draw()


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


# Confusion matrices ------------------------------------------------------------------


@pytest.mark.parametrize("normalize", ["true", "pred", "all", None])
def test_confusion_is_that_of_scikit_learn_over_labelled_rows(fitted, normalize):
    display = ConfusionMatricesDisplay.from_estimator(
        fitted, TEXTS, LABELS, normalize=normalize
    )
    predicted = fitted.predict(TEXTS, output="dict")
    for name in NAMES:
        there = np.array([cell is not None for cell in LABELS[name]])
        expected = confusion_matrix(
            LABELS[name][there].tolist(), predicted[name][there], normalize=normalize
        )
        assert_allclose(display.matrices[name], expected)
        assert display.labels[name] == sorted({*LABELS[name]} - {None})
    draw(display.figure_)
    assert [axes.get_title() for axes in display.axes_] == NAMES


def test_confusion_of_predictions_is_that_of_the_estimator(fitted):
    expected = ConfusionMatricesDisplay.from_estimator(fitted, TEXTS, LABELS)
    found = ConfusionMatricesDisplay.from_predictions(LABELS, fitted.predict(TEXTS))
    for name in NAMES:
        assert_array_equal(found.matrices[name], expected.matrices[name])


def test_confusion_of_any_multi_output_classifier():
    for model in [
        RandomForestClassifier(5, random_state=0),
        MultiOutputClassifier(LogisticRegression()),
    ]:
        model.fit(ROWS, FULL)
        display = ConfusionMatricesDisplay.from_estimator(model, ROWS, Y)
        assert list(display.matrices) == ["task0", "task1", "task2"]
        there = ~np.isnan(Y[:, 2])
        assert_allclose(
            display.matrices["task2"],
            confusion_matrix(
                Y[there, 2], model.predict(ROWS)[there, 2], normalize="true"
            ),
        )
        # Floats, because of the empty cells, and yet no "1.0" on the axes.
        ticks = [tick.get_text() for tick in display.axes_[1].get_yticklabels()]
        assert ticks == ["0", "1"]


def test_tasks_come_by_name_through_a_pipeline():
    pipeline = make_pipeline(TfidfVectorizer(), classifier()).fit(TEXTS, LABELS)
    shuffled = {name: LABELS[name] for name in reversed(NAMES)}
    expected = ConfusionMatricesDisplay.from_estimator(pipeline, TEXTS, LABELS)
    found = ConfusionMatricesDisplay.from_estimator(pipeline, TEXTS, shuffled)
    assert list(found.matrices) == NAMES
    assert_array_equal(found.matrices["tone"], expected.matrices["tone"])
    errors = [
        CalibrationCurvesDisplay.from_estimator(pipeline, TEXTS, y).errors
        for y in (LABELS, shuffled)
    ]
    assert errors[0] == errors[1]


def test_the_estimators_own_missing_label_is_no_label():
    y = np.nan_to_num(Y[:, :2], nan=-1).astype(int)
    clf = classifier(missing_label=-1).fit(TEXTS, y)
    display = ConfusionMatricesDisplay.from_estimator(clf, TEXTS, y, normalize=None)
    assert display.labels["task0"] == [0, 1, 2]
    assert display.matrices["task0"].sum() == (y[:, 0] >= 0).sum()
    curves = CalibrationCurvesDisplay.from_estimator(clf, TEXTS, y)
    assert curves.counts["task1"].sum() == (y[:, 1] >= 0).sum()


def test_of_many_classes_those_with_most_errors_are_shown():
    true = ["a", "a", "b", "b", "c", "d", "e", "e"]
    pred = ["a", "b", "b", "a", "c", "e", "d", "e"]
    display = ConfusionMatricesDisplay.from_predictions(
        true, pred, normalize=None, max_classes=4
    )
    assert display.labels["task0"] == ["a", "b", "d", "(others)"]
    # c is right, e is right once, and once it is taken for d.
    assert_array_equal(
        display.matrices["task0"],
        [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 2]],
    )
    assert texts_of(display.axes_[0]).count("1") == 6


def test_errors_of_a_class_are_its_misses_and_its_false_alarms():
    true = ["a", "a", "a", "b", "c", "c", "d"]
    pred = ["b", "b", "c", "b", "b", "c", "d"]
    # Misses and false alarms: 3 + 0 of a, 0 + 3 of b, 1 + 1 of c, none of d.
    display = ConfusionMatricesDisplay.from_predictions(true, pred, max_classes=3)
    assert display.labels["task0"] == ["a", "b", "(others)"]


def test_the_least_that_can_be_drawn():
    display = ConfusionMatricesDisplay.from_predictions(
        ["a", "b", "c"], ["a", "c", "b"], max_classes=2
    )
    assert display.labels["task0"] == ["b", "(others)"]
    display = CalibrationCurvesDisplay.from_predictions(
        ["a"], [[0.8, 0.2]], classes=["a", "b"], n_bins=1
    )
    assert display.errors["task0"] == pytest.approx(0.2)


def test_small_shares_are_not_written_as_nothing():
    display = ConfusionMatricesDisplay.from_predictions(
        ["a"] * 400, ["a"] * 399 + ["b"]
    )
    assert texts_of(display.axes_[0]) == ["100%", "<1%"]
    # 1 of 200 is half a per cent, which is rounded to an even number.
    display = ConfusionMatricesDisplay.from_predictions(
        ["a"] * 200 + ["b"] * 199, ["a"] * 199 + ["b"] * 198 + ["a"] * 2
    )
    assert texts_of(display.axes_[0]) == ["100%", "<1%", "1%", "99%"]


def test_a_task_without_labels_has_no_matrix_and_no_curve():
    y = {"a": [0, 1], "b": [None, None]}
    assert list(
        ConfusionMatricesDisplay.from_predictions(y, FULL[:2, :2]).matrices
    ) == ["a"]
    proba = {"a": [[0.9, 0.1], [0.2, 0.8]], "b": [[1.0], [1.0]]}
    display = CalibrationCurvesDisplay.from_predictions(
        y, proba, classes={"a": [0, 1], "b": [0]}
    )
    assert list(display.errors) == ["a"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"normalize": "rows"}, "normalize must be 'true', 'pred', 'all' or None. Got"),
        ({"max_classes": 1}, "max_classes must be at least 2. Got 1"),
    ],
)
def test_confusion_refuses_what_means_nothing(params, message):
    with pytest.raises(ValueError, match=message):
        ConfusionMatricesDisplay.from_predictions([0, 1], [0, 1], **params)


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="No task has a labelled cell"):
        ConfusionMatricesDisplay.from_predictions([None, None], [0, 1])
    with pytest.raises(ValueError, match="No task has a labelled cell"):
        CalibrationCurvesDisplay.from_predictions([None], [[0.5, 0.5]], classes=[0, 1])
    with pytest.raises(ValueError, match=r"n_bins must be at least 1. Got 0"):
        CalibrationCurvesDisplay.from_predictions([0, 1], np.eye(2), n_bins=0)


# Calibration -------------------------------------------------------------------------


def test_calibration_by_hand():
    proba = np.array([[0.95, 0.05], [0.1, 0.9], [0.55, 0.45], [0.6, 0.4], [0.7, 0.3]])
    display = CalibrationCurvesDisplay.from_predictions(
        ["n", "y", "n", "y", None], proba, classes=["n", "y"], n_bins=2
    )
    # All cells are in the upper half: three of four right.
    assert_allclose(display.confidence["task0"], [0.75])
    assert_allclose(display.accuracy["task0"], [0.75])
    assert display.counts["task0"].tolist() == [4]
    assert display.errors["task0"] == pytest.approx(0)
    display = CalibrationCurvesDisplay.from_predictions(
        ["n", "y", "n", "y", None], proba, classes=["n", "y"], n_bins=5
    )
    # 0.55 and 0.6 below 0.6, which the bin includes; 0.9 and 0.95 in the last.
    assert_allclose(display.confidence["task0"], [0.575, 0.925])
    assert_allclose(display.accuracy["task0"], [0.5, 1.0])
    assert display.errors["task0"] == pytest.approx((0.075 + 0.075) / 2)
    draw(display.figure_)
    assert display.axes_[0].get_title() == "task0, error 0.075"


def test_a_label_that_was_never_seen_is_never_right():
    display = CalibrationCurvesDisplay.from_predictions(
        ["b", "c"], [[0.2, 0.8], [0.2, 0.8]], classes=["a", "b"]
    )
    assert_allclose(display.accuracy["task0"], [0.5])


def test_calibration_of_predictions_is_that_of_the_estimator(fitted):
    expected = CalibrationCurvesDisplay.from_estimator(fitted, TEXTS, LABELS, n_bins=15)
    found = CalibrationCurvesDisplay.from_predictions(
        LABELS, fitted.predict_proba(TEXTS), classes=fitted.classes_, n_bins=15
    )
    scores = multitask_scores(
        LABELS,
        y_proba=fitted.predict_proba(TEXTS),
        classes=fitted.classes_,
        metrics="calibration_error",
    )
    for name in NAMES:
        assert_array_equal(found.accuracy[name], expected.accuracy[name])
        assert found.errors[name] == scores[name]["calibration_error"]
        there = sum(cell is not None for cell in LABELS[name])
        assert found.counts[name].sum() == there


def test_calibration_of_any_multi_output_classifier():
    for model in [
        RandomForestClassifier(5, random_state=0),
        MultiOutputClassifier(LogisticRegression()),
    ]:
        model.fit(ROWS, FULL)
        display = CalibrationCurvesDisplay.from_estimator(model, ROWS, Y)
        assert list(display.errors) == ["task0", "task1", "task2"]
        assert 0 < display.errors["task2"] < 1


# Labels ------------------------------------------------------------------------------


def test_counts_of_labels():
    y = {"a": ["x", "y", "y", None], "b": [0, None, 1, None], "c": ["u"] * 4}
    display = LabelOverviewDisplay.from_labels(y)
    assert display.counts == {"a": {"y": 2, "x": 1}, "b": {0: 1, 1: 1}, "c": {"u": 4}}
    assert list(display.counts["a"]) == ["y", "x"]
    assert_array_equal(display.together, [[3, 2, 3], [2, 2, 2], [3, 2, 4]])
    draw(display.figure_)
    assert texts_of(display.axes_[0])[-1] == "1 class"


def test_a_missing_label_of_ones_own_is_not_counted():
    display = LabelOverviewDisplay.from_labels([1, 2, 2, -9], missing_label=-9)
    assert display.counts == {"task0": {2: 2, 1: 1}}
    assert display.together.tolist() == [[3]]


def test_association_by_hand():
    # 20 of 20 rows agree on the diagonal, 5 each off it.
    a = np.repeat([0, 0, 1, 1], [15, 5, 5, 15])
    b = np.repeat([0, 1, 0, 1], [15, 5, 5, 15])
    n, phi = 40, 0.25  # chi-squared is 10
    phi = phi - 1 / (n - 1)
    side = 2 - 1 / (n - 1)
    assert _cramers_v(a, b) == pytest.approx(np.sqrt(phi / (side - 1)))
    # Empty cells, here -1, are left out.
    a, b = np.append(a, [-1, 0]), np.append(b, [1, -1])
    assert _cramers_v(a, b) == pytest.approx(np.sqrt(phi / (side - 1)))


def test_association_has_its_ends():
    assert _cramers_v(np.repeat([0, 1], 50), np.tile([0, 1], 50)) == 0
    rng = np.random.RandomState(0)
    a = rng.randint(3, size=500)
    assert _cramers_v(a, a) == pytest.approx(1)
    assert _cramers_v(a, (a + 1) % 3) == pytest.approx(1)
    assert _cramers_v(a, rng.randint(4, size=500)) < 0.1
    assert np.isnan(_cramers_v(a, np.zeros(500, dtype=int)))
    assert np.isnan(_cramers_v(a, np.full(500, -1)))


# Learning ----------------------------------------------------------------------------


def test_learning_curves_are_the_history(fitted):
    display = LearningCurvesDisplay.from_estimator(fitted)
    assert list(display.losses) == NAMES
    assert list(display.scores) == [*NAMES, "mean", "worst"]
    for name in NAMES:
        assert_array_equal(
            display.losses[name], [epoch[f"loss_{name}"] for epoch in fitted.history_]
        )
    assert (
        display.scores["mean"][display.best_epoch - 1] == display.scores["mean"].max()
    )
    draw(display.figure_)
    legend = [t.get_text() for t in display.axes_[1].get_legend().get_texts()]
    ends = {name: values[-1] for name, values in display.scores.items()}
    assert [ends[name] for name in legend] == sorted(ends.values(), reverse=True)


def test_learning_without_validation_has_one_panel():
    clf = make_pipeline(TfidfVectorizer(), classifier(max_iter=1)).fit(TEXTS, LABELS)
    search = SimpleNamespace(best_estimator_=clf, fit=None, __sklearn_is_fitted__=bool)
    display = LearningCurvesDisplay.from_estimator(clf)
    assert display.scores == {}
    assert len(display.axes_) == 1
    assert last_step(search)[1] is clf[-1]


def test_learning_needs_a_history():
    forest = RandomForestClassifier(2).fit(ROWS, FULL)
    with pytest.raises(ValueError, match="RandomForestClassifier has no history_"):
        LearningCurvesDisplay.from_estimator(forest)


# Axes --------------------------------------------------------------------------------


def displays(fitted):
    """Give a way to draw each display, and the number of its panels."""
    gaps = np.zeros((2, 3, 2))
    splits = [(0, np.arange(8), np.arange(2))] * 3
    affinity = TaskAffinity(gaps, ["a", "b"], "accuracy", splits, 0.95)
    return [
        (3, lambda ax: CalibrationCurvesDisplay.from_estimator(
            fitted, TEXTS, LABELS, ax=ax)),
        (3, lambda ax: ConfusionMatricesDisplay.from_estimator(
            fitted, TEXTS, LABELS, ax=ax)),
        (3, lambda ax: LabelOverviewDisplay.from_labels(LABELS, ax=ax)),
        (2, lambda ax: LearningCurvesDisplay.from_estimator(fitted, ax=ax)),
        (2, lambda ax: LossWeightSearchDisplay(
            np.eye(3) + 1, np.eye(3), np.arange(3.0), ["a", "b", "c"], 2
        ).plot(ax=ax)),
        (1, lambda ax: ExpertGateDisplay(
            np.eye(2), np.eye(2), ["a", "b"], ["a", "b"]
        ).plot(ax=ax)),
        (1, lambda ax: TaskAffinityDisplay.from_affinity(affinity, ax=ax)),
    ]  # fmt: skip


def test_one_axes_is_divided(fitted):
    for n_panels, make in displays(fitted):
        figure, axes = plt.subplots(1, 2, figsize=(16, 8), layout="constrained")
        display = make(axes[1])
        draw(figure)
        assert display.figure_ is figure
        drawn = np.ravel(getattr(display, "axes_", getattr(display, "ax_", None)))
        assert len(drawn) == n_panels
        # The other axes stays as it was.
        assert not axes[0].has_data()
        left = axes[0].get_position().x1
        assert all(ax.get_position().x0 > left for ax in drawn)


def test_several_axes_are_taken_as_they_are(fitted):
    for n_panels, make in displays(fitted):
        figure, axes = plt.subplots(
            1, n_panels, squeeze=False, figsize=(12, 4), layout="constrained"
        )
        display = make(axes)
        draw(figure)
        drawn = np.ravel(getattr(display, "axes_", getattr(display, "ax_", None)))
        assert drawn.tolist() == axes.ravel().tolist()
        wrong = plt.subplots(2, 3)[1]
        with pytest.raises(ValueError, match=rf"{n_panels} panel\(s\). Got 6"):
            make(wrong)


def test_axes_placed_by_hand_are_divided():
    figure = plt.figure()
    panels = make_panels(figure.add_axes((0.5, 0.5, 0.4, 0.4)), 4, "a test")
    for panel in panels:
        place = panel.get_position()
        assert place.x0 >= 0.5 - 1e-9
        assert place.y1 <= 0.9 + 1e-9


def test_panels_make_about_as_many_rows_as_columns():
    shapes = {}
    for n_panels in (1, 3, 4, 5, 16):
        grid = make_panels(None, n_panels, "a test")[0].get_gridspec()
        shapes[n_panels] = grid.get_geometry()
    assert shapes == {1: (1, 1), 3: (1, 3), 4: (2, 2), 5: (2, 3), 16: (4, 4)}


def test_lines_of_many_tasks_differ():
    styles = [line_style(k) for k in range(24)]
    assert len({(s["color"], s["linestyle"]) for s in styles}) == 24


@pytest.mark.parametrize(
    ("label", "text"),
    [("long" * 9, "longlong…"), (2.0, "2"), (2.5, "2.5"), (True, "True"), (7, "7")],
)
def test_labels_are_shortened(label, text):
    assert shorten(label, 9) == text


@pytest.mark.parametrize(
    ("colour", "text"),
    [("#9090ff", "black"), ("#202040", "white"), ("#fafafa", "black")],
)
def test_numbers_stand_out_from_their_cells(colour, text):
    _, ax = plt.subplots()
    cmap = mpl.colors.ListedColormap([colour])
    written = np.array([["7"]])
    heat_map(ax, np.ones((1, 1)), cmap=cmap, vmin=0, vmax=1, written=written)
    assert ax.texts[0].get_color() == text


def test_learning_curves_are_of_a_fitted_classifier():
    with pytest.raises(NotFittedError):
        LearningCurvesDisplay.from_estimator(MultiTaskTextClassifier())


def test_figures_grow_with_what_they_show():
    gates = ExpertGateDisplay(
        np.full((2, 4), 0.25), np.zeros((2, 4)), ["a", "b"], list("wxyz")
    ).plot()
    assert_allclose(gates.figure_.get_size_inches(), (2.8 + 0.72 * 4, 1.7 + 0.5 * 2))
    labels = {"a": ["u", "v"]}
    small = ConfusionMatricesDisplay.from_predictions(labels, labels)
    assert small.figure_.get_size_inches()[0] == pytest.approx(2.6)


def test_shares_of_errors_are_written_as_percentages():
    true = ["u"] * 20 + ["v"] * 500
    pred = ["v"] + ["u"] * 20 + ["v"] * 499
    display = ConfusionMatricesDisplay.from_predictions({"a": true}, {"a": pred})
    written = {text.get_text() for text in display.axes_[0].texts}
    assert written == {"5%", "95%", "<1%", "100%"}


def test_the_least_bin_of_a_calibration_curve_is_a_dot_that_is_seen():
    true = ["u"] * 1000 + ["v"]
    proba = [[0.95, 0.05]] * 1000 + [[0.45, 0.55]]
    display = CalibrationCurvesDisplay.from_predictions({"a": true}, {"a": proba})
    (dots,) = [c for c in display.axes_[0].collections if len(c.get_sizes()) > 1]
    assert dots.get_sizes().min() == 3
    heights = [bar.get_height() for bar in display.axes_[0].patches]
    assert_allclose(heights[:2], [1 - 0.55, 1 - 0.95], atol=1e-12)


def test_without_matplotlib_the_extra_is_named(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    for _, make in displays(fitted):
        with pytest.raises(
            ImportError, match=r"Display.plot needs matplotlib.*sklearn-mtl\[plot\]"
        ):
            make(None)


def test_all_displays_are_public():
    defined = {
        name
        for module in pkgutil.iter_modules(inspection.__path__)
        for name in vars(import_module(f"{inspection.__name__}.{module.name}"))
        if name.endswith("Display")
    }
    assert defined == {n for n in inspection.__all__ if n.endswith("Display")}


# How labels are read -----------------------------------------------------------------


def test_displays_know_a_missing_label():
    true, pred = {"a": [0, 1, -1, 1]}, {"a": [0, 1, 0, 1]}
    drawn = ConfusionMatricesDisplay.from_predictions(true, pred, missing_label=-1)
    assert drawn.labels["a"] == [0, 1]
    proba = {"a": [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.3, 0.7]]}
    curves = CalibrationCurvesDisplay.from_predictions(
        true, proba, classes={"a": [0, 1]}, missing_label=-1
    )
    assert curves.counts["a"].sum() == 3


def test_confusions_are_listed_in_the_order_given():
    true, pred = {"a": ["low", "high", "mid"]}, {"a": ["low", "mid", "mid"]}
    drawn = ConfusionMatricesDisplay.from_predictions(
        true, pred, orders={"a": ["low", "mid", "high"]}, normalize=None
    )
    assert drawn.labels["a"] == ["low", "mid", "high"]
    assert drawn.matrices["a"].tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 0]]


def test_numbers_may_have_an_order_of_their_own():
    true, pred = {"a": [3, 10, 2, 2]}, {"a": [3, 2, 2, 10]}
    display = ConfusionMatricesDisplay.from_predictions(
        true, pred, orders={"a": [10, 3, 2]}, normalize=None
    )
    assert list(display.labels["a"]) == [10, 3, 2]
    expected = confusion_matrix(true["a"], pred["a"], labels=[10, 3, 2])
    assert_array_equal(display.matrices["a"], expected)


def test_learning_curves_of_names_that_matplotlib_hides():
    losses = {"_x": np.array([2.0, 1.0]), "": np.array([3.0, 2.0]), "a": np.ones(2)}
    display = LearningCurvesDisplay(losses, {}, 2).plot()
    legend = display.axes_[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["", "_x", "a"]
    _, ax = mpl.pyplot.subplots()
    ax.plot([0, 1], [0, 1], color="red")  # a line of the user's own
    legend = LearningCurvesDisplay(losses, {}, 2).plot(ax=ax).axes_[0].get_legend()
    assert "red" not in [line.get_color() for line in legend.get_lines()]


def test_a_confusion_matrix_of_one_label_does_not_warn():
    display = ConfusionMatricesDisplay.from_predictions(
        {"t": ["a", None, "a"]}, {"t": ["a", "a", "a"]}, normalize=None
    )
    assert display.matrices["t"].tolist() == [[2]]
