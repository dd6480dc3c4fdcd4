"""The output of a network for a batch."""

from typing import NamedTuple

import torch


class Output(NamedTuple):
    """Logits of all tasks, the shared hidden vector, and penalties.

    Attributes
    ----------
    logits : tuple of tensors of shape (n_rows, n_logits)
        One tensor for each task. In training only the logits of labelled cells are
        valid.

    hidden : tensor of shape (n_rows, n_units), default=None
        The hidden vector that all tasks share; None if there is none.

    penalties : dict of {str: tensor of shape ()}, default={}
        Terms that training adds to the loss, by name. Empty in prediction.

    linear : tuple of (tuple of tensors, callable), default=None
        Where only linear heads lie between `hidden` and the logits: the logits before
        any link, one tensor per task, and a function that returns the weights of the
        heads, each of shape (n_logits, n_units). The gradients of all tasks at `hidden`
        then need no backward passes of their own; otherwise they need one per task. No
        penalty may read these logits.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.network import Output
    >>> output = Output((torch.zeros(4, 1), torch.zeros(4, 3)), torch.zeros(4, 8))
    >>> [logits.shape[1] for logits in output.logits]
    [1, 3]
    """

    logits: tuple
    hidden: torch.Tensor | None = None
    penalties: dict = {}
    linear: tuple | None = None
