"""Aggregators of TorchJD: methods that work on the gradients of single tasks."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch

from ..distributed._parts import summed
from ..distributed._ranks import current_ranks
from ..utils._compat import HasMethods, StrOptions
from ..utils._optional import import_optional
from ..utils._typing import Array
from ._base import Balancer
from ._gradients import changed_gradients, gramian, parts_of
from ._torchjd import make, match_tensors
from ._weighted import ChangingWeights, ShareCorrected

# Names of `loss_weights`, and what TorchJD calls them without hyphens. Its Constant,
# Mean, Random and Sum are FixedWeights and RandomWeights; Krum and TrimmedMean, made
# for workers that may be faulty, are taken as objects.
AGGREGATORS = (
    *("aligned-mtl", "cagrad", "config", "dual-proj", "excess-mtl", "fair-grad"),
    *("grad-drop", "grad-vac", "imtl-g", "mgda", "nash-mtl", "pcd", "pcgrad", "upgrad"),
)
# These keep a number for each coordinate of the gradients of earlier batches.
BY_COORDINATE = ("ExcessMTL",)
# These take whole gradients, but give the same result in any orthonormal basis.
BY_ANGLES = ("ConFIG",)


class GradientAggregation(ShareCorrected):
    r"""Task gradients combined by an aggregator of TorchJD; extra ``balancing``.

    .. math:: d = c\,A(g_1, \ldots, g_T), \qquad
              g_t = \frac{\partial\, \lambda_t L_t}{\partial h}

    where

    - *A* is the aggregator, :math:`L_t` the mean loss of task *t* over the rows of a
      batch and :math:`\lambda_t` its weight in :class:`FixedWeights`,
    - *h* are the hidden vectors of these rows, which all tasks read: the trunk learns
      from *d*, heads and private paths from the losses of their own task,
    - the constant *c* makes the weights add up to the number of tasks where gradients
      are orthogonal and equally long, so that steps are about as large as with
      ``FixedWeights()``.

    Below *h* the chain rule applies the same linear map to the gradients of all tasks.
    So the gradient of the trunk's weights is exactly the one that belongs to the
    weights of the tasks in *d*. What is approximated is the choice of these weights:
    *A* sees lengths and angles of gradients at *h*, not at the weights of the trunk,
    whose gradients would fill tasks x features x units numbers. Most aggregators read
    the products of pairs of gradients alone, tasks x tasks numbers. Gradients are
    divided by the root of their mean squared length, so that a common factor of all
    losses does not change the weights.

    A task without a label in a batch is left out. An aggregator with a memory is given
    only batches with labels of all tasks, and the weights stay in others. A warm
    start keeps its memory; files do not store it. With many tasks PCGrad, GradVac
    and MGDA are slowest; CAGrad, FairGrad and NashMTL solve a problem in each step.

    Parameters
    ----------
    aggregator : str or torchjd.aggregation.Aggregator
        A name, such as "upgrad", "pcgrad", "cagrad" or "mgda"; or an object, of which
        each fit takes a copy. "pcd" gives priority to the first task.

    of : {"auto", "hidden", "offset"}, default="auto"
        "hidden": the hidden vectors of all rows. "offset": their sum over rows, which
        is the gradient of a constant added to them; shorter, and the same coordinates
        in each batch. "auto" is "offset" for ExcessMTL, which needs that, and "hidden"
        for all others.

    options : dict, default=None
        Arguments of an aggregator given by name, such as ``{"c": 0.2}`` of CAGrad;
        lists become tensors. Where TorchJD has no defaults, ours are ``c=0.4`` of
        CAGrad and ``alpha=2`` of FairGrad.

    share_power : float, default=0.5
        That of :class:`FixedWeights`, for :math:`\lambda_t`.

    Raises
    ------
    ImportError
        If TorchJD is not installed, or a solver that the aggregator needs.

    ValueError
        If there is no such name, or the aggregator does not take the options, or so
        many tasks; or if the tasks read no common vector.

    References
    ----------
    P. Quinton, V. Rey, "Jacobian descent for multi-objective optimization", 2024,
    arXiv:2406.16232; https://torchjd.org

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.balancing import GradientAggregation
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10, "kind": ["a", "a", "b", None] * 5}
    >>> balancing = GradientAggregation("pcgrad")
    >>> clf = MultiTaskTextClassifier(loss_weights=balancing, random_state=0)
    >>> clf = clf.fit(texts, labels)
    >>> shares = [clf.history_[-1][f"gradient_share_{t}"] for t in ("tone", "kind")]
    >>> round(sum(shares), 6)
    1.0
    """

    needs_representation = True
    _parameter_constraints = {
        **ShareCorrected._parameter_constraints,
        "aggregator": [str, HasMethods(["forward", "state_dict"])],
        "of": [StrOptions({"auto", "hidden", "offset"})],
        "options": [dict, None],
    }

    def __init__(
        self,
        aggregator: Any,
        *,
        of: str = "auto",
        options: dict[str, Any] | None = None,
        share_power: float = 0.5,
    ) -> None:
        super().__init__(share_power=share_power)
        self.aggregator = aggregator
        self.of = of
        self.options = options

    def check(self, task_names: Sequence[str]) -> None:
        self._validate_params()
        aggregator, _ = self._make(len(task_names))
        if self.of == "hidden" and type(aggregator).__name__ in BY_COORDINATE:
            raise ValueError(
                f"{type(aggregator).__name__} compares coordinates of gradients of "
                "different batches, whose rows have nothing in common. Use of='offset' "
                "or 'auto'."
            )
        kind = type(aggregator).__name__
        adds_up = (
            hasattr(aggregator, "gramian_weighting")
            or kind in (*BY_ANGLES, *BY_COORDINATE)
            or self.of == "offset"
        )
        if current_ranks() is not None and not adds_up:
            raise ValueError(
                f"{kind} reads the gradients of all rows of a batch, and with "
                "data_parallel each process has only those of its part. Use "
                "of='offset', another method, such as 'upgrad', or one process."
            )

    def _make(self, n_tasks):
        """Return an aggregator, and its weights of orthonormal gradients, summed."""
        own = [self.aggregator, self.options, n_tasks, "aggregation", "Aggregator"]
        aggregator = make(*own)
        try:
            # Tried on one of its own, which keeps no trace of it.
            with torch.random.fork_rng(devices=[]):
                total = float(make(*own)(torch.eye(n_tasks)).sum())
        except (RuntimeError, ValueError, TypeError) as error:
            raise ValueError(
                f"aggregator={self.aggregator!r} cannot be used for {n_tasks} tasks: "
                f"{error}"
            ) from error
        return aggregator, total

    def build(self, task_names: Sequence[str], labelled_share: Array) -> Balancer:
        aggregator, total = self._make(len(task_names))
        of = self.of
        if of == "auto":
            is_by_coordinate = type(aggregator).__name__ in BY_COORDINATE
            of = "offset" if is_by_coordinate else "hidden"
        return AggregatedGradients(
            aggregator,
            len(task_names) / total if total > 0 else 1.0,
            self.factors(task_names, labelled_share),
            of,
        )


class AggregatedGradients(ChangingWeights):
    """What an aggregator makes of the gradients at the hidden vectors.

    Parameters
    ----------
    aggregator : torchjd.aggregation.Aggregator

    scale : float
        Constant factor of the gradient.

    factors : ndarray of shape (n_tasks,)

    of : {"hidden", "offset"}
    """

    def __init__(self, aggregator, scale, factors, of):
        super().__init__(factors)
        self.aggregator, self.scale, self.of = aggregator, scale, of
        purpose = "balancing", "This loss_weights"
        kind = import_optional("torchjd", *purpose).Stateful
        self.has_memory = any(isinstance(part, kind) for part in aggregator.modules())
        kind = import_optional("torchjd.aggregation", *purpose).WeightedAggregator
        self.is_weighted = isinstance(aggregator, kind)
        for part in aggregator.modules():
            # A memory gets its shape in training, so a file could not be checked.
            for name, value in list(part._buffers.items()):
                part.register_buffer(name, value, persistent=False)

    def reset(self, seed=0):
        super().reset(seed)
        for part in self.aggregator.modules():
            if hasattr(part, "reset"):
                part.reset()

    def go_on_from(self, previous):
        super().go_on_from(previous)
        same = repr(previous.aggregator) == repr(self.aggregator)
        if same and len(previous.factors) == len(self.factors):
            self.aggregator = deepcopy(previous.aggregator)

    def backward(self, losses, penalties, output):
        corrected = losses * self.factors
        self.gradient_parts = None
        total = corrected.sum()
        for penalty in penalties.values():
            total = total + penalty
        with changed_gradients(corrected, output, self._change):
            total.backward()
        total = losses.detach() @ self.weights
        return total + sum(penalty.detach() for penalty in penalties.values())

    @torch.no_grad()
    def _change(self, gradients):
        """Return what the aggregated gradient adds to the sum of all gradients."""
        products = gramian(gradients)
        squares = products.diagonal()
        present = squares > 0
        direction = None
        n_present = int(present.sum())
        is_whole = n_present == len(present)
        if n_present and (is_whole or not self.has_memory) and squares.sum().isfinite():
            if is_whole:
                present = slice(None)
            direction = self._aggregate(gradients, products, present)
        self.gradient_parts = parts_of(self.multipliers, products)
        if direction is None:
            return torch.tensordot(self.multipliers - 1, gradients, 1)
        return direction - gradients.sum(0)

    def _aggregate(self, gradients, products, present):
        """Set the weights of the tasks that are present in the aggregated gradient.

        Returns
        -------
        direction : tensor of shape (n_rows, n_units) or None
            The aggregated gradient; None if it is the sum with these weights, or the
            aggregator finds no finite ones, so that they stay as they were.
        """
        own = gradients[present]
        products = products[present][:, present]
        rows = own.flatten(1)
        if self.of == "offset":
            rows = summed(own.sum(1))
            products = rows @ rows.T
        length = products.diagonal().mean().sqrt()
        of_gramian = getattr(self.aggregator, "gramian_weighting", None)
        direction = None
        if of_gramian is not None:
            products = products / length**2
            match_tensors(self.aggregator, products)
            weights = of_gramian(products)
        else:
            rows = rows / length
            if type(self.aggregator).__name__ in BY_ANGLES:
                rows = _in_own_basis(rows)
            match_tensors(self.aggregator, rows)
            if self.is_weighted:
                weights = self.aggregator.weighting(rows)
            else:
                direction = self.aggregator(rows)
                weights = torch.linalg.lstsq(rows.T, direction[:, None]).solution[:, 0]
        if not weights.isfinite().all():
            return None
        self.multipliers[present] = self.scale * weights
        if direction is None or len(direction) != gradients[0].numel():
            return None
        return (self.scale * length * direction).view_as(gradients[0])


def _in_own_basis(rows):
    """Return rows of the same lengths and angles, as long as they are many."""
    values, vectors = torch.linalg.eigh(summed(rows @ rows.T).double())
    return (vectors * values.clamp(min=0).sqrt()).to(rows)
