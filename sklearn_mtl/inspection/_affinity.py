"""Task affinity as a matrix."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ..utils._text_table import shorten
from ..utils._typing import Axes
from ._panels import DrawnOnPanels, heat_map


class TaskAffinityDisplay(DrawnOnPanels):
    """How much each task gains from each other task.

    Use :meth:`from_affinity` to make one.

    Parameters
    ----------
    affinity : ndarray of shape (n_tasks, n_tasks)
        Gain in the score of the column's task from the row's task. NaN on the diagonal.

    clear : ndarray of shape (n_tasks, n_tasks), dtype bool
        Whether the interval of an affinity excludes 0.

    task_names : list of str
        Names of rows and columns.

    metric : str
        Name of the score, for the label of the color bar.

    Attributes
    ----------
    ax_ : matplotlib axes

    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.inspection import TaskAffinityDisplay
    >>> from sklearn_mtl.model_selection import task_affinity
    >>> X, y = make_multitask_texts(150, n_tasks=2, random_state=0)
    >>> affinity = task_affinity(MultiTaskTextClassifier(), X, y, cv=2)
    >>> TaskAffinityDisplay.from_affinity(affinity).task_names
    ['task0', 'task1']
    """

    def __init__(
        self, affinity: Any, clear: Any, task_names: Sequence[str], metric: str
    ) -> None:
        self.affinity = affinity
        self.clear = clear
        self.task_names = task_names
        self.metric = metric

    @classmethod
    def from_affinity(
        cls, affinity: Any, *, ax: Axes | Sequence[Axes] | None = None
    ) -> Self:
        """Draw the result of :func:`~sklearn_mtl.model_selection.task_affinity`.

        Parameters
        ----------
        affinity : TaskAffinity
            Its result.

        ax : matplotlib axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : TaskAffinityDisplay
        """
        intervals = affinity.intervals
        clear = intervals[..., 1] * intervals[..., 2] > 0
        names, metric = affinity.task_names, affinity.metric
        return cls(intervals[..., 0], clear, names, metric).plot(ax=ax)

    def _panels(self):
        n_tasks = len(self.task_names)
        return {"n_panels": 1, "size": (2.8 + 0.62 * n_tasks, 1.9 + 0.44 * n_tasks)}

    def _draw(self, is_own_figure):
        (self.ax_,), n_tasks = self.axes_, len(self.task_names)
        most = np.abs(np.nan_to_num(self.affinity)).max(initial=1e-12)
        written = np.vectorize(_write, otypes=[str])(self.affinity, self.clear)
        image = heat_map(
            self.ax_,
            self.affinity,
            cmap="PuOr_r",
            vmin=-most,
            vmax=most,
            written=written,
            # Effects that may be chance are pale, so that they do not draw attention.
            alpha=np.where(self.clear | np.isnan(self.affinity), 1.0, 0.35),
        )
        names = [shorten(name) for name in self.task_names]
        self.ax_.set_xticks(range(n_tasks), names, rotation=45, ha="right")
        self.ax_.set_yticks(range(n_tasks), names)
        self.ax_.set(
            xlabel="task that is helped",
            ylabel="task that helps",
            title="gain from learning together\npale, without *: may be chance",
        )
        self.figure_.colorbar(image, ax=self.ax_, label=f"gain in {self.metric}")


def _write(value, clear):
    if np.isnan(value):
        return ""
    # Adding 0 turns -0.0 into 0.0.
    return f"{round(value, 3) + 0.0:+.3f}" + "*" * bool(clear)
