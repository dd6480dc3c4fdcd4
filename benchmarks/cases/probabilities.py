"""Probabilities: log loss, calibration error and reliability of the default.

The default estimator is compared with a LogisticRegression for each task, with the
defaults of scikit-learn, over TF-IDF of words and word pairs. Both are fitted to the
train split and scored on the test split. Where LogisticRegression would take hours for
all tasks (debtags), a few tasks are compared.

Log loss is computed on cells whose class occurs in train. Calibration error (Guo et al.
2017) is that of the most probable class in 15 bins. Differences have the 95% interval
of a paired bootstrap over test rows, which scores all seeds of a system on each draw.
"""

from itertools import chain
from statistics import mean
from tempfile import TemporaryDirectory

from benchmarks.data import load_set
from benchmarks.options import common
from benchmarks.results import (
    PROBABILITY_SCORES,
    markdown_table,
    prediction_file,
    signed,
    task_means,
)
from benchmarks.systems import OURS, SYSTEMS

PEER = "logistic"
OPTIONS = common(seeds=5, threads=1)


def run(context):
    for name in context.sets:
        with TemporaryDirectory() as folder:
            seeds, systems = {}, {}
            for system in (OURS, PEER):
                seeds[system] = seeds_of(context, system)
                runs = [
                    context.call(
                        "measure",
                        system=system,
                        folder=context.data,
                        name=name,
                        seed=seed,
                        kept=folder,
                    )
                    for seed in seeds[system]
                ]
                systems[system] = summarise(runs, context)
            found = context.call(
                "probabilities:difference",
                folder=folder,
                name=name,
                seeds=seeds,
                ours=OURS,
                peer=PEER,
            )
        yield (name,), {"systems": systems, "differences": found}


def seeds_of(context, system):
    return list(range(context.seeds if SYSTEMS[system].seeded else 1))


def measure(system, folder, name, seed, kept):
    """Fit a system and score its probabilities; runs in a separate process."""
    from benchmarks.probabilities import keep, reliability, score_probabilities
    from benchmarks.systems import make_model, tasks_of, timed_fit

    splits = load_set(folder, name, ("train", "test")).splits
    train, test = splits["train"], splits["test"]
    labels = {task: train.labels[task] for task in tasks_of(system, name, train.labels)}
    model = make_model(system, seed)
    seconds, warned = timed_fit(model, train.texts, labels)
    probabilities = model.predict_proba(test.texts)
    keep(prediction_file(kept, name, system, seed), test.labels, probabilities)
    tasks = score_probabilities(test.labels, probabilities)
    return {
        "seed": seed,
        **task_means(tasks, PROBABILITY_SCORES),
        "seconds": seconds,
        "warnings": warned,
        "tasks": tasks,
        "reliability": reliability(test.labels, probabilities),
    }


def summarise(runs, context):
    """Return means over runs, and reliability of the cells of all runs."""
    tasks = {
        task: {key: mean(run["tasks"][task][key] for run in runs) for key in scores}
        for task, scores in runs[0]["tasks"].items()
    }
    keys = [key for key in (*PROBABILITY_SCORES, "seconds") if key in runs[0]]
    return {
        **{key: mean(run[key] for run in runs) for key in keys},
        "tasks": tasks,
        "reliability": pooled([run["reliability"] for run in runs]),
        "runs": [
            {key: run[key] for key in ("seed", *keys, "warnings")} for run in runs
        ],
        "machine": context.machine(),
    }


def pooled(runs):
    """Return the bins of reliability over the cells of all runs."""
    bins = {}
    for part in chain.from_iterable(runs):
        total = bins.setdefault(part["up_to"], [0, 0.0, 0.0])
        for place, weight in enumerate((1, part["probability"], part["accuracy"])):
            total[place] += part["cells"] * weight
    return [
        {"up_to": up_to, "cells": n, "probability": p / n, "accuracy": right / n}
        for up_to, (n, p, right) in sorted(bins.items())
    ]


def section(results):
    counts = {len(found["systems"][OURS]["runs"]) for found in results.values()}
    return [
        "## Probabilities",
        "Log loss and calibration error on the test split, means over tasks; ours are "
        f"also means over {' or '.join(map(str, sorted(counts)))} seed(s). Where "
        "LogisticRegression would take hours for all tasks, both use the tasks with "
        "the fewest classes. Differences are paired, with 95% intervals over test "
        "rows.",
        show(results),
        "Reliability of the most probable class, by range of its probability, over all "
        "tasks: number of cells, then mean probability and accuracy.",
        reliability_table(results),
    ]


def show(results):
    """Return a row for each set: both scores of both systems, and differences."""
    rows = []
    for name, found in results.items():
        systems = found["systems"]
        common_tasks = systems[PEER]["tasks"]
        row = [f"{name}, {len(common_tasks)} tasks"]
        for key in PROBABILITY_SCORES:
            for system in (OURS, PEER):
                tasks = {task: systems[system]["tasks"][task] for task in common_tasks}
                row.append(f"{task_means(tasks, [key])[key]:.3f}")
            row.append(signed(found["differences"][key], 1, 3))
        rows.append(row)
    header = ["set"]
    for words in ("log loss", "calibration error"):
        header += [f"{words}, ours", f"{words}, LogisticRegression", "ours minus it"]
    return markdown_table(header, rows)


def reliability_table(results):
    """Return a row for each set and system, a column for each range."""
    ends = sorted({part["up_to"] for row in all_rows(results) for part in row[2]})
    rows = []
    for name, system, parts in all_rows(results):
        cells = {part["up_to"]: written(part) for part in parts}
        label = "ours" if system == OURS else "LogisticRegression"
        rows.append([f"{name}, {label}", *(cells.get(end, "-") for end in ends)])
    return markdown_table(["set", *(f"to {end:.2f}" for end in ends)], rows)


def all_rows(results):
    """Return set, system and bins of every measured system."""
    return [
        (name, system, row["reliability"])
        for name, found in results.items()
        for system, row in found["systems"].items()
    ]


def written(part):
    return f"{part['cells']:,}: {part['probability']:.2f}, {part['accuracy']:.2f}"
