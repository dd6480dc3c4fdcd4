"""Embeddings of token ids."""

import torch
from torch import nn


class TokenEmbedding(nn.Embedding):
    """Embeddings of token ids, scaled by token weights; 0 for padding.

    Parameters
    ----------
    n_tokens, dim : int

    plain : bool, default=False
        Whether the gradient is sparse, for plain gradient descent.

    token_weights : ndarray of shape (n_tokens,), default=None
        None means 1 for all.
    """

    def __init__(self, n_tokens, dim, *, plain=False, token_weights=None):
        super().__init__(n_tokens, dim, padding_idx=0, sparse=plain)
        factors = None
        if token_weights is not None:
            factors = torch.as_tensor(token_weights, dtype=self.weight.dtype)
        self.register_buffer("factors", factors)

    @property
    def descent(self):
        return "embedding" if self.sparse else None

    def forward(self, ids):
        embedded = super().forward(ids)
        if self.factors is None:
            return embedded
        return embedded * self.factors[ids].unsqueeze(-1)
