"""Gates: how much each task uses each expert of a mixture."""

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..metrics._fitted import last_step
from ..utils._text_table import shorten
from ..utils._typing import Array, Axes, Estimator, Rows
from ._panels import DrawnOnPanels, heat_map


def gate_weights(
    estimator: Estimator, X: Rows, *, level: int = -1, per_row: bool = False
) -> Array:
    """Return how much each task uses each expert.

    Parameters
    ----------
    estimator : MultiTaskTextClassifier
        Its sharing must have gates: "mmoe", "ple" or their objects. Or a Pipeline or
        search that ends in one.

    X : list of str, or rows
        Texts to compute gates for. Gates differ between texts.

    level : int, default=-1
        Level of experts, from 0, the first one. -1 is the last, which the heads of the
        tasks read.

    per_row : bool, default=False
        Whether to return the gates of each text. Otherwise, return their mean.

    Returns
    -------
    weights : ndarray of shape (n_tasks, n_experts) or (n_samples, n_tasks, n_experts)
        Weights of a task sum to 1. Private experts come in the order of their tasks,
        shared experts last.

    Raises
    ------
    ValueError
        If the estimator has no gates, or no such level.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.inspection import gate_weights
    >>> X, y = make_multitask_texts(100, n_tasks=3, random_state=0)
    >>> clf = MultiTaskTextClassifier(sharing="mmoe", random_state=0).fit(X, y)
    >>> gate_weights(clf, X).shape
    (3, 4)
    """
    weights, _, _ = _read_gates(estimator, X, level)
    return weights if per_row else weights.mean(axis=0)


def _read_gates(estimator, X, level):
    """Return the gates of each row, the task names and the expert names."""
    check_is_fitted(estimator)
    transformers, classifier = last_step(estimator)
    if not hasattr(classifier, "_gate_weights"):
        raise ValueError(
            f"{type(classifier).__name__} has no gates. Pass a MultiTaskTextClassifier "
            "with sharing='mmoe' or 'ple', or a Pipeline or search that ends in one."
        )
    for transformer in transformers:
        X = transformer.transform(X)
    classifier = copy(classifier)  # consistent, even if another thread fits it again
    weights, expert_names = classifier._gate_weights(X, level)
    return weights, classifier.task_names_, expert_names


class ExpertGateDisplay(DrawnOnPanels):
    """How much each task uses each expert, as a matrix.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    weights : ndarray of shape (n_tasks, n_experts)
        Mean over the texts. NaN for an expert that a task does not use.

    spread : ndarray of shape (n_tasks, n_experts)
        Standard deviation over the texts.

    task_names : list of str
        Names of the rows.

    expert_names : list of str
        Names of the columns.

    Attributes
    ----------
    ax_ : matplotlib axes

    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.inspection import ExpertGateDisplay
    >>> X, y = make_multitask_texts(100, n_tasks=3, random_state=0)
    >>> clf = MultiTaskTextClassifier(sharing="mmoe", random_state=0).fit(X, y)
    >>> display = ExpertGateDisplay.from_estimator(clf, X)
    >>> display.weights.shape
    (3, 4)
    """

    def __init__(
        self, weights: Array, spread: Any, task_names: Sequence[str], expert_names: Any
    ) -> None:
        self.weights = weights
        self.spread = spread
        self.task_names = task_names
        self.expert_names = expert_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Rows,
        *,
        level: int = -1,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> Self:
        """Draw the gates of a fitted classifier.

        Parameters
        ----------
        estimator, X, level : as in :func:`gate_weights`

        ax : matplotlib axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : ExpertGateDisplay

        Raises
        ------
        ValueError
            If the estimator has no gates, or no such level.
        """
        weights, task_names, expert_names = _read_gates(estimator, X, level)
        means, spread = weights.mean(axis=0), weights.std(axis=0)
        means = np.where(weights.any(axis=0), means, np.nan)
        return cls(means, spread, task_names, expert_names).plot(ax=ax)

    def _panels(self):
        n_tasks, n_experts = self.weights.shape
        return {"n_panels": 1, "size": (2.8 + 0.72 * n_experts, 1.7 + 0.5 * n_tasks)}

    def _draw(self, is_own_figure):
        (self.ax_,), (n_tasks, n_experts) = self.axes_, self.weights.shape
        written = np.vectorize(_write, otypes=[str])(self.weights, self.spread)
        image = heat_map(
            self.ax_,
            self.weights,
            cmap="Blues",
            vmin=0,
            # With many experts all weights are small, and only their order matters.
            vmax=np.nanmax(self.weights),
            written=written,
        )
        experts = [shorten(name) for name in self.expert_names]
        tasks = [shorten(name) for name in self.task_names]
        self.ax_.set_xticks(range(n_experts), experts, rotation=45, ha="right")
        self.ax_.set_yticks(range(n_tasks), tasks)
        self.ax_.set(
            xlabel="expert",
            ylabel="task that reads it",
            title="share of a task's mixture\nmean ± deviation over texts",
        )
        self.figure_.colorbar(image, ax=self.ax_, label="mean weight")


def _write(mean, deviation):
    return "" if np.isnan(mean) else f"{mean:.2f}\n±{deviation:.2f}"
