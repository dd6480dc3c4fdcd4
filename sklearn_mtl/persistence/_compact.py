"""Compact weights: 16-bit floats, or 8-bit integers with one scale per row.

A weight with fewer than `SMALLEST` numbers keeps its type, because compacting would
save nothing. A row consists of all numbers with the same first index. Rows of 8-bit
integers are multiplied by their scales, in the array of the same name with the suffix
``.scale``.
"""

import numpy as np

from ._errors import BadTensor, CannotSave

DTYPES = ("float32", "float16", "int8")
SMALLEST = 10_000
SCALE = ".scale"
_MOST = 127
ROWS_AT_ONCE = 2**14


def compact(weights, dtype):
    """Return weights in the type in which they are stored.

    Parameters
    ----------
    weights : dict of {str: ndarray}

    dtype : {"float32", "float16", "int8"}
        "float32" leaves the weights unchanged.

    Returns
    -------
    weights : dict of {str: ndarray}

    Raises
    ------
    CannotSave
        If a weight is too large for 16 bits.

    ValueError
        If `dtype` is unknown.
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {DTYPES}. Got {dtype!r}.")
    if dtype == "float32":
        return weights
    found = {}
    for name, array in weights.items():
        if array.dtype.kind != "f" or array.size < SMALLEST:
            found[name] = array
        elif array.ndim < 2:
            found[name] = array.astype(np.float32)
        elif dtype == "float16":
            found[name] = _half(name, array)
        else:
            found[name], found[name + SCALE] = _quantized(array)
    return found


def _half(name, array):
    largest = max(array.max(), -array.min())
    if largest > np.finfo(np.float16).max:
        raise CannotSave(
            f"The weight {name!r} contains {largest:.3g}, too large for 16-bit floats. "
            "Use dtype='float32' or 'int8'."
        )
    return array.astype(np.float16)


def _quantized(array):
    """Return 8-bit integers, and the scale of each row."""
    rows = array.reshape(len(array), -1)
    integers = np.empty(rows.shape, dtype=np.int8)
    scales = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        own = rows[part]
        largest = np.abs(own).max(axis=1).astype(np.float32)
        scales[part] = largest / np.float32(_MOST)
        factors = np.divide(
            _MOST, largest, out=np.zeros_like(largest), where=largest > 0
        )
        integers[part] = np.rint(own * factors[:, None])
    return integers.reshape(array.shape), scales


def expand(weights, stored, dtype=None):
    """Return the weights as floats.

    Parameters
    ----------
    weights : dict of {str: ndarray}
        Weights from `compact`.

    stored : {"float32", "float16", "int8"}
        The `dtype` that `compact` was called with.

    dtype : {"float32", "float64"}, default=None
        The type of all floats. None converts compacted weights to float32 and leaves
        the others unchanged.

    Returns
    -------
    weights : dict of {str: ndarray}

    Raises
    ------
    BadTensor
        If integers and scales do not match.
    """
    if stored == "float32":
        return weights
    found = {}
    for name, array in weights.items():
        if array.dtype == np.float16:
            found[name] = array.astype(dtype or np.float32)
        elif name + SCALE in weights:
            scales = weights[name + SCALE]
            found[name] = _multiplied(name, array, scales, dtype or np.float32)
        elif not (name.endswith(SCALE) and name.removesuffix(SCALE) in weights):
            is_float = dtype is not None and array.dtype.kind == "f"
            found[name] = array.astype(dtype) if is_float else array
    return found


def _multiplied(name, integers, scales, dtype):
    if (
        integers.dtype != np.int8
        or not integers.ndim
        or (scales.shape != integers.shape[:1] or scales.dtype != np.float32)
    ):
        raise BadTensor(
            f"The scales of the array {name!r} do not match its shape or type. Get the "
            "file again."
        )
    rows = integers.reshape(len(integers), -1).astype(dtype)
    rows *= scales[:, None].astype(dtype)
    return rows.reshape(integers.shape)
