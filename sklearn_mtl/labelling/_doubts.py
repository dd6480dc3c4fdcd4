"""How doubtful the labels of a task are, and which labels to suggest."""

from typing import NamedTuple

import numpy as np

from ._checks import ERROR
from ._confident import confident_issues, confident_scores
from ._wrong import probability_of_error

# Score of cells that are returned if no number of cells is asked for.
_LIKELY = 0.5


class Doubts(NamedTuple):
    """The judged cells of a task.

    Attributes
    ----------
    rows : ndarray of int of shape (n_cells,)

    scores : ndarray of shape (n_cells,)

    suggested : ndarray of shape (n_cells,), or (n_cells, n_labels) of 0 and 1
        Codes of the labels that fit better.

    likely : ndarray of bool of shape (n_cells,) or None
        Cells that are returned if no number of cells is asked for.

    support : ndarray of shape (n_cells,)
        How probable the label is, as a multiple of what it would be if all classes but
        one were alike. Of cells with the same score, those with the least come first.
    """

    rows: np.ndarray
    scores: np.ndarray
    suggested: np.ndarray
    likely: np.ndarray
    support: np.ndarray


def doubts_of(columns, is_multilabel, rows, score, wrong_share, choose):
    """Judge the labels of a task.

    Parameters
    ----------
    columns : list of Column
        One, or one for each label of a task whose cells hold several.

    is_multilabel : bool

    rows : ndarray of int of shape (n_cells,)
        The cells to judge.

    score : str

    wrong_share : float

    choose : bool
        Whether to say which cells are likely to be wrong.

    Returns
    -------
    doubts : Doubts
    """
    codes = np.stack([own.codes[rows] for own in columns], axis=1)
    probabilities = [own.probabilities[rows] for own in columns]
    given = [
        own[np.arange(len(rows)), labels]
        for labels, own in zip(codes.T, probabilities, strict=True)
    ]
    sizes = [own.shape[1] for own in probabilities]
    pairs = list(zip(given, sizes, strict=True))
    errors = [probability_of_error(*pair, wrong_share) for pair in pairs]
    errors = np.stack(errors, axis=1)
    support = np.min([own * (n_classes - 1) for own, n_classes in pairs], axis=0)
    if is_multilabel:
        worst = errors.argmax(axis=1)[:, None] == np.arange(len(columns))
        suggested = np.where(worst | (errors >= _LIKELY), 1 - codes, codes)
        probabilities = np.stack([own[:, 1] for own in probabilities], axis=1)
    else:
        codes, probabilities = codes[:, 0], probabilities[0]
        others = probabilities.copy()
        others[np.arange(len(rows)), codes] = -1
        suggested = others.argmax(axis=1)
    if score == ERROR:
        scores = errors.max(axis=1)
        return Doubts(rows, scores, suggested, scores >= _LIKELY, support)
    scores = confident_scores(codes, probabilities, score)
    likely = confident_issues(codes, probabilities) if choose else None
    return Doubts(rows, scores, suggested, likely, support)
