"""One class out of two or more: binary and multiclass label columns."""

from itertools import repeat

import numpy as np

from ._base import TaskType


class Categorical(TaskType):
    r"""A column whose cell holds one of several classes.

    The model is multinomial logistic regression on the logits,

    .. math:: p(c) = \exp(z_c) / \sum_j \exp(z_j),

    where :math:`z_c` is the logit of class *c*. With two classes the logit of the first
    is always 0, so a binary task needs one output. A column with a single class
    predicts that class; its output is never trained.
    """

    def fit(self, cells, order=None):
        if _are_texts(cells):  # a set takes a tenth of the time of a sort
            dtype = cells.dtype if cells.dtype.kind == "U" else str
            self.classes_ = np.array(sorted(set(cells.tolist())), dtype=dtype)
        else:
            self.classes_ = np.unique(cells)
        return self

    @property
    def name(self):
        return "binary" if len(self.classes_) <= 2 else "multiclass"

    @property
    def kind(self):
        return type(self)

    @property
    def n_logits(self):
        return len(self.classes_) if len(self.classes_) > 2 else 1

    def encode(self, cells):
        # Python compares numbers exactly; numpy would convert mixed integers to floats.
        number = {label: k for k, label in enumerate(self.classes_.tolist())}
        codes = map(number.get, cells.tolist(), repeat(-1))
        return np.fromiter(codes, dtype=np.int64, count=len(cells))

    def decode(self, codes):
        return self.classes_[codes]

    def probabilities(self, logits):
        n_classes = len(self.classes_)
        if n_classes == 1:
            return np.ones((len(logits), 1), dtype=logits.dtype)
        if n_classes == 2:
            logits = np.column_stack([np.zeros_like(logits[:, 0]), logits[:, 0]])
        logits = logits - logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits)
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def calibrated(self, logits, temperature, offsets):
        (added,) = offsets
        if len(self.classes_) == 2:
            added = added[1:] - added[0]
        return logits / logits.dtype.type(temperature) + added.astype(logits.dtype)

    def effects(self, slopes):
        if len(self.classes_) == 2:  # the first of two classes has a logit of 0
            slopes = np.column_stack([np.zeros(len(slopes)), slopes[:, 0]])
        return super().effects(slopes)

    @staticmethod
    def build_loss(tasks, adjustments=None):
        from ._cross_entropy import CategoricalLoss

        return CategoricalLoss([len(task.classes_) for task in tasks], adjustments)


def _are_texts(cells):
    return cells.dtype.kind in "OU"
