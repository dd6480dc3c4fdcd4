"""One task of a multi-task classifier as an ordinary classifier."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..metrics._fitted import label_reader, last_step
from ..utils._typing import Array, Estimator, Labels, Rows


def task_view(estimator: Estimator, task: str | int, label: object = None) -> Any:
    """Return one task of a fitted multi-task classifier as an ordinary classifier.

    Use it for tools that accept one label column: scikit-learn's
    ``CalibratedClassifierCV``, ``TunedThresholdClassifierCV(cv="prefit",
    refit=False)``, ``ConfusionMatrixDisplay``, ``RocCurveDisplay`` and metrics, or SHAP
    and LIME, which need a ``predict_proba`` that returns one array.

    Parameters
    ----------
    estimator : fitted multi-output classifier
        Or a Pipeline or a search that ends in one.

    task : str or int
        Name of the task, if the classifier has ``task_names_``, or its number.

    label : str, int or bool, default=None
        For a task whose cells hold several labels, the label to view: a binary task,
        whether a cell holds this label.

    Returns
    -------
    view : FrozenEstimator of TaskView
        Has ``classes_``, ``predict`` and, if the classifier has it, ``predict_proba``.
        It refers to the fitted classifier and is never fitted again. Calibrate it on
        rows that the classifier was not fitted to.

    Raises
    ------
    ValueError
        If there is no such task or label, or `label` is required.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn_mtl.model_selection import task_view
    >>> X, y = [[0], [1], [2], [3]], [["a", "x"], ["a", "y"], ["b", "x"], ["b", "y"]]
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> view = task_view(forest, 0)
    >>> view.predict(X), view.score(X, ["a", "a", "b", "b"])
    (array(['a', 'a', 'b', 'b'], dtype='<U1'), 1.0)
    """
    check_is_fitted(estimator)
    return FrozenEstimator(TaskView(estimator, task, label).check())


def _has_probabilities(view):
    return hasattr(view.estimator, "predict_proba")


class TaskView(ClassifierMixin, BaseEstimator):
    """One task of a fitted multi-output classifier; see :func:`task_view`.

    Parameters
    ----------
    estimator : fitted multi-output classifier
        The classifier.

    task : str or int
        Name or number of the task.

    label : str, int or bool, default=None
        The label, for a task whose cells hold several.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted, as scikit-learn's tools assume, even if an ordinal task has another
        order.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn_mtl.model_selection import task_view
    >>> X, y = [[0], [1], [2], [3]], [["a", "x"], ["a", "y"], ["b", "x"], ["b", "y"]]
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> task_view(forest, 1).classes_.tolist()
    ['x', 'y']
    """

    def __init__(
        self, estimator: Estimator, task: str | int, label: object = None
    ) -> None:
        self.estimator = estimator
        self.task = task
        self.label = label

    def check(self) -> Any:
        """Raise a ValueError if there is no such task.

        Returns
        -------
        self : TaskView
            The same object.
        """
        names = _task_names(self.estimator)
        n_tasks = len(self._all_classes())
        options = list(range(n_tasks)) if names is None else names
        if self.task not in options and self.task not in range(n_tasks):
            raise ValueError(
                f"There is no task {self.task!r}. The tasks are {options}."
            )
        labels = self._all_classes()[self._number].tolist()
        if self._holds_sets and self.label not in labels:
            raise ValueError(
                f"The cells of {self.task!r} hold several labels, but a view shows "
                f"one. Pass label, one of {labels[:10]}. Got {self.label!r}."
            )
        if self.label is not None and not self._holds_sets:
            raise ValueError(
                f"The cells of {self.task!r} hold one label each, so label has no "
                f"meaning. Got label={self.label!r}; leave it out."
            )
        return self

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    def fit(self, X: Rows, y: Labels) -> Self:
        """Raise a TypeError, because the underlying classifier is fitted already.

        Parameters
        ----------
        X, y : object
            Ignored.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError("A view cannot be fitted. Fit the underlying classifier.")

    def _all_classes(self):
        classes = self.estimator.classes_
        return [classes] if np.ndim(classes[0]) == 0 else classes

    @property
    def _number(self):
        names = _task_names(self.estimator)
        if names is not None and self.task in names:
            return names.index(self.task)
        return self.task

    @property
    def _holds_sets(self):
        _, classifier = last_step(self.estimator)
        targets = getattr(classifier, "targets_", None)
        return targets is not None and targets.tasks[self._number].is_multilabel

    @property
    def missing_label(self) -> object:
        """Values that mean "no label" for the underlying classifier."""
        return label_reader(self.estimator).missing_label

    @property
    def classes_(self) -> Array:
        """Classes of the task, sorted."""
        if self._holds_sets:
            return np.array([False, True])
        return np.sort(self._all_classes()[self._number])

    def predict(self, X: Rows) -> Array:
        """Predict the labels of the task.

        Parameters
        ----------
        X : input of the classifier
            Texts or rows.

        Returns
        -------
        y_pred : ndarray of shape (n_samples,)
            One label per row.
        """
        labels = np.asarray(self.estimator.predict(X))
        if self._holds_sets:
            cells = labels if labels.ndim == 1 else labels[:, self._number]
            return np.fromiter((self.label in cell for cell in cells), bool, len(cells))
        if labels.ndim == 1:
            return labels
        # The array of all tasks may have another dtype than the task.
        return labels[:, self._number].astype(self.classes_.dtype)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Rows) -> Array:
        """Predict the probabilities of the classes of the task.

        Parameters
        ----------
        X : input of the classifier

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
        """
        probabilities = self.estimator.predict_proba(X)
        if isinstance(probabilities, list):
            own = probabilities[self._number]
        elif len(self._all_classes()) == 1:
            own = probabilities
        else:
            column = probabilities[:, self._number]  # a chain of binary tasks
            own = np.column_stack([1 - column, column])
        # Calibrators fill 64-bit arrays. Rows rounded to 32 bits would then not sum to
        # 1 closely enough for metrics.
        own = np.asarray(own, dtype=np.float64)
        if self._holds_sets:
            labels = self._all_classes()[self._number].tolist()
            holds = own[:, labels.index(self.label)]
            return np.column_stack([1 - holds, holds])
        own = own[:, np.argsort(self._all_classes()[self._number])]
        return own / own.sum(axis=1, keepdims=True)


def _task_names(estimator):
    """Return the task names of a classifier or of its last step, or None."""
    _, classifier = last_step(estimator)
    names = getattr(classifier, "task_names_", None)
    return None if names is None else list(names)
