"""The labels of a data set: how many, how even, how empty, and how related."""

import numpy as np

from .._labels import as_label_table
from ._panels import COLOURS, heat_map, make_panels, shorten


class LabelOverviewDisplay:
    """Classes, empty cells, common rows and association of all label columns.

    Use :meth:`from_labels` to make one.

    Parameters
    ----------
    counts : dict of {str: dict}
        Labelled cells of each class of each task, the most frequent first.

    n_rows : int

    together : ndarray of shape (n_tasks, n_tasks)
        Rows that carry a label of both tasks.

    association : ndarray of shape (n_tasks, n_tasks)
        Cramér's V over these rows: 0 where one label says nothing of the other, 1 where
        it tells all; NaN without common rows, or with one class in them.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes, of shape (3,)

    figure_ : matplotlib Figure

    References
    ----------
    H. Cramér, "Mathematical Methods of Statistics", 1946. The bias of small samples is
    taken out after W. Bergsma, "A bias-correction for Cramér's V", Journal of the
    Korean Statistical Society 42, 2013.
    """

    def __init__(self, counts, n_rows, together, association):
        self.counts = counts
        self.n_rows = n_rows
        self.together = together
        self.association = association

    @classmethod
    def from_labels(cls, y, *, missing_label=None, ax=None):
        """Draw an overview of labels.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_tasks), dict or DataFrame
            Labels, with missing cells.

        missing_label : object, default=None
            A further value that means "no label", besides NaN, None and pandas.NA.

        ax : matplotlib axes, or array of three, default=None

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

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, or array of three, default=None

        Returns
        -------
        display : LabelOverviewDisplay
        """
        names = [shorten(name) for name in self.counts]
        side = 2.2 + 0.42 * len(names)
        self.axes_ = make_panels(
            ax, 3, "LabelOverviewDisplay.plot", size=(max(side, 4.2), side)
        )
        self.figure_ = self.axes_[0].figure
        self._plot_classes(self.axes_[0], names)
        share = self.together / max(self.n_rows, 1)
        for axes, values, title, write in [
            (self.axes_[1], share, "rows with both labels", "{:.0%}"),
            (self.axes_[2], self.association, "association (Cramér's V)", "{:.2f}"),
        ]:
            written = np.vectorize(
                lambda value, write=write: (
                    "" if np.isnan(value) else write.format(value)
                ),
                otypes=[str],
            )(values)
            if len(names) > 12:
                written[:] = ""
            heat_map(axes, values, cmap="Blues", vmin=0, vmax=1, written=written)
            axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
            axes.set_yticks(range(len(names)), names)
            axes.set_title(title)
        return self

    def _plot_classes(self, axes, names):
        for k, classes in enumerate(self.counts.values()):
            left = 0
            for c, (label, times) in enumerate(classes.items()):
                axes.barh(
                    k, times, left=left, color=COLOURS[c % 6], edgecolor="white",
                    linewidth=0.5, alpha=1.0 if c < 6 else 0.5,
                )  # fmt: skip
                if times > 0.12 * self.n_rows:
                    axes.text(
                        left + times / 2, k, shorten(label, 9), ha="center",
                        va="center", fontsize=7, color="white",
                    )  # fmt: skip
                left += times
            axes.text(
                left,
                k,
                f" {len(classes)} classes",
                va="center",
                fontsize=7,
                color="0.3",
            )
        axes.set_xlim(0, self.n_rows * 1.25)
        axes.axvline(self.n_rows, color="0.6", linewidth=1)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set(title="labelled rows, by class", xlabel=f"rows, of {self.n_rows:,}")


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
