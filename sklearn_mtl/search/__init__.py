"""Searches for loss weights that train all candidates of a fold at once."""

from ._choice import best_where, pareto_front
from ._halving import HalvingLossWeightSearchCV
from ._loss_weights import LossWeightSearchCV

__all__ = [
    "HalvingLossWeightSearchCV",
    "LossWeightSearchCV",
    "best_where",
    "pareto_front",
]
