"""Time the epochs of the default net and some batches of its twin over dense rows."""

from copy import deepcopy
from itertools import islice
from statistics import mean
from time import perf_counter

import numpy as np
import torch
from _data import load_set
from scipy.sparse import csr_matrix
from skorch import NeuralNet
from skorch.callbacks import Callback
from torch import nn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.network._batch import Cells
from sklearn_mtl.network._input import SparseLinear

WARM_UP = 3  # batches


def measure(folder, name, n_batches):
    """Time both nets; meant for a process of its own."""
    texts, labels = load_set(folder, name, ["train"]).splits["train"]
    kept = KeepRows()
    classifier = MultiTaskTextClassifier(random_state=0, callbacks=[kept])
    classifier.fit(texts, labels)
    net = classifier.net_
    epochs = net.history[:, "dur"]
    twin = dense_twin(net.module_)
    times = time_batches(twin, net, kept.dataset, n_batches)
    batches = -(-len(kept.dataset) // net.batch_size)
    dense_epoch_seconds = mean(times) * batches
    return {
        "epoch_seconds": mean(epochs),
        "epochs": epochs,
        "dense_epoch_seconds": dense_epoch_seconds,
        "ratio": dense_epoch_seconds / mean(epochs),
        "batch_seconds": times,
        "batches_timed": len(times),
        "batches": batches,
        "batch_size": net.batch_size,
        "layers": {
            path: [layer.in_features, layer.out_features]
            for path, layer in twin.named_modules()
            if isinstance(layer, nn.Linear)
        },
    }


class KeepRows(Callback):
    """Keeps the rows and cells that the estimator trains its net on."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.dataset = X


class CellLoss(nn.Module):
    """The loss of our net, for cells that come as a dict."""

    def __init__(self, criterion):
        super().__init__()
        self.criterion = criterion

    def forward(self, logits, cells):
        sums = self.criterion(logits, Cells(**cells))
        return self.criterion.balancing(sums / len(cells["codes"]))


def dense_twin(network):
    """Return the network with ordinary linear layers where it reads sparse rows."""
    twin = deepcopy(network)
    for path, layer in list(twin.named_modules()):
        if isinstance(layer, SparseLinear):
            twin.set_submodule(path, nn.Linear(*layer.by_feature().shape))
    twin.table = None  # of the weights of sparse layers, which are gone
    return twin


def time_batches(network, net, dataset, n_batches):
    """Return the seconds of each batch, from fetching its rows to the step."""
    dense_net = NeuralNet(
        network,
        criterion=CellLoss(net.criterion_),
        optimizer=torch.optim.SGD,
        batch_size=net.batch_size,
        iterator_train__shuffle=True,
    ).initialize()
    rows = csr_matrix(dataset.X)  # skorch does not know csr_array
    cells = {"codes": dataset.codes.astype(np.int64), "weights": dataset.weights}
    iterator = dense_net.get_iterator(dense_net.get_dataset(rows, cells), training=True)
    times, start = [], perf_counter()
    for batch in islice(iterator, WARM_UP + n_batches):
        dense_net.train_step(batch)
        times.append(perf_counter() - start)
        start = perf_counter()
    return times[WARM_UP:]
