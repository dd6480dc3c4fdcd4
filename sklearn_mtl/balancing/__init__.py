"""Balancing: how task losses become one gradient, a file for each method."""

from collections.abc import Mapping
from typing import Any

from ._base import Balancer, BaseBalancing
from ._fixed import FixedWeights

__all__ = [
    "Balancer",
    "BaseBalancing",
    "FixedWeights",
]

BALANCING_ALIASES = {"auto": FixedWeights}


def resolve_balancing(loss_weights: Any) -> BaseBalancing:
    """Return the balancing that a parameter value stands for.

    Parameters
    ----------
    loss_weights : "auto", None, dict, array-like or BaseBalancing
        "auto" is ``FixedWeights()``; None weights all cells equally; a dict or an array
        in task order holds the weights of :class:`FixedWeights`.
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
