"""Trunk over dense numeric rows."""

from ._single_layer import SingleLayerTrunk


class DenseTrunk(SingleLayerTrunk):
    r"""One hidden layer over dense rows, such as sentence embeddings or measurements.

    .. math:: h = \operatorname{dropout}(\max(0, s\,x W + b))

    where *x* is the row, *s* the factor that scales rows to unit mean squared norm, and
    *W* the weights.

    Parameters
    ----------
    n_units : int, default=128
        Width of the hidden vector.

    dropout : float or "auto", default="auto"
        Share of hidden units set to 0 at random in training. "auto" is 0.3, or 0 for up
        to 200 rows, which train in deterministic full batches.

    See Also
    --------
    BagTrunk : The same network for sparse rows.

    Examples
    --------
    >>> from sklearn_mtl.trunks import DenseTrunk
    >>> DenseTrunk(dropout=0.2)
    DenseTrunk(dropout=0.2)
    """

    # Rows have unit norm, so the hidden units start with a variance of about 1/3.
    init_range = 1.0

    def __init__(self, n_units: int = 128, *, dropout: float | str = "auto") -> None:
        self.n_units = n_units
        self.dropout = dropout
