"""Fitted state that changes as a whole, or not at all."""

from copy import copy
from functools import wraps


def fitted_attributes(estimator):
    """Return what fit has set, a private attribute of scikit-learn's included."""
    return {
        name: value
        for name, value in vars(estimator).items()
        if (name.endswith("_") and not name.startswith("_"))
        or name == "_n_features_out"
    }


def without_fit(estimator):
    """Return a shallow copy that has not been fitted."""
    fresh = copy(estimator)
    for name in fitted_attributes(fresh):
        delattr(fresh, name)
    return fresh


def take_over(estimator, fresh):
    """Give an estimator what a fit of its copy has set, and nothing of before.

    In one step: whatever interrupts it, and whoever predicts in another thread, finds
    one of the two fits whole.
    """
    old = fitted_attributes(estimator)
    state = {name: value for name, value in vars(estimator).items() if name not in old}
    estimator.__dict__ = state | fitted_attributes(fresh)


def fits_aside(fit):
    """Make a method fit a copy, whose fit the estimator takes over at the end."""

    @wraps(fit)
    def method(self, *args, **kwargs):
        fresh = without_fit(self)
        result = fit(fresh, *args, **kwargs)
        take_over(self, fresh)
        return self if result is fresh else result

    return method


def reads_one_fit(read):
    """Make a method read one fit, whatever other threads fit meanwhile."""

    @wraps(read)
    def method(self, *args, **kwargs):
        return read(copy(self), *args, **kwargs)

    return method
