"""The file from which a killed fit goes on.

It is an archive like a model file (see `_archive`), of these members:

``format.json``
    ``{"format": "sklearn_mtl checkpoint", "version": 1}``
``checkpoint.json``
    ``identity``, the texts that make two fits the same (see `_fingerprint`); ``seed``;
    ``probed``, the settings that trial fits chose, or null; ``training``, the state of
    the net (see ``training._checkpoint``), or null.
``arrays.safetensors``
    The arrays and tensors of the state.

Vectorized texts are not in it: the same texts give the same rows.
"""

import os
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from sklearn.utils import check_random_state

from ..answers._calibration import Calibration
from ..distributed._ranks import current_ranks
from ..training._config import resolve_device
from ..training._probe import Probed
from ..utils._warn import warn_caller
from . import _archive, _tensors
from ._codec import Decoder, Encoder, Entry
from ._document import read_json, to_json
from ._errors import (
    AnotherFit,
    BadMember,
    BadState,
    CannotSave,
    CannotWrite,
    CheckpointInUse,
    ModelFileError,
    NewerFormat,
    NotAModelFile,
)
from ._files import check_target, remove_unfinished, replacing
from ._fingerprint import describe_params, describe_versions
from ._locks import locked

FORMAT, VERSION = "sklearn_mtl checkpoint", 1
_MEMBERS = ("format.json", "checkpoint.json", "arrays.safetensors")
_PARTS = ("identity", "seed", "probed", "training")


def _of_fields(kind):
    names = [field.name for field in fields(kind)]
    return Entry(
        kind,
        lambda value: {name: getattr(value, name) for name in names},
        lambda state: kind(**state),
    )


def _of_name(kind, get, make):
    return Entry(
        kind, lambda value: {"name": get(value)}, lambda state: make(state["name"])
    )


def _dtype_of(name):
    found = getattr(torch, name)
    if not isinstance(found, torch.dtype):
        raise ValueError(f"{name} is not a type of tensors")
    return found


def _as_array(tensor):
    try:
        return tensor.cpu().numpy()
    except TypeError as error:
        raise CannotSave(
            f"A tensor of the network has the type {tensor.dtype}, which a checkpoint "
            "cannot store. Cast the module to 32-bit floats, or use checkpoint=None."
        ) from error


_REGISTRY = {
    "Calibration": _of_fields(Calibration),
    "Probed": _of_fields(Probed),
    "dtype": _of_name(
        torch.dtype,
        lambda dtype: str(dtype).removeprefix("torch."),
        _dtype_of,
    ),
    "device": _of_name(torch.device, str, torch.device),
    "Tensor": Entry(
        torch.Tensor,
        lambda tensor: {"values": _as_array(tensor)},
        lambda state: torch.from_numpy(state["values"]),
    ),
}


class FitCheckpoint:
    """The state of a fit, in a file.

    Parameters
    ----------
    path : Path

    kept : dict or None
        What the file holds, by the names in `_PARTS`.

    random_state : int, RandomState or None
        The parameter of the estimator.

    minutes : float, default=0.0
        The shortest time between two states in the file.

    Attributes
    ----------
    seed : int
        The seed of the fit: `random_state` if that is a number, and otherwise the seed
        in the file, or a new one.

    probed : Probed or None
        What trial fits chose.

    training : dict or None
        The state of the net.
    """

    def __init__(self, path, kept, random_state, minutes=0.0):
        self.path, self.identity, self.minutes = path, {}, minutes
        self._known = kept["identity"] if kept else None
        self.probed, self.training = None, None
        if isinstance(random_state, int | np.integer):
            self.seed, drawn = int(random_state), False
        else:
            drawn = True
            self.seed = kept["seed"] if kept else _drawn_seed(random_state)
        state = "drawn" if drawn else str(self.seed)
        self.match("parameter", {"random_state": state})
        if kept:
            self.probed, self.training = kept["probed"], kept["training"]

    def match(self, part, found):
        """Compare what a fit has with what the fit in the file has.

        Parameters
        ----------
        part : str
            What they are, for messages.

        found : dict of {str: str}

        Raises
        ------
        AnotherFit
            If they differ.
        """
        own = {f"{part} {name}".strip(): text for name, text in found.items()}
        self.identity |= own
        if self._known is None:
            return
        changes = [
            _change(name, self._known.get(name, "none"), text)
            for name, text in own.items()
            if self._known.get(name, "none") != text
        ]
        if changes:
            more = f", and {len(changes) - 3} more" if len(changes) > 3 else ""
            raise AnotherFit(
                f"The checkpoint {str(self.path)!r} belongs to another fit: "
                f"{'; '.join(changes[:3])}{more}. To continue that fit, restore what "
                "it had. To begin this one, delete the file or pass another path."
            )

    def write(self, training, *, is_first=False):
        """Replace the file by one with this state of the net.

        If this fails, the previous file stays. The first time this is an error. Later
        it is a warning, since training need not end for it.

        Parameters
        ----------
        training : dict

        is_first : bool, default=False
        """
        parts = self.identity, self.seed, self.probed, training
        try:
            _write(self.path, dict(zip(_PARTS, parts, strict=True)))
        except CannotWrite as error:
            if is_first:
                raise
            warn_caller(
                f"The checkpoint was not written, and training goes on: {error}"
            )


@contextmanager
def checkpoint_of(estimator):
    """Open the checkpoint of an estimator for a fit, and remove it if that succeeds.

    Parameters
    ----------
    estimator : MultiTaskTextClassifier

    Yields
    ------
    checkpoint : FitCheckpoint or None
        None if the parameter `checkpoint` is None.

    Raises
    ------
    ModelFileError
        If the file belongs to another fit, is in use, cannot be read or written.
    """
    if estimator.checkpoint is None:
        yield None
        return
    if (estimator.net_params or {}).get("train_split") is not None:
        raise ValueError(
            "net_params has a train_split, whose random rows may be others when a fit "
            "goes on from its checkpoint. Use early_stopping=True and "
            "validation_fraction, or checkpoint=None."
        )
    if current_ranks() is not None:
        raise ValueError(
            "A checkpoint keeps the state of a fit in one process. Got checkpoint="
            f"{str(estimator.checkpoint)!r} within data_parallel. Set checkpoint=None."
        )
    path = Path(os.path.realpath(estimator.checkpoint))
    check_target(path)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path.with_name(f".{path.name[:100]}.lock")))
        except BlockingIOError as error:
            raise CheckpointInUse(
                f"Another fit is using the checkpoint {str(path)!r}. Wait until it "
                "ends, or pass another path: each fit needs its own, and so does each "
                "of several jobs of a search."
            ) from error
        remove_unfinished(path)  # of a fit that was killed as it wrote
        every = estimator.checkpoint_every
        found = FitCheckpoint(
            path,
            _read(path) if path.exists() else None,
            estimator.random_state,
            0.0 if every == "epoch" else every,
        )
        device = resolve_device(estimator.device)
        found.match("parameter", describe_params(estimator, device))
        found.match("version of", describe_versions())
        yield found
        _remove(path)


def _remove(path):
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        warn_caller(
            f"The fit has ended, but its checkpoint {str(path)!r} cannot be deleted: "
            f"{error.strerror}. Delete it before the next fit."
        )


def _drawn_seed(random_state):
    rng = check_random_state(random_state)
    return int(rng.randint(np.iinfo(np.int32).max))


def _change(name, old, new):
    if name.startswith(("parameter", "version")):
        return f"{name} is {new}, and was {old}"
    return f"{name} has changed"


def _write(path, parts):
    encoder = Encoder(_REGISTRY)
    tree = {name: encoder.encode(value, name) for name, value in parts.items()}
    members = {
        "format.json": [to_json({"format": FORMAT, "version": VERSION})],
        "checkpoint.json": [to_json(tree)],
        "arrays.safetensors": _tensors.to_bytes(encoder.arrays),
    }
    with replacing(path) as file:
        _archive.write_archive(file, members)


def _read(path):
    """Return the parts of a checkpoint.

    Raises
    ------
    ModelFileError
    """
    try:
        with open(path, "rb") as file:
            return _parts_of(file)
    except (NotAModelFile, NewerFormat) as error:
        raise type(error)(f"{str(path)!r} {error}") from None
    except ModelFileError as error:
        reason = str(error).partition(". ")[0]
        raise type(error)(
            f"The checkpoint {str(path)!r} is damaged: {reason}. Delete it to fit from "
            "the beginning."
        ) from error


def _parts_of(file):
    other = NotAModelFile(
        "is not the checkpoint of a fit, so it is not replaced. Pass the path of a "
        "checkpoint, or of a new file."
    )
    try:
        members = _archive.read_archive(file)
    except NotAModelFile:
        raise other from None
    if "format.json" not in members:
        raise other
    head = read_json(file, members["format.json"])
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise other
    version = head.get("version")
    if type(version) is int and version > VERSION:
        raise NewerFormat(
            f"is a checkpoint of version {version}, but this package reads up to "
            f"version {VERSION}. Update the package: pip install -U sklearn-mtl. Or "
            "delete the file to fit from the beginning."
        )
    if version != VERSION or tuple(members) != _MEMBERS:
        raise BadMember("It has other parts than a checkpoint has.")
    content = _archive.read_member(file, members["arrays.safetensors"])
    decoder = Decoder(_REGISTRY, _tensors.from_bytes(content))
    tree = read_json(file, members["checkpoint.json"])
    if not isinstance(tree, dict) or tuple(tree) != _PARTS:
        raise BadState("It has other entries than a checkpoint has.")
    return {name: decoder.decode(node, name) for name, node in tree.items()}
