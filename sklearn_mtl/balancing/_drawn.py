"""Weights drawn at random, a baseline for all other methods."""

from collections.abc import Sequence

import torch

from ..utils._typing import Array
from ._base import Balancer
from ._weighted import ChangingWeights, ShareCorrected


class RandomWeights(ShareCorrected):
    r"""Random weights, drawn anew in each step (RLW).

    .. math:: w = T \operatorname{softmax}(z), \qquad z_t \sim N(0, 1)

    where *T* is the number of tasks; the loss of task *t* counts :math:`w_t` times as
    much as with :class:`FixedWeights`. On average all tasks count as there. Use it as
    a baseline: a method should be better than random weights.

    Parameters
    ----------
    share_power : float, default=0.5
        That of :class:`FixedWeights`.

    References
    ----------
    B. Lin, F. Ye, Y. Zhang, I. Tsang, "Reasonable effectiveness of random weighting: a
    litmus test for multi-task learning", TMLR 2022, which has no factor *T*.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import RandomWeights
    >>> balancer = RandomWeights().build(["topic", "tone"], [1.0, 1.0])
    >>> balancer.reset(seed=0)
    >>> balancer.prepare(torch.ones(2), None)
    >>> float(balancer.weights.mean())
    1.0
    """

    def build(self, task_names: Sequence[str], labelled_share: Array) -> Balancer:
        return DrawnWeights(self.factors(task_names, labelled_share))


class DrawnWeights(ChangingWeights):
    """A weighted sum with new weights in each step.

    Its random numbers depend on the seed and the number of the step alone, so that a
    copy of a net continues training as the original does.
    """

    state = (*ChangingWeights.state, "n_steps")

    def __init__(self, factors):
        super().__init__(factors)
        self.seed = 0
        self.register_buffer("n_steps", torch.zeros((), dtype=torch.int64))

    def reset(self, seed=0):
        super().reset(seed)
        self.seed = seed
        self.n_steps.zero_()

    def prepare(self, losses, output):
        generator = torch.Generator().manual_seed(self.seed + int(self.n_steps))
        drawn = torch.randn(len(losses), generator=generator, dtype=torch.float64)
        self.n_steps += 1
        self.set_multipliers(drawn.softmax(0).to(self.multipliers))
