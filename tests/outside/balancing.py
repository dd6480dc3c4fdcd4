"""Two balancings of a user: weights that are learnt, and weights by gradients."""

from numbers import Real

import torch
from torch import nn

from sklearn_mtl.balancing import Balancer, BaseBalancing


class UncertaintyWeights(BaseBalancing):
    r"""Weights that are learnt, one for the noise of each task.

    .. math:: \sum_t e^{-s_t} l_t + s_t / 2

    Parameters
    ----------
    start : float, default=0.0
        What :math:`s_t` is before the first step.

    tasks : list of str, default=None
        Whose weights are learnt; those of the others stay. None is all.

    References
    ----------
    A. Kendall, Y. Gal, R. Cipolla, "Multi-task learning using uncertainty to weigh
    losses", CVPR 2018.
    """

    _parameter_constraints = {"start": [Real], "tasks": [list, None]}

    def __init__(self, start=0.0, *, tasks=None):
        self.start = start
        self.tasks = tasks

    def check(self, task_names):
        for name in self.tasks or []:
            if name not in task_names:
                raise ValueError(f"There is no task {name!r}.")

    def build(self, task_names, labelled_share):
        learnt = [self.tasks is None or name in self.tasks for name in task_names]
        return LearntWeights(float(self.start), torch.tensor(learnt))


class LearntWeights(Balancer):
    def __init__(self, start, learnt):
        super().__init__()
        self.log_noise = nn.Parameter(torch.full((len(learnt),), start))
        self.register_buffer("learnt", learnt)

    @property
    def weights(self):
        return torch.where(self.learnt, (-self.log_noise).exp(), 1.0).detach()

    def forward(self, losses):
        factors = torch.where(self.learnt, (-self.log_noise).exp(), 1.0)
        return losses @ factors + (self.log_noise * self.learnt).sum() / 2


class EvenGradients(BaseBalancing):
    """Weights by which all tasks pull at the shared vector with the same force.

    Parameters
    ----------
    memory : float, default=0.5
        Share of the former weights in those of a step.
    """

    def __init__(self, memory=0.5):
        self.memory = memory

    def build(self, task_names, labelled_share):
        return WeightsByForce(len(task_names), self.memory)


class WeightsByForce(Balancer):
    def __init__(self, n_tasks, memory):
        super().__init__()
        self.memory = memory
        self.register_buffer("weights", torch.ones(n_tasks))

    def forward(self, losses):
        return losses @ self.weights

    def backward(self, losses, penalties, output):
        forces = torch.stack([self.force(loss, output.hidden) for loss in losses])
        pulls = forces > 0  # a task may have no label in the batch
        if pulls.any():
            wanted = torch.where(pulls, forces[pulls].mean() / forces, self.weights)
            self.weights.lerp_(wanted, 1 - self.memory)
            self.weights.mul_(len(losses) / self.weights.sum())
        return super().backward(losses, penalties, output)

    @staticmethod
    def force(loss, hidden):
        (gradient,) = torch.autograd.grad(loss, hidden, retain_graph=True)
        return gradient.norm()
