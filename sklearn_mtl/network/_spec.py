"""The rows that a network will read."""

from dataclasses import dataclass, field

from ..data._rows import FEW, SMALL


@dataclass(frozen=True)
class InputSpec:
    """The rows that a network will read.

    Attributes
    ----------
    n_features : int
        Number of columns of a row, or of token ids.

    sparse : bool
        Whether batches come as :class:`~sklearn_mtl.network.SparseBatch`.

    scale : float
        Factor that scales rows to a mean squared norm of 1. Learning rates and
        penalties then mean the same for counts, TF-IDF and measurements.

    n_rows : int
        Number of training rows. "auto" settings of strategies depend on it.

    tokens : bool, default=False
        Whether batches come as :class:`~sklearn_mtl.network.TokenBatch`.

    vocabulary : tuple of str, default=()
        The token of each id, if the vectorizer has ``tokens_``.

    token_weights : ndarray of shape (n_features,), default=None
        Supervised weight of each token; None means 1 for all.

    n_dense : int, default=0
        Number of columns of the dense block next to sparse rows, on the same scale.

    labelled_share : float, default=1.0
        Mean share of the logits whose task is labelled in a row.

    blocks : tuple of int, default=()
        After tasks were added with a frozen trunk: the number of tasks of the fit, then
        of each addition. Products with dense weights are computed block by block: in
        one product, the rounding of a task would depend on the tasks beside it.

    joined : bool, default=True
        Whether sparse layers may have one table. Not if some of them are frozen.

    Examples
    --------
    >>> from sklearn_mtl.network import InputSpec
    >>> spec = InputSpec(n_features=1000, sparse=True, scale=1.0, n_rows=500)
    >>> spec.n_dense
    0
    """

    n_features: int
    sparse: bool
    scale: float
    n_rows: int
    tokens: bool = False
    vocabulary: tuple = field(default=(), repr=False)
    token_weights: object = field(default=None, repr=False, compare=False)
    n_dense: int = 0
    labelled_share: float = 1.0
    blocks: tuple = ()
    joined: bool = True

    @property
    def is_small(self) -> bool:
        """Whether training uses full batches and no dropout.

        The fit is then a deterministic function of weighted sums over rows, so a row
        with weight 2 is equivalent to the row given twice.
        """
        return self.n_rows <= SMALL

    @property
    def is_few(self) -> bool:
        """Whether there are so few rows that bags of words train in full batches.

        Unless `is_small`, a fit holds out some of the rows to select settings.
        """
        return self.is_bag and self.n_rows <= FEW

    @property
    def is_bag(self) -> bool:
        """Whether rows are sparse features, not tokens."""
        return self.sparse and not self.tokens
