"""Dropout with its own random numbers."""

import torch
from torch import Tensor, nn

from ..distributed._parts import current_part


class Dropout(nn.Module):
    """Dropout from uniform random numbers, 4 times as fast as torch's Bernoulli draws.

    The module has its own generator, seeded on creation, so nets that train at the same
    time do not affect each other.

    Parameters
    ----------
    p : float
        Share of the units that a training step sets to 0. The others are multiplied by
        1 / (1 - p).

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.network import Dropout
    >>> dropout = Dropout(0.5).eval()
    >>> dropout(torch.ones(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.seed = int(torch.randint(2**62, ())) if p else None
        self._generator: torch.Generator | None = None

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the units, some of them set to 0 in training.

        Parameters
        ----------
        hidden : Tensor of any shape
            Units of a layer.

        Returns
        -------
        hidden : Tensor of the same shape
            In training, the remaining units are scaled by 1 / (1 - p).
        """
        if not (self.training and self.p):
            return hidden
        if self._generator is None or self._generator.device != hidden.device:
            self._generator = torch.Generator(hidden.device).manual_seed(self.seed or 0)
        first, n_drawn = _places(len(hidden))
        drawn = torch.rand(
            (n_drawn, *hidden.shape[1:]),
            generator=self._generator,
            dtype=hidden.dtype,
            device=hidden.device,
        )[first : first + len(hidden)]
        return hidden * (drawn >= self.p).to(hidden).div_(1 - self.p)

    def __getstate__(self):
        return {**super().__getstate__(), "_generator": None}


def _places(n_rows):
    """Return the first row to use, and the number of rows to draw.

    If several processes compute the parts of a batch, each draws for all rows, and uses
    its own: together they leave out what one process would.
    """
    part = current_part()
    if part is None:
        return 0, n_rows
    if n_rows == part.stop - part.start:
        return part.start, part.n_rows
    return n_rows * part.rank, n_rows * part.size  # some rows of the part
