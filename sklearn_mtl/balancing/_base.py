"""Base classes of balancing."""

from abc import ABC, abstractmethod

import torch
from sklearn.base import BaseEstimator
from torch import nn


class BaseBalancing(BaseEstimator, ABC):
    """Settings of how task losses are weighted against each other.

    Pass an object of your own subclass as ``loss_weights``. A balancing of the package
    is one file and a line in ``balancing/__init__.py``.

    Attributes
    ----------
    needs_representation : bool
        Whether it reads the hidden vector of all tasks, so that the sharing must have
        one.
    """

    needs_representation = False
    _parameter_constraints: dict = {}

    def check(self, task_names):
        """Raise a ValueError if the parameters do not suit the tasks.

        Called before the texts are vectorized, after ``_parameter_constraints`` of
        scikit-learn have been checked. By default all tasks suit.

        Parameters
        ----------
        task_names : list of str
        """
        return

    @abstractmethod
    def build(self, task_names, labelled_share):
        """Build the module that combines the losses.

        Parameters
        ----------
        task_names : list of str

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

    Only :meth:`forward` and `weights` are needed. The other methods are called in
    training: :meth:`reset` once, :meth:`begin_epoch` and :meth:`end_epoch` around each
    epoch, and in each step :meth:`prepare` (by :meth:`backward`) and, where
    `watches_steps`, :meth:`after_step`. :meth:`forward` also gives the total of
    validation rows, so it must not change anything.

    Attributes
    ----------
    weights : tensor of shape (n_tasks,)
        The weight of each task in the last step, for ``history_``.

    is_weighted_sum : bool
        Whether the total is the sum of losses times weights. If not, ``history_``
        records what else is in it as ``balancing``.

    gradient_parts : tensor of shape (n_tasks,) or None
        What each task contributes to the squared length of the gradient of the hidden
        vector in the last step. None where the method does not work on gradients.

    learning_rate : float or None
        Of the parameters. None is that of the dense weights of the network.

    watches_steps : bool
        Whether :meth:`after_step` is called, which costs another forward pass.

    state : tuple of str
        Buffers that a warm start goes on with.
    """

    is_weighted_sum = False
    gradient_parts = None
    learning_rate = None
    watches_steps = False
    state = ()

    @abstractmethod
    def forward(self, losses):
        """Return the total of task losses, each a mean over rows."""

    def reset(self, seed=0):
        """Return to the state before the first step.

        Parameters
        ----------
        seed : int, default=0
            Of the random numbers, if there are any.
        """
        return

    def begin_epoch(self, epoch):
        """Prepare for an epoch, from 1."""
        return

    def end_epoch(self, losses):
        """Take note of the mean losses over all rows of an epoch, shape (n_tasks,)."""
        return

    def prepare(self, losses, output):
        """Set the weights for a step, from the same arguments as :meth:`backward`."""
        return

    def after_step(self, losses):
        """Take note of the losses of the same batch after the weights were updated."""
        return

    def go_on_from(self, previous):
        """Take over what a balancer of the same class learnt in an earlier fit.

        Nothing is taken over if the number of tasks has changed.
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

    def backward(self, losses, penalties, output):
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
