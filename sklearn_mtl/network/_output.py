"""What a network returns for a batch."""

from typing import NamedTuple

import torch


class Output(NamedTuple):
    """Logits of all tasks, and what training and other tools read beside them.

    Attributes
    ----------
    logits : tuple of tensors of shape (n_rows, n_logits)
        One for each task. In training they count where a cell is labelled.

    hidden : tensor of shape (n_rows, n_units), default=None
        The vector that all tasks read, if there is one.

    penalties : dict of {str: tensor of shape ()}, default={}
        By name, terms that training adds to the loss. Empty in prediction.
    """

    logits: tuple
    hidden: torch.Tensor | None = None
    penalties: dict = {}
