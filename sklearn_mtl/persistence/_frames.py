"""Empty frames, which record the container and dtypes of labels, to JSON and back.

``{"frame": library, "columns": [[name, type], ...]}``, where the tables below define
how types are written. The type parsers of the libraries are never used.
"""

import numpy as np

from ..utils._optional import import_optional
from ._errors import BadState, CannotSave
from ._values import CHANGED, dtype_of

_PANDAS = (
    "boolean",
    *(f"{kind}{bits}" for kind in ("Int", "UInt") for bits in (8, 16, 32, 64)),
    "Float32",
    "Float64",
)
_POLARS = (
    "Boolean",
    *(f"{kind}{bits}" for kind in ("Int", "UInt") for bits in (8, 16, 32, 64)),
    "Float32",
    "Float64",
    "String",
    "Date",
    "Time",
    "Null",
)
_ARROW = (
    "bool",
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
    "halffloat",
    "float",
    "double",
    "string",
    "large_string",
    "string_view",
    "date32[day]",
    "date64[ms]",
    "null",
)
_LISTS = ("list", "large_list")


def encode_frame(frame, encode):
    """Return the tree of a frame with zero rows.

    Parameters
    ----------
    frame : DataFrame of pandas or polars, or Table of pyarrow

    encode : callable
        Returns the tree of another value, such as categories.

    Raises
    ------
    CannotSave
        If a column has a type that cannot be stored.
    """
    library = type(frame).__module__.partition(".")[0]
    if library == "pandas":
        pairs = list(zip(frame.columns.tolist(), frame.dtypes.tolist(), strict=True))
        write = _write_pandas
    elif library == "polars":
        pairs, write = list(frame.schema.items()), _write_polars
    elif library == "pyarrow":
        pairs = list(zip(frame.schema.names, frame.schema.types, strict=True))
        write = _write_arrow
    else:
        raise CannotSave(
            f"y was a frame of {library}, which a model file cannot store. Pass y as a "
            "dict of columns."
        )
    node = {
        "frame": library,
        "columns": [[encode(n), _written(write, t, n, encode)] for n, t in pairs],
    }
    if library == "pandas":
        node["name"] = encode(frame.columns.name)
    if library == "pyarrow" and frame.schema.metadata:
        node["metadata"] = [
            [key.decode("latin-1"), text.decode("latin-1")]
            for key, text in frame.schema.metadata.items()
        ]
    return node


def _written(write, dtype, name, encode):
    node = write(dtype, encode)
    if node is None:
        raise CannotSave(
            f"The column {name!r} of y has the type {dtype}, which a model file cannot "
            "store. Cast it, or pass y as a dict of columns."
        )
    return node


def decode_frame(node, decode):
    """Return the frame that a tree describes."""
    library = node["frame"]
    read = {"pandas": _read_pandas, "polars": _read_polars, "pyarrow": _read_arrow}
    if library not in read:
        raise BadState(
            f"y was a frame of the unknown library {library!r:.50}. {CHANGED}"
        )
    extra = "parquet" if library == "pyarrow" else library
    module = import_optional(library, extra, f"A classifier with labels from {library}")
    return read[library](module, node, decode)


def _write_pandas(dtype, encode):
    name = str(dtype)
    if isinstance(dtype, np.dtype):
        return {"numpy": "object" if dtype.kind == "O" else dtype.str}
    if name == "category":
        categories = dtype.categories
        if categories is None:
            return {"category": None, "ordered": dtype.ordered}
        written = _write_pandas(categories.dtype, encode)
        if written is None or "category" in written:
            return None
        own = {"category": encode(categories.tolist()), "of": written}
        return {**own, "ordered": dtype.ordered}
    if name in _PANDAS:
        return {"pandas": name}
    if type(dtype).__name__ == "StringDtype":
        missing = "nan" if dtype.na_value is np.nan else "NA"
        return {"string": dtype.storage, "missing": missing}
    return None


def _string_dtype(pandas, storage, missing):
    if missing is pandas.NA:
        return pandas.StringDtype(storage)
    try:
        return pandas.StringDtype(storage, na_value=missing)
    except TypeError:
        # Before pandas 2.3, texts with NaN are object columns.
        return np.dtype(object)


def _read_pandas(pandas, node, decode):
    def dtype(written):
        if "numpy" in written:
            return dtype_of(written["numpy"], "biufOMmUS")
        if "string" in written:
            missing = {"nan": np.nan, "NA": pandas.NA}[written["missing"]]
            storage = {"python": "python", "pyarrow": "pyarrow"}[written["string"]]
            return _string_dtype(pandas, storage, missing)
        if "pandas" in written:
            (name,) = (each for each in _PANDAS if each == written["pandas"])
            return pandas.api.types.pandas_dtype(name)
        if written["category"] is None:
            return pandas.CategoricalDtype(None, bool(written["ordered"]))
        values = decode(written["category"])
        index = pandas.Index(values, dtype=dtype(written["of"]))
        return pandas.CategoricalDtype(index, bool(written["ordered"]))

    names = [decode(name) for name, _ in node["columns"]]
    frame = pandas.DataFrame(
        {
            k: pandas.Series([], dtype=dtype(t))
            for k, (_, t) in enumerate(node["columns"])
        }
    )
    frame.columns = pandas.Index(names, name=decode(node["name"]))
    return frame


def _write_polars(dtype, encode):
    name = type(dtype).__name__
    name = dtype.__name__ if name == "DataTypeClass" else name
    if name in _POLARS or name == "Categorical":
        return name
    if name == "Enum":
        return {"Enum": encode(dtype.categories.to_list())}
    if name == "List":
        inner = _write_polars(dtype.inner, encode)
        return inner and {"List": inner}
    if name == "Datetime":
        return {"Datetime": [dtype.time_unit, dtype.time_zone]}
    if name == "Duration":
        return {"Duration": dtype.time_unit}
    return None


def _read_polars(polars, node, decode):
    def dtype(written):
        if isinstance(written, str):
            (name,) = (e for e in (*_POLARS, "Categorical") if e == written)
            return getattr(polars, name)()
        ((kind, own),) = written.items()
        if kind == "Enum":
            return polars.Enum(decode(own))
        if kind == "List":
            return polars.List(dtype(own))
        if kind == "Datetime":
            return polars.Datetime(*own)
        if kind == "Duration":
            return polars.Duration(own)
        raise BadState(f"polars has no type {kind!r:.50}. {CHANGED}")

    return polars.DataFrame(schema={decode(n): dtype(t) for n, t in node["columns"]})


def _write_arrow(dtype, encode):
    name = str(dtype)
    if name in _ARROW:
        return name
    if hasattr(dtype, "ordered"):
        index, value = (
            _write_arrow(each, encode) for each in (dtype.index_type, dtype.value_type)
        )
        return index and value and {"dictionary": [index, value, dtype.ordered]}
    for kind in _LISTS:
        if name.startswith(f"{kind}<"):
            inner = _write_arrow(dtype.value_type, encode)
            return inner and {kind: [inner, dtype.value_field.name]}
    if name.startswith("timestamp["):
        return {"timestamp": [dtype.unit, dtype.tz]}
    return None


def _read_arrow(pyarrow, node, decode):
    aliases = {"date32[day]": "date32", "date64[ms]": "date64"}

    def dtype(written):
        if isinstance(written, str):
            (name,) = (each for each in _ARROW if each == written)
            return pyarrow.type_for_alias(aliases.get(name, name))
        ((kind, own),) = written.items()
        if kind == "dictionary":
            index, value, ordered = own
            return pyarrow.dictionary(dtype(index), dtype(value), bool(ordered))
        if kind in _LISTS:
            inner, name = own
            make = {"list": pyarrow.list_, "large_list": pyarrow.large_list}[kind]
            return make(pyarrow.field(name, dtype(inner)))
        if kind == "timestamp":
            return pyarrow.timestamp(*own)
        raise BadState(f"pyarrow has no type {kind!r:.50}. {CHANGED}")

    metadata = {
        key.encode("latin-1"): text.encode("latin-1")
        for key, text in node.get("metadata", [])
    }
    fields = [(decode(name), dtype(own)) for name, own in node["columns"]]
    return pyarrow.schema(fields, metadata=metadata or None).empty_table()
