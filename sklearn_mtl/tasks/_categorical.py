"""One of two or more classes: binary and multiclass label columns."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ..answers._types import CategoricalAnswers
from ..utils._typing import Array
from ._base import TaskType


class Categorical(CategoricalAnswers, TaskType):
    r"""A column whose cells hold one of several classes.

    The model is multinomial logistic regression on the logits,

    .. math:: p(c) = \exp(z_c) / \sum_j \exp(z_j),

    where :math:`z_c` is the logit of class *c*. With two classes the logit of the first
    is always 0, so a binary task needs one output. A column with a single class always
    predicts that class, and its output is not trained.

    Examples
    --------
    The default type for a column with one label per cell:

    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.tasks import Categorical
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = MultiTaskTextClassifier(task_types={"tone": Categorical()})
    >>> clf.fit(texts, labels).task_types_
    {'tone': 'binary'}
    """

    def fit(self, cells: Array, order: list[Any] | None = None) -> Self:
        if _are_texts(cells):  # building a set takes a tenth of the time of sorting
            dtype = cells.dtype if cells.dtype.kind == "U" else str
            self.classes_ = np.array(sorted(set(cells.tolist())), dtype=dtype)
        else:
            self.classes_ = np.unique(cells)
        return self

    @property
    def name(self) -> str:
        return "binary" if len(self.classes_) <= 2 else "multiclass"

    @property
    def kind(self) -> object:
        return type(self)

    def effects(self, slopes: Array) -> Array:
        if len(self.classes_) == 2:  # the logit of the first class is 0
            slopes = np.column_stack([np.zeros(len(slopes)), slopes[:, 0]])
        return super().effects(slopes)

    @staticmethod
    def build_loss(tasks: Sequence[Any], adjustments: list[Array] | None = None) -> Any:
        from ._cross_entropy import CategoricalLoss

        return CategoricalLoss([len(task.classes_) for task in tasks], adjustments)


def _are_texts(cells):
    return cells.dtype.kind in "OU"
