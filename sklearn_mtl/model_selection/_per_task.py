"""What users do without us: a model per label column, on its labelled rows."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.metaestimators import available_if

from .._labels import as_label_table
from ._split import take_rows


def _has_probabilities(models):
    return hasattr(models.estimator, "predict_proba")


class PerTask(ClassifierMixin, BaseEstimator):
    """A clone of a classifier for each label column.

    Parameters
    ----------
    estimator : classifier
        Of one column without empty cells.

    random_state : int or None, default=None
        Given to the parameters of this name.
    """

    def __init__(self, estimator, random_state=None):
        self.estimator = estimator
        self.random_state = random_state

    def fit(self, X, y):
        """Fit a model to the labelled rows of each column.

        Parameters
        ----------
        X : texts or rows

        y : array-like, dict or DataFrame
            Labels, with missing cells.

        Returns
        -------
        self : PerTask
        """
        table = as_label_table(y)
        self.task_names_, self.classes_, self.models_ = table.names, [], []
        for k, column in enumerate(table.columns):
            rows = np.flatnonzero(~table.missing[:, k])
            classes = np.unique(column[rows])
            model = None  # no classifier is needed, or takes, a single class
            if len(classes) > 1:
                model = clone(self.estimator).fit(take_rows(X, rows), column[rows])
            self.classes_.append(classes)
            self.models_.append(model)
        return self

    def predict(self, X):
        """Predict a label of each task.

        Parameters
        ----------
        X : texts or rows

        Returns
        -------
        labels : dict of {str: ndarray of shape (n_samples,)}
        """
        labels = (
            np.repeat(classes, len(X)) if model is None else model.predict(X)
            for classes, model in zip(self.classes_, self.models_, strict=True)
        )
        return dict(zip(self.task_names_, labels, strict=True))

    @available_if(_has_probabilities)
    def predict_proba(self, X):
        """Predict the probabilities of the classes of each task.

        Parameters
        ----------
        X : texts or rows

        Returns
        -------
        probabilities : list of ndarray of shape (n_samples, n_classes)
        """
        return [
            np.ones((len(X), 1)) if model is None else model.predict_proba(X)
            for model in self.models_
        ]
