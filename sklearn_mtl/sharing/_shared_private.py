"""A shared trunk beside a private linear path for each task."""

from ._base import BaseSharing, TaskNetwork


class SharedPrivate(BaseSharing):
    """One trunk for all tasks, and for each task a linear path of its own.

    What tasks have in common goes through the trunk; what only one of them knows, or
    what it needs to contradict the others, goes through its private path from the rows
    straight to the logits. Small tasks, and tasks opposed to the rest, do not fall
    behind a linear model of their own.

    Parameters
    ----------
    share_heads : bool, default=False
        Whether tasks of the same classes have one head, as in :class:`HardSharing`.
        What they share is then a model of all their labels, which the private path of
        each corrects.

    Notes
    -----
    Memory is ``n_features * (n_units + sum of logits)`` floats. In the original the
    private part of a task is a recurrent network; over bags of words it is linear here.

    See Also
    --------
    HardSharing : The trunk alone.
    MixtureOfExperts : Several trunks.
    Separate : Nothing shared.

    References
    ----------
    P. Liu, X. Qiu, X. Huang, "Adversarial Multi-task Learning for Text Classification",
    ACL 2017 (the shared-private scheme, without the adversary).

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.sharing import SharedPrivate
    >>> clf = MultiTaskTextClassifier(sharing=SharedPrivate())
    """

    _parameter_constraints = {"share_heads": ["boolean"]}

    def __init__(self, *, share_heads=False):
        self.share_heads = share_heads

    def build(self, trunk, spec, n_logits, heads=None):
        self._validate_params()
        heads = heads if self.share_heads else None
        return TaskNetwork(trunk, spec, n_logits, private=True, heads=heads)
