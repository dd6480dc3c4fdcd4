"""How the losses of several tasks become one step."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator
from torch import nn


class BaseBalancing(BaseEstimator, ABC):
    """Settings that say how task losses are weighed against each other."""

    @abstractmethod
    def build(self, task_names, labelled_share):
        """Build the module that combines the losses.

        Parameters
        ----------
        task_names : list of str

        labelled_share : ndarray of shape (n_tasks,)
            Share of the training rows that carry a label, for each task.

        Returns
        -------
        balancer : Balancer
            Its parameters are learnt along with the network.
        """


class Balancer(nn.Module, ABC):
    """Turns the losses of a batch into gradients.

    Attributes
    ----------
    weights : tensor of shape (n_tasks,)
        The weight that each task has now, for ``history_``.
    """

    @abstractmethod
    def forward(self, losses):
        """Return the total of task losses, each a mean over rows."""

    def backward(self, losses, penalties, output):
        """Give all weights their gradients.

        A method that looks at the gradients of single tasks overrides this.

        Parameters
        ----------
        losses : tensor of shape (n_tasks,)
            Means over the rows of a batch.

        penalties : dict of {str: tensor of shape ()}
            What the network adds to them.

        output : Output
            What the losses were made of.

        Returns
        -------
        total : tensor of shape ()
        """
        total = self(losses)
        for penalty in penalties.values():
            total = total + penalty
        total.backward()
        return total
