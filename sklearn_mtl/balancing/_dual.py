"""Weights that make the gradients of the logarithms of losses equally long."""

from collections.abc import Sequence
from numbers import Real

import torch

from ..utils._compat import Interval
from ..utils._typing import Array
from ._base import Balancer
from ._gradients import gramian, hidden_gradients, parts_of
from ._weighted import ChangingWeights, ShareCorrected, is_present


class DualBalancing(ShareCorrected):
    r"""Gradients of about the same length from all tasks (DB-MTL).

    .. math:: w_t \propto \frac{1}{l_t\, n_t}, \qquad
              n_t \leftarrow \beta\, n_t + (1 - \beta) \lVert \nabla \log l_t \rVert

    where

    - :math:`l_t` is the loss of task *t*, whose logarithm makes the method
      independent of its scale,
    - :math:`\nabla` is the gradient at the hidden vectors of the batch, and
      :math:`n_t` the moving average of its length, from the first step on.

    Weights are scaled to a mean of 1 over the tasks with a label in the batch.

    Parameters
    ----------
    momentum : float, default=0.9
        :math:`\beta`. 0 makes the gradients equally long in each step; more makes
        the weights smoother.

    share_power : float, default=0.5
        That of :class:`FixedWeights`. It has almost no effect, because constant
        factors of a loss do not change the weights.

    References
    ----------
    B. Lin, W. Jiang, F. Ye, Y. Zhang, P. Chen, Y.-C. Chen, S. Liu, J. Kwok, "Dual-
    balancing for multi-task learning", 2023, arXiv:2308.12029. There the moving average
    is of the gradients of shared weights, which are scaled to the longest of them. We
    average lengths, because the rows of two batches have nothing in common, and scale
    to a mean of 1, so that steps are as large as with :class:`FixedWeights`. Heads and
    private paths learn with the same weights.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.balancing import DualBalancing
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10, "kind": ["a", "a", "b", None] * 5}
    >>> clf = MultiTaskTextClassifier(loss_weights=DualBalancing(), random_state=0)
    >>> sorted(clf.fit(texts, labels).loss_weights_)
    ['kind', 'tone']
    """

    needs_representation = True
    _parameter_constraints = {
        **ShareCorrected._parameter_constraints,
        "momentum": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, *, momentum: float = 0.9, share_power: float = 0.5) -> None:
        super().__init__(share_power=share_power)
        self.momentum = momentum

    def build(self, task_names: Sequence[str], labelled_share: Array) -> Balancer:
        return WeightsByForce(self.factors(task_names, labelled_share), self.momentum)


class WeightsByForce(ChangingWeights):
    """A weighted sum with new weights in each step.

    Parameters
    ----------
    factors : ndarray of shape (n_tasks,)

    momentum : float
    """

    state = (*ChangingWeights.state, "lengths")

    def __init__(self, factors, momentum):
        super().__init__(factors)
        self.momentum = momentum
        self.register_buffer("lengths", torch.zeros_like(self.factors))  # 0: none yet

    def reset(self, seed=0):
        super().reset(seed)
        self.lengths.zero_()

    def prepare(self, losses, output):
        gradients = hidden_gradients(losses * self.factors, output)
        if gradients is None:
            return
        products, losses = gramian(gradients), losses.detach() * self.factors
        lengths = products.diagonal().clamp(min=0).sqrt() / losses
        present = is_present(losses) & lengths.isfinite() & (lengths > 0)
        if present.any():
            kept = torch.where(self.lengths > 0, self.momentum, 0.0)
            updated = kept * self.lengths + (1 - kept) * lengths
            self.lengths.copy_(torch.where(present, updated, self.lengths))
            wanted = 1 / (self.lengths * losses)
            wanted = wanted / wanted[present].mean()
            usable = present & wanted.isfinite()
            self.multipliers.copy_(torch.where(usable, wanted, self.multipliers))
        self.gradient_parts = parts_of(self.multipliers, products)
