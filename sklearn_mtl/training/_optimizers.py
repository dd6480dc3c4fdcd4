"""One optimizer for two kinds of weights: sparse input rows and the dense rest.

Adaptive optimizers (Adam, Adagrad) make the steps of rare words as large as those of
frequent ones, and a bag of words then overfits. So input layers take plain gradient
descent, and Adam the few dense weights behind them. For token embeddings, the trunk
chooses.
"""

from functools import partial
from weakref import proxy

import torch
from skorch.callbacks import Callback
from torch.optim import Optimizer

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
    """

    def __init__(self, params, lr, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    def step(self, closure=None):
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    _descend(group, weight)

    def step_in_backward(self):
        """Update each weight as soon as its gradient exists, and free the gradient.

        So the gradients of many weights are not in memory at the same time.
        """
        # A weight must not hold the optimizer that holds it: Python cannot collect a
        # circle through a hook of torch.
        own = proxy(self)
        for number, group in enumerate(self.param_groups):
            for weight in group["params"]:
                step = partial(_take_step, own, number)
                weight.register_post_accumulate_grad_hook(step)


@torch.no_grad()
def _descend(group, weight):
    weight.add_(weight.grad, alpha=-_decayed_rate(group, weight))


@torch.no_grad()
def _take_step(optimizer, number, weight):
    group = optimizer.param_groups[number]
    # Faster than adding a sparse tensor, but it overwrites the gradient.
    step = weight.grad._values().mul_(-_decayed_rate(group, weight))
    index = weight.grad._indices()[0].unsqueeze(1).expand_as(step)
    weight.scatter_add_(0, index, step)
    weight.grad = None


def _decayed_rate(group, weight):
    """Shrink the rows of a batch by the penalty; return the rate of their step."""
    shrink = 1 / (1 + group["lr"] * group["weight_decay"])
    if group["weight_decay"]:
        weight[weight.grad._indices()[0]] *= shrink
    return group["lr"] * shrink


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
