"""Adversarial training: a shared vector that does not reveal the task."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import torch
from torch import nn

from ..network._output import Output
from ..network._spec import InputSpec
from ..utils._compat import Interval, StrOptions
from ._base import BaseSharing, TaskNetwork, read_table
from ._penalties import overlap, reverse_gradient, task_entropy


class AdversarialSharedPrivate(BaseSharing):
    r"""Shared and private trunks; an adversary keeps the shared one task-independent.

    .. math:: z_t = H_t\,s(x) + G_t\,p_t(x)

    where :math:`s(x)` is the hidden vector of the shared trunk and :math:`p_t(x)` the
    hidden vector of the private trunk of task *t*. Training adds two terms to the task
    losses:

    .. math::

        \lambda\,L_\mathrm{adv} + \gamma \sum_t \frac{n_t}{n}
        \Big\| \frac{1}{n_t} S_t^\top P_t \Big\|_F^2

    :math:`L_\mathrm{adv}` is the cross-entropy of a discriminator, linear in
    :math:`s(x)`, that predicts which task a row is labelled for. Its gradient is
    reversed before it reaches the trunk: the discriminator learns to distinguish the
    tasks, and the trunk learns features that do not reveal the task. The second term
    makes shared and private vectors orthogonal. Of the *n* rows of a batch, :math:`n_t`
    are labelled for task *t*; :math:`S_t` and :math:`P_t` hold their shared and private
    vectors.

    Use it for the same question in several domains, where each text is labelled only
    for its own domain. Where all rows are labelled for all tasks, the adversarial term
    is 0 and the discriminator is not trained.

    Parameters
    ----------
    adversarial_weight : float, default=0.05
        The weight :math:`\lambda`; the default is that of the source. With 0 there is
        no discriminator.

    orthogonality_weight : float, default=0.01
        The weight :math:`\gamma`; the default is that of the source.

    private : {"auto", "trunk", "linear"}, default="auto"
        The private part of a task. "trunk": a trunk like the shared one, as in the
        source. "linear": the linear path of :class:`SharedPrivate`, where
        :math:`p_t(x)` are the logits that it adds. "auto" is "linear" for sparse rows
        other than token sequences, because trunks over such rows need weights for each
        feature and task; otherwise it is "trunk".

    share_heads : bool, default=False
        Whether tasks with the same classes share one head :math:`H_t`, as in
        :class:`HardSharing`. The private part of each task then corrects its output.

    See Also
    --------
    SharedPrivate : Linear private paths, no adversary.
    HardSharing : Only the shared trunk.

    Notes
    -----
    A row may be labelled for several tasks. The target of the discriminator is then the
    uniform distribution over these tasks, and the row is weighted by how informative
    they are: :math:`1 - \log m / \log T` for *m* of *T* tasks, which is 1 for one task
    and 0 for all. Both terms use cell weights.

    The source uses the norm of :math:`S_t^\top P_t`, a sum over rows. Here it is a
    mean, so the effect of the weight does not depend on the batch size. A vector *h* is
    replaced by :math:`h / \sqrt{1 + \|h\|^2}`, which limits the term to :math:`\gamma`;
    otherwise its gradient grows with the cube of the vectors, and training may diverge.

    In training, a private trunk reads only the rows labelled for its task. If each row
    has one label, all private trunks together take about as long as two trunks.
    Prediction runs every private trunk on each row. Trunks over tokens share their
    embeddings, as in the source. Trunks over bags of words take as much memory as
    :class:`Separate` and :class:`HardSharing` together.

    Both terms exist only in training. ``history_`` records their weighted values as
    ``penalty_adversarial`` and ``penalty_orthogonality``. Loss weights do not apply to
    them: the rows of a task with loss weight 0 still change the shared trunk through
    these terms.

    References
    ----------
    P. Liu, X. Qiu, X. Huang, "Adversarial Multi-task Learning for Text Classification",
    ACL 2017. Y. Ganin, V. Lempitsky, "Unsupervised Domain Adaptation by
    Backpropagation", ICML 2015 (gradient reversal).

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.sharing import AdversarialSharedPrivate
    >>> clf = MultiTaskTextClassifier(
    ...     trunk="conv", sharing=AdversarialSharedPrivate(adversarial_weight=0.1)
    ... )
    >>> clf.set_params(sharing__private="linear").sharing.private
    'linear'
    """

    may_change = ("adversarial_weight", "orthogonality_weight")
    _parameter_constraints = {
        "adversarial_weight": [Interval(Real, 0, None, closed="left")],
        "orthogonality_weight": [Interval(Real, 0, None, closed="left")],
        "private": [StrOptions({"auto", "trunk", "linear"})],
        "share_heads": ["boolean"],
    }

    def __init__(
        self,
        *,
        adversarial_weight: float = 0.05,
        orthogonality_weight: float = 0.01,
        private: str = "auto",
        share_heads: bool = False,
    ) -> None:
        self.adversarial_weight = adversarial_weight
        self.orthogonality_weight = orthogonality_weight
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
        linear = self.private == "linear"
        if self.private == "auto":
            linear = spec.sparse and not spec.tokens
        return AdversarialNetwork(
            trunk,
            spec,
            n_logits,
            linear=linear,
            adversarial_weight=self.adversarial_weight,
            orthogonality_weight=self.orthogonality_weight,
            heads=heads if self.share_heads else None,
        )


class AdversarialNetwork(TaskNetwork):
    """A network with shared and private parts and the two penalties.

    Parameters
    ----------
    trunk : BaseTrunk

    spec : InputSpec

    n_logits : list of int

    linear : bool
        Whether private paths are linear; otherwise each is a trunk.

    adversarial_weight, orthogonality_weight : float

    heads : list of int, default=None
        The index of each task's head; None means one head per task.
    """

    def __init__(
        self,
        trunk,
        spec,
        n_logits,
        *,
        linear,
        adversarial_weight,
        orthogonality_weight,
        heads=None,
    ):
        super().__init__(trunk, spec, n_logits, private=linear, heads=heads)
        self.linear = linear
        if not linear:
            self.private = PrivateTrunks(trunk, spec, n_logits, shared=self.trunk)
        self.adversarial_weight = adversarial_weight
        self.orthogonality_weight = orthogonality_weight
        self.discriminator = None
        if adversarial_weight and len(n_logits) > 1:
            self.discriminator = nn.Linear(trunk.n_units, len(n_logits))

    def forward(self, rows, cells=None):
        if cells is None:
            return super().forward(rows)
        weights = cells.weights.masked_fill(cells.codes < 0, 0)
        read = read_table(self, rows)
        shared = self.trunk(read)
        logits = list(self._from_shared(shared).split(self.n_logits, dim=1))
        common = shared.new_zeros(())
        places = [(own > 0).nonzero()[:, 0] for own in weights.t()]
        paths = self._private_paths(rows, read, places)
        for task, (own, hidden, added) in enumerate(paths):
            if not len(own):
                continue
            logits[task] = logits[task].index_add(0, own, added)
            if self.orthogonality_weight:
                of_cells = weights[own, task]
                part = overlap(shared[own], hidden, of_cells)
                common = common + of_cells.sum() / len(rows) * part
        penalties = {}
        if self.discriminator is not None:
            scores = self.discriminator(reverse_gradient(shared))
            entropy = task_entropy(scores, weights)
            penalties["adversarial"] = self.adversarial_weight * entropy
        if self.orthogonality_weight:
            penalties["orthogonality"] = self.orthogonality_weight * common
        return Output(tuple(logits), shared, penalties)

    def places(self, tasks):
        found = super().places(tasks)
        if self.discriminator is not None:
            found.outputs["discriminator"] = tasks.names
        if not self.linear:
            del found.outputs["private"]
            for k, (name, logits) in enumerate(tasks):
                found.modules[f"private.trunks.{k}"] = name
                found.modules[f"private.heads.{k}"] = name
                found.outputs[f"private.heads.{k}"] = logits
        return found

    def _private_paths(self, rows, read, places):
        """Yield for each task its rows, with their private vectors and logits."""
        if self.linear:
            parts = self.private(read).split(self.n_logits, dim=1)
            for own, part in zip(places, parts, strict=True):
                yield own, part[own], part[own]
            return
        for task, own in enumerate(places):
            if len(own):
                # If all rows are taken, reuse the batch, which is already sorted by
                # feature.
                batch = rows if len(own) == len(rows) else rows[own]
                yield own, *self.private.of_task(task, batch)
            else:
                yield own, None, None


class PrivateTrunks(nn.Module):
    """A trunk and a head for each task.

    Parameters
    ----------
    trunk : BaseTrunk

    spec : InputSpec

    n_logits : list of int

    shared : torch.nn.Module
        The shared trunk, whose heads hold the biases.
    """

    def __init__(self, trunk, spec, n_logits, shared):
        super().__init__()
        self.trunks = nn.ModuleList(trunk.build_beside(shared, spec) for _ in n_logits)
        self.heads = nn.ModuleList(
            nn.Linear(trunk.n_units, n, bias=False) for n in n_logits
        )

    def of_task(self, task, rows):
        """Return the private hidden vectors and logits of a task."""
        hidden = self.trunks[task](rows)
        return hidden, self.heads[task](hidden)

    def forward(self, rows):
        tasks = range(len(self.heads))
        return torch.cat([self.of_task(task, rows)[1] for task in tasks], dim=1)
