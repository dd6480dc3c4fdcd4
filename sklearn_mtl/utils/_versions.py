"""The version of this package in pickles that go from one process to another."""

import sys
from typing import Any

_KEY = "_sklearn_mtl_version"


def own_version() -> str:
    """Return the version of this package."""
    package: Any = sys.modules[__name__.partition(".")[0]]
    return str(package.__version__)


def with_version(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of an estimator, for a pickle, with the version."""
    return {**state, _KEY: own_version()}


def without_version(state: dict[str, Any], *, is_fitted: bool) -> dict[str, Any]:
    """Return the state in a pickle without the version.

    Parameters
    ----------
    state : dict

    is_fitted : bool
        A fitted estimator may come from an older version. One that is not fitted is
        sent to a worker, to be fitted there.

    Raises
    ------
    RuntimeError
        If an estimator that is not fitted comes from another version.
    """
    state = dict(state)
    sender, here = state.pop(_KEY, None), own_version()
    if sender not in (None, here) and not is_fitted:
        raise RuntimeError(
            f"This process has sklearn_mtl {here}, but was sent a classifier of "
            f"sklearn_mtl {sender} to fit: the workers of a cluster have different "
            "versions. Install the same version in all of them."
        )
    return state
