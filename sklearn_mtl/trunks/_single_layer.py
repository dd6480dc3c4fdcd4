"""The trunk of one hidden layer, over sparse or dense rows."""

from numbers import Integral, Real

from torch import nn

from ..network._dropout import Dropout
from ..network._input import input_layer
from ..utils._compat import Interval, StrOptions
from ._base import BaseTrunk


class SingleLayerTrunk(BaseTrunk):
    """Input layer, ReLU and dropout; parameters ``n_units`` and ``dropout``.

    Attributes
    ----------
    init_range : float
        The input weights start uniformly in ``[-init_range, init_range]``.
    """

    may_change = ("dropout",)
    _parameter_constraints = {
        "n_units": [Interval(Integral, 1, None, closed="left")],
        "dropout": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
    }

    def build(self, spec):
        self._validate_params()
        dropout = self.dropout
        if dropout == "auto":
            dropout = 0.0 if spec.is_small or spec.is_few else 0.3
        return nn.Sequential(
            input_layer(spec, self.n_units, init_range=self.init_range),
            nn.ReLU(),
            Dropout(dropout),
        )
