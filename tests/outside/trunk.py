"""A trunk of a user: two hidden layers over sparse rows."""

from dataclasses import replace
from numbers import Integral

from sklearn.utils._param_validation import Interval
from torch import nn

from sklearn_mtl.network import input_layer
from sklearn_mtl.trunks import BaseTrunk


class TwoLayers(BaseTrunk):
    """Input layer, rectifier, dense layer, rectifier.

    Parameters
    ----------
    n_hidden : int, default=16
        Units of the first layer.

    n_units : int, default=8
        Units of the second, which the tasks read.
    """

    reads_sparse = True
    _parameter_constraints = {
        "n_hidden": [Interval(Integral, 1, None, closed="left")],
        "n_units": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, n_hidden=16, n_units=8):
        self.n_hidden = n_hidden
        self.n_units = n_units

    def recipe(self, spec):
        return replace(super().recipe(spec), epochs=4)

    def build(self, spec):
        return nn.Sequential(
            input_layer(spec, self.n_hidden, init_range=0.1),
            nn.ReLU(),
            nn.Linear(self.n_hidden, self.n_units),
            nn.ReLU(),
        )
