"""Does compare_sharing find what there is? On made-up tasks, and on a real set.

The made-up tasks are related fully or not at all, so that it is known what is to be
found; the real ones are the domains of a set of reviews.
"""

import argparse

from _data import find_sets, load_set
from _measure import machine_facts
from _results import RESULTS, read_results, write_results

MADE_UP = {
    "n_samples": 1500,
    "n_tasks": 6,
    "missing_rate": 0.5,
    "n_words": 3000,
    "length": 30,
}


def main():
    options = read_options()
    results = read_results(options.output)
    if options.seeds:
        results["made up"] = {**made_up(options), "settings": MADE_UP}
        write_results(options.output, results)
    if options.data:
        results[options.set] = real(options)
        write_results(options.output, results)


def made_up(options):
    from sklearn_mtl.datasets import make_multitask_texts

    found = {}
    for relatedness in (1.0, 0.0):
        rows = []
        for seed in range(options.seeds):
            texts, labels = make_multitask_texts(
                **MADE_UP, relatedness=relatedness, random_state=seed
            )
            rows.append(compare(texts, labels, options, linear=None))
            print(f"relatedness {relatedness}, seed {seed}: {rows[-1]['verdict']}")
        verdicts = [row["verdict"].partition(":")[0] for row in rows]
        found[f"relatedness {relatedness:g}"] = {
            "verdicts": {text: verdicts.count(text) for text in sorted(set(verdicts))},
            "runs": rows,
        }
    return found


def real(options):
    import numpy as np

    texts, labels = load_set(options.data, options.set, ("train",)).splits["train"]
    table = {name: np.array(cells, dtype=object) for name, cells in labels.items()}
    found = compare(texts, table, options, linear="auto")
    print(f"{options.set}: {found['verdict']}")
    return {**found, "machine": machine_facts(1)}


def compare(texts, labels, options, linear):
    from sklearn_mtl import MultiTaskTextClassifier
    from sklearn_mtl.model_selection import compare_sharing

    found = compare_sharing(
        MultiTaskTextClassifier(),
        texts,
        labels,
        cv=options.folds,
        n_seeds=1,
        linear=linear,
        n_jobs=options.jobs,
    )
    return {"verdict": found.verdict, "scores": found.to_dict()}


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=None, metavar="DIR")
    parser.add_argument("--set", default="fdu_mtl", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=10, metavar="N")
    parser.add_argument("--folds", type=int, default=5, metavar="N")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--output", default=RESULTS / "sharing.json", metavar="FILE")
    options = parser.parse_args()
    if options.data and options.set not in (found := find_sets(options.data)):
        parser.error(f"no {options.set} in {options.data}; there are {found}")
    return options


if __name__ == "__main__":
    main()
