"""Which codes belong to which task."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..utils._typing import Array


class CodeLayout:
    """The columns of a code table: one for each task, or for each of its labels.

    Parameters
    ----------
    tasks : list of TaskType

    Attributes
    ----------
    n_tasks : int

    owners : ndarray of shape (n_codes,)
        The task of each code.

    starts : ndarray of shape (n_tasks,)
        The first code of each task.

    sizes : list of int
        The number of values of each code.
    """

    def __init__(self, tasks: Sequence[Any]) -> None:
        self.n_tasks = len(tasks)
        self.sizes = [size for task in tasks for size in task.code_sizes]
        widths = [len(task.code_sizes) for task in tasks]
        self.owners = np.repeat(np.arange(len(tasks)), widths)
        self.starts = np.cumsum([0, *widths[:-1]])
        self._columns = [
            slice(start, start + width) if task.is_multilabel else start
            for start, width, task in zip(self.starts, widths, tasks, strict=True)
        ]

    def of_task(self, codes: Array, task: int) -> Array:
        """Return a view of the codes of a task, in the shape of its type.

        Parameters
        ----------
        codes : ndarray of shape (n_rows, n_codes)

        task : int

        Returns
        -------
        codes : ndarray of shape (n_rows,), or (n_rows, n_labels) for several labels
        """
        return codes[:, self._columns[task]]

    def table_of_task(self, values: Any, task: int) -> Array:
        """Return the columns of the codes of a task, always two-dimensional."""
        return values[:, self.owners == task]

    def codes_of(self, tasks: Sequence[int]) -> list[int]:
        """Return a list with the numbers of the codes of the given tasks."""
        return np.flatnonzero(np.isin(self.owners, tasks)).tolist()

    def by_code(self, by_task: Array) -> Array:
        """Repeat the value of each task for each of its codes, along the last axis."""
        return by_task[..., self.owners]

    def mean_by_task(self, by_code: Array) -> Array:
        """Return the mean over the codes of each task."""
        return np.bincount(self.owners, by_code) / np.bincount(self.owners)
