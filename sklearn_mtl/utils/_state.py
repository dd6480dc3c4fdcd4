"""Atomic changes of the fitted attributes."""

from collections.abc import Callable
from copy import copy
from functools import wraps
from typing import Any, TypeVar, cast

Method = TypeVar("Method", bound=Callable[..., Any])


def fitted_attributes(estimator: Any) -> dict[str, Any]:
    """Return the fitted attributes, ``_n_features_out`` included."""
    return {
        name: value
        for name, value in vars(estimator).items()
        if (name.endswith("_") and not name.startswith("_"))
        or name == "_n_features_out"
    }


def without_fit(estimator: Any) -> Any:
    """Return a shallow copy without fitted attributes."""
    fresh = copy(estimator)
    for name in fitted_attributes(fresh):
        delattr(fresh, name)
    return fresh


class NetOfStream:
    """The attribute ``net_`` of an estimator that has none itself, but a stream."""

    def __get__(self, estimator: Any, kind: Any = None) -> Any:
        stream = None if estimator is None else vars(estimator).get("stream_")
        if stream is None:
            raise AttributeError("The estimator has no attribute 'net_' before fit.")
        return stream.fitted


def without_stream(estimator: Any) -> Any:
    """Return a shallow copy that has the net of its stream, but not the stream."""
    fresh = copy(estimator)
    if "stream_" in vars(fresh):
        fresh.net_ = fresh.net_
        del fresh.stream_
    return fresh


def take_over(estimator: Any, fresh: Any) -> None:
    """Replace the fitted attributes of an estimator with those of a fitted copy.

    Uses a single assignment: after an interrupt, or in another thread, the state always
    comes from one of the two fits.
    """
    old = fitted_attributes(estimator)
    state = {name: value for name, value in vars(estimator).items() if name not in old}
    estimator.__dict__ = state | fitted_attributes(fresh)


def fits_aside(fit: Method) -> Method:
    """Make a method fit a copy, and take over its attributes at the end."""

    @wraps(fit)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        fresh = without_fit(self)
        result = fit(fresh, *args, **kwargs)
        take_over(self, fresh)
        return self if result is fresh else result

    return cast(Method, method)


def reads_one_fit(read: Method) -> Method:
    """Make a method read the attributes of one fit, even if other threads fit."""

    @wraps(read)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return read(copy(self), *args, **kwargs)

    return cast(Method, method)
