"""Known objects to JSON and named arrays, and back. All other objects are refused.

Plain JSON values are stored as they are. Every JSON object has one of these forms:

==========================================  ============================================
``{"float": "nan"}``                        NaN, or "inf", "-inf"
``{"tuple": [...]}``, "set", "frozenset"    collections other than lists
``{"dict": [[key, value], ...]}``           a dict
``{"places": [...]}``                       a dict from texts to 0, 1, 2, ...
``{"array": name, "dtype": dtype}``         an array of numbers, truth values or times
``{"list": [...], "dtype": dtype}``         a 1-D array of anything else, such as texts,
                                            or with "shape" an array with NaN
``{"texts": name, "separator": text,        a list of texts, joined in an array of
"size": n}``                                UTF-8 bytes
``{"number": value, "dtype": dtype}``       a scalar of numpy
``{"dtype": name}``, ``{"class": name}``    a dtype; the class of scalars of numpy
``{"time": text, "kind": kind}``            a date, datetime, time or timedelta
``{"missing": "NA"}``                       pandas.NA, or "NaT"
``{"slice": [start, stop, step]}``          a slice
``{"path": text}``                          a pathlib.Path
``{"frame": library, "columns": [...]}``    a frame of zero rows, see `_frames`
``{"type": name, "state": {...}}``          an object of a class in the registry
``{"object": number, "class": name}``       an object of another class, in skops' form
==========================================  ============================================

A name is never imported. It is looked up in tables of this package.
"""

from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from . import _tensors
from ._errors import BadState, CannotSave, ModelFileError
from ._frames import decode_frame, encode_frame
from ._values import CHANGED, READERS, dtype_of, encode_value

DEEPEST = 40
# Lists of at least this many texts are stored in an array.
MANY_TEXTS = 1000
_COLLECTIONS = {"tuple": tuple, "set": set, "frozenset": frozenset}


class Entry(NamedTuple):
    """How objects of a class are stored.

    Attributes
    ----------
    kind : type

    get : callable
        Maps an object to its state, a dict.

    make : callable
        Maps a state, whose values are decoded objects, to an object.
    """

    kind: type
    get: Any
    make: Any


@dataclass
class Encoder:
    """Converts objects to a tree.

    Parameters
    ----------
    registry : dict of {str: Entry}

    keep_object : callable, default=None
        Called with an object of a class that is not in the registry and with its place;
        returns its number.

    Attributes
    ----------
    arrays : dict of {str: ndarray}
    """

    registry: dict
    keep_object: Any = None
    arrays: dict = field(default_factory=dict)

    def __post_init__(self):
        self._names = {entry.kind: name for name, entry in self.registry.items()}
        self._kept = {}  # objects referenced twice are stored once

    def encode(self, value, place, depth=0):
        """Return a value as a tree.

        Parameters
        ----------
        value : object

        place : str
            Name of the value, for array names and messages.

        depth : int, default=0
            Nesting depth of the value.

        Raises
        ------
        CannotSave
            If the value or a part of it cannot be stored.
        """
        if depth > DEEPEST:
            raise CannotSave(
                f"{place[:200]} is nested too deeply for a model file. Use fewer "
                "levels."
            )
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if isfinite(value) else {"float": repr(value)}
        if kind is list:
            return self._list(value, place, depth)
        if kind in (tuple, set, frozenset):
            items = value if kind is tuple else _in_order(value)
            return {kind.__name__: self._items(items, place, depth)}
        if kind is dict:
            return self._dict(value, place, depth)
        if kind is np.ndarray:
            return self._array(value, place, depth)
        if kind in self._names:
            name = self._names[kind]
            state = self.registry[name].get(value).items()
            state = {k: self.encode(v, f"{place}.{k}", depth + 1) for k, v in state}
            return {"type": name, "state": state}
        simple = encode_value(value)
        if simple is not None:
            return simple
        if kind.__name__ in ("DataFrame", "Table"):
            return encode_frame(value, lambda own: self.encode(own, place, depth + 1))
        if self.keep_object is None:
            raise CannotSave(
                f"{place} is {value!r:.100}, an object of {_name_of(kind)}, which a "
                "model file cannot store."
            )
        number = self.keep_object(value, place)
        return {"object": number, "class": _name_of(kind)}

    def _items(self, values, place, depth):
        return [
            self.encode(each, f"{place}[{k}]", depth + 1)
            for k, each in enumerate(values)
        ]

    def _list(self, values, place, depth):
        if len(values) >= MANY_TEXTS and set(map(type, values)) == {str}:
            return self.texts(values, place)
        return self._items(values, place, depth)

    def _dict(self, value, place, depth):
        if len(value) >= MANY_TEXTS and list(value.values()) == list(range(len(value))):
            return {"places": self.encode(list(value), place, depth + 1)}
        pairs = [
            [
                self.encode(k, f"{place}.key", depth + 1),
                self.encode(v, f"{place}.{k}", depth + 1),
            ]
            for k, v in value.items()
        ]
        return {"dict": pairs}

    def texts(self, values, place):
        """Store a list of texts in an array."""
        if id(values) in self._kept:
            return self._kept[id(values)][0]
        joined = "\n".join(values)
        separator = "\n"
        if joined.count("\n") >= max(len(values), 1):
            used = set("".join(values))
            separator = next(chr(k) for k in range(1, 0x10FFFF) if chr(k) not in used)
            joined = separator.join(values)
        content = np.frombuffer(joined.encode("utf-8", "surrogatepass"), np.uint8)
        name = self._keep(content, place)
        node = {"texts": name, "separator": separator, "size": len(values)}
        self._kept[id(values)] = node, values  # keeps the object alive, and so its id
        return node

    def _array(self, array, place, depth):
        kind = array.dtype.kind
        if kind in "Mm":
            node = self._array(array.view(np.int64), place, depth)
            return node | {"dtype": array.dtype.name}
        if _tensors.is_storable(array):
            if kind != "f" or np.isfinite(array).all():
                return {"array": self._keep(array, place)}
            # A reader refuses stored arrays with NaN, so these numbers are stored in
            # JSON.
            flat = self._list(array.ravel().tolist(), place, depth)
            return {"list": flat, "dtype": array.dtype.str, "shape": list(array.shape)}
        if array.ndim != 1 or kind not in "USO":
            raise CannotSave(
                f"{place} is an array of shape {array.shape} and type {array.dtype}, "
                "which a model file cannot store."
            )
        dtype = "object" if kind == "O" else array.dtype.str
        return {"list": self._list(array.tolist(), place, depth), "dtype": dtype}

    def _keep(self, array, place):
        if id(array) in self._kept:
            return self._kept[id(array)][0]
        name, number = place, 1
        while name in self.arrays:
            number += 1
            name = f"{place}~{number}"
        self.arrays[name] = array
        self._kept[id(array)] = name, array
        return name


@dataclass
class Decoder:
    """Converts a tree back to objects.

    Parameters
    ----------
    registry : dict of {str: Entry}

    arrays : dict of {str: ndarray}

    objects : list
        Objects whose classes are not in the registry.

    most_texts : int, default=1_000_000
        Maximum length of one list, because many short texts take far more memory than
        bytes in the file. A vocabulary may have as many texts as there are rows of
        weights.
    """

    registry: dict
    arrays: dict
    objects: list = field(default_factory=list)
    most_texts: int = 1_000_000

    def decode(self, node, place, depth=0):
        """Return the object that a tree describes.

        Raises
        ------
        BadState
            If the tree is not valid.
        """
        if depth > DEEPEST:
            raise BadState(f"{place} is nested too deeply. {CHANGED}")
        if node is None or isinstance(node, bool | int | float | str):
            return node
        if isinstance(node, list):
            return self._items(node, place, depth)
        for form in node:
            if form in _FORMS or form in READERS:
                return self._read(form, node, place, depth)
        raise BadState(f"{place} has the unknown form {list(node)[:5]}. {CHANGED}")

    def _read(self, form, node, place, depth):
        try:
            if form in READERS:
                return READERS[form](node)
            return _FORMS[form](self, node, place, depth)
        except ModelFileError:
            raise
        except (
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            ArithmeticError,
        ) as error:
            raise BadState(
                f"{place} cannot be decoded from {str(node)[:100]}: {error}. {CHANGED}"
            ) from error

    def _items(self, nodes, place, depth):
        return [
            self.decode(each, f"{place}[{k}]", depth + 1)
            for k, each in enumerate(nodes)
        ]

    def _collection(self, node, place, depth):
        ((name, nodes),) = node.items()
        return _COLLECTIONS[name](self._items(nodes, place, depth))

    def _dict(self, node, place, depth):
        pairs = [
            (self.decode(k, f"{place}.key", depth + 1), v) for k, v in node["dict"]
        ]
        return {k: self.decode(v, f"{place}.{k}", depth + 1) for k, v in pairs}

    def _places(self, node, place, depth):
        keys = self.decode(node["places"], place, depth + 1)
        return dict(zip(keys, range(len(keys)), strict=True))

    def array(self, name, place):
        """Return the array called `name`."""
        if not isinstance(name, str) or name not in self.arrays:
            raise BadState(f"{place} needs the missing array {name!r:.100}. {CHANGED}")
        return self.arrays[name]

    def _array(self, node, place, depth):
        array = self.array(node["array"], place)
        dtype = node.get("dtype")
        if dtype is None:
            return array.copy()
        return array.copy().view(dtype_of(dtype, "Mm"))

    def _list(self, node, place, depth):
        values = self.decode(node["list"], place, depth + 1)
        dtype = dtype_of(node["dtype"], "USOf")
        if dtype.kind == "f":
            return np.array(values, dtype=dtype).reshape(node["shape"])
        if dtype.kind != "O":
            longest = max(map(len, values), default=0)
            if not all(isinstance(v, str | bytes) for v in values) or (
                dtype.itemsize > 4 * max(longest, 1)
            ):
                raise BadState(
                    f"{place} does not hold texts of type {dtype}. {CHANGED}"
                )
            return np.array(values, dtype=dtype)
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array

    def _texts(self, node, place, depth):
        content, separator = self.array(node["texts"], place), node["separator"]
        size = node["size"]
        if content.dtype != np.uint8 or len(separator) != 1 or type(size) is not int:
            raise BadState(f"{place} does not hold texts. {CHANGED}")
        if size > self.most_texts:
            raise BadState(f"{place} holds {size} texts, more than weights. {CHANGED}")
        joined = content.tobytes().decode("utf-8", "surrogatepass")
        if size == 0:
            return []
        if joined.count(separator) != size - 1:
            raise BadState(f"{place} does not hold {size} texts. {CHANGED}")
        return joined.split(separator)

    def _frame(self, node, place, depth):
        return decode_frame(node, lambda own: self.decode(own, place, depth + 1))

    def _object(self, node, place, depth):
        return self.objects[node["object"]]

    def _type(self, node, place, depth):
        name, state = node["type"], node["state"]
        if not isinstance(name, str) or name not in self.registry:
            raise BadState(
                f"{place} is of type {name!r:.100}, which a model file cannot contain. "
                f"{CHANGED}"
            )
        values = {
            key: self.decode(own, f"{place}.{key}", depth + 1)
            for key, own in state.items()
        }
        return self.registry[name].make(values)


_FORMS = {
    "type": Decoder._type,
    "array": Decoder._array,
    "list": Decoder._list,
    "texts": Decoder._texts,
    "dict": Decoder._dict,
    "places": Decoder._places,
    "tuple": Decoder._collection,
    "set": Decoder._collection,
    "frozenset": Decoder._collection,
    "object": Decoder._object,
    "frame": Decoder._frame,
}


def _name_of(kind):
    return f"{kind.__module__}.{kind.__qualname__}"


def _in_order(values):
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=repr)
