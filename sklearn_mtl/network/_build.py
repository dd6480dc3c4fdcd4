"""The whole network: the output of a sharing's build, then the links of task types."""

from torch import nn


class LinkedNetwork(nn.Module):
    """A network followed by a link for each task.

    Parameters
    ----------
    network : torch.nn.Module
        Built by a sharing.

    links : list of torch.nn.Module or None
        For each task, the module from ``TaskType.link``.
    """

    def __init__(self, network, links):
        super().__init__()
        self.network = network
        links = [nn.Identity() if link is None else link for link in links]
        self.links = nn.ModuleList(links)

    def __getattr__(self, name):  # for example gate_weights of a mixture
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("network"), name)

    def forward(self, rows, cells=None):
        output = self.network(rows, cells)
        pairs = zip(self.links, output.logits, strict=True)
        return output._replace(logits=tuple(link(logits) for link, logits in pairs))


def build_network(
    sharing, trunk, spec, n_logits, dtype, heads=None, tasks=(), log_class_shares=()
):
    """Build the network in the given float type, with the links of its tasks."""
    network = sharing.build(trunk, spec, n_logits, heads)
    pairs = zip(tasks, log_class_shares, strict=True)
    links = [task.link(shares, is_few=spec.is_few) for task, shares in pairs]
    if any(link is not None for link in links):
        network = LinkedNetwork(network, links)
    return network.to(dtype)
