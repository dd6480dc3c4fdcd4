"""Sentence embeddings of a small language model: alone, and beside words.

Needs requirements-embeddings.txt in the interpreter that `--python` names; the model
comes with one of its packages. Seconds of a fit are those of a network over embeddings
that are there already; making them is a row of its own.
"""

import argparse

from _data import find_sets
from _measure import in_fresh_process, machine_facts
from _measured import embeddings_table
from _results import RESULTS, read_results, write_results


def main():
    options = read_options()
    for name in options.sets.split(","):
        found = in_fresh_process(
            "_embeddings:measure",
            {
                "folder": options.data,
                "name": name,
                "split": options.split,
                "seeds": options.seeds,
                "weight": options.weight,
            },
            threads=options.threads,
            python=options.python,
        )
        results = read_results(options.output)
        results[name] = {
            **found,
            "weight": options.weight,
            "machine": machine_facts(options.threads),
        }
        write_results(options.output, results)
    print(embeddings_table(read_results(options.output)))


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="DIR")
    parser.add_argument("--sets", default="edos,intent4", metavar="NAME,...")
    parser.add_argument("--split", choices=("test", "dev"), default="test")
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument(
        "--weight", type=float, default=1.0, help="of embeddings beside words"
    )
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--python", metavar="FILE", help="default: this interpreter")
    parser.add_argument("--output", default=RESULTS / "embeddings.json", metavar="FILE")
    options = parser.parse_args()
    found = find_sets(options.data)
    if unknown := [name for name in options.sets.split(",") if name not in found]:
        parser.error(f"no {', '.join(unknown)} in {options.data}; there are {found}")
    return options


if __name__ == "__main__":
    main()
