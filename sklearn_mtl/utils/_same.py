"""Comparison of parameter values."""

import numpy as np


def is_same(a, b):
    """Compare two values of a parameter, also arrays and containers of arrays.

    Parameters
    ----------
    a, b : object

    Returns
    -------
    same : bool
    """
    if _is_array(a) or _is_array(b):
        return np.array_equal(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(is_same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(is_same, a, b))
    if a is b or type(a) is not type(b) or callable(a):
        return a is b or a == b
    if type(a).__eq__ is object.__eq__ and hasattr(a, "__dict__"):
        return is_same(vars(a), vars(b))
    return a == b


def _is_array(value):
    # Also true for tensors and Series.
    return hasattr(value, "__array__") and not isinstance(value, type)
