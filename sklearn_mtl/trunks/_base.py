"""What all trunks have in common."""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator

from ..network._recipe import default_recipe

# Tokens of texts that are predicted at once, padding included.
MOST_TOKENS = 2**17


class BaseTrunk(BaseEstimator, ABC):
    """Settings of the shared part of the network: input rows -> hidden vector.

    A trunk is a scikit-learn object of parameters, so that ``trunk__n_units`` is a
    search parameter. It holds no weights: those live in the module it builds.

    Attributes
    ----------
    reads_sparse : bool
        Whether the built module reads :class:`~sklearn_mtl.network._batch.SparseBatch`
        (True) or dense rows (False).

    reads_tokens : bool
        Whether it reads :class:`~sklearn_mtl.network._batch.TokenBatch`: the ids of the
        tokens of each text, in order.

    is_opaque : bool
        Whether the built module may read sparse rows in another way than through
        ``input_layer``, so that effects of features cannot be read off it.

    n_units : int
        Width of the hidden vector.

    may_change : tuple of str
        Parameters that a warm start may change: how the network learns, not what it is.
    """

    is_opaque = False
    may_change = ()
    reads_sparse = False
    reads_tokens = False
    _parameter_constraints: dict = {}

    def prepare(self, rows, vocabulary, seed, previous=None):
        """Return the trunk with all that it needs before a network is built.

        Called once per fit. A trunk takes here what it learns from the training rows,
        and what is costly to get, such as pretrained weights.

        Parameters
        ----------
        rows : csr_matrix, csr_array or ndarray of shape (n_rows, n_features)

        vocabulary : sequence of str
            Of rows of token ids, the token of each id, where the vectorizer tells.

        seed : int
            Of the fit.

        previous : BaseTrunk, default=None
            What this returned in the fit that a warm start goes on from.

        Returns
        -------
        trunk : BaseTrunk
            Of the same class. Itself, unless a subclass has something to take.
        """
        return self

    def recipe(self, spec):
        """Return how the trunk is best trained where the user says "auto".

        Parameters
        ----------
        spec : InputSpec
            The rows that will come.

        Returns
        -------
        recipe : Recipe
        """
        return default_recipe(spec)

    def rows_at_once(self, longest):
        """Return the most texts to predict at once, so that memory stays bounded.

        Parameters
        ----------
        longest : int
            Tokens of the longest of them.

        Returns
        -------
        n_rows : int
        """
        return MOST_TOKENS // longest

    @abstractmethod
    def build(self, spec):
        """Build the module with fresh weights.

        Parameters
        ----------
        spec : InputSpec
            The rows that will come.

        Returns
        -------
        module : torch.nn.Module
            Maps a batch of rows to a tensor of shape (n_rows, n_units).
        """

    def build_beside(self, module, spec):
        """Build a module that stands beside one that this trunk has built.

        Parameters
        ----------
        module : torch.nn.Module
            Whose embeddings, if it has some, the new one reads, too.

        spec : InputSpec

        Returns
        -------
        module : torch.nn.Module
            As of :meth:`build`, all other weights its own.
        """
        return self.build(spec)
