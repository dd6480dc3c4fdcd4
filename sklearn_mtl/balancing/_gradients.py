"""Gradients of single tasks at the hidden vector that all of them read."""

import torch


def hidden_gradients(losses, hidden):
    """Return the gradient of each task at the hidden vectors of a batch.

    Parameters
    ----------
    losses : tensor of shape (n_tasks,)

    hidden : tensor of shape (n_rows, n_units) or None

    Returns
    -------
    gradients : tensor of shape (n_tasks, n_rows, n_units) or None
        None where no gradient reaches the vector: nothing below it learns.
    """
    if hidden is None or not hidden.requires_grad or not losses.requires_grad:
        return None
    found = [
        torch.autograd.grad(losses, hidden, one, retain_graph=True, allow_unused=True)
        for one in torch.eye(len(losses)).to(losses)
    ]
    zeros = torch.zeros_like(hidden)
    return torch.stack([zeros if own is None else own for (own,) in found]).detach()


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
