"""What each part of a row adds to the logits: integrated gradients."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from ..network._batch import SparseBatch, TokenBatch, weighted_sums
from ..network._build import LinkedNetwork
from ..network._input import SparseLinear
from ..sharing._adversarial import AdversarialNetwork
from ..sharing._base import TaskNetwork
from ..sharing._separate import SeparateNetworks
from ..tasks._thresholds import Thresholds
from ..trunks import BagTrunk, DenseTrunk
from ..utils._typing import Array
from ._effects import with_same_weights
from ._input_path import InputPath, plain_recurrence

ROWS_AT_ONCE = 256


class Contributions(NamedTuple):
    """What parts of rows add to some logits of each row.

    Attributes
    ----------
    parts : ndarray of shape (n_parts, n_wanted)

    block : ndarray of shape (n_rows, n_wanted)
        What the dense block beside sparse rows adds; 0 without one.

    base, logits : ndarray of shape (n_rows, n_wanted)
        The logits of the empty row, and those of the row.
    """

    parts: Array
    block: Array
    base: Array
    logits: Array


def contributions(net, dataset, shares, owners, wanted, n_steps):
    r"""Split logits of rows among parts of the rows.

    The integrated gradient of feature *i* is

    .. math:: x_i \int_0^1 \frac{\partial z}{\partial x_i}(a x)\,da

    These add up to :math:`z(x) - z(0)`. Behind one hidden layer of ReLU units the mean
    gradient of a unit is the slope of the line through its values at 0 and at *x*, so
    no integration is needed and the sum is exact. Other networks take the mean over
    `n_steps` points.

    Parameters
    ----------
    net : MultiTaskNet

    dataset : RowDataset

    shares : csr_array of shape (n_parts, n_stored)
        The share of each stored value of the rows in each part. For dense rows, the
        values are those of the array, row by row.

    owners : ndarray of shape (n_parts,)
        The row of each part, ascending.

    wanted : ndarray of int of shape (n_rows, n_wanted)
        Columns of the logits of all tasks; -1 stands for a logit that is always 0.

    n_steps : int
        Number of points on the path.

    Returns
    -------
    contributions : Contributions

    Raises
    ------
    ValueError
        If the layers that read the rows are unknown.
    """
    _refuse_opaque(net)
    net._set_training(False)
    secants = is_piecewise(net)
    path = InputPath(with_same_weights(net.module_), secants=secants)
    points, weights = [1.0], [1.0]
    if not secants:
        nodes, weights = np.polynomial.legendre.leggauss(n_steps)
        points, weights = (nodes + 1) / 2, weights / 2
    bounds = np.searchsorted(owners, np.arange(len(dataset) + 1))
    found = []
    with plain_recurrence():
        for rows in _slices(net, dataset):
            own = slice(bounds[rows.start], bounds[rows.stop])
            batch = dataset.batch(rows.start, rows.stop)[0].to(net.device)
            columns = torch.from_numpy(wanted[rows]).to(net.device)
            base, _ = path.run(batch, 0.0)
            slopes = _mean_slopes(path, batch, columns, points, weights)
            logits, readings = path.run(batch, 1.0)
            first = _first_stored(dataset, rows.start)
            of_batch = _shifted(shares[own], first)
            parts, block = _split(
                batch, readings, slopes, of_batch, owners[own] - rows.start
            )
            found.append(
                (parts, block, _picked(base, columns), _picked(logits, columns))
            )
    return Contributions(*(np.concatenate(part) for part in zip(*found, strict=True)))


def is_piecewise(net):
    """Whether at most one hidden layer of ReLU units lies between rows and logits."""
    network, links = net.module_, []
    if type(network) is LinkedNetwork:
        network, links = network.network, network.links
    return (
        type(network) in (TaskNetwork, AdversarialNetwork, SeparateNetworks)
        and type(net.module__trunk) in (BagTrunk, DenseTrunk, type(None))
        and all(type(link) in (nn.Identity, Thresholds) for link in links)
    )


def _refuse_opaque(net):
    trunk, spec = net.module__trunk, net.module__spec
    if getattr(trunk, "is_opaque", False) and spec.sparse and not spec.tokens:
        raise ValueError(
            f"{type(trunk).__name__} reads sparse rows without input_layer, so what a "
            "word adds is unknown. Use trunk='bag', or dense rows with reads='dense'."
        )


def _slices(net, dataset):
    """Yield slices of rows whose gradients fit into memory."""
    size, lengths = ROWS_AT_ONCE, dataset.lengths
    if lengths is not None:
        longest = max(int(lengths.max(initial=1)), 1)
        most = net.module__trunk.rows_at_once(longest) if net.module__trunk else size
        size = max(1, min(size, most // 8))
    for start in range(0, len(dataset), size):
        yield slice(start, min(start + size, len(dataset)))


def _first_stored(dataset, row):
    X = dataset.X
    return X.indptr[row] if hasattr(X, "indptr") else row * X.shape[1]


def _shifted(shares, first):
    """Return shares of the stored values of a batch, which starts at value `first`."""
    return shares.data, shares.indices - first, shares.indptr


def _picked(logits, columns):
    known = columns >= 0
    return (logits.gather(1, columns.clamp(min=0)) * known).detach().cpu().numpy()


def _mean_slopes(path, batch, columns, points, weights):
    """Return the mean gradient of each wanted logit at each reading.

    Returns
    -------
    slopes : list of list of tensor or None
        For each reading a tensor per wanted logit; None without a path.
    """
    total = None
    for point, weight in zip(points, weights, strict=True):
        logits, readings = path.run(batch, float(point))
        if not readings:
            raise ValueError(
                "The network reads tokens without torch.nn.Embedding, so what a word "
                "adds is unknown. Use a trunk of sklearn_mtl.trunks."
            )
        inputs = [reading.point for reading in readings]
        if total is None:
            total = [[None] * columns.shape[1] for _ in inputs]
        for k, column in enumerate(columns.t()):
            known = column >= 0
            if not known.any():
                continue
            own = logits.gather(1, column.clamp(min=0).unsqueeze(1))[:, 0][known]
            found = torch.autograd.grad(
                own.sum(), inputs, retain_graph=True, allow_unused=True
            )
            for mean, slope in zip(total, found, strict=True):
                if slope is not None:
                    scaled = weight * slope
                    mean[k] = scaled if mean[k] is None else mean[k] + scaled
    return total


def _split(batch, readings, slopes, shares, owners):
    """Return what the parts of a batch add, and what its dense block adds."""
    n_rows, n_wanted = len(batch), len(slopes[0])
    parts = np.zeros((len(owners), n_wanted))
    block = np.zeros((n_rows, n_wanted))
    for reading, means in zip(readings, slopes, strict=True):
        layer, whole = reading.layer, reading.whole
        if isinstance(layer, SparseLinear):
            stacked = _stacked(means, whole)
            parts += _through_layer(layer, batch, stacked, shares, owners)
        elif isinstance(layer, nn.Linear):  # of a BlockLinear
            block += (_stacked(means, whole) * whole.unsqueeze(1)).sum(2).cpu().numpy()
        else:
            parts += _through_values(batch, whole, means, shares)
    return parts, block


def _stacked(means, whole):
    """Return slopes of shape (n_rows, n_wanted, n_outputs)."""
    zeros = torch.zeros_like(whole)
    return torch.stack([zeros if m is None else m for m in means], dim=1)


def _through_layer(layer, batch, slopes, shares, owners):
    """Send the parts of sparse rows through a linear layer, then apply the slopes."""
    values, places, starts = (torch.from_numpy(np.ascontiguousarray(p)) for p in shares)
    device = slopes.device
    places = places.to(device).long()
    features, own = batch.indices.long()[places].unique(return_inverse=True)
    table = layer.by_feature()[features]
    values = batch.values[places] * values.to(batch.values)
    as_rows = SparseBatch(own, starts.to(device).long(), values)
    outputs = layer.scale * weighted_sums(table, as_rows)
    bounds = np.searchsorted(owners, np.arange(len(batch) + 1))
    found = [
        outputs[start:stop] @ slope.t()
        for slope, start, stop in zip(slopes, bounds[:-1], bounds[1:], strict=True)
    ]
    return torch.cat(found).cpu().numpy()


def _through_values(batch, whole, means, shares):
    """Add up slopes times the values of dense rows, or of embedded tokens."""
    n_parts, products = len(shares[2]) - 1, []
    for mean in means:
        product = torch.zeros_like(whole) if mean is None else mean * whole
        if isinstance(batch, TokenBatch):
            ids, lengths = batch.padded()
            steps = torch.arange(ids.shape[1], device=ids.device)
            product = product.sum(2)[steps < lengths.unsqueeze(1)]
        products.append(product.flatten())
    stored = torch.stack(products, dim=1).cpu().numpy()
    values, places, starts = shares
    rows = np.repeat(np.arange(n_parts), np.diff(starts))
    found = np.zeros((n_parts, len(means)))
    np.add.at(found, rows, values[:, None] * stored[places])
    return found
