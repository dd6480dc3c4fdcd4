"""Weights that are learnt from the losses of held-out rows."""

from collections.abc import Sequence
from numbers import Integral, Real

import torch
from torch import nn

from ..utils._compat import Interval
from ..utils._typing import Array
from ._base import Balancer
from ._weighted import ChangingWeights, ShareCorrected, is_present


class ValidationWeights(ShareCorrected):
    r"""Weights that are learnt so that steps lower the loss of held-out rows.

    .. math:: w = T\,\mathrm{softmax}(a), \qquad
              a_t \leftarrow a_t - \eta\, \frac{\partial}{\partial a_t}
              V\Bigl(\theta - \epsilon \sum_u w_u \nabla l_u(\theta)\Bigr)

    where

    - :math:`l_t` is the loss of task *t* on a batch, corrected as in
      :class:`FixedWeights`, and *T* the number of tasks,
    - *V* is the sum of these losses over the held-out rows,
    - :math:`\theta` are all weights of the network.

    For small steps :math:`\epsilon` the derivative is :math:`-\epsilon\,(s_t -
    \tfrac{w_t}{T} \sum_u s_u)`, where :math:`s_t = w_t \langle \nabla V, \nabla l_t
    \rangle`: the weight of a task rises if its gradient agrees with that of the
    held-out rows more than the gradients of other tasks do. The products of gradients
    are measured without computing the gradient of each task: the network is moved along
    :math:`\nabla V` and back, and the losses of the batch are compared. Sums are over
    the tasks with a label in the batch.

    The held-out rows are those that early stopping or the calibration of probabilities
    uses. So a fit needs more than 3000 rows, or ``early_stopping=True``. A warm start
    without early stopping has none, and keeps the weights as they are.

    Parameters
    ----------
    learning_rate : float, default=0.005
        Adam's, for *a*; like all rates it falls to 0. A weight changes by up to this
        share in a step. With a high rate one task may get almost all of the weight.

    interval : int, default=10
        Number of steps from one measurement to the next. In between, *a* moves by the
        last one. A measurement takes a pass over held-out rows, with gradients, and two
        passes over the batch, so smaller numbers make training slower.

    share_power : float, default=0.5
        That of :class:`FixedWeights`.

    Raises
    ------
    ValueError
        If the fit holds out no rows.

    References
    ----------
    S. Liu, S. James, A. J. Davison, E. Johns, "Auto-Lambda: disentangling dynamic task
    relationships", TMLR 2022, and Y. Mao, Z. Wang, W. Liu, X. Lin, P. Xie,
    "MetaWeighting: learning to weight tasks in multi-task learning", Findings of ACL
    2022. The gradient of *V* is taken there after the step, ours before it. We keep a
    weight between 0 and *T* by the softmax, and measure once in `interval` steps, as
    X. Lin, H. Baweja, G. Kantor, D. Held, "Adaptive auxiliary task weighting for
    reinforcement learning", NeurIPS 2019.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.balancing import ValidationWeights
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> texts, labels = make_multitask_texts(200, n_tasks=2, random_state=0)
    >>> clf = MultiTaskTextClassifier(
    ...     loss_weights=ValidationWeights(), early_stopping=True, random_state=0
    ... )
    >>> sorted(clf.fit(texts, labels).loss_weights_)
    ['task0', 'task1']
    """

    _parameter_constraints = {
        **ShareCorrected._parameter_constraints,
        "learning_rate": [Interval(Real, 0, None, closed="left")],
        "interval": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        learning_rate: float = 0.005,
        interval: int = 10,
        share_power: float = 0.5,
    ) -> None:
        super().__init__(share_power=share_power)
        self.learning_rate = learning_rate
        self.interval = interval

    def build(self, task_names: Sequence[str], labelled_share: Array) -> Balancer:
        factors = self.factors(task_names, labelled_share)
        return AlignedWeights(factors, self.learning_rate, self.interval)


class AlignedWeights(ChangingWeights):
    """A weighted sum whose weights the optimizer moves.

    Parameters
    ----------
    factors : ndarray of shape (n_tasks,)

    learning_rate : float

    interval : int
    """

    def __init__(self, factors, learning_rate, interval):
        super().__init__(factors)
        self.learning_rate, self.validation_interval = learning_rate, interval
        self.logarithms = nn.Parameter(torch.zeros_like(self.factors))
        # Not in `state`: a warm start without held-out rows must not go on with them.
        self.register_buffer("slopes", torch.zeros_like(self.factors))

    @torch.no_grad()
    def reset(self, seed=0):
        super().reset(seed)
        self.logarithms.zero_()
        self.slopes.zero_()

    def validation_loss(self, losses):
        return losses @ self.factors

    @torch.no_grad()
    def align(self, products):
        own = products * self.factors
        present = own != 0
        shares = torch.where(present, self.logarithms, -torch.inf).softmax(0)
        gains = shares * own
        slopes = torch.where(present, shares * gains.sum() - gains, 0.0)
        scaled = slopes / slopes.square().mean().sqrt()
        self.slopes.copy_(scaled if scaled.isfinite().all() else 0.0)

    @torch.no_grad()
    def prepare(self, losses, output):
        weights = self.logarithms.softmax(0)
        self.multipliers.copy_(len(weights) * weights)
        self.logarithms.grad = self.slopes * is_present(losses)
