"""Loss weights to try in a search."""

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
    """Return loss weights for a search, equal ones first.

    Only ratios of loss weights matter, so a common factor is taken out: the weights of
    each candidate have mean 1, and no two candidates are the same.

    Parameters
    ----------
    tasks : int or sequence of str
        The task names, or how many tasks there are (``task0``, ``task1``, ...).

    kind : {"simplex", "pairs", "random"}, default="simplex"
        "simplex" takes all weights that are positive multiples of one step:
        exhaustive, and for up to about 4 tasks. "pairs" moves two tasks apart by each
        of `ratios`, both ways, and leaves the others at their mean. "random" draws
        from the flat Dirichlet distribution, for many tasks.

    resolution : int, default=None
        For "simplex": steps to divide among the tasks, at least one each. None is three
        more than there are tasks.

    ratios : float or sequence of float, default=(2, 4)
        For "pairs": above 1.

    n : int, default=20
        For "random": candidates besides the equal ones.

    random_state : int, RandomState instance or None, default=None
        For "random".

    Returns
    -------
    grid : list of dict of {str: float}
        For ``{"loss_weights": grid}``.

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
            f"Weights are for two tasks or more. Got {n_tasks}: one task has nothing "
            "to be weighed against."
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
            f"resolution must be at least {n_tasks}, a step for each task. Got "
            f"{resolution}."
        )
    # Where to cut a row of steps into one piece a task.
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
