"""Input layers: from rows as they come to a few columns, without making rows dense."""

from copy import copy

import torch
from torch import nn
from torch.nn.functional import embedding_bag

# Columns of a joint table come in multiples of this, so that each of its rows of 32-bit
# weights starts at a cache line.
LANE = 16


class SparseLinear(nn.Module):
    """A linear layer over sparse rows whose cost is that of the stored values.

    The weight has one row per feature. Forward sums the rows of the stored features;
    backward returns a sparse gradient that holds each feature of the batch once, so
    that an optimizer touches these rows and no other and nothing has to be coalesced.

    Parameters
    ----------
    n_features, n_outputs : int

    scale : float, default=1.0
        Factor on the rows, see :class:`InputSpec`.

    init_range : float, default=0.0
        Weights start uniformly in ``[-init_range, init_range]``.
    """

    def __init__(self, n_features, n_outputs, *, scale=1.0, init_range=0.0):
        super().__init__()
        weight = torch.zeros(n_features, n_outputs)
        if init_range:
            weight.uniform_(-init_range, init_range)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(n_outputs))
        self.scale = scale

    def forward(self, batch):
        if "_table" in self.__dict__:
            joint = batch if batch.products is not None else self._table(batch)
            product = joint.products[self._place]
        else:
            product = _SparseProduct.apply(self.weight, batch)
        return torch.add(self.bias, product, alpha=self.scale)

    def move_into(self, table, place):
        """Give the weights to a joint table, as the part that stands at a place."""
        with torch.no_grad():
            table.part(table.weight, place).copy_(self.weight)
        del self.weight
        # Not as a module of its own, which would be listed once for each layer.
        self.__dict__["_table"], self._place = table, place

    def by_feature(self):
        """Return the weights, (n_features, n_outputs), without their gradient."""
        if "_table" in self.__dict__:
            return self._table.part(self._table.weight.detach(), self._place)
        return self.weight.detach()


class JointTable(nn.Module):
    """The weights of sparse layers over the same rows, side by side.

    To move one long row of weights for each stored value takes less time than to move
    several short ones, in all three steps: forward, backward and update. Each layer
    keeps its bias.

    Parameters
    ----------
    layers : list of SparseLinear
        Their weights move here.
    """

    def __init__(self, layers):
        super().__init__()
        widths = [layer.weight.shape[1] for layer in layers]
        self.widths = [*widths, -sum(widths) % LANE]
        n_features = layers[0].weight.shape[0]
        table = layers[0].weight.new_zeros(n_features, sum(self.widths))
        self.weight = nn.Parameter(table)
        for place, layer in enumerate(layers):
            layer.move_into(self, place)

    def part(self, table, place):
        """Return the columns of the layer at a place, a view."""
        return table.split(self.widths, dim=1)[place]

    def forward(self, batch):
        """Return the batch, a copy that carries the product of each layer."""
        product = _SparseProduct.apply(self.weight, batch)
        # A batch of the same kind, since a trunk may read the rows in its own way.
        joint = copy(batch)
        joint.products = product.split(self.widths, dim=1)
        return joint


def join_sparse_layers(network):
    """Put the weights of all sparse layers of a network into one table.

    Parameters
    ----------
    network : torch.nn.Module
        All its sparse layers must read the rows that it is given.

    Returns
    -------
    table : JointTable or None
        To be given the rows first; None if there is nothing to join.
    """
    layers = [m for m in network.modules() if isinstance(m, SparseLinear)]
    return JointTable(layers) if len(layers) > 1 else None


def sparse_weights(network):
    """Return the parameters of a network that get a sparse gradient."""
    kinds = SparseLinear | JointTable
    return [
        module.weight
        for module in network.modules()
        if isinstance(module, kinds) and "weight" in module._parameters
    ]


class _SparseProduct(torch.autograd.Function):
    """``rows @ weight`` with a sparse gradient, a row for each feature of the batch."""

    @staticmethod
    def forward(ctx, weight, batch):
        ctx.batch, ctx.shape = batch, weight.shape
        return weighted_sums(weight.detach(), batch)

    @staticmethod
    def backward(ctx, grad_output):
        transposed = ctx.batch.transposed()
        rows = weighted_sums(grad_output.contiguous(), transposed)
        # The features come sorted and once each, so there is nothing to check.
        gradient = torch.sparse_coo_tensor(
            transposed.features.unsqueeze(0),
            rows,
            ctx.shape,
            is_coalesced=True,
            check_invariants=False,
        )
        return gradient, None


def weighted_sums(table, batch):
    """Return the rows of a batch times a table, without a gradient.

    Parameters
    ----------
    table : tensor of shape (n_features, n_outputs)

    batch : SparseBatch or Transposed
        For what is transposed, a row of the table for each row of the batch.
    """
    return embedding_bag(
        batch.indices,
        table,
        batch.offsets,
        mode="sum",
        per_sample_weights=batch.values,
        include_last_offset=True,
    )


class DenseLinear(nn.Linear):
    """A linear layer over dense rows, scaled to unit mean squared norm."""

    def __init__(self, n_features, n_outputs, *, scale=1.0, init_range=0.0):
        super().__init__(n_features, n_outputs)
        nn.init.uniform_(self.weight, -init_range, init_range)
        nn.init.zeros_(self.bias)
        self.scale = scale

    def forward(self, rows):
        return super().forward(rows * self.scale)

    def by_feature(self):
        """Return the weights, (n_features, n_outputs), without their gradient."""
        return self.weight.detach().t()


def input_layer(spec, n_outputs, *, init_range=0.0):
    """Return the linear layer that fits the rows of `spec`."""
    kind = SparseLinear if spec.sparse else DenseLinear
    return kind(spec.n_features, n_outputs, scale=spec.scale, init_range=init_range)
