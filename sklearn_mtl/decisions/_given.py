"""Probabilities in the place of a classifier, for scikit-learn's tools for one."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Given(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose X is its own answer: the probabilities of the classes.

    A multi-task classifier predicts once for all tasks. With this class,
    scikit-learn's tools then calibrate or tune each task on its columns.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The classes, sorted.
    """

    # Accepts weights, so that scikit-learn's tools pass them on without a warning.
    __metadata_request__fit = {"sample_weight": True}

    def __init__(self, classes):
        self.classes = classes

    def __sklearn_is_fitted__(self):
        return True

    @property
    def classes_(self):
        """The classes, sorted."""
        return np.asarray(self.classes)

    def fit(self, X, y=None, sample_weight=None):
        """Do nothing.

        Parameters
        ----------
        X, y, sample_weight : object
            Ignored.

        Returns
        -------
        self : Given
        """
        return self

    def predict_proba(self, X):
        """Return `X`.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_classes)

        Returns
        -------
        X : ndarray of shape (n_samples, n_classes)
        """
        return X

    def predict(self, X):
        """Return the most probable class of each row.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_classes)

        Returns
        -------
        labels : ndarray of shape (n_samples,)
        """
        return self.classes_[np.argmax(X, axis=1)]
