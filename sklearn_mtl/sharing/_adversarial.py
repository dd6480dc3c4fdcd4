"""A shared vector that does not tell the task, beside a private one for each."""

from numbers import Real

import torch
from sklearn.utils._param_validation import Interval, StrOptions
from torch import nn

from ..network._output import Output
from ._base import BaseSharing, TaskNetwork
from ._penalties import overlap, reverse_gradient, task_entropy


class AdversarialSharedPrivate(BaseSharing):
    r"""Shared and private trunks, and an adversary that keeps tasks out of the shared.

    .. math:: z_t = H_t\,s(x) + G_t\,p_t(x)

    where :math:`s(x)` is the hidden vector of the shared trunk and :math:`p_t(x)` that
    of the private trunk of task *t*. Training adds two terms to the loss of the tasks:

    .. math::

        \lambda\,L_\mathrm{adv} + \gamma \sum_t \frac{n_t}{n}
        \Big\| \frac{1}{n_t} S_t^\top P_t \Big\|_F^2

    :math:`L_\mathrm{adv}` is the cross-entropy of a discriminator, linear in
    :math:`s(x)`, that guesses which task a row is labelled for. Its gradient is
    reversed on the way to the trunk: the discriminator learns to tell the tasks apart,
    the trunk learns to give it nothing to go by. The second term wants the shared and
    the private vectors of the :math:`n_t` rows labelled for a task, of *n* in a batch,
    to have nothing in common: :math:`S_t` and :math:`P_t` are their tables.

    For one question asked of several domains, each text of which carries the label of
    its own. Where all rows are labelled for all tasks there is nothing to tell apart,
    the adversarial term is 0, and the discriminator stays as it is.

    Parameters
    ----------
    adversarial_weight : float, default=0.05
        The weight :math:`\lambda`, that of the source. 0 leaves the discriminator out.

    orthogonality_weight : float, default=0.01
        The weight :math:`\gamma`, that of the source.

    private : {"auto", "trunk", "linear"}, default="auto"
        What is private to a task: a trunk like the shared one, as in the source, or the
        linear path of :class:`SharedPrivate`, whose :math:`p_t(x)` are the logits that
        it adds. "auto" is "linear" for sparse rows that are no sequences of tokens,
        because trunks over them hold weights for each feature and task; else "trunk".

    share_heads : bool, default=False
        Whether tasks of the same classes have one head :math:`H_t`, as in
        :class:`HardSharing`. What is private to each then corrects it.

    See Also
    --------
    SharedPrivate : Without the adversary, and linear.
    HardSharing : The shared trunk alone.

    Notes
    -----
    A row may be labelled for several tasks. What the discriminator should guess is then
    the uniform distribution over these, and the row counts by how much they say of the
    task: by :math:`1 - \log m / \log T` for *m* of *T* tasks, which is 1 for one task
    and 0 for all. Cells count by their weights in both terms.

    The source has the norm of :math:`S_t^\top P_t`, a sum over rows. Here it is a mean,
    so that the weight means the same for batches of any size, and a vector *h* counts
    as :math:`h / \sqrt{1 + \|h\|^2}`, so that the term is at most :math:`\gamma`: as it
    is, its gradient grows with the cube of the vectors, and training may diverge.

    In training a private trunk reads the rows labelled for its task and no others, so
    where each row has one label all private trunks together take about the time of two.
    Prediction runs all of them on each row. Trunks over tokens read the same
    embeddings, as in the source. Memory of trunks over bags is that of
    :class:`Separate` and of :class:`HardSharing` together.

    Both terms are there in training alone, and ``history_`` has them, weighted, as
    ``penalty_adversarial`` and ``penalty_orthogonality``. Loss weights do not reach
    them: the rows of a task of weight 0 still move the shared trunk through them.

    References
    ----------
    P. Liu, X. Qiu, X. Huang, "Adversarial Multi-task Learning for Text Classification",
    ACL 2017. Y. Ganin, V. Lempitsky, "Unsupervised Domain Adaptation by
    Backpropagation", ICML 2015 (the reversal of the gradient).

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
        adversarial_weight=0.05,
        orthogonality_weight=0.01,
        private="auto",
        share_heads=False,
    ):
        self.adversarial_weight = adversarial_weight
        self.orthogonality_weight = orthogonality_weight
        self.private = private
        self.share_heads = share_heads

    def build(self, trunk, spec, n_logits, heads=None):
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
    """A network that learns its tasks, and beside them not to mix what is whose.

    Parameters
    ----------
    trunk : BaseTrunk

    spec : InputSpec

    n_logits : list of int

    linear : bool
        Whether private paths are linear; else each is a trunk.

    adversarial_weight, orthogonality_weight : float

    heads : list of int, default=None
        Which head on the shared vector each task reads; None is one for each.
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
            self.private = PrivateTrunks(trunk, spec, n_logits, beside=self.trunk)
        self.adversarial_weight = adversarial_weight
        self.orthogonality_weight = orthogonality_weight
        self.discriminator = None
        if adversarial_weight and len(n_logits) > 1:
            self.discriminator = nn.Linear(trunk.n_units, len(n_logits))

    def forward(self, rows, cells=None):
        if cells is None:
            return super().forward(rows)
        weights = cells.weights.masked_fill(cells.codes < 0, 0)
        read = self._read(rows)
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
            told = task_entropy(scores, weights)
            penalties["adversarial"] = self.adversarial_weight * told
        if self.orthogonality_weight:
            penalties["orthogonality"] = self.orthogonality_weight * common
        return Output(tuple(logits), shared, penalties)

    def _private_paths(self, rows, read, places):
        """Yield for each task its rows, their private vectors, and logits of these."""
        if self.linear:
            parts = self.private(read).split(self.n_logits, dim=1)
            for own, part in zip(places, parts, strict=True):
                yield own, part[own], part[own]
            return
        for task, own in enumerate(places):
            if len(own):
                # All rows are the batch itself, which is sorted by feature already.
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

    beside : torch.nn.Module
        The shared trunk. Its heads have the biases.
    """

    def __init__(self, trunk, spec, n_logits, beside):
        super().__init__()
        self.trunks = nn.ModuleList(trunk.build_beside(beside, spec) for _ in n_logits)
        self.heads = nn.ModuleList(
            nn.Linear(trunk.n_units, n, bias=False) for n in n_logits
        )

    def of_task(self, task, rows):
        """Return hidden vector and logits of a task."""
        hidden = self.trunks[task](rows)
        return hidden, self.heads[task](hidden)

    def forward(self, rows):
        tasks = range(len(self.heads))
        return torch.cat([self.of_task(task, rows)[1] for task in tasks], dim=1)
