"""The straight path from the empty row to a row, at the layers that read rows."""

from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import nn

from ..network._batch import TokenBatch
from ..network._input import BlockLinear, SparseLinear


class Reading(NamedTuple):
    """What a layer read on the path.

    Attributes
    ----------
    layer : torch.nn.Module or None
        None for dense rows, which need no layer.

    whole : tensor
        What the row adds to the output of the layer, compared to the empty row.

    point : tensor
        The output of the layer at a point of the path, whose gradient is wanted.
    """

    layer: nn.Module | None
    whole: torch.Tensor
    point: torch.Tensor


class InputPath:
    """Runs a network at points between the empty row and a row.

    The layers that read rows are linear. So it is enough to scale their outputs, and
    rows stay sparse. The empty row has no words, no tokens, and 0 in dense columns.

    Parameters
    ----------
    module : torch.nn.Module
        The network. Its hooks are changed, so pass a copy.

    secants : bool, default=False
        Whether each ReLU is replaced by the line through its values at the empty row
        and at the row. The first run must then be at the empty row.
    """

    def __init__(self, module, *, secants=False):
        self.module, self.secants = module, secants
        self.share, self.readings, self._starts = 1.0, [], {}
        self._ids = None
        for name, layer in module.named_modules():
            if isinstance(layer, SparseLinear):
                layer.register_forward_hook(self._scale)
            elif isinstance(layer, BlockLinear):
                layer.block.register_forward_hook(self._scale)
            elif isinstance(layer, nn.Embedding):
                layer.register_forward_hook(self._scale_tokens)
            elif secants and isinstance(layer, nn.ReLU):
                layer.register_forward_hook(self._bend(name))

    def run(self, rows, share):
        """Return the logits of all tasks at a point, and what the layers read.

        Parameters
        ----------
        rows : SparseBatch or tensor of shape (n_rows, n_features)

        share : float
            0 is the empty row, 1 the row itself.

        Returns
        -------
        logits : tensor of shape (n_rows, n_logits)

        readings : list of Reading
        """
        self.share, self.readings = share, []
        self._ids = rows.padded()[0] if isinstance(rows, TokenBatch) else None
        if isinstance(rows, torch.Tensor):
            rows = self._keep(None, rows, 0)
        return torch.cat(self.module(rows).logits, dim=1), self.readings

    def _keep(self, layer, whole, start):
        whole = whole.detach()
        point = (start + self.share * whole).requires_grad_()
        self.readings.append(Reading(layer, whole, point))
        return point

    def _scale(self, layer, _, output):
        start = layer.bias.detach() if layer.bias is not None else 0
        return self._keep(layer, output.detach() - start, start)

    def _scale_tokens(self, layer, inputs, output):
        if self._ids is None or inputs[0].shape != self._ids.shape:
            return None  # embeds something else, such as positions
        if not torch.equal(inputs[0], self._ids):
            return None
        return self._keep(layer, output, 0)

    def _bend(self, name):
        def hook(_, inputs, output):
            (value,) = inputs
            if self.share == 0:
                self._starts[name] = value.detach()
                return output
            start = self._starts[name]
            low, high = start.relu(), output.detach()
            step = value.detach() - start
            slope = torch.where(step == 0, (start > 0).to(step), (high - low) / step)
            return low + slope * (value - start)

        return hook


@contextmanager
def plain_recurrence():
    """Run a block without cuDNN, whose recurrent layers need training mode."""
    with torch.backends.cudnn.flags(enabled=False):
        yield
