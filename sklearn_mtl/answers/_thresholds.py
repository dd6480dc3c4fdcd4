"""Thresholds of ordinal tasks, from the weights that a network learns."""

import numpy as np

# Factor on the learning rate of gaps between thresholds, relative to other dense
# weights, so that gaps follow the spread of the output. 5 and 20 do equally well, 1
# slightly worse.
PACE = 10.0
# Smallest gap between thresholds. Keeps logarithms of gaps within 32-bit precision.
LEAST_GAP = 1e-3


def thresholds_of(first, raw_gaps):
    """Return ascending thresholds, shape (n_classes - 1,).

    Parameters
    ----------
    first : ndarray of shape (1,)

    raw_gaps : ndarray of shape (n_classes - 2,)
        Learnt parameters of the gaps.
    """
    # Softplus: log(1 + exp(x)) without overflow.
    gaps = LEAST_GAP + np.logaddexp(0, PACE * raw_gaps).astype(raw_gaps.dtype)
    return np.concatenate([first, first + np.cumsum(gaps)])
