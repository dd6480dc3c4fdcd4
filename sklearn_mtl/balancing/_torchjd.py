"""Objects of TorchJD by name, for both adapters."""

import inspect
from copy import deepcopy

import numpy as np
import torch

from ..utils._optional import import_optional

# What TorchJD asks for without a default. Those of COSMOS and PBI were chosen on dev
# splits: with 1.0 and the 5.0 of its source, losses of a few percent got negative
# weights.
DEFAULTS = {
    "CAGrad": {"c": 0.4},
    "COSMOS": {"lambda_": 0.2},
    "FairGrad": {"alpha": 2.0},
    "PBI": {"theta": 1.0},
    "STCH": {"mu": 0.5},
}


def named_classes(module, base):
    """Return the classes of a module of TorchJD by their names in lower case.

    Parameters
    ----------
    module : {"aggregation", "scalarization"}

    base : {"Aggregator", "Scalarizer"}
    """
    library = import_optional(f"torchjd.{module}", "balancing", "This loss_weights")
    found = [getattr(library, name) for name in library.__all__]
    kind = getattr(library, base)
    return {
        own.__name__.lower(): own
        for own in found
        if issubclass(own, kind) and not inspect.isabstract(own) and not _is_base(own)
    }


def _is_base(own):
    """Whether a class of TorchJD is built around the method of another one."""
    parameters = inspect.signature(own).parameters
    return bool({"weighting", "gramian_weighting"} & parameters.keys())


def make(given, options, n_tasks, module, base):
    """Return a new object of TorchJD.

    Parameters
    ----------
    given : str or torch.nn.Module
        A name, with or without hyphens, or an object, which is copied.

    options : dict or None
        Arguments of the constructor. Lists and arrays become tensors.

    n_tasks : int

    module, base : str
        As in :func:`named_classes`.

    Raises
    ------
    ValueError
        If there is no such name, or its options are wrong.
    """
    known = named_classes(module, base)
    if not isinstance(given, str):
        if options:
            raise ValueError(f"options go with a name, not with the object {given!r}.")
        return deepcopy(given)
    kind = known.get(given.replace("-", "").lower())
    if kind is None:
        names = sorted(own.__name__ for own in known.values())
        raise ValueError(
            f"TorchJD has no {base.lower()} {given!r}. Use one of {names}, with or "
            "without hyphens, or an object."
        )
    arguments = DEFAULTS.get(kind.__name__, {}) | _as_tensors(options or {})
    needed = inspect.signature(kind).parameters
    for name in ("shape", "n_tasks"):
        if name in needed:
            arguments[name] = n_tasks
    if "weights" in needed and needed["weights"].default is inspect.Parameter.empty:
        arguments.setdefault("weights", torch.full((n_tasks,), 1 / n_tasks))
    try:
        return kind(**arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{kind.__name__} of TorchJD refuses its options: {error} It takes "
            f"{sorted(set(needed) - {'shape', 'n_tasks'})}."
        ) from error


def _as_tensors(options):
    return {
        name: torch.as_tensor(np.asarray(value), dtype=torch.float32)
        if isinstance(value, list | tuple | np.ndarray)
        else value
        for name, value in options.items()
    }


def match_tensors(module, like):
    """Give plain tensors of a module the type and device of another one.

    TorchJD keeps weights and preferences as attributes, which ``module.to`` leaves as
    they are.
    """
    for part in module.modules():
        for name, value in list(vars(part).items()):
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                vars(part)[name] = value.to(like)
