"""Whether a warm start can continue with the network of an earlier fit."""

from ..utils._same import is_same
from ._grow import carry_balancing, carry_over, freeze, has_tasks_of

_ADVICE = (
    "warm_start continues with the network of the previous fit, so trunk and sharing "
    "must be what they were. "
)


def load_weights(net, previous, *, frozen=False):
    """Load the weights of a trained net, which may have other tasks and classes.

    A balancing of the same class continues with its parameters and the buffers of its
    ``state``. Others, such as fixed loss weights, are those of this fit.

    Parameters
    ----------
    net, previous : MultiTaskNet

    frozen : bool, default=False
        Whether training must not change the loaded weights.

    Raises
    ------
    ValueError
        If the two networks differ.
    """
    for part in ("trunk", "sharing"):
        before, now = (getattr(each, f"module__{part}") for each in (previous, net))
        difference = network_difference(before, now)
        if difference:
            raise ValueError(
                f"{_ADVICE}The {part} {difference} now. Set it back, or "
                "warm_start=False."
            )
    if frozen or not has_tasks_of(previous, net):
        known = carry_over(previous, net)
        carry_balancing(previous, net)
        if frozen:
            freeze(net, known)
        return
    try:
        net.module_.load_state_dict(previous.module_.state_dict())
    except RuntimeError as error:
        raise ValueError(f"{_ADVICE}Set them back, or warm_start=False.") from error
    learnt, own = previous.criterion_.balancing, net.criterion_.balancing
    if type(learnt) is type(own):
        own.go_on_from(learnt)


def network_difference(before, now):
    """Describe how the networks of two trunks or sharings differ.

    Parameters
    ----------
    before, now : BaseTrunk, BaseSharing or None

    Returns
    -------
    difference : str or None
        The first difference, in words; None if the networks are interchangeable.
    """
    if type(before) is not type(now):
        return f"was {before!r} and is {now!r}"
    if before is None:
        return None
    new = now.get_params(deep=False)
    for name, old in before.get_params(deep=False).items():
        if name not in now.may_change and not is_same(old, new[name]):
            return f"had {name}={old!r} and has {name}={new[name]!r}"
    return None
