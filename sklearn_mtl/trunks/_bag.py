"""Trunk over sparse rows, such as bags of words."""

from ._single_layer import SingleLayerTrunk


class BagTrunk(SingleLayerTrunk):
    r"""One hidden layer over sparse rows, the default for text.

    .. math:: h = \operatorname{dropout}(\max(0, s\,x W + b))

    where *x* is the row, *s* the factor that scales rows to unit mean squared norm, and
    *W* the weights, one row per feature. Rows stay sparse: an optimizer step reads and
    writes only the weights of features in the batch.

    Parameters
    ----------
    n_units : int, default=128
        Width of the hidden vector. Memory is ``n_features * n_units`` floats.

    dropout : float or "auto", default="auto"
        Share of hidden units set to 0 at random in training. "auto" is 0.3, or 0 for up
        to 200 rows, which train in deterministic full batches.

    See Also
    --------
    DenseTrunk : The same network for dense numeric rows.

    Examples
    --------
    >>> from sklearn_mtl.trunks import BagTrunk
    >>> BagTrunk(n_units=64)
    BagTrunk(n_units=64)
    """

    reads_sparse = True
    # Small, because training hardly changes the weights of rare words, whose initial
    # values must not add noise.
    init_range = 0.03

    def __init__(self, n_units: int = 128, *, dropout: float | str = "auto") -> None:
        self.n_units = n_units
        self.dropout = dropout
