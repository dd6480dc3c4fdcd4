"""Training on the held-out rows, after they have calibrated the net."""

import torch

from ._net import DIVERGED
from ._optimizers import LinearDecay, decay_rates
from ._step import take_step

# Factor for the learning rates of training, and number of passes over the rows. A pass
# is one batch, or several for sequences. Chosen on dev splits, see docs/decisions.md.
PART, PASSES = 0.25, 3


def learn_held_out(net, dataset):
    """Take a few optimizer steps on the held-out rows.

    Does nothing if the user's callbacks set the learning rates.

    Parameters
    ----------
    net : MultiTaskNet
        A trained net. Its history does not change.

    dataset : RowDataset

    Raises
    ------
    ValueError
        If the loss diverges.
    """
    rates = [c.rates_ for _, c in net.callbacks_ if isinstance(c, LinearDecay)]
    if not rates:
        return
    first = [PART * rate for rate in rates[0]]
    batches = net.get_iterator(dataset, training=False)
    n_steps = PASSES * len(batches)
    net._set_training(True)
    steps = (batch for _ in range(PASSES) for batch in batches)
    for step, (rows, cells) in enumerate(steps):
        decay_rates(net.optimizer_, first, step, n_steps)
        place = rows.to(net.device), cells.to(net.device)
        _, total, _ = take_step(net.module_, net.criterion_, net.optimizer_, *place)
    net._set_training(False)
    net._forget_training()
    if not torch.isfinite(total):
        raise ValueError(DIVERGED)
