"""Weights of rows or cells as one array."""

from collections.abc import Mapping
from numbers import Integral

import narwhals as nw
import numpy as np

from ..labels._cells import some


def table_weights(sample_weight, table):
    """Return the weights of the cells of a label table, with columns matched by name.

    Parameters
    ----------
    sample_weight : array-like of shape (n_rows,) or (n_rows, n_tasks), dict, \
            DataFrame or None
        Columns with names are matched to the tasks by name, if the tasks have names
        too.

    table : LabelTable

    Returns
    -------
    weights : ndarray of shape (n_rows, n_tasks) or None

    Raises
    ------
    ValueError
        If the names are not those of the tasks; also see :func:`cell_weights`.
    """
    names = table.names
    columns = _named_columns(sample_weight)
    if columns is not None:
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(
                "The columns of sample_weight must have the same length. Got "
                f"{lengths}."
            )
        absent = [name for name in names if name not in columns]
        unknown = [name for name in columns if name not in names]
        if not absent and not unknown:
            sample_weight = np.column_stack([columns[name] for name in names])
        elif table.is_named and len(names) > 1:
            raise ValueError(
                "sample_weight has named columns, so it must have one for each task, "
                f"{some(names)}. Missing: {some(absent)}; unknown: {some(unknown)}. "
                "Rename them; a weight for each row is a single column or a vector, "
                "such as sample_weight['weight']."
            )
        else:
            sample_weight = np.column_stack(list(columns.values()))
    return cell_weights(sample_weight, *table.missing.shape)


def _named_columns(sample_weight):
    """Return the columns of a dict or frame by name, None for anything else."""
    if isinstance(sample_weight, Mapping):
        return {name: np.asarray(values) for name, values in sample_weight.items()}
    frame = nw.from_native(sample_weight, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        return None
    if not frame.columns or all(isinstance(name, Integral) for name in frame.columns):
        return None
    return {
        name: series.to_numpy()
        for name, series in zip(frame.columns, frame.iter_columns(), strict=True)
    }


def cell_weights(sample_weight, n_rows, n_tasks):
    """Check weights of rows or cells, and return weights of cells.

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
            f"sample_weight must have shape ({n_rows},), one weight per row, or "
            f"({n_rows}, {n_tasks}), one weight per cell. Got sample_weight.shape == "
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
