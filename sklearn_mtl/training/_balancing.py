"""What balances the losses of a fit."""

from ..balancing import resolve_balancing
from ..balancing._base import build_balancer
from ._aside import check_held_out
from ._runtime import computing


def build_balancing(loss_weights, cells, config, is_first=True):
    """Return the balancer of a fit, for the shares of its labelled cells.

    Parameters
    ----------
    loss_weights : object
        The parameter of the estimator.

    cells : LabelledCells

    config : TrainingConfig

    is_first : bool, default=True
        False for a warm start.

    Raises
    ------
    ValueError
        If it needs held-out rows, and there are none.
    """
    balancing = resolve_balancing(loss_weights)
    with computing():
        built = build_balancer(balancing, cells.targets.names, cells.labelled_share)
    check_held_out(built, config, cells, is_first=is_first)
    return built
