"""Axes to draw on, and what is at the end of a pipeline or a search."""

from math import ceil

import numpy as np

# Okabe and Ito's colours, which colour-blind readers tell apart.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000"]
STYLES = ["-", "--", ":", "-."]


def import_pyplot(caller):
    """Return matplotlib.pyplot.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib. Install it with "
            "pip install 'sklearn-mtl[plot]'."
        ) from error
    return plt


def make_panels(ax, n_panels, caller, *, n_columns=3, size=(3.6, 3.2)):
    """Return the axes of so many panels, side by side and row by row.

    Parameters
    ----------
    ax : matplotlib axes, array of them or None
        None makes a figure. One axes is divided; several are taken as they are.

    n_panels : int

    caller : str
        For the error where matplotlib is absent.

    n_columns : int, default=3
        The most panels in a row.

    size : tuple of float, default=(3.6, 3.2)
        Width and height of a panel in inches.

    Returns
    -------
    axes : ndarray of matplotlib axes, of shape (n_panels,)
    """
    plt = import_pyplot(caller)
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
                f"ax must be one axes, or {n_panels} for {n_panels} panels. Got "
                f"{len(axes)}."
            )
        return axes
    else:
        ax = np.ravel(ax)[0]
        if n_panels == 1:
            return np.array([ax])
        figure = ax.figure
        ax.set_axis_off()
        grid = ax.get_subplotspec().subgridspec(n_rows, n_columns)
    places = [divmod(k, n_columns) for k in range(n_panels)]
    return np.array([figure.add_subplot(grid[place]) for place in places])


def line_style(k):
    """Return colour and style of the k-th line; both change, for many of them."""
    return {
        "color": COLOURS[k % len(COLOURS)],
        "linestyle": STYLES[k // len(COLOURS) % len(STYLES)],
    }


def shorten(text, width=18):
    """Cut a label to a width."""
    text = str(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def last_step(estimator):
    """Return what a search or a pipeline ends in, and the steps before it or None."""
    head = None
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "steps"):
            head = estimator[:-1] if len(estimator.steps) > 1 else head
            estimator = estimator.steps[-1][1]
        else:
            return head, estimator


def heat_map(ax, values, *, cmap, vmin, vmax, written, fontsize=8):
    """Draw a matrix with a number in each cell, light on dark and dark on light."""
    image = ax.imshow(values, cmap=cmap, vmin=vmin, vmax=vmax, aspect="auto")
    for (i, k), text in np.ndenumerate(written):
        if text:
            red, green, blue, _ = image.cmap(image.norm(values[i, k]))
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.55
            colour = "white" if dark and np.isfinite(values[i, k]) else "black"
            ax.text(
                k, i, text, ha="center", va="center", color=colour, fontsize=fontsize
            )
    return image
