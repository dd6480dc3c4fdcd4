"""How far tasks agree on the shared vector, measured while they train."""

import numpy as np
import torch
from skorch.callbacks import Callback

from ..balancing._gradients import gramian, hidden_gradients

BATCH_SIZE = 256


class ConflictWatch(Callback):
    """A skorch callback that compares the gradients of tasks at the hidden vector.

    It looks at batches of training rows before each epoch and after the last. Training
    is not affected: dropout is off meanwhile, and rows are drawn by numpy.

    Parameters
    ----------
    n_batches : int
        Looked at each time.

    seed : int

    Attributes
    ----------
    products_ : list of ndarray of shape (n_batches, n_tasks, n_tasks)
        For each time, the Gramians of the gradients of the weighted losses.
    """

    def __init__(self, n_batches, seed):
        self.n_batches = n_batches
        self.seed = seed

    def on_train_begin(self, net, X=None, **kwargs):
        self.products_ = []
        rng = np.random.RandomState(self.seed)
        size = min(BATCH_SIZE, len(X))
        self.rows_ = [
            np.sort(rng.choice(len(X), size, replace=False))
            for _ in range(self.n_batches)
        ]

    def on_epoch_begin(self, net, dataset_train=None, **kwargs):
        self._look(net, dataset_train)

    def on_train_end(self, net, X=None, **kwargs):
        self._look(net, X)
        del self.rows_

    def _look(self, net, dataset):
        net._set_training(False)
        criterion, found = net.criterion_, []
        for rows in self.rows_:
            part = dataset.take(rows)
            batch, cells = part.batch(0, len(part))
            batch, cells = batch.to(net.device), cells.to(net.device)
            output = net.module_(batch)
            losses = criterion(output.logits, cells) / len(part)
            weighted = losses * criterion.balancing.weights.detach()
            gradients = hidden_gradients(weighted, output)
            n_tasks = len(losses)
            if gradients is None:
                found.append(torch.zeros(n_tasks, n_tasks))
            else:
                found.append(gramian(gradients).cpu())
        self.products_.append(torch.stack(found).double().numpy())
