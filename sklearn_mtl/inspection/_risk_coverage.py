"""How many errors remain if uncertain cells get no label."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from ..metrics import multitask_scorer
from ..metrics._confidence import area_under_risk, confidence_of, risk_by_coverage
from ..metrics._fitted import label_reader
from ..metrics._metrics import with_unseen
from ..metrics._predictions import read_predictions
from ..utils._text_table import shorten
from ..utils._typing import Array, Axes, Estimator, Labels, Rows, Weights
from ._panels import DrawnOnPanels, legend_beside, line_style


class RiskCoverage(NamedTuple):
    """Share of wrong labels by the share of cells that get one, for one task.

    Attributes
    ----------
    coverage : ndarray of shape (n_thresholds,)
        Share of the cells whose confidence is at least the threshold. It rises to 1.

    risk : ndarray of shape (n_thresholds,)
        Share of wrong labels among them.

    thresholds : ndarray of shape (n_thresholds,)
        The distinct values of the confidence, the highest first.

    area : float
        Mean risk over all coverages. Lower is better: 0 if no label is wrong.

    Examples
    --------
    >>> from sklearn_mtl.inspection import risk_coverage_curve
    >>> y_proba = [[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]
    >>> curve = risk_coverage_curve([0, 0, 1], None, y_proba)["task0"]
    >>> curve.thresholds.tolist(), curve.risk.round(2).tolist()
    ([0.9, 0.8, 0.6], [0.0, 0.0, 0.33])
    """

    coverage: Array
    risk: Array
    thresholds: Array
    area: float


def risk_coverage_curve(
    y_true: Labels,
    y_pred: Any,
    y_proba: Any,
    *,
    classes: Any = None,
    sample_weight: Weights = None,
    missing_label: object = None,
) -> dict[str, RiskCoverage]:
    """Compute the risk of each task if its least confident cells get no label.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
        True labels, with missing cells.

    y_pred : array-like, dict, DataFrame or None
        Predicted labels. None takes the most probable class.

    y_proba : list of array-like of shape (n_samples, n_classes), or dict
        Probabilities of the classes of each task; the confidence of a cell is the
        probability of its predicted label. For cells with several labels it is the
        product over labels.

    classes : list of array-like of shape (n_classes,), or dict, default=None
        Classes of the columns of `y_proba`. None takes the sorted labels of `y_true`.

    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
            default=None
        Weight of each row, or of each cell.

    missing_label : object, default=None
        Other values that mean "no label" in `y_true`: a value, or a list of values.

    Returns
    -------
    curves : dict of {str: RiskCoverage}
        Tasks without a labelled cell are left out.

    Raises
    ------
    ValueError
        If the tables do not match, or a predicted label is not among the classes.

    References
    ----------
    R. El-Yaniv, Y. Wiener, "On the foundations of noise-free selective classification",
    Journal of Machine Learning Research 11, 2010.

    Y. Geifman, G. Uziel, R. El-Yaniv, "Bias-reduced uncertainty estimation for deep
    neural classifiers", ICLR 2019: the area under the curve.

    Examples
    --------
    >>> from sklearn_mtl.inspection import risk_coverage_curve
    >>> y_proba = [[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]
    >>> round(risk_coverage_curve([0, 0, 1], None, y_proba)["task0"].area, 3)
    0.111
    """
    predictions = read_predictions(
        y_true,
        y_pred,
        y_proba,
        classes,
        sample_weight,
        missing_label=missing_label,
    )
    curves = {}
    for k, name in enumerate(predictions.true.names):
        true, pred, proba, own_classes, weights = predictions.cells(k)
        if len(true) == 0:
            continue
        if true.ndim == 2:
            confidence = confidence_of(pred, proba)
            right = (true == pred).all(axis=1)
        else:
            proba, own_classes = with_unseen(true, proba, own_classes)
            confidence = confidence_of(_codes(name, pred, own_classes), proba)
            right = pred == true
        coverage, risk, thresholds = risk_by_coverage(
            confidence.astype(float), right, weights
        )
        area = area_under_risk(coverage, risk)
        curves[name] = RiskCoverage(coverage, risk, thresholds, area)
    return curves


def _codes(name, labels, classes):
    """Return the column of each predicted label."""
    place = {label: k for k, label in enumerate(classes.tolist())}
    unknown = sorted(set(labels.tolist()) - place.keys(), key=str)
    if unknown:
        raise ValueError(
            f"y_pred[{name!r}] holds {unknown[:5]}, but the classes of y_proba are "
            f"{classes[:10].tolist()}. Pass the classes of its columns."
        )
    return np.array([place[label] for label in labels.tolist()])


class RiskCoverageDisplay(DrawnOnPanels):
    """Share of wrong labels against the share of cells that get a label.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one. A curve that
    falls to the left says that confidence tells right labels from wrong ones: choose
    where to stop with
    :class:`~sklearn_mtl.decisions.AbstainingMultiTaskClassifier`.

    Parameters
    ----------
    curves : dict of {str: RiskCoverage}
        The curve of each task.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes, of shape (1,)

    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.inspection import RiskCoverageDisplay
    >>> X, y = make_multitask_texts(300, n_tasks=2, random_state=0)
    >>> clf = MultiTaskTextClassifier(random_state=0).fit(X[:200], y[:200])
    >>> display = RiskCoverageDisplay.from_estimator(clf, X[200:], y[200:])
    >>> sorted(display.curves)
    ['task0', 'task1']
    """

    def __init__(self, curves: dict[str, RiskCoverage]) -> None:
        self.curves = curves

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: Rows,
        y: Labels,
        *,
        sample_weight: Weights = None,
        missing_label: object = None,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> Self:
        """Draw the curves of a fitted classifier.

        Parameters
        ----------
        estimator : fitted multi-output classifier with ``predict_proba``
            Or a Pipeline or a search that ends in one.

        X : input of the classifier
            Test rows.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            True labels, with missing cells.

        sample_weight : as in :func:`risk_coverage_curve`

        missing_label : object, default=None
            Values that mean "no label". None takes that of the classifier.

        ax : matplotlib axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : RiskCoverageDisplay
        """
        table = label_reader(estimator, missing_label).table(y)
        labels, probabilities, classes = multitask_scorer(
            ["accuracy", "neg_log_loss"]
        )._predict(estimator, X, table)
        return cls.from_predictions(
            table,
            labels,
            probabilities,
            classes=classes,
            sample_weight=sample_weight,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Labels,
        y_pred: Any,
        y_proba: Any,
        *,
        classes: Any = None,
        sample_weight: Weights = None,
        missing_label: object = None,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> Self:
        """Draw the curves of predictions.

        Parameters
        ----------
        y_true, y_pred, y_proba, classes, sample_weight, missing_label : as in \
                :func:`risk_coverage_curve`

        ax : as in :meth:`from_estimator`

        Returns
        -------
        display : RiskCoverageDisplay

        Raises
        ------
        ValueError
            If the tables do not match, or no task has a labelled cell.
        """
        curves = risk_coverage_curve(
            y_true,
            y_pred,
            y_proba,
            classes=classes,
            sample_weight=sample_weight,
            missing_label=missing_label,
        )
        if not curves:
            raise ValueError(
                "No task has a labelled cell, so there is nothing to draw."
            )
        return cls(curves).plot(ax=ax)

    def _panels(self):
        return {"n_panels": 1, "size": (5.0, 3.4)}

    def _draw(self, is_own_figure):
        axes = self.axes_[0]
        for k, (name, curve) in enumerate(self.curves.items()):
            label = f"{shorten(name, 24)}, area {curve.area:.3f}"
            axes.plot(curve.coverage, curve.risk, label=label, **line_style(k))
        axes.set(xlim=(0, 1.02), ylim=(0, None))
        axes.set_xlabel("share of cells with a label (coverage)")
        axes.set_ylabel("share of wrong labels (risk)")
        legend_beside(axes)
