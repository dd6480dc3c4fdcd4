"""The network as the net sees it: what a sharing built, and what comes with it."""

from torch import nn


class LinkedNetwork(nn.Module):
    """A network, and behind it what the types of some tasks make of their logits.

    Parameters
    ----------
    network : torch.nn.Module
        What a sharing built.

    links : list of torch.nn.Module or None
        For each task what its type's ``link`` built.
    """

    def __init__(self, network, links):
        super().__init__()
        self.network = network
        links = [nn.Identity() if link is None else link for link in links]
        self.links = nn.ModuleList(links)

    def __getattr__(self, name):  # whatever else the network has to say
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("network"), name)

    def forward(self, rows):
        return self._linked(self.network(rows))

    def learn(self, rows, cells):
        logits, penalties = learn(self.network, rows, cells)
        return self._linked(logits), penalties

    def _linked(self, logits):
        pairs = zip(self.links, logits, strict=True)
        return tuple(link(own) for link, own in pairs)


def build_network(
    sharing, trunk, spec, n_logits, dtype, heads=None, tasks=(), log_class_shares=()
):
    """Build the network in the float type of the rows, with the links of its tasks."""
    network = sharing.build(trunk, spec, n_logits, heads)
    pairs = zip(tasks, log_class_shares, strict=True)
    links = [task.link(shares) for task, shares in pairs]
    if any(link is not None for link in links):
        network = LinkedNetwork(network, links)
    return network.to(dtype)


def learn(network, rows, cells):
    """Return the logits of a training step and what the network itself adds to it.

    Parameters
    ----------
    network : torch.nn.Module
        One with a method ``learn`` answers by itself, see
        :meth:`~sklearn_mtl.sharing.BaseSharing.build`. Others have logits alone.

    rows : SparseBatch or tensor

    cells : Cells

    Returns
    -------
    logits : tuple of tensors of shape (n_rows, n_logits)
        For each task; they count only where its cells are labelled.

    penalties : dict of {str: tensor of shape ()}
        By name, to be added to the loss, means over the rows.
    """
    if hasattr(network, "learn"):
        return network.learn(rows, cells)
    return network(rows), {}
