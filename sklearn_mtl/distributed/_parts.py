"""The part of a batch that this process computes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch

from ._ranks import _state, add_up, current_ranks


class Part:
    """Consecutive rows of a batch, those of this process.

    Parameters
    ----------
    n_rows : int
        Number of rows of the batch, at least one for each process.

    rank, size : int
        Number of this process, and of all of them.

    Attributes
    ----------
    start, stop : int
        The first row, and the one after the last.
    """

    def __init__(self, n_rows: int, rank: int, size: int) -> None:
        self.n_rows, self.rank, self.size = n_rows, rank, size
        self.start, self.stop = self.bounds(rank)

    def bounds(self, rank: int) -> tuple[int, int]:
        """Return the first row of a process, and the one after its last."""
        return self.n_rows * rank // self.size, self.n_rows * (rank + 1) // self.size

    @property
    def share(self) -> float:
        """Share of the rows."""
        return (self.stop - self.start) / self.n_rows


@contextmanager
def part_of_batch(n_rows: int) -> Iterator[Part | None]:
    """Divide a batch over the processes, within a block.

    Parameters
    ----------
    n_rows : int

    Yields
    ------
    part : Part or None
        None if a single process trains, or if there are fewer rows than processes: each
        then computes all of them.
    """
    ranks = current_ranks()
    part = None
    if ranks is not None and n_rows >= ranks.size:
        part = Part(n_rows, ranks.rank, ranks.size)
    before, _state.part = current_part(), part
    try:
        yield part
    finally:
        _state.part = before


def current_part() -> Part | None:
    """Return the part of the batch that this block computes; None if it is whole."""
    return getattr(_state, "part", None)


def within_part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function see the part of this block when another thread calls it."""
    ranks, part = current_ranks(), current_part()
    if part is None:
        return function

    @wraps(function)
    def inside(*args):
        before = current_ranks(), current_part()
        _state.ranks, _state.part = ranks, part
        try:
            return function(*args)
        finally:
            _state.ranks, _state.part = before

    return inside


def summed(tensor: torch.Tensor) -> torch.Tensor:
    """Return the sum over all parts of a batch, without a gradient."""
    if current_part() is None:
        return tensor
    return add_up(tensor.detach().clone())


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx, own):
        return add_up(own.clone())

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def sum_of_parts(tensor: torch.Tensor) -> torch.Tensor:
    """Return the sum over all parts of a batch; its gradient is that of this part.

    The gradients of all processes then add up to that of the batch.
    """
    return tensor if current_part() is None else _Sum.apply(tensor)
