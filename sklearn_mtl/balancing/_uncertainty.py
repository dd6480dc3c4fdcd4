"""Weights learnt from the losses themselves."""

from collections.abc import Sequence
from numbers import Real

import torch
from torch import nn

from ..utils._compat import Interval
from ..utils._typing import Array
from ._base import Balancer
from ._weighted import ChangingWeights, ShareCorrected, is_present

# Limit of a loss in the gradient of its weight: squares of larger values overflow the
# 32-bit averages of Adam.
LARGEST = 1e6


class UncertaintyWeights(ShareCorrected):
    r"""Weights that are learnt with the network, one for the noise of each task.

    .. math:: \sum_t e^{-s_t}\, l_t + \tfrac{1}{2} s_t,
              \qquad l_t = \lambda_t L_t

    where

    - :math:`L_t` is the mean loss of task *t* and :math:`\lambda_t` its weight in
      :class:`FixedWeights`,
    - :math:`s_t = \log \sigma_t^2` is learnt, 0 before the first step, and
      :math:`e^{-s_t}` is the weight that the method gives the task.

    For losses that stay as they are, :math:`e^{-s_t} = 1 / (2\, l_t)` is the minimum:
    tasks that are learnt well get large weights. Losses fall during training, so all
    weights rise, and the steps of the network with them. With a high `learning_rate`
    that makes it overfit.

    Parameters
    ----------
    learning_rate : float, default=0.005
        Adam's, for :math:`s_t`; like all rates it falls to 0. A weight changes by up to
        this share in a step. Raise it where training is short.

    share_power : float, default=0.5
        That of :class:`FixedWeights`, for :math:`\lambda_t`.

    References
    ----------
    A. Kendall, Y. Gal, R. Cipolla, "Multi-task learning using uncertainty to weigh
    losses for scene geometry and semantics", CVPR 2018, for classification. We start
    from the weights of `FixedWeights`, and a task without a label in a batch is not in
    the sum.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.balancing import UncertaintyWeights
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10, "kind": ["a", "a", "b", None] * 5}
    >>> clf = MultiTaskTextClassifier(loss_weights=UncertaintyWeights(), random_state=0)
    >>> sorted(clf.fit(texts, labels).loss_weights_)
    ['kind', 'tone']
    """

    _parameter_constraints = {
        **ShareCorrected._parameter_constraints,
        "learning_rate": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self, *, learning_rate: float = 0.005, share_power: float = 0.5
    ) -> None:
        super().__init__(share_power=share_power)
        self.learning_rate = learning_rate

    def build(self, task_names: Sequence[str], labelled_share: Array) -> Balancer:
        factors = self.factors(task_names, labelled_share)
        return LearntWeights(factors, self.learning_rate)


class LearntWeights(ChangingWeights):
    """A weighted sum, and half the logarithm of the noise of each task.

    Parameters
    ----------
    factors : ndarray of shape (n_tasks,)

    learning_rate : float
    """

    is_weighted_sum = False

    def __init__(self, factors, learning_rate):
        super().__init__(factors)
        self.learning_rate = learning_rate
        self.log_noise = nn.Parameter(torch.zeros_like(self.factors))

    @torch.no_grad()
    def prepare(self, losses, output):
        torch.exp(-self.log_noise, out=self.multipliers)
        own = (self.weights * losses).clamp(max=LARGEST)
        # By hand, because autograd takes longer than the rest of the method.
        self.log_noise.grad = (0.5 - own) * is_present(losses)

    def forward(self, losses):
        noise = self.log_noise.detach() @ is_present(losses).to(losses) / 2
        return losses @ self.weights + noise

    @torch.no_grad()
    def reset(self, seed=0):
        super().reset(seed)
        self.log_noise.zero_()
