"""Candidate loss weights for a search."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from sklearn.utils import check_random_state

from ..utils._typing import RandomState


def loss_weight_grid(
    tasks: Sequence[str] | int,
    kind: str = "simplex",
    *,
    resolution: int | None = None,
    ratios: Sequence[float] = (2, 4),
    n: int = 20,
    random_state: RandomState = None,
) -> list[dict[str, float]]:
    """Return loss weights for a search, equal weights first.

    Only ratios of loss weights matter, so each candidate is normalised to a mean weight
    of 1, and no two candidates are equal.

    Parameters
    ----------
    tasks : int or sequence of str
        Task names, or the number of tasks (``task0``, ``task1``, ...).

    kind : {"simplex", "pairs", "random"}, default="simplex"
        "simplex" returns all weights that are positive multiples of one step: an
        exhaustive grid for up to about 4 tasks. "pairs" sets the ratio of two tasks'
        weights to each of `ratios`, in both directions, and leaves the other tasks at
        their mean. "random" draws from the uniform Dirichlet distribution, for many
        tasks.

    resolution : int, default=None
        For "simplex": number of steps to divide among the tasks, at least one each.
        None is the number of tasks plus three.

    ratios : float or sequence of float, default=(2, 4)
        For "pairs": ratios of two weights, above 1.

    n : int, default=20
        For "random": number of candidates in addition to equal weights.

    random_state : int, RandomState instance or None, default=None
        Seed for "random".

    Returns
    -------
    grid : list of dict of {str: float}
        To be used as ``{"loss_weights": grid}``.

    Raises
    ------
    ValueError
        If an argument cannot be used.

    Examples
    --------
    >>> from sklearn_mtl.model_selection import loss_weight_grid
    >>> for weights in loss_weight_grid(["topic", "tone"], "pairs", ratios=[4]):
    ...     print(weights)
    {'topic': 1.0, 'tone': 1.0}
    {'topic': 1.6, 'tone': 0.4}
    {'topic': 0.4, 'tone': 1.6}
    """
    if isinstance(tasks, str):
        raise ValueError(f"tasks must be a list of names. Got {tasks!r}.")
    if isinstance(tasks, int | np.integer):
        tasks = [f"task{k}" for k in range(tasks)]
    n_tasks = len(tasks)
    if n_tasks < 2:
        raise ValueError(
            f"Loss weights need at least two tasks. Got {n_tasks}; a single "
            "task cannot be weighed against another."
        )
    if kind == "simplex":
        rows = _simplex(n_tasks, n_tasks + 3 if resolution is None else resolution)
    elif kind == "pairs":
        rows = _pairs(n_tasks, ratios)
    elif kind == "random":
        rng = check_random_state(random_state)
        rows = rng.dirichlet(np.ones(n_tasks), size=n)
    else:
        raise ValueError(f"kind must be 'simplex', 'pairs' or 'random'. Got {kind!r}.")
    grid: dict[tuple[float, ...], list[float]] = {}
    for row in [np.ones(n_tasks), *rows]:
        weights = (row / np.mean(row)).tolist()
        grid.setdefault(tuple(round(w, 12) for w in weights), weights)
    return [dict(zip(tasks, weights, strict=True)) for weights in grid.values()]


def _simplex(n_tasks, resolution):
    if resolution < n_tasks:
        raise ValueError(
            f"resolution must be at least {n_tasks}, one step per task. Got "
            f"{resolution}."
        )
    # Positions at which a row of steps is cut into one piece per task.
    for cuts in combinations(range(1, resolution), n_tasks - 1):
        yield np.diff([0, *cuts, resolution])


def _pairs(n_tasks, ratios):
    ratios = np.atleast_1d(ratios)
    if not len(ratios) or min(ratios) <= 1:
        raise ValueError(f"ratios must be numbers above 1. Got {ratios.tolist()!r}.")
    for first, second in combinations(range(n_tasks), 2):
        for ratio in ratios:
            for more, less in ((first, second), (second, first)):
                weights = np.ones(n_tasks)
                weights[more], weights[less] = ratio**0.5, ratio**-0.5
                yield weights
