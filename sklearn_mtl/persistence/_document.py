"""A model file as a tree of JSON and named arrays.

A file is a zip archive (see `_archive`) of these members:

``format.json``
    ``{"format": "sklearn_mtl model", "version": 1, "libraries": {name: version}}``. It
    is the first member, in future versions as well.
``model.json``
    The tree. `_model` defines its entries, `_codec` how objects are written.
``weights.safetensors``
    The weights of the network. Their names do not depend on how layers are merged in
    memory: ``network.<path of the layer>.<weight>``. A layer over sparse rows has a
    ``weight`` of shape (n_features, n_outputs).
``arrays.safetensors``
    All other arrays, under the names that the tree uses.
``objects/<number>.skops``
    Objects of the user's own classes, if there are any.

The version increases when a reader of the previous version would misread or refuse a
file: because of an unknown member, field or type, or because of a known one with
another meaning. For readers, a field that may be absent, with a default that is right
for older files, does not need a new version. Readers support all versions up to their
own forever: `tests/files` has a file of each.
"""

import json
import mmap
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from . import _archive, _tensors
from ._errors import (
    BadMember,
    BadState,
    BadTensor,
    CannotSave,
    NewerFormat,
    NotAModelFile,
    PasswordNotNeeded,
)

FORMAT, VERSION = "sklearn_mtl model", 1
MEMBERS = ("format.json", "model.json", "weights.safetensors", "arrays.safetensors")
_OF_ARRAYS = ("arrays.safetensors", "weights.safetensors")
_OBJECT = re.compile(r"objects/(0|[1-9][0-9]?)\.skops")
# Limits for the memory that a small file can take.
LARGEST_JSON = 2**24
MOST_VALUES = 1_500_000
MOST_GROUPS = 300_000


@dataclass
class Document:
    """The content of a model file.

    Attributes
    ----------
    tree : dict
        A tree of JSON values.

    arrays, weights : dict of {str: ndarray}

    objects : list of bytes
        Objects of the user's own classes.

    libraries : dict of {str: str}
        Versions of the libraries that wrote the file.

    version : int
        The version of the format.
    """

    tree: dict
    arrays: dict
    weights: dict
    objects: list = field(default_factory=list)
    libraries: dict = field(default_factory=dict)
    version: int = VERSION


def write_document(file, document):
    """Write a document to a binary file, sequentially.

    Raises
    ------
    CannotSave
        If the file could not be read again.
    """
    for name, weight in document.weights.items():
        if not (document.objects or is_finite(weight)):
            raise CannotSave(
                f"The weight {name!r} contains NaN or infinity, so predictions are "
                "meaningless. Fit again with a lower learning_rate_init."
            )
    head = {
        "format": FORMAT,
        "version": document.version,
        "libraries": document.libraries,
    }
    members = {
        "format.json": [to_json(head)],
        "model.json": [to_json(document.tree)],
        "weights.safetensors": _tensors.to_bytes(document.weights),
        "arrays.safetensors": _tensors.to_bytes(document.arrays),
    }
    for number, content in enumerate(document.objects):
        members[f"objects/{number}.skops"] = [content]
    _archive.write_archive(file, members)


@contextmanager
def opened(source, password=None, key=None):
    """Open a model file for reading, and decrypt it if it is encrypted.

    Parameters
    ----------
    source : str, path or seekable binary file

    password : str, default=None

    key : bytes of length 32, default=None

    Yields
    ------
    reader : seekable binary file
    """
    if hasattr(source, "read"):
        yield _decrypted(source, password, key)
        return
    if Path(source).is_dir():
        raise NotAModelFile(f"{str(source)!r} is a folder. Pass the path of a file.")
    with open(source, "rb") as file:
        yield _decrypted(file, password, key)


def _decrypted(file, password, key):
    file.seek(0)
    start = file.read(len(_archive.MAGIC))
    file.seek(0)
    if isinstance(start, str):
        raise TypeError("The file is open in text mode. Open it with mode='rb'.")
    is_plain = start == _archive.MAGIC
    if is_plain:
        if password is not None or key is not None:
            raise PasswordNotNeeded(
                "A password or key was passed, but the file is not encrypted, so "
                "anyone may have written it. If you trust its source, load it without "
                "password and key."
            )
        return file
    from ._encryption import decrypt, is_encrypted  # few files need it

    return decrypt(file, password=password, key=key) if is_encrypted(file) else file


def read_document(file, *, map_arrays=False):
    """Read a document, and check all that can be checked without decoding objects.

    Parameters
    ----------
    file : seekable binary file

    map_arrays : bool, default=False
        Whether to memory-map arrays if `file` is a plain file. They are then read-only,
        and their pages are loaded on demand.

    Returns
    -------
    document : Document

    Raises
    ------
    ModelFileError
    """
    members = _archive.read_archive(file)
    if "format.json" not in members:
        raise NotAModelFile("This zip file was not written by clf.save(path).")
    head = read_json(file, members["format.json"])
    _check_head(head)
    n_objects = _check_members(members)
    load = _mapped if map_arrays and _can_map(file) else _archive.read_member
    arrays, weights = (
        _tensors.from_bytes(load(file, members[name])) for name in _OF_ARRAYS
    )
    if not n_objects:  # modules of the user may contain infinities
        _check_numbers(arrays | weights)
    return Document(
        tree=read_json(file, members["model.json"]),
        arrays=arrays,
        weights=weights,
        objects=[
            _archive.read_member(file, members[f"objects/{number}.skops"])
            for number in range(n_objects)
        ],
        libraries=head["libraries"],
        version=head["version"],
    )


def _check_head(head):
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise NotAModelFile("This zip file was not written by clf.save(path).")
    version, libraries = head.get("version"), head.get("libraries")
    if type(version) is not int or version < 1:
        raise BadState(
            f"The version of the format is {version!r:.50}, which is not valid. The "
            "file was changed; get it again."
        )
    if version > VERSION:
        raise NewerFormat(
            f"The file has version {version} of the format, but this package reads up "
            f"to version {VERSION}. Update the package: pip install -U sklearn-mtl."
        )
    if not isinstance(libraries, dict) or not all(
        isinstance(each, str) for each in libraries.values()
    ):
        raise BadState(
            "The file does not list the library versions of its writer. It was "
            "changed; get it again."
        )


def _check_members(members):
    """Check which members exist, and return the number of objects."""
    missing = [name for name in MEMBERS if name not in members]
    if missing:
        raise BadMember(f"The file lacks the part(s) {missing}. Save the model again.")
    rest = [name for name in members if name not in MEMBERS]
    expected = [f"objects/{number}.skops" for number in range(len(rest))]
    unknown = [name for name in rest if not _OBJECT.fullmatch(name)]
    if unknown or sorted(rest) != sorted(expected):
        raise BadMember(
            f"The file has the part(s) {unknown or rest}, which do not belong in a "
            "model file. It was changed; get it again."
        )
    return len(rest)


def _check_numbers(arrays):
    for name, array in arrays.items():
        if not is_finite(array):
            raise BadTensor(
                f"The array {name!r} contains NaN or infinity. The file was damaged; "
                "save the model again."
            )


def is_finite(array):
    """Whether an array contains neither NaN nor infinity."""
    if array.dtype.kind != "f" or not array.size:
        return True
    # Minimum and maximum are NaN if any number is; this needs no bool array.
    return bool(np.isfinite(array.max()) and np.isfinite(array.min()))


def _can_map(file):
    try:
        file.fileno()
    except (OSError, AttributeError):
        return False
    return True


def _mapped(file, member):
    content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    view = memoryview(content)[member.start : member.stop]
    _archive.check_member(member, view)
    return view


def to_json(tree):
    """Return a tree as JSON.

    Raises
    ------
    CannotSave
        If it is too large for a reader.
    """
    text = json.dumps(tree, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    content = text.encode("utf-8", "surrogatepass")
    if _is_too_large(content):
        raise CannotSave(
            f"The description of the classifier has {len(content)} bytes, more than "
            "load accepts. Save without history. With very many classes, use pickle "
            "instead."
        )
    return content


def read_json(file, member):
    """Return the tree of a JSON member of an archive.

    Raises
    ------
    ModelFileError
    """
    if member.size > LARGEST_JSON:
        raise _too_large(member)
    content = _archive.read_member(file, member)
    if _is_too_large(content):
        raise _too_large(member)
    try:
        return json.loads(
            content.decode("utf-8", "surrogatepass"),
            object_pairs_hook=_distinct,
            parse_constant=_refuse,
        )
    except RecursionError as error:
        raise BadState(
            f"The part {member.name!r} is nested too deeply. It was changed; get the "
            "file again."
        ) from error
    except ValueError as error:
        raise BadState(
            f"The part {member.name!r} is not valid JSON: {error}."
        ) from error


def _too_large(member):
    return BadMember(
        f"The part {member.name!r} has {member.size} bytes, too many, or more values "
        "than a classifier has. It was changed; get the file again."
    )


def _is_too_large(content):
    return (
        len(content) > LARGEST_JSON
        or content.count(b",") > MOST_VALUES
        or content.count(b"[") + content.count(b"{") > MOST_GROUPS
    )


def _distinct(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice in one object")
    return found


def _refuse(constant):
    raise ValueError(f"{constant} is not a JSON number")
