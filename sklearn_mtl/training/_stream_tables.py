"""The weights of the features that a stream has seen, one row for each.

A chunk has few of the features of a stream, so a call reads and writes the rows of
these alone. Its cost does not grow with the number of features.
"""

import numpy as np
import torch
from scipy.sparse import csr_array

from ..network._input import InputTable, SparseLinear
from ..network._memory import new_table
from ._row_store import Version, in_blocks

# Averages are stored anew when the gap falls below this, long before it is 0.
LEAST_GAP = 1e-24


def tables_of(module):
    """Return the weights of a network that have a row for each feature.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    weights : list of torch.nn.Parameter of shape (n_features, n_columns)
    """
    return [
        part.weight
        for part in module.modules()
        if isinstance(part, InputTable | SparseLinear) and "weight" in part._parameters
    ]


def set_tables(net, rows):
    """Replace the tables of a net in place, and return it.

    Parameters
    ----------
    net : MultiTaskNet

    rows : list of tensor of shape (any, n_columns)
    """
    for weight, own in zip(tables_of(net.module_), rows, strict=True):
        weight.data = own.to(weight)
    return net


def take_tables(net):
    """Return the tables of a net, which it no longer has: they get no rows."""
    held = [weight.detach() for weight in tables_of(net.module_)]
    set_tables(net, [own.new_empty(0, own.shape[1]) for own in held])
    return held


def features_of(rows):
    """Return the features that sparse rows hold, and the rows with these alone.

    Parameters
    ----------
    rows : csr_matrix or csr_array of shape (n_rows, n_features)

    Returns
    -------
    features : ndarray of shape (n_held,)
        In ascending order; at least one.

    rows : csr_array of shape (n_rows, n_held)
    """
    is_held = np.zeros(rows.shape[1], dtype=bool)
    is_held[rows.indices] = True
    if not rows.nnz:
        is_held[:1] = True  # of a table without rows nothing can be read
    features = np.flatnonzero(is_held)
    places = np.zeros(len(is_held), dtype=rows.indices.dtype)
    places[features] = np.arange(len(features))
    parts = rows.data, places[rows.indices], rows.indptr
    return features, csr_array(parts, shape=(rows.shape[0], len(features)))


class FeatureTables:
    """Weights by feature with their averages. A change gives a new object.

    The average of a weight is ``weight + gap * lag``. So where a chunk lacks a feature,
    a new `gap` is all that changes.

    Parameters
    ----------
    rows : Version
        For each table, the weights and the lags.

    gap : float, default=1.0
    """

    def __init__(self, rows, gap=1.0):
        self._rows, self._gap = rows, gap

    @classmethod
    def of_weights(cls, n_features, features, weights):
        """Return tables in which the averages are the weights.

        Parameters
        ----------
        n_features : int

        features : ndarray of shape (n_held,)

        weights : list of tensor of shape (n_held, n_columns)
        """
        arrays = [own.cpu().numpy() for own in weights]
        kinds = [(own.shape[1], own.dtype) for own in weights for _ in range(2)]
        rows = Version.empty(n_features, kinds)

        def written(own):
            return [part for w in arrays for part in (w[own], np.zeros_like(w[own]))]

        return cls(rows.plus(features, written))

    @property
    def n_features(self):
        """Number of features, seen or not."""
        return self._rows.n_keys

    @property
    def features(self):
        """The features that were seen, in ascending order."""
        return self._rows.keys

    def are_known(self, features):
        """Return whether each of the features was seen before, as an ndarray."""
        return self._rows.has(features)

    def weights(self, features):
        """Return the rows of features in each table, as a list of tensors.

        They are 0 where a feature was never seen.
        """
        return [
            torch.from_numpy(own)
            for own in self._rows.take(features, slice(0, None, 2))
        ]

    def averages(self, features):
        """Return the rows of features in the average of each table."""
        return [torch.from_numpy(own) for own in self._averages(features)]

    def all_averages(self):
        """Return the average of each table, with a row for every feature."""
        kinds = self._rows.kinds[::2]
        tables = [new_table(self.n_features, *kind) for kind in kinds]
        for features in in_blocks(self._rows.keys):
            averages = self._averages(features)
            for table, rows in zip(tables, averages, strict=True):
                table.numpy()[features] = rows
        return tables

    def moved(self, features, weights, kept):
        """Return tables with new weights of features, and averages moved to them.

        Parameters
        ----------
        features : ndarray of shape (n_held,)

        weights : list of tensor of shape (n_held, n_columns)

        kept : float
            Share of the old averages in the new ones. If it is 0, no other feature was
            seen yet.
        """
        if not kept:
            return self.of_weights(self.n_features, features, weights)
        known = self if self._gap > LEAST_GAP else self.scaled(1.0)
        arrays = [own.cpu().numpy() for own in weights]

        def written(own):
            before, found = known._rows.take(features[own]), []
            for weights, lags, now in zip(
                before[::2], before[1::2], arrays, strict=True
            ):
                weights -= now[own]
                weights /= known._gap
                lags += weights
                found += [now[own], lags]
            return found

        return FeatureTables(known._rows.plus(features, written), known._gap * kept)

    def scaled(self, factor):
        """Return tables whose weights and averages are multiplied by a factor."""
        factors = [factor, factor * self._gap] * (len(self._rows.kinds) // 2)
        return FeatureTables(self._rows.copied(factors=factors))

    def _averages(self, features):
        parts = self._rows.take(features)
        for weights, lags in zip(parts[::2], parts[1::2], strict=True):
            lags *= self._gap
            weights += lags
        return parts[::2]
