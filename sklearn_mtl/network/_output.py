"""What a network returns for a batch."""

from typing import NamedTuple

import torch


class Output(NamedTuple):
    """Logits of all tasks, the shared hidden vector, and penalties.

    Attributes
    ----------
    logits : tuple of tensors of shape (n_rows, n_logits)
        One for each task. In training only logits of labelled cells count.

    hidden : tensor of shape (n_rows, n_units), default=None
        The vector that all tasks read; None if there is none.

    penalties : dict of {str: tensor of shape ()}, default={}
        Terms that training adds to the loss, by name. Empty in prediction.

    linear : tuple of (tuple of tensors, callable), default=None
        Where `hidden` reaches the logits by linear heads alone: logits before any link,
        one tensor for each task, and a function that returns the weights of the heads,
        of shape (n_logits, n_units) each. Gradients of all tasks at `hidden` then need
        no backward pass of their own; without, they need one for each task. No penalty
        may read these logits.
    """

    logits: tuple
    hidden: torch.Tensor | None = None
    penalties: dict = {}
    linear: tuple | None = None
