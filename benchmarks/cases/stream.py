"""Learning from chunks: partial_fit on shuffled chunks, compared with one fit.

Each pass goes through the train split in a new random order, in chunks. The stream has
vectorizer="hashing", the fit all default settings. Seconds are those of the processor
(time.process_time), with one thread, from raw texts to the fitted classifier; those of
a pass include its first prediction, which computes the average of the weights.
"""

from benchmarks.options import Option, common
from benchmarks.results import markdown_table, task_means

PASSES = 2
OPTIONS = [
    *common(seeds=3, threads=1),
    Option("rows", "rows of a chunk", int, 1000),
    Option("split", "rows to score on", choices=("test", "dev"), default="test"),
]


def run(context):
    for name in context.sets:
        for seed in range(context.seeds):
            found = context.call(
                "measure",
                folder=context.data,
                name=name,
                split=context.split,
                rows=context.rows,
                seed=seed,
            )
            record = {"machine": context.machine(), **found}
            yield (name, "runs", str(seed)), record


def measure(folder, name, split, rows, seed):
    """Fit, and learn from chunks; runs in a separate process."""
    from time import process_time

    from benchmarks.data import load_set
    from sklearn_mtl import MultiTaskTextClassifier

    splits = load_set(folder, name, ("train", split)).splits
    train, scored = splits["train"], splits[split]
    classifier = MultiTaskTextClassifier(random_state=seed)
    start = process_time()
    classifier.fit(*train)
    found = {"fit": {"seconds": process_time() - start, **score(classifier, scored)}}
    stream = MultiTaskTextClassifier(vectorizer="hashing", random_state=seed)
    used = 0.0
    for number in range(PASSES):
        start = process_time()
        learn(stream, train, rows, seed * PASSES + number)
        stream.predict(train.texts[:1])  # builds the net of predictions
        used += process_time() - start
        found[f"pass {number + 1}"] = {"seconds": used, **score(stream, scored)}
    return {"systems": found}


def learn(stream, train, rows, seed):
    """Make one pass over the chunks of a table in a random order."""
    import numpy as np

    order = np.random.default_rng(seed).permutation(len(train.texts)).tolist()
    classes = {task: sorted({*cells} - {None}) for task, cells in train.labels.items()}
    for start in range(0, len(order), rows):
        own = order[start : start + rows]
        stream.partial_fit(
            [train.texts[row] for row in own],
            {task: [cells[row] for row in own] for task, cells in train.labels.items()},
            classes,
        )


def score(classifier, scored):
    from benchmarks.scores import as_lists, score_tasks

    predicted = as_lists(classifier.predict(scored.texts, output="dict"))
    return task_means(score_tasks(scored.labels, predicted))


def complete(results):
    """Add means over seeds, and the differences to the fit."""
    from benchmarks.runs import add_means

    add_means(results.values(), "fit")


def section(results):
    return [
        "## Learning from chunks",
        "`partial_fit` on shuffled chunks of the train split, "
        '`vectorizer="hashing"`, compared with `fit` of the defaults: macro-F1, and '
        "the seconds of all passes as a multiple of those of the fit (processor time, "
        "one thread). Means over "
        f"{max(len(own['runs']) for own in results.values())} seed(s).",
        show(results),
    ]


def show(results):
    """Return a row for each set."""
    passes = [f"pass {number + 1}" for number in range(PASSES)]
    rows = []
    for name, own in sorted(results.items()):
        if "means" not in own:  # a run that was interrupted
            continue
        means = own["means"]
        fit = means["fit"]
        row = [name, f"{fit['macro_f1']:.3f}"]
        for key in passes:
            gap = 100 * (means[key]["macro_f1"] - fit["macro_f1"])
            ratio = means[key]["seconds"] / fit["seconds"]
            row += [f"{means[key]['macro_f1']:.3f} ({gap:+.1f})", f"{ratio:.2f}"]
        rows.append(row)
    header = ["set", "fit"]
    for number in range(PASSES):
        header += [f"{number + 1} pass(es), points from fit", "time"]
    return markdown_table(header, rows)
