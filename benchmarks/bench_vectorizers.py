"""Time the fast TF-IDF vectorizer beside scikit-learn's, and compare their results.

Each vectorizer is fitted to the texts of the train split and transforms them twice, in
a process of its own. The matrices must agree to the last bit, or the run ends there.
"""

import argparse

from _data import find_sets
from _measure import in_fresh_process, machine_facts
from _results import RESULTS, markdown_table, read_results, seconds, write_results

SYSTEMS = ("scikit-learn", "fast")
FEATURES = ("words 1-2", "char_wb 2-5")
TIMES = ("fit_transform_seconds", "transform_seconds", "transform_again_seconds")


def main():
    options = read_options()
    table = []
    for name in options.sets:
        for features in FEATURES:
            rows = measure_pair(options, name, features)
            results = read_results(options.output)
            results.setdefault(name, {})[features] = rows
            results[name]["machine"] = machine_facts(options.threads)
            write_results(options.output, results)
            table.append([f"{name}, {features}", *cells_of(rows)])
    header = ["set, features"]
    for kind in ("fit_transform", "transform", "transform again"):
        header += [f"{kind}: scikit-learn", "fast", "ratio"]
    print(markdown_table(header, table))


def measure_pair(options, name, features):
    """Return the measurements of both vectorizers, whose results are the same."""
    rows = {}
    for system in SYSTEMS:
        rows[system] = in_fresh_process(
            "_vectorizers:measure",
            {
                "folder": options.data,
                "name": name,
                "features": features,
                "system": system,
            },
            threads=options.threads,
        )
    prints = {row.pop("fingerprint") for row in rows.values()}
    if len(prints) > 1:
        raise SystemExit(f"{name}, {features}: the matrices differ.")
    return rows


def cells_of(rows):
    cells = []
    for kind in TIMES:
        theirs, ours = (rows[system][kind] for system in SYSTEMS)
        cells += [seconds(theirs), f"{ours:.2f}", f"{theirs / ours:.1f}"]
    return cells


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="DIR")
    parser.add_argument("--sets", metavar="NAME,NAME", help="all by default")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument(
        "--output", default=RESULTS / "vectorizers.json", metavar="FILE"
    )
    options = parser.parse_args()
    found = find_sets(options.data)
    options.sets = options.sets.split(",") if options.sets else found
    if unknown := set(options.sets) - set(found):
        parser.error(f"no sets {sorted(unknown)} in {options.data}; there are {found}")
    return options


if __name__ == "__main__":
    main()
