"""The displays of a search of loss weights and of the affinity of tasks."""

from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.inspection import LossWeightSearchDisplay, TaskAffinityDisplay
from sklearn_mtl.inspection._loss_weights import _most_opposed
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold, loss_weight_grid
from sklearn_mtl.model_selection._affinity import TaskAffinity
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.utils._pareto import non_dominated

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def draw(figure):
    """Lay out and paint, where matplotlib says what it cannot do."""
    figure.canvas.draw()


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


# Loss weights ------------------------------------------------------------------------


def search_of(n_tasks, scores=None, best=1, weights=None):
    """Pretend to have searched."""
    names = [f"t{k}" for k in range(n_tasks)]
    if weights is None:
        weights = loss_weight_grid(names, "random", n=6, random_state=0)
    if scores is None:
        scores = np.random.RandomState(0).uniform(size=(len(weights), n_tasks))
    results = {f"mean_test_{n}": s for n, s in zip(names, scores.T, strict=True)}
    results["mean_test_mean"] = scores.mean(axis=1)
    results["mean_test_exact_match"] = scores.min(axis=1)
    results["params"] = [{"loss_weights": w} for w in weights]
    return SimpleNamespace(cv_results_=results, best_index_=best)


@pytest.mark.parametrize("n_tasks", [2, 3, 4, 16])
def test_a_search_is_drawn(n_tasks):
    search = search_of(n_tasks)
    display = LossWeightSearchDisplay.from_search(search)
    assert display.task_names == [f"t{k}" for k in range(n_tasks)]
    assert display.weights.shape == display.scores.shape == (7, n_tasks)
    assert_array_equal(display.weights[0], np.ones(n_tasks))
    assert display.best_index == 1
    draw(display.figure_)
    labels = display.axes_[1].get_legend_handles_labels()[1]
    assert "equal weights" in labels


def test_a_search_of_ours_and_of_scikit_learn():
    grid = loss_weight_grid(["task0", "task1"], "pairs", ratios=[4])
    options = {
        "cv": MultiTaskStratifiedKFold(2),
        "scoring": multitask_scorer(),
        "refit": False,
    }
    texts, labels = make_multitask_texts(
        120, n_tasks=2, missing_rate=0.3, random_state=0
    )
    clf = MultiTaskTextClassifier(max_iter=2, random_state=0)
    ours = LossWeightSearchCV(clf, grid, **options).fit(texts, labels)
    pipeline = make_pipeline(TfidfVectorizer(), clf)
    name = "multitasktextclassifier__loss_weights"
    theirs = GridSearchCV(pipeline, {name: [None, [3, 1], "auto"]}, **options)
    for search, weights in [
        (ours, [[1, 1], [1.6, 0.4], [0.4, 1.6]]),
        (theirs.fit(texts, labels), [[1, 1], [3, 1], [1, 1]]),
    ]:
        display = LossWeightSearchDisplay.from_search(search)
        assert_allclose(display.weights, weights)
        assert_array_equal(display.scores[:, 1], search.cv_results_["mean_test_task1"])
        assert display.best_index == np.argmax(search.cv_results_["mean_test_mean"])


@given(
    st.integers(1, 4).flatmap(
        lambda n_tasks: st.lists(
            st.lists(st.integers(0, 3), min_size=n_tasks, max_size=n_tasks),
            min_size=1,
            max_size=8,
        )
    )
)
@settings(max_examples=60, deadline=None)
def test_the_front_is_what_nothing_beats(rows):
    def beats(other, row):
        return all(o >= r for o, r in zip(other, row, strict=True)) and other != row

    expected = [not any(beats(other, row) for other in rows) for row in rows]
    assert non_dominated(np.array(rows, dtype=float)).tolist() == expected


def test_a_candidate_that_failed_is_not_on_the_front():
    scores = np.array([[0.5, 0.9], [np.nan, 0.95], [0.4, 0.4]])
    assert non_dominated(scores).tolist() == [True, False, False]
    # A task that no fold has labels of does not count.
    unlabelled = np.column_stack([scores[:, 1], np.full(3, np.nan)])
    assert non_dominated(unlabelled).tolist() == [False, True, False]
    for n_tasks in (2, 3, 5):
        failed = np.random.RandomState(0).uniform(size=(7, n_tasks))
        failed[2] = np.nan
        draw(LossWeightSearchDisplay.from_search(search_of(n_tasks, failed)).figure_)


def test_the_tasks_that_disagree_most_are_drawn():
    x = np.arange(5.0)
    assert _most_opposed(np.column_stack([x, x**2, x % 2])) == (1, 2)
    assert _most_opposed(np.column_stack([x, x, -x])) == (0, 2)
    assert _most_opposed(np.full((3, 3), np.nan)) == (0, 1)
    assert _most_opposed(np.array([[0.1, 0.2, 0.9], [0.3, 0.4, 0.5]])) == (0, 2)


def test_many_candidates_are_cut_to_the_best():
    weights = loss_weight_grid([f"t{k}" for k in range(4)], "random", n=60)
    display = LossWeightSearchDisplay.from_search(search_of(4, weights=weights))
    ticks = [float(t.get_text()) for t in display.axes_[0].get_yticklabels()]
    assert len(ticks) == 25
    assert ticks == sorted(ticks, reverse=True)
    assert ticks[0] == pytest.approx(display.mean.max(), abs=1e-3)
    assert display.axes_[0].get_ylabel().endswith(", of 61")


def test_searches_of_something_else_are_refused():
    search = search_of(2)
    search.cv_results_["params"] = [{"alpha": 1.0}]
    with pytest.raises(ValueError, match=r"vary only loss_weights. Got .*'alpha'"):
        LossWeightSearchDisplay.from_search(search)
    search.cv_results_["params"] = [{"loss_weights": [1, 2], "alpha": 1.0}]
    with pytest.raises(ValueError, match=r"vary only loss_weights. Got .*'alpha'"):
        LossWeightSearchDisplay.from_search(search)
    search = search_of(2)
    del search.cv_results_["mean_test_mean"]
    with pytest.raises(ValueError, match=r"pass scoring=multitask_scorer\(\)"):
        LossWeightSearchDisplay.from_search(search)
    search = search_of(1, np.eye(2)[:, :1], 0, [[1], [2]])
    with pytest.raises(ValueError, match="needs scores of at least two tasks"):
        LossWeightSearchDisplay.from_search(search)
    weights = [[1, 1], [1, 2, 3]]
    with pytest.raises(
        ValueError, match=r"\[1, 2, 3\] does not hold a weight for each of"
    ):
        LossWeightSearchDisplay.from_search(search_of(2, np.eye(2), 0, weights))


# Affinity ----------------------------------------------------------------------------


@pytest.mark.parametrize("n_tasks", [2, 16])
def test_affinity_is_drawn(n_tasks):
    rng = np.random.RandomState(0)
    gaps = rng.normal(scale=1e-3, size=(n_tasks, 4, n_tasks))
    gaps[0, :, 1] += 0.1
    gaps[np.arange(n_tasks), :, np.arange(n_tasks)] = np.nan
    names = [f"a task called {k}" for k in range(n_tasks)]
    splits = [(0, np.arange(80), np.arange(20))] * 4
    affinity = TaskAffinity(gaps, names, "f1_macro", splits, 0.95)
    display = TaskAffinityDisplay.from_affinity(affinity)
    assert_array_equal(display.affinity, affinity.affinity)
    assert display.clear[0, 1]
    assert not display.clear[1, 1]
    draw(display.figure_)
    written = texts_of(display.ax_)
    assert written[0] == f"{affinity.affinity[0, 1]:+.3f}*"
    assert len(written) == n_tasks * (n_tasks - 1)
    assert "-0.000" not in written


def test_affinity_of_tasks_that_were_never_scored():
    display = TaskAffinityDisplay(
        np.full((2, 2), np.nan), np.zeros((2, 2), bool), ["a", "b"], "accuracy"
    ).plot()
    draw(display.figure_)
    assert texts_of(display.ax_) == []


def test_a_gain_of_nothing_is_not_clear():
    splits = [(0, np.arange(75), np.arange(25))] * 4
    affinity = TaskAffinity(np.zeros((2, 4, 2)), ["a", "b"], "accuracy", splits, 0.95)
    display = TaskAffinityDisplay.from_affinity(affinity)
    assert not display.clear.any()
    assert texts_of(display.ax_) == ["+0.000"] * 4
