"""Weights by how fast losses fall."""

from collections.abc import Sequence
from numbers import Real

import torch

from ..utils._compat import Interval
from ..utils._typing import Array
from ._base import Balancer
from ._weighted import ChangingWeights, ShareCorrected


class DynamicWeightAverage(ShareCorrected):
    r"""Larger weights for tasks whose losses fall slowly (DWA).

    .. math:: w_t = T\, \frac{e^{r_t / \tau}}{\sum_u e^{r_u / \tau}}, \qquad
              r_t = \frac{L_t^{(e-1)}}{L_t^{(e-2)}}

    where

    - :math:`L_t^{(e)}` is the mean loss of task *t* in epoch *e*,
    - *T* is the number of tasks and :math:`\tau` the temperature.

    The loss of task *t* counts :math:`w_t` times as much as with :class:`FixedWeights`.
    In the first two epochs all :math:`w_t` are 1. A ratio lies between 0 and about 1,
    so with the usual temperature the weights differ by at most a factor of 1.6.

    Parameters
    ----------
    temperature : float, default=2.0
        :math:`\tau`. Lower it for larger differences between weights.

    share_power : float, default=0.5
        That of :class:`FixedWeights`.

    References
    ----------
    S. Liu, E. Johns, A. Davison, "End-to-end multi-task learning with attention", CVPR
    2019. Our means are over rows, not batches. A task without a label in one of the two
    epochs has :math:`r_t = 1`.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import DynamicWeightAverage
    >>> balancer = DynamicWeightAverage().build(["topic", "tone"], [1.0, 1.0])
    >>> for losses in ([1.0, 1.0], [0.5, 1.0]):
    ...     balancer.end_epoch(torch.tensor(losses))
    >>> balancer.begin_epoch(3)
    >>> balancer.weights.numpy().round(2)
    array([0.88, 1.12])
    """

    _parameter_constraints = {
        **ShareCorrected._parameter_constraints,
        "temperature": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, *, temperature: float = 2.0, share_power: float = 0.5) -> None:
        super().__init__(share_power=share_power)
        self.temperature = temperature

    def build(self, task_names: Sequence[str], labelled_share: Array) -> Balancer:
        factors = self.factors(task_names, labelled_share)
        return WeightsByDescent(factors, self.temperature)


class WeightsByDescent(ChangingWeights):
    """A weighted sum with new weights in each epoch.

    Parameters
    ----------
    factors : ndarray of shape (n_tasks,)

    temperature : float
    """

    state = (*ChangingWeights.state, "older", "newer")

    def __init__(self, factors, temperature):
        super().__init__(factors)
        self.temperature = temperature
        # Losses of the last two epochs, 0 where there are none.
        self.register_buffer("older", torch.zeros_like(self.factors))
        self.register_buffer("newer", torch.zeros_like(self.factors))

    def reset(self, seed=0):
        super().reset(seed)
        self.older.zero_()
        self.newer.zero_()

    def end_epoch(self, losses):
        self.older.copy_(self.newer)
        self.newer.copy_(losses)

    def begin_epoch(self, epoch):
        known = (self.older > 0) & (self.newer > 0)
        ratios = torch.where(known, self.newer / self.older, 1.0)
        self.set_multipliers((ratios / self.temperature).softmax(0))
