"""Noisy labels: accuracy and log loss where a share of the labels is flipped.

The texts are synthetic: two binary tasks of relatedness 0.5, and 1000 more rows for
testing. A share of all labels is flipped, independently, in train and test. Accuracy is
measured on true labels and on labels with flips. Log loss and calibration error are
measured on labels with flips, because only their probabilities can be learned.

The peers are a LogisticRegression and a LinearSVC for each task, with the defaults of
scikit-learn, over TfidfVectorizer(sublinear_tf=True). LinearSVC gives no probabilities
and therefore has no log loss. Each seed has its own texts, flips and fits.
Differences are paired, with 95% intervals over seeds.
"""

from benchmarks.options import Option, common, integers, shares
from benchmarks.results import PROBABILITY_SCORES, markdown_table, signed, task_means
from benchmarks.runs import add_means

OURS = "ours"
PEERS = ("logistic", "linear_svc")  # as in systems/linear.py
SYSTEMS = (OURS, *PEERS)
TEST_ROWS = 1000
MADE_UP = {"n_tasks": 2, "n_classes": 2, "relatedness": 0.5}
OPTIONS = [
    *common(seeds=5, threads=1, needs_data=None),
    Option("rows", "rows of train", integers, [400, 1500, 6000, 20_000]),
    Option("flips", "shares of flipped labels", shares, [0.0, 0.1, 0.2, 0.3, 0.4]),
]


def run(context):
    for rows in context.rows:
        for flips in context.flips:
            place = f"{rows} rows", f"{flips:g} flipped"
            yield place, {"runs": {}}  # removes seeds of an earlier version
            for seed in range(context.seeds):
                systems = context.call("measure", rows=rows, flips=flips, seed=seed)
                record = {"systems": systems, "machine": context.machine()}
                yield (*place, "runs", str(seed)), record


def measure(rows, flips, seed):
    """Fit all systems to the same rows; runs in a separate process."""
    from benchmarks.probabilities import add_probability_scores
    from benchmarks.scores import score_tasks
    from benchmarks.systems import timed_fit

    texts, true, flipped = make_texts(rows + TEST_ROWS, flips, seed)
    train = {task: labels[:rows] for task, labels in flipped.items()}
    test = {task: labels[rows:] for task, labels in flipped.items()}
    clean = {task: labels[rows:] for task, labels in true.items()}
    found = {}
    for system in SYSTEMS:
        model = make_model(system, seed)
        seconds, warned = timed_fit(model, texts[:rows], train)
        predicted = model.predict(texts[rows:])
        scores = score_tasks(test, predicted)
        if system != "linear_svc":
            add_probability_scores(scores, test, model.predict_proba(texts[rows:]))
        found[system] = {
            "accuracy": task_means(score_tasks(clean, predicted))["accuracy"],
            "accuracy_flipped": task_means(scores)["accuracy"],
            **task_means(scores, PROBABILITY_SCORES),
            "seconds": seconds,
            "warnings": warned,
        }
    return found


def make_texts(n_rows, flips, seed):
    """Return texts, true labels by task, and labels with a share flipped."""
    import numpy as np

    from sklearn_mtl.datasets import make_multitask_texts

    texts, labels = make_multitask_texts(n_rows, **MADE_UP, random_state=seed)
    true = np.asarray(labels).astype(int)
    flip = np.random.default_rng(seed + 1).random(true.shape) < flips
    return texts, as_columns(true), as_columns(np.where(flip, 1 - true, true))


def as_columns(codes):
    return {f"task {k}": [str(code) for code in own] for k, own in enumerate(codes.T)}


def make_model(system, seed):
    if system == OURS:
        from benchmarks.systems.network import Network

        return Network(seed)
    from sklearn.feature_extraction.text import TfidfVectorizer

    from benchmarks.systems.linear import CLASSIFIERS, PerTask, reading

    return PerTask(
        lambda: CLASSIFIERS[system](seed),
        reading(lambda: TfidfVectorizer(sublinear_tf=True)),
    )


def complete(results):
    """Add means over seeds, and our scores minus those of the peers."""
    for points in results.values():
        add_means(points.values(), OURS)


def section(results):
    return [
        "## Noisy labels",
        "Synthetic texts, two binary tasks, a share of all labels flipped. Scores are "
        "on 1000 test texts, means over tasks and "
        f"{seeds_of(results)} seed(s): accuracy on true labels and on flipped labels; "
        "log loss and calibration error on flipped labels. Cells list "
        "MultiTaskTextClassifier / LogisticRegression / LinearSVC, which gives no "
        "probabilities. Differences are paired, with 95% intervals over seeds; those "
        "of accuracy are in points.",
        show(results),
    ]


def seeds_of(results):
    points = [point for of_rows in results.values() for point in of_rows.values()]
    return " or ".join(map(str, sorted({len(point["runs"]) for point in points} - {0})))


def show(results):
    """Return a row for each training size and share of flipped labels."""
    rows = []
    for n_rows, points in sorted(results.items(), key=first_number):
        for flipped, point in sorted(points.items(), key=first_number):
            if "means" not in point:  # a run that was interrupted
                continue
            means, gaps = point["means"], point["differences"]
            rows.append(
                [
                    f"{n_rows}, {flipped}",
                    written(means, "accuracy"),
                    *(signed(gaps[peer]["accuracy"]) for peer in PEERS),
                    written(means, "accuracy_flipped"),
                    written(means, "log_loss"),
                    signed(gaps["logistic"]["log_loss"], 1, 3),
                    written(means, "calibration_error"),
                ]
            )
    header = ["rows, flipped labels", "accuracy", "ours minus LogisticRegression",
              "ours minus LinearSVC", "accuracy on flipped labels", "log loss",
              "ours minus LogisticRegression", "calibration error"]  # fmt: skip
    return markdown_table(header, rows)


def written(means, score):
    """Return the score of each system that has it."""
    return " / ".join(
        f"{row[score]:.3f}" for row in map(means.get, SYSTEMS) if score in row
    )


def first_number(item):
    return float(item[0].split()[0])
