"""What methods that change loss weights have in common."""

from collections.abc import Sequence
from numbers import Real

import torch

from ..utils._compat import Interval
from ..utils._typing import Array
from ._base import Balancer, BaseBalancing
from ._fixed import FixedWeights


class ShareCorrected(BaseBalancing):
    """Settings of a method that multiplies the weights of ``FixedWeights()``.

    Parameters
    ----------
    share_power : float, default=0.5
        That of :class:`FixedWeights`. The method is given losses that are corrected for
        the share of labelled cells.
    """

    _parameter_constraints = {
        "share_power": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, *, share_power: float = 0.5) -> None:
        self.share_power = share_power

    def factors(self, task_names: Sequence[str], labelled_share: Array) -> Array:
        """Return the weights that the method multiplies.

        Parameters
        ----------
        task_names : list of str
            Names of the tasks, in their order.

        labelled_share : array-like of shape (n_tasks,)
            Share of the training rows with a label of each task.

        Returns
        -------
        factors : ndarray of shape (n_tasks,)
            The weights of :class:`FixedWeights`, with a mean of 1.
        """
        plain = FixedWeights(share_power=self.share_power)
        return plain.effective(task_names, labelled_share)


class ChangingWeights(Balancer):
    """A weighted sum of losses whose weights change.

    Parameters
    ----------
    factors : ndarray of shape (n_tasks,)
        Constant weights, which `multipliers` multiply.

    Attributes
    ----------
    multipliers : tensor of shape (n_tasks,)
        1 before the first step.
    """

    is_weighted_sum = True
    state: tuple[str, ...] = ("multipliers",)

    def __init__(self, factors):
        super().__init__()
        factors = torch.as_tensor(factors)
        # It follows from data and settings, so no file needs it.
        self.register_buffer("factors", factors, persistent=False)
        self.register_buffer("multipliers", torch.ones_like(factors))

    @property
    def weights(self):
        """The weight of each task in the last step."""
        return self.factors * self.multipliers

    def forward(self, losses):
        return losses @ self.weights

    def reset(self, seed=0):
        self.multipliers.fill_(1)

    def set_multipliers(self, values):
        """Set them, scaled to a mean of 1; ignore values that are not finite.

        Parameters
        ----------
        values : tensor of shape (n_tasks,)
        """
        scaled = values / values.mean()
        if scaled.isfinite().all():
            self.multipliers.copy_(scaled)


def is_present(losses):
    """Whether each task has a label in a batch: without any its loss is 0."""
    return losses.detach() != 0
