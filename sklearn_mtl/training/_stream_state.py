"""What a stream keeps between calls."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ._stream_tables import FeatureTables, set_tables, take_tables

# Number of the latest rows whose predictions are kept.
RECENT_ROWS = 500


@dataclass(frozen=True)
class Recent:
    """Logits of the latest rows, computed before they were learnt, with their cells.

    Attributes
    ----------
    logits : list of ndarray of shape (n_rows, n_logits)

    codes, weights : ndarray of shape (n_rows, n_codes)
    """

    logits: list
    codes: np.ndarray
    weights: np.ndarray

    def plus(self, logits, codes, weights):
        """Return the latest rows with those of a chunk added."""

        def last(before, new):
            return np.concatenate([before, new])[-RECENT_ROWS:]

        both = zip(self.logits, logits, strict=True)
        return Recent(
            [last(*pair) for pair in both],
            last(self.codes, codes),
            last(self.weights, weights),
        )


@dataclass(frozen=True)
class Stream:
    """What a stream keeps between calls; each call makes a new object.

    Attributes
    ----------
    net : MultiTaskNet
        The weights that take steps, with the state of the optimizer.

    average : MultiTaskNet or None
        The average of these weights, for predictions. None before the first step.

    tables : FeatureTables or None
        The weights by feature, which both nets then lack. None if they have them: for
        networks that are not known to read features by their tables alone.

    labels : LabelSums

    terms : TermSums or None
        None if no weight of a feature changes.

    squares : float
        Weighted sum of the squared norms of rows.

    recent : Recent or None

    seed : int

    n_calls : int, default=0

    is_noisy : bool, default=False
        Whether predictions of new rows were overconfident in some call.

    is_few : bool, default=False
        Whether it continues a fit to few rows, with its stronger logit adjustment.
    """

    net: object
    average: object
    tables: FeatureTables | None
    labels: object
    terms: object
    squares: float
    recent: Recent | None
    seed: int
    n_calls: int = 0
    is_noisy: bool = False
    is_few: bool = False

    @cached_property
    def fitted(self):
        """The net of predictions, with its tables; built when it is first needed."""
        if self.tables is None:
            return self.average
        return set_tables(self.average.snapshot(), self.tables.all_averages())

    def __getstate__(self):
        return {name: own for name, own in vars(self).items() if name != "fitted"}


def apart(net):
    """Return a copy of a net without its tables, and the tables.

    Parameters
    ----------
    net : MultiTaskNet
    """
    fresh = net.branch()
    weights = take_tables(fresh)
    tables = FeatureTables.of_weights(
        len(weights[0]), np.arange(len(weights[0])), weights
    )
    return fresh, tables
