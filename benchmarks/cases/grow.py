"""Tasks and classes that are added later, next to a fit with all from the start.

fdu_mtl has the same question in 16 domains. A classifier is fitted to 15 of them, and
`add_tasks` brings the other with its own rows, on a frozen and on a tuned trunk; every
fourth domain takes its turn. intent4 has 150 intents of CLINC150 among its tasks. A
classifier is fitted without the rows of 10 intents drawn at random; a warm start with
`grow=True` then reads these rows and some of the others.

Macro-F1 on the test split. Time is processor time as a share of the fit with all tasks
and classes, so that other work on the machine matters less.
"""

import pickle
import time
from statistics import mean

from benchmarks.data import load_set
from benchmarks.options import SPLIT, Option, common
from benchmarks.results import markdown_table

SETS = ("fdu_mtl", "intent4")
EVERY = 4  # domains
CLASSES_OF, N_NEW, N_REPLAYED = "clinc_intent", 10, 3000
TRUNKS = ("frozen", "tuned")
# Of the warm start on few rows, chosen on the dev split.
WARM = {"max_iter": 3}

OPTIONS = [
    *common(seeds=1, threads=1, sets=list(SETS), among=SETS),
    SPLIT,
    Option("every", "add every Nth domain", int, EVERY),
]


def run(context):
    for name in context.sets:
        target = "add_domains" if name == "fdu_mtl" else "add_intents"
        options = {"every": context.every} if name == "fdu_mtl" else {}
        runs = context.call_for_seeds(
            target, folder=context.data, name=name, split=context.split, **options
        )
        yield (
            (name,),
            {
                "rows": [row for own in runs for row in own],
                "split": context.split,
                "machine": context.machine(),
            },
        )


def add_domains(folder, name, seed, split, every):
    """Add each of some tasks to a fit of the others; runs in a separate process."""
    import numpy as np

    splits = load_set(folder, name, ("train", split)).splits
    train, test = splits["train"], splits[split]
    tasks = list(train.labels)
    joint, whole = timed(classifier(seed).fit, train.texts, train.labels)
    joint_scores = scores_of(joint, test)
    found = []
    for new in tasks[::every]:
        old = [task for task in tasks if task != new]
        base = classifier(seed).fit(*labelled(train, old))
        before = base.predict_proba(test.texts, output="dict")
        base_scores = scores_of(base, test)
        for trunk in TRUNKS:
            grown = pickle.loads(pickle.dumps(base))
            _, seconds = timed(grown.add_tasks, *labelled(train, [new]), trunk=trunk)
            after = grown.predict_proba(test.texts, output="dict")
            scores = scores_of(grown, test)
            found.append(
                {
                    "seed": seed,
                    "new": new,
                    "trunk": trunk,
                    "joint_new": joint_scores[new],
                    "grown_new": scores[new],
                    "joint_old": mean(joint_scores[task] for task in old),
                    "base_old": mean(base_scores[task] for task in old),
                    "grown_old": mean(scores[task] for task in old),
                    "equal": all(np.array_equal(before[t], after[t]) for t in old),
                    "time": seconds / whole,
                }
            )
    return found


def add_intents(folder, name, seed, split):
    """Add classes in a warm start on some of the rows; runs in a separate process."""
    import numpy as np

    splits = load_set(folder, name, ("train", split)).splits
    train, test = splits["train"], splits[split]
    rng = np.random.RandomState(seed)
    labels = train.labels[CLASSES_OF]
    classes = sorted(set(labels) - {None})
    new = set(rng.choice(classes, N_NEW, replace=False).tolist())
    is_new = np.array([label in new for label in labels])
    others = np.flatnonzero(~is_new)
    joint, whole = timed(classifier(seed).fit, train.texts, train.labels)
    grown = classifier(seed).set_params(warm_start=True, grow=True)
    grown.fit(*taken(train, others))
    replayed = rng.choice(others, N_REPLAYED, replace=False)
    rows = taken(train, np.concatenate([np.flatnonzero(is_new), replayed]))
    base = scores_of(grown, test)
    _, seconds = timed(grown.set_params(**WARM).fit, *rows)
    row = {"seed": seed, "new": sorted(new), "time": seconds / whole}
    for system, clf in (("joint", joint), ("grown", grown)):
        scores = scores_of(clf, test)
        by_class = class_scores(clf, test, CLASSES_OF)
        row[f"{system}_new"] = mean(by_class[label] for label in new)
        row[f"{system}_task"] = scores[CLASSES_OF]
        others = [own for task, own in scores.items() if task != CLASSES_OF]
        row[f"{system}_old"] = mean(others)
    row["base_old"] = mean(own for task, own in base.items() if task != CLASSES_OF)
    return [row]


def classifier(seed):
    from sklearn_mtl import MultiTaskTextClassifier

    return MultiTaskTextClassifier(random_state=seed)


def timed(function, *arguments, **options):
    """Return the result of a call and its processor time."""
    start = time.process_time()
    result = function(*arguments, **options)
    return result, time.process_time() - start


def labelled(split, tasks):
    """Return the texts with a label of some tasks, and their labels of these tasks."""
    cells = zip(*(split.labels[task] for task in tasks), strict=True)
    rows = [k for k, own in enumerate(cells) if any(cell is not None for cell in own)]
    return (
        [split.texts[k] for k in rows],
        {task: [split.labels[task][k] for k in rows] for task in tasks},
    )


def taken(split, rows):
    return (
        [split.texts[k] for k in rows],
        {task: [cells[k] for k in rows] for task, cells in split.labels.items()},
    )


def scores_of(clf, split):
    """Return macro-F1 of each task that has labels in a split."""
    from sklearn.metrics import f1_score

    predicted = clf.predict(split.texts, output="dict")
    scores = {}
    for task, own in predicted.items():
        rows = [k for k, cell in enumerate(split.labels[task]) if cell is not None]
        if rows:
            true = [split.labels[task][k] for k in rows]
            scores[task] = float(f1_score(true, own[rows], average="macro"))
    return scores


def class_scores(clf, split, task):
    """Return F1 of each class of a task."""
    from sklearn.metrics import f1_score

    cells = split.labels[task]
    rows = [k for k, cell in enumerate(cells) if cell is not None]
    true = [cells[k] for k in rows]
    predicted = clf.predict(split.texts, output="dict")[task][rows]
    classes = sorted(set(true))
    found = f1_score(true, predicted, average=None, labels=classes)
    return dict(zip(classes, found.tolist(), strict=True))


def section(results):
    return [
        "## Tasks and classes added later",
        "Macro-F1 in points on the test split, next to a fit that had all tasks and "
        "classes from the start, and processor time as a share of this fit. The time "
        "is rough, because other work ran on the machine.",
        show(results),
    ]


def show(results):
    """Return a row for each way to grow."""
    header = ["added", "new, at once", "new, added", "others, at once"]
    header += ["others, before", "others, after", "equal to the bit", "time"]
    table = []
    for name, found in results.items():
        rows = found["rows"]
        for trunk in dict.fromkeys(row.get("trunk") for row in rows):
            own = [row for row in rows if row.get("trunk") == trunk]
            label = f"{name}: {N_NEW} classes, {N_REPLAYED:,} other rows"
            if trunk is not None:
                label = f"{name}: a task, {trunk} trunk, mean of {len(own)}"
            keys = ("joint_new", "grown_new", "joint_old", "base_old", "grown_old")
            cells = [f"{100 * mean(row[key] for row in own):.1f}" for key in keys]
            equal = "yes" if all(row.get("equal") for row in own) else "no"
            share = mean(row["time"] for row in own)
            table.append([label, *cells, equal, f"{share:.0%}"])
    return markdown_table(header, table)
