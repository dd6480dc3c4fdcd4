"""A sharing of a user: groups of tasks that share within and not across."""

import torch
from torch import nn

from sklearn_mtl.network import Output
from sklearn_mtl.sharing import BaseSharing, SharedPrivate


class TaskGroups(BaseSharing):
    """A shared trunk for each group of tasks.

    Parameters
    ----------
    groups : dict of {str: str}
        The group of each task. Tasks that are left out are a group together.

    penalty : float, default=0.0
        Of the mean square of the logits of labelled cells.
    """

    has_representation = False
    may_change = ("penalty",)
    _parameter_constraints = {"groups": [dict], "penalty": [float]}

    def __init__(self, groups, penalty=0.0):
        self.groups = groups
        self.penalty = penalty

    def for_tasks(self, task_names):
        unknown = set(self.groups) - set(task_names)
        if unknown:
            raise ValueError(f"groups names {sorted(unknown)}, which are no tasks.")
        members = {}
        for place, name in enumerate(task_names):
            members.setdefault(self.groups.get(name), []).append(place)
        self.members_ = list(members.values())
        return self

    def build(self, trunk, spec, n_logits, heads=None):
        networks = [
            SharedPrivate().build(trunk, spec, [n_logits[task] for task in own])
            for own in self.members_
        ]
        return GroupedNetworks(networks, self.members_, self.penalty)


class GroupedNetworks(nn.Module):
    """Networks side by side, with the logits of all in the order of the tasks."""

    def __init__(self, networks, members, penalty):
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.members, self.penalty = members, penalty

    def forward(self, rows, cells=None):
        logits = {}
        for network, own in zip(self.networks, self.members, strict=True):
            logits |= dict(zip(own, network(rows).logits, strict=True))
        logits = tuple(logits[task] for task in sorted(logits))
        penalties = {}
        if cells is not None and self.penalty:
            squares = torch.stack([z.square().mean(dim=1) for z in logits], dim=1)
            penalties["logits"] = self.penalty * squares[cells.codes >= 0].mean()
        return Output(logits, penalties=penalties)
