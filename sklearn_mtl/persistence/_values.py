"""Scalar values, such as numbers, types and times, to JSON and back."""

import datetime
from math import isfinite
from pathlib import Path, PurePath

import numpy as np

from ._errors import BadState

CHANGED = "The file was damaged or changed; get it again."
_NUMBERS = "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64"
# Classes that may be parameters, such as the `dtype` of a vectorizer.
_CLASSES = {name: getattr(np, name) for name in (*_NUMBERS.split(), "bool_")} | {
    kind.__name__: kind for kind in (bool, int, float, str, object)
}
_KINDS = "biufUSOMm"


def _decode_float(node):
    return {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}[
        node["float"]
    ]


def _decode_slice(node):
    return slice(*node["slice"])


def _decode_number(node):
    dtype = dtype_of(node["dtype"], "biufMm")
    if dtype.kind in "Mm":
        return np.int64(node["number"]).view(dtype)
    return dtype.type(node["number"])


_TIMES = {
    "datetime": datetime.datetime,
    "date": datetime.date,
    "time": datetime.time,
}


def _decode_time(node):
    if node["kind"] == "timedelta":
        return datetime.timedelta(*node["time"])
    return _TIMES[node["kind"]].fromisoformat(node["time"])


def _decode_missing(node):
    import pandas

    return {"NA": pandas.NA, "NaT": pandas.NaT}[node["missing"]]


def dtype_of(name, kinds):
    # numpy would convert names such as "f8,f8" to structured types.
    if not isinstance(name, str) or len(name) > 30 or "," in name:
        raise BadState(f"{name!r:.50} is not an array type. {CHANGED}")
    dtype = np.dtype(name)
    if dtype.kind not in kinds or dtype.shape:
        raise BadState(f"{name!r:.50} is not a supported type of this array. {CHANGED}")
    return dtype


def encode_value(value):
    """Return the tree of a scalar value, or None for other values."""
    if isinstance(value, np.generic) and value.dtype.kind in "biufUMm":
        if value.dtype.kind == "U":
            return str(value)
        if value.dtype.kind in "Mm":
            return {"number": int(value.view(np.int64)), "dtype": value.dtype.str}
        number = value.item()
        if isinstance(number, float) and not isfinite(number):
            number = repr(number)
        return {"number": number, "dtype": value.dtype.str}
    if isinstance(value, np.dtype) and value.kind in _KINDS and not value.shape:
        return {"dtype": value.str if value.kind != "O" else "object"}
    if isinstance(value, type):
        for name, kind in _CLASSES.items():
            if kind is value:
                return {"class": name}
    if isinstance(value, PurePath):
        return {"path": str(value)}
    if isinstance(value, slice):
        parts = [value.start, value.stop, value.step]
        if all(part is None or type(part) in (int, str) for part in parts):
            return {"slice": parts}
    if type(value).__name__ in ("NAType", "NaTType"):
        return {"missing": type(value).__name__[:-4]}
    for name, kind in _TIMES.items():
        if type(value) is kind:
            return {"time": value.isoformat(), "kind": name}
    if type(value) is datetime.timedelta:
        parts = [value.days, value.seconds, value.microseconds]
        return {"time": parts, "kind": "timedelta"}
    return None


READERS = {
    "float": _decode_float,
    "number": _decode_number,
    "class": lambda node: _CLASSES[node["class"]],
    "dtype": lambda node: dtype_of(node["dtype"], _KINDS),
    "slice": _decode_slice,
    "time": _decode_time,
    "missing": _decode_missing,
    "path": lambda node: Path(node["path"]),
}
