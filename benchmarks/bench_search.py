"""Time the search of loss weights: plain, with a cache of rows, and in one pass."""

import argparse

from _data import find_sets
from _measure import in_fresh_process, machine_facts
from _results import RESULTS, read_results, write_results
from _search import SYSTEMS, VECTORIZERS


def main():
    options = read_options()
    for system in options.systems:
        run = in_fresh_process(
            "_search:measure",
            {
                "folder": options.data,
                "name": options.set,
                "system": system,
                "vectorizer": options.vectorizer,
                "n_candidates": options.candidates,
                "n_splits": options.splits,
                "seed": 0,
            },
            threads=options.threads,
        )
        # Read again and written at once: a long benchmark may be interrupted.
        results = read_results(options.output)
        place = options.set
        if options.vectorizer != VECTORIZERS[0]:
            place += f", {options.vectorizer}"
        runs = results.setdefault(place, {})
        runs |= {system: run, "machine": machine_facts(options.threads)}
        compare(run, runs["grid"])
        write_results(options.output, results)
        print(
            f"{place}, {system}: {run['seconds']:.1f} s, "
            f"{run['ratio']:.2f} of a plain search; scores differ by up to "
            f"{run['largest_difference']:.5f}.",
            flush=True,
        )


def compare(run, plain):
    """Add to a run how it compares with the plain search."""
    run["ratio"] = run["seconds"] / plain["seconds"]
    run["same_ranking"] = run["ranking"] == plain["ranking"]
    run["largest_difference"] = max(
        abs(own - other)
        for name, values in run["scores"].items()
        for own, other in zip(values, plain["scores"][name], strict=True)
        if own == own  # no row is labelled throughout, so none is matched exactly
    )


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="DIR")
    parser.add_argument("--set", default="intent4", metavar="NAME")
    parser.add_argument(
        "--systems",
        type=lambda text: text.split(","),
        default=list(SYSTEMS),
        metavar="NAME,...",
        help="default: %(default)s; the first is what others are compared with",
    )
    parser.add_argument("--vectorizer", choices=VECTORIZERS, default=VECTORIZERS[0])
    parser.add_argument("--candidates", type=int, default=8, metavar="N")
    parser.add_argument("--splits", type=int, default=3, metavar="N")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--output", default=RESULTS / "search.json", metavar="FILE")
    options = parser.parse_args()
    found = find_sets(options.data)
    if options.set not in found:
        parser.error(f"no {options.set} in {options.data}; there are {found}")
    return options


if __name__ == "__main__":
    main()
