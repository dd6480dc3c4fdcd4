"""How probable the predicted cells are, and what is wrong among the most probable."""

import numpy as np


def confidence_of(codes, probabilities):
    """Return the probability of each predicted cell.

    Parameters
    ----------
    codes : ndarray of shape (n_cells,), or (n_cells, n_labels) of 0 and 1
        Predictions.

    probabilities : ndarray of shape (n_cells, n_classes)

    Returns
    -------
    confidence : ndarray of shape (n_cells,)
        For cells with several labels, the product over labels: the probability that
        all are right if they are independent.
    """
    if codes.ndim == 2:
        return np.where(codes == 1, probabilities, 1 - probabilities).prod(axis=1)
    return probabilities[np.arange(len(codes)), codes]


def risk_by_coverage(confidence, right, weights=None):
    """Return the share of answered cells and of errors among them, for each threshold.

    Parameters
    ----------
    confidence : ndarray of shape (n_cells,)

    right : ndarray of bool of shape (n_cells,)

    weights : ndarray of shape (n_cells,), default=None

    Returns
    -------
    coverage, risk, thresholds : ndarray of shape (n_thresholds,)
        Cells of at least this confidence are answered. Thresholds fall.
    """
    order = np.argsort(-confidence, kind="stable")
    cells = np.ones(len(order)) if weights is None else weights[order]
    answered, wrong = np.cumsum(cells), np.cumsum(cells * ~right[order])
    falling = confidence[order]
    last = np.append(falling[:-1] > falling[1:], True)  # equal values go together
    coverage = answered[last] / answered[-1]
    return coverage, wrong[last] / answered[last], falling[last]


def area_under_risk(coverage, risk):
    """Return the mean risk over all shares of answered cells.

    Parameters
    ----------
    coverage, risk : ndarray of shape (n_thresholds,)

    Returns
    -------
    area : float
        Lower is better.
    """
    return float(np.sum(np.diff(coverage, prepend=0.0) * risk))
