"""Epoch times of our networks, compared with other loops over the same rows.

The default network is compared with a copy over dense rows, and ConvTrunk with a bare
torch loop.
"""

from copy import deepcopy
from itertools import islice
from statistics import mean, median
from time import perf_counter

import numpy as np
import torch
from scipy.sparse import csr_matrix
from skorch import NeuralNet
from skorch.callbacks import Callback
from torch import nn
from torch.nn.functional import cross_entropy, relu

from benchmarks.data import load_set
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.network._batch import Cells
from sklearn_mtl.network._input import SparseLinear
from sklearn_mtl.training._loader import BatchLoader
from sklearn_mtl.trunks import ConvTrunk

WARM_UP = 3  # batches


def measure_epoch(folder, name, n_batches):
    """Time both nets; runs in a separate process."""
    texts, labels = load_set(folder, name, ["train"]).splits["train"]
    classifier = MultiTaskTextClassifier(random_state=0, callbacks=[KeepRows()])
    net = classifier.fit(texts, labels).net_
    dataset = dict(net.callbacks_)["KeepRows"].dataset
    epochs = net.history[:, "dur"]
    twin = dense_twin(net.module_)
    times = time_batches(twin, net, dataset, n_batches)
    batches = -(-len(dataset) // net.batch_size)
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
    """Keeps the rows and cells that the estimator trains its net on.

    A fit copies its callbacks; the copy is in the callbacks of the net.
    """

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.dataset = X


class CellLoss(nn.Module):
    """The loss of our net, for cells that come as a dict."""

    def __init__(self, criterion):
        super().__init__()
        self.criterion = criterion

    def forward(self, output, cells):
        sums = self.criterion(output.logits, Cells(**cells))
        return self.criterion.balancing(sums / len(cells["codes"]))


def dense_twin(network):
    """Return the network with ordinary linear layers in place of sparse ones."""
    twin = deepcopy(network)
    for path, layer in list(twin.named_modules()):
        if isinstance(layer, SparseLinear):
            twin.set_submodule(path, nn.Linear(*layer.by_feature().shape))
    twin.table = None  # for the weights of the removed sparse layers
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
    rows = csr_matrix(dataset.X)  # skorch does not support csr_array
    cells = {"codes": dataset.codes.astype(np.int64), "weights": dataset.weights}
    iterator = dense_net.get_iterator(dense_net.get_dataset(rows, cells), training=True)
    times, start = [], perf_counter()
    for batch in islice(iterator, WARM_UP + n_batches):
        dense_net.train_step(batch)
        times.append(perf_counter() - start)
        start = perf_counter()
    return times[WARM_UP:]


def measure_sequences(folder, name, epochs):
    """Time both loops in turn; runs in a separate process."""
    texts, labels = load_set(folder, name, ("train",)).splits["train"]
    classifier = MultiTaskTextClassifier(
        trunk=ConvTrunk(),
        sharing="hard",
        max_iter=epochs,
        random_state=0,
        callbacks=[KeepRows()],
    )
    net = classifier.fit(texts, labels).net_
    dataset = dict(net.callbacks_)["KeepRows"].dataset
    ours = net.history[:, "dur"]
    bare = BareLoop(net, dataset)
    theirs = [bare.epoch() for _ in range(epochs)]
    return {
        "epoch_seconds": ours,
        "bare_epoch_seconds": theirs,
        "ratio": median(ours) / median(theirs),
        "padding": padding(dataset, net.batch_size),
        "padding_in_random_batches": padding(dataset, net.batch_size, by_length=False),
        "batch_size": net.batch_size,
        "tokens": int(dataset.X.nnz),
    }


def padding(dataset, batch_size, by_length=True):
    """Return the share of positions in an epoch's batches that are padding."""
    if by_length:
        generator = torch.Generator().manual_seed(0)
        loader = BatchLoader(dataset, batch_size, shuffle=True, generator=generator)
        shapes = [rows.padded()[0].shape for rows, _ in loader]
    else:
        order = np.random.default_rng(0).permutation(len(dataset))
        starts = range(0, len(order), batch_size)
        parts = [order[start : start + batch_size] for start in starts]
        shapes = [(len(part), dataset.lengths[part].max()) for part in parts]
    places = sum(int(rows) * int(longest) for rows, longest in shapes)
    return 1 - dataset.X.nnz / places


class BareNetwork(nn.Module):
    """The same network in plain torch code."""

    def __init__(self, n_tokens, n_classes):
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, 64, padding_idx=0)
        self.filters = nn.Conv1d(64, 64, 3, padding=1)
        self.dense = nn.Linear(64, 32)
        self.dropout = nn.Dropout(0.3)
        self.heads = nn.ModuleList(nn.Linear(32, n) for n in n_classes)

    def forward(self, ids):
        responses = relu(self.filters(self.embedding(ids).transpose(1, 2)))
        responses = responses.masked_fill((ids == 0).unsqueeze(1), 0.0)
        hidden = self.dropout(relu(self.dense(responses.amax(2))))
        return [head(hidden) for head in self.heads]


class BareLoop:
    """Padded batches of texts of similar length; a loss per task; Adam."""

    def __init__(self, net, dataset):
        n_classes = [len(task.classes_) for task in net.tasks]
        self.network = BareNetwork(net.module__spec.n_features, n_classes)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=2e-3)
        X = dataset.X
        self.rows = [
            torch.from_numpy(X.data[a:b].astype(np.int64))
            for a, b in zip(X.indptr[:-1], X.indptr[1:], strict=True)
        ]
        self.codes = torch.from_numpy(dataset.codes.astype(np.int64))
        self.lengths = torch.from_numpy(dataset.lengths.astype(np.int64))
        self.size = net.batch_size

    def epoch(self):
        start = perf_counter()
        self.network.train()
        order = torch.randperm(len(self.rows))
        for block in order.split(16 * self.size):
            block = block[self.lengths[block].argsort()]
            batches = block.split(self.size)
            for k in torch.randperm(len(batches)).tolist():
                self.step(batches[k])
        return perf_counter() - start

    def step(self, rows):
        ids = nn.utils.rnn.pad_sequence([self.rows[k] for k in rows], batch_first=True)
        codes = self.codes[rows]
        self.optimizer.zero_grad()
        loss = 0.0
        for task, logits in enumerate(self.network(ids)):
            own = codes[:, task]
            if (own >= 0).any():
                loss = loss + cross_entropy(
                    logits, own, ignore_index=-1, reduction="sum"
                )
        (loss / len(rows)).backward()
        self.optimizer.step()
