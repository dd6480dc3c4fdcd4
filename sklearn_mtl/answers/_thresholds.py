"""Thresholds of ordinal tasks, of the weights that a network learns."""

import numpy as np

# Gaps between thresholds learn this many times faster than other dense weights, to
# follow the spread of the output. 5 and 20 are no different, 1 is slightly worse.
PACE = 10.0
# The least gap between thresholds. It keeps logarithms of gaps within 32-bit precision.
LEAST_GAP = 1e-3


def thresholds_of(first, raw_gaps):
    """Return ascending thresholds, shape (n_classes - 1,).

    Parameters
    ----------
    first : ndarray of shape (1,)

    raw_gaps : ndarray of shape (n_classes - 2,)
        What is learnt of the gaps.
    """
    # Softplus: log(1 + exp(x)) without overflow.
    gaps = LEAST_GAP + np.logaddexp(0, PACE * raw_gaps).astype(raw_gaps.dtype)
    return np.concatenate([first, first + np.cumsum(gaps)])
