"""What a label column means to the network."""

from abc import ABC, abstractmethod


class TaskType(ABC):
    """One task: cells <-> codes, codes and logits -> loss, logits -> probabilities.

    A new type is one file with a subclass, plus a line in ``tasks/__init__.py``.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels in the user's dtype, sorted unless the type has an order for them.

    n_logits : int
        Columns of network output the task needs.

    is_ordered : bool
        Whether it means something that a class comes before another, as for numbers.
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

    @property
    def is_ordered(self):
        return self.classes_.dtype.kind not in "OU"

    @abstractmethod
    def encode(self, cells):
        """Return codes of shape (n_labelled,), dtype int64; -1 for an unknown label."""

    @abstractmethod
    def decode(self, codes):
        """Return the labels of the codes, in the user's dtype."""

    def link(self, log_class_shares):
        """Build what the network's output goes through before anything reads it.

        Parameters
        ----------
        log_class_shares : ndarray of shape (n_classes,)
            Logarithms of the shares of the classes in the labelled cells.

        Returns
        -------
        module : torch.nn.Module or None
            From a tensor of shape (n_rows, n_logits) to the logits that all other
            methods read, with weights of the task's own. None, as here, where they read
            the output of the network.
        """
        return None

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

    def choose(self, probabilities):
        """Return the predicted codes of shape (n_samples,) from probabilities."""
        return probabilities.argmax(axis=1)

    def effects(self, slopes):
        """Turn slopes of the logits into what speaks for each class.

        Parameters
        ----------
        slopes : ndarray of shape (n_features, n_logits)

        Returns
        -------
        effects : ndarray of shape (n_features, n_classes)
            With a mean of 0 over the classes: what all of them have in common changes
            no decision.
        """
        return slopes - slopes.mean(axis=1, keepdims=True)

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
            need not learn it. A type that has no logit for each class leaves it out.

        Returns
        -------
        module : torch.nn.Module
            ``module(logits, codes)``, with a tuple of logits, one tensor of shape
            (n_rows, n_logits) per task, and codes of shape (n_rows, n_tasks), returns
            the loss of each cell, shape (n_rows, n_tasks); exactly zero, gradient
            included, where the code is negative (a missing cell).
        """
