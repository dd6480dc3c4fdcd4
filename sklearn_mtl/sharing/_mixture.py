"""Several trunks; each task mixes them with its own gate."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import torch
from torch import nn

from ..network._spec import InputSpec
from ..utils._compat import Interval
from ._base import BaseSharing, TaskNetwork
from ._experts import ExpertNetwork, RowExperts


class MixtureOfExperts(BaseSharing):
    r"""Several trunks, the experts, and for each task a gate that mixes them.

    .. math::

        z_t = H_t\,m_t(x), \qquad
        m_t(x) = \sqrt{n} \sum_{k=1}^{n} g_{tk}(x)\,e_k(x), \qquad
        g_t(x) = \operatorname{softmax}(G_t\,x)

    where *x* is the row, :math:`e_k` one of *n* experts, each a trunk with its own
    weights, :math:`g_t` the gate of task *t*, linear in the row, and :math:`H_t` the
    head of the task. Related tasks can learn to read the same experts, unrelated tasks
    different ones.

    Parameters
    ----------
    n_experts : int, default=4
        Number of trunks. With 1 this is :class:`HardSharing`.

    private : bool, default=False
        Whether each task also has a private linear path, as in :class:`SharedPrivate`.

    share_heads : bool, default=False
        Whether tasks with the same classes share one head, as in :class:`HardSharing`.
        Each task keeps its own gate.

    See Also
    --------
    ProgressiveLayers : Some experts belong to one task.
    HardSharing : A single expert.
    sklearn_mtl.inspection.gate_weights : The weights of experts for each task.

    Notes
    -----
    Memory is ``n_features * n_experts * (n_units + n_tasks)`` floats, where ``n_units``
    is the width of the trunk. A training step takes nearly ``n_experts`` times as long
    as with :class:`HardSharing`.

    In the source, experts and towers have hidden layers of any depth; here an expert is
    the trunk and a tower is linear. The factor :math:`\sqrt{n}` is our addition: the
    mean of *n* independent experts is smaller than each of them, and changes less in an
    optimizer step. With the factor, learning rates for one trunk also suit a mixture.
    Gates start with equal weights.

    Each task has its own hidden vector, so there is no ``transform``.

    References
    ----------
    J. Ma et al., "Modeling task relationships in multi-task learning with multi-gate
    mixture-of-experts", KDD 2018.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.sharing import MixtureOfExperts
    >>> clf = MultiTaskTextClassifier(sharing=MixtureOfExperts(n_experts=3))
    >>> clf.set_params(sharing__n_experts=8).sharing
    MixtureOfExperts(n_experts=8)
    """

    has_representation = False
    _parameter_constraints = {
        "n_experts": [Interval(Integral, 1, None, closed="left")],
        "private": ["boolean"],
        "share_heads": ["boolean"],
    }

    def __init__(
        self, n_experts: int = 4, *, private: bool = False, share_heads: bool = False
    ) -> None:
        self.n_experts = n_experts
        self.private = private
        self.share_heads = share_heads

    def build(
        self,
        trunk: Any,
        spec: InputSpec,
        n_logits: Sequence[int],
        heads: Sequence[int] | None = None,
    ) -> nn.Module:
        self._validate_params()
        if trunk is None:
            return TaskNetwork(None, spec, n_logits, private=True)
        reads = torch.ones(len(n_logits), self.n_experts, dtype=torch.bool)
        return ExpertNetwork(
            [RowExperts(trunk, spec, reads)],
            trunk.n_units,
            spec,
            n_logits,
            private=self.private,
            heads=heads if self.share_heads else None,
        )

    def expert_names(self, task_names: Sequence[str]) -> list[str]:
        """Return a name for each expert.

        Parameters
        ----------
        task_names : list of str
            Names of the tasks, in order.

        Returns
        -------
        names : list of str
            In the order of the experts.
        """
        return [f"expert {k}" for k in range(self.n_experts)]
