"""Trunks: the part of the network that maps rows to a hidden vector."""

from typing import Any

from sklearn.base import clone

from ._attention import AttentionTrunk
from ._bag import BagTrunk
from ._base import BaseTrunk
from ._conv import ConvTrunk
from ._dense import DenseTrunk
from ._module import ModuleTrunk
from ._recurrent import RecurrentTrunk
from ._sequence import SequenceTrunk

__all__ = [
    "AttentionTrunk",
    "BagTrunk",
    "BaseTrunk",
    "ConvTrunk",
    "DenseTrunk",
    "ModuleTrunk",
    "RecurrentTrunk",
    "SequenceTrunk",
]

TRUNK_ALIASES = {
    "bag": BagTrunk,
    "dense": DenseTrunk,
    "conv": ConvTrunk,
    "recurrent": RecurrentTrunk,
    "attention": AttentionTrunk,
}


def reads_tokens(trunk: Any) -> bool:
    """Whether a trunk, an object or an alias, reads sequences of token ids."""
    return _says(trunk, "reads_tokens")


def weighs_tokens(trunk: Any) -> bool:
    """Whether a trunk applies supervised term weights to its embeddings."""
    return _says(trunk, "plain_embeddings")


def _says(trunk, name):
    if isinstance(trunk, str):
        trunk = TRUNK_ALIASES.get(trunk)  # "auto" has no class yet
    return getattr(trunk, name, False)


def resolve_trunk(
    trunk: Any, *, sparse: bool, n_units: int | None = None
) -> BaseTrunk | None:
    """Return the trunk that a parameter value stands for, or None for no trunk.

    Parameters
    ----------
    trunk : "auto", an alias, BaseTrunk or None

    sparse : bool
        Whether the rows are sparse; "auto" chooses the trunk by it.

    n_units : int, default=None
        Width of the trunk that "auto" chooses for sparse rows; None means its default.

    Raises
    ------
    ValueError
        If the rows are sparse and the trunk reads dense rows.
    """
    if trunk is None:
        return None
    if isinstance(trunk, str):
        alias = ("bag" if sparse else "dense") if trunk == "auto" else trunk
        is_auto, trunk = trunk == "auto", TRUNK_ALIASES[alias]()
        if is_auto and sparse and n_units is not None:
            trunk.n_units = n_units
    else:
        trunk = clone(trunk)  # parameters of the user are not changed
    if sparse and not trunk.reads_sparse:
        raise ValueError(
            f"{type(trunk).__name__} reads dense rows and the rows are sparse, which "
            "are never made dense. Use trunk='bag', or a vectorizer with dense output."
        )
    return trunk
