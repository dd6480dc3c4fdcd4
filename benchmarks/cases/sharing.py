"""Does compare_sharing find whether sharing helps? On synthetic tasks and a real set.

The synthetic tasks are fully related or unrelated, so the right answer is known; the
real ones are the domains of a set of reviews.
"""

from benchmarks.data import load_set
from benchmarks.options import Option, common

# Few labels per task, so that tasks can gain from each other.
MADE_UP = {
    "n_samples": 1200,
    "n_tasks": 8,
    "missing_rate": 0.85,
    "n_words": 3000,
    "length": 30,
}
RELATEDNESS = (1.0, 0.0)
OPTIONS = [
    *common(needs_data=False, seeds=10, sets=["fdu_mtl"]),
    Option("first_seed", "first seed of the synthetic tasks", int, 0),
    Option("folds", "folds of the comparison", int, 5),
    Option("jobs", "processes of the comparison", int, 2),
]


def run(context):
    from sklearn_mtl.datasets import make_multitask_texts

    yield ("made up", "settings"), MADE_UP
    for seed in range(context.first_seed, context.seeds):
        for relatedness in RELATEDNESS:
            texts, labels = make_multitask_texts(
                **MADE_UP, relatedness=relatedness, random_state=seed
            )
            found = compare(texts, labels, context, linear=None)
            case = f"relatedness {relatedness:g}"
            kept = context.results()["made up"].get(case, {"runs": {}})["runs"]
            runs = {**kept, str(seed): found}
            yield ("made up", case), {"runs": runs, **summary(runs.values())}
    for name in context.sets if context.data else ():
        yield (name,), real(context, name)


def summary(runs):
    """Count verdicts, and return the mean difference over data sets with its interval.

    The data sets of a case are independent of each other (the folds of one set are
    not), so Student's interval over them is valid.
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


def real(context, name):
    import numpy as np

    texts, labels = load_set(context.data, name, ("train",)).splits["train"]
    table = {task: np.array(cells, dtype=object) for task, cells in labels.items()}
    found = compare(texts, table, context, linear="auto")
    return {**found, "machine": context.machine()}


def compare(texts, labels, context, linear):
    from sklearn_mtl import MultiTaskTextClassifier
    from sklearn_mtl.model_selection import compare_sharing

    found = compare_sharing(
        MultiTaskTextClassifier(),
        texts,
        labels,
        cv=context.folds,
        n_seeds=1,
        linear=linear,
        n_jobs=context.jobs,
    )
    return {"verdict": found.verdict, "scores": found.to_dict()}


def section(results):
    lines = []
    for name, found in results.items():
        if "verdict" in found:
            lines.append(f"- {name}: {found['verdict']}")
            continue
        for case, runs in found.items():
            if isinstance(runs, dict) and "verdicts" in runs:
                counts = ", ".join(f"{t} {n}" for t, n in runs["verdicts"].items())
                gap = runs["mean_difference"]
                low, high = gap["interval"]
                lines.append(
                    f"- {name}, {case}: shared minus separate {gap['mean']:+.3f} "
                    f"[{low:+.3f}, {high:+.3f}] over {gap['data_sets']} data sets; "
                    f"single verdicts: {counts}."
                )
    return [
        "## Whether sharing helps",
        "Verdicts of `compare_sharing` on a real set, and on synthetic tasks that are "
        "fully related or unrelated. For synthetic tasks, intervals are over data "
        "sets; single verdicts use the folds of one data set.",
        "\n".join(lines),
    ]
