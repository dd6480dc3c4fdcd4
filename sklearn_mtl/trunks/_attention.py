"""A small transformer encoder over tokens."""

import math
from numbers import Integral
from typing import Any

import torch
from torch import nn

from ..network._dropout import Dropout
from ..utils._compat import Interval
from ._sequence import SequenceTrunk, is_token, mean_over_time

# Maximum number of attention weights in a prediction batch: 32 MiB of 32-bit floats.
MOST_PAIRS = 2**23


class AttentionTrunk(SequenceTrunk):
    r"""Self-attention over the tokens of a text, followed by the mean over tokens.

    .. math:: h = \operatorname{dropout}\Big(\frac{1}{n} \sum_t
        T(e + p)_t\Big)

    where *T* is a transformer encoder, :math:`e_t` the embedding of token *t* and
    :math:`p_t` sines and cosines of its position.

    Parameters
    ----------
    n_units : int, default=64
        Width of every layer and of the hidden vector.

    n_heads : int, default=4
        Number of attention heads. Must divide `n_units`.

    n_layers : int, default=1
        Number of encoder layers.

    n_feedforward : int, default=128
        Width of the feed-forward layer in each encoder layer.

    embedding_dim : int or "auto", default="auto"
        "auto" is the dimension of `vectors` if given, or else `n_units`. If it differs
        from `n_units`, a linear layer maps embeddings to `n_units`.

    vectors : WordVectors, str, path, dict, KeyedVectors, StaticModel or \
            WordVectorTrainer, default=None
        Initial embeddings of words, see
        :meth:`~sklearn_mtl.feature_extraction.WordVectors.of_any`. Words without a
        vector start at random. A trainer learns vectors from the training rows. The
        fitted trunk has the attribute ``coverage_``, the share of words with a vector.

    freeze : bool, default=False
        Whether to keep the embeddings fixed in training.

    dropout : float or "auto", default="auto"
        Share of units set to 0 at random in training, within layers and in the hidden
        vector. "auto" is 0.3, or 0 for up to 200 rows, which train in deterministic
        full batches.

    See Also
    --------
    ConvTrunk : Reads n-grams of tokens; several times faster.

    Notes
    -----
    Time and memory grow with the square of the number of tokens in a text. The
    parameter ``max_length`` of
    :class:`~sklearn_mtl.feature_extraction.SequenceVectorizer` limits it. Layer
    normalisation comes before attention, so no learning-rate warm-up is needed. Unlike
    in torch's layers, attention weights have no dropout.

    References
    ----------
    A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017. R. Xiong et al., "On
    Layer Normalization in the Transformer Architecture", ICML 2020.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.trunks import AttentionTrunk
    >>> clf = MultiTaskTextClassifier(trunk=AttentionTrunk(n_layers=2))
    """

    _parameter_constraints = {
        **SequenceTrunk._parameter_constraints,
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_feedforward": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        n_units: int = 64,
        n_heads: int = 4,
        n_layers: int = 1,
        n_feedforward: int = 128,
        embedding_dim: int | str = "auto",
        vectors: Any = None,
        freeze: bool = False,
        dropout: float | str = "auto",
    ) -> None:
        self.n_units = n_units
        self.n_heads = n_heads
        self.n_layers = n_layers
        self.n_feedforward = n_feedforward
        self.embedding_dim = embedding_dim
        self.vectors = vectors
        self.freeze = freeze
        self.dropout = dropout

    def _validate_params(self):
        super()._validate_params()
        if self.n_units % self.n_heads:
            raise ValueError(
                f"n_heads must divide n_units. Got n_heads={self.n_heads} and "
                f"n_units={self.n_units}."
            )

    def rows_at_once(self, longest: int) -> int:
        # Each head stores one attention weight per pair of tokens.
        pairs = longest**2 * self.n_heads
        return min(super().rows_at_once(longest), MOST_PAIRS // pairs)

    @property
    def auto_embedding_dim(self) -> int:  # type: ignore[override]
        return self.n_units

    def encoder(self, n_inputs: int, dropout: float) -> nn.Module:
        layer = nn.TransformerEncoderLayer(
            self.n_units,
            self.n_heads,
            self.n_feedforward,
            dropout=0.0,
            batch_first=True,
            norm_first=True,
        )
        encoder = nn.TransformerEncoder(
            layer,
            self.n_layers,
            norm=nn.LayerNorm(self.n_units),
            enable_nested_tensor=False,
        )
        for each in encoder.layers:
            _reset(each)
            # Our Dropout has its own random numbers.
            each.dropout, each.dropout1, each.dropout2 = (
                Dropout(dropout) for _ in range(3)
            )
        widen: nn.Module = nn.Identity()
        if n_inputs != self.n_units:
            widen = nn.Linear(n_inputs, self.n_units)
        return AttentionEncoder(widen, encoder)


def _reset(layer):
    """Draw new weights for a layer, because torch copies one layer n_layers times."""
    for weight in layer.parameters():
        if weight.ndim > 1:
            nn.init.xavier_uniform_(weight)


class AttentionEncoder(nn.Module):
    """Position encoding, self-attention within each text, and the mean over tokens.

    Parameters
    ----------
    widen : torch.nn.Module
        Maps embeddings to the width of the layers.

    layers : torch.nn.TransformerEncoder
    """

    def __init__(self, widen, layers):
        super().__init__()
        self.widen, self.layers = widen, layers

    def forward(self, embedded, lengths):
        # An empty text attends to one padding token, because an empty softmax is NaN.
        padding = ~is_token(lengths.clamp(min=1), embedded.shape[1])
        states = self.widen(embedded)
        states = self.layers(states + places(states), src_key_padding_mask=padding)
        return mean_over_time(states, lengths)


def places(embedded):
    """Return sines and cosines of each position, (longest, n_units)."""
    longest, n_units = embedded.shape[1:]
    options = {"dtype": embedded.dtype, "device": embedded.device}
    place = torch.arange(longest, **options).unsqueeze(1)
    half = torch.arange((n_units + 1) // 2, **options)
    angle = place * torch.exp(half * (-2 * math.log(10_000) / n_units))
    waves = torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)
    return waves[:, :n_units]
