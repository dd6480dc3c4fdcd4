"""One optimizer for two kinds of weights: sparse input rows and the dense rest.

Adaptive optimizers (Adam, Adagrad) make the steps of rare words as large as those of
frequent ones, and a bag of words then overfits. So input layers take plain gradient
descent, and Adam the few dense weights behind them. For token embeddings, the trunk
chooses.
"""

from copy import deepcopy

import torch
from skorch.callbacks import Callback
from torch.optim import Optimizer

from ..network._descent import KERNELS, find_loops, pending_products
from ..network._input import optim_groups


def _undecorated(method):
    return getattr(method, "__wrapped__", method)


class _WithoutCompiler:
    """Methods of a torch optimizer without the decorators for torch's compiler.

    On their first call these import the compiler, which takes longer than a fit to a
    few thousand texts.
    """

    add_param_group = _undecorated(Optimizer.add_param_group)
    zero_grad = _undecorated(Optimizer.zero_grad)


class Adam(_WithoutCompiler, torch.optim.Adam):
    """torch's Adam, as one operation per weight.

    Parameters
    ----------
    params : iterable
        Weights or groups of them.

    foreach, fused : bool, default=None
        As in torch, but None for both means fused.

    **kwargs : dict
        Further parameters of :class:`torch.optim.Adam`.
    """

    def __init__(self, params, *, foreach=None, fused=None, **kwargs):
        if foreach is None and fused is None:
            fused = True
        super().__init__(params, foreach=foreach, fused=fused, **kwargs)

    step = torch.no_grad()(_undecorated(torch.optim.Adam.step))


class SparseSGD(_WithoutCompiler, Optimizer):
    r"""Gradient descent on the rows of a weight that a batch touches.

    .. math:: W_u \leftarrow \frac{W_u - \eta\,G_u}{1 + \eta\,\alpha}

    for each row *u* in the sparse gradient *G*, with step :math:`\eta` and penalty
    :math:`\alpha`. The penalty too changes only rows in the batch, so a feature decays
    in proportion to how often it occurs: the usual lazy L2 penalty. The step is
    implicit (the penalty is that of the new weights). Unlike :math:`W_u - \eta\,(G_u +
    \alpha W_u)` it is stable for any step size; both have the same fixed points.

    Parameters
    ----------
    params : iterable
        Weights or groups of them, whose gradients are sparse tensors.

    lr : float
        The step.

    weight_decay : float, default=0.0
        The penalty.

    kernel : {"auto", "numba", "scipy", "torch"}, default="auto"
        What multiplies rows and weights in a step on the CPU: loops that numba
        compiles, on all threads of the fit; a loop of scipy, on one; or operations of
        torch, which need a gradient. "auto" is numba for tables of 2**24 weights and
        more if the extra ``fast`` is installed, and scipy otherwise. Results are
        the same up to rounding errors. A gradient is needed, and "torch" used, on a GPU
        and where a callback has ``on_grad_computed``. Set it by
        ``net_params={"optimizer_sparse__kernel": "torch"}``.

    Raises
    ------
    ValueError
        If there is no such kernel.
    """

    def __init__(self, params, lr, weight_decay=0.0, kernel="auto"):
        if kernel not in KERNELS:
            raise ValueError(f"kernel is {kernel!r}. Use one of {list(KERNELS)}.")
        defaults = {"lr": lr, "weight_decay": weight_decay, "kernel": kernel}
        super().__init__(params, defaults)

    def step(self, closure=None):
        for group in self.param_groups:
            shrink = 1 / (1 + group["lr"] * group["weight_decay"])
            rate = group["lr"] * shrink
            for weight in group["params"]:
                pending = getattr(weight, "pending", None)
                if pending is not None:
                    pending.descend(weight, rate, shrink)
                if weight.grad is not None:
                    _descend(weight, rate, shrink)

    def loops(self):
        """Return the loops of each weight that can do without a gradient."""
        found = [
            (weight, find_loops(weight, group["kernel"]))
            for group in self.param_groups
            for weight in group["params"]
        ]
        return [(weight, loops) for weight, loops in found if loops is not None]


@torch.no_grad()
def _descend(weight, rate, shrink):
    if shrink != 1:
        weight[weight.grad._indices()[0]] *= shrink
    weight.add_(weight.grad, alpha=-rate)


def without_gradients(optimizer):
    """Return a block in which weights of :class:`SparseSGD` get no gradients.

    Its step, which must be in the block too, uses products instead, see
    ``network._descent``.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
    """
    parts = getattr(optimizer, "optimizers", [optimizer])
    own = [part for part in parts if type(part) is SparseSGD]
    return pending_products([pair for part in own for pair in part.loops()])


def sparse_groups(network, alpha, embedding_rate):
    """Return the parameter groups of :class:`SparseSGD` for a network.

    Parameters
    ----------
    network : torch.nn.Module

    alpha : float
        L2 penalty on all of them.

    embedding_rate : float
        Learning rate of token embeddings; other weights have that of the optimizer.

    Returns
    -------
    groups : list of dict
        Empty groups are left out.
    """
    plain = optim_groups(network)
    groups = [
        {"params": plain["sparse"], "weight_decay": alpha},
        {"params": plain["embedding"], "weight_decay": alpha, "lr": embedding_rate},
    ]
    return [group for group in groups if group["params"]]


def balancer_group(balancer):
    """Return the parameter group of a balancer with a learning rate of its own.

    Parameters
    ----------
    balancer : Balancer

    Returns
    -------
    groups : list of dict
        One group, or none: its parameters, if any, are then like other dense weights.
    """
    params = list(balancer.parameters())
    if balancer.learning_rate is None or not params:
        return []
    return [{"params": params, "weight_decay": 0.0, "lr": balancer.learning_rate}]


class JointOptimizer(_WithoutCompiler, Optimizer):
    """Several optimizers behind the interface of one.

    Learning-rate schedulers and checkpoints see all parameter groups; a step is one
    step of each optimizer.

    Parameters
    ----------
    optimizers : list of Optimizer
    """

    def __init__(self, optimizers):
        self.optimizers = optimizers
        # The groups are shared, not copied, so a scheduler that changes a rate here
        # also changes it in the optimizer.
        super().__init__([g for o in optimizers for g in o.param_groups], {})

    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for optimizer in self.optimizers:
            optimizer.step()
        return loss

    def state_dict(self):
        return {"optimizers": [o.state_dict() for o in self.optimizers]}

    def load_state_dict(self, state_dict):
        for optimizer, state in zip(
            self.optimizers, state_dict["optimizers"], strict=True
        ):
            optimizer.load_state_dict(state)
        self._adopt_groups()

    def _adopt_groups(self):
        self.param_groups = [g for o in self.optimizers for g in o.param_groups]

    def go_on_from(self, other):
        """Copy the state of another joint optimizer, of equal weights, but no rates."""
        for own, before in zip(self.optimizers, other.optimizers, strict=True):
            pairs = zip(own.param_groups, before.param_groups, strict=True)
            for group, known in pairs:
                for weight, past in zip(group["params"], known["params"], strict=True):
                    if past in before.state:
                        own.state[weight] = deepcopy(before.state[past])

    def __getstate__(self):
        return {**super().__getstate__(), "optimizers": self.optimizers}

    def __setstate__(self, state):
        super().__setstate__(state)
        self._adopt_groups()


def decay_rates(optimizer, rates, step, n_steps):
    """Set the learning rates of a step; they fall linearly to 0.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer

    rates : list of float
        Rates of the first step, one for each parameter group.

    step : int
        From 0.

    n_steps : int
    """
    factor = max(1.0 - step / n_steps, 0.0)
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate * factor


class LinearDecay(Callback):
    """A skorch callback that lowers learning rates to 0 step by step.

    They reach 0 after the last batch of the last epoch.
    """

    def on_train_begin(self, net, **kwargs):
        self.step_ = 0
        self.rates_ = [group["lr"] for group in net.optimizer_.param_groups]

    def on_batch_begin(self, net, training=False, **kwargs):
        if training:
            n_steps = net.epoch_batches_ * net.max_epochs
            decay_rates(net.optimizer_, self.rates_, self.step_, n_steps)
            self.step_ += 1
