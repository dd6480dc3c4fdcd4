"""Splits that keep every class of every task even, over missing cells."""

from itertools import pairwise

import numpy as np
from sklearn.utils import check_random_state


def multitask_split(codes, fraction, random_state=None):
    """Split rows in two so that each class of each task is divided alike.

    Classes are dealt out from the rarest to the most frequent: of the rows with that
    class that are still free, as many go to the smaller part as it still lacks.

    Parameters
    ----------
    codes : ndarray of shape (n_rows, n_tasks), dtype int
        Class of each cell; negative where it is missing.

    fraction : float
        Share of the rows for the smaller part, between 0 and 1.

    random_state : int, RandomState or None, default=None

    Returns
    -------
    larger, smaller : ndarray of int
        Row numbers in ascending order. Every class that has a row in `smaller` keeps
        one in `larger`.

    Raises
    ------
    ValueError
        If no row can be spared for the smaller part.

    References
    ----------
    K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification of multi-label
    data", ECML PKDD 2011; here a label is a class of a task, and the order of the
    labels is found once instead of after each row.
    """
    rng = check_random_state(random_state)
    n_rows = len(codes)
    start = np.concatenate([[0], np.cumsum(codes.max(axis=0, initial=-1) + 1)])
    rows, tasks = np.nonzero(codes >= 0)
    # Each class of each task is one label; a stable sort over shuffled cells groups
    # the rows of a label in random order.
    shuffle = rng.permutation(len(rows))
    rows, tasks = rows[shuffle], tasks[shuffle]
    labels = start[tasks] + codes[rows, tasks]
    order = np.argsort(labels, kind="stable")
    rows, labels = rows[order], labels[order]
    bounds = np.searchsorted(labels, np.arange(start[-1] + 1))
    counts = np.diff(bounds)

    side = np.full(n_rows, -1, dtype=np.int8)  # -1 free, 0 larger, 1 smaller
    for label in np.argsort(counts, kind="stable"):
        members = rows[bounds[label] : bounds[label + 1]]
        wanted = min(round(fraction * len(members)), len(members) - 1)
        free = members[side[members] < 0]
        lacking = max(wanted - np.count_nonzero(side[members] == 1), 0)
        side[free[:lacking]] = 1
        side[free[lacking:]] = 0
    _keep_one_of_each(side, rows, bounds)
    smaller = np.flatnonzero(side == 1)
    if len(smaller) == 0:
        raise ValueError(
            f"A validation split of {fraction:.0%} of {n_rows} rows is empty: no class "
            "has enough rows to spare one. Set early_stopping=False, or a larger "
            "validation_fraction."
        )
    return np.flatnonzero(side != 1), smaller


def _keep_one_of_each(side, rows, bounds):
    """Bring a row back to the larger part for each class that has none there."""
    for start, stop in pairwise(bounds):
        members = rows[start:stop]
        if len(members) and (side[members] == 1).all():
            side[members[0]] = 0
