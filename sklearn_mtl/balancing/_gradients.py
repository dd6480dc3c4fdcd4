"""Gradients of single tasks at the hidden vector that all of them read."""

from contextlib import contextmanager
from functools import partial

import torch

from ..distributed._parts import summed, within_part


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
    if not _is_learnt(losses, output):
        return None
    hidden = output.hidden
    settings = {"retain_graph": True, "allow_unused": True}
    if output.linear is None:
        found = [torch.autograd.grad(loss, hidden, **settings)[0] for loss in losses]
        zeros = torch.zeros_like(hidden)
        return torch.stack([zeros if own is None else own for own in found]).detach()
    logits, weights = output.linear
    slopes = torch.autograd.grad(losses.sum(), logits, **settings)
    return _through_heads(hidden, slopes, weights())


@contextmanager
def changed_gradients(losses, output, change):
    """Change the gradient at the hidden vectors in a backward pass, within a block.

    Parameters
    ----------
    losses, output : as for :func:`hidden_gradients`

    change : callable
        Given the gradients of the tasks, as :func:`hidden_gradients` returns them; what
        it returns is added to the gradient of all losses and penalties. Not called
        where nothing below the vector learns.
    """
    if not _is_learnt(losses, output):
        yield
        return
    hidden, change = output.hidden, within_part(change)
    if output.linear is None:
        added = change(hidden_gradients(losses, output))
        hooks = [hidden.register_hook(lambda whole: whole + added)]
    else:  # the pass itself has computed the slopes by the time it comes to the vector
        logits, weights = output.linear
        slopes = [None] * len(logits)
        hooks = [
            own.register_hook(partial(slopes.__setitem__, k))
            for k, own in enumerate(logits)
        ]

        def add(whole):
            return whole + change(_through_heads(hidden, slopes, weights()))

        hooks.append(hidden.register_hook(add))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _is_learnt(losses, output):
    hidden = output.hidden
    return hidden is not None and hidden.requires_grad and losses.requires_grad


@torch.no_grad()
def _through_heads(hidden, slopes, weights):
    gradients = hidden.new_zeros(len(slopes), *hidden.shape)
    for own, slope, weight in zip(gradients, slopes, weights, strict=True):
        if slope is not None:
            torch.mm(slope, weight, out=own)
    return gradients


def gramian(gradients):
    """Return the products of all pairs of gradients, shape (n_tasks, n_tasks).

    They are sums over rows, so those of the parts of a batch are added up.
    """
    rows = gradients.flatten(1)
    return summed(rows @ rows.T)


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
