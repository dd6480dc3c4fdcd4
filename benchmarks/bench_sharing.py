"""Does compare_sharing find what there is? On made-up tasks, and on a real set.

The made-up tasks are related fully or not at all, so that it is known what is to be
found; the real ones are the domains of a set of reviews.
"""

import argparse

from _data import find_sets, load_set
from _measure import machine_facts
from _results import RESULTS, read_results, write_results

# Little is known of each task, so that there is something to be had from the others.
MADE_UP = {
    "n_samples": 1200,
    "n_tasks": 8,
    "missing_rate": 0.85,
    "n_words": 3000,
    "length": 30,
}
RELATEDNESS = (1.0, 0.0)


def main():
    options = read_options()
    for seed in range(options.first_seed, options.seeds):
        for relatedness in RELATEDNESS:
            found = made_up(relatedness, seed, options)
            # Read again and written at once: a long benchmark may be interrupted.
            results = read_results(options.output)
            part = results.setdefault("made up", {"settings": MADE_UP})
            case = part.setdefault(f"relatedness {relatedness:g}", {"runs": {}})
            case["runs"][str(seed)] = found
            case |= summary(case["runs"].values())
            write_results(options.output, results)
            print(f"relatedness {relatedness:g}, seed {seed}: {found['verdict']}")
            print(f"  so far: {case['mean_difference']}", flush=True)
    if options.data:
        results = read_results(options.output)
        results[options.set] = real(options)
        write_results(options.output, results)


def made_up(relatedness, seed, options):
    from sklearn_mtl.datasets import make_multitask_texts

    texts, labels = make_multitask_texts(
        **MADE_UP, relatedness=relatedness, random_state=seed
    )
    return compare(texts, labels, options, linear=None)


def summary(runs):
    """Count verdicts, and take the mean difference of data sets with its interval.

    The data sets of a case are independent of each other, as the folds of one are not,
    so Student's interval over them holds.
    """
    from statistics import mean, stdev

    from scipy.stats import t

    runs = list(runs)
    verdicts = [run["verdict"].partition(":")[0] for run in runs]
    gaps = [run["scores"]["mean"]["minus_separate"] for run in runs]
    middle, half = float(mean(gaps)), None
    if len(gaps) > 1:
        half = float(t.ppf(0.975, len(gaps) - 1) * stdev(gaps) / len(gaps) ** 0.5)
    return {
        "verdicts": {text: verdicts.count(text) for text in sorted(set(verdicts))},
        "mean_difference": {
            "mean": middle,
            "interval": None if half is None else [middle - half, middle + half],
            "data_sets": len(gaps),
        },
    }


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
    parser.add_argument("--first-seed", type=int, default=0, metavar="N")
    parser.add_argument("--folds", type=int, default=5, metavar="N")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--output", default=RESULTS / "sharing.json", metavar="FILE")
    options = parser.parse_args()
    if options.data and options.set not in (found := find_sets(options.data)):
        parser.error(f"no {options.set} in {options.data}; there are {found}")
    return options


if __name__ == "__main__":
    main()
