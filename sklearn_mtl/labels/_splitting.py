"""Stratified splits for several tasks with missing cells."""

import numpy as np
from sklearn.utils import check_random_state

# Weight of the number of rows in a part, relative to a class that all rows have. It
# breaks ties between parts that lack the same share of a row's classes.
_ROW = 1e-3


def assign_rows(codes, shares, *, groups=None, capacity=None, rng=None):
    r"""Assign rows to parts so that each part gets its share of every class.

    Rows with rare classes are assigned first and, among these, rows with many cells.
    Each row goes to the part where

    .. math:: \sum_l \frac{(n_{lk} - s_k n_l)^2}{s_k n_l^2}

    grows least. Of the :math:`n_l` rows of class *l*, part *k* has :math:`n_{lk}` so
    far, and its share should be :math:`s_k`. This part lacks the row's classes most;
    rare classes count more.

    Parameters
    ----------
    codes : ndarray of shape (n_rows, n_tasks), dtype int
        Class of each cell; negative where it is missing.

    shares : array-like of shape (n_parts,)
        Fraction of the rows in each part; they sum to 1.

    groups : array-like of shape (n_rows,), default=None
        Rows of one group stay together. Large groups are assigned first.

    capacity : array-like of shape (n_parts,), default=None
        Maximum number of rows of each part. Their sum must be at least the number of
        rows. Cannot be combined with `groups`.

    rng : RandomState, default=None
        Shuffles the rows first. None keeps their order.

    Returns
    -------
    part : ndarray of shape (n_rows,), dtype int

    References
    ----------
    K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification
    of multi-label data", ECML PKDD 2011. Here a label is a class of a task, all labels
    of a row determine its part, and the order of rows is computed once.
    """
    n_rows = len(codes)
    unit, n_units = np.arange(n_rows), n_rows
    if groups is not None:
        _, unit = np.unique(groups, return_inverse=True)
        n_units = unit.max(initial=-1) + 1
    labels, times, bounds, frequency = _labels_of_units(codes, unit, n_units)
    sizes = np.bincount(unit, minlength=n_units)
    rarity = np.full(n_units, n_rows + 1)
    owner = np.repeat(np.arange(n_units), np.diff(bounds))
    np.minimum.at(rarity, owner, frequency)
    shuffle = np.arange(n_units) if rng is None else rng.permutation(n_units)
    keys = (-np.diff(bounds), rarity, -sizes)
    order = shuffle[np.lexsort([key[shuffle] for key in keys])]

    scale = (1 / np.asarray(shares, dtype=float)).tolist()
    weighted = times / frequency**2
    own = np.bincount(owner, weighted * times, minlength=n_units).tolist()
    # The gradient of the sum above for each part and class, from the rows assigned so
    # far. Lists are five times as fast as arrays for the few classes of a row.
    assigned = [[0.0] * (labels.max(initial=-1) + 1) for _ in scale]
    rows = [0.0] * len(scale)
    by_row = _ROW / n_rows**2 if n_rows else 0.0
    room = [n_rows + 1] * len(scale) if capacity is None else list(capacity)
    part = np.empty(n_units, dtype=np.int64)
    starts, sizes = bounds.tolist(), sizes.tolist()
    for i in order.tolist():
        mine = slice(starts[i], starts[i + 1])
        ids, count = labels[mine].tolist(), times[mine].tolist()
        k, lowest = 0, np.inf
        for p, before in enumerate(assigned):
            if room[p] == 0:
                continue
            cost = 0.0
            for label, n in zip(ids, count, strict=True):
                cost += n * before[label]
            cost = cost + own[i] * scale[p] + rows[p]
            if cost < lowest:
                k, lowest = p, cost
        part[i] = k
        now, factor = assigned[k], 2 * scale[k]
        for label, change in zip(ids, weighted[mine].tolist(), strict=True):
            now[label] += factor * change
        rows[k] += by_row * sizes[i] * scale[k]
        room[k] -= 1
    return part[unit]


def _labels_of_units(codes, unit, n_units):
    """Return the labels of each unit and their counts.

    Each class of each task is one label. For each label of each unit, return its
    number, its count in the unit and its total count. `bounds` separates units.
    """
    start = np.concatenate([[0], np.cumsum(codes.max(axis=0, initial=-1) + 1)])
    n_labels = start[-1]
    rows, tasks = np.nonzero(codes >= 0)
    labels = start[tasks] + codes[rows, tasks]
    frequency = np.bincount(labels, minlength=n_labels)
    if np.array_equal(unit, np.arange(len(codes))):  # labels are in order already
        units, times = rows, np.ones(len(rows))
    else:
        pairs = unit[rows] * n_labels + labels
        pairs, times = np.unique(pairs, return_counts=True)
        units, labels = np.divmod(pairs, max(n_labels, 1))
    bounds = np.searchsorted(units, np.arange(n_units + 1))
    return labels, times.astype(float), bounds, frequency[labels]


def multitask_split(codes, fraction, random_state=None):
    """Split rows in two parts with equal shares of each class of each task.

    Parameters
    ----------
    codes : ndarray of shape (n_rows, n_tasks), dtype int
        Class of each cell; negative where it is missing.

    fraction : float
        Fraction of the rows in the smaller part, between 0 and 1.

    random_state : int, RandomState or None, default=None

    Returns
    -------
    larger, smaller : ndarray of int
        Row numbers in ascending order. Every class with a row in `smaller` has one in
        `larger`, which also holds the rows without a label.

    Raises
    ------
    ValueError
        If the smaller part would be empty.
    """
    rng = check_random_state(random_state)
    labelled = np.flatnonzero((codes >= 0).any(axis=1))
    side = np.zeros(len(codes), dtype=np.int8)  # 0 larger, 1 smaller
    side[labelled] = assign_rows(codes[labelled], (1 - fraction, fraction), rng=rng)
    _keep_one_of_each(side, codes)
    smaller = np.flatnonzero(side == 1)
    if len(smaller) == 0:
        raise ValueError(
            f"A validation split of {fraction:.0%} of {len(codes)} rows is empty: no "
            "class has enough rows. Set a larger validation_fraction, or turn it off: "
            "early_stopping=False, and a number as the threshold of labels."
        )
    return np.flatnonzero(side == 0), smaller


def _keep_one_of_each(side, codes):
    """For each class without a row in the larger part, move one row back to it."""
    for column in codes.T:
        there = set(column[side == 0].tolist())
        for code in set(column[side == 1].tolist()) - there:
            if code >= 0:
                side[np.flatnonzero(column == code)[0]] = 0
