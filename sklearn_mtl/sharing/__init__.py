"""Sharing: which parameters the tasks have in common. Each scheme has its own file."""

from typing import Any

from sklearn.base import clone

from ._adversarial import AdversarialSharedPrivate
from ._base import BaseSharing
from ._hard import HardSharing
from ._mixture import MixtureOfExperts
from ._progressive import ProgressiveLayers
from ._separate import Separate
from ._shared_private import SharedPrivate

__all__ = [
    "AdversarialSharedPrivate",
    "BaseSharing",
    "HardSharing",
    "MixtureOfExperts",
    "ProgressiveLayers",
    "Separate",
    "SharedPrivate",
]

ALIASES = {
    "shared-private": SharedPrivate,
    "hard": HardSharing,
    "separate": Separate,
    "mmoe": MixtureOfExperts,
    "ple": ProgressiveLayers,
    "adversarial": AdversarialSharedPrivate,
}

# Maximum size in bytes of private paths with sharing="auto". A laptop can spare one
# gigabyte in addition to the texts: 300,000 features times 800 logits.
PRIVATE_BUDGET = 2**30


def resolve_sharing(
    sharing: Any, *, n_features: int | None, n_logits: Any, itemsize: int = 4
) -> BaseSharing:
    """Return the sharing for a parameter value.

    Parameters
    ----------
    sharing : {"auto", "shared-private", "hard", "separate", "mmoe", "ple", \
            "adversarial"} or BaseSharing
        "auto" is :class:`SharedPrivate` if its private paths fit into
        ``PRIVATE_BUDGET`` bytes, or else :class:`HardSharing`.

    n_features, n_logits : int
        Number of columns of the rows, and total number of logits of all tasks.

    itemsize : int, default=4
        Bytes of a weight.
    """
    if not isinstance(sharing, str):
        return clone(sharing)  # do not change the user's object
    if sharing == "auto":
        fits = n_features * n_logits * itemsize <= PRIVATE_BUDGET
        sharing = "shared-private" if fits else "hard"
    return ALIASES[sharing]()


def shares_trunk(sharing: Any, trunk: Any) -> bool:
    """Whether the tasks share a trunk."""
    return trunk is not None and getattr(_kind(sharing), "is_shared", True)


def has_representation(sharing: Any, trunk: Any) -> bool:
    """Whether all tasks read one hidden vector."""
    return trunk is not None and getattr(_kind(sharing), "has_representation", True)


def _kind(sharing):
    """Return the object or class for a parameter value.

    The two classes that "auto" may choose have the same class attributes.
    """
    return ALIASES.get(sharing, SharedPrivate) if isinstance(sharing, str) else sharing
