"""What a label column means to the network."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator


class TaskType(BaseEstimator, ABC):
    """One task: cells <-> codes, codes and logits -> loss, logits -> probabilities.

    A subclass of your own goes into ``task_types`` as an object. Here a new type is one
    file with a subclass, and a line in ``tasks/__init__.py``. Only what ``link`` and
    ``build_loss`` return needs torch, so they import it.

    Attributes
    ----------
    name : str
        What ``task_types_`` calls the type. By default the name of the class in lower
        case.

    classes_ : ndarray of shape (n_classes,)
        The labels in the user's dtype, sorted unless the type has an order for them.

    n_logits : int
        Columns of network output the task needs.

    is_ordered : bool
        Whether it means something that a class comes before another, as for numbers.

    is_multilabel : bool
        Whether a cell holds any number of classes. It then has a code for each class,
        0 or 1, and codes are tables of shape (n_rows, n_classes).

    is_tuned : bool
        Whether to call :meth:`tuned` with rows that were set aside.
    """

    is_multilabel = False
    is_tuned = False

    @abstractmethod
    def fit(self, cells, order=None):
        """Learn the classes from the labelled cells of a column.

        Parameters
        ----------
        cells : ndarray of shape (n_labelled,)

        order : list, default=None
            All labels in their order, if the column is an ordered categorical.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the type does not suit these cells. The message goes on after "cannot be
            <name>:".
        """

    @property
    def name(self):
        return type(self).__name__.lower()

    def matches(self, wanted):
        """Whether a fitted task is what another object of `task_types` asks for."""
        return type(wanted) is type(self) and wanted.get_params() == self.get_params()

    @property
    def is_ordered(self):
        return self.classes_.dtype.kind not in "OU"

    @property
    def kind(self):
        """What tasks have in common whose losses are computed together.

        By default each task has a loss of its own.
        """
        return self

    @property
    def code_sizes(self):
        """How many values each code of a cell can have, a list."""
        return [len(self.classes_)]

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
            Logarithms of the shares of the classes in the labelled cells. Of a type
            with several codes, those of the first.

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

    def choose(self, probabilities):
        """Return the predicted codes from probabilities."""
        return probabilities.argmax(axis=1)

    def tuned(self, logits, codes, weights):
        """Return a task that decides as is best for rows set aside.

        Parameters
        ----------
        logits : ndarray of shape (n_rows, n_logits)

        codes, weights : ndarray of shape (n_rows, n_codes)
            Codes are negative where a cell is missing.
        """
        return self

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
    def build_loss(tasks, adjustments=None):
        """Build the loss of several tasks of this type at once.

        Parameters
        ----------
        tasks : list of TaskType
            Tasks of one ``kind``. They are computed together because a loop over many
            small tasks would cost more than the network.

        adjustments : list of ndarray, default=None
            For each code of each task what the loss adds to the logits of its values,
            so that the network need not learn it. A type that has no logit for each
            value leaves it out.

        Returns
        -------
        module : torch.nn.Module
            ``module(logits, codes)``, with a tuple of logits, one tensor of shape
            (n_rows, n_logits) per task, and codes of shape (n_rows, n_codes), returns
            the loss of each code, of the same shape; exactly zero, gradient included,
            where the code is negative (a missing cell).
        """
