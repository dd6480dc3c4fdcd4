"""Does it help to know that classes are ordered? On ordered tasks of real sets.

Each set has one task. In disaster it is derived from the columns of the set: the number
of 14 kinds of aid that a message mentions, from 0 to 4 or more. sst5 has sentences of
film reviews and a column "sentiment", from 0 (very negative) to 4 (very positive): the
whole sentences of the Stanford Sentiment Treebank (Socher et al. 2013).

The same estimator is fitted to the train split with the task as "ordinal" and as
multiclass, which ignores the order. Multiclass variants: without logit adjustment, with
the median of the probabilities as the label, and with a learning rate tuned for this on
the dev splits. Scores on the test split: mean absolute error in steps of the scale,
Cohen's kappa with quadratic weights, accuracy and macro-F1.
"""

from benchmarks.data import load_set
from benchmarks.options import SPLIT, common
from benchmarks.results import markdown_table

LABELS = {
    "ordinal": "ordinal",
    "categorical": "categorical, the default",
    "unadjusted": "categorical, `logit_adjustment=0`",
    "median": "the same, and the median of its probabilities",
    "slow_median": "the same, and `learning_rate_init=25`",
}
SCORES = {
    "mean_absolute_error": "error",
    "quadratic_kappa": "kappa",
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
}
# The kinds of aid among the columns of the disaster set.
AID = (
    "medical_help",
    "medical_products",
    "search_and_rescue",
    "security",
    "military",
    "water",
    "food",
    "shelter",
    "clothing",
    "money",
    "missing_people",
    "refugees",
    "death",
    "other_aid",
)
MOST = 4  # kinds of aid; larger numbers count as this one

TASKS = {
    "disaster": "kinds of aid in a message: 0, 1, 2, 3, 4 or more of 14",
    "sst5": "sentiment of a sentence, 0 (very negative) to 4 (very positive)",
}


def ordered_labels(name, labels):
    """Return the labels of a set's ordered task as an array of integers."""
    import numpy as np

    if name == "disaster":
        kinds = np.array([labels[kind] for kind in AID]) == "1"
        return np.minimum(kinds.sum(axis=0), MOST)
    return np.array(labels["sentiment"], dtype=int)


# Parameters, and whether a label is the median of the probabilities, which is best for
# the absolute error, and not their largest. The rate of the last was the best of 25,
# 60, 120, 250 and the default, 500, on the dev splits.
SYSTEMS = {
    "ordinal": ({"task_types": {"y": "ordinal"}}, False),
    "categorical": ({}, False),
    "unadjusted": ({"logit_adjustment": 0}, False),
    "median": ({"logit_adjustment": 0}, True),
    "slow_median": ({"logit_adjustment": 0, "learning_rate_init": 25.0}, True),
}

OPTIONS = [*common(seeds=5, threads=1, among=tuple(TASKS)), SPLIT]


def run(context):
    for name in context.sets:
        runs = {
            system: context.call_for_seeds(
                "measure",
                system=system,
                folder=context.data,
                name=name,
                split=context.split,
            )
            for system in SYSTEMS
        }
        yield (
            (name,),
            {
                "task": TASKS[name],
                "split": context.split,
                "rows": len(runs["ordinal"][0]["true"]),
                "systems": {system: score(own) for system, own in runs.items()},
                "differences": {
                    system: difference(runs["ordinal"], own)
                    for system, own in runs.items()
                    if system != "ordinal"
                },
                "machine": context.machine(),
            },
        )


def measure(system, folder, name, seed, split):
    """Fit a system on train, return labels of a split; runs in a separate process."""
    import numpy as np

    from sklearn_mtl import MultiTaskTextClassifier

    splits = load_set(folder, name, ("train", split)).splits
    train, test = splits["train"], splits[split]
    parameters, by_median = SYSTEMS[system]
    classifier = MultiTaskTextClassifier(random_state=seed, **parameters)
    classifier.fit(train.texts, {"y": ordered_labels(name, train.labels)})
    predicted = classifier.predict(test.texts)[:, 0]
    if by_median:
        (probabilities,) = classifier.predict_proba(test.texts)
        below = np.cumsum(probabilities, axis=1) < 0.5
        predicted = classifier.classes_[0][below.sum(axis=1)]
    return {
        "true": ordered_labels(name, test.labels).tolist(),
        "predicted": predicted.tolist(),
    }


def score(runs):
    """Return means over runs, and their spread where there are several."""
    import numpy as np
    from sklearn.metrics import (
        accuracy_score,
        cohen_kappa_score,
        f1_score,
        mean_absolute_error,
    )

    pairs = [(run["true"], run["predicted"]) for run in runs]
    values = {
        "mean_absolute_error": [mean_absolute_error(*pair) for pair in pairs],
        "quadratic_kappa": [
            cohen_kappa_score(*pair, weights="quadratic") for pair in pairs
        ],
        "accuracy": [accuracy_score(*pair) for pair in pairs],
        "macro_f1": [f1_score(*pair, average="macro") for pair in pairs],
    }
    scores = {key: float(np.mean(found)) for key, found in values.items()}
    if len(runs) > 1:
        spreads = {f"{k}_spread": float(np.std(v, ddof=1)) for k, v in values.items()}
        scores |= spreads
    return {**scores, "seeds": len(runs)}


def difference(ours, theirs):
    """Return the differences of our error and accuracy, with intervals.

    A paired bootstrap: rows are drawn with replacement, and both systems scored on the
    same draws, each by the mean over its runs.
    """
    import numpy as np

    from benchmarks.scores import INTERVAL, draw_counts

    def by_row(distance, runs):
        return np.mean([distance(run["true"], run["predicted"]) for run in runs], 0)

    counts = draw_counts(len(ours[0]["true"]))
    measures = {
        "mean_absolute_error": lambda true, own: np.abs(np.subtract(true, own)),
        "accuracy": np.equal,
    }
    found = {}
    for key, measure in measures.items():
        gaps = by_row(measure, ours) - by_row(measure, theirs)
        drawn = (gaps @ counts) / counts.sum(axis=0)
        low, high = np.percentile(drawn[1:], INTERVAL)
        values = {"difference": drawn[0], "low": low, "high": high}
        found[key] = {end: float(value) for end, value in values.items()}
    return found


def section(results):
    tasks = "; ".join(f"{name}: {found['task']}" for name, found in results.items())
    seeds = {row["seeds"] for found in results.values() for row in
             found["systems"].values()}  # fmt: skip
    return [
        "## Classes in an order",
        f"One ordered task per set ({tasks}), test split, means over "
        f"{' or '.join(map(str, sorted(seeds)))} seeds. The mean absolute error is in "
        "steps of the scale. The last columns are differences, ordinal minus the row, "
        "with the 95% interval of a paired bootstrap over test rows.",
        show(results),
    ]


def show(results):
    """Return a row for each set and system."""
    rows = []
    for name, found in results.items():
        for system, row in found["systems"].items():
            gaps = found["differences"].get(system)
            rows.append(
                [
                    name,
                    LABELS[system],
                    *(f"{row[key]:.3f}" for key in SCORES),
                    *(
                        f"{gaps[key]['difference']:+.3f} "
                        f"[{gaps[key]['low']:+.3f}, {gaps[key]['high']:+.3f}]"
                        if gaps
                        else "-"
                        for key in ("mean_absolute_error", "accuracy")
                    ),
                ]
            )
    header = ["set", "task", *SCORES.values(), "error, ordinal minus it",
              "accuracy, ordinal minus it"]  # fmt: skip
    return markdown_table(header, rows)
