"""One training step."""

from contextlib import nullcontext

import torch

from ._optimizers import without_gradients


def take_step(network, objective, optimizer, rows, cells, watch=None):
    """Update the weights of a network with one batch.

    Parameters
    ----------
    network : torch.nn.Module
        ``network(rows, cells)`` returns an :class:`~sklearn_mtl.network.Output`.

    objective : torch.nn.Module
        ``objective(logits, cells)`` returns the loss of each task, summed over rows.
        Its ``balancing`` turns their means over rows into gradients.

    optimizer : torch.optim.Optimizer

    rows : SparseBatch or tensor

    cells : Cells

    watch : callable, default=None
        Called between backward pass and update, to see all gradients. Without it, those
        of large tables need not exist.

    Returns
    -------
    sums : tensor of shape (n_tasks,)
        Losses, summed over rows.

    total : tensor of shape ()
        The total loss.

    output : Output
    """
    optimizer.zero_grad()
    with without_gradients(optimizer) if watch is None else nullcontext():
        output = network(rows, objective.cells_of_tasks(cells))
        sums = objective(output.logits, cells)
        if not any(part.requires_grad for part in (sums, *output.penalties.values())):
            raise ValueError(
                "All weights are frozen, so nothing can be learnt. Let the Freezer, or "
                "whatever else froze them, leave some."
            )
        losses = sums / len(rows)
        total = objective.balancing.backward(losses, output.penalties, output)
        if watch is not None:
            watch()
        optimizer.step()
    if objective.balancing.watches_steps:
        with torch.no_grad():
            logits = network(rows, objective.cells_of_tasks(cells)).logits
            objective.balancing.after_step(objective(logits, cells) / len(rows))
    return sums, total, output
