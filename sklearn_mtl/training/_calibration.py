"""The temperature of fits without held-out rows to calibrate on."""

# The temperature of full-batch training on bags of words, from dev splits. With fewer
# than CELLS_OF_A_CLASS cells per class it was 1.
SMALL_TEMPERATURE, CELLS_OF_A_CLASS = 1.4, 10


def typical_temperature(spec, cells_per_class):
    """Return the temperature of all tasks for a fit without held-out rows.

    Parameters
    ----------
    spec : InputSpec

    cells_per_class : float
        Mean number of labelled cells per class, over all tasks.
    """
    is_typical = spec.is_small and spec.is_bag and cells_per_class >= CELLS_OF_A_CLASS
    return SMALL_TEMPERATURE if is_typical else 1.0
