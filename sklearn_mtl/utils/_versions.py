"""The version of this package in pickles that go from one process to another."""

import sys
from typing import Any

_KEY = "_sklearn_mtl_version"
# Set on an estimator to fit that another version has sent.
_SENDER = "_sender_version"


def own_version() -> str:
    """Return the version of this package."""
    package: Any = sys.modules[__name__.partition(".")[0]]
    return str(package.__version__)


def with_version(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of an estimator, for a pickle, with the version."""
    return {**state, _KEY: own_version()}


def without_version(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state in a pickle without the version, but with a mark if it differs.

    An error in unpickling would not reach the caller: Dask's backend of joblib waits
    forever. So :func:`check_sender` raises it in ``fit``.
    """
    state = dict(state)
    sender = state.pop(_KEY, None)
    if sender not in (None, own_version()):
        state[_SENDER] = sender
    return state


def cloned_with_mark(estimator: Any, clone: Any) -> Any:
    """Give a clone the mark of an estimator."""
    if _SENDER in vars(estimator):
        setattr(clone, _SENDER, vars(estimator)[_SENDER])
    return clone


def check_sender(estimator: Any) -> None:
    """Raise a RuntimeError if another version has sent an estimator to be fitted.

    A fitted one may be older: it is fitted again by this version alone.
    """
    sender = vars(estimator).get(_SENDER)
    if sender is not None and not hasattr(estimator, "net_"):
        raise RuntimeError(
            f"This process has sklearn_mtl {own_version()}, but was sent a classifier "
            f"of sklearn_mtl {sender} to fit: the workers of a cluster have different "
            "versions. Install the same version in all of them."
        )
