"""Fit in one process and in several of torchrun; search on local clusters.

Losses of all epochs and scores on the test split are compared with those of one
process. The machine has few cores, so the wall time says little about a cluster; CPU
seconds of a process say what is divided, and what every process repeats.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.options import Option, common, names
from benchmarks.results import markdown_table

NETWORKS = {"bag": {}, "conv": {"trunk": "conv"}}
BACKENDS = {
    "sequential": "one process",
    "loky": "joblib's own, two processes",
    "dask": "Dask, two workers",
    "ray": "Ray, two workers",
}
PARTS = ("fits", "searches")
OPTIONS = [
    *common(threads=1, sets=["edos"]),
    Option("parts", "what to measure", names, among=PARTS),
    Option("networks", "of the fits", names, among=tuple(NETWORKS)),
    Option("backends", "of the searches", names, among=tuple(BACKENDS)),
    Option("processes", "number of processes", int, 2),
    Option("candidates", "values of alpha in a search", int, 4),
]


def run(context):
    for name in context.sets:
        if "fits" in context.parts:
            yield from fits(context, name)
        if "searches" in context.parts:
            yield from searches(context, name)


def fits(context, name):
    for network in context.networks:
        place = {
            "folder": str(context.data),
            "name": name,
            "parameters": NETWORKS[network],
        }
        alone, together = (
            context.call("fit", arguments=place, n_processes=n)
            for n in (1, context.processes)
        )
        together["largest_difference_of_losses"] = max(
            abs(own - other)
            for own, other in zip(alone["losses"], together["losses"], strict=True)
        )
        for kind, found in (("alone", alone), ("together", together)):
            yield ("fits", name, network, kind), found
        yield ("fits", name, network, "machine"), context.machine()


def searches(context, name):
    for backend in context.backends:
        found = context.call(
            "search",
            folder=str(context.data),
            name=name,
            backend=backend,
            n_workers=context.processes,
            n_candidates=context.candidates,
        )
        yield ("searches", name, backend), found
        yield ("searches", name, "machine"), context.machine()


def fit(arguments, n_processes):
    """Fit in new processes, and return what the first of them found."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "result.json")
        own = ["-m", "benchmarks.processes", json.dumps(arguments), str(file)]
        if n_processes > 1:
            number = str(n_processes)
            launcher = ["-m", "torch.distributed.run", "--nproc-per-node", number]
            own = [*launcher, *own]
        subprocess.run([sys.executable, *own], check=True)
        return json.loads(file.read_text(encoding="utf-8"))


def search(folder, name, backend, n_workers, n_candidates):
    """Search alpha by GridSearchCV; return seconds and scores."""
    import time
    from contextlib import ExitStack

    import joblib
    import numpy as np
    import pandas as pd
    from sklearn.model_selection import GridSearchCV

    from benchmarks.data import load_set
    from sklearn_mtl import MultiTaskTextClassifier
    from sklearn_mtl.metrics import multitask_scorer
    from sklearn_mtl.model_selection import MultiTaskStratifiedKFold

    texts, labels = load_set(folder, name, ("train",)).splits["train"]
    texts, labels = pd.Series(texts), pd.DataFrame(labels)
    found = GridSearchCV(
        MultiTaskTextClassifier(random_state=0),
        {"alpha": [0.0, *np.logspace(-4, -2, n_candidates - 1)]},
        cv=MultiTaskStratifiedKFold(2, shuffle=True, random_state=0),
        scoring=multitask_scorer("f1_macro"),
        refit=False,
        n_jobs=n_workers,
    )
    with ExitStack() as stack:
        if backend == "dask":
            from distributed import Client, LocalCluster

            cluster = LocalCluster(
                n_workers=n_workers, threads_per_worker=1, dashboard_address=None
            )
            stack.enter_context(cluster)
            stack.enter_context(Client(cluster))
        if backend == "ray":
            import ray
            from ray.util.joblib import register_ray

            register_ray()
            ray.init(num_cpus=n_workers, include_dashboard=False)
            stack.callback(ray.shutdown)
        stack.enter_context(joblib.parallel_config(backend))
        start = time.perf_counter()
        found.fit(texts, labels)
        seconds = time.perf_counter() - start
    scores = {
        key: column.tolist()
        for key, column in found.cv_results_.items()
        if "_test_" in key
    }
    return {"seconds": seconds, "scores": scores}


def section(results):
    parts = ["## Several processes and clusters"]
    parts.append(
        "On a machine with two cores, on which other work ran: wall times say little "
        "about a cluster."
    )
    rows = []
    for name, networks in results.get("fits", {}).items():
        for network, found in networks.items():
            alone, together = found["alone"], found["together"]
            rows.append(
                [
                    f"{name}, {network}",
                    f"{alone['seconds']:.0f} / {together['seconds']:.0f}",
                    f"{alone['cpu_seconds']:.0f} / {together['cpu_seconds']:.0f}",
                    f"{together['largest_difference_of_losses']:.0e}",
                    f"{100 * (together['macro_f1'] - alone['macro_f1']):+.2f}",
                ]
            )
    if rows:
        header = ["fit", "seconds", "CPU seconds of a process", "losses", "macro-F1"]
        parts += [
            "A fit in one process / in two that `torchrun` starts; the largest "
            "difference of the losses of all epochs; and the difference of macro-F1 on "
            "the test split, in points:",
            markdown_table(header, rows),
        ]
    for name, found in results.get("searches", {}).items():
        serial = found["sequential"]
        rows = [
            [
                label,
                f"{found[key]['seconds']:.0f}",
                "yes" if found[key]["scores"] == serial["scores"] else "no",
            ]
            for key, label in BACKENDS.items()
            if key in found
        ]
        parts += [
            f"`GridSearchCV` on {name}, {len(serial['scores']['mean_test_mean'])} "
            "candidates and two folds:",
            markdown_table(["where", "seconds", "scores of one process"], rows),
        ]
    return parts
