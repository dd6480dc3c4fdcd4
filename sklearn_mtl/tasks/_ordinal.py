"""One of several ordered classes: stars, grades, degrees."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ..answers._types import OrdinalAnswers
from ..labels._tables import as_label_table
from ..utils._typing import Array
from ._categorical import Categorical


class Ordinal(OrdinalAnswers, Categorical):
    r"""A column whose classes have an order, such as stars from 1 to 5.

    The proportional odds model: for *K* classes, counted from 0 in their order,

    .. math::

        P(y > k) = \sigma(s\,f(x) - \theta_k), \quad
        \theta_k = \theta_{k-1} + \epsilon + \log(1 + e^{r g_k})

    where :math:`\sigma` is the logistic function, *f* the only logit of the task,
    :math:`\theta_0 < \ldots < \theta_{K-2}` the thresholds between classes, :math:`g_k`
    their learned parameters and :math:`\epsilon` the smallest gap; *s* and *r* set the
    learning speed of *f* and of the gaps. So each text trains the whole scale, not only
    its own class. With the initial thresholds, each class has its share at *f* = 0. The
    first threshold stays constant, because the bias of *f* can replace it.

    The prediction is the median class: the first class that the label exceeds with a
    probability of at most one half. It minimises the expected distance to the label in
    steps of the scale, and is not always the most probable class.

    Parameters
    ----------
    classes : sequence of str, int or bool, default=None
        All possible labels, in order. None takes numbers in ascending order, and the
        categories of an ordered categorical column (of pandas; an ``Enum`` in polars).
        Other columns of texts need this parameter.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        In order, including listed classes that do not occur.

    See Also
    --------
    Categorical : Classes without an order.

    Notes
    -----
    ``logit_adjustment`` has no effect, because an ordinal task has no logits of
    classes. ``class_weight`` applies.

    With two classes the only threshold is 0, *s* is 1, and the model is that of a
    binary :class:`Categorical`, except for temperatures. They divide the logits of
    thresholds, which preserves the median class but also scales the class prior.

    References
    ----------
    P. McCullagh, "Regression models for ordinal data", Journal of the Royal Statistical
    Society B 42 (1980). There thresholds are unconstrained and *f* is linear.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.tasks import Ordinal
    >>> texts = ["bad", "not bad", "good", "very good", "not good", "very bad"] * 5
    >>> labels = {
    ...     "stars": [2, 3, 4, 5, 2, 1] * 5,
    ...     "mood": ["low", "fair", "high", "high", None, "low"] * 5,
    ... }
    >>> types = {"stars": "ordinal", "mood": Ordinal(["low", "fair", "high"])}
    >>> clf = MultiTaskTextClassifier(task_types=types, random_state=0)
    >>> clf.fit(texts, labels).predict(["very bad", "very good"], output="dict")
    {'stars': array([1, 5]), 'mood': array(['low', 'high'], dtype='<U4')}
    >>> clf.classes_
    [array([1, 2, 3, 4, 5]), array(['low', 'fair', 'high'], dtype='<U4')]
    """

    def __init__(self, classes: Sequence[Any] | None = None) -> None:
        self.classes = classes

    def fit(self, cells: Array, order: list[Any] | None = None) -> Self:
        known = order if self.classes is None else self.classes
        if known is not None:
            self.classes_ = _read_order(known, cells)
            self._check_listed(cells)
            return self
        if _are_texts(cells):
            raise ValueError(
                f"its labels are texts, {_first(np.unique(cells))} among them, whose "
                "order is not known. Pass it in task_types, lowest first, as "
                "Ordinal(classes=[...]) of sklearn_mtl.tasks, or make the column an "
                "ordered categorical."
            )
        return super().fit(cells)

    def _check_listed(self, cells):
        new = self.encode(cells) < 0
        if new.any():
            raise ValueError(
                f"{new.sum()} of its cells hold labels that are not among the classes "
                f"{_first(self.classes_, 10)}: {_first(np.unique(cells[new]))}. Add "
                "them to the classes, or make these cells empty."
            )

    name = "ordinal"
    is_ordered = True

    def matches(self, wanted: Any) -> bool:
        listed = getattr(wanted, "classes", None)
        return type(wanted) is type(self) and (
            listed is None or list(listed) == self.classes_.tolist()
        )

    def link(self, log_class_shares: Array, *, is_few: bool = False) -> Any:
        from ._thresholds import SLOPE, SLOPE_OF_FEW, Thresholds

        if len(self.classes_) <= 2:
            return None
        return Thresholds(log_class_shares, SLOPE_OF_FEW if is_few else SLOPE)

    def effects(self, slopes: Array) -> Array:
        n_classes = len(self.classes_)
        places = np.arange(n_classes, dtype=slopes.dtype) - (n_classes - 1) / 2
        return slopes[:, :1] * places

    @staticmethod
    def build_loss(tasks: Sequence[Any], adjustments: list[Array] | None = None) -> Any:
        from ._thresholds import OrdinalLoss

        return OrdinalLoss([len(task.classes_) for task in tasks])


def _are_texts(cells):
    return cells.dtype.kind in "OU"


def _first(labels, most=5):
    return labels[:most].tolist()


def _read_order(classes, cells):
    """Check a user's list of classes and return it as an array."""
    table = as_label_table(classes, what="classes")
    order = table.columns[0]
    if table.container != "vector" or len(order) == 0 or table.missing.any():
        raise ValueError(
            f"classes must list labels, lowest first, none of them empty. Got "
            f"{classes!r}."
        )
    labels, counts = np.unique(order, return_counts=True)
    if len(labels) < len(order):
        raise ValueError(
            f"classes must list each label once. Got {_first(labels[counts > 1])} "
            "several times."
        )
    if _are_texts(order) != _are_texts(cells):
        raise ValueError(
            "its labels and the listed classes have different types. Got the label "
            f"{_first(cells, 1)[0]!r} and the classes {_first(order)}."
        )
    if _are_texts(order):
        return np.array(order.tolist(), dtype=str)
    if not np.array_equal(order, labels):
        raise ValueError(
            "numbers must be listed in ascending order. Got the classes "
            f"{_first(order, 10)}; sort them, or make the labels texts."
        )
    # Use the dtype of the labels for the predictions.
    own = order.astype(cells.dtype)
    return own if np.array_equal(own, order) else order
