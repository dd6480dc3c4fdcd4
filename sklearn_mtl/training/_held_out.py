"""Training on the held-out rows, after they have calibrated the net."""

from contextlib import contextmanager
from copy import deepcopy

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
        A trained net. Its history and its balancer do not change.

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
    with _copied_balancer(net.criterion_) as criterion:
        for step, (rows, cells) in enumerate(steps):
            decay_rates(net.optimizer_, first, step, n_steps)
            place = rows.to(net.device), cells.to(net.device)
            _, total, _ = take_step(net.module_, criterion, net.optimizer_, *place)
    net._set_training(False)
    net._forget_training()
    if not torch.isfinite(total):
        raise ValueError(DIVERGED)


@contextmanager
def _copied_balancer(criterion):
    """Give a criterion a copy of its balancer, within a block.

    A balancer may change its weights in each step. ``loss_weights_`` and a warm start
    must have those that history ends with. The optimizer does not know the copy, so the
    parameters of the copy do not change either.
    """
    balancer = criterion.balancing
    # Only leaves of a graph can be copied; a user's balancer may keep other tensors.
    known = {
        id(value): value.detach()
        for part in balancer.modules()
        for value in vars(part).values()
        if isinstance(value, torch.Tensor) and not value.is_leaf
    }
    criterion.balancing = deepcopy(balancer, known)
    try:
        yield criterion
    finally:
        criterion.balancing = balancer
