"""Few rows: scores and seconds of fits to 20 to 3000 rows of each set.

Rows are drawn from the train split until each task has a label; all systems get the
same rows, and are scored on the whole test split. A task with a single class in a draw
is kept, and every system predicts this class. The vectorizers of the peers read all
drawn rows; a classifier is trained on the rows with a label of its task.

The peers use the defaults of scikit-learn: LinearSVC, LinearSVC with
class_weight="balanced" and LogisticRegression, each over TfidfVectorizer() and over its
union with TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 4)). LinearSVC gives no
probabilities and therefore has no log loss. Seconds are from raw texts to all fitted
models, after a warm-up fit in the same process. Differences are paired, with 95%
intervals over draws.
"""

from statistics import mean

from benchmarks.data import load_set
from benchmarks.measure import Failed
from benchmarks.options import LIMIT, Option, common, integers
from benchmarks.results import (
    PROBABILITY_SCORES,
    SCORES,
    markdown_table,
    signed,
    task_means,
)
from benchmarks.runs import add_means, finished

OURS, BASELINE = "ours", "linear_svc, words"
CLASSIFIERS = ("linear_svc", "balanced_svc", "logistic")
FEATURES = ("words", "words and parts")
PEERS = [f"{name}, {features}" for features in FEATURES for name in CLASSIFIERS]
TRIES = 5_000_000  # draws without a label of each task before giving up
WARM_UP = ["a good film", "a bad film", "a good meal", "a bad meal"]
OPTIONS = [
    *common(threads=1),
    Option("rows", "rows of a draw", integers, [20, 50, 100, 300, 1000, 3000]),
    Option("draws", "draws of each number of rows", int, 10),
    LIMIT,
]


def run(context):
    for name in context.sets:
        for rows in context.rows:
            place = name, f"{rows} rows"
            yield place, {"runs": {}}  # removes draws of an earlier version
            for draw in range(context.draws):
                yield (*place, "runs", str(draw)), run_draw(context, name, rows, draw)


def run_draw(context, name, rows, draw):
    """Return the scores of all systems, or the reason why there are none."""
    arguments = {"folder": context.data, "name": name, "rows": rows, "draw": draw}
    try:
        found = context.call("measure", limit=context.limit, **arguments)
    except Failed as failure:
        found = {"failed": str(failure)}
    if found is None:
        found = {"over_seconds": context.limit}
    return {**found, "machine": context.machine()}


def measure(folder, name, rows, draw):
    """Fit all systems to the same rows; runs in a separate process."""
    from benchmarks.probabilities import add_probability_scores
    from benchmarks.scores import score_tasks
    from benchmarks.systems import timed_fit

    splits = load_set(folder, name, ("train", "test")).splits
    train, test = splits["train"], splits["test"]
    chosen = draw_rows(train.labels, rows, draw)
    texts = [train.texts[row] for row in chosen]
    labels = {task: [own[row] for row in chosen] for task, own in train.labels.items()}
    found, test_rows = {}, {}
    for system in (OURS, *PEERS):
        model = make_model(system, draw)
        model.fit(WARM_UP, {"mood": ["good", "bad"] * 2})
        seconds, warned = timed_fit(model, texts, labels)
        classifier, _, features = system.partition(", ")
        if system == OURS:
            predicted = model.predict(test.texts)
            probabilities = model.predict_proba(test.texts)
        else:
            if features not in test_rows:  # the same for all classifiers
                test_rows[features] = model.transform(test.texts)
            predicted = model.predict_rows(test_rows[features])
            probabilities = None
            if classifier == "logistic":
                probabilities = model.predict_proba_rows(test_rows[features])
        scores = score_tasks(test.labels, predicted)
        if probabilities:
            add_probability_scores(scores, test.labels, probabilities)
        found[system] = {
            **task_means(scores, SCORES + PROBABILITY_SCORES),
            "seconds": seconds,
            "warnings": warned,
        }
    one_class = sum(len(set(own) - {None}) == 1 for own in labels.values())
    return {"tasks": len(labels), "tasks_of_one_class": one_class, "systems": found}


def draw_rows(labels, rows, draw):
    """Return indices of rows in which each task has a label."""
    import numpy as np

    there = np.array([[cell is not None for cell in own] for own in labels.values()]).T
    if rows > len(there):
        raise ValueError(f"There are {len(there)} rows in train, fewer than {rows}.")
    generator = np.random.default_rng([rows, draw])
    for _ in range(TRIES):
        chosen = generator.choice(len(there), rows, replace=False)
        if there[chosen].any(axis=0).all():
            return chosen.tolist()
    raise ValueError(f"No {rows} rows were found that have a label of each task.")


def make_model(system, seed):
    if system == OURS:
        from benchmarks.systems.network import Network

        return Network(seed)
    from benchmarks.systems import linear

    name, _, features = system.partition(", ")
    vectorizer = {
        "words": linear.TfidfVectorizer,
        "words and parts": linear.words_and_parts,
    }[features]
    return linear.PerTask(
        lambda: linear.CLASSIFIERS[name](seed), linear.reading(vectorizer)
    )


def complete(results):
    """Add means over draws, and our scores minus those of the peers."""
    for points in results.values():
        add_means(points.values(), OURS)


def section(results):
    return [
        "## Few rows",
        "Fits to rows drawn from the train split, scored on the test split. The best "
        "linear model is the one with the best macro-F1 on the test split among "
        "LinearSVC, balanced LinearSVC and LogisticRegression, each over words, and "
        "over words and parts of words. Differences are paired, in points, with 95% "
        f"intervals over {draws_of(results)} draw(s). Log loss is compared with "
        "LogisticRegression over words, seconds with LinearSVC over words.",
        show(results),
    ]


def draws_of(results):
    points = [point for of_set in results.values() for point in of_set.values()]
    counts = {len(finished(point)) for point in points}
    return " or ".join(map(str, sorted(counts - {0})))


def show(results):
    """Return rows for each training size: each set, and the mean over sets."""
    sizes = {size for points in results.values() for size in points}
    table = []
    for size in sorted(sizes, key=lambda size: int(size.split()[0])):
        gaps = []
        for name, points in results.items():
            if (point := points.get(size)) is None:
                continue
            if "means" not in point:
                table.append([f"{size}, {name}", *["-"] * 6])
                continue
            cells, gap = compared(point)
            table.append([f"{size}, {name}", *cells])
            gaps.append(gap)
        if len(gaps) > 1:
            mean_gap = f"{100 * mean(gaps):+.1f}"
            cells = ["", "", mean_gap, "", "", ""]
            table.append([f"{size}, mean of {len(gaps)} sets", *cells])
    header = ["rows, set", "macro-F1, ours", "best linear model", "ours minus it",
              "accuracy, ours minus it", "log loss (ours / LogisticRegression)",
              "seconds (ours / LinearSVC)"]  # fmt: skip
    return markdown_table(header, table)


def compared(point):
    """Return the cells of a set, and our macro-F1 minus that of its best peer."""
    means, gaps = point["means"], point["differences"]
    best = max(gaps, key=lambda peer: means[peer]["macro_f1"])
    losses = [means[s].get("log_loss") for s in (OURS, "logistic, words")]
    cells = [
        f"{means[OURS]['macro_f1']:.3f}",
        f"{best}: {means[best]['macro_f1']:.3f}",
        signed(gaps[best]["macro_f1"]),
        signed(gaps[best]["accuracy"]),
        "-" if None in losses else " / ".join(f"{loss:.3f}" for loss in losses),
        " / ".join(f"{means[s]['seconds']:.2f}" for s in (OURS, BASELINE)),
    ]
    return cells, gaps[best]["macro_f1"]["difference"]
