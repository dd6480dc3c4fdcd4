"""Batches, input layers, and what networks are built from."""

from ._output import Output
from ._recipe import Recipe
from ._spec import InputSpec

__all__ = ["InputSpec", "Output", "Recipe"]
