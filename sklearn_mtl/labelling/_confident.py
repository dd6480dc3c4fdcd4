"""Scores of the library cleanlab for the labels of a task."""

import numpy as np

from ..utils._optional import import_optional

SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


def need_cleanlab(score):
    """Raise an ImportError if cleanlab is not installed."""
    import_optional("cleanlab", "cleanlab", f"score={score!r}", "score='error'")


def confident_scores(codes, probabilities, score):
    """Return how doubtful labels are: 1 minus cleanlab's label quality score.

    Parameters
    ----------
    codes : ndarray of shape (n_cells,), or (n_cells, n_labels) of 0 and 1

    probabilities : ndarray of shape (n_cells, n_classes)

    score : str
        One of ``SCORES``.

    Returns
    -------
    doubts : ndarray of shape (n_cells,)
    """
    if codes.ndim == 2:
        from cleanlab.multilabel_classification import get_label_quality_scores
    else:
        from cleanlab.rank import get_label_quality_scores
    return 1 - get_label_quality_scores(_labels(codes), probabilities, method=score)


def confident_issues(codes, probabilities):
    """Return which labels cleanlab calls wrong.

    Parameters
    ----------
    codes, probabilities : as for :func:`confident_scores`

    Returns
    -------
    are_issues : ndarray of bool of shape (n_cells,)
    """
    if codes.ndim == 2:
        from cleanlab.multilabel_classification.filter import find_label_issues
    else:
        from cleanlab.filter import find_label_issues
    # With the default, cleanlab does not judge classes of one label, and warns.
    return find_label_issues(
        _labels(codes), probabilities, n_jobs=1, min_examples_per_class=0
    )


def _labels(codes):
    return [np.flatnonzero(own).tolist() for own in codes] if codes.ndim == 2 else codes
