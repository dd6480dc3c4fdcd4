"""Whether steps of single tasks lower the loss of held-out rows."""

from contextlib import contextmanager

import torch
from skorch.callbacks import Callback

# Length of the moves, of all weights together, over which losses are compared.
MOVE = 0.05


class Alignment(Callback):
    """A skorch callback that shows a balancer how held-out rows gain from each task.

    Training is not affected otherwise: dropout is off meanwhile, nothing is drawn, and
    all weights are restored.

    Parameters
    ----------
    dataset : RowDataset
        The held-out rows. Forgotten after training.
    """

    def __init__(self, dataset):
        self.dataset = dataset

    def on_train_begin(self, net, **kwargs):
        self.batches_ = list(net.get_iterator(self.dataset, training=False))
        self.n_steps_ = 0

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        if not training:
            return
        balancer = net.criterion_.balancing
        number, rest = divmod(self.n_steps_, balancer.validation_interval)
        if rest == 0:
            held_out = self.batches_[number % len(self.batches_)]
            balancer.align(gradient_products(net, held_out, batch))
        self.n_steps_ += 1

    def on_train_end(self, net, **kwargs):
        self.dataset, self.batches_ = None, []

    def __getstate__(self):
        # A Checkpoint may pickle the net during training.
        return vars(self) | {"dataset": None, "batches_": []}


def gradient_products(net, held_out, batch):
    """Return the products of the gradients of tasks with that of held-out rows.

    They are differences of losses between two points on the line through the weights
    of the network along the gradient of the held-out rows, and so need no gradient of a
    single task.

    Parameters
    ----------
    net : MultiTaskNet

    held_out, batch : tuple of (rows, cells)

    Returns
    -------
    products : tensor of shape (n_tasks,)
        0 for a task without a label in the batch.
    """
    net._set_training(False)
    total = net.criterion_.balancing.validation_loss(_losses(net, held_out))
    weights = [weight for weight in net.module_.parameters() if weight.requires_grad]
    found = torch.autograd.grad(total, weights, allow_unused=True)
    pairs = [
        (weight, slope.coalesce() if slope.is_sparse else slope)
        for weight, slope in zip(weights, found, strict=True)
        if slope is not None
    ]
    squares = [
        (slope.values() if slope.is_sparse else slope).square().sum()
        for _, slope in pairs
    ]
    length = torch.stack(squares).sum().sqrt() if squares else torch.zeros(())
    if not (length > 0 and length.isfinite()):
        return torch.zeros(len(net.tasks), device=net.device).to(total)
    with torch.no_grad():
        ends = []
        for step in (MOVE, -MOVE):
            with _moved(pairs, step / float(length)):
                ends.append(_losses(net, batch))
        return (ends[0] - ends[1]) * length / (2 * MOVE)


def _losses(net, batch):
    rows, cells = (part.to(net.device) for part in batch)
    return net.criterion_(net.module_(rows).logits, cells) / len(rows)


@contextmanager
def _moved(pairs, step):
    """Move weights along slopes within a block, and restore their exact values."""
    kept = []
    for weight, slope in pairs:
        place = slope.indices()[0] if slope.is_sparse else ...
        kept.append((weight, place, weight[place].clone()))
        weight.add_(slope, alpha=step)
    try:
        yield
    finally:
        for weight, place, before in kept:
            weight[place] = before
