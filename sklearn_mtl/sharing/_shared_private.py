"""A shared trunk and a private linear path for each task."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from ..network._spec import InputSpec
from ._base import BaseSharing, TaskNetwork


class SharedPrivate(BaseSharing):
    """One trunk for all tasks, and a private linear path for each task.

    The trunk learns what the tasks have in common. The private path, a linear map from
    the rows to the logits, learns what only one task needs or what contradicts other
    tasks. So small tasks, and tasks that conflict with the others, do not score below a
    linear model.

    Parameters
    ----------
    share_heads : bool, default=False
        Whether tasks with the same classes share one head, as in :class:`HardSharing`.
        The head learns from all their labels, and private paths correct its output.

    See Also
    --------
    HardSharing : Has only the trunk.
    MixtureOfExperts : Uses several trunks.
    Separate : Shares nothing.

    Notes
    -----
    Memory is ``n_features * (n_units + sum of logits)`` floats. In the
    source the private part of a task is a recurrent network; here it is linear.

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

    def __init__(self, *, share_heads: bool = False) -> None:
        self.share_heads = share_heads

    def build(
        self,
        trunk: Any,
        spec: InputSpec,
        n_logits: Sequence[int],
        heads: Sequence[int] | None = None,
    ) -> nn.Module:
        self._validate_params()
        heads = heads if self.share_heads else None
        return TaskNetwork(trunk, spec, n_logits, private=True, heads=heads)
