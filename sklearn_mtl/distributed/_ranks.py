"""The processes that train one network together, and what they tell each other.

A function here that exchanges something must be called by all processes in the same
order. Outside a block of ``data_parallel`` each of them does nothing.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import local
from typing import Any

import joblib
import numpy as np
import torch
import torch.distributed as dist
from sklearn.utils import check_random_state

# Per thread: the workers of a search inside a block train alone.
_state = local()


@dataclass(frozen=True)
class Ranks:
    """One of several processes that train together.

    Attributes
    ----------
    rank : int, default=0
        Number of this process, from 0.

    size : int, default=1
        Number of all processes.

    timeout : float, default=600
        Seconds after which a process that does not answer is given up.

    Examples
    --------
    >>> from sklearn_mtl.distributed import Ranks
    >>> Ranks(rank=1, size=2).is_first
    False
    """

    rank: int = 0
    size: int = 1
    timeout: float = 600

    @property
    def is_first(self) -> bool:
        """Whether this is the process of rank 0, which saves and prints."""
        return self.rank == 0


@contextmanager
def data_parallel(*, timeout: float = 600) -> Iterator[Ranks]:
    """Fit classifiers in all processes that ``torchrun`` has started, together.

    Within the block, each ``fit`` of a
    :class:`~sklearn_mtl.MultiTaskTextClassifier` is one fit of all processes, which
    must call it with the same texts, labels and parameters. Each process reads all
    texts and computes its part of the rows of every batch. Gradients and losses are
    added up over the processes, so all of them end with the same network: that of one
    process, up to rounding. Started without ``torchrun``, the process works alone.

    Parameters
    ----------
    timeout : float, default=600
        Seconds to wait for another process. Set it above the difference in time between
        the fastest and the slowest of them, when they read data. Lower it to notice
        sooner that a process hangs; one that ends is noticed at once. Not used if the
        process group exists already.

    Yields
    ------
    ranks : Ranks
        The number of this process, and of all of them.

    Raises
    ------
    ValueError
        If `timeout` is not positive. In ``fit``, if the processes were given different
        data or settings.

    RuntimeError
        In ``fit``, if another process ended or did not answer in time.

    Notes
    -----
    The processes talk through ``torch.distributed``: gloo for tensors on the CPU, NCCL
    for those on a GPU. If a process group exists already, it is used, and left as it
    is. Threads that are started in the block are not part of it: in a search with
    `n_jobs`, each fit is one of a single process.

    Callbacks run in every process, and see the same losses and scores; one that writes
    files should do so in the first process only. If it stops training in one process,
    all stop.

    What differs from one process by more than rounding: ``sharing="adversarial"``,
    whose orthogonality penalty is the mean of those of the parts of a batch, and whose
    private trunks drop other units; and layers of your own that draw random numbers or
    compute statistics of a batch.

    References
    ----------
    S. Li et al., "PyTorch Distributed: Experiences on accelerating data parallel
    training", VLDB 2020. There, gradients are exchanged during the backward pass. Here
    they are exchanged after it; those of sparse input layers as the gradient at the
    output of the layer, which is smaller than that of its weights.

    Examples
    --------
    In a script that ``torchrun --nproc-per-node 2 train.py`` starts:

    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.distributed import data_parallel
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> with data_parallel() as ranks:
    ...     classifier = MultiTaskTextClassifier(random_state=0).fit(texts, labels)
    ...     if ranks.is_first:
    ...         print(classifier.score(texts, labels))
    1.0
    """
    if not timeout > 0:
        raise ValueError(f"timeout must be above 0 seconds. Got {timeout!r}.")
    is_own = "RANK" in os.environ and not _is_in_group()
    if is_own:
        rank, size = (int(os.environ.get(n, "0")) for n in ("RANK", "WORLD_SIZE"))
        with _answers(Ranks(rank, size, timeout)):
            _join_group(timeout)
    ranks = Ranks(timeout=timeout)
    if _is_in_group():
        ranks = Ranks(dist.get_rank(), dist.get_world_size(), timeout)
    before, _state.ranks = current_ranks(), ranks if ranks.size > 1 else None
    try:
        yield ranks
        if ranks.size > 1:
            with _answers(ranks):
                dist.barrier()
    finally:
        _state.ranks = before
        if is_own:
            dist.destroy_process_group()


def _is_in_group():
    return dist.is_available() and dist.is_initialized()


def _join_group(timeout):
    """Join the processes that torchrun has started."""
    backend = "gloo"
    if torch.cuda.is_available():
        backend = "cpu:gloo,cuda:nccl"
        number = int(os.environ.get("LOCAL_RANK", "0"))
        torch.cuda.set_device(number % torch.cuda.device_count())
    dist.init_process_group(backend, timeout=timedelta(seconds=timeout))


def current_ranks() -> Ranks | None:
    """Return the ranks of this block; None if a single process trains."""
    return getattr(_state, "ranks", None)


@contextmanager
def _answers(ranks):
    """Turn the error of an exchange into one that says what happened."""
    try:
        yield
    except RuntimeError as error:
        raise RuntimeError(
            f"Process {ranks.rank} of {ranks.size} has lost contact with another one, "
            "which has ended or did not answer in time "
            f"(timeout={ranks.timeout:g} s). Look for the first error in the output "
            "of all processes, then start all of them again. If none failed, raise "
            f"the timeout of data_parallel. The message of torch: {error}"
        ) from error


def gathered(value: Any) -> list[Any]:
    """Return the value of each process, in the order of their ranks."""
    ranks = current_ranks()
    if ranks is None:
        return [value]
    values = [None] * ranks.size
    with _answers(ranks):
        dist.all_gather_object(values, value)
    return values


def agreed(value: Any) -> Any:
    """Return the value of rank 0."""
    ranks = current_ranks()
    if ranks is None:
        return value
    values = [value]
    with _answers(ranks):
        dist.broadcast_object_list(values, 0)
    return values[0]


def agreed_seed(random_state: Any) -> Any:
    """Return a `random_state` that is the same in all processes."""
    if current_ranks() is None or isinstance(random_state, int | np.integer):
        return random_state
    drawn = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    return int(agreed(drawn))


def check_same(what: str, value: Any) -> None:
    """Raise a ValueError in all processes if one of them has another value.

    Parameters
    ----------
    what : str
        What the value is, for the message.

    value : object
        Anything that joblib can hash.
    """
    if current_ranks() is None:
        return
    found = gathered(joblib.hash(value))
    others = [rank for rank, own in enumerate(found) if own != found[0]]
    if others:
        raise ValueError(
            f"All processes must fit the same classifier, but process {others[0]} has "
            f"other {what} than process 0. Pass the same texts, labels, weights and "
            "parameters everywhere, in the same order, and install the same packages; "
            "each process then takes its own part of every batch."
        )


def add_up(tensor: torch.Tensor) -> torch.Tensor:
    """Add the tensors of all processes in place, and return the sum."""
    ranks = current_ranks()
    if ranks is not None:
        with _answers(ranks):
            dist.all_reduce(tensor)
    return tensor


def copy_from_first(tensors: Any) -> None:
    """Overwrite tensors with those of rank 0."""
    ranks = current_ranks()
    if ranks is None:
        return
    with _answers(ranks), torch.no_grad():
        for tensor in tensors:
            dist.broadcast(tensor.detach(), 0)
