"""Rows that are held out from training, for validation and calibration."""

from contextlib import suppress

from sklearn.utils import check_random_state

from ..data._rows import FEW
from ..labels._splitting import multitask_split

# Share of the rows held out to fit temperatures, the minimum and maximum number of
# these rows, and the maximum number of rows of a fit that holds them out.
SHARE, LEAST, MOST = 0.05, 150, 500
MOST_ROWS = 200_000


def set_aside(config, cells, *, is_first=True, more_than=FEW):
    """Split the rows into training rows and held-out rows.

    Rows are held out for early stopping and for tuned thresholds. If there are enough
    rows, some are also held out to fit the temperatures of probabilities.

    Parameters
    ----------
    config : TrainingConfig

    cells : LabelledCells

    is_first : bool, default=True
        False for a warm start. It keeps the temperatures of the first fit, because that
        fit has trained on all rows.

    more_than : int, default=3000
        Number of rows above which some are held out for temperatures. Up to 3000, a
        probe calibrates the first fit.

    Returns
    -------
    learnt, aside : ndarray of int, or None for both
        None if all rows are training rows.
    """
    rng = check_random_state(config.random_state)
    if config.sets_rows_aside or any(task.is_tuned for task in cells.targets.tasks):
        return multitask_split(cells.codes, config.validation_fraction, rng)
    n_rows = len(cells.codes)
    if is_first and config.temperature == "auto" and more_than < n_rows <= MOST_ROWS:
        n_aside = min(max(SHARE * n_rows, LEAST), MOST)
        with suppress(ValueError):  # no class has enough rows to hold one out
            return multitask_split(cells.codes, n_aside / n_rows, rng)
    return None, None


def check_held_out(balancing, config, cells, *, is_first=True):
    """Raise a ValueError if a balancer needs held-out rows and a fit has none.

    Parameters
    ----------
    balancing : Balancer

    config, cells, is_first : as for :func:`set_aside`
        A warm start may do without; what was learnt before stays.
    """
    if balancing.validation_interval is None or not is_first:
        return
    _, aside = set_aside(config, cells)
    if aside is None:
        raise ValueError(
            "This loss_weights learns from held-out rows, and none of the "
            f"{len(cells.codes)} rows are held out. Use early_stopping=True. Without "
            f"it, rows are held out of more than {FEW} and up to {MOST_ROWS} rows, "
            "with temperature='auto'."
        )
