"""Hard parameter sharing."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from ..network._spec import InputSpec
from ._base import BaseSharing, TaskNetwork


class HardSharing(BaseSharing):
    """One trunk for all tasks and a linear head for each.

    It needs the least memory but makes the strongest assumption: the hidden vector must
    hold all the information that any task needs.

    Parameters
    ----------
    share_heads : bool, default=False
        Whether tasks with the same classes share one head. They then make the same
        predictions. Use it if several columns ask the same question, such as the rating
        of several kinds of goods; not for different questions with the same answers,
        such as yes and no.

    See Also
    --------
    SharedPrivate : Adds a private path for each task.
    MixtureOfExperts : Uses several trunks.

    References
    ----------
    R. Caruana, "Multitask Learning", Machine Learning 28 (1997).

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.sharing import HardSharing
    >>> clf = MultiTaskTextClassifier(sharing=HardSharing())
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
        return TaskNetwork(trunk, spec, n_logits, private=False, heads=heads)
