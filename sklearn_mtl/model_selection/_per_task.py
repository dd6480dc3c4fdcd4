"""The usual alternative: a separate model for each label column."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.multiclass import OneVsRestClassifier
from sklearn.utils.metaestimators import available_if

from ..labels._sets import indicators, labels_of, sets_of
from ..metrics._fitted import LabelReader
from ..metrics._metrics import as_indicators
from ..utils._rows import n_rows, take_rows


def _has_probabilities(models):
    return hasattr(models.estimator, "predict_proba")


class PerTask(ClassifierMixin, BaseEstimator):
    """Fits a clone of a classifier to each label column, or to each label of sets.

    Parameters
    ----------
    estimator : classifier
        Classifier for one column without missing cells.

    random_state : int or None, default=None
        Value for all parameters of this name in `estimator`.

    reader : LabelReader, default=None
        How labels are read; the same for all models of a comparison.

    Attributes
    ----------
    label_orders_ : dict of {str: list}
        All labels in order, for ordinal tasks whose labels are texts.
    """

    def __init__(self, estimator, random_state=None, reader=None):
        self.estimator = estimator
        self.random_state = random_state
        self.reader = reader

    @property
    def missing_label(self):
        """Values that mean "no label" for the reader."""
        return None if self.reader is None else self.reader.missing_label

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
        reader = LabelReader() if self.reader is None else self.reader
        table = reader.table(y)
        self.label_orders_ = reader.orders_of(table)
        self.task_names_, self.classes_, self.models_ = table.names, [], []
        for k, column in enumerate(table.columns):
            rows = np.flatnonzero(~table.missing[:, k])
            cells, estimator = column[rows], clone(self.estimator)
            if table.cell_types[k] is None:
                classes = np.unique(cells)
            else:
                classes = labels_of(cells)
                cells = as_indicators(indicators(cells, classes))
                estimator = OneVsRestClassifier(estimator)
            model = None  # classifiers do not accept a single class
            if len(classes) > 1 or (cells.ndim == 2 and len(classes)):
                model = estimator.fit(take_rows(X, rows), cells)
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
        labels = {}
        for name, classes, model in zip(
            self.task_names_, self.classes_, self.models_, strict=True
        ):
            if model is None and not len(classes):  # no cell has any label
                labels[name] = sets_of(np.zeros((n_rows(X), 0)), classes)
                continue
            if model is None:
                labels[name] = np.repeat(classes, n_rows(X))
                continue
            labels[name] = model.predict(X)
            if isinstance(model, OneVsRestClassifier):
                labels[name] = sets_of(labels[name][:, : len(classes)], classes)
        return labels

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
        probabilities = []
        for classes, model in zip(self.classes_, self.models_, strict=True):
            if model is None:
                probabilities.append(np.ones((n_rows(X), len(classes))))
                continue
            own = model.predict_proba(X)
            if isinstance(model, OneVsRestClassifier):
                own = own[:, : len(classes)]  # a single label was repeated
            probabilities.append(own)
        return probabilities
