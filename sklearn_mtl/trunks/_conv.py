"""Convolution over tokens with max pooling over time."""

from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import relu

from ..utils._compat import Interval
from ._sequence import SequenceTrunk, max_over_time


class ConvTrunk(SequenceTrunk):
    r"""Convolution filters over n-grams of tokens, then max pooling over the text.

    .. math:: h = \operatorname{dropout}(\max(0, W c + b)), \quad
        c_{wf} = \max_t \max\Big(0, b_{wf} + \sum_{k} F_{wfk} \cdot e_{t+k}\Big)

    where :math:`e_t` is the embedding of token *t* and :math:`F_{wf}` filter *f* of
    width *w*, centred on *t*. Embeddings are 0 beyond the ends of a text.

    Parameters
    ----------
    embedding_dim : int or "auto", default="auto"
        "auto" is the dimension of `vectors` if given, or else 64.

    n_filters : int, default=64
        Number of filters of each width.

    widths : int or tuple of int, default=3
        Number of tokens that a filter reads. Outputs of several widths are
        concatenated.

    n_units : int, default=32
        Width of the hidden vector, the output of a dense layer after the filters.

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

    token_dropout : float or "auto", default="auto"
        Share of the tokens of a text that are dropped at random in training, so the
        network cannot memorise a text by a few words. "auto" is as for `dropout`.

    See Also
    --------
    RecurrentTrunk, AttentionTrunk : Read the whole sequence.
    BagTrunk : Ignores word order; much faster.

    Notes
    -----
    The defaults give the network of practical introductions to text classification:
    embedding of 64 dimensions, 64 filters of width 3, max pooling over time, a dense
    layer of 32 units. Training differs. Above 200 rows, embeddings are trained by plain
    gradient descent, because Adam moves those of rare words as far as those of frequent
    ones; each embedding is multiplied by a supervised term weight, see `term_weighting`
    of the estimator; and tokens are dropped at random.

    References
    ----------
    Y. Kim, "Convolutional Neural Networks for Sentence Classification", EMNLP 2014
    (with filters of several widths and no layer after them).

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.trunks import ConvTrunk
    >>> clf = MultiTaskTextClassifier(trunk=ConvTrunk(widths=(2, 3, 4)))
    """

    plain_embeddings = True
    _parameter_constraints = {
        **SequenceTrunk._parameter_constraints,
        "n_filters": [Interval(Integral, 1, None, closed="left")],
        "widths": [Interval(Integral, 1, None, closed="left"), tuple, list],
    }

    def __init__(
        self,
        *,
        embedding_dim: int | str = "auto",
        n_filters: int = 64,
        widths: int = 3,
        n_units: int = 32,
        vectors: Any = None,
        freeze: bool = False,
        dropout: float | str = "auto",
        token_dropout: str = "auto",
    ) -> None:
        self.embedding_dim = embedding_dim
        self.n_filters = n_filters
        self.widths = widths
        self.n_units = n_units
        self.vectors = vectors
        self.freeze = freeze
        self.dropout = dropout
        self.token_dropout = token_dropout

    def _validate_params(self):
        super()._validate_params()
        widths = np.atleast_1d(self.widths).tolist()
        if not widths or not all(isinstance(w, int) and w > 0 for w in widths):
            raise ValueError(
                "widths must be one or several numbers of tokens, each at least 1. Got "
                f"{self.widths!r}."
            )

    def encoder(self, n_inputs: int, dropout: float) -> nn.Module:
        widths = np.atleast_1d(self.widths).tolist()
        return ConvEncoder(n_inputs, self.n_filters, widths, self.n_units)


class ConvEncoder(nn.Module):
    """Filters of several widths, max pooling over time, and a dense ReLU layer.

    Parameters
    ----------
    n_inputs, n_filters : int

    widths : list of int

    n_units : int
    """

    def __init__(self, n_inputs, n_filters, widths, n_units):
        super().__init__()
        self.filters = nn.ModuleList(
            nn.Conv1d(n_inputs, n_filters, width, padding=width // 2)
            for width in widths
        )
        self.dense = nn.Linear(n_filters * len(widths), n_units)

    def forward(self, embedded, lengths):
        longest = embedded.shape[1]
        channels = embedded.transpose(1, 2)
        responses = [
            # Filters of even width have one more output than there are tokens.
            relu(max_over_time(f(channels)[:, :, :longest].transpose(1, 2), lengths))
            for f in self.filters
        ]
        return relu(self.dense(torch.cat(responses, dim=1)))
