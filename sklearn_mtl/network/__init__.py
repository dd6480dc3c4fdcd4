"""Batches, input layers and other parts of networks."""

from ._batch import Cells, SparseBatch, TokenBatch
from ._dropout import Dropout
from ._input import input_layer, join_sparse_layers
from ._output import Output
from ._places import Places, TaskKeys
from ._recipe import Recipe
from ._spec import InputSpec

__all__ = [
    "Cells",
    "Dropout",
    "InputSpec",
    "Output",
    "Places",
    "Recipe",
    "SparseBatch",
    "TaskKeys",
    "TokenBatch",
    "input_layer",
    "join_sparse_layers",
]
