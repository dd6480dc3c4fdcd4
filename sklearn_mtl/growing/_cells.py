"""The cells of new tasks beside those of known tasks, which have no labels."""

from dataclasses import replace

import numpy as np

from ..data._growth import joined


def with_known_tasks(targets, calibration, cells):
    """Return the cells of new tasks, with cells of weight 0 for the known tasks.

    Every row thus counts as a row of all known tasks: the network computes their
    logits, and the penalty on changes can read them.

    Parameters
    ----------
    targets : Targets
        The known tasks.

    calibration : Calibration
        Its first tasks are the known ones. It has their class shares.

    cells : LabelledCells
        The new tasks.

    Returns
    -------
    cells : LabelledCells
        Of all tasks.
    """
    shape = len(cells.codes), len(targets.layout.sizes)
    known = calibration.log_shares[: len(targets.names)]
    shares = [code for own in known for code in own]
    return replace(
        cells,
        targets=joined(targets, cells.targets),
        codes=np.hstack([np.zeros(shape, cells.codes.dtype), cells.codes]),
        weights=np.hstack([np.zeros(shape), cells.weights]),
        labelled_share=np.append(np.ones(len(targets.names)), cells.labelled_share),
        log_class_shares=shares + cells.log_class_shares,
    )
