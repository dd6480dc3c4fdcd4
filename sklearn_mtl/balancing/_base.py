"""How the losses of several tasks become one step."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator


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
        module : torch.nn.Module
            ``module(losses)`` turns the vector of task losses, each a mean over rows,
            into the total to descend on; ``module.weights`` holds the weight each task
            has now, shape (n_tasks,). Parameters of the module are learnt along with
            the network.
        """
