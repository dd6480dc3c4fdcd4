"""What a label column means to the network."""

from abc import ABC, abstractmethod


class TaskType(ABC):
    """One task: cells <-> codes, codes and logits -> loss, logits -> probabilities.

    A new type is one file with a subclass, plus a line in ``tasks/__init__.py``.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels in sorted order, in the user's dtype.

    n_logits : int
        Columns of network output the task needs.
    """

    @abstractmethod
    def fit(self, cells):
        """Learn the classes from the labelled cells of a column.

        Parameters
        ----------
        cells : ndarray of shape (n_labelled,)

        Returns
        -------
        self
        """

    @abstractmethod
    def encode(self, cells):
        """Return codes of shape (n_labelled,), dtype int64; -1 for an unknown label."""

    @abstractmethod
    def decode(self, codes):
        """Return the labels of the codes, in the user's dtype."""

    @abstractmethod
    def probabilities(self, logits):
        """Turn logits into probabilities.

        Parameters
        ----------
        logits : ndarray of shape (n_samples, n_logits)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
        """

    @abstractmethod
    def decide(self, logits):
        """Return the predicted codes of shape (n_samples,) from a tensor of logits."""

    @staticmethod
    @abstractmethod
    def loss(tasks, adjustments=None):
        """Build the loss of several tasks of this type at once.

        Parameters
        ----------
        tasks : list of TaskType
            Tasks of this very type. They are computed together because a loop over
            many small tasks would cost more than the network.

        adjustments : list of ndarray of shape (n_classes,), default=None
            What the loss adds to the logits of each task's classes, so that the network
            need not learn it.

        Returns
        -------
        module : torch.nn.Module
            ``module(logits, codes)``, with a tuple of logits, one tensor of shape
            (n_rows, n_logits) per task, and codes of shape (n_rows, n_tasks), returns
            the loss of each cell, shape (n_rows, n_tasks); exactly zero, gradient
            included, where the code is negative (a missing cell).
        """
