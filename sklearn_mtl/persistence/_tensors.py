"""Named arrays of numbers in one block of bytes: the safetensors format.

Eight bytes give the length of a header of JSON, which says for each array its type,
shape and place; then come the arrays, one behind the other without a gap.
"""

import json
import struct
from math import prod

import numpy as np

from ._errors import BadTensor, CannotSave

LONGEST_HEADER = 2**23
MOST_TENSORS = 20_000
# Names of types in the format, and those of numpy.
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
    """Whether the format has the type of an array."""
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
    # Wide types first, so that each array lies at a multiple of its item size.
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
            f"The classifier has {len(arrays)} arrays, and a model file at most "
            f"{MOST_TENSORS}. Only pickle is left."
        )
    text += b" " * (-(8 + len(text)) % 64)  # arrays then start where they can be mapped
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
        If the header is not such that each byte belongs to one array.
    """
    content = memoryview(content)
    if len(content) < 8:
        raise BadTensor(f"Arrays need a header, and there are {len(content)} bytes.")
    (length,) = struct.unpack_from("<Q", content)
    if length > min(LONGEST_HEADER, len(content) - 8):
        raise BadTensor(
            f"The header of arrays says that it has {length} bytes. {len(content)} "
            f"bytes are there, and {LONGEST_HEADER} are the most it may have."
        )
    header = _read_header(content[8 : 8 + length])
    data, arrays, place = content[8 + length :], {}, 0
    for name, (dtype, shape, start, stop) in header.items():
        if start != place:
            raise BadTensor(
                f"The array {name!r} starts at byte {start}, and the one before ends "
                f"at {place}: they overlap, or leave a gap."
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
                f"The array {name!r} holds truth values other than 0 and 1."
            )
        arrays[name] = array
    if place != len(data):
        raise BadTensor(f"{len(data) - place} bytes behind the arrays belong to none.")
    return arrays


def _read_header(text):
    text = bytes(text)
    # Before it is read: an object for each array, and one around them.
    if text.count(b"{") > MOST_TENSORS + 2:
        raise BadTensor(f"There are more than {MOST_TENSORS} arrays.")
    try:
        header = json.loads(text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise BadTensor(f"The header of arrays cannot be read: {error}.") from error
    if not isinstance(header, dict):
        raise BadTensor("The header of arrays must be an object of JSON.")
    header.pop("__metadata__", None)
    checked = {name: _entry(name, entry) for name, entry in header.items()}
    return dict(sorted(checked.items(), key=lambda item: item[1][2:]))


def _distinct(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def _entry(name, entry):
    """Check what the header says of an array."""
    wrong = BadTensor(f"The header of the array {name[:100]!r} makes no sense.")
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
