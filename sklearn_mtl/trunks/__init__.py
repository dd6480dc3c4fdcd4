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
    """Whether a trunk (object or alias) reads sequences of token ids."""
    return _attribute_of(trunk, "reads_tokens")


def weighs_tokens(trunk: Any) -> bool:
    """Whether a trunk applies supervised term weights to its embeddings."""
    return _attribute_of(trunk, "plain_embeddings")


def _attribute_of(trunk, name):
    if isinstance(trunk, str):
        trunk = TRUNK_ALIASES.get(trunk)  # "auto" has no class yet
    return getattr(trunk, name, False)


def resolve_trunk(
    trunk: Any, *, sparse: bool, n_units: int | None = None
) -> BaseTrunk | None:
    """Return the trunk for a parameter value, or None for no trunk.

    Parameters
    ----------
    trunk : "auto", an alias, BaseTrunk or None

    sparse : bool
        Whether the rows are sparse. "auto" depends on it.

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
        trunk = clone(trunk)  # do not change the user's object
    if sparse and not trunk.reads_sparse:
        raise ValueError(
            f"{type(trunk).__name__} reads dense rows, but X or the vectorizer gives "
            "sparse rows, which are never converted. Use trunk='bag', or a vectorizer "
            "with dense output."
        )
    return trunk
