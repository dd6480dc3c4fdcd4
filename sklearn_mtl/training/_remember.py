"""Learning without forgetting: a penalty on changed predictions of known tasks."""

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy


class Remembering(nn.Module):
    r"""A network that is penalized where it predicts something new for known tasks.

    .. math:: \frac{1}{n} \sum_i \sum_t D(p_t(x_i), q_t(x_i))

    over the *n* rows of a batch and the known tasks *t*, where *q* are the predictions
    of the network, *p* those of the network before, and *D* their Kullback-Leibler
    divergence. Where logits do not belong to one distribution over classes, it is the
    sum of the divergences of each.

    Parameters
    ----------
    network : torch.nn.Module

    before : torch.nn.Module
        The network before it learns the new tasks, which are the last ones.

    tasks : list of TaskType
        The known tasks.

    References
    ----------
    Z. Li, D. Hoiem, "Learning without forgetting", ECCV 2016. There probabilities are
    softened by a temperature.
    """

    def __init__(self, network, before, tasks):
        super().__init__()
        self.network = network
        self.__dict__["before"] = before  # not trained, and not stored
        self.is_choice = [
            task.n_logits == len(task.classes_) > 2 and not task.is_multilabel
            for task in tasks
        ]

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("network"), name)

    def forward(self, rows, cells=None):
        output = self.network(rows, cells)
        if cells is None:
            return output
        with torch.no_grad():
            wanted = self.before(rows).logits[: len(self.is_choice)]
        penalty = sum(
            _divergence(own, other, is_choice)
            for own, other, is_choice in zip(
                output.logits[: len(wanted)], wanted, self.is_choice, strict=True
            )
        )
        return output._replace(penalties=output.penalties | {"forgetting": penalty})


def _divergence(logits, wanted, is_choice):
    """Return the mean over rows of the divergence of predictions."""
    if is_choice:
        targets = wanted.softmax(dim=1)
        found, least = (cross_entropy(z, targets) for z in (logits, wanted))
        return found - least
    targets = wanted.sigmoid()
    found, least = (
        binary_cross_entropy_with_logits(z, targets, reduction="sum")
        for z in (logits, wanted)
    )
    return (found - least) / len(logits)
