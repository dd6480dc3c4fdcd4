"""Whether tasks move the shared part of a network in opposite directions."""

from collections.abc import Sequence
from numbers import Integral
from typing import Self

import numpy as np
from sklearn.base import clone

from ..utils._compat import Interval, validate_params
from ..utils._text_table import shorten
from ..utils._typing import Array, Axes, Estimator, Labels, Rows, Weights
from ._panels import DrawnOnPanels, heat_map, legend_beside, line_style


class TaskConflicts:
    """The gradients of tasks at the hidden vector that all of them read, compared.

    Made by :func:`task_conflicts`.

    Attributes
    ----------
    cosines : ndarray of shape (n_epochs + 1, n_tasks, n_tasks)
        Cosine of the angle between the gradients of two tasks, as a mean over batches:
        before each epoch, and after the last. NaN where no batch has a gradient of
        both.

    conflicts : ndarray of shape (n_epochs + 1, n_tasks, n_tasks)
        Share of the batches in which the cosine is negative.

    shares : ndarray of shape (n_epochs + 1, n_tasks)
        Share of each task in the summed lengths of all gradients, after loss weights.
        Those of a time add up to 1.

    task_names : list of str
        Names of the tasks.

    n_batches : int
        Number of batches.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.inspection import task_conflicts
    >>> X, y = make_multitask_texts(200, n_tasks=3, random_state=0)
    >>> found = task_conflicts(MultiTaskTextClassifier(random_state=0), X, y)
    >>> len(found.pairs())
    3
    """

    def __init__(self, products: Array, task_names: Sequence[str]) -> None:
        squares = np.diagonal(products, axis1=2, axis2=3)
        lengths = np.sqrt(np.maximum(squares, 0))
        scale = lengths[..., :, None] * lengths[..., None, :]
        known = scale > 0
        cosines = np.clip(products / np.where(known, scale, 1.0), -1.0, 1.0)
        counts = known.sum(axis=1)
        total = np.where(counts > 0, counts, np.nan)
        self.cosines = np.where(known, cosines, 0.0).sum(axis=1) / total
        self.conflicts = (known & (cosines < 0)).sum(axis=1) / total
        means = lengths.mean(axis=1)
        sums = means.sum(axis=1, keepdims=True)
        self.shares = means / np.where(sums > 0, sums, 1.0)
        self.task_names = list(task_names)
        self.n_batches = products.shape[1]

    def pairs(self) -> list[tuple[str, str, float, float]]:
        """Return all pairs of tasks, beginning with the lowest cosine.

        Returns
        -------
        pairs : list of (str, str, float, float)
            Two tasks, their mean cosine over training, and the share of batches in
            which it is negative. Pairs that no batch compares are left out.
        """
        first, second = np.triu_indices(len(self.task_names), 1)
        found = []
        for a, b in zip(first, second, strict=True):
            cosines, shares = self.cosines[:, a, b], self.conflicts[:, a, b]
            known = ~np.isnan(cosines)
            if known.any():
                names = self.task_names[a], self.task_names[b]
                means = float(cosines[known].mean()), float(shares[known].mean())
                found.append((*names, *means))
        return sorted(found, key=lambda pair: pair[2])

    def __repr__(self) -> str:
        n_times, n_tasks = self.shares.shape
        return f"TaskConflicts(n_tasks={n_tasks}, n_times={n_times})"


@validate_params(
    {"n_batches": [Interval(Integral, 1, None, closed="left")]},
    prefer_skip_nested_validation=False,
)
def task_conflicts(
    estimator: Estimator,
    X: Rows,
    y: Labels,
    *,
    n_batches: int = 8,
    sample_weight: Weights = None,
) -> TaskConflicts:
    """Compare the gradients of the tasks during training.

    A copy of the classifier is fitted. Before each epoch and after the last, the
    gradients of the weighted losses at the hidden vector that all tasks read are
    computed on the same few batches of training rows. A negative cosine means that a
    step that lowers the loss of one task raises that of the other. This is common, and
    no reason to train them separately: to decide that, use
    :func:`~sklearn_mtl.model_selection.compare_sharing` and
    :func:`~sklearn_mtl.model_selection.task_affinity`.

    Parameters
    ----------
    estimator : MultiTaskTextClassifier
        With a trunk and a sharing in which all tasks read one vector: "auto",
        "shared-private", "hard" or "adversarial". Or a Pipeline that ends in one. It
        is not changed.

    X : texts or rows
        Training rows, as for ``fit``.

    y : labels
        Labels of the rows, as for ``fit``.

    n_batches : int, default=8
        Number of batches, of up to 256 rows each. More give smoother numbers and take
        longer.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows, as for ``fit``.

    Returns
    -------
    conflicts : TaskConflicts
        Cosines, conflicts and shares.

    Raises
    ------
    ValueError
        If the estimator is another one, or its tasks read no common vector.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.inspection import task_conflicts
    >>> X, y = make_multitask_texts(200, n_tasks=3, random_state=0)
    >>> clf = MultiTaskTextClassifier(max_iter=4, random_state=0)
    >>> found = task_conflicts(clf, X, y)
    >>> found.cosines.shape
    (5, 3, 3)
    >>> a, b, cosine, conflicts = found.pairs()[0]
    """
    estimator = clone(estimator)
    if hasattr(estimator, "steps"):
        X = estimator[:-1].fit_transform(X) if len(estimator.steps) > 1 else X
        estimator = estimator.steps[-1][1]
    if not hasattr(estimator, "_watch_conflicts"):
        raise ValueError(
            f"{type(estimator).__name__} has no gradients to compare. Pass a "
            "MultiTaskTextClassifier, or a Pipeline that ends in one."
        )
    products, names = estimator._watch_conflicts(X, y, n_batches, sample_weight)
    return TaskConflicts(products, names)


class TaskConflictsDisplay(DrawnOnPanels):
    """Cosines and lengths of the gradients of tasks over training.

    Use :meth:`from_conflicts` to make one.

    Parameters
    ----------
    conflicts : TaskConflicts
        The result of :func:`task_conflicts`.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes
        Cosines of all pairs of tasks, as means over training; and the share of each
        task in the gradients, before each epoch and after the last.

    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.datasets import make_multitask_texts
    >>> from sklearn_mtl.inspection import TaskConflictsDisplay, task_conflicts
    >>> X, y = make_multitask_texts(200, n_tasks=3, random_state=0)
    >>> found = task_conflicts(MultiTaskTextClassifier(random_state=0), X, y)
    >>> TaskConflictsDisplay.from_conflicts(found).conflicts is found
    True
    """

    def __init__(self, conflicts: TaskConflicts) -> None:
        self.conflicts = conflicts

    @classmethod
    def from_conflicts(
        cls, conflicts: TaskConflicts, *, ax: Axes | Sequence[Axes] | None = None
    ) -> Self:
        """Draw the result of :func:`task_conflicts`.

        Parameters
        ----------
        conflicts : TaskConflicts
            Its result.

        ax : matplotlib axes, or array of two, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : TaskConflictsDisplay
        """
        return cls(conflicts).plot(ax=ax)

    def _panels(self):
        n_tasks = len(self.conflicts.task_names)
        size = (3.4 + 0.5 * n_tasks, 2.2 + 0.4 * n_tasks)
        return {"n_panels": 2, "n_columns": 2, "size": size}

    def _draw(self, is_own_figure):
        names = [shorten(name) for name in self.conflicts.task_names]
        matrix, lines = self.axes_
        means, shares = np.full((2, len(names), len(names)), np.nan)
        places = {name: k for k, name in enumerate(self.conflicts.task_names)}
        for a, b, cosine, share in self.conflicts.pairs():
            for row, column in ((a, b), (b, a)):
                means[places[row], places[column]] = cosine
                shares[places[row], places[column]] = share
        most = max(np.abs(np.nan_to_num(means)).max(initial=0.0), 1e-12)
        written = np.vectorize(_write, otypes=[str])(means, shares)
        image = heat_map(
            matrix, means, cmap="PuOr_r", vmin=-most, vmax=most, written=written
        )
        matrix.set_xticks(range(len(names)), names, rotation=45, ha="right")
        matrix.set_yticks(range(len(names)), names)
        matrix.set_title("cosine of gradients\nbelow: batches that conflict")
        self.figure_.colorbar(image, ax=matrix, label="mean cosine")
        times = np.arange(len(self.conflicts.shares))
        for k, name in enumerate(names):
            marker = "o" if len(times) < 2 else None
            own = self.conflicts.shares[:, k]
            lines.plot(times, own, label=name, marker=marker, **line_style(k))
        lines.set(xlabel="epoch", title="share of the gradients", ylim=(0, None))
        lines.xaxis.get_major_locator().set_params(integer=True)
        legend_beside(lines, ncols=1 + len(names) // 20)


def _write(cosine, share):
    return "" if np.isnan(cosine) else f"{cosine:+.2f}\n{share:.0%}"
