"""Trunks: the shared part of the network, from input rows to a hidden vector."""

from sklearn.base import clone

from ._bag import BagTrunk
from ._base import BaseTrunk
from ._dense import DenseTrunk

__all__ = ["BagTrunk", "BaseTrunk", "DenseTrunk", "resolve_trunk"]

_ALIASES = {"bag": BagTrunk, "dense": DenseTrunk}


def resolve_trunk(trunk, *, sparse):
    """Return the trunk that a parameter value stands for, or None for no trunk.

    Parameters
    ----------
    trunk : {"auto", "bag", "dense"}, BaseTrunk or None

    sparse : bool
        Whether the rows are sparse; "auto" picks the trunk that reads them.

    Raises
    ------
    ValueError
        If a trunk over dense rows is asked to read sparse ones.
    """
    if trunk is None:
        return None
    if isinstance(trunk, str):
        alias = ("bag" if sparse else "dense") if trunk == "auto" else trunk
        trunk = _ALIASES[alias]()
    else:
        trunk = clone(trunk)  # as scikit-learn treats what it is given
    if sparse and not trunk.reads_sparse:
        raise ValueError(
            f"{type(trunk).__name__} reads dense rows and the rows are sparse, which "
            "are never made dense. Use trunk='bag', or a vectorizer with dense output."
        )
    return trunk
