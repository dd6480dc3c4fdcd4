"""What all classifiers around a classifier have in common: containers and scores."""

from typing import Any

from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from ..answers._labels import check_output
from ..metrics._accuracy import mean_accuracy
from ..metrics._fitted import label_reader
from ..utils._state import reads_one_fit
from ..utils._typing import LabelForm, Labels, ListForm, Rows, Weights


class BaseDecisions(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """A classifier around a multi-output classifier.

    A subclass sets ``targets_`` and ``estimator_``, and defines ``_probabilities(X)``
    and ``_codes(X)``.
    """

    def __sklearn_is_fitted__(self):
        return hasattr(self, "targets_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        tags.target_tags.multi_output = True
        return tags

    @property
    def classes_(self) -> Any:
        """List with the classes of each task; an ndarray if y was 1-D."""
        check_is_fitted(self)
        return self.targets_.classes

    @property
    def task_names_(self) -> list[str]:
        """Names of the tasks."""
        check_is_fitted(self)
        return list(self.targets_.names)

    def _probabilities(self, X):
        return self.targets_.probabilities(self.estimator_, X)

    @reads_one_fit
    def predict(self, X: Rows, output: LabelForm = "array") -> Any:
        """Predict a label for every task.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        output : {"array", "frame", "dict"}, default="array"
            "array" is an ndarray of shape (n_samples, n_tasks), or (n_samples,) if y
            was 1-D. "frame" (a DataFrame like y) and "dict" keep each task's dtype.

        Returns
        -------
        y_pred : ndarray, DataFrame or dict
            A label for each row and task.
        """
        check_is_fitted(self)
        check_output(output, ("array", "frame", "dict"))
        return self.targets_.decode(self._codes(X), output, like=X)

    @reads_one_fit
    def predict_proba(self, X: Rows, output: ListForm = "list") -> Any:
        """Predict the probability of every class of every task.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        output : {"list", "dict"}, default="list"

        Returns
        -------
        probabilities : list of ndarray of shape (n_samples, n_classes), or dict
            In task order, with classes in the order of ``classes_``; an ndarray if y
            was 1-D. For cells with several labels, the probability of each label.
        """
        check_is_fitted(self)
        check_output(output, ("list", "dict"))
        return self.targets_.arrange(self._probabilities(X), output)

    @reads_one_fit
    def score(self, X: Rows, y: Labels, sample_weight: Weights = None) -> float:
        """Return the mean over tasks of the accuracy on labelled cells.

        Parameters
        ----------
        X : texts or rows
            What the classifier reads.

        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            True labels, with missing cells.

        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
                default=None
            Weight of each row, or of each cell.

        Returns
        -------
        score : float
            NaN, with a warning, if no cell is labelled.
        """
        check_is_fitted(self)
        missing = label_reader(self).missing_label
        return mean_accuracy(
            self.targets_, lambda: self._codes(X), y, sample_weight, missing
        )
