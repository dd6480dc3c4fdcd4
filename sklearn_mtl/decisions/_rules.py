"""Decision rules: from the probabilities of a task to its labels."""

from typing import Any, NamedTuple

import numpy as np


class BinaryRule(NamedTuple):
    """The second class if its probability reaches a threshold; scikit-learn's rule.

    Attributes
    ----------
    tuned : TunedThresholdClassifierCV

    order : ndarray of shape (2,)
        Columns of the probabilities whose classes are sorted.
    """

    tuned: Any
    order: Any

    @property
    def summary(self):
        """The threshold."""
        return float(self.tuned.best_threshold_)

    def __call__(self, probabilities):
        """Return the chosen codes."""
        labels = self.tuned.predict(probabilities[:, self.order])
        second = (labels == self.tuned.classes_[1]).astype(int)
        return self.order[second]


class ClassRule(NamedTuple):
    """The class whose probability times its weight is highest."""

    weights: Any
    classes: Any

    @property
    def summary(self):
        """The weight of each class."""
        return dict(zip(self.classes, self.weights.tolist(), strict=True))

    def __call__(self, probabilities):
        """Return the chosen codes."""
        return (probabilities * self.weights).argmax(axis=1)


class OrderedRule(NamedTuple):
    """The highest class that the cell exceeds: probabilities against thresholds."""

    thresholds: Any
    classes: Any

    @property
    def summary(self):
        """The threshold for exceeding each class but the last."""
        return dict(zip(self.classes[:-1], self.thresholds.tolist(), strict=True))

    def __call__(self, probabilities):
        """Return the chosen codes."""
        exceeds = exceeding(probabilities) > self.thresholds
        return np.logical_and.accumulate(exceeds, axis=1).sum(axis=1)


class CostRule(NamedTuple):
    """The class of the lowest expected cost."""

    costs: Any

    @property
    def summary(self):
        """The costs."""
        return self.costs

    def __call__(self, probabilities):
        """Return the chosen codes."""
        return (probabilities @ self.costs).argmin(axis=1)


class LabelsRule(NamedTuple):
    """A rule for each label of a task whose cells hold several."""

    rules: Any
    classes: Any

    @property
    def summary(self):
        """The summary of the rule of each label."""
        pairs = zip(self.classes, self.rules, strict=True)
        return {label: rule.summary for label, rule in pairs}

    def __call__(self, probabilities):
        """Return the chosen codes."""
        columns = [
            rule(np.column_stack([1 - own, own]))
            for rule, own in zip(self.rules, probabilities.T, strict=True)
        ]
        return np.column_stack(columns)


def exceeding(probabilities):
    """Return the probabilities of exceeding each class but the last.

    Parameters
    ----------
    probabilities : ndarray of shape (n_cells, n_classes)
        Classes in order.

    Returns
    -------
    exceeds : ndarray of shape (n_cells, n_classes - 1)
    """
    return np.cumsum(probabilities[:, :0:-1], axis=1)[:, ::-1]


def margins(probabilities, weights, k):
    """Return by how much the weight of class `k` must grow for each cell to get it.

    Parameters
    ----------
    probabilities : ndarray of shape (n_cells, n_classes)

    weights : ndarray of shape (n_classes,)

    k : int

    Returns
    -------
    weight : ndarray of shape (n_cells,)
        The weight from which on the cell is decided as `k`.
    """
    others = probabilities * weights
    others[:, k] = 0
    own = np.maximum(probabilities[:, k], np.finfo(float).tiny)
    return others.max(axis=1) / own
