"""Where the seconds of a training epoch go, and how far they are from a floor."""

from collections import Counter
from statistics import median
from threading import current_thread, local, main_thread
from time import perf_counter

import numpy as np
import torch
from skorch.callbacks import Callback

from benchmarks.cases.scale import make_texts
from benchmarks.data import load_set
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.network._batch import SparseBatch
from sklearn_mtl.network._input import SparseLinear, _SparseProduct
from sklearn_mtl.sharing._base import TaskNetwork
from sklearn_mtl.training._dataset import RowDataset
from sklearn_mtl.training._loader import BatchLoader
from sklearn_mtl.training._objective import Objective

COPIED = 10**9  # bytes
COPIES = 5
# On the thread that makes batches, so no part of the time that passes on ours.
BESIDE = "batch making, on the second thread"
# The parts that do nothing but move what the floor counts.
MOVING = ("forward sparse products", "backward sparse products", "optimizer")


class Clock(local):
    """Seconds by part; what a part calls of another part counts for that one alone.

    Each thread has a clock of its own; all write down what they find in one place.
    """

    def __init__(self, seconds):
        self.seconds, self.open = seconds, []

    def timed(self, part, function):
        def run(*args, **kwargs):
            if part == BESIDE and current_thread() is main_thread():
                return function(*args, **kwargs)  # for who waits for the batch
            self.switch()
            self.open.append(part)
            try:
                return function(*args, **kwargs)
            finally:
                self.switch()
                self.open.pop()

        return run

    def switch(self):
        """Give the time since the last switch to the part that runs."""
        now = perf_counter()
        if self.open:
            self.seconds[self.open[-1]] += now - self.last
        self.last = now


def watch(clock):
    """Put the clock around the functions that an epoch consists of."""
    for owner, name, part in [
        (RowDataset, "take", BESIDE),
        (RowDataset, "batch", BESIDE),
        (SparseBatch, "transposed", BESIDE),
        (_SparseProduct, "forward", "forward sparse products"),
        (_SparseProduct, "backward", "backward sparse products"),
        (TaskNetwork, "forward", "dense layers"),
        (Objective, "forward", "loss"),
        # All of backward but the sparse products: of dense layers and of the loss.
        (torch.Tensor, "backward", "dense layers"),
    ]:
        timed = clock.timed(part, getattr(owner, name))
        setattr(owner, name, staticmethod(timed) if owner is _SparseProduct else timed)
    iterate = BatchLoader.__iter__
    BatchLoader.__iter__ = lambda loader: waiting(clock, iterate(loader))


def waiting(clock, batches):
    """Yield batches, with the clock around the time until each is there."""
    following = clock.timed("waiting for batches", lambda: next(batches, None))
    yield from iter(following, None)


class Watch(Callback):
    """Puts the clock around the optimizers, and keeps the rows that are trained on."""

    def __init__(self, clock):
        self.clock = clock

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.rows = X.X
        for optimizer in net.optimizer_.optimizers:
            optimizer.step = self.clock.timed("optimizer", optimizer.step)


def measure(folder=None, name=None):
    """Profile a default fit on a set, or on made-up texts."""
    if name:
        texts, labels = load_set(folder, name, ["train"]).splits["train"]
    else:
        texts, labels = make_texts(30_000, 8, 4)
    clock = Clock(Counter())
    watch(clock)
    classifier = MultiTaskTextClassifier(random_state=0, callbacks=[Watch(clock)])
    net = classifier.fit(texts, labels).net_
    rows = dict(net.callbacks_)["Watch"].rows  # a fit copies its callbacks
    n_epochs = len(net.history)
    epoch = sum(net.history[:, "dur"]) / n_epochs
    parts = {part: clock.seconds[part] / n_epochs for part in clock.seconds}
    beside = parts.pop(BESIDE, 0.0)
    parts["rest"] = epoch - sum(parts.values())
    sparse = [m for m in net.module_.modules() if isinstance(m, SparseLinear)]
    n_outputs = sum(len(layer.bias) for layer in sparse)
    rate = copy_rate()
    # Each stored value reads a row of weights, and reads and writes one in backward.
    moving = sum(parts[part] for part in MOVING)
    floor = rows.nnz * n_outputs * 4 * 3 / rate
    return {
        "epochs": n_epochs,
        "epoch_seconds": epoch,
        "beside_seconds": beside,
        "seconds": parts,
        "shares": {part: seconds / epoch for part, seconds in parts.items()},
        "stored_values": int(rows.nnz),
        "sparse_outputs": n_outputs,
        "copy_bytes_per_second": rate,
        "floor_seconds": floor,
        "floor_share": floor / epoch,
        "floor_share_of_moving": floor / moving,
    }


def copy_rate():
    """Return the bytes that a copy in memory reads and writes in a second."""
    source = np.ones(COPIED // 8)
    target = np.zeros_like(source)
    times = []
    for _ in range(COPIES):
        start = perf_counter()
        np.copyto(target, source)
        times.append(perf_counter() - start)
    return 2 * COPIED / median(times)
