"""Gradients of single tasks at the hidden vector that all of them read."""

import torch


def hidden_gradients(losses, output):
    """Return the gradient of each task at the hidden vectors of a batch.

    Parameters
    ----------
    losses : tensor of shape (n_tasks,)
        Each depends on the logits of its own task alone.

    output : Output

    Returns
    -------
    gradients : tensor of shape (n_tasks, n_rows, n_units) or None
        None where no gradient reaches the vector: nothing below it learns.
    """
    hidden = output.hidden
    if hidden is None or not hidden.requires_grad or not losses.requires_grad:
        return None
    settings = {"retain_graph": True, "allow_unused": True}
    if output.linear is None:
        found = [torch.autograd.grad(loss, hidden, **settings)[0] for loss in losses]
        zeros = torch.zeros_like(hidden)
        return torch.stack([zeros if own is None else own for own in found]).detach()
    logits, weights = output.linear
    slopes = torch.autograd.grad(losses.sum(), logits, **settings)
    gradients = hidden.new_zeros(len(losses), *hidden.shape)
    with torch.no_grad():
        for own, slope, weight in zip(gradients, slopes, weights(), strict=True):
            if slope is not None:
                torch.mm(slope, weight, out=own)
    return gradients


def gramian(gradients):
    """Return the products of all pairs of gradients, shape (n_tasks, n_tasks)."""
    rows = gradients.flatten(1)
    return rows @ rows.T


def parts_of(weights, products):
    """Return what each task contributes to the squared length of a weighted sum.

    Parameters
    ----------
    weights : tensor of shape (n_tasks,)

    products : tensor of shape (n_tasks, n_tasks)
        The Gramian of the gradients.

    Returns
    -------
    parts : tensor of shape (n_tasks,)
        They add up to the squared length.
    """
    return weights * (products @ weights)
