"""Does it help to know that classes have an order? On ordered tasks of real sets.

Each of them has one task. In disaster it is made of the columns of the set: how many of
14 kinds of aid a message asks for or tells of, from 0 to 4 or more. sst5 has sentences
of film reviews and a column "sentiment", from 0 (very negative) to 4 (very positive):
the Stanford Sentiment Treebank (Socher et al. 2013), whole sentences alone.

The same estimator is fitted to the train split with the task as "ordinal" and as
multiclass, its labels taken for mere names; the latter also without what it does for
rare classes, with the median of its probabilities for a label, and with a rate that was
tuned for this on the dev splits. Scored on the test split by the mean absolute error in
steps of the scale, Cohen's kappa with quadratic weights, accuracy and macro-F1.
"""

import argparse

from _data import find_sets
from _measure import in_fresh_process, machine_facts
from _measured import ordinal_table
from _ordinal import SYSTEMS, TASKS, difference, score
from _results import RESULTS, read_results, write_results


def main():
    options = read_options()
    for name in options.sets:
        runs = {}
        for system in SYSTEMS:
            runs[system] = [
                in_fresh_process(
                    "_ordinal:measure",
                    {
                        "system": system,
                        "folder": options.data,
                        "name": name,
                        "seed": seed,
                        "split": options.split,
                    },
                    threads=options.threads,
                )
                for seed in range(options.seeds)
            ]
            print(name, system, score(runs[system]), flush=True)
        results = read_results(options.output)
        results[name] = {
            "task": TASKS[name],
            "split": options.split,
            "rows": len(runs["ordinal"][0]["true"]),
            "systems": {system: score(own) for system, own in runs.items()},
            "differences": {
                system: difference(runs["ordinal"], own)
                for system, own in runs.items()
                if system != "ordinal"
            },
            "machine": machine_facts(options.threads),
        }
        write_results(options.output, results)
    print(ordinal_table(read_results(options.output)))


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="DIR")
    parser.add_argument(
        "--sets",
        type=lambda text: text.split(","),
        metavar="NAME,...",
        help=f"default: those of {', '.join(TASKS)} that are in DIR",
    )
    parser.add_argument("--split", choices=["dev", "test"], default="test")
    parser.add_argument("--seeds", type=int, default=5, metavar="N")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument("--output", default=RESULTS / "ordinal.json", metavar="FILE")
    options = parser.parse_args()
    found = [name for name in TASKS if name in find_sets(options.data)]
    options.sets = options.sets or found
    if not options.sets or not set(options.sets) <= set(found):
        parser.error(f"--sets must be among {found}, which are in {options.data}")
    return options


if __name__ == "__main__":
    main()
