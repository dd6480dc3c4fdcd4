"""Shared experts and task-specific experts, in levels."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import torch
from torch import nn

from ..network._spec import InputSpec
from ..utils._compat import Interval
from ._base import BaseSharing, TaskNetwork
from ._experts import ExpertNetwork, HiddenExperts, RowExperts


class ProgressiveLayers(BaseSharing):
    r"""Shared and task-specific experts, mixed by a gate for each task.

    .. math::

        z_t = H_t\,m_t^{(L)}, \qquad
        m_r^{(l)} = \sqrt{|R_r|} \sum_{k \in R_r} g_{rk}^{(l)}\,e_k^{(l)}, \qquad
        g_r^{(l)} = \operatorname{softmax}(G_r^{(l)}\,m_r^{(l-1)})

    Task *t* reads the experts :math:`R_t`, its own and the shared ones. In the first of
    *L* levels, experts are trunks over the row, :math:`m_r^{(0)} = x`. In higher
    levels, the experts of a task are dense layers over its mixture :math:`m_t`. Shared
    experts read a shared mixture, whose gate reads all experts of the level below. The
    head :math:`H_t` reads the last mixture of its task.

    A :class:`MixtureOfExperts` must learn which tasks to separate. Here the structure
    separates them: in the last level no task trains the experts of another.

    Parameters
    ----------
    n_shared : int, default=1
        Number of shared experts in each level.

    n_own : int, default=1
        Number of experts of each task in each level.

    n_levels : int, default=1
        Number of levels. The source calls one level customized gate control (CGC).

    private : bool, default=False
        Whether each task also has a private linear path, as in :class:`SharedPrivate`.

    share_heads : bool, default=False
        Whether tasks with the same classes share one head, as in :class:`HardSharing`.
        Each task keeps its own gate and experts.

    See Also
    --------
    MixtureOfExperts : Lets all tasks read all experts.
    Separate : Has no shared experts.
    sklearn_mtl.inspection.gate_weights : The weights of experts for each task.

    Notes
    -----
    Memory is ``n_features * n_units * (n_shared + n_tasks * n_own)`` floats for the
    experts of the first level, as much as for :class:`Separate` and a shared trunk
    together. The gates of that level take ``n_features * n_tasks * (n_shared + n_own)``
    floats; with several levels, ``n_features * (n_shared + n_tasks * n_own)`` more.
    Here ``n_units`` is the width of the trunk. With many tasks use a narrow trunk, such
    as ``BagTrunk(32)``.

    In the source, experts and towers have hidden layers of any depth; here an expert is
    the trunk or one ReLU layer, and a tower is linear. The factor :math:`\sqrt{|R_r|}`
    is our addition, see :class:`MixtureOfExperts`. Gates start with equal weights.

    Each task has its own hidden vector, so there is no ``transform``.

    References
    ----------
    H. Tang et al., "Progressive layered extraction (PLE): a novel multi-task learning
    (MTL) model for personalized recommendations", RecSys 2020.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.sharing import ProgressiveLayers
    >>> from sklearn_mtl.trunks import BagTrunk
    >>> clf = MultiTaskTextClassifier(
    ...     trunk=BagTrunk(32), sharing=ProgressiveLayers(n_shared=2)
    ... )
    """

    has_representation = False
    _parameter_constraints = {
        "n_shared": [Interval(Integral, 1, None, closed="left")],
        "n_own": [Interval(Integral, 1, None, closed="left")],
        "n_levels": [Interval(Integral, 1, None, closed="left")],
        "private": ["boolean"],
        "share_heads": ["boolean"],
    }

    def __init__(
        self,
        n_shared: int = 1,
        n_own: int = 1,
        n_levels: int = 1,
        *,
        private: bool = False,
        share_heads: bool = False,
    ) -> None:
        self.n_shared = n_shared
        self.n_own = n_own
        self.n_levels = n_levels
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
        n_tasks = len(n_logits)
        # The task of each expert; n_tasks for shared experts.
        owners = [task for task in range(n_tasks) for _ in range(self.n_own)]
        owners += [n_tasks] * self.n_shared
        reads = torch.tensor(
            [[owner in (task, n_tasks) for owner in owners] for task in range(n_tasks)]
        )
        # Below the last level, the shared mixture is also a reader, of all experts.
        below = torch.cat([reads, torch.ones_like(reads[:1])])
        each = [below] * (self.n_levels - 1) + [reads]
        levels: list[nn.Module] = [RowExperts(trunk, spec, each[0], owners)]
        levels += [HiddenExperts(trunk.n_units, own, owners) for own in each[1:]]
        return ExpertNetwork(
            levels,
            trunk.n_units,
            spec,
            n_logits,
            private=self.private,
            heads=heads if self.share_heads else None,
        )

    @property
    def keeps_tasks_apart(self) -> bool:  # type: ignore[override]
        """Whether no task reads the experts of another: with a single level."""
        return self.n_levels == 1

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
        parts = [(name, self.n_own) for name in task_names]
        return [
            name if n == 1 else f"{name} {k}"
            for name, n in [*parts, ("shared", self.n_shared)]
            for k in range(n)
        ]
