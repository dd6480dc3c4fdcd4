"""A recurrent network over tokens."""

from numbers import Integral
from typing import Any

from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ..utils._compat import Interval, StrOptions
from ._sequence import SequenceTrunk, max_over_time, mean_over_time

_CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}
_POOLINGS = {"max": max_over_time, "mean": mean_over_time}


class RecurrentTrunk(SequenceTrunk):
    r"""LSTM or GRU over the tokens of a text, in one or both directions.

    .. math:: h = \operatorname{dropout}(\operatorname{pool}_t [\overrightarrow{s}_t;
        \overleftarrow{s}_t])

    where :math:`\overrightarrow{s}_t` is the state after token *t*, read from the
    start, and :math:`\overleftarrow{s}_t` that read from the end.

    Parameters
    ----------
    embedding_dim : int or "auto", default="auto"
        "auto" is the dimension of `vectors` if given, or else 64.

    n_units : int, default=64
        Width of the hidden vector. With `bidirectional`, each direction has half of it.

    cell : {"lstm", "gru"}, default="lstm"
        Type of recurrent cell. GRU is smaller and faster.

    bidirectional : bool, default=True
        Whether to read texts in both directions.

    n_layers : int, default=1
        Number of recurrent layers.

    pooling : {"max", "mean"}, default="max"
        How to combine the states of all tokens into one vector.

    vectors : WordVectors, str, path, dict, KeyedVectors, StaticModel or \
            WordVectorTrainer, default=None
        Initial embeddings of words, see
        :meth:`~sklearn_mtl.feature_extraction.WordVectors.of_any`. Words without a
        vector start at random. A trainer learns vectors from the training rows. The
        fitted trunk has the attribute ``coverage_``, the share of words with a vector.

    freeze : bool, default=False
        Whether to keep the embeddings fixed in training.

    dropout : float or "auto", default="auto"
        Share of hidden units set to 0 at random in training. "auto" is 0.3, or 0 for up
        to 200 rows, which train in deterministic full batches.

    See Also
    --------
    ConvTrunk : Reads n-grams of tokens; several times faster.

    Notes
    -----
    Batches are packed sequences: padding is not read, and time grows with the number of
    tokens.

    References
    ----------
    S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9
    (1997). K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder
    for Statistical Machine Translation", EMNLP 2014 (GRU).

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.trunks import RecurrentTrunk
    >>> clf = MultiTaskTextClassifier(trunk=RecurrentTrunk(cell="gru"))
    """

    _parameter_constraints = {
        **SequenceTrunk._parameter_constraints,
        "cell": [StrOptions(set(_CELLS))],
        "bidirectional": ["boolean"],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "pooling": [StrOptions(set(_POOLINGS))],
    }

    def __init__(
        self,
        *,
        embedding_dim: int | str = "auto",
        n_units: int = 64,
        cell: str = "lstm",
        bidirectional: bool = True,
        n_layers: int = 1,
        pooling: str = "max",
        vectors: Any = None,
        freeze: bool = False,
        dropout: float | str = "auto",
    ) -> None:
        self.embedding_dim = embedding_dim
        self.n_units = n_units
        self.cell = cell
        self.bidirectional = bidirectional
        self.n_layers = n_layers
        self.pooling = pooling
        self.vectors = vectors
        self.freeze = freeze
        self.dropout = dropout

    def _validate_params(self):
        super()._validate_params()
        if self.bidirectional and self.n_units % 2:
            raise ValueError(
                "n_units must be even if bidirectional=True, because each direction "
                f"has half of the units. Got n_units={self.n_units}. Use an even "
                "number, or bidirectional=False."
            )

    def encoder(self, n_inputs: int, dropout: float) -> nn.Module:
        cells = _CELLS[self.cell](
            n_inputs,
            self.n_units // 2 if self.bidirectional else self.n_units,
            num_layers=self.n_layers,
            bidirectional=self.bidirectional,
            batch_first=True,
        )
        return RecurrentEncoder(cells, _POOLINGS[self.pooling])


class RecurrentEncoder(nn.Module):
    """Pooled states of packed sequences.

    Parameters
    ----------
    cells : torch.nn.LSTM or torch.nn.GRU

    pool : callable
    """

    def __init__(self, cells, pool):
        super().__init__()
        self.cells, self.pool = cells, pool

    def forward(self, embedded, lengths):
        packed = pack_padded_sequence(
            embedded,
            lengths.clamp(min=1).cpu(),  # an empty text is read as one padding token
            batch_first=True,
            enforce_sorted=False,
        )
        states, _ = pad_packed_sequence(
            self.cells(packed)[0], batch_first=True, total_length=embedded.shape[1]
        )
        return self.pool(states, lengths)
