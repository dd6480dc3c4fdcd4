"""Training steps of the default network with each kernel of ``SparseSGD``."""

from copy import deepcopy
from itertools import cycle, islice
from statistics import median
from time import perf_counter

import torch

from benchmarks.data import load_set
from benchmarks.loops import KeepRows
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.network._input import LabelledColumns, optim_groups, sparse_product
from sklearn_mtl.network._memory import new_table
from sklearn_mtl.training._optimizers import SparseSGD, without_gradients
from sklearn_mtl.training._runtime import computing
from sklearn_mtl.training._step import take_step

KERNELS = ("torch", "scipy", "numba")
COPIED = 2**25  # floats: more than a cache holds
RATE = 1e-3  # so small that weights hardly move


def measure(folder, name, n_steps, n_threads):
    """Time the kernels; runs in a separate process."""
    texts, labels = load_set(folder, name, ["train"]).splits["train"]
    classifier = MultiTaskTextClassifier(
        random_state=0, max_iter=1, callbacks=[KeepRows()]
    )
    net = classifier.fit(texts, labels).net_
    batches = list(net.get_iterator(dict(net.callbacks_)["KeepRows"].dataset, True))
    tables = optim_groups(net.module_)["sparse"]
    columns = sum(table.shape[1] for table in tables)
    n_bytes = median(
        rows.transposed().features.numel() * columns * tables[0].element_size()
        for rows, _ in batches
    )
    with computing(n_threads):
        seconds, parts = time_kernels(net, list(islice(cycle(batches), n_steps)))
        copying = copy_speed()
    floor = 3 * n_bytes / copying
    return {
        "columns": columns,
        "features": len(tables[0]),
        "step_milliseconds": {k: 1000 * median(s) for k, s in seconds.items()},
        "table_milliseconds": {k: 1000 * median(s) for k, s in parts.items()},
        "floor_milliseconds": 1000 * floor,
        "share_of_floor": {k: floor / median(s) for k, s in parts.items()},
        "copied_gigabytes_per_second": copying / 1e9,
    }


def time_kernels(net, batches):
    """Return the seconds of each step with each kernel, and those of the tables.

    The latter are forward pass and update of the tables, without the rest of the
    network.
    """
    nets = {kernel: _with_kernel(net, kernel) for kernel in KERNELS}
    seconds = {kernel: [] for kernel in KERNELS}
    parts = {kernel: [] for kernel in KERNELS}
    for rows, cells in batches:
        rows.transposed()  # in a fit, a second thread does this
        for kernel, (module, objective, optimizer) in nets.items():
            start = perf_counter()
            take_step(module, objective, optimizer, rows, cells)
            seconds[kernel].append(perf_counter() - start)
        codes = net.criterion_.cells_of_tasks(cells).codes
        labelled = LabelledColumns("private", net.module_.n_logits, codes)
        for kernel, (module, _, optimizer) in nets.items():
            parts[kernel].append(_time_tables(module, optimizer, rows, labelled))
    # The first steps include compilation and loading.
    kept = slice(len(batches) // 4, None)
    return tuple(
        {kernel: times[kept] for kernel, times in each.items()}
        for each in (seconds, parts)
    )


def _with_kernel(net, kernel):
    module, objective = deepcopy((net.module_, net.criterion_))
    module.train()
    # Unlike the tables of a fit, copies do not use large pages.
    weights = optim_groups(module)["sparse"]
    for weight in weights:
        weight.data = new_table(*weight.shape, weight.dtype).copy_(weight.detach())
    return module, objective, SparseSGD(weights, lr=RATE, kernel=kernel)


def _time_tables(module, optimizer, rows, labelled):
    """Time forward pass, backward pass and update of the tables alone."""
    joined = set(module.table.parameters())
    alone = [w for w in optim_groups(module)["sparse"] if w not in joined]
    optimizer.zero_grad()
    start = perf_counter()
    with without_gradients(optimizer):
        products = [*module.table(rows, labelled).products.values()]
        products += [sparse_product(weight, rows) for weight in alone]
        torch.autograd.backward(products, [torch.ones_like(p) for p in products])
        optimizer.step()
    return perf_counter() - start


def copy_speed():
    """Return the bytes per second that copying memory reads and writes."""
    source = torch.ones(COPIED)
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(5):
        start = perf_counter()
        target.copy_(source)
        best = min(best, perf_counter() - start)
    return 2 * source.nbytes / best
