"""Network layers in numpy, with weights trained by torch."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from ..answers._thresholds import thresholds_of
from ..data._block import BLOCK_GAIN
from ..persistence._compact import SCALE, expand
from ..persistence._errors import BadTensor


class Rows(NamedTuple):
    """Input rows of a network.

    Attributes
    ----------
    features : csr_array or ndarray of shape (n_rows, n_features)

    dense : ndarray of shape (n_rows, n_dense) or None
        The dense block that belongs to sparse features.
    """

    features: object
    dense: np.ndarray | None = None


class Spec(NamedTuple):
    """Description of the rows that a network reads, as in `network.InputSpec`."""

    n_features: int
    sparse: bool
    scale: float
    n_dense: int
    dtype: np.dtype


class Weights:
    """The weights of a file. Each is taken once, by its name and shape.

    Parameters
    ----------
    arrays : dict of {str: ndarray}

    stored : {"float32", "float16", "int8"}
        Type in which large weights are stored, see `persistence._compact`.

    dtype : dtype
        The float type of the network.
    """

    def __init__(self, arrays, stored, dtype):
        self._arrays, self._left = arrays, set(arrays)
        self._stored, self._dtype = stored, dtype

    def __len__(self):
        return len(self._arrays)

    def __contains__(self, name):
        return name in self._arrays

    def take(self, name, *shape):
        """Return a weight in the float type of the network.

        Raises
        ------
        BadTensor
            If it is missing, or has another shape or type.
        """
        parts = self._parts(name, shape)
        array = expand(parts, self._stored, self._dtype)[name]
        if array.dtype != self._dtype:
            raise BadTensor(
                f"The weight {name!r:.100} has the type {array.dtype}, but the network "
                f"{self._dtype}."
            )
        return array

    def take_table(self, name, *shape):
        """Return a weight with one row per feature, a `Table`.

        Large weights keep their stored type, because most texts need only a few rows.
        """
        parts = self._parts(name, shape)
        if parts[name].dtype == self._dtype:
            return Table(parts[name])
        expand({key: part[:1] for key, part in parts.items()}, self._stored)  # checks
        scales = parts.get(name + SCALE)
        if scales is None and parts[name].dtype != np.float16:
            raise BadTensor(
                f"The weight {name!r:.100} does not have the type {self._stored}."
            )
        return Table(parts[name], scales, self._dtype)

    def _parts(self, name, shape):
        array = self._arrays.get(name)
        if array is None:
            raise BadTensor(f"The file lacks the weight {name!r:.100}.")
        if array.shape != shape:
            raise BadTensor(
                f"The weight {name!r:.100} has the shape {array.shape}, but the "
                f"network needs {shape}."
            )
        parts = {name: array}
        if array.dtype == np.int8 and name + SCALE in self._arrays:
            parts[name + SCALE] = self._arrays[name + SCALE]
            if parts[name + SCALE].shape != shape[:1]:
                raise BadTensor(f"The scales of {name!r:.100} do not match it.")
        self._left -= set(parts)
        return parts

    def refuse_others(self, *allowed):
        """Raise a BadTensor for unused weights whose names are not allowed."""
        unknown = sorted(n for n in self._left if not n.startswith(allowed))
        if unknown:
            raise BadTensor(
                "The file has weights that the network does not use: "
                f"{unknown[:5]!r:.200}."
            )


class Table(NamedTuple):
    """A weight with one row per feature, in the stored type or that of the network.

    Attributes
    ----------
    rows : ndarray of shape (n_features, n_outputs)

    scales : ndarray of shape (n_features,) or None
        The factor of each row.

    dtype : dtype or None
        The type of products; None means the type of the rows.
    """

    rows: np.ndarray
    scales: np.ndarray | None = None
    dtype: np.dtype | None = None

    def product(self, features):
        """Return sparse rows times the weight as an array."""
        if self.dtype is None:
            return features @ self.rows
        used, places = np.unique(features.indices, return_inverse=True)
        own = self.rows[used].astype(self.dtype)
        if self.scales is not None:
            own *= self.scales[used, None].astype(self.dtype)
        parts = features.data, places.astype(features.indices.dtype), features.indptr
        return csr_array(parts, (features.shape[0], len(used))) @ own


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
    """A linear layer over rows: sparse, sparse with a dense block, or dense.

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
        if spec.n_dense:
            block = weights.take(f"{name}.block.weight", n_outputs, spec.n_dense)
            self.block, name = block, f"{name}.words"
        name_of_weight = f"{name}.weight"
        if spec.sparse:
            self.table = weights.take_table(name_of_weight, spec.n_features, n_outputs)
        else:
            self.weight = weights.take(name_of_weight, n_outputs, spec.n_features)
        self.bias = weights.take(f"{name}.bias", n_outputs)

    def __call__(self, rows):
        if not self.sparse:
            return (rows.features * self.scale) @ self.weight.T + self.bias
        outputs = self.table.product(rows.features)
        outputs *= self.scale
        outputs += self.bias
        if self.block is not None:
            gain = outputs.dtype.type(BLOCK_GAIN) * self.scale
            outputs += gain * (rows.dense @ self.block.T)
        return outputs


class HiddenLayer(InputLayer):
    """The trunk with one layer: an input layer and a ReLU."""

    def __call__(self, rows):
        hidden = super().__call__(rows)
        return np.maximum(hidden, 0, out=hidden)


class Thresholds:
    """Maps the logit of an ordinal task to the logits of exceeding each class.

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
