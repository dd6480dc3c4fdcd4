"""What a stream keeps between calls."""

from dataclasses import dataclass

import numpy as np

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
        The weights that take steps, with the state of the optimizer. Predictions come
        from another net, their average.

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
    labels: object
    terms: object
    squares: float
    recent: Recent | None
    seed: int
    n_calls: int = 0
    is_noisy: bool = False
    is_few: bool = False
