"""Constant loss weights."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike

from ..labels._tables import check_task_names
from ..utils._compat import Interval
from ..utils._typing import Array
from ._base import Balancer, BaseBalancing


class FixedWeights(BaseBalancing):
    r"""Constant loss weights, corrected for the share of labelled cells of a task.

    .. math:: \lambda_t \propto w_t\, s_t^{-p}, \qquad
              \frac{1}{T} \sum_t \lambda_t = 1,

    where :math:`w_t` is the weight given to task *t*, :math:`s_t` the share of rows
    with its label and *p* the share power. Weights are scaled to a mean of 1, so a
    common factor has no effect.

    With *p* = 0 all cells count the same, and tasks with many labels dominate; with *p*
    = 1 all tasks count the same, and the few labels of a small task make noisy steps.
    The default lies between the two.

    Parameters
    ----------
    weights : dict, array-like of shape (n_tasks,) or None, default=None
        Weight of each task, by name or in task order. Tasks missing in a dict have
        weight 1. A weight of 0 excludes a task from training; at least one must be
        positive. None gives all tasks weight 1.

    share_power : float, default=0.5
        The power *p*, between 0 and 1.

    Examples
    --------
    >>> from sklearn_mtl.balancing import FixedWeights
    >>> FixedWeights({"topic": 2.0}).effective(["topic", "tone"], [0.25, 1.0])
    array([1.6, 0.4])
    """

    _parameter_constraints = {
        "weights": [Mapping, "array-like", None],
        "share_power": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        weights: Mapping[str, float] | ArrayLike | None = None,
        *,
        share_power: float = 0.5,
    ) -> None:
        self.weights = weights
        self.share_power = share_power

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters; with `deep`, also those of a dict by task name."""
        params = super().get_params(deep=deep)
        if deep and isinstance(self.weights, Mapping):
            params.update(self.weights)
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters; a task name sets the weight of the task in a new dict."""
        own = set(self._get_param_names())
        tasks = {name: value for name, value in params.items() if name not in own}
        weights = params.get("weights", self.weights)
        if tasks and not isinstance(weights, Mapping | None):
            raise ValueError(
                f"Cannot set the weight of {sorted(tasks)} by name, because weights is "
                f"{weights!r}. Pass a dict {{task: weight}}."
            )
        super().set_params(**{k: v for k, v in params.items() if k in own})
        if tasks:
            self.weights = {**(weights or {}), **tasks}
        return self

    def check(self, task_names: Sequence[str]) -> None:
        self.effective(task_names, np.ones(len(task_names)))

    def effective(self, task_names: Sequence[str], labelled_share: Array) -> Array:
        """Return the weights after correction and scaling, shape (n_tasks,).

        Parameters
        ----------
        task_names : list of str
            Names of the tasks, in their order.

        labelled_share : array-like of shape (n_tasks,)
            Share of the training rows with a label of each task.

        Returns
        -------
        weights : ndarray of shape (n_tasks,)
            With a mean of 1.

        Raises
        ------
        ValueError
            If a weight is negative or not finite, all are zero, their number is wrong,
            or a task is unknown.
        """
        self._validate_params()
        weights = in_task_order(self.weights, list(task_names))
        share = np.asarray(labelled_share, dtype=float)
        weights = weights * share**-self.share_power
        return weights / weights.mean()

    def build(self, task_names: Sequence[str], labelled_share: Array) -> Balancer:
        return WeightedSum(self.effective(task_names, labelled_share))


class WeightedSum(Balancer):
    """The weighted sum of losses.

    Parameters
    ----------
    weights : ndarray of shape (n_tasks,)
    """

    is_weighted_sum = True

    def __init__(self, weights):
        super().__init__()
        self.register_buffer("weights", torch.as_tensor(weights))

    def forward(self, losses):
        return losses @ self.weights


def in_task_order(weights, task_names):
    """Return weights of tasks, in their order; raise a ValueError for unusable ones."""
    if weights is None:
        return np.ones(len(task_names))
    if isinstance(weights, Mapping):
        check_task_names("loss_weights", weights, task_names)
        weights = [weights.get(name, 1.0) for name in task_names]
    else:
        weights = list(weights)
    if len(weights) != len(task_names):
        raise ValueError(
            f"loss_weights must have one weight for each of the {len(task_names)} "
            f"tasks {task_names}. Got {len(weights)}."
        )
    for name, weight in zip(task_names, weights, strict=True):
        if not (isinstance(weight, Real) and np.isfinite(weight) and weight >= 0):
            raise ValueError(
                f"The loss weight of task {name!r} must be a finite number that is "
                f"not negative. Got {weight!r}."
            )
    weights = np.asarray(weights, dtype=float)
    if not weights.any():
        raise ValueError(
            "All loss weights are zero, so there is nothing to learn. Give at "
            "least one task a positive weight."
        )
    return weights
