"""A sharing of a user: groups of tasks that share within and not across."""

import torch
from torch import nn

from sklearn_mtl.network import Output
from sklearn_mtl.sharing import BaseSharing, SharedPrivate


class TaskGroups(BaseSharing):
    """A shared trunk for each group of tasks.

    Parameters
    ----------
    groups : list of int
        The group of each task, in the order of the tasks. Tasks beyond the list are in
        its last group.

    penalty : float, default=0.0
        Of the mean square of the logits of labelled cells.
    """

    has_representation = False
    may_change = ("penalty",)
    _parameter_constraints = {"groups": [list], "penalty": [float]}

    def __init__(self, groups, penalty=0.0):
        self.groups = groups
        self.penalty = penalty

    def build(self, trunk, spec, n_logits, heads=None):
        places = [min(k, len(self.groups) - 1) for k in range(len(n_logits))]
        members = {}
        for task, place in enumerate(places):
            members.setdefault(self.groups[place], []).append(task)
        networks = [
            SharedPrivate().build(trunk, spec, [n_logits[task] for task in own])
            for own in members.values()
        ]
        return GroupedNetworks(networks, list(members.values()), self.penalty)


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
