"""The asymmetric loss of multi-label tasks."""

import torch
from torch import nn
from torch.nn.functional import logsigmoid


class AsymmetricLoss(nn.Module):
    """A loss with less weight on easy labels, mostly on easy negatives.

    Parameters
    ----------
    gamma_pos, gamma_neg, margin : float
        As in :class:`MultiLabel`.
    """

    def __init__(self, gamma_pos, gamma_neg, margin):
        super().__init__()
        self.gamma_pos, self.gamma_neg, self.margin = gamma_pos, gamma_neg, margin

    def forward(self, logits, codes):
        z = torch.cat(logits, dim=1)
        # (1 - p) ** gamma through its logarithm: where p rounds to 1, the gradient of
        # the power is infinite for a gamma below 1.
        holds = -logsigmoid(z) * torch.exp(self.gamma_pos * logsigmoid(-z))
        shifted = torch.sigmoid(z) - self.margin
        costs = shifted > 0
        shifted = torch.where(costs, shifted, 1.0)  # avoids infinite gradients
        # 1 - p + margin, computed without rounding to 0.
        rest = (torch.sigmoid(-z) + self.margin).clamp(max=1)
        fails = -torch.log(rest) * shifted**self.gamma_neg
        fails = torch.where(costs, fails, 0.0)
        loss = torch.where(codes > 0, holds, fails)
        return loss.masked_fill(codes < 0, 0.0)
