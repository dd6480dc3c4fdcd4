"""Compare how evenly splitters divide the classes of all tasks, and how fast."""

import time

from benchmarks.data import load_set
from benchmarks.measure import Failed
from benchmarks.options import PEERS_PYTHON, Option, common
from benchmarks.results import markdown_table, scores_or_limit

OPTIONS = [
    *common(seeds=5),
    Option("rows", "rows of synthetic labels", int, 50_000),
    Option("limit", "seconds after which a process is stopped", float, 300.0),
    PEERS_PYTHON,
]


def run(context):
    places = {name: {"folder": context.data, "name": name} for name in context.sets}
    places[f"{context.rows:,} rows, 20 tasks"] = {"rows": context.rows, "tasks": 20}
    for name, place in places.items():
        results = {}
        for splitter in SPLIT:
            try:
                found = context.call(
                    "measure",
                    limit=context.limit,
                    python=context.peers_python if splitter == "iterative" else None,
                    splitter=splitter,
                    n_splits=5,
                    seeds=context.seeds,
                    **place,
                )
            except Failed as failure:
                found = {"failed": str(failure)}
            results[splitter] = found or {"over_seconds": context.limit}
        yield (name,), {**results, "machine": context.machine()}


def measure(splitter, n_splits, seeds, folder=None, name=None, rows=0, tasks=0):
    """Split a set or synthetic labels, and return seconds and the unevenness of folds.

    Returns
    -------
    result : dict
        ``deviation``: the absolute difference between a fold's share of the cells of a
        class and ``1 / n_splits``, mean over folds, classes, tasks and seeds; ``worst``
        is the largest such mean of a task.
    """
    import numpy as np

    if name:
        labels = load_set(folder, name, ("train",)).splits["train"].labels
        columns = [as_codes(cells) for cells in labels.values()]
    else:
        generator = np.random.default_rng(0)
        columns = [generator.integers(-1, 4, size=rows) for _ in range(tasks)]
    codes = np.column_stack(columns)
    deviations, seconds = [], []
    for seed in range(seeds):
        start = time.perf_counter()
        folds = SPLIT[splitter](codes, n_splits, seed)
        seconds.append(time.perf_counter() - start)
        deviations.append([unevenness(column, folds) for column in codes.T])
    means = np.mean(deviations, axis=0)
    return {
        "deviation": float(means.mean()),
        "worst": float(means.max()),
        "seconds": float(np.median(seconds)),
    }


def as_codes(cells):
    import numpy as np

    classes = {c: k for k, c in enumerate(sorted(set(cells) - {None}))}
    return np.array([classes.get(cell, -1) for cell in cells])


def unevenness(column, folds):
    import numpy as np

    counts = np.bincount(column[column >= 0])
    shares = np.array(
        [np.bincount(column[f][column[f] >= 0], minlength=len(counts)) for f in folds]
    )
    return np.abs(shares / counts - 1 / len(folds)).mean()


def ours(codes, n_splits, seed):
    import numpy as np

    from sklearn_mtl.model_selection import MultiTaskStratifiedKFold

    table = np.where(codes < 0, np.nan, codes)
    splitter = MultiTaskStratifiedKFold(n_splits, shuffle=True, random_state=seed)
    return [test for _, test in splitter.split(table, table)]


def iterative(codes, n_splits, seed):
    """iterative-stratification, which only supports binary indicator labels."""
    import numpy as np
    from iterstrat.ml_stratifiers import MultilabelStratifiedKFold

    indicators = np.column_stack(
        [column == code for column in codes.T for code in range(column.max() + 1)]
    ).astype(int)
    splitter = MultilabelStratifiedKFold(n_splits, shuffle=True, random_state=seed)
    return [test for _, test in splitter.split(indicators, indicators)]


def kfold(codes, n_splits, seed):
    from sklearn.model_selection import KFold

    splitter = KFold(n_splits, shuffle=True, random_state=seed)
    return [test for _, test in splitter.split(codes)]


SPLIT = {"ours": ours, "iterative": iterative, "kfold": kfold}


def section(results):
    labels = {
        "ours": "MultiTaskStratifiedKFold",
        "iterative": "iterative-stratification",
        "kfold": "KFold",
    }
    rows = []
    for name, found in results.items():
        cells = [scores_or_limit(found.get(key, {}), written) for key in labels]
        rows.append([name, *cells])
    return [
        "## Stratified folds",
        "Absolute difference between a fold's share of the cells of a class and one "
        "fifth, mean over folds, classes, tasks and seeds; and the seconds of a split "
        "into five. iterative-stratification gets a binary column for each class.",
        markdown_table(["set", *labels.values()], rows),
    ]


def written(row):
    return f"{row['deviation']:.4f}, {row['seconds']:.2f} s"
