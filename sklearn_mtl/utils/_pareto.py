"""The Pareto front of a table of scores."""

import numpy as np


def non_dominated(scores):
    """Return a mask of the rows that no other row dominates.

    Parameters
    ----------
    scores : ndarray of shape (n_rows, n_scores)
        Higher is better. A column without any score ranks no row.

    Returns
    -------
    mask : ndarray of shape (n_rows,), dtype bool
        Whether no other row is at least as good in all columns and better in one.
        False if a score is NaN.
    """
    scores = scores[:, ~np.isnan(scores).all(axis=0)]
    at_least = (scores[None] >= scores[:, None]).all(axis=2)
    better = (scores[None] > scores[:, None]).any(axis=2)
    return ~(at_least & better).any(axis=1) & ~np.isnan(scores).any(axis=1)
