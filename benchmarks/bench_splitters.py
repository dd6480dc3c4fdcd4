"""Compare how evenly splitters divide the classes of all tasks, and how fast."""

import argparse

from _data import find_sets
from _measure import Failed, in_fresh_process, machine_facts
from _results import RESULTS, read_results, write_results
from _splitters import SPLITTERS

LARGE = {"rows": 50_000, "tasks": 20}


def main():
    options = read_options()
    places = {
        name: {"folder": options.data, "name": name} for name in find_sets(options.data)
    }
    results = read_results(options.output)
    for name, place in [*places.items(), ("50,000 rows, 20 tasks", LARGE)]:
        results[name] = {}
        for splitter in SPLITTERS:
            arguments = {
                **place,
                "splitter": splitter,
                "n_splits": 5,
                "seeds": options.seeds,
            }
            peer = splitter == "iterative"
            try:
                result = in_fresh_process(
                    "_splitters:measure",
                    arguments,
                    threads=1,
                    limit=options.limit,
                    python=options.peers_python if peer else None,
                )
            except Failed as failure:
                result = {"failed": str(failure)}
            results[name][splitter] = result or {"over_seconds": options.limit}
            print(name, splitter, results[name][splitter], flush=True)
        results[name]["machine"] = machine_facts(1)
        write_results(options.output, results)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="DIR")
    parser.add_argument("--seeds", type=int, default=5, metavar="N")
    parser.add_argument("--limit", type=float, default=300, metavar="SECONDS")
    parser.add_argument("--peers-python", default=None, metavar="PYTHON")
    parser.add_argument("--output", default=RESULTS / "splitters.json", metavar="FILE")
    return parser.parse_args()


if __name__ == "__main__":
    main()
