"""No sharing: the single-task baseline."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from ..network._output import Output
from ..network._places import Places
from ..network._spec import InputSpec
from ._base import BaseSharing, TaskNetwork


class Separate(BaseSharing):
    """A separate network for each task, with nothing shared.

    Use it as the baseline for other sharings. Each task has its own trunk and private
    path, and is trained only on its own cells.

    See Also
    --------
    SharedPrivate : Has one trunk for all tasks.

    Notes
    -----
    Memory and time grow with the number of tasks: ``n_features * n_tasks *
    n_units`` floats for the trunks.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskTextClassifier
    >>> from sklearn_mtl.sharing import Separate
    >>> baseline = MultiTaskTextClassifier(sharing=Separate())
    """

    is_shared = False
    has_representation = False

    def build(
        self,
        trunk: Any,
        spec: InputSpec,
        n_logits: Sequence[int],
        heads: Sequence[int] | None = None,
    ) -> nn.Module:
        return SeparateNetworks(
            TaskNetwork(trunk, replace(spec, blocks=()), [n], private=True)
            for n in n_logits
        )


class SeparateNetworks(nn.Module):
    """Independent networks that read the same rows.

    Parameters
    ----------
    networks : iterable of TaskNetwork
        One network per task.
    """

    def __init__(self, networks):
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def places(self, tasks):
        """Say which outputs of which layers belong to which tasks."""
        found = Places({}, {f"networks.{k}": name for k, (name, _) in enumerate(tasks)})
        for k, network in enumerate(self.networks):
            own = network.places(tasks.only(k)).under(f"networks.{k}")
            found.outputs |= own.outputs
        return found

    def forward(self, rows, cells=None):
        return Output(tuple(network(rows).logits[0] for network in self.networks))
