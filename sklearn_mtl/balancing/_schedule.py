"""Weights that the user sets for each epoch."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch

from ..utils._compat import Interval, StrOptions
from ..utils._typing import Array
from ._base import Balancer, BaseBalancing
from ._fixed import FixedWeights, in_task_order


class ScheduledWeights(BaseBalancing):
    """Loss weights as a function of the epoch.

    Use it to learn one task before the others, or to phase out an auxiliary task.
    In each epoch the weights are those of :class:`FixedWeights`, scaled to a mean of 1.

    Parameters
    ----------
    schedule : dict of {int: weights} or callable
        A dict maps the epoch from which weights apply to the weights, in any form that
        :class:`FixedWeights` accepts. Epochs are counted from 1, as in ``history_``,
        and a warm start continues the count. Before the first epoch of the dict, the
        weights of that epoch apply. A callable receives the epoch and returns weights;
        files cannot store it.

    interpolation : {"step", "linear"}, default="step"
        Whether the weights of a dict are constant until its next epoch, or change
        linearly.

    share_power : float, default=0.5
        That of :class:`FixedWeights`.

    Raises
    ------
    ValueError
        If an epoch or its weights are invalid; what a callable returns is checked for
        epoch 1 before training, and for each later epoch before it begins.

    Examples
    --------
    Learn the topic first, then both tasks:

    >>> from sklearn_mtl.balancing import ScheduledWeights
    >>> balancing = ScheduledWeights({1: {"tone": 0}, 5: {"tone": 1}},
    ...                              interpolation="linear")
    >>> balancing.effective(3, ["topic", "tone"], [1.0, 1.0]).round(2)
    array([1.33, 0.67])
    """

    _parameter_constraints = {
        "schedule": [Mapping, callable],
        "interpolation": [StrOptions({"step", "linear"})],
        "share_power": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        schedule: Mapping[int, Any] | Callable[[int], Any],
        *,
        interpolation: str = "step",
        share_power: float = 0.5,
    ) -> None:
        self.schedule = schedule
        self.interpolation = interpolation
        self.share_power = share_power

    def check(self, task_names: Sequence[str]) -> None:
        self._validate_params()
        names, share = list(task_names), np.ones(len(task_names))
        if not isinstance(self.schedule, Mapping):
            self.effective(1, names, share)
            return
        if not self.schedule:
            raise ValueError("schedule is empty. Give weights for at least one epoch.")
        for epoch in self.schedule:
            is_number = isinstance(epoch, Integral) and not isinstance(epoch, bool)
            if not is_number or epoch < 1:
                raise ValueError(
                    f"An epoch of schedule must be an integer from 1. Got {epoch!r}."
                )
            self._fixed(epoch, self.schedule[epoch], names, share)

    def effective(
        self, epoch: int, task_names: Sequence[str], labelled_share: Array
    ) -> Array:
        """Return the weights of an epoch after correction and scaling.

        Parameters
        ----------
        epoch : int
            Its number, from 1.

        task_names : list of str
            Names of the tasks, in their order.

        labelled_share : array-like of shape (n_tasks,)
            Share of the training rows with a label of each task.

        Returns
        -------
        weights : ndarray of shape (n_tasks,)
            With a mean of 1.
        """
        weights = self._weights(epoch, list(task_names))
        return self._fixed(epoch, weights, task_names, labelled_share)

    def _fixed(self, epoch, weights, task_names, labelled_share):
        fixed = FixedWeights(weights, share_power=self.share_power)
        try:
            return fixed.effective(task_names, labelled_share)
        except ValueError as error:
            raise ValueError(f"The schedule for epoch {epoch}: {error}") from error

    def _weights(self, epoch, task_names):
        if not isinstance(self.schedule, Mapping):
            return self.schedule(epoch)
        epochs = sorted(self.schedule)
        if self.interpolation == "linear":
            table = [in_task_order(self.schedule[e], task_names) for e in epochs]
            return [np.interp(epoch, epochs, column) for column in np.transpose(table)]
        begun = [e for e in epochs if e <= epoch]
        return self.schedule[begun[-1] if begun else epochs[0]]

    def build(self, task_names: Sequence[str], labelled_share: Array) -> Balancer:
        return ScheduledSum(self, list(task_names), labelled_share)


class ScheduledSum(Balancer):
    """The weighted sum of losses, with the weights of the epoch.

    Parameters
    ----------
    balancing : ScheduledWeights

    task_names : list of str

    labelled_share : ndarray of shape (n_tasks,)
    """

    is_weighted_sum = True
    state = ("n_epochs",)

    def __init__(self, balancing, task_names, labelled_share):
        super().__init__()
        self.arguments = task_names, labelled_share
        self.balancing = balancing
        weights = torch.as_tensor(balancing.effective(1, *self.arguments))
        self.register_buffer("weights", weights)
        self.register_buffer("n_epochs", torch.zeros((), dtype=torch.int64))

    def forward(self, losses):
        return losses @ self.weights

    def reset(self, seed=0):
        self.n_epochs.zero_()
        self._set_weights(1)

    def begin_epoch(self, epoch):
        self.n_epochs += 1
        self._set_weights(int(self.n_epochs))

    def _set_weights(self, epoch):
        weights = self.balancing.effective(epoch, *self.arguments)
        self.weights.copy_(torch.as_tensor(weights))
