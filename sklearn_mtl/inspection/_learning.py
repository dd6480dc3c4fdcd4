"""Loss and score of each task over the epochs of a fit."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._panels import last_step, line_style, make_panels


class LearningCurvesDisplay:
    """Learning curves of all tasks.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    losses : dict of {str: ndarray of shape (n_epochs,)}
        Mean training loss over the labelled cells of each task.

    scores : dict of {str: ndarray of shape (n_epochs,)}
        Validation scores of each task and of their "mean" and "worst"; empty without
        early stopping.

    best_epoch : int
        The epoch, from 1, whose weights were kept.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes
        One for the losses and, if there are scores, one for these.

    figure_ : matplotlib Figure
    """

    def __init__(self, losses, scores, best_epoch):
        self.losses = losses
        self.scores = scores
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the learning curves of a fitted classifier.

        Parameters
        ----------
        estimator : MultiTaskTextClassifier
            Or a Pipeline or search that ends in one.

        ax : matplotlib axes, or array of them, default=None

        Returns
        -------
        display : LearningCurvesDisplay

        Raises
        ------
        ValueError
            If the estimator keeps no history.

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
                "MultiTaskTextClassifier, or what ends in one."
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

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, or array of them, default=None

        Returns
        -------
        display : LearningCurvesDisplay
        """
        panels = [("training loss", self.losses)]
        if self.scores:
            panels.append(("validation score", self.scores))
        self.axes_ = make_panels(
            ax, len(panels), "LearningCurvesDisplay.plot", size=(4.6, 3.4)
        )
        self.figure_ = self.axes_[0].figure
        for axes, (title, curves) in zip(self.axes_, panels, strict=True):
            for k, (name, values) in enumerate(curves.items()):
                style = line_style(k)
                if name in ("mean", "worst") and curves is self.scores:
                    style = {"color": "black", "linewidth": 2.2}
                    style["linestyle"] = "-" if name == "mean" else ":"
                epochs = np.arange(1, len(values) + 1)
                axes.plot(epochs, values, label=name, marker="o", markersize=3, **style)
            axes.axvline(self.best_epoch, color="0.6", linewidth=1, zorder=0)
            axes.annotate(
                "kept",
                (self.best_epoch, 1),
                xycoords=("data", "axes fraction"),
                xytext=(-3, -3),
                textcoords="offset points",
                ha="right",
                va="top",
                fontsize=8,
                color="0.4",
            )
            axes.set(title=title, xlabel="epoch")
            axes.xaxis.get_major_locator().set_params(integer=True)
        self.axes_[-1].legend(fontsize=8, ncols=1 + len(panels[-1][1]) // 12)
        return self


def _column(classifier, name):
    return np.array([epoch.get(name, np.nan) for epoch in classifier.history_])
