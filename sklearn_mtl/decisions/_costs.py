"""Cost matrices of tasks, from arrays or dicts."""

import numpy as np

from ._objective import check_label


def read_costs(costs, task, classes, holds_sets):
    """Return the cost matrix of a task, or one for each of its labels.

    Parameters
    ----------
    costs : array-like of shape (n_classes, n_classes), or dict

    task : str

    classes : list
        Labels in the order of their codes.

    holds_sets : bool
        Whether cells hold several labels.

    Returns
    -------
    matrix : ndarray of shape (n_classes, n_classes), or list of ndarray of shape (2, 2)
        A row for each true class, a column for each predicted one.

    Raises
    ------
    ValueError
        If a class is unknown, the shape is wrong, or a cost is not finite.
    """
    where = f"costs[{task!r}]"
    if not holds_sets:
        return _matrix(costs, where, classes)
    if not isinstance(costs, dict):
        return [_matrix(costs, where, [False, True])] * len(classes)
    for label in costs:
        check_label(label, classes, where)
    equal = 1 - np.eye(2)
    return [
        _matrix(costs.get(label, equal), f"{where}[{label!r}]", [False, True])
        for label in classes
    ]


def _matrix(costs, where, classes):
    if isinstance(costs, dict):
        costs = _from_dict(costs, where, classes)
    try:
        matrix = np.asarray(costs, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where} must hold numbers. Got {costs!r}.") from error
    if matrix.shape != (len(classes), len(classes)):
        raise ValueError(
            f"{where} must have a row for each true class and a column for each "
            f"predicted one, in the order {classes[:10]}: shape "
            f"{(len(classes), len(classes))}. Got shape {matrix.shape}."
        )
    if not np.isfinite(matrix).all():
        raise ValueError(f"{where} holds NaN or infinity.")
    return matrix


def _from_dict(costs, where, classes):
    matrix = 1 - np.eye(len(classes))
    for true, row in costs.items():
        check_label(true, classes, where)
        if not isinstance(row, dict):
            raise ValueError(
                f"{where}[{true!r}] must be a dict {{predicted: cost}}. Got {row!r}."
            )
        for predicted, cost in row.items():
            check_label(predicted, classes, f"{where}[{true!r}]")
            matrix[classes.index(true), classes.index(predicted)] = cost
    return matrix
