"""Calibration, tuned decisions, label sets and abstention, on the test split.

calibration: a network that is not calibrated (`temperature=1`), the default, and each
after CalibratedMultiTaskClassifier on the dev split: calibration error and log loss,
means over tasks.

tuned: the default, and TunedDecisionMultiTaskClassifier around it with
`scoring="f1_macro"` and three folds of the train split: macro-F1, with a 95% interval
of the paired difference over test rows.

coverage: ConformalMultiTaskClassifier at 0.9 around the default, on tasks with more
than 1,000 labelled rows in dev. Sets are calibrated on dev, and on 10 random halves of
dev and test together, which have the same source.

risk: the area under risk against coverage of the default and of a LogisticRegression
for each task, both by the probability of the predicted class, and of the default's most
probable class. Classes of test cells that do not occur in train count as wrong.
"""

from statistics import mean

from benchmarks.data import load_set
from benchmarks.options import Option, common, names
from benchmarks.results import (
    PROBABILITY_SCORES,
    markdown_table,
    signed,
    task_means,
)
from benchmarks.systems import make_model, tasks_of

PARTS = ("probabilities", "tuned")
PEER = "logistic"
OPTIONS = [
    *common(threads=1),
    Option("parts", "what to measure", names, list(PARTS), among=PARTS),
]
UNCALIBRATED = {"temperature": 1.0}
METHODS = ("temperature", "sigmoid", "isotonic")
COVERAGE, N_HALVES, FEWEST = 0.9, 10, 1000


def run(context):
    for part in context.parts:
        for name in context.sets:
            measured = context.call(part, folder=context.data, name=name)
            yield (part, name), {**measured, "machine": context.machine()}


def probabilities(folder, name):
    """Return calibration, coverage and risk, all of the same fits."""
    model, splits = fitted(folder, name)
    other, _ = fitted(folder, name, **UNCALIBRATED)
    return {
        "calibration": {
            "not calibrated": calibration(other, splits),
            "default": calibration(model, splits),
        },
        "coverage": coverage(model, splits),
        "risk": risk(model, splits, name),
    }


def fitted(folder, name, **parameters):
    """Fit the estimator to train; return it and the splits."""
    from sklearn_mtl import MultiTaskTextClassifier

    splits = load_set(folder, name).splits
    train = splits["train"]
    model = MultiTaskTextClassifier(random_state=0, **parameters)
    return model.fit(train.texts, train.labels), splits


def known_labels(model, labels):
    """Return labels with an empty cell where the classifier does not know the label."""
    known = dict(zip(model.task_names_, map(set, model.classes_), strict=True))
    return {
        task: [cell if cell in known[task] else None for cell in cells]
        for task, cells in labels.items()
    }


def calibration(model, splits):
    """Return log loss and calibration error before and after each method."""
    import warnings

    from benchmarks.decisions import SomeTasks
    from benchmarks.probabilities import score_probabilities
    from sklearn_mtl.decisions import CalibratedMultiTaskClassifier

    dev, test = splits["dev"], splits["test"]
    labels = known_labels(model, dev.labels)
    tasks = [task for task, cells in labels.items() if set(cells) != {None}]
    rows = {"before": model}
    for method in METHODS:
        calibrated = CalibratedMultiTaskClassifier(
            SomeTasks(model, tasks), method=method, cv="prefit"
        )
        with warnings.catch_warnings():  # tasks with one label in dev
            warnings.simplefilter("ignore")
            rows[method] = calibrated.fit(dev.texts, {t: labels[t] for t in tasks})
    return {
        key: task_means(
            score_probabilities(test.labels, of_tasks(row, test.texts, tasks)),
            PROBABILITY_SCORES,
        )
        for key, row in rows.items()
    }


def of_tasks(model, texts, tasks):
    """Return classes and probabilities by task."""
    probabilities = model.predict_proba(texts, output="dict")
    classes = dict(zip(model.task_names_, model.classes_, strict=True))
    return {task: (classes[task], probabilities[task]) for task in tasks}


def tuned(folder, name):
    """Return macro-F1 of the default and of tuned decisions, and their difference."""
    import warnings
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from benchmarks.results import prediction_file
    from benchmarks.scores import as_lists, differences, keep, score_tasks
    from sklearn_mtl.decisions import TunedDecisionMultiTaskClassifier

    model, splits = fitted(folder, name)
    train, test = splits["train"], splits["test"]
    around = TunedDecisionMultiTaskClassifier(
        type(model)(random_state=0), scoring="f1_macro", cv=3
    )
    with warnings.catch_warnings():  # classes of few rows are missing from folds
        warnings.simplefilter("ignore")
        around.fit(train.texts, train.labels)
    found = {}
    with TemporaryDirectory() as kept:
        for system, one in (("default", model), ("tuned", around)):
            predicted = as_lists(one.predict(test.texts, output="dict"))
            found[system] = task_means(score_tasks(test.labels, predicted))
            keep(prediction_file(kept, name, system, 0), train, test, predicted)
        seeds = {"default": [0], "tuned": [0]}
        pairs = differences(Path(kept), name, "tuned", ["default"], seeds)
    return {**found, "differences": pairs["default"]}


def coverage(model, splits):
    """Return the coverage of each task with many labels in dev."""
    import numpy as np

    from benchmarks.decisions import Remembered, SomeTasks
    from sklearn_mtl.decisions import ConformalMultiTaskClassifier

    dev, test = splits["dev"], splits["test"]
    counts = {
        task: len(cells) - cells.count(None) for task, cells in dev.labels.items()
    }
    tasks = [task for task, n in counts.items() if n > FEWEST and task in test.labels]
    if not tasks:
        return {"tasks": []}
    view = SomeTasks(model, tasks)
    texts = dev.texts + test.texts
    labels = {task: dev.labels[task] + test.labels[task] for task in tasks}
    known = known_labels(model, labels)
    first = np.arange(len(texts)) < len(dev.texts)
    generator = np.random.default_rng(0)
    halves = [generator.permutation(len(texts)) % 2 == 0 for _ in range(N_HALVES)]
    given = Remembered(view, texts)
    found = {}
    for key, chosen in (("dev", [first]), ("halves", halves)):
        drawn = []
        for mask in chosen:
            rows, others = np.flatnonzero(mask), np.flatnonzero(~mask)
            sets = ConformalMultiTaskClassifier(given, coverage=COVERAGE, cv="prefit")
            sets.fit(rows, {task: np.array(known[task])[rows] for task in tasks})
            drawn.append(covered(sets.predict_set(others), labels, others))
        found[key] = {
            task: {
                score: mean(one[task][score] for one in drawn)
                for score in ("coverage", "size")
            }
            for task in tasks
        }
    return {"tasks": tasks, **found}


def covered(sets, labels, rows):
    """Return the share of sets with the true label, and their mean size, by task."""
    found = {}
    for task, cells in sets.items():
        true = [labels[task][row] for row in rows.tolist()]
        pairs = [(t, own) for t, own in zip(true, cells, strict=True) if t is not None]
        found[task] = {
            "coverage": mean(t in own for t, own in pairs),
            "size": mean(len(own) for _, own in pairs),
        }
    return found


def risk(model, splits, name):
    """Return the area under risk against coverage of each system, means over tasks."""
    train, test = splits["train"], splits["test"]
    tasks = tasks_of(PEER, name, train.labels)
    peer = make_model(PEER, 0)
    peer.fit(train.texts, {task: train.labels[task] for task in tasks})
    own = of_tasks(model, test.texts, tasks)
    labels = model.predict(test.texts, output="dict")
    other = peer.predict_proba(test.texts)
    areas = {
        "ours": areas_of(test.labels, own, labels),
        "ours, most probable": areas_of(test.labels, own),
        PEER: areas_of(test.labels, {task: other[task] for task in tasks}),
    }
    return {key: {"mean": mean(by.values()), "tasks": by} for key, by in areas.items()}


def areas_of(labels, probabilities, predicted=None):
    """Return the area of each task; None for `predicted` takes the most probable."""
    import numpy as np

    from sklearn_mtl.metrics._confidence import area_under_risk, risk_by_coverage

    areas = {}
    for task, (classes, proba) in probabilities.items():
        classes = np.asarray(classes)
        there = np.array([cell is not None for cell in labels[task]])
        if not there.any():
            continue
        true = np.array([cell for cell in labels[task] if cell is not None])
        proba = np.asarray(proba, dtype=float)[there]
        codes = proba.argmax(axis=1)
        if predicted is not None:
            place = {label: k for k, label in enumerate(classes.tolist())}
            codes = np.array([place[own] for own in predicted[task][there].tolist()])
        confidence = proba[np.arange(len(codes)), codes]
        right = classes[codes] == true
        covered_share, wrong, _ = risk_by_coverage(confidence, right)
        areas[task] = area_under_risk(covered_share, wrong)
    return areas


def section(results):
    parts = ["## Decisions"]
    measured = results.get("probabilities", {})
    for part, write in WRITERS.items():
        if own := {name: found[part] for name, found in measured.items()}:
            parts += write(own)
    if "tuned" in results:
        parts += write_tuned(results["tuned"])
    return parts


def write_calibration(results):
    rows = []
    for name, found in results.items():
        for system in found:
            cells = [
                f"{scores['calibration_error']:.3f} / {scores['log_loss']:.3f}"
                for scores in (found[system][key] for key in ("before", *METHODS))
            ]
            rows.append([f"{name}, {system}", *cells])
    return [
        "Calibration error / log loss on the test split, means over tasks, before and "
        'after `CalibratedMultiTaskClassifier(cv="prefit")` on the dev split. *Not '
        "calibrated*: `temperature=1`.",
        markdown_table(["set", "before", *METHODS], rows),
    ]


def write_tuned(results):
    rows = [
        [
            name,
            f"{found['default']['macro_f1']:.3f}",
            f"{found['tuned']['macro_f1']:.3f}",
            signed(found["differences"]["macro_f1"]),
            signed(found["differences"]["accuracy"]),
        ]
        for name, found in results.items()
    ]
    return [
        "Macro-F1 of the default, and of `TunedDecisionMultiTaskClassifier(scoring="
        '"f1_macro", cv=3)` around it. Differences in points, with 95% intervals over '
        "test rows.",
        markdown_table(
            ["set", "default", "tuned", "difference", "difference in accuracy"], rows
        ),
    ]


def write_coverage(results):
    rows = []
    for name, found in results.items():
        if not found["tasks"]:
            continue
        row = [f"{name}, {len(found['tasks'])} task(s)"]
        for key in ("dev", "halves"):
            shares = [found[key][task]["coverage"] for task in found["tasks"]]
            row.append(f"{min(shares):.3f} to {max(shares):.3f}")
        row.append(f"{mean(found['halves'][t]['size'] for t in found['tasks']):.2f}")
        rows.append(row)
    return [
        f"Coverage of the sets of `ConformalMultiTaskClassifier(coverage={COVERAGE})`, "
        f"lowest and highest of the tasks with more than {FEWEST:,} labelled rows in "
        f"dev: calibrated on dev and measured on test; and mean over {N_HALVES} random "
        "halves of dev and test together. Size: mean number of labels in a set.",
        markdown_table(["set", "dev to test", "halves", "size"], rows),
    ]


def write_risk(results):
    rows = [
        [name, *(f"{found[key]['mean']:.4f}" for key in RISKS)]
        for name, found in results.items()
    ]
    return [
        "Area under risk against coverage on the test split, mean over the tasks that "
        "both systems have; lower is better.",
        markdown_table(["set", *RISKS.values()], rows),
    ]


RISKS = {
    "ours": "MultiTaskTextClassifier",
    "ours, most probable": "its most probable class",
    PEER: "LogisticRegression",
}
WRITERS = {
    "calibration": write_calibration,
    "coverage": write_coverage,
    "risk": write_risk,
}
