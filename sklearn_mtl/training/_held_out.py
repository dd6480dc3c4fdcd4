"""Training on the rows that calibrated a net, once it is calibrated."""

import torch

from ._net import DIVERGED
from ._optimizers import LinearDecay, decay_rates
from ._step import take_step

# Part of the learning rates of training, and number of passes over the rows; a pass is
# one batch, or several of sequences. Chosen on dev splits, see docs/decisions.md.
PART, PASSES = 0.25, 3


def learn_held_out(net, dataset):
    """Take a few steps on rows that were held out from training.

    Nothing happens where callbacks of the user set the learning rates.

    Parameters
    ----------
    net : MultiTaskNet
        Trained. Its history stays as it is.

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
