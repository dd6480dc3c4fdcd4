"""The states of modules and callbacks in training, as plain values, and back.

A plain value is a number, text, array, tensor, None, or a collection of these. A file
can hold it, and it can be compared. What is not plain, such as a function or an open
file, is a setting as long as it is the same object all the time.
"""

from inspect import signature

import numpy as np
import torch
from skorch.callbacks import EpochTimer, PrintLog, ProgressBar
from torch import nn

from ._progress import EpochProgress

# These show how training goes on, and need no state.
REPORTING = (EpochTimer, PrintLog, ProgressBar, EpochProgress)
_ATOMS = (type(None), bool, int, float, str, torch.dtype, torch.device)
_OF_MODULES = frozenset(vars(nn.Module()))


class NotPlain(Exception):  # noqa: N818 (an answer, not an error)
    """Raised for a value that is not plain, which is its argument."""


def plain(value):
    """Return a value without the graph of its tensors, and dicts as plain dicts.

    Raises
    ------
    NotPlain
        If the value, or a part of it, is not plain.
    """
    kind = type(value)
    if kind in _ATOMS or isinstance(value, np.generic):
        return value
    if kind is torch.Tensor and not value.is_sparse:
        return value.detach()
    if kind is np.ndarray and value.dtype.kind in "biufUS":
        return value
    if kind in (list, tuple, set):
        return kind(plain(each) for each in value)
    if isinstance(value, dict) and all(type(key) in _ATOMS for key in value):
        return {key: plain(each) for key, each in value.items()}
    raise NotPlain(value)


def module_state(module):
    """Return what a module has learnt and drawn so far.

    Returns
    -------
    state : dict
        ``weights``, its parameters; ``frozen``, the names of those that do not learn;
        by the name of the submodule and their own: ``buffers``, also those that files
        of models leave out; ``attributes``, other plain values; and ``generators``, the
        states of random number generators.
    """
    weights = dict(module.named_parameters())
    state = {
        "weights": {name: own.detach() for name, own in weights.items()},
        "frozen": [name for name, own in weights.items() if not own.requires_grad],
        "buffers": {name: dict(part._buffers) for name, part in module.named_modules()},
        "attributes": {},
        "generators": {},
    }
    for name, part in _with_own_attributes(module):
        attributes, generators = {}, {}
        for key, value in _attributes_of(part).items():
            if isinstance(value, torch.Generator):
                generators[key] = [str(value.device), value.get_state()]
                continue
            try:
                attributes[key] = plain(value)
            except NotPlain:
                continue
        if attributes:
            state["attributes"][name] = attributes
        if generators:
            state["generators"][name] = generators
    return state


@torch.no_grad()
def set_module_state(module, state):
    """Give a module the state that :func:`module_state` returned for one like it.

    Raises
    ------
    ValueError
        If its parameters are others.
    """
    kept, own = state["weights"], dict(module.named_parameters())
    shapes = [{name: own.shape for name, own in held.items()} for held in (kept, own)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "The network has other weights than that of the checkpoint, though "
            "parameters and data are the same. Was the code of a module changed? "
            "Restore it, or delete the checkpoint to begin anew."
        )
    for name, weight in own.items():
        weight.copy_(kept[name])
        weight.requires_grad_(name not in state["frozen"])
    for name, part in module.named_modules():
        for key, buffer in part._buffers.items():
            _set_buffer(part, key, buffer, state["buffers"][name][key])
    parts = dict(module.named_modules())
    for name, attributes in state["attributes"].items():
        vars(parts[name]).update(attributes)
    for name, generators in state["generators"].items():
        for key, (device, numbers) in generators.items():
            vars(parts[name])[key] = torch.Generator(device)
            vars(parts[name])[key].set_state(numbers)


def objects_of(module):
    """Return the attributes of a module that are not plain: settings, or handles."""
    found = {}
    for name, part in _with_own_attributes(module):
        for key, value in _attributes_of(part).items():
            if isinstance(value, torch.Generator):
                continue
            try:
                plain(value)
            except NotPlain:
                found[name, key] = value
    return found


def _set_buffer(part, name, buffer, kept):
    if kept is None or buffer is None or buffer.shape != kept.shape:
        # It gets its shape in training.
        part._buffers[name] = kept
    else:  # others may hold the same tensor
        buffer.copy_(kept)


def _with_own_attributes(module):
    """Yield the submodules, and their names, that torch does not define."""
    for name, part in module.named_modules():
        if not type(part).__module__.startswith("torch.nn."):
            yield name, part


def _attributes_of(part):
    return {key: v for key, v in vars(part).items() if key not in _OF_MODULES}


def callback_state(callback):
    """Return what a callback knows of the epochs so far.

    Those are its attributes that are not parameters of its constructor. Objects with
    ``state_dict`` and ``load_state_dict``, such as torch's schedulers, are represented
    by their state. If the callback itself has these methods, they are used instead.

    Raises
    ------
    NotPlain
        With the name and value of an attribute that is not plain. For classes of
        skorch, these are handles that stay out of the state.
    """
    if _has_state(callback):
        return plain(callback.state_dict())
    state = {}
    for key, value in _knowledge(callback).items():
        try:
            state[key] = plain(value.state_dict() if _has_state(value) else value)
        except NotPlain:
            if not type(callback).__module__.startswith("skorch."):
                raise NotPlain(key, value) from None
    return state


def set_callback_state(callback, state):
    """Give a callback the state that :func:`callback_state` returned."""
    if _has_state(callback):
        callback.load_state_dict(state)
        return
    for key, value in state.items():
        if _has_state(vars(callback).get(key)):
            vars(callback)[key].load_state_dict(value)
        else:
            setattr(callback, key, value)


def _knowledge(callback):
    # Not `get_params`, which returns all attributes that do not end in "_".
    settings = signature(type(callback)).parameters
    return {key: v for key, v in vars(callback).items() if key not in settings}


def _has_state(value):
    methods = ("state_dict", "load_state_dict")
    return not isinstance(value, type) and all(hasattr(value, m) for m in methods)
