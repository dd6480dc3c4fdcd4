"""How far the probabilities of each task can be believed."""

import numpy as np

from .._labels import as_label_table
from ..metrics import multitask_scorer
from ..metrics._metrics import calibration_error, with_unseen
from ..metrics._predictions import read_predictions
from ._panels import line_style, make_panels


class CalibrationCurvesDisplay:
    """Accuracy against confidence, of the predicted class of each task.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

    Parameters
    ----------
    confidence, accuracy : dict of {str: ndarray of shape (n_bins,)}
        Mean probability of the predicted class, and how often it was right, in each bin
        that has cells.

    counts : dict of {str: ndarray of shape (n_bins,)}
        Labelled cells in each of these bins.

    errors : dict of {str: float}
        Expected calibration error of each task.

    Attributes
    ----------
    ax_ : matplotlib axes

    figure_ : matplotlib Figure
    """

    def __init__(self, confidence, accuracy, counts, errors):
        self.confidence = confidence
        self.accuracy = accuracy
        self.counts = counts
        self.errors = errors

    @classmethod
    def from_estimator(cls, estimator, X, y, *, n_bins=10, ax=None):
        """Draw the calibration of a fitted classifier.

        Parameters
        ----------
        estimator : fitted multi-output classifier with ``predict_proba``

        X : what it predicts from

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            True labels, with missing cells.

        n_bins : int, default=10
            Bins of equal width that cells fall into by confidence.

        ax : matplotlib axes, default=None

        Returns
        -------
        display : CalibrationCurvesDisplay
        """
        table = as_label_table(y)
        names = getattr(estimator, "task_names_", None)
        if names is not None:
            table = table.select(names)
        _, probabilities, classes = multitask_scorer(
            "neg_log_loss", output="mean"
        )._predict(estimator, X, table)
        return cls.from_predictions(
            table, probabilities, classes=classes, n_bins=n_bins, ax=ax
        )

    @classmethod
    def from_predictions(cls, y_true, y_proba, *, classes=None, n_bins=10, ax=None):
        """Draw the calibration of predicted probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or \
                DataFrame
            True labels, with missing cells.

        y_proba : list of array-like of shape (n_samples, n_classes), or dict
            Probabilities of the classes of each task.

        classes : list of array-like of shape (n_classes,), or dict, default=None
            Of the columns of `y_proba`. None takes the sorted labels of `y_true`.

        n_bins, ax : as in :meth:`from_estimator`

        Returns
        -------
        display : CalibrationCurvesDisplay
        """
        predictions = read_predictions(y_true, None, y_proba, classes, None)
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
        return cls(confidence, accuracy, counts, errors).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, default=None

        Returns
        -------
        display : CalibrationCurvesDisplay
        """
        (self.ax_,) = make_panels(
            ax, 1, "CalibrationCurvesDisplay.plot", size=(5.4, 4.4)
        )
        self.figure_ = self.ax_.figure
        self.ax_.plot([0, 1], [0, 1], color="0.7", linewidth=1, zorder=0)
        for k, name in enumerate(self.confidence):
            x, y = self.confidence[name], self.accuracy[name]
            style = line_style(k)
            label = f"{name} (error {self.errors[name]:.3f})"
            self.ax_.plot(x, y, label=label, linewidth=1.4, **style)
            # The area of a point is its share of the cells.
            area = 160 * self.counts[name] / self.counts[name].sum()
            self.ax_.scatter(x, y, s=np.maximum(area, 4), color=style["color"])
        self.ax_.set(
            xlabel="probability of the predicted class",
            ylabel="how often it was right",
            title="above the line: better than it says\nbelow: too sure",
            xlim=(0, 1.02),
            ylim=(0, 1.02),
        )
        self.ax_.legend(fontsize=8, loc="upper left")
        return self
