"""Batches, input layers and other parts of networks."""

from ._output import Output
from ._recipe import Recipe
from ._spec import InputSpec

__all__ = ["InputSpec", "Output", "Recipe"]
