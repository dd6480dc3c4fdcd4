"""The base class of trunks."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

from sklearn.base import BaseEstimator
from torch import nn

from ..network._recipe import Recipe, default_recipe
from ..network._spec import InputSpec

# Maximum number of tokens in a prediction batch, including padding.
MOST_TOKENS = 2**17


class BaseTrunk(BaseEstimator, ABC):
    """Settings of the part of the network that maps rows to a hidden vector.

    A trunk is a scikit-learn object with parameters, so ``trunk__n_units`` can be
    searched. It holds no weights; they belong to the module that it builds.

    Pass an object of your own subclass as ``trunk``. It needs ``n_units``, as a
    parameter or an attribute, and :meth:`build`.
    :func:`~sklearn_mtl.network.input_layer` returns a first layer for dense or sparse
    rows. To add a trunk to the package, add one file and a line in
    ``trunks/__init__.py``.

    Attributes
    ----------
    reads_sparse : bool
        Whether the built module reads :class:`~sklearn_mtl.network.SparseBatch`
        (True) or dense rows (False).

    reads_tokens : bool
        Whether it reads :class:`~sklearn_mtl.network.TokenBatch`: the ids of the
        tokens of each text, in order.

    is_opaque : bool
        Whether the built module may read sparse rows without ``input_layer``. The
        effects of features are then unknown.

    n_units : int
        Width of the hidden vector.

    may_change : tuple of str
        Parameters that may change before a warm start, because they do not change the
        architecture.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.network import input_layer
    >>> from sklearn_mtl.trunks import BaseTrunk
    >>> class OneLayer(BaseTrunk):
    ...     reads_sparse = True
    ...     def __init__(self, n_units=8):
    ...         self.n_units = n_units
    ...     def build(self, spec):
    ...         layer = input_layer(spec, self.n_units, init_range=0.1)
    ...         return nn.Sequential(layer, nn.Tanh())
    >>> texts = ["great phone", "awful phone", "great film", "awful film"] * 5
    >>> labels = {"tone": ["good", "bad"] * 10}
    >>> clf = MultiTaskTextClassifier(trunk=OneLayer(n_units=4), random_state=0)
    >>> clf.fit(texts, labels).trunk_
    OneLayer(n_units=4)
    """

    is_opaque = False
    may_change: tuple[str, ...] = ()
    reads_sparse: bool = False
    reads_tokens: bool = False
    _parameter_constraints: dict = {}

    def prepare(
        self,
        rows: Any,
        vocabulary: Sequence[str] | None,
        seed: int,
        previous: Any = None,
    ) -> Self:
        """Return the trunk, prepared for building a network.

        Called once per fit. Override it to learn from the training rows, or to load
        something costly, such as pretrained weights.

        Parameters
        ----------
        rows : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)
            The training rows.

        vocabulary : sequence of str
            If rows hold token ids: the token of each id, if known.

        seed : int
            Seed of the fit.

        previous : BaseTrunk, default=None
            In a warm start, the trunk that this method returned in the previous fit.

        Returns
        -------
        trunk : BaseTrunk
            An object of the same class; by default `self`.
        """
        return self

    def recipe(self, spec: InputSpec) -> Recipe:
        """Return the training settings for "auto".

        Parameters
        ----------
        spec : InputSpec
            Description of the rows that the network will read.

        Returns
        -------
        recipe : Recipe
            Used for each setting that the user leaves at "auto".
        """
        return default_recipe(spec)

    def rows_at_once(self, longest: int) -> int:
        """Return the maximum number of texts in a prediction batch, to limit memory.

        Parameters
        ----------
        longest : int
            Number of tokens in the longest text.

        Returns
        -------
        n_rows : int
            Maximum number of rows in a batch.
        """
        return MOST_TOKENS // longest

    @abstractmethod
    def build(self, spec: InputSpec) -> nn.Module:
        """Build the module with new weights.

        Parameters
        ----------
        spec : InputSpec
            Description of the rows that the network will read.

        Returns
        -------
        module : torch.nn.Module
            Maps a batch of rows to a tensor of shape (n_rows, n_units).
        """

    def build_beside(self, module: nn.Module, spec: InputSpec) -> nn.Module:
        """Build another module that shares the embeddings of an existing one.

        Parameters
        ----------
        module : torch.nn.Module
            Its embeddings, if any, are shared.

        spec : InputSpec
            Description of the rows that the network will read.

        Returns
        -------
        module : torch.nn.Module
            As from :meth:`build`. All weights except embeddings are new.
        """
        return self.build(spec)
