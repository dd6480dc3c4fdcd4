"""Weights of rows or of cells, in one shape."""

import numpy as np


def cell_weights(sample_weight, n_rows, n_tasks):
    """Check weights of rows or cells and return them for cells.

    Parameters
    ----------
    sample_weight : array-like of shape (n_rows,) or (n_rows, n_tasks), or None

    n_rows, n_tasks : int

    Returns
    -------
    weights : ndarray of shape (n_rows, n_tasks) or None

    Raises
    ------
    ValueError
        If the shape is wrong, or a weight is negative or not finite, or all are zero.
    """
    if sample_weight is None:
        return None
    try:
        weights = np.asarray(sample_weight, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"sample_weight must hold numbers: {error}.") from error
    if weights.ndim == 0:
        weights = np.full(n_rows, weights)
    if weights.shape not in ((n_rows,), (n_rows, n_tasks)):
        raise ValueError(
            f"sample_weight must have shape ({n_rows},), a weight a row, or "
            f"({n_rows}, {n_tasks}), a weight a cell. Got sample_weight.shape == "
            f"{weights.shape}."
        )
    bad = ~np.isfinite(weights) | (weights < 0)
    if bad.any():
        row = np.argwhere(bad)[0][0]
        raise ValueError(
            "Input sample_weight contains NaN, infinity or negative values; weights "
            f"must be finite and not negative. Got {weights[row]} in row {row}."
        )
    if not weights.any():
        raise ValueError(
            "Sample weights must contain at least one non-zero number. All "
            f"{weights.size} are 0, so no row would count."
        )
    if weights.ndim == 1:
        weights = np.broadcast_to(weights[:, None], (n_rows, n_tasks))
    return weights
