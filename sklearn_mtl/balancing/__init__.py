"""Balancing: how task losses become one gradient, a file for each method.

Names of `loss_weights`, and the classes behind them:

"auto"
    :class:`FixedWeights`: weights that you set, or equal ones.
"uncertainty", "dwa", "random"
    :class:`UncertaintyWeights`, :class:`DynamicWeightAverage` and
    :class:`RandomWeights` set weights from the losses alone.
"gradnorm", "db-mtl"
    :class:`GradNorm` and :class:`DualBalancing` set them from the gradients of tasks
    at the hidden vector that all tasks read.
"validation"
    :class:`ValidationWeights` sets them so that steps lower the loss of held-out rows.
"cosmos", "famo", "geometric-mean", "imtl-l", "pbi", "stch", "uw"
    :class:`LossScalarization`: TorchJD's methods for losses; extra ``balancing``.
"aligned-mtl", "cagrad", "config", "dual-proj", "excess-mtl", "fair-grad", "grad-drop",
"grad-vac", "imtl-g", "mgda", "nash-mtl", "pcd", "pcgrad", "upgrad"
    :class:`GradientAggregation`: TorchJD's methods for gradients; extra ``balancing``.

:class:`ScheduledWeights` changes weights from epoch to epoch.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ._aggregation import AGGREGATORS, GradientAggregation
from ._average import DynamicWeightAverage
from ._base import Balancer, BaseBalancing
from ._drawn import RandomWeights
from ._dual import DualBalancing
from ._fixed import FixedWeights
from ._gradnorm import GradNorm
from ._scalarization import SCALARIZERS, LossScalarization
from ._schedule import ScheduledWeights
from ._uncertainty import UncertaintyWeights
from ._validation import ValidationWeights

__all__ = [
    "Balancer",
    "BaseBalancing",
    "DualBalancing",
    "DynamicWeightAverage",
    "FixedWeights",
    "GradNorm",
    "GradientAggregation",
    "LossScalarization",
    "RandomWeights",
    "ScheduledWeights",
    "UncertaintyWeights",
    "ValidationWeights",
]

# Makes the balancing of each name; the last two lines need the extra `balancing`.
BALANCING_ALIASES: dict[str, Callable[[], BaseBalancing]] = {
    "auto": FixedWeights,
    "uncertainty": UncertaintyWeights,
    "dwa": DynamicWeightAverage,
    "random": RandomWeights,
    "gradnorm": GradNorm,
    "db-mtl": DualBalancing,
    "validation": ValidationWeights,
    **{name: partial(LossScalarization, name) for name in SCALARIZERS},
    **{name: partial(GradientAggregation, name) for name in AGGREGATORS},
}


def resolve_balancing(loss_weights: Any) -> BaseBalancing:
    """Return the balancing that a parameter value stands for.

    Parameters
    ----------
    loss_weights : str, None, dict, array-like or BaseBalancing
        "auto" is ``FixedWeights()``, other names are in ``BALANCING_ALIASES``; None
        weights all cells equally; a dict or an array in task order holds the weights of
        :class:`FixedWeights`.
    """
    if isinstance(loss_weights, BaseBalancing):
        return loss_weights
    if loss_weights is None:
        return FixedWeights(share_power=0)
    if isinstance(loss_weights, str):
        return BALANCING_ALIASES[loss_weights]()
    if isinstance(loss_weights, Mapping):
        return FixedWeights(dict(loss_weights))
    return FixedWeights(loss_weights)


def check_balancing(
    loss_weights: Any, task_names: Sequence[str], *, has_vector: bool
) -> None:
    """Raise a ValueError if loss weights do not suit the tasks or the network.

    Parameters
    ----------
    loss_weights : as for :func:`resolve_balancing`

    task_names : list of str

    has_vector : bool
        Whether all tasks read one hidden vector.
    """
    balancing = resolve_balancing(loss_weights)
    balancing.check(task_names)
    if balancing.needs_representation and not has_vector:
        raise ValueError(
            f"loss_weights={loss_weights!r} works on gradients of the hidden vector "
            "that all tasks read; this sharing and trunk have none. Use a trunk, and "
            "'auto', 'shared-private' or 'hard' sharing; or a method that needs only "
            "losses, such as 'uncertainty'."
        )
