"""Confusion matrices of all tasks in one figure."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.metrics import confusion_matrix

from ..metrics._fitted import label_reader
from ..metrics._predictions import read_predictions
from ..utils._text_table import shorten
from ..utils._typing import Axes, Estimator, Labels, Rows
from ._panels import DrawnOnPanels, heat_map

OTHERS = "(others)"


class ConfusionMatricesDisplay(DrawnOnPanels):
    """Confusion matrices of all tasks, over labelled cells.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

    Parameters
    ----------
    matrices : dict of {str: ndarray of shape (n_classes, n_classes)}
        Confusion matrix of each task; rows are true labels.

    labels : dict of {str: list}
        Labels of rows and columns of each task.

    normalize : {"true", "pred", "all"} or None, default=None
        Normalization of the matrices.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes, of shape (n_tasks,)

    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.inspection import ConfusionMatricesDisplay
    >>> X, y = make_multitask_texts(300, n_tasks=2, random_state=0)
    >>> clf = MultiTaskTextClassifier(random_state=0).fit(X[:200], y[:200])
    >>> display = ConfusionMatricesDisplay.from_estimator(clf, X[200:], y[200:])
    >>> display.matrices["task0"].shape
    (3, 3)
    """

    def __init__(
        self, matrices: Any, labels: Any, normalize: str | None = None
    ) -> None:
        self.matrices = matrices
        self.labels = labels
        self.normalize = normalize

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Rows,
        y: Labels,
        *,
        normalize: str | None = "true",
        max_classes: int = 10,
        missing_label: object = None,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> Self:
        """Draw the confusion matrices of a fitted classifier.

        Parameters
        ----------
        estimator : fitted multi-output classifier
            Or a Pipeline or a search that ends in one.

        X : input of the classifier
            Test rows.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            True labels, with missing cells.

        normalize : {"true", "pred", "all"} or None, default="true"
            As in :class:`~sklearn.metrics.ConfusionMatrixDisplay`. The default
            normalizes over the true labels, because the classes of a task rarely have
            equal frequencies.

        max_classes : int, default=10
            If a task has more classes, those with most errors are shown, and the others
            as one class. Errors among these others count as right.

        missing_label : object, default=None
            Values that mean "no label". None takes that of the classifier.

        ax : matplotlib axes, or array of them, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : ConfusionMatricesDisplay
        """
        reader = label_reader(estimator, missing_label)
        return cls.from_predictions(
            reader.table(y),
            estimator.predict(X),
            normalize=normalize,
            max_classes=max_classes,
            orders=reader.orders,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Labels,
        y_pred: Labels,
        *,
        normalize: str | None = "true",
        max_classes: int = 10,
        orders: Mapping[str, Sequence[Any]] | Sequence[Any] | None = None,
        missing_label: object = None,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> Self:
        """Draw the confusion matrices of predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or \
                DataFrame
            True labels, with missing cells.

        y_pred : array-like, dict or DataFrame
            Predicted labels.

        normalize, max_classes : as in :meth:`from_estimator`

        orders : dict of {str: sequence}, default=None
            All labels in order, for tasks whose labels are texts with an order. A
            fitted classifier knows those of its ordinal tasks. Other labels are sorted.

        missing_label : object, default=None
            Other values that mean "no label" in `y_true`: a value, or a list of values.

        ax : as in :meth:`from_estimator`

        Returns
        -------
        display : ConfusionMatricesDisplay

        Raises
        ------
        ValueError
            If the tables do not match, or a parameter has an invalid value.
        """
        if normalize not in ("true", "pred", "all", None):
            raise ValueError(
                f"normalize must be 'true', 'pred', 'all' or None. Got {normalize!r}."
            )
        if max_classes < 2:
            raise ValueError(f"max_classes must be at least 2. Got {max_classes}.")
        predictions = read_predictions(
            y_true, y_pred, None, None, None, orders, missing_label
        )
        predictions.true.refuse_sets("ConfusionMatricesDisplay")
        matrices, labels = {}, {}
        for k, name in enumerate(predictions.true.names):
            true, pred, *_ = predictions.cells(k)
            if len(true):
                matrices[name], labels[name] = _confusion(
                    true, pred, predictions.ordered_labels(k), normalize, max_classes
                )
        if not matrices:
            raise ValueError(
                "No task has a labelled cell, so there is nothing to draw."
            )
        return cls(matrices, labels, normalize).plot(ax=ax)

    def _panels(self):
        most = max(map(len, self.labels.values()))
        side = max(2.6, 1.1 + 0.29 * most)
        return {"n_panels": len(self.matrices), "size": (side, side)}

    def _draw(self, is_own_figure):
        for axes, (name, matrix) in zip(self.axes_, self.matrices.items(), strict=True):
            written = np.vectorize(self._write, otypes=[str])(matrix)
            # Shares have the same scale in all panels; counts have no upper limit.
            top = 1 if self.normalize in ("true", "pred") else max(matrix.max(), 1e-12)
            heat_map(
                axes, matrix, cmap="Blues", vmin=0, vmax=top, written=written,
                fontsize=8 if len(matrix) <= 5 else 6,
            )  # fmt: skip
            ticks = [shorten(label, 12) for label in self.labels[name]]
            axes.set_xticks(range(len(ticks)), ticks, rotation=45, ha="right")
            axes.set_yticks(range(len(ticks)), ticks)
            axes.tick_params(labelsize=8)
            axes.set_title(shorten(name, 30), fontsize=10)
            axes.set_xlabel("predicted", fontsize=8)
            axes.set_ylabel("true", fontsize=8)

    def _write(self, value):
        if value == 0:
            return ""
        if self.normalize is None:
            return f"{value:g}"
        return f"{value:.0%}" if value > 0.005 else "<1%"  # 0.005 is rounded to 0


def _confusion(true, pred, labels, normalize, max_classes):
    """Return the matrix and the labels, limited to `max_classes`."""
    if len(labels) == 1:  # confusion_matrix would warn
        counts = np.array([[len(true)]])
    else:
        counts = confusion_matrix(true, pred, labels=labels)
    names = labels.tolist()
    if len(labels) > max_classes:
        wrong = counts.sum(0) + counts.sum(1) - 2 * np.diag(counts)
        shown = np.sort(np.argsort(-wrong, kind="stable")[: max_classes - 1])
        place = np.full(len(labels), max_classes - 1)
        place[shown] = np.arange(max_classes - 1)
        merged = np.zeros((max_classes, max_classes), dtype=counts.dtype)
        np.add.at(merged, (place[:, None], place[None, :]), counts)
        counts, names = merged, [*labels[shown].tolist(), OTHERS]
    total = {
        "true": counts.sum(axis=1, keepdims=True),
        "pred": counts.sum(axis=0, keepdims=True),
        "all": counts.sum(),
    }
    if normalize:
        counts = counts / np.maximum(total[normalize], 1)
    return counts, names
