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
    """Base class of task types, which encode labels and define loss and predictions.

    Pass an object of your own subclass in ``task_types``. It needs ``n_logits`` and the
    abstract methods; ``fit`` sets ``classes_``. A type of the package is one file and
    one line in ``tasks/__init__.py``. Only ``link`` and ``build_loss`` import torch,
    when they are called.

    Attributes
    ----------
    name : str
        Name of the type in ``task_types_``. The default is the class name in lower
        case.

    classes_ : ndarray of shape (n_classes,)
        The labels in the user's dtype, sorted unless the type defines another order.

    n_logits : int
        Number of network outputs that the task needs.

    is_ordered : bool
        Whether the order of classes has a meaning, as it does for numbers.

    is_multilabel : bool
        Whether a cell holds any number of classes. The type then has one code per
        class, 0 or 1, and codes have shape (n_rows, n_classes).

    is_tuned : bool
        Whether :meth:`tuned` is called with held-out rows.

    Examples
    --------
    A type that ignores case. Subclass :class:`Categorical` if most of it stays the
    same:

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
            All labels in order, if the column is an ordered categorical.

        Returns
        -------
        self
            The fitted type.

        Raises
        ------
        ValueError
            If the type does not fit these cells. The message continues the text "cannot
            be <name>:".
        """

    @property
    def name(self) -> str:
        """Name of the type in ``task_types_``."""
        return type(self).__name__.lower()

    def matches(self, wanted: Any) -> bool:
        """Whether a fitted task has the type of an object in `task_types`.

        Parameters
        ----------
        wanted : TaskType
            Object from `task_types`.

        Returns
        -------
        matches : bool
            Whether class and parameters are equal.
        """
        same = is_same(wanted.get_params(), self.get_params())
        return type(wanted) is type(self) and same

    @property
    def is_ordered(self) -> bool:
        """Whether the order of classes has a meaning."""
        return self.classes_.dtype.kind not in "OU"

    @property
    def kind(self) -> object:
        """A key. The losses of tasks with equal keys are computed together.

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
            Without missing cells.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            In the user's dtype.
        """

    def link(self, log_class_shares: Array, *, is_few: bool = False) -> Any:
        """Build a module that transforms the output of the network, or None.

        Parameters
        ----------
        log_class_shares : ndarray of shape (n_classes,)
            Logarithms of class shares in the labelled cells. For a type with several
            codes, those of the first code.

        is_few : bool, default=False
            Whether training takes few steps, as with few bags of words.

        Returns
        -------
        module : torch.nn.Module or None
            Maps a tensor of shape (n_rows, n_logits) to the logits that all other
            methods use; its weights are trained. None, the default, uses the output of
            the network directly.
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
            Without missing cells.

        Returns
        -------
        likelihoods : ndarray of the shape of `codes`
            Probabilities of the codes.
        """
        return self.probabilities(logits)[np.arange(len(codes)), codes]

    def tuned(self, logits: Array, codes: Array, weights: Array) -> Self:
        """Return a task whose decisions are tuned on held-out rows.

        Parameters
        ----------
        logits : ndarray of shape (n_rows, n_logits)
            Logits of the task, after :meth:`link`.

        codes, weights : ndarray of shape (n_rows, n_codes)
            Codes are negative where a cell is missing.

        Returns
        -------
        task : TaskType
            A new object, or the same object if nothing is tuned.
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
            Centred over classes, because a common part changes no decision.
        """
        return slopes - slopes.mean(axis=1, keepdims=True)

    @staticmethod
    @abstractmethod
    def build_loss(tasks: Sequence[Any], adjustments: list[Array] | None = None) -> Any:
        """Build the loss of several tasks of this type at once.

        Parameters
        ----------
        tasks : list of TaskType
            Tasks with the same ``kind``. They are computed together, because a loop
            over many small tasks would cost more than the network.

        adjustments : list of ndarray, default=None
            What the loss adds to the logits of the values, for each code of each task.
            Ignored by types without a logit for each value.

        Returns
        -------
        module : torch.nn.Module
            Call ``module(logits, codes)``. Logits are a tuple with one tensor of shape
            (n_rows, n_logits) per task; codes have shape (n_rows, n_codes). Returns the
            loss of each code, in the same shape; exactly zero, gradient included, where
            the code is negative (a missing cell).
        """
