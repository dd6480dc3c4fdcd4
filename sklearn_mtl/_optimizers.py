"""One optimizer for two kinds of weights: sparse input rows and the dense rest.

Adaptive steps (Adam, Adagrad) make the steps of rare words as large as those of
frequent ones, and a bag of words then overfits. So the input layers take plain gradient
descent, and Adam moves the few dense weights behind them.
"""

import torch
from torch.optim import Optimizer


class SparseSGD(Optimizer):
    r"""Gradient descent on the rows of a weight that a batch touches.

    .. math:: W_u \leftarrow \frac{W_u - \eta\,G_u}{1 + \eta\,\alpha}

    for each row *u* in the sparse gradient *G*, with step :math:`\eta` and penalty
    :math:`\alpha`. The penalty too reaches only rows in the batch, so a feature decays
    in proportion to how often it occurs: the usual lazy form of an L2 penalty. It is
    taken implicitly (at the new weights), which is stable at any step, where
    :math:`W_u - \eta\,(G_u + \alpha W_u)` is not; both rest at the same weights.

    Parameters
    ----------
    params : iterable
        Weights or groups of them, whose gradients are coalesced sparse tensors.

    lr : float
        The step.

    weight_decay : float, default=0.0
        The penalty.
    """

    def __init__(self, params, lr, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                rows, gradient = weight.grad._indices()[0], weight.grad._values()
                shrink = 1 / (1 + group["lr"] * group["weight_decay"])
                if group["weight_decay"]:
                    weight[rows] *= shrink
                # index_add_ says the same, and was slower.
                index = rows.unsqueeze(1).expand_as(gradient)
                weight.scatter_add_(0, index, gradient * (-group["lr"] * shrink))


class JointOptimizer(Optimizer):
    """Several optimizers behind the interface of one.

    Learning-rate schedulers and checkpoints see the parameter groups of all of them;
    a step is one step of each.

    Parameters
    ----------
    optimizers : list of Optimizer
    """

    def __init__(self, optimizers):
        self.optimizers = optimizers
        # The groups are shared, not copied: a scheduler that changes a rate here
        # changes it in the optimizer that applies it.
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


class LinearDecay:
    """Factor on the learning rate that falls from 1 to 0 over a number of steps.

    Parameters
    ----------
    n_steps : int
    """

    def __init__(self, n_steps):
        self.n_steps = n_steps

    def __call__(self, step):
        return max(1.0 - step / self.n_steps, 0.0)
