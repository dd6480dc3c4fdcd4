"""How reliable the probabilities of each task are."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ..metrics import multitask_scorer
from ..metrics._fitted import label_reader
from ..metrics._metrics import calibration_error, with_unseen
from ..metrics._predictions import read_predictions
from ..utils._text_table import shorten
from ..utils._typing import Axes, Estimator, Labels, Rows
from ._panels import COLOURS, DrawnOnPanels, legend_beside

OVERCONFIDENT, UNDERCONFIDENT = COLOURS[4], COLOURS[5]


class CalibrationCurvesDisplay(DrawnOnPanels):
    """Accuracy against confidence, of the predicted class of each task.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one. Each task has
    its own panel, because several curves overlap where most cells are.

    Parameters
    ----------
    confidence, accuracy : dict of {str: ndarray of shape (n_bins,)}
        Mean probability of the predicted class, and its accuracy, in each bin that has
        cells.

    counts : dict of {str: ndarray of shape (n_bins,)}
        Number of labelled cells in each of these bins.

    errors : dict of {str: float}
        Expected calibration error of each task.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes, of shape (n_tasks,)

    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.inspection import CalibrationCurvesDisplay
    >>> X, y = make_multitask_texts(300, n_tasks=2, random_state=0)
    >>> clf = MultiTaskTextClassifier(random_state=0).fit(X[:200], y[:200])
    >>> display = CalibrationCurvesDisplay.from_estimator(clf, X[200:], y[200:])
    >>> sorted(display.errors)
    ['task0', 'task1']
    """

    def __init__(
        self, confidence: Any, accuracy: Any, counts: Any, errors: Any
    ) -> None:
        self.confidence = confidence
        self.accuracy = accuracy
        self.counts = counts
        self.errors = errors

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Rows,
        y: Labels,
        *,
        n_bins: int = 10,
        missing_label: object = None,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> Self:
        """Draw the calibration of a fitted classifier.

        Parameters
        ----------
        estimator : fitted multi-output classifier with ``predict_proba``
            Or a Pipeline or a search that ends in one.

        X : input of the classifier
            Test rows.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            True labels, with missing cells.

        n_bins : int, default=10
            Number of equal-width bins of the confidence.

        missing_label : object, default=None
            Values that mean "no label". None takes that of the classifier.

        ax : matplotlib axes, or array of them, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : CalibrationCurvesDisplay
        """
        table = label_reader(estimator, missing_label).table(y)
        _, probabilities, classes = multitask_scorer(
            "neg_log_loss", output="mean"
        )._predict(estimator, X, table)
        return cls.from_predictions(
            table, probabilities, classes=classes, n_bins=n_bins, ax=ax
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Labels,
        y_proba: Any,
        *,
        classes: Any = None,
        n_bins: int = 10,
        missing_label: object = None,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> Self:
        """Draw the calibration of predicted probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or \
                DataFrame
            True labels, with missing cells.

        y_proba : list of array-like of shape (n_samples, n_classes), or dict
            Probabilities of the classes of each task.

        classes : list of array-like of shape (n_classes,), or dict, default=None
            Classes of the columns of `y_proba`. None takes the sorted labels of
            `y_true`.

        n_bins : as in :meth:`from_estimator`

        missing_label : object, default=None
            Other values that mean "no label" in `y_true`: a value, or a list of values.

        ax : as in :meth:`from_estimator`

        Returns
        -------
        display : CalibrationCurvesDisplay

        Raises
        ------
        ValueError
            If the tables do not match, no task has a label, or `n_bins` is below 1.
        """
        if n_bins < 1:
            raise ValueError(f"n_bins must be at least 1. Got {n_bins}.")
        predictions = read_predictions(
            y_true, None, y_proba, classes, None, missing_label=missing_label
        )
        predictions.true.refuse_sets("CalibrationCurvesDisplay")
        confidence, accuracy, counts, errors = {}, {}, {}, {}
        for k, name in enumerate(predictions.true.names):
            true, _, proba, own_classes, _ = predictions.cells(k)
            if len(true) == 0:
                continue
            proba, own_classes = with_unseen(true, proba, own_classes)
            sure = proba.max(axis=1).astype(float)
            right = own_classes[proba.argmax(axis=1)] == true
            place = np.clip(np.ceil(sure * n_bins).astype(int) - 1, 0, n_bins - 1)
            cells = np.bincount(place, minlength=n_bins)
            there = cells > 0
            sums = [np.bincount(place, v, minlength=n_bins) for v in (sure, right)]
            confidence[name], accuracy[name] = (s[there] / cells[there] for s in sums)
            counts[name] = cells[there]
            errors[name] = calibration_error(true, proba, None, own_classes, n_bins)
        if not errors:
            raise ValueError(
                "No task has a labelled cell, so there is nothing to draw."
            )
        return cls(confidence, accuracy, counts, errors).plot(ax=ax)

    def _panels(self):
        return {"n_panels": len(self.errors), "size": (2.9, 2.8)}

    def _draw(self, is_own_figure):
        for axes, name in zip(self.axes_, self.errors, strict=True):
            x, y = self.confidence[name], self.accuracy[name]
            share = self.counts[name] / self.counts[name].sum()
            axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, zorder=0)
            # Bar widths are shares of the cells, so that areas sum to the error.
            axes.bar(
                x, y - x, bottom=x, width=0.16 * share, alpha=0.6,
                color=np.where(y < x, OVERCONFIDENT, UNDERCONFIDENT), zorder=1,
            )  # fmt: skip
            axes.plot(x, y, color="black", linewidth=1, zorder=2)
            axes.scatter(x, y, s=np.maximum(150 * share, 3), color="black", zorder=3)
            axes.set(xlim=(0, 1.03), ylim=(-0.03, 1.03), xticks=(0, 0.5, 1))
            axes.set_yticks((0, 0.5, 1))
            axes.tick_params(labelsize=8)
            axes.set_title(
                f"{shorten(name, 24)}, error {self.errors[name]:.3f}", fontsize=10
            )
            axes.set_xlabel("probability of the predicted class", fontsize=8)
            axes.set_ylabel("accuracy", fontsize=8)
        self._explain(is_own_figure)

    def _explain(self, is_own_figure):
        """Add one legend for all panels."""
        last = self.axes_[-1]
        handles = [
            last.bar(np.nan, np.nan, color=colour, alpha=0.6, label=label)
            for colour, label in [
                (OVERCONFIDENT, "overconfident"),
                (UNDERCONFIDENT, "underconfident"),
            ]
        ]
        if is_own_figure:
            self.figure_.legend(
                handles=handles, loc="outside lower center", ncols=2, fontsize=8,
                frameon=False,
            )  # fmt: skip
        else:
            legend_beside(last, handles=handles)
