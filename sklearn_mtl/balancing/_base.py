"""Base classes of balancing."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from ..network._output import Output
from ..utils._typing import Array


class BaseBalancing(BaseEstimator, ABC):
    """Settings of how task losses are weighted against each other.

    Pass an object of your own subclass as ``loss_weights``. A balancing of the package
    is one file and a line in ``balancing/__init__.py``.

    Attributes
    ----------
    needs_representation : bool
        Whether the method reads the hidden vector of all tasks. The sharing must then
        have one.

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

    needs_representation = False
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
            Its parameters are trained with the network. A warm start continues with
            them and with the buffers that ``Balancer.state`` names; other buffers are
            new in each fit.
        """


class Balancer(nn.Module, ABC):
    """Turns the task losses of a batch into gradients.

    Only :meth:`forward` and `weights` are required. Training also calls the other
    methods: :meth:`reset` once, :meth:`begin_epoch` and :meth:`end_epoch` around each
    epoch, and in each step :meth:`prepare` (by :meth:`backward`) and, where
    `watches_steps`, :meth:`after_step`; :meth:`align` at times, if it has a
    `validation_interval`. :meth:`forward` also gives the total of validation rows, so
    it must not change anything.

    Attributes
    ----------
    weights : tensor of shape (n_tasks,)
        The weight of each task in the last step, for ``history_``.

    is_weighted_sum : bool
        Whether the total is the sum of losses times weights. If not, ``history_``
        records the rest of it as ``balancing``.

    gradient_parts : tensor of shape (n_tasks,) or None
        Contribution of each task to the squared norm of the gradient of the hidden
        vector in the last step. None if the method does not use gradients.

    learning_rate : float or None
        Learning rate of the parameters. None uses that of the dense weights of the
        network.

    watches_steps : bool
        Whether :meth:`after_step` is called, which costs another forward pass.

    validation_interval : int or None
        After how many steps :meth:`align` is called, beginning before the first; None
        means never. A fit must then hold out rows.

    state : tuple of str
        Names of the buffers with which a warm start continues.

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

    is_weighted_sum = False
    gradient_parts: Tensor | None = None
    learning_rate: float | None = None
    watches_steps = False
    validation_interval: int | None = None
    state: tuple[str, ...] = ()

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

    def reset(self, seed: int = 0) -> None:
        """Return to the state before the first step.

        Parameters
        ----------
        seed : int, default=0
            Seed of the random numbers, if there are any.
        """
        return

    def begin_epoch(self, epoch: int) -> None:
        """Prepare for an epoch.

        Parameters
        ----------
        epoch : int
            Its number, from 1.
        """
        return

    def end_epoch(self, losses: Tensor) -> None:
        """Use the losses of an epoch.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            Mean losses over all rows of the epoch.
        """
        return

    def prepare(self, losses: Tensor, output: Output) -> None:
        """Set the weights for a step.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            As in :meth:`backward`.

        output : Output
            As in :meth:`backward`.
        """
        return

    def after_step(self, losses: Tensor) -> None:
        """Use the losses of the same batch after the weights were updated.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            Mean losses over the rows of the batch.
        """
        return

    def validation_loss(self, losses: Tensor) -> Tensor:
        """Return the loss of held-out rows that :meth:`align` is about.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            Mean losses over held-out rows.

        Returns
        -------
        total : tensor of shape ()
            By default the sum of the losses.
        """
        return losses.sum()

    def align(self, products: Tensor) -> None:
        """Use what held-out rows say about the gradients of tasks, before a step.

        Parameters
        ----------
        products : tensor of shape (n_tasks,)
            The inner product of the gradient of :meth:`validation_loss` and that of
            the loss of each task on the batch of the step, over all weights of the
            network. 0 for a task without a label there.
        """
        return

    def go_on_from(self, previous: "Balancer") -> None:
        """Continue from what a balancer of the same class learned in an earlier fit.

        Does nothing if the number of tasks has changed.

        Parameters
        ----------
        previous : Balancer
            The balancer of the earlier fit.
        """
        known, own = (
            dict(each.named_parameters())
            | {name: getattr(each, name) for name in self.state}
            for each in (previous, self)
        )
        shapes = [{n: v.shape for n, v in held.items()} for held in (known, own)]
        if shapes[0] == shapes[1]:
            with torch.no_grad():
                for name, value in own.items():
                    value.copy_(known[name])

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
            Mean losses over the rows of a batch. A task without a label there has 0.

        penalties : dict of {str: tensor of shape ()}
            Terms that the network adds to the loss.

        output : Output
            The output that the losses were computed from.

        Returns
        -------
        total : tensor of shape ()
            The loss of the batch, for ``history_``.
        """
        self.prepare(losses, output)
        total = self(losses)
        for penalty in penalties.values():
            total = total + penalty
        total.backward()
        return total


def build_balancer(balancing, task_names, labelled_share):
    """Return the balancer that a balancing builds, after checking what it built.

    Raises
    ------
    ValueError
        If it is no :class:`Balancer`, or has not one weight for each task.
    """
    built = balancing.build(task_names, labelled_share)
    name = type(balancing).__name__
    if not isinstance(built, Balancer):
        raise ValueError(
            f"{name}.build must return a Balancer of sklearn_mtl.balancing. Got "
            f"{type(built).__name__}. Make it a subclass."
        )
    weights = getattr(built, "weights", None)
    shape = getattr(weights, "shape", None)
    if not isinstance(weights, torch.Tensor) or shape != (len(task_names),):
        found = f"of shape {tuple(shape)}" if shape is not None else repr(weights)
        raise ValueError(
            f"The balancer of {name}, {type(built).__name__}, must have an attribute "
            f"weights, a tensor of the weights of {len(task_names)} tasks, for "
            f"history_. Got {found}. Set it in __init__, or make it a property."
        )
    return built
