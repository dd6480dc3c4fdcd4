"""A user-defined torch module as the trunk."""

from numbers import Integral
from typing import Any

from torch import nn

from ..network._recipe import MODULES, Recipe
from ..network._spec import InputSpec
from ..utils._compat import Interval, StrOptions
from ._base import BaseTrunk


class ModuleTrunk(BaseTrunk):
    """Use your own network to map rows to a hidden vector.

    Parameters
    ----------
    module : callable
        A class of :class:`torch.nn.Module`, or a function that returns such a module.
        It is called with the number of features (or of token ids) and with `params` as
        keyword arguments, and must return a module with new weights. Define it in an
        importable module, so that estimators can be pickled.

    n_units : int
        Width of the output, a tensor of shape (n_rows, n_units).

    reads : {"dense", "tokens", "sparse"}, default="dense"
        Input of the module. "dense": a tensor of shape (n_rows, n_features). "tokens":
        two tensors, token ids of shape (n_rows, longest), padded with 0, and lengths of
        shape (n_rows,). "sparse": a :class:`~sklearn_mtl.network.SparseBatch`, the
        arrays of a CSR matrix.

    params : dict, default=None
        Keyword arguments for `module`.

    Raises
    ------
    TypeError
        In ``fit``, if `module` does not return a torch module.

    See Also
    --------
    ConvTrunk, RecurrentTrunk, AttentionTrunk : Networks over tokens.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.trunks import ModuleTrunk
    >>> class Deep(nn.Sequential):
    ...     def __init__(self, n_features, n_hidden):
    ...         super().__init__(
    ...             nn.Linear(n_features, n_hidden),
    ...             nn.ReLU(),
    ...             nn.Linear(n_hidden, 16),
    ...             nn.ReLU(),
    ...         )
    >>> trunk = ModuleTrunk(Deep, n_units=16, params={"n_hidden": 32})
    >>> clf = MultiTaskTextClassifier(trunk=trunk)
    """

    is_opaque = True
    _parameter_constraints = {
        "module": [callable],
        "n_units": [Interval(Integral, 1, None, closed="left")],
        "reads": [StrOptions({"dense", "tokens", "sparse"})],
        "params": [dict, None],
    }

    def __init__(
        self, module: Any, *, n_units: int, reads: str = "dense", params: Any = None
    ) -> None:
        self.module = module
        self.n_units = n_units
        self.reads = reads
        self.params = params

    @property
    def reads_sparse(self) -> bool:  # type: ignore[override]
        return self.reads != "dense"

    @property
    def reads_tokens(self) -> bool:  # type: ignore[override]
        return self.reads == "tokens"

    def recipe(self, spec: InputSpec) -> Recipe:
        return MODULES if spec.is_bag else super().recipe(spec)

    def build(self, spec: InputSpec) -> nn.Module:
        self._validate_params()
        module = self.module(spec.n_features, **(self.params or {}))
        if not isinstance(module, nn.Module):
            raise TypeError(
                "The module of ModuleTrunk must return a torch.nn.Module. Got "
                f"{type(module).__name__}."
            )
        return OnPadded(module) if self.reads_tokens else module


class OnPadded(nn.Module):
    """Passes the padded ids of a batch and the lengths of its texts to a module."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, batch):
        return self.module(*batch.padded())
