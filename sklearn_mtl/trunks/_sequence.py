"""Trunks over token sequences: the base class, embedding and pooling."""

from abc import abstractmethod
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import clone
from torch import nn

from ..feature_extraction import WordVectors
from ..network._dropout import Dropout
from ..network._embedding import TokenEmbedding
from ..network._recipe import PLAIN_EMBEDDINGS, Recipe
from ..network._spec import InputSpec
from ..utils._compat import Interval, StrOptions
from ._base import BaseTrunk

# Embeddings start with about the component size of unit vectors in 100 dimensions.
EMBEDDING_SCALE = 0.1


class SequenceTrunk(BaseTrunk):
    """Base class of trunks over token sequences; the subclass defines the encoder.

    A subclass defines the parameters and the method :meth:`encoder`.

    Attributes
    ----------
    coverage_ : float
        Share of the vocabulary that has a vector, if `vectors` is given.

    Examples
    --------
    The mean of the embeddings, the simplest encoder:

    >>> from torch import nn
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.trunks import SequenceTrunk
    >>> class Mean(nn.Module):
    ...     def forward(self, embedded, lengths):
    ...         return embedded.sum(dim=1) / lengths.clamp(min=1).unsqueeze(1)
    >>> class MeanTrunk(SequenceTrunk):
    ...     vectors, freeze, dropout = None, False, "auto"
    ...     def __init__(self, n_units=16):
    ...         self.n_units = self.embedding_dim = n_units
    ...     def encoder(self, n_inputs, dropout):
    ...         return Mean()
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = MultiTaskTextClassifier(trunk=MeanTrunk(), sharing="hard", random_state=0)
    >>> clf.fit(texts, labels).score(texts, labels)
    1.0
    """

    reads_sparse = True  # a row holds ids at the positions of tokens
    reads_tokens = True
    may_change = ("dropout", "token_dropout", "freeze")
    plain_embeddings = False  # True: trained by plain descent, not Adam
    token_dropout: float | str = 0.0
    auto_embedding_dim = 64
    _parameter_constraints = {
        "embedding_dim": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "vectors": "no_validation",
        "freeze": ["boolean"],
        "n_units": [Interval(Integral, 1, None, closed="left")],
        "dropout": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
        "token_dropout": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
    }

    @abstractmethod
    def encoder(self, n_inputs: int, dropout: float) -> nn.Module:
        """Build the encoder between the embedding and the hidden vector.

        Parameters
        ----------
        n_inputs : int
            Dimension of the embedding.

        dropout : float
            Share of units to drop within the encoder.

        Returns
        -------
        module : torch.nn.Module
            Maps embedded tokens of shape (n_rows, longest, n_inputs), padded with 0,
            and lengths of shape (n_rows,) to a tensor of shape (n_rows, n_units). The
            output for a text must not depend on padding or on other texts.
        """

    def prepare(
        self,
        rows: Any,
        vocabulary: Sequence[str] | None,
        seed: int,
        previous: Any = None,
    ) -> Self:
        # An array has no truth value.
        is_known = vocabulary is not None and len(vocabulary) > 0
        if not hasattr(self.vectors, "train_vectors") or not is_known:
            return self
        # Not in `build`, because a fit may build several networks or experts.
        vectors = getattr(previous, "vectors", None)
        if vectors is None:
            trainer = clone(self.vectors)
            if trainer.random_state is None:
                trainer.set_params(random_state=seed)
            tokens = np.array(vocabulary, dtype=object)
            sentences = np.split(tokens[rows.data], rows.indptr[1:-1])
            vectors = trainer.train_vectors(sentences)
        return clone(self).set_params(vectors=vectors)

    def build(self, spec: InputSpec) -> nn.Module:
        self._validate_params()
        return self._around(self._embedding(spec), spec)

    def build_beside(self, module: nn.Module, spec: InputSpec) -> nn.Module:
        return self._around(module.embedding, spec)

    def recipe(self, spec: InputSpec) -> Recipe:
        if self._descends_plainly(spec):
            return PLAIN_EMBEDDINGS
        return super().recipe(spec)

    def _descends_plainly(self, spec):
        # In full batches every word is in every batch, and Adam works as well.
        return self.plain_embeddings and not spec.is_small

    def _around(self, embedding, spec):
        dropout, of_tokens = (
            (0.0 if spec.is_small else 0.3) if share == "auto" else share
            for share in (self.dropout, self.token_dropout)
        )
        encoder = self.encoder(embedding.embedding_dim, dropout)
        return SequenceNetwork(embedding, encoder, Dropout(dropout), Dropout(of_tokens))

    def _embedding(self, spec):
        dim, scale, vectors = self.embedding_dim, EMBEDDING_SCALE, None
        if self.vectors is not None:
            vectors, known = self._vectors(spec)
            dim, scale = vectors.shape[1], float(vectors[known].std())
        elif dim == "auto":
            dim = self.auto_embedding_dim
        embedding = TokenEmbedding(
            spec.n_features,
            dim,
            plain=self._descends_plainly(spec) and not self.freeze,
            token_weights=spec.token_weights,
        )
        with torch.no_grad():
            embedding.weight.normal_(0, scale)
            if vectors is not None:
                embedding.weight[torch.from_numpy(known)] = torch.from_numpy(
                    vectors[known]
                )
            embedding.weight[0] = 0
        embedding.weight.requires_grad_(not self.freeze)
        return embedding

    def _vectors(self, spec):
        if not spec.vocabulary:
            raise ValueError(
                "vectors belong to words, but X holds token ids without their words. "
                "Pass texts as X, and SequenceVectorizer as the vectorizer of the "
                "estimator, not as a pipeline step before it."
            )
        vectors, known = WordVectors.of_any(self.vectors).of(spec.vocabulary)
        if not known.any():
            raise ValueError(
                f"None of the {len(known) - 2} tokens has a vector; the first tokens "
                f"are {list(spec.vocabulary[2:7])}. Use a vectorizer with the "
                "tokenization and case of the vectors, or vectors=None."
            )
        if self.embedding_dim not in ("auto", vectors.shape[1]):
            raise ValueError(
                f"embedding_dim={self.embedding_dim}, but the vectors have "
                f"{vectors.shape[1]} dimensions. Use embedding_dim='auto'."
            )
        self.coverage_ = float(known[2:].mean())
        return vectors, known


class SequenceNetwork(nn.Module):
    """Embeds and encodes the tokens of a batch, with dropout in training.

    Parameters
    ----------
    embedding : torch.nn.Embedding

    encoder : torch.nn.Module
        See :meth:`SequenceTrunk.encoder`.

    dropout, token_dropout : Dropout
        Dropout of hidden units, and of tokens, which become padding.
    """

    def __init__(self, embedding, encoder, dropout, token_dropout):
        super().__init__()
        self.embedding, self.encoder, self.dropout = embedding, encoder, dropout
        self.token_dropout = token_dropout

    def forward(self, batch):
        ids, lengths = batch.padded()
        if self.training and self.token_dropout.p:
            places = torch.ones(ids.shape, dtype=torch.float32, device=ids.device)
            ids = ids * (self.token_dropout(places) > 0)
        return self.dropout(self.encoder(self.embedding(ids), lengths))


def is_token(lengths, longest):
    """Return a mask of shape (n_rows, longest): True for tokens, False for padding."""
    return torch.arange(longest, device=lengths.device) < lengths.unsqueeze(1)


def max_over_time(states, lengths):
    """Return the maximum of each unit over the tokens of a text; 0 for an empty text.

    Parameters
    ----------
    states : tensor of shape (n_rows, longest, n_units)

    lengths : tensor of shape (n_rows,)
    """
    padding = ~is_token(lengths, states.shape[1])
    lowest = torch.finfo(states.dtype).min
    largest = states.masked_fill(padding.unsqueeze(2), lowest).amax(1)
    return largest.masked_fill((lengths == 0).unsqueeze(1), 0.0)


def mean_over_time(states, lengths):
    """Return the mean of each unit over the tokens of a text; 0 for an empty text."""
    padding = ~is_token(lengths, states.shape[1])
    total = states.masked_fill(padding.unsqueeze(2), 0.0).sum(1)
    return total / lengths.clamp(min=1).unsqueeze(1)
