"""Labels that meet conditions between tasks: scores, and rows that contradict.

The default is fitted to the train split; ConsistentMultiTaskClassifier is around the
same fit. No labels of these splits contradict, so it would train on the same cells. The
conditions between tasks with many labels are learnt from the train split.

Macro-F1 where it is known which tasks have a label: the true labels of the tasks that
decide this are known, and each other task is scored on its labelled cells. Differences
have the 95% interval of a paired bootstrap over rows.

Macro-F1 end to end: a label for a task that has none counts as a false label of its
class, and an empty cell as a missing one. *Emptied*: the labels of the default, without
those that the label of the parent excludes. *Filled*: the labels have a further
class in the cells of tasks that have no label, and conditions are learnt with it.
"""

from statistics import mean

from benchmarks.data import load_set
from benchmarks.options import SPLIT, common
from benchmarks.results import markdown_table, signed

CONDITIONS = {
    "edos": {"category": ["sexist", "sexist"], "vector": "category"},
    "intent4": {
        "clinc_domain": ["clinc_in_scope", "yes"],
        "clinc_intent": "clinc_domain",
        "hwu_intent": "hwu_scenario",
    },
}
# The tasks whose labels say which tasks have a label.
DECIDING = {"edos": "sexist", "intent4": "clinc_in_scope"}
DEFAULT, EMPTIED, OURS = "default", "emptied", "conditions"
FILLED, BOTH = "filled", "filled_conditions"
NONE = "none"
SYSTEMS = {
    DEFAULT: "MultiTaskTextClassifier",
    EMPTIED: "the same, emptied",
    OURS: "ConsistentMultiTaskClassifier",
    FILLED: "MultiTaskTextClassifier, filled",
    BOTH: "ConsistentMultiTaskClassifier, filled",
}
OPTIONS = [*common(seeds=3, threads=1, among=tuple(CONDITIONS)), SPLIT]


def run(context):
    for name in context.sets:
        measured = context.call(
            "measure",
            folder=context.data,
            name=name,
            split=context.split,
            seeds=context.seeds,
        )
        yield (name,), {**measured, "machine": context.machine()}


def measure(folder, name, split, seeds):
    """Return scores of all seeds; runs in a separate process."""
    from sklearn.frozen import FrozenEstimator

    from sklearn_mtl import MultiTaskTextClassifier
    from sklearn_mtl.decisions import ConsistentMultiTaskClassifier

    splits = load_set(folder, name, ("train", split)).splits
    train, other = splits["train"], splits[split]
    given = {DECIDING[name]: other.labels[DECIDING[name]]}
    known, found = {DEFAULT: [], OURS: []}, {system: [] for system in SYSTEMS}
    for seed in range(seeds):
        model = MultiTaskTextClassifier(random_state=seed).fit(*train)
        around = ConsistentMultiTaskClassifier(FrozenEstimator(model), CONDITIONS[name])
        around.fit(*train)
        conditions = around.conditions_
        tasks = tasks_of(conditions)
        plain = as_lists(model.predict(other.texts, output="dict"), tasks)
        ours = as_lists(around.predict(other.texts, output="dict"), tasks)
        found[DEFAULT].append(plain)
        found[EMPTIED].append(emptied(plain, conditions))
        whole = filled(train.labels, conditions)
        model = MultiTaskTextClassifier(random_state=seed).fit(train.texts, whole)
        learnt = {child: parent for child, (parent, _) in conditions.items()}
        both = ConsistentMultiTaskClassifier(FrozenEstimator(model), learnt)
        both.fit(train.texts, whole)
        for system, one in ((FILLED, model), (BOTH, both)):
            predicted = as_lists(one.predict(other.texts, output="dict"), tasks)
            found[system].append(without_none(predicted))
        found[OURS].append(ours)
        known[DEFAULT].append(plain)
        predicted = around.predict(other.texts, output="dict", known=given)
        known[OURS].append(as_lists(predicted, tasks))
    labels = {task: other.labels[task] for task in tasks}
    return {
        "split": split,
        "seeds": seeds,
        "tasks": tasks,
        "known": compare([task for task in tasks if task not in given], labels, known),
        "end_to_end": {
            system: means([scores(labels, own, conditions) for own in runs])
            for system, runs in found.items()
        },
    }


def tasks_of(conditions):
    """Return the tasks of conditions, parents first."""
    every = [
        name for child, (parent, _) in conditions.items() for name in (parent, child)
    ]
    return list(dict.fromkeys(every))


def as_lists(predicted, tasks):
    return {task: predicted[task].tolist() for task in tasks}


def emptied(labels, conditions):
    """Return labels without those that the label of the parent excludes."""
    found = dict(labels)
    for child, (parent, allowed) in conditions.items():
        pairs = zip(found[child], found[parent], strict=True)
        found[child] = [own if own in allowed.get(a, ()) else None for own, a in pairs]
    return found


def filled(labels, conditions):
    """Return labels with a further class where a task has no label."""
    without = excluded(labels, conditions)
    return {
        task: [
            NONE if no else cell for no, cell in zip(without[task], own, strict=True)
        ]
        for task, own in labels.items()
    }


def without_none(labels):
    return {
        task: [None if cell == NONE else cell for cell in own]
        for task, own in labels.items()
    }


def compare(tasks, labels, known):
    """Return macro-F1 of each task where the deciding labels are known."""
    import numpy as np

    from benchmarks.scores import INTERVAL, Predictions, mean_scores

    tables = [labels, *known[DEFAULT], *known[OURS]]
    classes = {
        task: sorted({cell for table in tables for cell in table[task]} - {None})
        for task in tasks
    }

    def numbers(table):
        columns = []
        for task in tasks:
            number = {label: k for k, label in enumerate(classes[task])} | {None: -1}
            columns.append([number[cell] for cell in table[task]])
        return np.array(columns).T

    drawn = {
        system: mean_scores(
            [Predictions(tasks, numbers(labels), numbers(own)) for own in runs]
        )["macro_f1"].astype(float)
        for system, runs in known.items()
    }
    found = {}
    for k, task in enumerate(tasks):
        difference = drawn[OURS][k] - drawn[DEFAULT][k]
        low, high = np.percentile(difference[1:], INTERVAL).tolist()
        found[task] = {
            DEFAULT: float(drawn[DEFAULT][k, 0]),
            OURS: float(drawn[OURS][k, 0]),
            "difference": float(difference[0]),
            "low": low,
            "high": high,
        }
    return found


def scores(labels, predicted, conditions):
    """Return scores of whole predictions."""
    from sklearn_mtl.metrics import hierarchical_scores

    return {
        **{
            f"macro_f1 {task}": own
            for task, own in macro_f1(labels, predicted, conditions)
        },
        "contradicting": contradicting(predicted, conditions),
        **hierarchical_scores(labels, predicted, conditions),
    }


def macro_f1(labels, predicted, conditions):
    """Yield each task with its macro-F1, end to end."""
    from sklearn.metrics import f1_score

    without = excluded(labels, conditions)
    for task, own in predicted.items():
        pairs = [
            (true or "", cell or "")
            for true, cell, has_none in zip(
                labels[task], own, without[task], strict=True
            )
            if true is not None or has_none
        ]
        true, own = zip(*pairs, strict=True)
        classes = sorted({*true, *own} - {""})
        yield task, f1_score(true, own, labels=classes, average="macro")


def excluded(labels, conditions):
    """Return for each task the rows in which the labels of others exclude any."""
    found = {task: [False] * len(own) for task, own in labels.items()}
    for child, (parent, allowed) in conditions.items():
        pairs = zip(found[parent], labels[parent], strict=True)
        found[child] = [
            no or (own is not None and own not in allowed) for no, own in pairs
        ]
    return found


def contradicting(predicted, conditions):
    """Return the share of rows that contradict the conditions."""
    bad = [False] * len(next(iter(predicted.values())))
    for child, (parent, allowed) in conditions.items():
        for row, (above, own) in enumerate(
            zip(predicted[parent], predicted[child], strict=True)
        ):
            possible = allowed.get(above, [None])
            bad[row] |= own not in possible
    return mean(bad)


def means(runs):
    return {key: mean(run[key] for run in runs) for key in runs[0]}


def section(results):
    known = " and ".join(f"`{task}`" for task in DECIDING.values())
    return [
        "## Conditions between tasks",
        "`ConsistentMultiTaskClassifier` around the default. Macro-F1 of each task on "
        f"its labelled cells of the test split, where the labels of {known} are known. "
        "Means over 3 seeds; differences in points, with 95% intervals over test rows.",
        known_table(results),
        "Without known labels. Macro-F1 in percent: a label for a task that has none "
        "counts as false, and so does an empty cell of a task that has a label. "
        "*Emptied*: the labels of the default, without those that the predicted label "
        "of the parent excludes. *Filled*: fitted to labels with a further class in "
        "the cells of tasks that have no label. Hierarchical "
        "precision, recall and F1 are those of `hierarchical_scores`. The last column "
        "is the share of rows whose labels contradict the conditions.",
        *(end_table(name, own) for name, own in results.items()),
    ]


def known_table(results):
    rows = [
        [
            f"{name}, {task}",
            f"{found[DEFAULT]:.3f}",
            f"{found[OURS]:.3f}",
            signed(found),
        ]
        for name, own in results.items()
        for task, found in own["known"].items()
    ]
    return markdown_table(["task", "default", "with conditions", "difference"], rows)


def end_table(name, results):
    rows = []
    for system, label in SYSTEMS.items():
        found = results["end_to_end"][system]
        rows.append(
            [
                label,
                *(
                    f"{100 * found[f'macro_f1 {task}']:.1f}"
                    for task in results["tasks"]
                ),
                *(f"{found[key]:.3f}" for key in ("precision", "recall", "f1")),
                f"{found['contradicting']:.1%}",
            ]
        )
    header = [name, *results["tasks"], "precision", "recall", "F1", "contradicting"]
    return markdown_table(header, rows)
