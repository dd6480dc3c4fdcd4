"""Wrong labels found, and cells needed if they are chosen, not drawn at random.

issues: rows are drawn from the train split, and 5% of their labels are replaced by
another class of the task, with equal probability. Five folds of the default classifier
give each label a probability. All methods read these probabilities; as many cells as
have wrong labels are looked at. Precision is the share of them that are wrong labels of
ours; labels that are wrong in the data sets count as right. Labels that do not occur in
the training rows of their fold are left out.

sessions: a pool of rows is drawn from the train split, some rows with all their labels
(at least one of each task), the others with none. Labels are then given to batches of
cells, each a quarter of the labels so far, chosen by `next_to_label` with its defaults
or at random. Cells that are empty in the data set are never chosen. After each batch
the default classifier is fitted and scored on the test split. Cells needed: those at
which macro-F1, mean over tasks, first reaches that of the whole pool minus 2 points and
is there after the next batch too; between batches, it is interpolated.
"""

from statistics import mean

from benchmarks.data import load_set
from benchmarks.options import Option, common, names
from benchmarks.results import markdown_table

PARTS = ("issues", "sessions")
SHARE, FOLDS = 0.05, 5
BASELINE, OURS = "probability", "find_label_issues"
METHODS = {
    OURS: {},
    "other_tasks=False": {"other_tasks": False},
    "cleanlab, normalized margin": {"score": "normalized_margin"},
    "cleanlab without other tasks": {
        "score": "normalized_margin",
        "other_tasks": False,
    },
}
# Rows of the pool, and rows that are labelled from the start.
SESSIONS = {
    "disaster": (2000, 200),
    "edos": (4000, 300),
    "intent4": (3000, 300),
}
GROWTH, BELOW = 1.25, 0.02
BLANK = "not in the set"
OPTIONS = [
    *common(seeds=3, threads=1),
    Option("parts", "what to measure", names, list(PARTS), among=PARTS),
    Option("rows", "rows with wrong labels", int, 2000),
]


def run(context):
    shared = {"folder": context.data}
    for part in context.parts:
        for name in context.sets:
            own = {"rows": context.rows} if part == "issues" else {}
            if part == "sessions" and name not in SESSIONS:
                continue
            runs = context.call_for_seeds(part, name=name, **shared, **own)
            yield (part, name), {"runs": runs, "machine": context.machine()}


def draw(split, rows, generator):
    """Return texts and labels of random rows, without tasks of a single class."""
    chosen = generator.permutation(len(split.texts))[:rows].tolist()
    labels = {t: [own[row] for row in chosen] for t, own in split.labels.items()}
    labels = {t: own for t, own in labels.items() if len(set(own) - {None}) > 1}
    return [split.texts[row] for row in chosen], labels


def issues(folder, name, rows, seed):
    """Return the precision of each method; runs in a separate process."""
    from time import process_time

    import numpy as np

    from sklearn_mtl.labelling import find_label_issues

    generator = np.random.default_rng(seed)
    train = load_set(folder, name, ("train",)).splits["train"]
    texts, true = draw(train, rows, generator)
    noisy = plant(true, generator)
    judge = judge_rows(texts, noisy, seed)
    noisy = judge.learnt(noisy)
    wrong = {
        (row, task)
        for task, own in noisy.items()
        for row, (a, b) in enumerate(zip(own, true[task], strict=True))
        if a not in (None, b)
    }
    found = {BASELINE: precision(judge.least_probable(noisy, len(wrong)), wrong)}
    seconds = {}
    for method, options in METHODS.items():
        start = process_time()
        cells = find_label_issues(
            judge, range(len(texts)), noisy, cv="prefit", n_issues=len(wrong), **options
        )
        seconds[method] = process_time() - start
        pairs = zip(cells.rows.tolist(), cells.tasks, strict=True)
        found[method] = precision(list(pairs), wrong)
    return {
        "seed": seed,
        "cells": sum(len(own) - own.count(None) for own in noisy.values()),
        "wrong": len(wrong),
        "precision": found,
        "fit_seconds": judge.seconds,
        "seconds": seconds,
    }


def precision(cells, wrong):
    return sum(cell in wrong for cell in cells) / len(cells)


def plant(labels, generator):
    """Return labels of which a share is replaced by other classes."""
    cells = [(t, row) for t, own in labels.items() for row in labelled(own)]
    noisy = {task: list(own) for task, own in labels.items()}
    classes = {task: sorted(set(own) - {None}) for task, own in labels.items()}
    n_wrong = round(SHARE * len(cells))
    for place in generator.choice(len(cells), n_wrong, replace=False):
        task, row = cells[place]
        others = [label for label in classes[task] if label != labels[task][row]]
        noisy[task][row] = others[generator.integers(len(others))]
    return noisy


def labelled(cells):
    return [row for row, cell in enumerate(cells) if cell is not None]


def judge_rows(texts, labels, seed):
    """Return a Judge with the probabilities of five folds of the default."""
    from time import process_time

    from benchmarks.labels import Judge
    from sklearn_mtl import MultiTaskTextClassifier
    from sklearn_mtl.model_selection import MultiTaskStratifiedKFold

    start = process_time()
    splitter = MultiTaskStratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    judge = Judge(labels, len(texts))
    for train, test in splitter.split(texts, labels):
        classifier = MultiTaskTextClassifier(random_state=seed)
        classifier.fit(
            [texts[row] for row in train],
            {task: [own[row] for row in train] for task, own in labels.items()},
        )
        judge.keep(classifier, test, [texts[row] for row in test])
    judge.seconds = process_time() - start
    return judge


def sessions(folder, name, seed):
    """Return the cells that each strategy needs; runs in a separate process."""
    import numpy as np

    generator = np.random.default_rng(seed)
    splits = load_set(folder, name, ("train", "test")).splits
    rows, start = SESSIONS[name]
    texts, labels = draw(splits["train"], rows, generator)
    test = splits["test"].texts, {task: splits["test"].labels[task] for task in labels}
    there = np.array([[cell is not None for cell in own] for own in labels.values()]).T
    shown = np.zeros_like(there)
    first = [*range(start), *there.argmax(axis=0)]  # each task has a label at first
    shown[first] = there[first]  # rows are in random order
    whole = macro_f1(fit(texts, labels, there, seed), *test)
    model_at_first = fit(texts, labels, shown, seed)
    begin = macro_f1(model_at_first, *test)
    found = {}
    for strategy in ("gain", "random"):
        session = Session(texts, labels, there, shown, strategy, seed)
        scores = [begin]
        cells, model = [int(shown.sum())], model_at_first
        while not reached(scores, whole - BELOW) and cells[-1] < there.sum():
            model = session.next_model(model)
            cells.append(int(session.shown.sum()))
            scores.append(macro_f1(model, *test))
        found[strategy] = {
            "needed": needed(cells, scores, whole - BELOW),
            "cells": cells,
            "macro_f1": scores,
            "choice_seconds": session.seconds,
        }
    return {
        "seed": seed,
        "macro_f1": whole,
        "cells": int(there.sum()),
        "start": int(shown.sum()),
        "strategies": found,
    }


class Session:
    """Labels that are given to cells in batches."""

    def __init__(self, texts, labels, there, shown, strategy, seed):
        self.texts, self.labels, self.there = texts, labels, there
        self.shown, self.strategy, self.seed = shown.copy(), strategy, seed
        self.seconds = 0.0

    def next_model(self, model):
        """Label a batch, and return the default fitted to all labels."""
        from time import process_time

        start = process_time()
        free = int((self.there & ~self.shown).sum())
        number = min(round((GROWTH - 1) * self.shown.sum()), free)
        self.shown |= self.choose(model, number)
        self.seconds += process_time() - start
        return fit(self.texts, self.labels, self.shown, self.seed)

    def choose(self, model, number):
        """Return a mask of the cells to label."""
        import numpy as np

        from sklearn_mtl.labelling import next_to_label

        chosen = np.zeros(self.there.shape, dtype=bool)
        if self.strategy == "random":
            cells = np.flatnonzero(self.there & ~self.shown)
            generator = np.random.default_rng([self.seed, int(self.shown.sum())])
            chosen.ravel()[generator.choice(cells, number, replace=False)] = True
            return chosen
        # A cell that is empty in the set looks labelled, so it is not a candidate.
        known = {
            task: [
                cell if self.shown[row, k] else None if self.there[row, k] else BLANK
                for row, cell in enumerate(own)
            ]
            for k, (task, own) in enumerate(self.labels.items())
        }
        cells = next_to_label(
            model, self.texts, known, n_cells=number, random_state=self.seed
        )
        places = {task: k for k, task in enumerate(self.labels)}
        chosen[cells.rows, [places[task] for task in cells.tasks]] = True
        return chosen


def fit(texts, labels, shown, seed):
    """Return the default, fitted to the labels that are shown."""
    from sklearn_mtl import MultiTaskTextClassifier

    rows = [row for row, own in enumerate(shown) if own.any()]
    known = {
        task: [own[row] if shown[row, k] else None for row in rows]
        for k, (task, own) in enumerate(labels.items())
    }
    classifier = MultiTaskTextClassifier(random_state=seed)
    return classifier.fit([texts[row] for row in rows], known)


def macro_f1(model, texts, labels):
    from benchmarks.results import task_means
    from benchmarks.scores import as_lists, score_tasks

    predicted = as_lists(model.predict(texts, output="dict"))
    return task_means(score_tasks(labels, predicted))["macro_f1"]


def reached(scores, goal):
    """Whether the last two scores reach the goal."""
    return len(scores) > 1 and min(scores[-2:]) >= goal


def needed(cells, scores, goal):
    """Return the number of cells at which scores reach the goal for good."""
    k = len(scores) - 1
    while k and scores[k - 1] >= goal:
        k -= 1
    if k == 0 or scores[k] < goal:
        return float(cells[k])
    share = (goal - scores[k - 1]) / (scores[k] - scores[k - 1])
    return cells[k - 1] + share * (cells[k] - cells[k - 1])


def section(results):
    return ["## Wrong labels and next labels", *show_parts(results)]


def show(results):
    return "\n\n".join(show_parts(results))


def show_parts(results):
    writers = {"issues": write_issues, "sessions": write_sessions}
    return [
        paragraph
        for part, write in writers.items()
        if part in results
        for paragraph in write(results[part])
    ]


def seeds_of(results):
    counts = {len(found["runs"]) for found in results.values()}
    return " or ".join(map(str, sorted(counts)))


def write_issues(results):
    rows, ratios = [], []
    for name, found in results.items():
        runs = found["runs"]
        own = {
            m: mean(run["precision"][m] for run in runs) for m in (BASELINE, *METHODS)
        }
        ratios.append(own[OURS] / own[BASELINE])
        rows.append(
            [
                f"{name}, {mean(run['cells'] for run in runs):,.0f} cells",
                *(f"{100 * value:.1f}" for value in own.values()),
                f"{ratios[-1]:.2f}",
            ]
        )
    mean_row = ["mean", *[""] * (len(METHODS) + 1), f"{mean(ratios):.2f}"]
    header = ["set", "least probable labels", *METHODS, "ratio"]
    return [
        f"{SHARE:.0%} of the labels of random rows of train were replaced by another "
        "class of the task. Percentage of wrong labels among as many cells as have "
        f"one; means over {seeds_of(results)} seed(s). All columns read the same "
        "probabilities, those of folds. Ratio: `find_label_issues` with its defaults, "
        "divided by the least probable labels over all tasks.",
        markdown_table(header, [*rows, mean_row]),
    ]


def write_sessions(results):
    rows = []
    for name, found in results.items():
        runs = found["runs"]
        own, other = (
            mean(run["strategies"][strategy]["needed"] for run in runs)
            for strategy in ("gain", "random")
        )
        rows.append(
            [
                name,
                f"{mean(run['cells'] for run in runs):,.0f}",
                f"{mean(run['start'] for run in runs):,.0f}",
                f"{mean(run['macro_f1'] for run in runs):.3f}",
                f"{own:,.0f}",
                f"{other:,.0f}",
                f"{own / other:.2f}",
            ]
        )
    header = ["set", "cells", "labelled at first", "macro-F1 of all", "`next_to_label`",
              "random", "ratio"]  # fmt: skip
    return [
        "Labelled cells needed for the macro-F1 of all cells of a pool, minus 2 "
        "points, on the test split, in batches of a quarter of the labels so far; "
        f"means over {seeds_of(results)} seed(s).",
        markdown_table(header, rows),
    ]
