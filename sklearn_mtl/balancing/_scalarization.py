"""Scalarizers of TorchJD: methods that need the losses alone."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import torch

from ..utils._compat import HasMethods, Interval
from ..utils._typing import Array
from ._base import Balancer
from ._torchjd import make, match_tensors
from ._weighted import ChangingWeights, ShareCorrected, is_present

LARGEST = 1e6  # limit of the losses that a scalarizer is given
# Names of `loss_weights`, and what TorchJD calls them without hyphens. Its Constant,
# Mean and Sum are FixedWeights, and DWA and Random are here without TorchJD.
SCALARIZERS = ("cosmos", "famo", "geometric-mean", "imtl-l", "pbi", "stch", "uw")


class LossScalarization(ShareCorrected):
    r"""Losses combined by a scalarizer of TorchJD; extra ``balancing``.

    .. math:: \min\; c\, S(l_1, \ldots, l_T), \qquad l_t = \lambda_t L_t

    where

    - *S* is the scalarizer, :math:`L_t` the mean loss of task *t* over the rows of a
      batch and :math:`\lambda_t` its weight in :class:`FixedWeights`,
    - the constant *c* makes the derivatives of *S* add up to the number of tasks where
      all losses are 1, so that steps are about as large as with ``FixedWeights()``.

    The weights in ``history_`` are the derivatives of :math:`c\,S` by :math:`L_t`. For
    a task without a label in a batch, *S* is given its last loss. FAMO needs
    another forward pass in each step, to see how losses changed.

    Parameters
    ----------
    scalarizer : str or torchjd.scalarization.Scalarizer
        A name, such as "famo", "geometric-mean", "imtl-l", "stch" or "uw"; or an
        object, of which each fit trains a copy.

    options : dict, default=None
        Arguments of a scalarizer given by name, such as ``{"mu": 0.1}``; lists become
        tensors. The number of tasks is added. Where TorchJD has no defaults, ours are
        ``mu=0.5`` of STCH, ``theta=1`` of PBI, ``lambda_=0.2`` of COSMOS, and equal
        ``weights``.

    learning_rate : float, default=0.005
        Adam's, for scalarizers with parameters that the optimizer moves. FAMO moves its
        own, with the rate ``options={"lr": 0.025}``.

    share_power : float, default=0.5
        That of :class:`FixedWeights`, for :math:`\lambda_t`.

    Raises
    ------
    ImportError
        If TorchJD is not installed.

    ValueError
        If there is no such name, or the scalarizer does not take the options, or so
        many losses.

    References
    ----------
    https://torchjd.org

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.balancing import LossScalarization
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10, "kind": ["a", "a", "b", None] * 5}
    >>> balancing = LossScalarization("stch", options={"mu": 0.1})
    >>> clf = MultiTaskTextClassifier(loss_weights=balancing, random_state=0)
    >>> sorted(clf.fit(texts, labels).loss_weights_)
    ['kind', 'tone']
    """

    _parameter_constraints = {
        **ShareCorrected._parameter_constraints,
        "scalarizer": [str, HasMethods(["forward", "state_dict"])],
        "options": [dict, None],
        "learning_rate": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        scalarizer: Any,
        *,
        options: dict[str, Any] | None = None,
        learning_rate: float = 0.005,
        share_power: float = 0.5,
    ) -> None:
        super().__init__(share_power=share_power)
        self.scalarizer = scalarizer
        self.options = options
        self.learning_rate = learning_rate

    def check(self, task_names: Sequence[str]) -> None:
        self._validate_params()
        self._make(len(task_names))

    def _make(self, n_tasks):
        """Return a scalarizer and the sum of its derivatives where all losses are 1."""
        own = [self.scalarizer, self.options, n_tasks, "scalarization", "Scalarizer"]
        ones = torch.ones(n_tasks, requires_grad=True)
        try:
            # Tried on one of its own, which keeps no trace of it.
            with torch.random.fork_rng(devices=[]):
                (slopes,) = torch.autograd.grad(make(*own)(ones), ones)
        except (RuntimeError, ValueError, TypeError) as error:
            raise ValueError(
                f"scalarizer={self.scalarizer!r} cannot be used for {n_tasks} losses: "
                f"{error}"
            ) from error
        return make(*own), float(slopes.sum())

    def build(self, task_names: Sequence[str], labelled_share: Array) -> Balancer:
        scalarizer, total = self._make(len(task_names))
        scale = len(task_names) / total if total > 0 else 1.0
        factors = self.factors(task_names, labelled_share)
        return ScalarizedLosses(scalarizer, scale, factors, self.learning_rate)


class ScalarizedLosses(ChangingWeights):
    """What a scalarizer makes of losses.

    Parameters
    ----------
    scalarizer : torchjd.scalarization.Scalarizer

    scale : float
        Constant factor of the total.

    factors : ndarray of shape (n_tasks,)

    learning_rate : float
    """

    is_weighted_sum = False
    state = (*ChangingWeights.state, "last")

    def __init__(self, scalarizer, scale, factors, learning_rate):
        super().__init__(factors)
        self.scalarizer, self.scale = scalarizer, scale
        self.learning_rate, self.matched = learning_rate, None
        self.watches_steps = hasattr(scalarizer, "update")
        # The last loss of each task above 0, in case a batch has no label of it.
        self.register_buffer("last", torch.zeros_like(self.factors))

    def reset(self, seed=0):
        super().reset(seed)
        self.last.zero_()
        if hasattr(self.scalarizer, "reset"):
            self.scalarizer.reset()

    def prepare(self, losses, output):
        present = is_present(losses)
        self.value = None
        values = (losses.detach() * self.factors).clamp(max=LARGEST)
        if not present.all():
            if not present.any():
                return
            usual = torch.where(self.last > 0, self.last, values[present].mean())
            self.last.copy_(torch.where(present, values, self.last))
            values = torch.where(present, values, usual)
        else:
            self.last.copy_(values)
        if self.matched != (values.dtype, values.device):
            match_tensors(self.scalarizer, values)
            self.matched = values.dtype, values.device
        self.shown = values
        values = values.clone().requires_grad_()
        total = self.scale * self.scalarizer(values)
        total.backward()  # its own parameters get their gradients here
        usable = present & values.grad.isfinite()
        self.multipliers.copy_(torch.where(usable, values.grad, self.multipliers))
        self.value = total.detach()

    def backward(self, losses, penalties, output):
        total = super().backward(losses, penalties, output)
        if self.value is None or not self.value.isfinite():
            return total
        # The network descends on weighted losses; the total is that of the scalarizer.
        return self.value + sum(penalty.detach() for penalty in penalties.values())

    def after_step(self, losses):
        if is_present(losses).any():
            values = (losses * self.factors).clamp(max=LARGEST)
            values = torch.where(is_present(losses), values, self.shown)
            self.scalarizer.update(values)

    def end_epoch(self, losses):
        if hasattr(self.scalarizer, "step"):
            self.scalarizer.step()
