"""Input layers: from rows as they come to a few columns, without making rows dense."""

from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn.functional import embedding_bag

# Up to this many rows data are small: full batches, no dropout, every word counts.
SMALL = 200


@dataclass(frozen=True)
class InputSpec:
    """What a network must know of the rows it will read.

    Attributes
    ----------
    n_features : int
        Columns of a row, or ids of tokens.

    sparse : bool
        Whether batches come as :class:`~sklearn_mtl._batches.SparseBatch`.

    scale : float
        Factor that brings the rows to a mean squared norm of 1, so that learning rates
        and penalties mean the same for counts, TF-IDF and measurements.

    n_rows : int
        Training rows; the strategies' "auto" settings read it.

    tokens : bool, default=False
        Whether batches come as :class:`~sklearn_mtl._batches.TokenBatch`.

    vocabulary : tuple of str, default=()
        The token of each id, where the vectorizer tells.
    """

    n_features: int
    sparse: bool
    scale: float
    n_rows: int
    tokens: bool = False
    vocabulary: tuple = field(default=(), repr=False)

    @property
    def is_small(self):
        """Whether training is in full batches and without dropout.

        The fit is then a deterministic function of weighted sums over rows, and a row
        of weight 2 equals the row given twice.
        """
        return self.n_rows <= SMALL


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
        product = _SparseProduct.apply(self.weight, batch)
        return torch.add(self.bias, product, alpha=self.scale)


class _SparseProduct(torch.autograd.Function):
    """``rows @ weight`` with a sparse gradient, a row for each feature of the batch."""

    @staticmethod
    def forward(ctx, weight, batch):
        ctx.batch, ctx.shape = batch, weight.shape
        return _weighted_sums(weight, batch.indices, batch.offsets, batch.values)

    @staticmethod
    def backward(ctx, grad_output):
        transposed = ctx.batch.transposed()
        rows = _weighted_sums(
            grad_output.contiguous(),
            transposed.indices,
            transposed.offsets,
            transposed.values,
        )
        # The features come sorted and once each, so there is nothing to check.
        gradient = torch.sparse_coo_tensor(
            transposed.features.unsqueeze(0),
            rows,
            ctx.shape,
            is_coalesced=True,
            check_invariants=False,
        )
        return gradient, None


def _weighted_sums(table, indices, offsets, values):
    return embedding_bag(
        indices,
        table,
        offsets,
        mode="sum",
        per_sample_weights=values,
        include_last_offset=True,
    )


class Dropout(nn.Module):
    """Dropout that draws uniform numbers; torch's draws from Bernoulli, 4 times slower.

    It has random numbers of its own, seeded when it is made, so that nets which learn
    at the same time do not take each other's.

    Parameters
    ----------
    p : float
        Share of the units that a training step sets to 0; the others grow by 1 / (1 -
        p).
    """

    def __init__(self, p):
        super().__init__()
        self.p = p
        self.seed = int(torch.randint(2**62, ())) if p else None
        self._generator = None

    def forward(self, hidden):
        if not (self.training and self.p):
            return hidden
        if self._generator is None or self._generator.device != hidden.device:
            self._generator = torch.Generator(hidden.device).manual_seed(self.seed)
        drawn = torch.rand(
            hidden.shape,
            generator=self._generator,
            dtype=hidden.dtype,
            device=hidden.device,
        )
        return hidden * (drawn >= self.p).to(hidden).div_(1 - self.p)

    def __getstate__(self):
        return {**super().__getstate__(), "_generator": None}


class DenseLinear(nn.Linear):
    """A linear layer over dense rows, scaled to unit mean squared norm."""

    def __init__(self, n_features, n_outputs, *, scale=1.0, init_range=0.0):
        super().__init__(n_features, n_outputs)
        nn.init.uniform_(self.weight, -init_range, init_range)
        nn.init.zeros_(self.bias)
        self.scale = scale

    def forward(self, rows):
        return super().forward(rows * self.scale)


def input_layer(spec, n_outputs, *, init_range=0.0):
    """Return the linear layer that fits the rows of `spec`."""
    kind = SparseLinear if spec.sparse else DenseLinear
    return kind(spec.n_features, n_outputs, scale=spec.scale, init_range=init_range)
