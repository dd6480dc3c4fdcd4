"""Profile of a training epoch, compared with a floor."""

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
# These run on the loader thread, so they are not part of the main thread's time.
BESIDE = "batch making, on the second thread"
# The parts that only move the data of the floor.
MOVING = ("forward sparse products", "backward sparse products", "optimizer")


class Clock(local):
    """Seconds by part; a nested call of another part counts only for that part.

    Each thread has its own clock; all add to the same totals.
    """

    def __init__(self, seconds):
        self.seconds, self.open = seconds, []

    def timed(self, part, function):
        def run(*args, **kwargs):
            if part == BESIDE and current_thread() is main_thread():
                return function(*args, **kwargs)  # for the waiting thread
            self.switch()
            self.open.append(part)
            try:
                return function(*args, **kwargs)
            finally:
                self.switch()
                self.open.pop()

        return run

    def switch(self):
        """Add the time since the last switch to the running part."""
        now = perf_counter()
        if self.open:
            self.seconds[self.open[-1]] += now - self.last
        self.last = now


def watch(clock):
    """Time the functions that make up an epoch."""
    for owner, name, part in [
        (RowDataset, "take", BESIDE),
        (RowDataset, "batch", BESIDE),
        (SparseBatch, "transposed", BESIDE),
        (_SparseProduct, "forward", "forward sparse products"),
        (_SparseProduct, "backward", "backward sparse products"),
        (TaskNetwork, "forward", "dense layers"),
        (Objective, "forward", "loss"),
        # Backward without the sparse products: dense layers and loss.
        (torch.Tensor, "backward", "dense layers"),
    ]:
        timed = clock.timed(part, getattr(owner, name))
        setattr(owner, name, staticmethod(timed) if owner is _SparseProduct else timed)
    iterate = BatchLoader.__iter__
    BatchLoader.__iter__ = lambda loader: waiting(clock, iterate(loader))


def waiting(clock, batches):
    """Yield batches, and time the wait for each."""
    following = clock.timed("waiting for batches", lambda: next(batches, None))
    yield from iter(following, None)


class Watch(Callback):
    """Times the optimizers, and keeps the training rows."""

    def __init__(self, clock):
        self.clock = clock

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.rows = X.X
        for optimizer in net.optimizer_.optimizers:
            optimizer.step = self.clock.timed("optimizer", optimizer.step)


def measure(folder=None, name=None):
    """Profile a default fit on a set, or on synthetic texts."""
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
    """Return the bytes per second that a copy in memory reads and writes."""
    source = np.ones(COPIED // 8)
    target = np.zeros_like(source)
    times = []
    for _ in range(COPIES):
        start = perf_counter()
        np.copyto(target, source)
        times.append(perf_counter() - start)
    return 2 * COPIED / median(times)
