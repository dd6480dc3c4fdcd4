"""Rows that are set aside from training, to judge what it learnt."""

from contextlib import suppress

from sklearn.utils import check_random_state

from ..data._rows import FEW
from ..labels._splitting import multitask_split

# Share of the rows that temperatures are found on, with the least and the most rows,
# and the most rows of a fit that spares them: the others are copied.
SHARE, LEAST, MOST = 0.05, 150, 500
MOST_ROWS = 200_000


def set_aside(config, cells, *, is_first=True):
    """Return which rows train and which are set aside.

    Rows are set aside for early stopping and for tuned thresholds, and where rows are
    many enough, for the temperatures of probabilities.

    Parameters
    ----------
    config : TrainingConfig

    cells : LabelledCells

    is_first : bool, default=True
        Whether no fit came before. A warm start keeps the temperatures of the first
        fit, which has seen all rows by then.

    Returns
    -------
    learnt, aside : ndarray of int, or None for both
        None if all rows train.
    """
    rng = check_random_state(config.random_state)
    if config.sets_rows_aside or any(task.is_tuned for task in cells.targets.tasks):
        return multitask_split(cells.codes, config.validation_fraction, rng)
    n_rows = len(cells.codes)
    if is_first and config.temperature == "auto" and FEW < n_rows <= MOST_ROWS:
        n_aside = min(max(SHARE * n_rows, LEAST), MOST)
        with suppress(ValueError):  # no class has a row to spare
            return multitask_split(cells.codes, n_aside / n_rows, rng)
    return None, None
