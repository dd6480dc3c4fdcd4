"""Whole figures as plain data, against what they were when somebody last looked.

``python tests/test_drawings.py FOLDER`` writes tests/golden/drawings.json anew, and the
figures into FOLDER: look at them before you commit the file.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.base import BaseEstimator

from sklearn_mtl.inspection import (
    CalibrationCurvesDisplay,
    ConfusionMatricesDisplay,
    ExpertGateDisplay,
    LabelOverviewDisplay,
    LearningCurvesDisplay,
    LossWeightSearchDisplay,
    TaskAffinityDisplay,
    TopWords,
    TopWordsDisplay,
)
from sklearn_mtl.inspection._panels import (
    heat_map,
    legend_beside,
    line_style,
    make_panels,
)
from sklearn_mtl.model_selection._affinity import TaskAffinity

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

GOLDEN = Path(__file__).parent / "golden" / "drawings.json"


# Figures as data ---------------------------------------------------------------------


def plain(value):
    """Turn numbers, arrays and colours into what JSON holds, NaN as a word."""
    if isinstance(value, np.ma.MaskedArray):
        value = value.filled(np.nan)
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 7) + 0.0 if np.isfinite(value) else str(value)
    return value if isinstance(value, bool | int | str | None) else str(value)


def colours(values):
    return [mpl.colors.to_hex(value, keep_alpha=True) for value in values]


def own_label(artist):
    """Leave out the labels that matplotlib gives."""
    return artist.get_label() * (not artist.get_label().startswith("_"))


def of_text(text):
    return [
        text.get_text(), text.get_position(), text.get_fontsize(),
        text.get_horizontalalignment(), text.get_verticalalignment(),
        *colours([text.get_color()]), text.get_rotation(),
        *([text.xy, text.xycoords, text.anncoords] if hasattr(text, "xy") else []),
    ]  # fmt: skip


def of_line(line):
    return [
        own_label(line), line.get_xdata(), line.get_ydata(),
        *colours([line.get_color()]), line.get_linestyle(), line.get_linewidth(),
        line.get_marker(), line.get_markersize(), line.get_alpha(), line.get_zorder(),
    ]  # fmt: skip


def of_patch(bar):
    return [
        own_label(bar), bar.get_xy(), bar.get_width(), bar.get_height(),
        *colours([bar.get_facecolor(), bar.get_edgecolor()]), bar.get_linewidth(),
        bar.get_alpha(), bar.get_zorder(),
    ]  # fmt: skip


def of_points(points):
    points.update_scalarmappable()
    return [
        own_label(points), points.get_offsets(), points.get_sizes(),
        colours(points.get_facecolors()), colours(points.get_edgecolors()),
        points.get_linewidths(), points.get_zorder(),
        [path.vertices.shape[0] for path in points.get_paths()],
    ]  # fmt: skip


def of_image(image):
    bad = image.get_cmap().get_bad()
    return [
        image.get_array(), image.get_cmap().name, colours([bad]), image.get_clim(),
        image.get_alpha(),
    ]  # fmt: skip


def of_legend(legend):
    box = legend.get_bbox_to_anchor()._bbox  # None for the axes
    return [
        [text.get_text() for text in legend.get_texts()],
        [text.get_fontsize() for text in legend.get_texts()],
        legend._loc, legend._outside_loc, legend.borderaxespad, legend._ncols,
        legend.get_frame_on(), box if box is None else box.bounds,
        [*colours(handle.get_facecolor() for handle in legend.get_patches())],
        [[*colours([line.get_color()]), line.get_linestyle(), line.get_marker()]
         for line in legend.get_lines()],
    ]  # fmt: skip


def of_axis(axis):
    """Where we set ticks their places and labels, else what finds them."""
    label = [axis.get_label_text(), axis.label.get_fontsize()]
    locator = axis.get_major_locator()
    if not isinstance(locator, mpl.ticker.FixedLocator):
        size = axis.get_tick_params().get("labelsize")
        return [*label, type(locator).__name__, getattr(locator, "_integer", 0), size]
    texts = axis.get_ticklabels()
    first = of_text(texts[0])[2:] if texts else []
    return [*label, axis.get_ticklocs(), [text.get_text() for text in texts], first]


def of_axes(axes):
    spec, legend = axes.get_subplotspec(), axes.get_legend()
    found = {
        "place": [*spec.get_geometry()] if spec else axes.get_position().bounds,
        "title": [axes.get_title(), axes.title.get_fontsize()],
        "x": of_axis(axes.xaxis),
        "y": of_axis(axes.yaxis),
        "limits": [axes.get_xlim(), axes.get_ylim()],
        "rest": [axes.axison, axes.get_aspect(), axes.margins()],
        "legend": legend and of_legend(legend),
        "texts": [of_text(text) for text in axes.texts],
        "lines": [of_line(line) for line in axes.lines],
        "bars": [of_patch(bar) for bar in axes.patches],
        "points": [
            of_points(points)
            for points in axes.collections
            if isinstance(points, mpl.collections.PathCollection)
        ],
        "images": [of_image(image) for image in axes.images],
    }
    return {key: plain(value) for key, value in found.items() if value}


def of_figure(figure):
    title = figure._suptitle
    return [
        plain([
            figure.get_size_inches(), type(figure.get_layout_engine()).__name__,
            title and title.get_text(), [of_legend(one) for one in figure.legends],
        ]),
        *map(of_axes, figure.axes),
    ]  # fmt: skip


def differences(found, wanted, place=""):
    """List the places where two figures differ, numbers by more than 1e-6."""
    numbers = [isinstance(v, int | float) and v is not True for v in (found, wanted)]
    if all(numbers):
        return [] if abs(found - wanted) < 1e-6 else [f"{place}: {found} != {wanted}"]
    if type(found) is not type(wanted):
        return [f"{place}: {found!r} != {wanted!r}"]
    if isinstance(found, dict) and found.keys() == wanted.keys():
        pairs = [(key, found[key], wanted[key]) for key in wanted]
    elif isinstance(found, list) and len(found) == len(wanted):
        pairs = [(k, *pair) for k, pair in enumerate(zip(found, wanted, strict=True))]
    else:
        return [] if found == wanted else [f"{place}: {found!r} != {wanted!r}"]
    return [d for key, f, w in pairs for d in differences(f, w, f"{place}/{key}")]


# What is drawn -----------------------------------------------------------------------

DRAWINGS: dict[str, Callable] = {}


def drawing(*arguments):
    """Keep a function that draws, once for each argument."""

    def keep(function):
        name = function.__name__
        if not arguments:
            DRAWINGS[name] = function
        for argument in arguments:
            DRAWINGS[f"{name}-{argument}"] = partial(function, argument)
        return function

    return keep


LONG = "a name of more than twenty-four letters, and of more than thirty"


def axes_of_ones_own(n_columns=1):
    return plt.subplots(1, n_columns, figsize=(9, 4), squeeze=False)[1][0]


@drawing(1, 2, 4)
def calibration(n_tasks):
    """Cells on both sides of the ends of bins, surer and less sure than right."""
    sure = np.array([0.5, 0.55, 0.6, 0.61, 0.7, 0.75, 0.8, 0.9, 0.91, 0.97, 0.98, 1])
    proba = {LONG[5 * k :]: np.c_[1 - sure, sure] for k in range(n_tasks)}
    right = np.array([1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 0, 1])
    y = {name: np.roll(right, 5 * k) for k, name in enumerate(proba)}
    return CalibrationCurvesDisplay.from_predictions(y, proba)


@drawing()
def calibration_beside():
    """On axes of one's own the legend stands beside the last one."""
    proba = {"a": np.tile([0.25, 0.75], (40, 1)), "b": np.tile([0.1, 0.9], (40, 1))}
    y = {"a": np.repeat([0, 1], [10, 30]), "b": np.repeat([0, 1], [10, 30])}
    return CalibrationCurvesDisplay.from_predictions(
        y, proba, ax=axes_of_ones_own(2), n_bins=5
    )


@drawing(2, 10)
def calibration_ends(n_bins):
    """Half is in the first of two bins; what is above 1 by rounding in the last."""
    proba = [[0.5, 0.5], [0.5, 0.5], [0.2, 0.8], [0.0, 1 + 1e-7], [0.1, 0.9]]
    return CalibrationCurvesDisplay.from_predictions(
        [0, 1, 0, 1, 1], proba, n_bins=n_bins, ax=axes_of_ones_own()
    )


@drawing(2, 5, 6, 10, 11)
def confusion(n_classes):
    """A cyclic matrix; a class of the last size is merged with another."""
    classes = [f"class number {k}" for k in range(n_classes)]
    true = np.repeat(np.arange(n_classes), 4)
    pred = (true + np.tile([0, 0, 0, 1], n_classes) * (true % 3 > 0)) % n_classes
    names = np.array(classes)
    return ConfusionMatricesDisplay.from_predictions(
        {LONG: names[true], "b": names[true % 2]}, {LONG: names[pred], "b": names[true]}
        if n_classes == 2 else {LONG: names[pred], "b": names[pred % 2]},
    )  # fmt: skip


@drawing("true", "pred", "all", None)
def confusion_scale(normalize):
    true = np.repeat([0, 0, 1, 1, 2], [7, 3, 39, 1, 400])
    pred = np.repeat([0, 1, 1, 2, 2], [7, 3, 39, 1, 400])
    return ConfusionMatricesDisplay.from_predictions(true, pred, normalize=normalize)


@drawing()
def confusion_of_nothing_seen():
    """A class without a row and one without a prediction have no share."""
    return ConfusionMatricesDisplay.from_predictions(
        ["a", "a", "c"], ["a", "b", "b"], ax=axes_of_ones_own()
    )


@drawing(1, 2, 8, 9)
def labels(n_tasks):
    rng = np.arange(1, 61)
    y = {
        f"{LONG[k:]}": [f"c{(n * (k + 1)) % 7 % (k + 1)}" if n % (k + 2) else None
                        for n in rng]
        for k in range(n_tasks)
    }  # fmt: skip
    return LabelOverviewDisplay.from_labels(y)


@drawing(20, 21)
def labels_of_many_classes(n_classes):
    """Thin lines between many classes; names where there is room; a comma."""
    sizes = np.arange(n_classes, 0, -1)
    y = np.repeat([f"{'x' * (k % 12)}{k}" for k in range(n_classes)], 6 * sizes)
    even = np.repeat(["p", "q", "r", "s", None], [len(y) - 400, 187, 99, 84, 30])
    return LabelOverviewDisplay.from_labels({"many": y, "few": even})


@drawing()
def labels_without_rows():
    nothing = np.full((1, 1), np.nan)
    return LabelOverviewDisplay({"a": {}}, 0, np.zeros((1, 1)), nothing).plot()


@drawing()
def labels_of_one_row():
    return LabelOverviewDisplay.from_labels({"a": ["x"], "b": [0]})


@drawing()
def labels_by_hand():
    """Associations next to nothing; names that are cut, in bars that just hold them."""
    small = np.array([[1, 0.0049, 0.005], [0.0051, 1, 0.09], [0.0, 0.994, 1]])
    names = ["x" * 10, "y" * 11, "z" * 12]
    counts = {
        "a": dict(zip(names, [313, 312, 314], strict=True)),
        "b": dict(zip(names, [289, 291, 290], strict=True)),
        "c": {"q": 84, "r": 83, "s": 82},
    }
    return LabelOverviewDisplay(counts, 1000, 1000 * small, small).plot()


@drawing(0, 1, 2, 5)
def learning(n_epochs):
    losses = {LONG: 1 / np.arange(1, 6), "b": np.linspace(1, 0.5, 5)}
    if n_epochs == 0:
        return LearningCurvesDisplay(losses, {}, 3).plot()
    scores = {"a": 0.1, "b": 0.7, "mean": 0.4, "worst": np.nan}
    return LearningCurvesDisplay(
        {name: curve[:n_epochs] for name, curve in losses.items()},
        {n: v + 0.1 * np.sqrt(np.arange(n_epochs)) for n, v in scores.items()},
        min(n_epochs, 2),
    ).plot()


@drawing(19, 20, 40)
def learning_of_many_tasks(n_tasks):
    losses = {f"t{k}": np.array([1.0, k % 7]) for k in range(n_tasks)}
    # Tasks may have the names of means where there are no means.
    losses["mean" if n_tasks == 19 else "worst"] = losses.pop("t3")
    return LearningCurvesDisplay(losses, {}, 2).plot(ax=axes_of_ones_own())


class Fitted(BaseEstimator):
    task_names_ = ["a", "b"]
    best_iter_ = 1
    history_ = [
        {"loss_a": 1.0, "loss_b": 2.0, "valid_score_mean": 0.5, "valid_score_a": 0.5},
        {"loss_a": 0.7, "loss_b": 1.5},
        {"loss_a": 0.5, "valid_score_mean": 0.4, "valid_score_a": 0.4,
         "valid_score_worst": 0.3},
    ]  # fmt: skip

    def fit(self, X, y):
        """Make this an estimator."""

    def __sklearn_is_fitted__(self):
        return True


@drawing()
def learning_of_an_estimator():
    return LearningCurvesDisplay.from_estimator(Fitted())


def weights_and_scores(n_candidates, n_tasks):
    steps = np.arange(n_candidates * n_tasks).reshape(n_candidates, n_tasks)
    weights = 0.2 + steps * 7 % 11
    weights[0] = 1
    if n_candidates > 6:
        weights[3, 0] = 0
    return weights, (steps * 5 % 13 + steps % 3 / 10) / 20


@drawing((5, 2), (8, 3), (7, 4), (9, 10), (25, 4), (26, 4))
def loss_weights(shape):
    weights, scores = weights_and_scores(*shape)
    names = [LONG[k:][:22] for k in range(shape[1])]
    return LossWeightSearchDisplay(
        weights, scores, scores.mean(axis=1), names, int(scores.mean(axis=1).argmax())
    ).plot()


@drawing()
def loss_weights_of_a_search():
    """All ways to give weights; a candidate that failed; no best index."""
    candidates = [None, "auto", {"b": 3}, [1, 2.5], np.array([0.5, 1]), {"a": 9}]
    a = np.array([0.4, 0.5, 0.8, np.nan, 0.6, 0.7])
    b = np.array([0.6, 0.6, 0.1, 0.9, 0.3, 0.5])
    results = {
        "params": [{"clf__loss_weights": weights} for weights in candidates],
        "mean_fit_time": np.arange(6.0),
        "mean_test_a": a, "mean_test_b": b, "mean_test_mean": (a + b) / 2,
        **dict.fromkeys(["mean_test_worst", "mean_test_weighted"], a),
        "mean_test_exact_match": b,
    }  # fmt: skip
    return LossWeightSearchDisplay.from_search(
        SimpleNamespace(cv_results_=results), ax=axes_of_ones_own(2)
    )


@drawing()
def loss_weights_without_an_equal_one():
    scores = np.array([[0.1, 0.9], [0.5, 0.5], [0.2, 0.1]])
    return LossWeightSearchDisplay(
        np.array([[1, 2], [3, 1], [4, 1]]), scores, scores.mean(axis=1), ["a", "b"], 1
    ).plot()


class Gated(Fitted):
    def _gate_weights(self, X, level):
        """Give task a an expert that some texts do not read, and one that none do."""
        a = [[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.7, 0.3, 0.0]]
        b = [[0.2, 0.3, 0.5], [0.2, 0.4, 0.4], [0.2, 0.8, 0.0]]
        return np.stack([a, b], axis=1)[:X], [f"{level}, {k}" for k in range(3)]


@drawing()
def gates_of_an_estimator():
    return ExpertGateDisplay.from_estimator(Gated(), 3)


@drawing()
def gates_of_a_level():
    return ExpertGateDisplay.from_estimator(Gated(), 2, level=0, ax=axes_of_ones_own())


@drawing()
def gates():
    weights = np.array([[0.61, 0.39, np.nan], [0.25, 0.5, 0.25]])
    return ExpertGateDisplay(
        weights, weights / 7, ["a", LONG], ["e0", LONG, "shared"]
    ).plot()


@drawing(2, 4)
def affinity(n_tasks):
    """Gains, losses, what may be chance, and a task alone."""
    mean = 0.05 * (np.arange(n_tasks**2).reshape(n_tasks, n_tasks) % 5 - 2)
    noise = np.array([-0.01, 0.02, -0.01, 0.0])
    gaps = mean[:, None] + noise[:, None] * (1 + np.arange(n_tasks) % 2 * 4)
    gaps[np.arange(n_tasks), :, np.arange(n_tasks)] = np.nan
    splits = [(0, np.arange(75), np.arange(25))] * 4
    names = [LONG[k:][: 10 + 8 * k] for k in range(n_tasks)]
    return TaskAffinityDisplay.from_affinity(
        TaskAffinity(gaps, names, "f1_macro", splits, 0.9)
    )


@drawing(1, 3, 9, 10)
def words(n_classes):
    words = {f"{k}: {LONG}"[: 10 * k + 3]: [f"word {LONG}"[: 12 * j + 3]
             for j in range(k % 4)] for k in range(n_classes)}  # fmt: skip
    effects = {label: 2.0 / np.arange(1, k % 4 + 1) for k, label in enumerate(words)}
    return TopWordsDisplay(TopWords({LONG: words}, {LONG: effects}), LONG).plot()


@drawing(*range(1, 11), 16, 17)
def panels(n_panels):
    return SimpleNamespace(figure_=make_panels(None, n_panels, "a test")[0].figure)


@drawing(2, 3, 7)
def panels_in_rows(n_columns):
    axes = make_panels(None, 5, "a test", n_columns=n_columns, size=(2, 1.5))
    return SimpleNamespace(figure_=axes[0].figure)


@drawing("one", "by hand", "single")
def panels_in_axes(way):
    figure, (left, right) = plt.subplots(1, 2)
    if way == "by hand":
        right = figure.add_axes((0.55, 0.3, 0.4, 0.5))
    make_panels(right, 1 if way == "single" else 5, "a test")
    left.set_title("as it was")
    return SimpleNamespace(figure_=figure)


@drawing()
def parts():
    """Lines of all styles, with a legend; numbers on all shades, some pale."""
    left, right = axes_of_ones_own(2)
    for k in range(26):
        left.plot([0, 1], [k, k], label=str(k), **line_style(k))
    legend_beside(left, ncols=2)
    values = np.linspace(0, 1, 60).reshape(6, 10)
    values[0, 0] = np.nan
    written = np.full(values.shape, "x")
    written[1, 1] = ""
    alpha = np.ones(values.shape)
    alpha[:, 5:] = 0.7
    heat_map(
        right, values, cmap="viridis", vmin=0, vmax=1, written=written, alpha=alpha
    )
    heat_map(left, values, cmap="Blues", vmin=-0.5, vmax=1, written=written)
    return SimpleNamespace(figure_=left.figure)


def figure_of(name):
    with plt.style.context("default"):
        return DRAWINGS[name]().figure_


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", DRAWINGS)
def test_figures_are_what_they_were(name):
    wanted = json.loads(GOLDEN.read_text(encoding="utf-8"))[name]
    found = json.loads(json.dumps(of_figure(figure_of(name))))
    assert not differences(found, wanted)


def test_every_figure_kept_is_drawn():
    assert list(json.loads(GOLDEN.read_text(encoding="utf-8"))) == list(DRAWINGS)


def _renew(folder):
    """Write all figures, as data and as pictures."""
    lines = []
    for name in DRAWINGS:
        figure = figure_of(name)
        parts = ",\n".join(json.dumps(part) for part in of_figure(figure))
        lines.append(f"{json.dumps(name)}: [\n{parts}\n]")
        figure.savefig(Path(folder) / f"{name}.png", dpi=60)
        plt.close("all")
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    _renew(sys.argv[1])
