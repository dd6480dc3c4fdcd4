"""Compare networks: trunks times ways to share, on every set.

Each is fitted with its defaults on the train split, in a process of its own, and scored
on the test split (the dev split while settings are chosen).
"""

import argparse
from statistics import mean

from _bootstrap import differences
from _data import find_sets
from _measure import in_fresh_process, machine_facts
from _measured import architectures_table, difference_lines
from _results import RESULTS, read_results, write_results


def main():
    options = read_options()
    labels = in_fresh_process("_architectures:labels", {}, threads=1)
    for architecture in options.architectures or labels:
        for name in options.sets:
            arguments = {
                "architecture": architecture,
                "folder": options.data,
                "name": name,
                "split": options.split,
                "predictions": options.predictions,
            }
            runs = [
                in_fresh_process(
                    "_architectures:measure",
                    {**arguments, "seed": seed},
                    threads=options.threads,
                    limit=options.limit,
                )
                for seed in range(options.seeds)
            ]
            if None in runs:
                row = {"over_seconds": options.limit}
            else:
                row = {key: mean(run[key] for run in runs) for key in runs[0]}
                row["runs"] = runs
            # Read again and written at once: a long benchmark may be interrupted.
            results = read_results(options.output)
            results["labels"] = labels
            rows = results.setdefault("architectures", {}).setdefault(architecture, {})
            rows[name] = {**row, "machine": machine_facts(options.threads)}
            write_results(options.output, results)
            shown = {k: v for k, v in row.items() if k != "runs"}
            print(architecture, name, shown, flush=True)
    print(architectures_table(read_results(options.output)))
    if options.against:
        write_differences(options)


def write_differences(options):
    """Write paired differences with 95% intervals, over the rows of the split."""
    others = [key for key in options.architectures if key != options.against]
    seeds = dict.fromkeys(options.architectures, range(options.seeds))
    for name in options.sets:
        found = differences(options.predictions, name, options.against, others, seeds)
        results = read_results(options.output)
        rows = results.setdefault("differences", {}).setdefault(name, {})
        for other, scores in found.items():
            # Of the other network minus the one that it is compared with.
            rows[f"{other} - {options.against}"] = {
                score: {
                    "difference": -part["difference"],
                    "low": -part["high"],
                    "high": -part["low"],
                }
                for score, part in scores.items()
            }
        write_results(options.output, results)
    print("\n".join(difference_lines(read_results(options.output))))


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="DIR")
    parser.add_argument("--sets", type=names, metavar="NAME,...", help="default: all")
    parser.add_argument(
        "--architectures",
        type=names,
        metavar="NAME,...",
        help="keys of _architectures.ARCHITECTURES",
    )
    parser.add_argument("--split", choices=("test", "dev"), default="test")
    parser.add_argument(
        "--predictions", metavar="DIR", help="keep what each network predicts there"
    )
    parser.add_argument(
        "--against",
        metavar="NAME",
        help="with --predictions: differences of the others to this one",
    )
    parser.add_argument("--seeds", type=int, default=1, metavar="N")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument(
        "--limit", type=float, metavar="SECONDS", help="end a process that takes longer"
    )
    parser.add_argument(
        "--output", default=RESULTS / "architectures.json", metavar="FILE"
    )
    options = parser.parse_args()
    options.sets = options.sets or find_sets(options.data)
    if options.against and not (
        options.predictions and options.against in (options.architectures or ())
    ):
        parser.error("--against names one of --architectures, and needs --predictions")
    return options


def names(text):
    return [name for name in text.split(",") if name]


if __name__ == "__main__":
    main()
