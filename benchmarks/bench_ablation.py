"""Change one part of the default at a time: what it gives, and what it costs.

Every variant is fitted on the train split and scored on the dev split, on which the
defaults were chosen; the test split is not read. Prints the means over sets as
differences to the default, and the macro-F1 of each set.
"""

import argparse
from statistics import mean

from _data import find_sets
from _measure import in_fresh_process, machine_facts
from _measured import ablation_table
from _results import RESULTS, read_results, write_results


def main():
    options = read_options()
    labels = in_fresh_process("_ablation:labels", {}, threads=1)
    for change in options.changes or labels:
        for name in options.sets:
            runs = [
                in_fresh_process(
                    "_ablation:measure",
                    {
                        "change": change,
                        "folder": options.data,
                        "name": name,
                        "seed": seed,
                    },
                    threads=options.threads,
                )
                for seed in range(options.seeds)
            ]
            row = {key: mean(run[key] for run in runs) for key in runs[0]}
            # Read again and written at once: a long benchmark may be interrupted.
            results = read_results(options.output)
            results["machine"] = machine_facts(options.threads)
            results["labels"] = labels
            results.setdefault("changes", {}).setdefault(change, {})[name] = {
                **row,
                "seeds": options.seeds,
            }
            write_results(options.output, results)
    print(ablation_table(read_results(options.output)))


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="DIR")
    parser.add_argument("--sets", type=names, metavar="NAME,...", help="default: all")
    parser.add_argument(
        "--changes", type=names, metavar="NAME,...", help="keys of _ablation.CHANGES"
    )
    parser.add_argument("--seeds", type=int, default=2, metavar="N")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument("--output", default=RESULTS / "ablation.json", metavar="FILE")
    options = parser.parse_args()
    options.sets = options.sets or find_sets(options.data)
    return options


def names(text):
    return text.split(",")


if __name__ == "__main__":
    main()
