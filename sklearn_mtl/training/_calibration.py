"""The temperature of fits that spare no rows to find one."""

# The temperature of full batches over bags on dev splits; with fewer cells for a class,
# it was 1.
SMALL_TEMPERATURE, CELLS_OF_A_CLASS = 1.4, 10


def typical_temperature(spec, cells_per_class):
    """Return the temperature of all tasks where no rows are spared to find it.

    Parameters
    ----------
    spec : InputSpec

    cells_per_class : float
        Labelled cells for each class, on average over all tasks.
    """
    is_typical = spec.is_small and spec.is_bag and cells_per_class >= CELLS_OF_A_CLASS
    return SMALL_TEMPERATURE if is_typical else 1.0
