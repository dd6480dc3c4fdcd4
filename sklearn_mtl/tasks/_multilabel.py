"""Several labels per cell: tags, topics, symptoms."""

from collections.abc import Sequence
from copy import copy
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.metrics import precision_recall_curve

from ..answers._types import MultiLabelAnswers
from ..labels._sets import labels_of
from ..utils._compat import Interval, StrOptions
from ..utils._typing import Array
from ..utils._warn import FILTERS
from ._base import TaskType


class MultiLabel(MultiLabelAnswers, TaskType):
    r"""A column whose cells hold any number of labels, such as tags.

    Each label is a binary task, and the loss of a cell is the sum over all labels. This
    is equivalent to one binary column per label, each with the loss weight of this
    column. An empty cell, such as an empty list, means that no label applies. A missing
    cell, None, means that the labels are unknown.

    Parameters
    ----------
    loss : {"binary", "asymmetric"}, default="binary"
        Loss of each label. "binary" is cross-entropy. "asymmetric" gives less weight to
        labels that are clearly absent,

        .. math::

            -y\,(1 - p)^{\gamma_+} \log p
            - (1 - y)\,p_m^{\gamma_-} \log(1 - p_m), \quad p_m = \max(p - m, 0)

        with the parameters below. Its probabilities are too high, so use it for
        rankings and with tuned thresholds.

    gamma_pos, gamma_neg : float, default=0.0, 4.0
        Focusing parameters for labels that are present and absent: how much the loss of
        easy labels is reduced. The defaults are those of the paper.

    margin : float, default=0.05
        Probability below which an absent label has no loss, *m* above.

    threshold : float or "tuned", default=0.5
        Probability above which a label is predicted. "tuned" holds out
        ``validation_fraction`` of the rows and chooses, for each label, the threshold
        with the highest F1 on them, or 0.5 if the label does not occur there.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labels,)
        All labels, sorted.

    thresholds_ : ndarray of shape (n_labels,)
        The threshold of each label.

    See Also
    --------
    Categorical : One label per cell.

    Notes
    -----
    For each label, ``class_weight`` is the weight of the cells that hold it. With
    "balanced", cells with and without it have the same total weight. The estimator's
    ``logit_adjustment`` corrects for rare labels with the binary loss; the asymmetric
    loss does so by itself.

    Training stores one number per label and row, so thousands of labels need much
    memory.

    References
    ----------
    T. Ridnik et al., "Asymmetric loss for multi-label classification", ICCV 2021.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> texts = ["red round ball", "red car", "blue car", "round table"] * 5
    >>> labels = {
    ...     "tags": [["red", "round"], ["red"], [], ["round"]] * 5,
    ...     "toy": [True, True, None, False] * 5,
    ... }
    >>> clf = MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    >>> clf.predict(["red round ball", "blue car"], output="dict")["tags"]
    array([list(['red', 'round']), list([])], dtype=object)
    >>> clf.classes_[0]
    array(['red', 'round'], dtype='<U5')
    """

    _parameter_constraints = {
        "loss": [StrOptions({"binary", "asymmetric"})],
        "gamma_pos": [Interval(Real, 0, None, closed="left")],
        "gamma_neg": [Interval(Real, 0, None, closed="left")],
        "margin": [Interval(Real, 0, 1, closed="left")],
        "threshold": [StrOptions({"tuned"}), Interval(Real, 0, 1, closed="neither")],
    }

    name = "multilabel"

    def __init__(
        self,
        loss: str = "binary",
        *,
        gamma_pos: float = 0.0,
        gamma_neg: float = 4.0,
        margin: float = 0.05,
        threshold: float | str = 0.5,
    ) -> None:
        self.loss = loss
        self.gamma_pos = gamma_pos
        self.gamma_neg = gamma_neg
        self.margin = margin
        self.threshold = threshold

    def fit(self, cells: Array, order: list[Any] | None = None) -> Self:
        self._validate_params()
        self.classes_ = labels_of(cells)
        if len(self.classes_) == 0:
            raise ValueError(
                "none of its cells holds a label, so there is nothing to learn. "
                "Leave the column out."
            )
        start = 0.5 if self.threshold == "tuned" else float(self.threshold)
        self.thresholds_ = np.full(len(self.classes_), start)
        return self

    @property
    def kind(self) -> object:
        parameters = self.get_params()
        del parameters["threshold"]
        return type(self), *parameters.values()

    @property
    def is_ordered(self) -> bool:
        return False

    def likelihoods(self, logits: Array, codes: Array) -> Array:
        probabilities = self.probabilities(logits)
        return np.where(codes == 1, probabilities, 1 - probabilities)

    def effects(self, slopes: Array) -> Array:
        return slopes

    @property
    def is_tuned(self) -> bool:  # type: ignore[override]
        return self.threshold == "tuned"

    def tuned(self, logits: Array, codes: Array, weights: Array) -> Self:
        fresh = copy(self)
        fresh.thresholds_ = np.array(
            [
                _best_threshold(*label)
                for label in zip(
                    self.probabilities(logits).T, codes.T, weights.T, strict=True
                )
            ]
        )
        return fresh

    @staticmethod
    def build_loss(tasks: Sequence[Any], adjustments: list[Array] | None = None) -> Any:
        from ._asymmetric import AsymmetricLoss
        from ._cross_entropy import CategoricalLoss

        n_labels = sum(len(task.classes_) for task in tasks)
        if tasks[0].loss == "binary":
            return CategoricalLoss([2] * n_labels, adjustments)
        return AsymmetricLoss(tasks[0].gamma_pos, tasks[0].gamma_neg, tasks[0].margin)


def _best_threshold(probabilities, codes, weights):
    """Return the threshold with the highest F1 on labelled cells."""
    cells = np.flatnonzero((codes >= 0) & (weights > 0))
    if not codes[cells].any():
        return 0.5
    with FILTERS:
        precision, recall, found = precision_recall_curve(
            codes[cells], probabilities[cells], sample_weight=weights[cells]
        )
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    best = f1[:-1].argmax()
    # Midway between two probabilities, so that rounding cannot change decisions.
    below = found[best - 1] if best else 0.0
    return float(np.clip((below + found[best]) / 2, 1e-6, 1 - 1e-6))
