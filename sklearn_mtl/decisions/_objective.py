"""What a decision rule is chosen by: a score, after the constraints are met."""

from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import check_scoring

from ._given import Given

CONSTRAINED = ("precision", "recall")


class Constraint(NamedTuple):
    """A minimum of the precision or recall of one class.

    Attributes
    ----------
    code : int
        The class.

    metric : {"precision", "recall"}

    least : float

    where : str
        Its place in the parameter, for messages.
    """

    code: int
    metric: str
    least: float
    where: str

    def value(self, codes, decided, weights=None):
        """Return the metric, 0 where it is undefined."""
        weights = np.ones(len(codes)) if weights is None else weights
        true, found = codes == self.code, decided == self.code
        among = found if self.metric == "precision" else true
        total = weights[among].sum()
        return float(weights[true & found].sum() / total) if total > 0 else 0.0


class Decided(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose X are the labels that it predicts, for scorers."""

    def __init__(self, classes):
        self.classes_ = classes

    def predict(self, X):
        """Return `X`."""
        return X


class Objective:
    """Compares decisions of a task by constraints first, and then by a score.

    Parameters
    ----------
    labels : ndarray of shape (n_classes,)
        What the scorer reads in place of codes.

    cells : Cells

    scoring : str, callable or None
        As in scikit-learn. None scores accuracy.

    constraints : list of Constraint
    """

    def __init__(self, labels, cells, scoring, constraints=()):
        self.labels, self.codes, self.weights = labels, cells.codes, cells.weights
        self.constraints = constraints
        self._true = labels[cells.codes]
        self._model = Decided(np.sort(labels))
        self._scorer = check_scoring(Given(labels), scoring=scoring)

    def __call__(self, decided):
        """Return a value that is greater for better decisions.

        Parameters
        ----------
        decided : ndarray of shape (n_cells,)
            Chosen codes.

        Returns
        -------
        value : tuple of float
            Minus the sum by which constraints are missed, and the score.
        """
        options = {} if self.weights is None else {"sample_weight": self.weights}
        score = self._scorer(self._model, self.labels[decided], self._true, **options)
        return -self.shortfall(decided), float(score)

    def shortfall(self, decided):
        """Return the sum by which constraints are missed."""
        return sum(
            max(0.0, one.least - one.value(self.codes, decided, self.weights))
            for one in self.constraints
        )


def read_constraints(constraints, task, classes):
    """Return the constraints of one task.

    Parameters
    ----------
    constraints : dict of {label: dict of {str: float}} or None

    task : str

    classes : list
        Labels in the order of their codes.

    Returns
    -------
    constraints : list of Constraint

    Raises
    ------
    ValueError
        If a label or metric is unknown, or a value is not between 0 and 1.
    """
    found = []
    if constraints is None:
        return found
    for label, minima in _items(constraints, f"constraints[{task!r}]"):
        where = f"constraints[{task!r}][{label!r}]"
        check_label(label, classes, where)
        for metric, least in _items(minima, where):
            if metric not in CONSTRAINED:
                raise ValueError(
                    f"{where} must name 'precision' or 'recall'. Got {metric!r}."
                )
            if not 0 < least <= 1:
                raise ValueError(
                    f"{where}[{metric!r}] must be above 0 and at most 1. Got {least!r}."
                )
            where_metric = f"{where}[{metric!r}]"
            code = classes.index(label)
            found.append(Constraint(code, metric, float(least), where_metric))
    return found


def check_label(label, classes, where):
    """Raise a ValueError if a label is not a class of the task."""
    if label not in classes:
        raise ValueError(
            f"{where}: {label!r} is not a class of this task. The classes are "
            f"{classes[:10]}."
        )


def _items(mapping, where):
    if not isinstance(mapping, dict) or not mapping:
        raise ValueError(
            f"{where} must be a dict that is not empty. Got {mapping!r}. For example "
            "constraints={task: {label: {'precision': 0.9}}}."
        )
    return mapping.items()
