"""Input layers: linear layers over sparse or dense rows."""

from collections.abc import Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.functional import linear

from ..data._block import BLOCK_GAIN
from ._batch import weighted_sums
from ._descent import BLOCK, Product
from ._kernels import LANE
from ._memory import draw_weights, join_tables, new_table
from ._spec import InputSpec


class SparseLinear(nn.Module):
    """A linear layer over sparse rows; its cost depends on the number of stored values.

    The weight has one row per feature. The forward pass sums the rows of the stored
    features. The backward pass returns a coalesced sparse gradient with one row for
    each feature in the batch, so an optimizer updates only these rows.

    Parameters
    ----------
    n_features, n_outputs : int

    scale : float, default=1.0
        Factor for the rows, see :class:`InputSpec`.

    init_range : float, default=0.0
        Weights start uniformly in ``[-init_range, init_range]``.
    """

    descent = "sparse"

    def __init__(self, n_features, n_outputs, *, scale=1.0, init_range=0.0):
        super().__init__()
        weight = new_table(n_features, n_outputs)
        draw_weights(weight, init_range)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(n_outputs))
        self.scale = scale

    def forward(self, batch):
        if "_table" in self.__dict__:
            joint = batch if batch.products is not None else self._table(batch)
            product = joint.products[self._name]
        else:
            product = sparse_product(self.weight, batch)
        return torch.add(self.bias, product, alpha=self.scale)

    def read_columns(self, table, name):
        """Use the columns called `name` of an input table as the weights."""
        del self.weight
        # Not registered as a submodule, which would list the table once per layer.
        self.__dict__["_table"], self._name = table, name

    def by_feature(self):
        """Return the weights, (n_features, n_outputs), without their gradient."""
        if "_table" in self.__dict__:
            return self._table.columns(self._name)
        return self.weight.detach()


class LabelledColumns(NamedTuple):
    """Columns of a layer that are needed only in rows labelled for their task.

    Attributes
    ----------
    name : str
        Name of the layer, whose outputs are the tasks' logits.

    widths : list of int
        Number of logits of each task.

    codes : tensor of shape (n_rows, n_tasks)
        Negative where a label is missing.
    """

    name: str
    widths: list
    codes: torch.Tensor


class InputTable(nn.Module):
    """The weights of sparse layers over the same rows, in named columns.

    Reading one long row of weights per stored value is faster than reading several
    short ones, in the forward pass, the backward pass and the update. Each layer keeps
    its own bias.

    Parameters
    ----------
    layers : dict of {str: SparseLinear}
        Their weights move into columns of the same names.

    lane : int, default=LANE
        The number of columns is padded to a multiple of `lane`, so each row of 32-bit
        weights starts at a cache line.
    """

    descent = "sparse"

    def __init__(self, layers, lane=LANE):
        super().__init__()
        self.widths = {name: len(layer.bias) for name, layer in layers.items()}
        n_columns = sum(self.widths.values())
        n_columns += -n_columns % lane
        weights = [layer.weight.detach() for layer in layers.values()]
        self.weight = nn.Parameter(join_tables(weights, n_columns))
        for name, layer in layers.items():
            layer.read_columns(self, name)

    def columns(self, name):
        """Return the weights of a layer as a detached view."""
        return self._parts(self.weight.detach())[name]

    def _parts(self, table):
        widths = list(self.widths.values())
        parts = table.split([*widths, table.shape[1] - sum(widths)], dim=1)
        return dict(zip(self.widths, parts, strict=False))

    def forward(self, batch, labelled=None):
        """Return a copy of the batch with the product of each layer.

        Parameters
        ----------
        batch : SparseBatch

        labelled : LabelledColumns, default=None
            Columns that are needed only in labelled rows. They may be 0 in the others.
        """
        # Keep the type of the batch, because a trunk may also read the rows itself.
        joint = copy(batch)
        spans = self._spans(labelled)
        joint.products = self._parts(sparse_product(self.weight, batch, spans))
        return joint

    def _spans(self, labelled):
        pending = getattr(self.weight, "pending", None)
        if labelled is None or pending is None:
            return None
        names, n_columns = list(self.widths), self.weight.shape[1]
        place = names.index(labelled.name)
        first = sum(self.widths[name] for name in names[:place])
        edges = first + np.cumsum([0, *labelled.widths])
        if place == len(names) - 1:
            edges[-1] = n_columns  # the padding alone does not require reading a row
        return pending.loops.find_spans(labelled.codes, edges, n_columns)


class TablesApart(nn.Module):
    """Two tables: columns that all rows read, and columns that few rows read.

    Parameters
    ----------
    joint : InputTable or None
        Read by all rows. None if this is a single layer, which then keeps its weights.

    own : InputTable
    """

    def __init__(self, joint, own):
        super().__init__()
        self.joint, self.own = joint, own

    def forward(self, batch, labelled=None):
        """Return a copy of the batch with the product of each layer of both tables.

        The parameters are those of :class:`InputTable`; `labelled` are columns of
        `own`.
        """
        read = self.own(batch, labelled)
        if self.joint is not None:
            read.products |= self.joint(batch).products
        return read


def join_sparse_layers(network: Any, apart: str | None = None) -> Any:
    """Put the weights of all sparse layers of a network into one table.

    Parameters
    ----------
    network : torch.nn.Module
        All its sparse layers must read the input rows of the network.

    apart : str, default=None
        The name of a layer that gets its own table, because a row needs few of its
        columns.

    Returns
    -------
    table : InputTable, TablesApart or None
        Call it on the rows before the layers. Its columns are named after the layers.
        None if there are fewer than two layers.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_mtl.network import InputSpec, input_layer, join_sparse_layers
    >>> spec = InputSpec(n_features=3, sparse=True, scale=1.0, n_rows=2)
    >>> network = nn.ModuleDict(
    ...     {"shared": input_layer(spec, 8), "private": input_layer(spec, 2)}
    ... )
    >>> table = join_sparse_layers(network)
    >>> len(table.weight)  # one row for each feature
    3
    """
    layers = {n: m for n, m in network.named_modules() if isinstance(m, SparseLinear)}
    own = layers.pop(apart, None)
    joint = InputTable(layers) if len(layers) > 1 else None
    if own is None:
        return joint
    return TablesApart(joint, InputTable({apart: own}, lane=BLOCK))


def optim_groups(network):
    """Return the weights of a network that are trained by plain gradient descent.

    Modules whose ``weight`` has a sparse gradient set the attribute ``descent`` to the
    name of a group. Adam trains all other weights.

    Parameters
    ----------
    network : torch.nn.Module

    Returns
    -------
    groups : dict of {str: list of torch.nn.Parameter}
        "sparse" holds the input weights of sparse rows, "embedding" the embeddings of
        tokens.
    """
    groups = {"sparse": [], "embedding": []}
    for module in network.modules():
        kind = getattr(module, "descent", None)
        if kind is None or "weight" not in module._parameters:
            continue
        if kind not in groups:
            raise ValueError(
                f"{type(module).__name__} has descent={kind!r}. Set it to one of "
                f"{list(groups)}, or to None for Adam."
            )
        groups[kind].append(module.weight)
    return groups


class _SparseProduct(torch.autograd.Function):
    """``rows @ weight`` with a sparse gradient: one row per feature in the batch.

    If the weight has `pending` products, the gradient is added to them instead.
    """

    @staticmethod
    def forward(ctx, weight, batch, spans):
        ctx.weight, ctx.batch, ctx.spans = weight, batch, spans
        if spans is not None:
            return weight.pending.loops.sums(weight.detach(), batch, spans)
        return weighted_sums(weight.detach(), batch)

    @staticmethod
    def backward(ctx, grad_output):
        slopes, pending = grad_output.contiguous(), getattr(ctx.weight, "pending", None)
        if pending is not None:
            pending.products.append(Product(ctx.batch, slopes.detach(), ctx.spans))
            return None, None, None
        transposed = ctx.batch.transposed()
        # Features are sorted and unique, so there is nothing to check.
        gradient = torch.sparse_coo_tensor(
            transposed.features.unsqueeze(0),
            weighted_sums(slopes, transposed),
            ctx.weight.shape,
            is_coalesced=True,
            check_invariants=False,
        )
        return gradient, None, None


def sparse_product(weight, batch, spans=None):
    """Return rows times a weight. The gradient of the weight is sparse.

    Parameters
    ----------
    weight : tensor of shape (n_features, n_outputs)

    batch : SparseBatch

    spans : tuple of ndarray, default=None
        For a weight with pending products: the columns that each row reads, from
        ``find_spans`` of its loops. The others are 0.
    """
    return _SparseProduct.apply(weight, batch, spans)


class DenseLinear(nn.Linear):
    """A linear layer over dense rows, scaled to unit mean squared norm."""

    widths = ()

    def __init__(self, n_features, n_outputs, *, scale=1.0, init_range=0.0):
        super().__init__(n_features, n_outputs)
        nn.init.uniform_(self.weight, -init_range, init_range)
        nn.init.zeros_(self.bias)
        self.scale = scale

    def forward(self, rows):
        return linear_in_blocks(self, rows * self.scale, self.widths)

    def by_feature(self):
        """Return the weights, (n_features, n_outputs), without their gradient."""
        return self.weight.detach().t()


def linear_in_blocks(layer, inputs, widths=()):
    """Return the output of a linear layer, with a product for each block of outputs.

    Parameters
    ----------
    layer : torch.nn.Linear

    inputs : tensor of shape (n_rows, n_inputs)

    widths : sequence of int, default=()
        Number of outputs of each block; empty for a single product.
    """
    weight, bias = layer.weight, layer.bias
    if not widths:
        return linear(inputs, weight, bias)
    biases = [None] * len(widths) if bias is None else bias.split(widths)
    pairs = zip(weight.split(widths), biases, strict=True)
    return torch.cat([linear(inputs, *pair) for pair in pairs], dim=1)


class LinearInBlocks(nn.Linear):
    """A linear layer with a product for each block of outputs."""

    widths = ()

    def forward(self, inputs):
        return linear_in_blocks(self, inputs, self.widths)


class BlockLinear(nn.Module):
    """A linear layer over sparse rows and their dense block.

    Adam trains the weights of the block. A dense column has a value in every row, so it
    needs the step sizes of the later layers, not those of words.

    Parameters
    ----------
    words : SparseLinear
        Also holds the bias.

    n_dense : int
        Number of columns of the block.

    init_range : float, default=0.0
        The weights of the block start uniformly in ``[-init_range, init_range]``.
    """

    def __init__(self, words, n_dense, *, init_range=0.0):
        super().__init__()
        self.words = words
        self.block = LinearInBlocks(n_dense, len(words.bias), bias=False)
        nn.init.uniform_(self.block.weight, -init_range, init_range)

    def forward(self, batch):
        own = self.block(batch.dense)
        return torch.add(self.words(batch), own, alpha=BLOCK_GAIN * self.words.scale)


def input_layer(
    spec: InputSpec,
    n_outputs: int,
    *,
    init_range: float = 0.0,
    widths: Sequence[int] = (),
) -> nn.Module:
    """Return a linear layer for the rows of `spec`.

    Parameters
    ----------
    spec : InputSpec
        Description of the rows that the layer will read.

    n_outputs : int
        Number of output columns.

    init_range : float, default=0.0
        Weights start uniformly in ``[-init_range, init_range]``.

    widths : sequence of int, default=()
        Number of outputs of each block of tasks; empty if there is one block.

    Returns
    -------
    layer : torch.nn.Module
        Reads a :class:`~sklearn_mtl.network.SparseBatch`, or a tensor of dense rows.

    Examples
    --------
    >>> import scipy.sparse
    >>> from sklearn_mtl.network import InputSpec, SparseBatch, input_layer
    >>> spec = InputSpec(n_features=3, sparse=True, scale=1.0, n_rows=2)
    >>> layer = input_layer(spec, 8, init_range=0.1)
    >>> rows = scipy.sparse.csr_array([[0, 2, 0], [1, 0, 3]], dtype="float32")
    >>> layer(SparseBatch.from_arrays(rows.indices, rows.indptr, rows.data)).shape
    torch.Size([2, 8])
    """
    kind = SparseLinear if spec.sparse else DenseLinear
    layer = kind(spec.n_features, n_outputs, scale=spec.scale, init_range=init_range)
    layer.widths = list(widths)  # sparse products do not depend on other columns
    if spec.n_dense:
        layer = BlockLinear(layer, spec.n_dense, init_range=init_range)
        layer.block.widths = list(widths)
    return layer
