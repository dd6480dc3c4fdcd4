"""How probable it is that a given label is wrong."""

import numpy as np


def probability_of_error(given, n_classes, share):
    """Return the probability that each label is wrong.

    By Bayes' rule, if a share of all labels is wrong and each other class is equally
    likely then. The classifier has learnt from such labels, so its probabilities
    include wrong ones.

    Parameters
    ----------
    given : ndarray of shape (n_cells,)
        Probability of the given label, of a classifier that has not seen the cell.

    n_classes : int
        At least 2. The more classes, the less a low probability says.

    share : float
        Expected share of wrong labels.

    Returns
    -------
    probabilities : ndarray of shape (n_cells,)
    """
    each = share / (n_classes - 1)
    right = (1 - share) * (1 - each / np.maximum(given, np.finfo(float).tiny))
    return np.clip(1 - right / (1 - share - each), 0, 1)
