"""Time a training epoch of the default net, beside one that reads dense rows.

The other net is the same but for ordinary ``nn.Linear`` input layers. skorch's own
``Dataset`` feeds it and makes every row dense; loss, rows and batch size are the same,
and plain gradient descent, which costs least, trains it. A few of its batches are
timed, and its epoch is extrapolated from them.
"""

import argparse

from _data import find_sets
from _measure import in_fresh_process, machine_facts
from _results import RESULTS, read_results, write_results


def main():
    options = read_options()
    for name in options.sets:
        result = in_fresh_process(
            "_epoch:measure",
            {"folder": options.data, "name": name, "n_batches": options.batches},
            threads=options.threads,
        )
        results = read_results(options.output)
        results[name] = {**result, "machine": machine_facts(options.threads)}
        write_results(options.output, results)
        print(
            f"{name}: {result['epoch_seconds']:.2f} s an epoch; over dense rows "
            f"{result['dense_epoch_seconds']:.0f} s, {result['ratio']:.1f} times as "
            f"long, extrapolated from {result['batches_timed']} of "
            f"{result['batches']} batches.",
            flush=True,
        )


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="DIR")
    parser.add_argument("--sets", default="fdu_mtl", metavar="NAME,...")
    parser.add_argument("--batches", type=int, default=20, metavar="N")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--output", default=RESULTS / "epoch.json", metavar="FILE")
    options = parser.parse_args()
    options.sets = options.sets.split(",")
    found = find_sets(options.data)
    if unknown := [name for name in options.sets if name not in found]:
        parser.error(f"no {', '.join(unknown)} in {options.data}; there are {found}")
    return options


if __name__ == "__main__":
    main()
