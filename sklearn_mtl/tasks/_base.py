"""The base class of task types."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from ..answers._types import Answers
from ..utils._same import is_same
from ..utils._typing import Array


class TaskType(Answers, BaseEstimator, ABC):
    """One task: cells <-> codes, codes and logits -> loss, logits -> probabilities.

    Pass an object of your own subclass in ``task_types``. It needs ``n_logits`` and the
    abstract methods; ``fit`` sets ``classes_``. A type of the package is one file and a
    line in ``tasks/__init__.py``. Only ``link`` and ``build_loss`` import torch, when
    called.

    Attributes
    ----------
    name : str
        Name of the type in ``task_types_``. By default the class name in lower case.

    classes_ : ndarray of shape (n_classes,)
        The labels in the user's dtype, sorted unless the type has an order for them.

    n_logits : int
        Columns of network output the task needs.

    is_ordered : bool
        Whether the order of classes has a meaning, as for numbers.

    is_multilabel : bool
        Whether a cell holds any number of classes. It then has a code for each class,
        0 or 1, and codes are tables of shape (n_rows, n_classes).

    is_tuned : bool
        Whether :meth:`tuned` is called with rows that were set aside.

    Examples
    --------
    A type that does not tell upper from lower case. Subclass :class:`Categorical` where
    most of it stays as it is:

    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.tasks import Categorical
    >>> class CaseBlind(Categorical):
    ...     def fit(self, cells, order=None):
    ...         return super().fit(np.array([cell.lower() for cell in cells]))
    ...     def encode(self, cells):
    ...         return super().encode(np.array([cell.lower() for cell in cells]))
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad", "Good", "BAD"] * 5}
    >>> clf = MultiTaskTextClassifier(task_types={"tone": CaseBlind()}, random_state=0)
    >>> clf.fit(texts, labels).classes_[0].tolist()
    ['bad', 'good']
    """

    is_tuned = False
    _parameter_constraints: dict = {}

    @abstractmethod
    def fit(self, cells: Array, order: list[Any] | None = None) -> Self:
        """Learn the classes from the labelled cells of a column.

        Parameters
        ----------
        cells : ndarray of shape (n_labelled,)
            The labels; none is missing.

        order : list, default=None
            All labels in their order, if the column is an ordered categorical.

        Returns
        -------
        self
            The fitted type.

        Raises
        ------
        ValueError
            If the type does not fit these cells. The message continues "cannot be
            <name>:".
        """

    @property
    def name(self) -> str:
        """Name of the type in ``task_types_``."""
        return type(self).__name__.lower()

    def matches(self, wanted: Any) -> bool:
        """Whether a fitted task is what an object in `task_types` asks for.

        Parameters
        ----------
        wanted : TaskType
            The object of the user.

        Returns
        -------
        matches : bool
            Whether class and parameters are the same.
        """
        same = is_same(wanted.get_params(), self.get_params())
        return type(wanted) is type(self) and same

    @property
    def is_ordered(self) -> bool:
        """Whether the order of classes has a meaning."""
        return self.classes_.dtype.kind not in "OU"

    @property
    def kind(self) -> object:
        """A key; losses of tasks with equal keys are computed together.

        By default each task has its own loss.
        """
        return self

    @abstractmethod
    def encode(self, cells: Array) -> Array:
        """Return the codes of labels.

        Parameters
        ----------
        cells : ndarray of shape (n_labelled,)
            Labels.

        Returns
        -------
        codes : ndarray of shape (n_labelled,), dtype int64
            -1 for a label that fit did not see.
        """

    @abstractmethod
    def decode(self, codes: Array) -> Array:
        """Return the labels of codes.

        Parameters
        ----------
        codes : ndarray of shape (n_samples,)
            None of them missing.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            In the user's dtype.
        """

    def link(self, log_class_shares: Array, *, is_few: bool = False) -> Any:
        """Build a module that follows the network, or None.

        Parameters
        ----------
        log_class_shares : ndarray of shape (n_classes,)
            Logarithms of class shares in the labelled cells. For a type with several
            codes, those of the first code.

        is_few : bool, default=False
            Whether training takes few steps, as it does over few bags of words.

        Returns
        -------
        module : torch.nn.Module or None
            Maps a tensor of shape (n_rows, n_logits) to the logits that all other
            methods read; its weights are trained. None, the default, if they read the
            output of the network.
        """
        return None

    @abstractmethod
    def probabilities(self, logits: Array) -> Array:
        """Turn logits into probabilities.

        Parameters
        ----------
        logits : ndarray of shape (n_samples, n_logits)
            Logits of the task, after :meth:`link`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """

    def likelihoods(self, logits: Array, codes: Array) -> Array:
        """Return the probability of each code.

        Parameters
        ----------
        logits : ndarray of shape (n_samples, n_logits)
            Logits of the task, after :meth:`link`.

        codes : ndarray of shape (n_samples,) or, for several labels, (n_samples, \
                n_classes)
            None of them missing.

        Returns
        -------
        likelihoods : ndarray of the shape of `codes`
            Probabilities of the codes.
        """
        return self.probabilities(logits)[np.arange(len(codes)), codes]

    def tuned(self, logits: Array, codes: Array, weights: Array) -> Self:
        """Return a task whose decisions are tuned on rows set aside.

        Parameters
        ----------
        logits : ndarray of shape (n_rows, n_logits)
            Logits of the task, after :meth:`link`.

        codes, weights : ndarray of shape (n_rows, n_codes)
            Codes are negative where a cell is missing.

        Returns
        -------
        task : TaskType
            A new object, or the same if nothing is tuned.
        """
        return self

    def effects(self, slopes: Array) -> Array:
        """Turn gradients of the logits into effects on each class.

        Parameters
        ----------
        slopes : ndarray of shape (n_features, n_logits)
            Gradients of the logits.

        Returns
        -------
        effects : ndarray of shape (n_features, n_classes)
            With a mean of 0 over classes: a common part changes no decision.
        """
        return slopes - slopes.mean(axis=1, keepdims=True)

    @staticmethod
    @abstractmethod
    def build_loss(tasks: Sequence[Any], adjustments: list[Array] | None = None) -> Any:
        """Build the loss of several tasks of this type at once.

        Parameters
        ----------
        tasks : list of TaskType
            Tasks of one ``kind``, computed together because a loop over many small
            tasks would cost more than the network.

        adjustments : list of ndarray, default=None
            For each code of each task, what the loss adds to the logits of its values.
            Types without a logit for each value ignore it.

        Returns
        -------
        module : torch.nn.Module
            ``module(logits, codes)``, with a tuple of logits, one tensor of shape
            (n_rows, n_logits) per task, and codes of shape (n_rows, n_codes), returns
            the loss of each code, of the same shape; exactly zero, gradient included,
            where the code is negative (a missing cell).
        """
