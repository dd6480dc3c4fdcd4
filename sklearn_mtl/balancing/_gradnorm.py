"""Weights that make tasks learn at the same rate, by the lengths of gradients."""

from collections.abc import Sequence
from numbers import Real

import torch
from torch import nn

from ..utils._compat import Interval
from ..utils._typing import Array
from ._base import Balancer
from ._gradients import gramian, hidden_gradients, parts_of
from ._weighted import ChangingWeights, ShareCorrected, is_present

# The smallest weight: one of 0 could not grow again.
SMALLEST = 1e-3


class GradNorm(ShareCorrected):
    r"""Weights that are learnt so that all tasks learn at about the same rate.

    .. math:: \min_w \sum_t \bigl|\, G_t - \bar G\, r_t^{\alpha} \bigr|, \qquad
              G_t = w_t \lVert g_t \rVert, \qquad
              r_t = \frac{l_t / l_t^{(0)}}{\frac{1}{T} \sum_u l_u / l_u^{(0)}}

    where

    - :math:`l_t` is the loss of task *t*, corrected as in :class:`FixedWeights`, and
      :math:`l_t^{(0)}` that of the first step,
    - :math:`g_t` is its gradient at the hidden vectors of the batch,
    - :math:`\bar G` is the mean of :math:`G_t`, which counts as a constant,
    - :math:`\alpha` says how strongly the weight of a slow task rises.

    Weights are scaled to a mean of 1 after each step.

    Parameters
    ----------
    alpha : float, default=1.5
        0 makes the gradients of all tasks equally long. Choose more for tasks of
        different difficulty.

    learning_rate : float, default=0.005
        Adam's, for the weights.

    share_power : float, default=0.5
        That of :class:`FixedWeights`.

    References
    ----------
    Z. Chen, V. Badrinarayanan, C. Lee, A. Rabinovich, "GradNorm: gradient normalization
    for adaptive loss balancing in deep multitask networks", ICML 2018. There gradients
    are of the last shared layer of weights; ours are of what it returns, which needs no
    pass through the input table. Sums are over the tasks with a label in the batch.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.balancing import GradNorm
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10, "kind": ["a", "a", "b", None] * 5}
    >>> clf = MultiTaskTextClassifier(loss_weights=GradNorm(), random_state=0)
    >>> sorted(clf.fit(texts, labels).loss_weights_)
    ['kind', 'tone']
    """

    needs_representation = True
    _parameter_constraints = {
        **ShareCorrected._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        alpha: float = 1.5,
        learning_rate: float = 0.005,
        share_power: float = 0.5,
    ) -> None:
        super().__init__(share_power=share_power)
        self.alpha = alpha
        self.learning_rate = learning_rate

    def build(self, task_names: Sequence[str], labelled_share: Array) -> Balancer:
        factors = self.factors(task_names, labelled_share)
        return WeightsByRate(factors, self.alpha, self.learning_rate)


class WeightsByRate(ChangingWeights):
    """A weighted sum whose weights the optimizer moves.

    Parameters
    ----------
    factors : ndarray of shape (n_tasks,)

    alpha, learning_rate : float
    """

    state = (*ChangingWeights.state, "first")

    def __init__(self, factors, alpha, learning_rate):
        super().__init__(factors)
        self.alpha, self.learning_rate = alpha, learning_rate
        self.raw = nn.Parameter(torch.ones_like(self.factors))
        self.register_buffer("first", torch.zeros_like(self.factors))  # losses

    @torch.no_grad()
    def reset(self, seed=0):
        super().reset(seed)
        self.raw.fill_(1)
        self.first.zero_()

    def prepare(self, losses, output):
        gradients = hidden_gradients(losses * self.factors, output)
        with torch.no_grad():
            self.raw.clamp_(min=SMALLEST)
            self.raw.div_(self.raw.mean())
            self.multipliers.copy_(self.raw)
            if gradients is not None:
                self._set_gradient(losses.detach(), gramian(gradients))

    def _set_gradient(self, losses, products):
        self.gradient_parts = parts_of(self.multipliers, products)
        lengths, present = products.diagonal().clamp(min=0).sqrt(), is_present(losses)
        if not present.any():
            return
        new = present & (self.first == 0)
        self.first.copy_(torch.where(new, losses, self.first))
        ratios = torch.where(present, losses / self.first, 0.0)
        rates = ratios / ratios[present].mean()
        own = self.raw * lengths
        mean = own[present].mean()
        slopes = (own - mean * rates**self.alpha).sign() * lengths / mean
        self.raw.grad = torch.where(present & slopes.isfinite(), slopes, 0.0)
