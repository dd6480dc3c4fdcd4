"""One training step."""

from contextlib import nullcontext

import torch

from ..distributed._parts import part_of_batch, sum_of_parts
from ._exchange import add_parts, cut, exchange_gradients
from ._optimizers import without_gradients


def take_step(network, objective, optimizer, rows, cells, watch=None):
    """Update the weights of a network with one batch.

    Of several processes (see ``distributed/``), each computes its part of the rows; the
    sums, the total, the penalties and the update are those of all rows.

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
        Its logits are those of this part of the rows.
    """
    n_rows = len(rows)
    with part_of_batch(n_rows) as part:
        if part is not None:
            rows, cells = cut(rows, cells, part.start, part.stop)
        return _take(network, objective, optimizer, rows, cells, watch, n_rows)


def _take(network, objective, optimizer, rows, cells, watch, n_rows):
    optimizer.zero_grad()
    with without_gradients(optimizer) if watch is None else nullcontext():
        output = network(rows, objective.cells_of_tasks(cells))
        own = objective(output.logits, cells)
        if not any(part.requires_grad for part in (own, *output.penalties.values())):
            raise ValueError(
                "All weights are frozen, so nothing can be learnt. Let the Freezer, or "
                "whatever else froze them, leave some."
            )
        sums, output = add_parts(own, output)
        losses = sums / n_rows
        total = objective.balancing.backward(losses, output.penalties, output)
        exchange_gradients(network, objective)
        if watch is not None:
            watch()
        optimizer.step()
    if objective.balancing.watches_steps:
        with torch.no_grad():
            logits = network(rows, objective.cells_of_tasks(cells)).logits
            after = sum_of_parts(objective(logits, cells))
            objective.balancing.after_step(after / n_rows)
    return sums, total, output
