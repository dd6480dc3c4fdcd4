"""Labels of known tasks for rows that have none: drawn from their own predictions."""

from dataclasses import replace

import numpy as np
from sklearn.utils import check_random_state

from ..data._growth import joined


def with_replay(targets, calibration, logits, cells, config):
    """Return the cells of new tasks with drawn labels of the known tasks before them.

    Parameters
    ----------
    targets : Targets
        The known tasks.

    calibration : Calibration
        That of the known tasks.

    logits : list of ndarray of shape (n_rows, n_logits)
        What the net predicts for the rows.

    cells : LabelledCells
        The new tasks.

    config : TrainingConfig

    Returns
    -------
    cells : LabelledCells
        Of all tasks.
    """
    rng = check_random_state(config.random_state)
    probabilities = calibration.probabilities(targets.tasks, logits)
    codes = [
        _drawn(task, own, rng)
        for task, own in zip(targets.tasks, probabilities, strict=True)
    ]
    codes = np.column_stack(codes).astype(cells.codes.dtype)
    weights = np.repeat(cells.row_weights[:, None], codes.shape[1], axis=1)
    shares = np.concatenate([np.ones(len(targets.names)), cells.labelled_share])
    known = [code for own in calibration.log_shares for code in own]
    return replace(
        cells,
        targets=joined(targets, cells.targets),
        codes=np.hstack([codes, cells.codes]),
        weights=np.hstack([weights, cells.weights]),
        labelled_share=shares,
        log_class_shares=known + cells.log_class_shares,
    )


def _drawn(task, probabilities, rng):
    """Return codes drawn from probabilities, in the shape of the task's type."""
    chances = rng.random_sample(probabilities.shape)
    if task.is_multilabel:
        return (chances < probabilities).astype(np.int64)
    ends = np.cumsum(probabilities, axis=1, dtype=float)
    ends /= ends[:, -1:]
    return (chances[:, :1] >= ends[:, :-1]).sum(axis=1)
