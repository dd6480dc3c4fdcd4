"""Named arrays of numbers in one block of bytes: the safetensors format.

Eight bytes give the length of a JSON header with the type, shape and position of each
array. The arrays follow without gaps.
"""

import json
import struct
from math import prod

import numpy as np

from ._errors import BadTensor, CannotSave

LONGEST_HEADER = 2**23
MOST_TENSORS = 20_000
# Names of types in the format, and in numpy.
DTYPES = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
}
_NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


def is_storable(array):
    """Whether the format supports the type of an array."""
    return array.dtype.newbyteorder("<") in _NAMES


def to_bytes(arrays):
    """Return arrays as pieces of bytes.

    Parameters
    ----------
    arrays : dict of {str: ndarray}

    Returns
    -------
    pieces : list of bytes-like
    """
    # Wide types first, so that each array is aligned to its item size.
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header, pieces, place = {}, [], 0
    for name in order:
        array = np.ascontiguousarray(arrays[name])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        header[name] = {
            "dtype": _NAMES[array.dtype],
            "shape": list(arrays[name].shape),
            "data_offsets": [place, place + array.nbytes],
        }
        if array.nbytes:
            pieces.append(memoryview(array.reshape(-1).view(np.uint8)))
        place += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    if len(arrays) > MOST_TENSORS or len(text) >= LONGEST_HEADER:
        raise CannotSave(
            f"The classifier has {len(arrays)} arrays, but a model file can have at "
            f"most {MOST_TENSORS}. Use pickle instead."
        )
    text += b" " * (-(8 + len(text)) % 64)  # aligns arrays, so that they can be mapped
    return [struct.pack("<Q", len(text)), text, *pieces]


def from_bytes(content):
    """Return the arrays in a block of bytes, as views of it.

    Parameters
    ----------
    content : bytes-like

    Returns
    -------
    arrays : dict of {str: ndarray}

    Raises
    ------
    BadTensor
        Unless the header assigns each byte to exactly one array.
    """
    content = memoryview(content)
    if len(content) < 8:
        raise BadTensor(
            f"The arrays have no header: there are only {len(content)} bytes."
        )
    (length,) = struct.unpack_from("<Q", content)
    if length > min(LONGEST_HEADER, len(content) - 8):
        raise BadTensor(
            f"The header of the arrays claims to have {length} bytes, but there are "
            f"{len(content)} bytes, and at most {LONGEST_HEADER} are allowed."
        )
    header = _read_header(content[8 : 8 + length])
    data, arrays, place = content[8 + length :], {}, 0
    for name, (dtype, shape, start, stop) in header.items():
        if start != place:
            raise BadTensor(
                f"The array {name!r} starts at byte {start}, but the previous one ends "
                f"at {place}: they overlap or leave a gap."
            )
        place = stop
        size = prod(shape)
        if stop - start != size * dtype.itemsize or stop > len(data):
            raise BadTensor(
                f"The array {name!r} of shape {shape} does not fit into bytes {start} "
                f"to {stop} of {len(data)}."
            )
        array = np.frombuffer(data[start:stop], dtype).reshape(shape)
        if dtype.kind == "b" and array.view(np.uint8).max(initial=0) > 1:
            raise BadTensor(
                f"The array {name!r} contains bool values other than 0 and 1."
            )
        arrays[name] = array
    if place != len(data):
        raise BadTensor(
            f"{len(data) - place} bytes after the arrays belong to none of them."
        )
    return arrays


def _read_header(text):
    text = bytes(text)
    # Check before parsing: one JSON object per array, and one around them.
    if text.count(b"{") > MOST_TENSORS + 2:
        raise BadTensor(f"There are more than {MOST_TENSORS} arrays.")
    try:
        header = json.loads(text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise BadTensor(
            f"The header of the arrays cannot be parsed: {error}."
        ) from error
    if not isinstance(header, dict):
        raise BadTensor("The header of the arrays must be a JSON object.")
    header.pop("__metadata__", None)
    checked = {name: _entry(name, entry) for name, entry in header.items()}
    return dict(sorted(checked.items(), key=lambda item: item[1][2:]))


def _distinct(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _entry(name, entry):
    """Check the header entry of an array."""
    wrong = BadTensor(f"The header entry of the array {name[:100]!r} is not valid.")
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise wrong
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise BadTensor(
            f"The array {name[:100]!r} has the unknown type {dtype!r:.100}."
        )
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or not all(
            type(number) is int and 0 <= number < 2**48 for number in numbers
        ):
            raise wrong
    if len(offsets) != 2 or offsets[1] < offsets[0] or len(shape) > 8:
        raise wrong
    return np.dtype(DTYPES[dtype]), tuple(shape), *offsets
