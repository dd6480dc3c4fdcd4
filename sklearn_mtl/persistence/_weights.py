"""The weights of a network, under names independent of their memory layout."""

from math import prod

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from ..network._build import LinkedNetwork
from ..network._input import SparseLinear
from ..network._places import weights_by_name
from ._errors import BadTensor, CannotSave


def named_weights(net):
    """Return views of all weights and buffers of a net, by name.

    A weight that several layers share is included once, under its first name.

    Parameters
    ----------
    net : MultiTaskNet

    Returns
    -------
    weights : dict of {str: tensor}
    """
    module = net.module_
    parts = {"network": module, "balancing": net.criterion_.balancing}
    if isinstance(module, LinkedNetwork):
        parts |= {"network": module.network, "links": module.links}
    found, seen = {}, set()
    for prefix, part in parts.items():
        for name, weight in weights_by_name(part):
            if not isinstance(weight, torch.Tensor):
                raise CannotSave(
                    f"The network's state has {name!r}, which must be a tensor. Got "
                    f"{type(weight).__name__}. Register it as a buffer."
                )
            place = weight.data_ptr(), weight.shape, weight.stride(), weight.dtype
            if weight.numel() and place in seen:
                continue
            seen.add(place)
            found[f"{prefix}.{name}"] = weight
    return found


def sparse_names(net):
    """Return the list of names of weights with one row per feature."""
    module = net.module_
    if isinstance(module, LinkedNetwork):
        module = module.network
    return [
        ".".join(filter(None, ("network", name, "weight")))
        for name, part in module.named_modules()
        if isinstance(part, SparseLinear)
    ]


def weights_of(net):
    """Return the weights of a net as arrays, by name."""
    return {name: _as_array(name, each) for name, each in named_weights(net).items()}


def _as_array(name, weight):
    try:
        return weight.detach().cpu().numpy()
    except TypeError as error:
        raise CannotSave(
            f"The weight {name!r} has the type {weight.dtype}, which numpy does not "
            "support. Cast the module to 32-bit floats."
        ) from error


@torch.no_grad()
def set_weights(net, arrays):
    """Set the weights of a net.

    Parameters
    ----------
    net : MultiTaskNet

    arrays : dict of {str: ndarray}

    Raises
    ------
    BadTensor
        If names, shapes or types differ from those of the net.
    """
    weights = named_weights(net)
    missing = [name for name in weights if name not in arrays]
    unknown = [name for name in arrays if name not in weights]
    if missing or unknown:
        raise BadTensor(
            "The weights in the file are not those of this network. Missing: "
            f"{missing[:5]}; unknown: {unknown[:5]}."
        )
    for name, weight in weights.items():
        array = arrays[name]
        if tuple(weight.shape) != array.shape:
            raise BadTensor(
                f"The array {name!r} has the shape {array.shape}, but the network "
                f"needs {tuple(weight.shape)}."
            )
        own = np.dtype(str(weight.dtype).removeprefix("torch."))
        if own != array.dtype:
            raise BadTensor(
                f"The array {name!r} has the type {array.dtype}, but the network needs "
                f"{own}."
            )
        if weight.device.type == "cpu":
            np.copyto(weight.numpy(), array)
        else:
            weight.copy_(torch.from_numpy(array.copy()))


class Bounded(TorchFunctionMode):
    """Context for building a network whose weights are known.

    It skips the random initialization. It also limits the size of the network to little
    more than the known weights, so a small file cannot cause large allocations.

    Parameters
    ----------
    weights : dict of {str: ndarray}
        The known weights.

    n_codes : int
        Number of codes: losses create this many small tensors.
    """

    _NEW = frozenset(
        [torch.empty, torch.zeros, torch.ones, torch.full, torch.eye, torch.arange]
        + [torch.rand, torch.randn]
    )
    _DRAWN = frozenset(
        [torch.Tensor.uniform_, torch.Tensor.normal_, torch.Tensor.exponential_]
    )

    def __init__(self, weights, n_codes):
        super().__init__()
        n_rows = max((a.shape[0] for a in weights.values() if a.ndim), default=0)
        # Layers are built separately, and then joined in tables of padded rows.
        self._left = 3 * sum(a.size for a in weights.values()) + 64 * n_rows + 1_000_000
        self._calls = 100 * (len(weights) + n_codes) + 10_000

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        self._calls -= 1
        if function in self._NEW:
            self._left -= _size(function, args, kwargs)
        if self._left < 0 or self._calls < 0:
            raise BadTensor(
                "The network would be far larger than its weights in the file. The "
                "file was changed; get it again."
            )
        if function in self._DRAWN:
            return args[0]
        return function(*args, **kwargs)


def _size(function, args, kwargs):
    """Return the approximate number of elements that a call of torch creates."""
    sizes = kwargs.get("size", args)
    if args and isinstance(args[0], list | tuple):
        sizes = args[0]
    numbers = [size for size in sizes if isinstance(size, int)]
    if function is torch.eye and len(numbers) == 1:
        numbers *= 2
    return prod(max(number, 1) for number in numbers)
