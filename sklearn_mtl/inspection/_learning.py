"""Loss and score of each task over the epochs of a fit."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..metrics._fitted import last_step
from ..utils._text_table import shorten
from ..utils._typing import Axes, Estimator
from ._panels import DrawnOnPanels, legend_beside, line_style


class LearningCurvesDisplay(DrawnOnPanels):
    """Learning curves of all tasks.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    losses : dict of {str: ndarray of shape (n_epochs,)}
        Mean training loss over the labelled cells of each task.

    scores : dict of {str: ndarray of shape (n_epochs,)}
        Validation scores of each task, and their "mean" and "worst". Empty without
        early stopping.

    best_epoch : int
        Epoch, counted from 1, whose weights were kept.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes
        One for the losses and, if there are scores, one for the scores.

    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.inspection import LearningCurvesDisplay
    >>> X, y = make_multitask_texts(300, random_state=0)
    >>> clf = MultiTaskTextClassifier(max_iter=3, random_state=0).fit(X, y)
    >>> len(LearningCurvesDisplay.from_estimator(clf).losses["task0"])
    3
    """

    def __init__(self, losses: Any, scores: Any, best_epoch: Any) -> None:
        self.losses = losses
        self.scores = scores
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(
        cls, estimator: Estimator, *, ax: Axes | Sequence[Axes] | None = None
    ) -> Self:
        """Draw the learning curves of a fitted classifier.

        Parameters
        ----------
        estimator : MultiTaskTextClassifier
            Or a Pipeline or search that ends in one.

        ax : matplotlib axes, or array of them, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : LearningCurvesDisplay

        Raises
        ------
        ValueError
            If the estimator has no history.

        Examples
        --------
        >>> from sklearn_mtl import MultiTaskTextClassifier
        >>> from sklearn_mtl.datasets import make_multitask_texts
        >>> from sklearn_mtl.inspection import LearningCurvesDisplay
        >>> X, y = make_multitask_texts(300, random_state=0)
        >>> clf = MultiTaskTextClassifier(early_stopping=True, max_iter=3).fit(X, y)
        >>> display = LearningCurvesDisplay.from_estimator(clf)
        >>> display.figure_.savefig("curves.png")  # doctest: +SKIP
        """
        check_is_fitted(estimator)
        _, classifier = last_step(estimator)
        if not hasattr(classifier, "history_"):
            raise ValueError(
                f"{type(classifier).__name__} has no history_ of its epochs. Pass a "
                "MultiTaskTextClassifier, or a Pipeline or search that ends in one."
            )
        names = classifier.task_names_
        losses = {name: _column(classifier, f"loss_{name}") for name in names}
        scores = {}
        if "valid_score_mean" in classifier.history_[-1]:
            scores = {
                name: _column(classifier, f"valid_score_{name}")
                for name in [*names, "mean", "worst"]
            }
        return cls(losses, scores, classifier.best_iter_).plot(ax=ax)

    def _curves(self):
        panels = [("training loss", self.losses)]
        return panels + ([("validation score", self.scores)] if self.scores else [])

    def _panels(self):
        return {"n_panels": len(self._curves()), "size": (4.8, 3.6)}

    def _draw(self, is_own_figure):
        panels = self._curves()
        for axes, (title, curves) in zip(self.axes_, panels, strict=True):
            lines = []
            for k, (name, values) in enumerate(curves.items()):
                style = line_style(k)
                if name in ("mean", "worst") and curves is self.scores:
                    style = {"color": "black", "linewidth": 2.2, "zorder": 3}
                    style["linestyle"] = "-" if name == "mean" else ":"
                epochs = np.arange(1, len(values) + 1)
                # With one epoch, the curve is a point.
                style["marker"] = "o" if len(values) < 2 else None
                lines += axes.plot(epochs, values, label=shorten(name), **style)
            axes.set(title=title, xlabel="epoch")
            axes.xaxis.get_major_locator().set_params(integer=True)
            if self.scores:
                axes.axvline(self.best_epoch, color="0.6", linewidth=1, zorder=0)
                axes.set_xlabel("epoch (grey line: the one that was kept)")
        self._add_legend(self.axes_[-1], lines, panels[-1][1])

    def _add_legend(self, axes, lines, curves):
        """Add a legend with the curves in the order of their last values."""
        ends = np.nan_to_num([values[-1] for values in curves.values()], nan=-np.inf)
        order = np.argsort(-ends, kind="stable")
        names = [shorten(name) for name in curves]
        legend = legend_beside(
            axes,
            handles=[lines[k] for k in order],
            labels=[f"curve {k}" for k in order],
            ncols=1 + len(order) // 20,
        )
        # Set afterwards, because matplotlib hides labels that start with "_".
        for text, k in zip(legend.get_texts(), order, strict=True):
            text.set_text(names[k])


def _column(classifier, name):
    return np.array([epoch.get(name, np.nan) for epoch in classifier.history_])
