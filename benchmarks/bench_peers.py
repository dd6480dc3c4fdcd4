"""Compare this estimator with linear models per task: scores, seconds, memory.

Every system is fitted on the train split with its defaults and scored on the labelled
cells of the test split, each run in a process of its own. Prints a table per set and
writes the rows to the results file, where rows of other sets and systems stay.
"""

import argparse
import sys
from collections import Counter
from statistics import mean, stdev

from _data import find_sets
from _measure import in_fresh_process, machine_facts
from _results import (
    RESULTS,
    above_start,
    is_over,
    markdown_table,
    over,
    read_results,
    score,
    seconds,
    write_results,
)
from _systems import SYSTEMS

SCORES = ("accuracy", "macro_f1")
SECONDS = ("vectorise_seconds", "fit_seconds", "predict_seconds")
MEMORY = ("start_mib", "fit_peak_mib", "peak_mib")
HEADER = (
    "system",
    "accuracy",
    "macro-F1",
    "vectorise s",
    "fit s",
    "predict s",
    "fit peak MiB",
    "above start MiB",
)


def main():
    options = read_options()
    for name in options.sets:
        facts = in_fresh_process(
            "_systems:describe",
            {"folder": options.data, "name": name},
            threads=options.threads,
        )
        for system in options.systems:
            if SYSTEMS[system].same_labels and not facts["same_labels"]:
                print(f"{name}: no {system}, labels differ", file=sys.stderr)
                continue
            row = run_system(system, name, options)
            # Read again and written at once: a long benchmark may be interrupted.
            results = read_results(options.output)
            rows = results.get(name, {}).get("systems", {}) | {system: row}
            results[name] = {**facts, "systems": in_order(rows)}
            write_results(options.output, results)
        print(report(name, read_results(options.output)[name]), flush=True)


def read_options():
    usual = [key for key, system in SYSTEMS.items() if not system.optional]
    available = f"of {', '.join(SYSTEMS)}; default: {', '.join(usual)}"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="DIR")
    parser.add_argument(
        "--sets", type=names, metavar="NAME,...", help="default: all in DIR"
    )
    parser.add_argument(
        "--systems", type=names, default=usual, metavar="NAME,...", help=available
    )
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument(
        "--limit",
        type=float,
        metavar="SECONDS",
        help="end a process that takes longer, reading the data included",
    )
    parser.add_argument("--output", default=RESULTS / "peers.json", metavar="FILE")
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
    return text.split(",")


def in_order(rows):
    return {system: rows[system] for system in SYSTEMS if system in rows}


def run_system(system, name, options):
    """Return the row of a system: every run, and what they come to."""
    row = {
        "system": SYSTEMS[system].label,
        "machine": machine_facts(options.threads),
    }
    runs = []
    for seed in range(options.seeds if SYSTEMS[system].seeded else 1):
        print(f"{name}: {system}, seed {seed}", file=sys.stderr, flush=True)
        run = in_fresh_process(
            "_systems:measure",
            {"system": system, "folder": options.data, "name": name, "seed": seed},
            threads=options.threads,
            limit=options.limit,
        )
        if run is None:
            return {**row, "over_seconds": options.limit}
        runs.append(run)
    return {**row, **summarise(runs)}


def summarise(runs):
    """Return means over runs, but of memory the most, and the spread of scores."""
    tasks = {
        task: {key: mean(run["tasks"][task][key] for run in runs) for key in SCORES}
        for task in runs[0]["tasks"]
    }
    for run in runs:
        scores = run.pop("tasks").values()
        run |= {key: mean(task[key] for task in scores) for key in SCORES}
    summary = {key: mean(run[key] for run in runs) for key in SCORES + SECONDS}
    summary |= {key: max(run[key] for run in runs) for key in MEMORY}
    if len(runs) > 1:
        spread = {f"{key}_spread": stdev(run[key] for run in runs) for key in SCORES}
        summary |= spread
    return {**summary, "runs": runs, "tasks": tasks}


def report(name, result):
    """Return the table of a set, with what must be known to read it."""
    rows = result["systems"].values()
    lines = [
        f"## {name}",
        "",
        f"{result['train_texts']} texts to learn from, {result['test_texts']} to score "
        f"on; {result['tasks']} tasks.",
    ]
    if result["left_out"]:
        lines.append(f"One class in train, left out: {', '.join(result['left_out'])}.")
    lines += ["", markdown_table(HEADER, map(table_row, rows)), ""]
    for row in rows:
        caught = sum(
            (Counter(run["warnings"]) for run in row.get("runs", [])), Counter()
        )
        for category, count in caught.items():
            lines.append(f"{row['system']}: {count} {category}")
    return "\n".join(lines)


def table_row(row):
    if is_over(row):
        return [row["system"], *[over(row)] * (len(HEADER) - 1)]
    return [
        row["system"],
        score(row, "accuracy"),
        score(row, "macro_f1"),
        *[seconds(row[key]) for key in SECONDS],
        f"{row['fit_peak_mib']:,.0f}",
        f"{above_start(row):,.0f}",
    ]


if __name__ == "__main__":
    main()
