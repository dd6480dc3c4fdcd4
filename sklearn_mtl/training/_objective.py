"""From logits and label cells to the loss of each task."""

import torch
from torch import nn

from ..answers._layout import CodeLayout


class Objective(nn.Module):
    """From logits and label cells to the loss of each task.

    Parameters
    ----------
    tasks : list of TaskType

    balancing : Balancer
        Turns task losses into gradients. It is part of this module because skorch also
        trains the parameters of the criterion.

    adjustments : list of ndarray of shape (n_classes,), default=None
        For each code of each task, the values that training adds to the logits.
    """

    def __init__(self, tasks, balancing, adjustments=None):
        super().__init__()
        self.balancing = balancing
        self.n_tasks, layout = len(tasks), CodeLayout(tasks)
        self.groups, losses = [], []  # groups of tasks of one kind, and their codes
        for kind in dict.fromkeys(task.kind for task in tasks):
            own = [k for k, task in enumerate(tasks) if task.kind == kind]
            codes = layout.codes_of(own)
            self.groups.append((own, codes))
            added = None if adjustments is None else [adjustments[k] for k in codes]
            losses.append(tasks[own[0]].build_loss([tasks[k] for k in own], added))
        self.losses = nn.ModuleList(losses)
        self.register_buffer("owners", torch.from_numpy(layout.owners))
        self.register_buffer("starts", torch.from_numpy(layout.starts))

    def forward(self, logits, cells):
        """Return the weighted loss of each task, summed over rows, shape (n_tasks,)."""
        if len(self.losses) == 1:  # all tasks are of one kind: no columns to select
            sums = (self.losses[0](logits, cells.codes) * cells.weights).sum(0)
        else:
            sums = cells.weights.new_zeros(cells.codes.shape[1])
            for (own, codes), loss in zip(self.groups, self.losses, strict=True):
                values = loss(tuple(logits[k] for k in own), cells.codes[:, codes])
                index = torch.tensor(codes, device=values.device)
                own_sums = (values * cells.weights[:, codes]).sum(0)
                sums = sums.index_add(0, index, own_sums)
        if len(sums) == self.n_tasks:  # one code per task
            return sums
        return sums.new_zeros(self.n_tasks).index_add(0, self.owners, sums)

    def cells_of_tasks(self, cells):
        """Return cells with a column for each task: its first code, its mean weight."""
        if cells.codes.shape[1] == self.n_tasks:
            return cells
        weights = cells.weights.new_zeros(len(cells.weights), self.n_tasks)
        weights = weights.index_add(1, self.owners, cells.weights)
        weights = weights / torch.bincount(self.owners)
        return cells._replace(codes=cells.codes[:, self.starts], weights=weights)
