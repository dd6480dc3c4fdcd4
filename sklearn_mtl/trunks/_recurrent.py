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
        "auto" is 64, or the dimensions of `vectors`.

    n_units : int, default=64
        Width of the hidden vector; half of it for each direction.

    cell : {"lstm", "gru"}, default="lstm"
        LSTM, or the smaller and faster GRU.

    bidirectional : bool, default=True
        Whether texts are read from both ends.

    n_layers : int, default=1
        Layers, one above the other.

    pooling : {"max", "mean"}, default="max"
        How the states of all tokens become one vector.

    vectors : WordVectors, str, path, dict, KeyedVectors, StaticModel or \
            WordVectorTrainer, default=None
        Initial embeddings of words, see
        :meth:`~sklearn_mtl.feature_extraction.WordVectors.of_any`; other words start at
        random. A trainer learns from the training rows. The fitted trunk has a
        ``coverage_``, the share of words with a vector.

    freeze : bool, default=False
        Whether embeddings are not trained.

    dropout : float or "auto", default="auto"
        Share of hidden units set to 0 at random in training. "auto" is 0.3, and 0 for
        up to 200 rows, where training is one deterministic full batch.

    See Also
    --------
    ConvTrunk : Reads runs of tokens, several times faster.

    Notes
    -----
    Batches are packed: states end with the text, and time grows with its
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
                "n_units must be even where bidirectional=True, half of it for each "
                f"direction. Got {self.n_units}."
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
            lengths.clamp(min=1).cpu(),  # an empty text reads one padding token
            batch_first=True,
            enforce_sorted=False,
        )
        states, _ = pad_packed_sequence(
            self.cells(packed)[0], batch_first=True, total_length=embedded.shape[1]
        )
        return self.pool(states, lengths)
