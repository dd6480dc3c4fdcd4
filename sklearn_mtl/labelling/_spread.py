"""A choice of cells that differ from each other."""

import numpy as np
from scipy.sparse import issparse
from sklearn.preprocessing import normalize

# Cells that are chosen together, and the candidates for each of them.
_TOGETHER, _CANDIDATES = 1000, 4


def spread_out(scores, rows, tasks, vectors, n_cells):
    """Choose cells one by one, each with a high score and unlike those before.

    The score of a cell is multiplied by 1 minus the largest cosine of its row with the
    rows chosen for the same task. Of many cells, the best thousand are chosen first, in
    this way, then the next thousand, so that the time grows linearly.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates,)
        Not negative.

    rows, tasks : ndarray of int of shape (n_candidates,)

    vectors : ndarray or sparse matrix of shape (n_rows, n_features)
        Not negative.

    n_cells : int

    Returns
    -------
    chosen : ndarray of int of shape (n_cells,)
        Places among the candidates, in the order of choice.
    """
    left = np.argsort(-scores, kind="stable")
    chosen = np.empty(0, dtype=int)
    while len(chosen) < n_cells:
        number = min(_TOGETHER, n_cells - len(chosen))
        best = left[: _CANDIDATES * number]
        places, own = np.unique(rows[best], return_inverse=True)
        cosines = _cosines(vectors[places])
        found = _one_by_one(scores[best], own, tasks[best], cosines, number)
        chosen = np.append(chosen, best[found])
        left = np.concatenate([np.delete(best, found), left[len(best) :]])
    return chosen


def _cosines(vectors):
    vectors = normalize(vectors)
    found = vectors @ vectors.T
    return np.clip(found.toarray() if issparse(found) else found, 0, 1)


def _one_by_one(scores, rows, tasks, cosines, number):
    """Return the places of the cells that are chosen."""
    weight = np.ones(len(scores))  # 1 minus the likeness to cells of the same task
    peers = {task: np.flatnonzero(tasks == task) for task in np.unique(tasks)}
    chosen = np.empty(number, dtype=int)
    values = scores.astype(float)
    for k in range(number):
        cell = values.argmax()
        own = peers[tasks[cell]]
        weight[own] = np.minimum(weight[own], 1 - cosines[rows[cell], rows[own]])
        chosen[k] = cell
        scores[cell] = -1  # not again
        values[own] = np.where(scores[own] < 0, -1, scores[own] * weight[own])
    return chosen
