"""How much of a batch is padding, and an epoch of ConvTrunk beside a bare torch loop.

The bare loop trains the same network on the same texts, in batches of the same size
that are put together by length as well.
"""

import argparse

from _data import find_sets
from _measure import in_fresh_process, machine_facts
from _results import RESULTS, read_results, write_results


def main():
    options = read_options()
    result = in_fresh_process(
        "_sequences:measure",
        {"folder": options.data, "name": options.set, "epochs": options.epochs},
        threads=options.threads,
    )
    results = read_results(options.output)
    results[options.set] = {**result, "machine": machine_facts(options.threads)}
    write_results(options.output, results)
    print(
        f"{options.set}: {result['padding']:.1%} of the places in a batch are padding "
        f"({result['padding_in_random_batches']:.1%} in random batches); an epoch "
        f"takes {result['ratio']:.2f} of a bare loop's time."
    )


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="DIR")
    parser.add_argument("--set", default="fdu_mtl", metavar="NAME")
    parser.add_argument("--epochs", type=int, default=3, metavar="N")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument("--output", default=RESULTS / "sequences.json", metavar="FILE")
    options = parser.parse_args()
    if options.set not in (found := find_sets(options.data)):
        parser.error(f"no {options.set} in {options.data}; there are {found}")
    return options


if __name__ == "__main__":
    main()
