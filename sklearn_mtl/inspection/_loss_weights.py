"""Results of a search over loss weights, task by task."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from ..utils._pareto import non_dominated
from ..utils._text_table import shorten
from ..utils._typing import Array, Axes
from ._panels import COLOURS, DrawnOnPanels, heat_map, legend_beside

# Maximum number of rows that can be distinguished in the table of candidates.
MOST_ROWS = 25


class LossWeightSearchDisplay(DrawnOnPanels):
    """Task scores of all candidate loss weights.

    Use :meth:`from_search` to make one. With two tasks it draws a curve over the share
    of the first task's weight, with three a triangle, with more a row per candidate.

    Parameters
    ----------
    weights : ndarray of shape (n_candidates, n_tasks)
        Loss weights of each candidate.

    scores : ndarray of shape (n_candidates, n_tasks)
        Mean score of each task over the folds.

    mean : ndarray of shape (n_candidates,)
        Score by which candidates are ranked.

    task_names : list of str
        Names of the columns.

    best_index : int
        Index of the best candidate.

    Attributes
    ----------
    pareto : ndarray of shape (n_candidates,), dtype bool
        Whether no other candidate is at least as good on all tasks and better on one.
        False if the score of a task is NaN.

    axes_ : ndarray of matplotlib axes, of shape (2,)

    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.inspection import LossWeightSearchDisplay
    >>> from sklearn_mtl.metrics import multitask_scorer
    >>> from sklearn_mtl.model_selection import loss_weight_grid
    >>> from sklearn_mtl.search import LossWeightSearchCV
    >>> X, y = make_multitask_texts(100, n_tasks=2, random_state=0)
    >>> search = LossWeightSearchCV(
    ...     MultiTaskTextClassifier(random_state=0),
    ...     loss_weight_grid(["task0", "task1"], "pairs", ratios=[2]),
    ...     cv=2,
    ...     scoring=multitask_scorer(),
    ...     refit="mean",
    ... ).fit(X, y)
    >>> LossWeightSearchDisplay.from_search(search).scores.shape
    (3, 2)
    """

    def __init__(
        self,
        weights: Array,
        scores: Any,
        mean: Any,
        task_names: Sequence[str],
        best_index: Any,
    ) -> None:
        self.weights = weights
        self.scores = scores
        self.mean = mean
        self.task_names = task_names
        self.best_index = best_index
        self.pareto = non_dominated(scores)

    @classmethod
    def from_search(
        cls, search: Any, *, ax: Axes | Sequence[Axes] | None = None
    ) -> Self:
        """Draw a fitted search.

        Parameters
        ----------
        search : LossWeightSearchCV, HalvingLossWeightSearchCV or GridSearchCV
            A search over only ``loss_weights``, given as dicts or lists, with
            ``scoring=multitask_scorer(...)`` of one metric. By halving, candidates have
            the scores with which they left, after fewer epochs than the last.

        ax : matplotlib axes, or array of two, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : LossWeightSearchDisplay

        Raises
        ------
        ValueError
            If the search does not have this form.
        """
        results, rows = search.cv_results_, _last_rows(search.cv_results_)
        names = [
            key.removeprefix("mean_test_")
            for key in results
            if key.startswith("mean_test_")
        ]
        tasks = [
            n for n in names if n not in ("mean", "worst", "weighted", "exact_match")
        ]
        candidates = []
        for params in (results["params"][row] for row in rows):
            found = [v for k, v in params.items() if k.endswith("loss_weights")]
            if len(found) != 1 or len(params) != 1:
                raise ValueError(
                    "The search must vary only loss_weights. Got the parameters "
                    f"{list(params)}."
                )
            candidates.append(found[0])
        if "mean" not in names or len(tasks) < 2:
            raise ValueError(
                "The search needs scores of at least two tasks and of their mean: "
                f"pass scoring=multitask_scorer(). Got {names}."
            )
        weights = np.array([_as_row(candidate, tasks) for candidate in candidates])
        scores = np.column_stack([results[f"mean_test_{task}"] for task in tasks])[rows]
        mean = np.asarray(results["mean_test_mean"])[rows]
        best = int(np.nanargmax(mean))
        if hasattr(search, "best_index_"):
            best = rows.index(search.best_index_)
        return cls(weights, scores, mean, tasks, best).plot(ax=ax)

    def _panels(self):
        n_tasks = len(self.task_names)
        width = 5.4 if n_tasks < 4 else max(5.4, 2.4 + 0.36 * n_tasks)
        return {"n_panels": 2, "n_columns": 2, "size": (width, 4.2)}

    def _draw(self, is_own_figure):
        """Draw weights on the left, and the trade-off between tasks on the right."""
        draw = {2: self._plot_curve, 3: self._plot_triangle}
        draw.get(len(self.task_names), self._plot_rows)(self.axes_[0])
        self._plot_trade(self.axes_[1])

    def _plot_curve(self, axes):
        share = self.weights[:, 0] / self.weights.sum(axis=1)
        order = np.argsort(share)
        curves = [
            *zip(self.task_names, self.scores.T, strict=True),
            ("mean", self.mean),
        ]
        for k, (name, values) in enumerate(curves):
            colour = "black" if name == "mean" else COLOURS[k]
            axes.plot(
                share[order], values[order], marker="o", markersize=4, color=colour,
                label=shorten(name), linewidth=2 if name == "mean" else 1.2,
            )  # fmt: skip
        axes.axvline(share[self.best_index], color="0.6", linewidth=1, zorder=0)
        axes.set(
            xlabel=f"share of the weight on {shorten(self.task_names[0])}",
            ylabel="score",
            title="score by weight; grey line: the best mean",
        )
        legend_beside(axes)

    def _plot_triangle(self, axes):
        share = self.weights / self.weights.sum(axis=1, keepdims=True)
        corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
        x, y = (share @ corners).T
        closed = np.vstack([corners, corners[:1]])
        axes.plot(*closed.T, color="0.7", linewidth=1, zorder=0)
        points = axes.scatter(
            x, y, c=self.mean, s=90, cmap="viridis", edgecolor="0.3", linewidth=0.5
        )
        axes.scatter(
            x[self.best_index], y[self.best_index], s=240, facecolor="none",
            edgecolor=COLOURS[4], linewidth=2.5,
        )  # fmt: skip
        for name, (left, up), (side, above) in zip(
            self.task_names, corners, [("left", -14), ("right", -14), ("center", 6)],
            strict=True,
        ):  # fmt: skip
            axes.annotate(
                f"all on {shorten(name)}", (left, up), xytext=(0, above),
                textcoords="offset points", ha=side, fontsize=9,
            )  # fmt: skip
        axes.set(title="mean score by weights")
        axes.set_axis_off()
        axes.set_aspect("equal")
        axes.margins(0.1)
        self.figure_.colorbar(points, ax=axes, shrink=0.7, label="mean score")

    def _plot_rows(self, axes):
        """Draw the weights of the candidates, the best mean score at the top."""
        # NaN sorts to the end.
        order = np.argsort(-self.mean, kind="stable")[:MOST_ROWS]
        share = self.weights / self.weights.mean(axis=1, keepdims=True)
        # 0 has no logarithm, and weights below 1/16 have almost no effect.
        doubled = np.log2(np.maximum(share[order], 2.0**-4))
        most = max(np.abs(doubled).max(), 1)
        image = heat_map(
            axes, doubled, cmap="PuOr_r", vmin=-most, vmax=most,
            written=np.full(doubled.shape, ""),
        )  # fmt: skip
        axes.set_xticks(
            range(len(self.task_names)), [shorten(n) for n in self.task_names],
            rotation=45, ha="right",
        )  # fmt: skip
        axes.set_yticks(
            range(len(order)), [f"{self.mean[k]:.3f}" for k in order], fontsize=7
        )
        cut = "" if len(order) == len(self.mean) else f", of {len(self.mean)}"
        axes.set(
            ylabel=f"candidates by mean score{cut}", title="weights of each candidate"
        )
        bar = self.figure_.colorbar(image, ax=axes, label="loss weight (mean 1)")
        ticks = np.arange(-int(most), int(most) + 1)
        bar.set_ticks(ticks, labels=[f"{2.0**k:g}" for k in ticks])

    def _plot_trade(self, axes):
        """Draw the scores of the two tasks that disagree most."""
        first, second = _most_opposed(self.scores)
        x, y = self.scores[:, first], self.scores[:, second]
        axes.scatter(x, y, s=30, color="0.75", label="candidates")
        front = np.flatnonzero(non_dominated(self.scores[:, [first, second]]))
        front = front[np.argsort(x[front])]
        axes.plot(
            x[front], y[front], marker="o", color=COLOURS[0], linewidth=1.2,
            label="Pareto front of the two",
        )  # fmt: skip
        # The first candidate if several are almost equal.
        equal = np.flatnonzero(np.ptp(self.weights, axis=1) == 0)[:1]
        axes.scatter(
            x[equal], y[equal], marker="s", s=60, facecolor="none", edgecolor="black",
            linewidth=1.5, label="equal weights" if len(equal) else None, zorder=3,
        )  # fmt: skip
        axes.scatter(
            x[self.best_index], y[self.best_index], s=160, facecolor="none",
            edgecolor=COLOURS[4], linewidth=2, label="best", zorder=3,
        )  # fmt: skip
        axes.set(
            xlabel=f"score of {shorten(self.task_names[first])}",
            ylabel=f"score of {shorten(self.task_names[second])}",
            title="what the tasks trade"
            if len(self.task_names) == 2
            else "the two tasks that disagree most",
        )
        axes.margins(0.08)
        legend_beside(axes)


def _last_rows(results):
    """Return the last row of each candidate; halving has a row per iteration."""
    if "iter" not in results:
        return list(range(len(results["params"])))
    last = {str(params): row for row, params in enumerate(results["params"])}
    return sorted(last.values())


def _as_row(candidate, tasks):
    if candidate is None or (isinstance(candidate, str) and candidate == "auto"):
        return np.ones(len(tasks))
    if isinstance(candidate, Mapping):
        return np.array([float(candidate.get(task, 1.0)) for task in tasks])
    if np.shape(candidate) != (len(tasks),):
        raise ValueError(
            f"{candidate!r} does not hold a weight for each of the {len(tasks)} tasks. "
            "Search over dicts or lists of loss weights."
        )
    return np.asarray(candidate, dtype=float)


def _most_opposed(scores):
    """Return the two columns with the lowest correlation."""
    n_tasks = scores.shape[1]
    if n_tasks == 2:
        return 0, 1
    scores = scores[~np.isnan(scores).any(axis=1)]
    if len(scores) < 2:
        return 0, 1
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.nan_to_num(np.corrcoef(scores.T), nan=1.0)
    correlation[np.tril_indices(n_tasks)] = np.inf
    return np.unravel_index(correlation.argmin(), correlation.shape)
