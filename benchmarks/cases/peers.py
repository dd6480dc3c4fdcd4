"""Compare this estimator with its peers: scores, seconds, memory.

Every system is fitted on the train split and scored on the labelled cells of the test
split, each run in a separate process. Rows of other sets and systems stay in the
results file. With --predictions, paired differences between systems are computed;
--systems "" recomputes them from stored predictions.
"""

import sys
from pathlib import Path
from statistics import mean, stdev

from benchmarks.measure import Failed
from benchmarks.options import LIMIT, PEERS_PYTHON, PREDICTIONS, Option, common, names
from benchmarks.readme import tables
from benchmarks.results import (
    PROBABILITY_SCORES,
    SCORES,
    prediction_file,
    task_means,
    write_results,
)
from benchmarks.summary import summarise_sets
from benchmarks.systems import OURS, SYSTEMS

SECONDS = ("vectorise_seconds", "fit_seconds", "predict_seconds")
MEMORY = ("start_mib", "fit_peak_mib", "peak_mib")
OPTIONS = [
    *common(seeds=5, threads=2),
    Option("systems", "systems to run; default: all", names, among=tuple(SYSTEMS)),
    LIMIT,
    PREDICTIONS,
    PEERS_PYTHON,
]


def run(context):
    for name in context.sets:
        facts = context.call("systems:describe", folder=context.data, name=name)
        for system in context.systems:
            if SYSTEMS[system].same_labels and not facts["same_labels"]:
                continue
            row = run_system(context, system, name)
            rows = context.results().get(name, {}).get("systems", {}) | {system: row}
            rows = {key: rows[key] for key in SYSTEMS if key in rows}
            # Differences of replaced rows are no longer valid.
            yield (name,), {**facts, "systems": rows, "differences": {}}
        if context.predictions:
            result = context.results()[name]
            yield (name, "differences"), compare(name, result, context)
    summary = summarise_sets(context.results())
    write_results(Path(context.out).with_name("summary.json"), summary)


def run_system(context, system, name):
    """Return the row of a system: every run, and their summary."""
    python = context.peers_python if SYSTEMS[system].needs else None
    machine = context.call(
        "measure:machine_facts", python=python, threads=context.threads
    )
    row = {"system": SYSTEMS[system].label, "machine": machine}
    runs = []
    for seed in range(context.seeds if SYSTEMS[system].seeded else 1):
        print(f"{name}: {system}, seed {seed}", file=sys.stderr, flush=True)
        try:
            run = context.call(
                "systems:measure",
                limit=context.limit,
                python=python,
                system=system,
                folder=context.data,
                name=name,
                seed=seed,
                predictions=context.predictions,
            )
        except Failed as failure:
            return {**row, "failed": str(failure)}
        if run is None:
            return {**row, "over_seconds": context.limit}
        if "not_installed" in run:
            return {**row, **run}
        runs.append(run)
    return {**row, **summarise(runs)}


def summarise(runs):
    """Return means over runs (maxima of memory), and the spread of scores."""
    tasks = {
        task: {key: mean(run["tasks"][task][key] for run in runs) for key in scores}
        for task, scores in runs[0]["tasks"].items()
    }
    only_tasks = runs[0]["only_tasks"]
    for run in runs:
        del run["only_tasks"]
        run |= task_means(run.pop("tasks"), SCORES + PROBABILITY_SCORES)
    measured = [key for key in PROBABILITY_SCORES if key in runs[0]]
    summary = {
        key: mean(run[key] for run in runs) for key in (*SCORES, *measured, *SECONDS)
    }
    summary |= {key: max(run[key] for run in runs) for key in MEMORY}
    if len(runs) > 1:
        spread = {f"{key}_spread": stdev(run[key] for run in runs) for key in SCORES}
        summary |= spread
    if only_tasks:
        summary["only_tasks"] = only_tasks
    return {**summary, "runs": runs, "tasks": tasks}


def compare(name, result, context):
    """Return our scores minus those of the peers with stored predictions."""
    seeds = {
        system: [run["seed"] for run in row["runs"]]
        for system, row in result["systems"].items()
        if "runs" in row
        and all(
            prediction_file(context.predictions, name, system, run["seed"]).exists()
            for run in row["runs"]
        )
    }
    if OURS not in seeds:
        return {}
    print(f"{name}: bootstrap", file=sys.stderr, flush=True)
    compared = context.call(
        "scores:differences",
        folder=context.predictions,
        name=name,
        ours=OURS,
        peers=list(seeds),
        seeds=seeds,
    )
    kept = {}
    for peer, entry in compared.items():
        if is_of_these_rows(entry, result["systems"], peer):
            kept[peer] = entry
        else:
            print(f"{name}: {peer} was run again since its predictions were kept")
    return kept


def is_of_these_rows(entry, rows, peer):
    """Whether stored predictions reproduce the scores of the rows."""
    for key in SCORES:
        own, other = (
            mean(rows[system]["tasks"][task][key] for task in rows[peer]["tasks"])
            for system in (OURS, peer)
        )
        if abs(own - other - entry[key]["difference"]) > 1e-4:
            return False
    return True


def show(results):
    return tables(results, summarise_sets(results))
