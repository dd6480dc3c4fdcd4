"""Layers of networks in numpy, of the weights that torch has learnt."""

from typing import NamedTuple

import numpy as np

from ..answers._thresholds import thresholds_of
from ..data._block import BLOCK_GAIN
from ..persistence._errors import BadTensor


class Rows(NamedTuple):
    """Rows that a network reads.

    Attributes
    ----------
    features : csr_array or ndarray of shape (n_rows, n_features)

    dense : ndarray of shape (n_rows, n_dense) or None
        The block beside sparse features.
    """

    features: object
    dense: np.ndarray | None = None


class Spec(NamedTuple):
    """The rows that a network was trained on, as `network.InputSpec` describes them."""

    n_features: int
    sparse: bool
    scale: float
    n_dense: int
    dtype: np.dtype


class Weights:
    """The weights of a file, each taken by its name and shape.

    Parameters
    ----------
    arrays : dict of {str: ndarray}

    dtype : dtype
        The float type of the network.
    """

    def __init__(self, arrays, dtype):
        self._arrays, self._left, self._dtype = arrays, set(arrays), dtype

    def __len__(self):
        return len(self._arrays)

    def __contains__(self, name):
        return name in self._arrays

    def take(self, name, *shape):
        """Return a weight.

        Raises
        ------
        BadTensor
            If it is not there, or has another shape or type.
        """
        array = self._arrays.get(name)
        if array is None:
            raise BadTensor(f"The file lacks the weight {name!r:.100}.")
        if array.shape != shape or array.dtype != self._dtype:
            raise BadTensor(
                f"The weight {name!r:.100} has the shape {array.shape} and the type "
                f"{array.dtype}, and the network needs {shape} and {self._dtype}."
            )
        self._left.discard(name)
        return array

    def refuse_others(self, *allowed):
        """Raise a BadTensor if weights are left whose names do not start with these."""
        unknown = sorted(n for n in self._left if not n.startswith(allowed))
        if unknown:
            raise BadTensor(
                f"The file has weights that the network does not: {unknown[:5]!r:.200}."
            )


class Linear:
    """A linear layer.

    Parameters
    ----------
    weights : Weights

    name : str

    n_inputs, n_outputs : int

    bias : bool, default=True
    """

    def __init__(self, weights, name, n_inputs, n_outputs, *, bias=True):
        self.weight = weights.take(f"{name}.weight", n_outputs, n_inputs)
        self.bias = weights.take(f"{name}.bias", n_outputs) if bias else None

    def __call__(self, inputs):
        outputs = inputs @ self.weight.T
        if self.bias is not None:
            outputs += self.bias
        return outputs


class InputLayer:
    """A linear layer over rows: sparse, sparse beside a dense block, or dense.

    Parameters
    ----------
    weights : Weights

    name : str

    spec : Spec

    n_outputs : int
    """

    def __init__(self, weights, name, spec, n_outputs):
        self.scale = spec.dtype.type(spec.scale)
        self.sparse, self.block = spec.sparse, None
        shape = spec.n_features, n_outputs
        if spec.n_dense:
            block = weights.take(f"{name}.block.weight", n_outputs, spec.n_dense)
            self.block, name = block, f"{name}.words"
        if not spec.sparse:
            shape = shape[::-1]
        self.weight = weights.take(f"{name}.weight", *shape)
        self.bias = weights.take(f"{name}.bias", n_outputs)

    def __call__(self, rows):
        if not self.sparse:
            return (rows.features * self.scale) @ self.weight.T + self.bias
        outputs = rows.features @ self.weight
        outputs *= self.scale
        outputs += self.bias
        if self.block is not None:
            gain = outputs.dtype.type(BLOCK_GAIN) * self.scale
            outputs += gain * (rows.dense @ self.block.T)
        return outputs


class HiddenLayer(InputLayer):
    """The trunk of one layer: an input layer and a rectifier."""

    def __call__(self, rows):
        hidden = super().__call__(rows)
        return np.maximum(hidden, 0, out=hidden)


class Thresholds:
    """From the logit of an ordinal task to those of exceeding each class.

    Parameters
    ----------
    weights : Weights

    name : str

    n_classes : int
    """

    def __init__(self, weights, name, n_classes):
        first = weights.take(f"{name}.first", 1)
        raw_gaps = weights.take(f"{name}.raw_gaps", n_classes - 2)
        self.slope = weights.take(f"{name}.slope")[()]
        self.thresholds = thresholds_of(first, raw_gaps)

    def __call__(self, logits):
        return self.slope * logits - self.thresholds
