"""Axes for displays, and drawing functions that several displays use."""

from math import ceil, sqrt

import numpy as np

from ..utils._optional import import_optional

# Okabe and Ito's colours, which colour-blind readers can distinguish. Black is for the
# mean over tasks.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9"]
STYLES = ["-", "--", ":", "-."]


class DrawnOnPanels:
    """A display with one or several panels."""

    def plot(self, *, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, or array of them, default=None
            One axes, which is divided if there are several panels, or one axes per
            panel. None makes a figure.

        Returns
        -------
        display : object
            The display itself.
        """
        caller = f"{type(self).__name__}.plot"
        self.axes_ = make_panels(ax, caller=caller, **self._panels())
        self.figure_ = self.axes_[0].figure
        self._draw(is_own_figure=ax is None)
        return self


def make_panels(ax, n_panels, caller, *, n_columns=None, size=(3.6, 3.2)):
    """Return the axes of the panels, arranged row by row.

    Parameters
    ----------
    ax : matplotlib axes, array of them or None
        None makes a figure. One axes is divided. Several axes are used as they are.

    n_panels : int

    caller : str
        Name of the caller, for the error if matplotlib is not installed.

    n_columns : int, default=None
        Maximum number of panels in a row. None makes about as many rows as columns.

    size : tuple of float, default=(3.6, 3.2)
        Width and height of a panel in inches.

    Returns
    -------
    axes : ndarray of matplotlib axes, of shape (n_panels,)

    Raises
    ------
    ValueError
        If there are several axes, but not one for each panel.
    """
    plt = import_optional("matplotlib.pyplot", "plot", caller)
    if n_columns is None:
        n_columns = n_panels if n_panels < 4 else ceil(sqrt(n_panels))
    n_columns = min(n_columns, n_panels)
    n_rows = ceil(n_panels / n_columns)
    if ax is None:
        figure = plt.figure(
            figsize=(size[0] * n_columns, size[1] * n_rows), layout="constrained"
        )
        grid = figure.add_gridspec(n_rows, n_columns)
    elif np.size(ax) > 1:
        axes = np.ravel(ax)
        if len(axes) != n_panels:
            raise ValueError(
                f"ax must be one axes, which is divided, or one for each of the "
                f"{n_panels} panel(s). Got {len(axes)}."
            )
        return axes
    else:
        ax = np.ravel(ax)[0]
        if n_panels == 1:
            return np.array([ax])
        figure = ax.figure
        ax.set_axis_off()
        whole = ax.get_subplotspec()
        if whole is not None:
            grid = whole.subgridspec(n_rows, n_columns)
        else:  # axes placed manually, as fractions of the figure
            place = ax.get_position()
            grid = figure.add_gridspec(
                n_rows, n_columns,
                left=place.x0, right=place.x1, bottom=place.y0, top=place.y1,
            )  # fmt: skip
    places = [divmod(k, n_columns) for k in range(n_panels)]
    return np.array([figure.add_subplot(grid[place]) for place in places])


def line_style(k):
    """Return colour and style of the k-th line; both vary, to distinguish many."""
    return {
        "color": COLOURS[k % len(COLOURS)],
        "linestyle": STYLES[k // len(COLOURS) % len(STYLES)],
    }


def legend_beside(ax, **kwargs):
    """Put the legend to the right of the axes, where it covers nothing."""
    return ax.legend(
        fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0,
        frameon=False, **kwargs,
    )  # fmt: skip


def heat_map(ax, values, *, cmap, vmin, vmax, written, fontsize=8, alpha=1.0):
    """Draw a matrix with a number in each cell, in a colour that contrasts.

    Cells with NaN are grey, because white is a value in most colour maps. `alpha` is
    one number, or one per cell.
    """
    alpha = np.broadcast_to(alpha, np.shape(values))
    image = ax.imshow(
        values, cmap=cmap, vmin=vmin, vmax=vmax, alpha=alpha, aspect="auto"
    )
    image.set_cmap(image.get_cmap().with_extremes(bad="0.88"))
    for (i, k), text in np.ndenumerate(written):
        if text:
            red, green, blue, _ = image.cmap(image.norm(values[i, k]))
            light = 0.3 * red + 0.59 * green + 0.11 * blue
            dark = 1 - alpha[i, k] * (1 - light) < 0.55
            colour = "white" if dark and np.isfinite(values[i, k]) else "black"
            ax.text(
                k, i, text, ha="center", va="center", color=colour, fontsize=fontsize
            )
    return image
