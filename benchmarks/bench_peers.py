"""Compare this estimator with its peers: scores, seconds, memory.

Every system is fitted on the train split and scored on the labelled cells of the test
split, each run in a process of its own. Prints a table per set and writes the rows to
the results file, where rows of other sets and systems stay.
"""

import argparse
import sys
from pathlib import Path
from statistics import mean, stdev

from _data import find_sets
from _measure import Failed, in_fresh_process
from _report import report
from _results import RESULTS, read_results, write_results
from _run import prediction_file
from _summary import summarise_sets
from _systems import OURS, SYSTEMS

SCORES = ("accuracy", "macro_f1")
SECONDS = ("vectorise_seconds", "fit_seconds", "predict_seconds")
MEMORY = ("start_mib", "fit_peak_mib", "peak_mib")


def main():
    options = read_options()
    for name in options.sets:
        facts = in_fresh_process(
            "_run:describe",
            {"folder": options.data, "name": name},
            threads=options.threads,
        )
        for system in options.systems:
            if SYSTEMS[system].same_labels and not facts["same_labels"]:
                continue
            row = run_system(system, name, options)
            # Read again and written at once: a long benchmark may be interrupted.
            results = read_results(options.output)
            result = results.get(name, {})
            rows = in_order(result.get("systems", {}) | {system: row})
            # Differences belong to rows as they were.
            results[name] = {**facts, "systems": rows, "differences": {}}
            write_results(options.output, results)
        results = read_results(options.output)
        if options.predictions:
            results[name]["differences"] = compare(name, results[name], options)
            write_results(options.output, results)
        print(report(name, results[name]), flush=True)
    summary = summarise_sets(read_results(options.output))
    write_results(options.output.with_name("summary.json"), summary)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="DIR")
    parser.add_argument(
        "--sets", type=names, metavar="NAME,...", help="default: all in DIR"
    )
    parser.add_argument(
        "--systems",
        type=names,
        default=list(SYSTEMS),
        metavar="NAME,...",
        help=f"default, and all there are: {', '.join(SYSTEMS)}",
    )
    parser.add_argument("--seeds", type=int, default=5, metavar="N")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument(
        "--limit",
        type=float,
        metavar="SECONDS",
        help="end a process that takes longer, reading the data included",
    )
    parser.add_argument(
        "--predictions",
        metavar="DIR",
        help="keep all predictions here, and compare systems by them",
    )
    parser.add_argument(
        "--peers-python",
        metavar="FILE",
        help="interpreter that has requirements-peers.txt; default: this one",
    )
    parser.add_argument(
        "--output", type=Path, default=RESULTS / "peers.json", metavar="FILE"
    )
    options = parser.parse_args()
    found = find_sets(options.data)
    if not found:
        parser.error(f"no folder in {options.data} holds a train.csv.gz")
    options.sets = options.sets or found
    for asked, there in [(options.systems, list(SYSTEMS)), (options.sets, found)]:
        if unknown := [name for name in asked if name not in there]:
            parser.error(f"there is no {', '.join(unknown)}, only {', '.join(there)}")
    return options


def names(text):
    return [name for name in text.split(",") if name]


def in_order(rows):
    return {system: rows[system] for system in SYSTEMS if system in rows}


def run_system(system, name, options):
    """Return the row of a system: every run, and what they come to."""
    python = options.peers_python if SYSTEMS[system].needs else None
    row = {
        "system": SYSTEMS[system].label,
        "machine": in_fresh_process(
            "_measure:machine_facts",
            {"threads": options.threads},
            threads=options.threads,
            python=python,
        ),
    }
    runs = []
    for seed in range(options.seeds if SYSTEMS[system].seeded else 1):
        print(f"{name}: {system}, seed {seed}", file=sys.stderr, flush=True)
        arguments = {
            "system": system,
            "folder": options.data,
            "name": name,
            "seed": seed,
            "predictions": options.predictions,
        }
        try:
            run = in_fresh_process(
                "_run:measure",
                arguments,
                threads=options.threads,
                limit=options.limit,
                python=python,
            )
        except Failed as failure:
            return {**row, "failed": str(failure)}
        if run is None:
            return {**row, "over_seconds": options.limit}
        if "not_installed" in run:
            return {**row, **run}
        runs.append(run)
    return {**row, **summarise(runs)}


def summarise(runs):
    """Return means over runs, but of memory the most, and the spread of scores."""
    tasks = {
        task: {key: mean(run["tasks"][task][key] for run in runs) for key in SCORES}
        for task in runs[0]["tasks"]
    }
    only_tasks = runs[0]["only_tasks"]
    for run in runs:
        del run["only_tasks"]
        scores = run.pop("tasks").values()
        run |= {key: mean(task[key] for task in scores) for key in SCORES}
    summary = {key: mean(run[key] for run in runs) for key in SCORES + SECONDS}
    summary |= {key: max(run[key] for run in runs) for key in MEMORY}
    if len(runs) > 1:
        spread = {f"{key}_spread": stdev(run[key] for run in runs) for key in SCORES}
        summary |= spread
    if only_tasks:
        summary["only_tasks"] = only_tasks
    return {**summary, "runs": runs, "tasks": tasks}


def compare(name, result, options):
    """Return our scores minus those of the peers whose predictions were kept."""
    seeds = {
        system: [run["seed"] for run in row["runs"]]
        for system, row in result["systems"].items()
        if "runs" in row
        and all(
            prediction_file(options.predictions, name, system, run["seed"]).exists()
            for run in row["runs"]
        )
    }
    if OURS not in seeds:
        return {}
    print(f"{name}: bootstrap", file=sys.stderr, flush=True)
    compared = in_fresh_process(
        "_bootstrap:differences",
        {
            "folder": options.predictions,
            "name": name,
            "ours": OURS,
            "peers": list(seeds),
            "seeds": seeds,
        },
        threads=options.threads,
    )
    kept = {}
    for peer, entry in compared.items():
        if is_of_these_rows(entry, result["systems"], peer):
            kept[peer] = entry
        else:
            print(f"{name}: {peer} was run again since its predictions were kept")
    return kept


def is_of_these_rows(entry, rows, peer):
    """Whether kept predictions give the scores of the rows, so that they belong."""
    for key in SCORES:
        own, other = (
            mean(rows[system]["tasks"][task][key] for task in rows[peer]["tasks"])
            for system in (OURS, peer)
        )
        if abs(own - other - entry[key]["difference"]) > 1e-4:
            return False
    return True


if __name__ == "__main__":
    main()
