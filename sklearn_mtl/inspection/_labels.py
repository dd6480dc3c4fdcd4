"""The labels of a data set: counts, balance, missing cells and association."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ..labels._tables import as_label_table
from ..utils._optional import import_optional
from ..utils._text_table import shorten
from ..utils._typing import Axes, Labels
from ._panels import DrawnOnPanels, heat_map


class LabelOverviewDisplay(DrawnOnPanels):
    """Class counts, missing cells, common rows and association of label columns.

    Use :meth:`from_labels` to make one.

    Parameters
    ----------
    counts : dict of {str: dict}
        Number of labelled cells of each class of each task, the most frequent first.

    n_rows : int
        Number of rows in the table.

    together : ndarray of shape (n_tasks, n_tasks)
        Number of rows with a label for both tasks.

    association : ndarray of shape (n_tasks, n_tasks)
        Cramér's V over these rows: 0 if the labels are independent, 1 if one determines
        the other. NaN without common rows, or if these have only one class of a task.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes, of shape (3,)

    figure_ : matplotlib Figure

    References
    ----------
    H. Cramér, "Mathematical Methods of Statistics", 1946. The bias in small samples is
    corrected as in W. Bergsma, "A bias-correction for Cramér's V", Journal of the
    Korean Statistical Society 42, 2013.

    Examples
    --------
    >>> from sklearn_mtl.inspection import LabelOverviewDisplay
    >>> y = {"topic": ["a", "b", None, "a"], "tone": [1, None, 0, 0]}
    >>> LabelOverviewDisplay.from_labels(y).together.tolist()
    [[3, 2], [2, 3]]
    """

    def __init__(
        self, counts: Any, n_rows: Any, together: Any, association: Any
    ) -> None:
        self.counts = counts
        self.n_rows = n_rows
        self.together = together
        self.association = association

    @classmethod
    def from_labels(
        cls,
        y: Labels,
        *,
        missing_label: object = None,
        ax: Axes | Sequence[Axes] | None = None,
    ) -> Self:
        """Draw an overview of labels.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels, with missing cells.

        missing_label : object, default=None
            A further value that means "no label", besides NaN, None and pandas.NA.

        ax : matplotlib axes, or array of three, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : LabelOverviewDisplay

        Examples
        --------
        >>> from sklearn_mtl.inspection import LabelOverviewDisplay
        >>> y = {"topic": ["a", "b", None, "a"], "tone": [1, None, 0, 0]}
        >>> display = LabelOverviewDisplay.from_labels(y)
        >>> display.counts["topic"]
        {'a': 2, 'b': 1}
        """
        table = as_label_table(y, missing_label=missing_label)
        table.refuse_sets("LabelOverviewDisplay")
        counts, codes = {}, np.full(table.missing.shape, -1)
        for k, name in enumerate(table.names):
            rows = np.flatnonzero(~table.missing[:, k])
            classes, codes[rows, k], times = np.unique(
                table.columns[k][rows], return_inverse=True, return_counts=True
            )
            order = np.argsort(-times, kind="stable")
            counts[name] = dict(
                zip(classes[order].tolist(), times[order].tolist(), strict=True)
            )
        there = (codes >= 0).astype(np.int64)
        association = [[_cramers_v(a, b) for b in codes.T] for a in codes.T]
        together = there.T @ there
        return cls(counts, len(table), together, np.array(association)).plot(ax=ax)

    def _panels(self):
        n_tasks = len(self.counts)
        side = 1.9 + (0.34 if n_tasks > 8 else 0.45) * n_tasks
        return {"n_panels": 3, "size": (max(side + 0.3, 3.9), side)}

    def _draw(self, is_own_figure):
        names = [shorten(name) for name in self.counts]
        n_tasks = len(names)
        self._plot_classes(self.axes_[0], names)
        share = self.together / max(self.n_rows, 1)
        # The diagonal is always 1; omitted, so that other values stand out.
        others = np.where(np.eye(n_tasks, dtype=bool), np.nan, self.association)
        for axes, values, title, write in [
            (self.axes_[1], share, "% of rows with both labels", _write_percent),
            (self.axes_[2], others, "association (Cramér's V)", _write_association),
        ]:
            written = np.vectorize(write, otypes=[str])(values)
            heat_map(
                axes, values, cmap="Blues", vmin=0, vmax=1, written=written,
                fontsize=7 if n_tasks > 8 else 8,
            )  # fmt: skip
            axes.set_xticks(range(n_tasks), names, rotation=45, ha="right")
            axes.set_yticks(range(n_tasks), names)
            axes.set_title(title, fontsize=11)

    def _plot_classes(self, axes, names):
        caller = "LabelOverviewDisplay.plot"
        pyplot = import_optional("matplotlib.pyplot", "plot", caller)
        blues = pyplot.get_cmap("Blues")
        for k, classes in enumerate(self.counts.values()):
            left = 0
            for c, (label, times) in enumerate(classes.items()):
                # Darker is more frequent. Different colours would suggest a relation
                # between classes of different tasks.
                shade = 0.85 - 0.65 * c / max(len(classes) - 1, 1)
                axes.barh(
                    k, times, left=left, color=blues(shade), edgecolor="white",
                    linewidth=0.5 if len(classes) <= 20 else 0,
                )  # fmt: skip
                text = shorten(label, 10)
                if times > (0.06 + 0.023 * len(text)) * self.n_rows:
                    axes.text(
                        left + times / 2, k, text, ha="center", va="center",
                        fontsize=7, color="white" if shade > 0.55 else "black",
                    )  # fmt: skip
                left += times
            plural = "es" if len(classes) != 1 else ""
            axes.annotate(
                f"{len(classes)} class{plural}", (1, k), (4, 0), va="center",
                xycoords=("axes fraction", "data"), textcoords="offset points",
                fontsize=7, color="0.3",
            )  # fmt: skip
        axes.set_xlim(0, max(self.n_rows, 1))
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_title("labelled rows, by class", fontsize=11)
        axes.set_xlabel(f"rows, of {self.n_rows:,}")


def _write_percent(share):
    return f"{100 * share:.0f}"


def _write_association(value):
    if np.isnan(value):
        return ""
    return "0" if value < 0.005 else f"{value:.2f}"


def _cramers_v(a, b):
    """Return the bias-corrected V of two columns of codes, over rows with both."""
    both = (a >= 0) & (b >= 0)
    if both.sum() < 2:
        return np.nan
    _, a = np.unique(a[both], return_inverse=True)
    _, b = np.unique(b[both], return_inverse=True)
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)
    if min(table.shape) < 2:
        return np.nan
    n = table.sum()
    expected = np.outer(table.sum(1), table.sum(0)) / n
    phi = ((table - expected) ** 2 / expected).sum() / n
    r, c = table.shape
    phi = max(0.0, phi - (r - 1) * (c - 1) / (n - 1))
    r, c = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return float(np.sqrt(phi / min(r - 1, c - 1))) if min(r, c) > 1 else np.nan
