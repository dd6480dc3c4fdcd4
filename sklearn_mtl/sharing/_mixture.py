"""Several trunks, of which each task makes its own mixture."""

from numbers import Integral

import torch
from sklearn.utils._param_validation import Interval

from ._base import BaseSharing, TaskNetwork
from ._experts import ExpertNetwork, RowExperts


class MixtureOfExperts(BaseSharing):
    r"""Several trunks, the experts, and for each task a gate that mixes them.

    .. math::

        z_t = H_t\,m_t(x), \qquad
        m_t(x) = \sqrt{n} \sum_{k=1}^{n} g_{tk}(x)\,e_k(x), \qquad
        g_t(x) = \operatorname{softmax}(G_t\,x)

    where *x* is the row, :math:`e_k` one of *n* experts, each a trunk with weights of
    its own, :math:`g_t` the gate of task *t*, which is linear in the row, and
    :math:`H_t` the head of the task. Tasks that agree learn to read the same experts,
    and tasks that do not keep out of each other's way.

    Parameters
    ----------
    n_experts : int, default=4
        Trunks. With one this is :class:`HardSharing`.

    private : bool, default=False
        Whether each task has a linear path of its own beside the experts, as in
        :class:`SharedPrivate`.

    share_heads : bool, default=False
        Whether tasks of the same classes have one head, as in :class:`HardSharing`;
        each of them keeps its gate.

    See Also
    --------
    ProgressiveLayers : Some of the experts are for one task alone.
    HardSharing : A single expert.
    sklearn_mtl.inspection.gate_weights : Which experts a task reads.

    Notes
    -----
    Memory is ``n_features * n_experts * (n_units + n_tasks)`` floats, and a step takes
    nearly ``n_experts`` times as long as one of :class:`HardSharing`; ``n_units`` is
    that of the trunk.

    In the source experts and towers have hidden layers of any depth; here an expert is
    the trunk and a tower is linear. The factor :math:`\sqrt{n}` is ours: the mean of
    *n* independent experts is smaller than each, and moves less in a step; with the
    factor, rates which suit one trunk suit a mixture. Gates start even.

    Each task reads a hidden vector of its own, so there is no representation to
    transform to.

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

    def __init__(self, n_experts=4, *, private=False, share_heads=False):
        self.n_experts = n_experts
        self.private = private
        self.share_heads = share_heads

    def build(self, trunk, spec, n_logits, heads=None):
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

    def expert_names(self, task_names):
        """Return a name for each expert."""
        return [f"expert {k}" for k in range(self.n_experts)]
