"""Base classes of balancing."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from sklearn.base import BaseEstimator
from torch import Tensor, nn

from ..network._output import Output
from ..utils._typing import Array


class BaseBalancing(BaseEstimator, ABC):
    """Settings of how task losses are weighted against each other.

    Pass an object of your own subclass as ``loss_weights``. A balancing of the package
    is one file and a line in ``balancing/__init__.py``.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.balancing import Balancer, BaseBalancing
    >>> class Largest(Balancer):
    ...     def __init__(self, n_tasks):
    ...         super().__init__()
    ...         self.register_buffer("weights", torch.ones(n_tasks))
    ...     def forward(self, losses):
    ...         return losses.max()
    >>> class TrainLargest(BaseBalancing):
    ...     def build(self, task_names, labelled_share):
    ...         return Largest(len(task_names))
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = MultiTaskTextClassifier(loss_weights=TrainLargest(), random_state=0)
    >>> clf.fit(texts, labels).score(texts, labels)
    1.0
    """

    _parameter_constraints: dict = {}

    def check(self, task_names: Sequence[str]) -> None:
        """Raise a ValueError if the parameters do not suit the tasks.

        Called before the texts are vectorized, after ``_parameter_constraints`` of
        scikit-learn have been checked. By default all tasks suit.

        Parameters
        ----------
        task_names : list of str
            Names of the tasks, in their order.
        """
        return

    @abstractmethod
    def build(self, task_names: Sequence[str], labelled_share: Array) -> "Balancer":
        """Build the module that combines the losses.

        Parameters
        ----------
        task_names : list of str
            Names of the tasks, in their order.

        labelled_share : ndarray of shape (n_tasks,)
            Share of the training rows with a label of each task.

        Returns
        -------
        balancer : Balancer
            Its parameters are trained with the network, and a warm start continues
            with them. Each fit starts with new buffers.
        """


class Balancer(nn.Module, ABC):
    """Turns the task losses of a batch into gradients.

    Attributes
    ----------
    weights : tensor of shape (n_tasks,)
        The current weight of each task, for ``history_``.

    Examples
    --------
    :class:`FixedWeights` builds one, which a fit then calls in each step:

    >>> import numpy as np
    >>> import torch
    >>> from sklearn_mtl.balancing import FixedWeights
    >>> balancing = FixedWeights({"topic": 1, "tone": 3}, share_power=0)
    >>> balancer = balancing.build(["topic", "tone"], np.ones(2))
    >>> balancer.weights.tolist()
    [0.5, 1.5]
    >>> float(balancer(torch.tensor([1.0, 2.0], dtype=torch.float64)))
    3.5
    """

    @abstractmethod
    def forward(self, losses: Tensor) -> Tensor:
        """Return the total of task losses, each a mean over rows.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            Mean losses over the rows of a batch.

        Returns
        -------
        total : tensor of shape ()
            What is minimised.
        """

    def backward(
        self, losses: Tensor, penalties: dict[str, Tensor], output: Output
    ) -> Tensor:
        """Compute the gradients of all weights.

        Override this to work with the gradients of single tasks. Those of the hidden
        vector are ``torch.autograd.grad(loss, output.hidden, retain_graph=True)``, if
        the sharing ``has_representation``.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            Mean losses over the rows of a batch.

        penalties : dict of {str: tensor of shape ()}
            Terms that the network adds to the loss.

        output : Output
            The output that the losses were computed from.

        Returns
        -------
        total : tensor of shape ()
            The loss of the batch, for ``history_``.
        """
        total = self(losses)
        for penalty in penalties.values():
            total = total + penalty
        total.backward()
        return total
