"""Sizes of saved classifiers, and what smaller files cost in scores.

The default is fitted to the train split, saved in each form and as a pickle, loaded
again, and scored on the test split.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.data import load_set
from benchmarks.options import Option, common, names
from benchmarks.results import SCORES, markdown_table, task_means

# The label of a row, and arguments of `save`.
FORMS = {
    "pickle": ("pickle", None),
    "float32": ("32 bits", {}),
    "float16": ("16 bits", {"dtype": "float16"}),
    "int8": ("8 bits", {"dtype": "int8"}),
    "pruned": ("without half of the words", {"prune": 0.5}),
    "pruned_int8": ("8 bits, without half", {"dtype": "int8", "prune": 0.5}),
}
OPTIONS = [
    *common(threads=1),
    Option("forms", "forms to save in; default: all", names, among=tuple(FORMS)),
]


def run(context):
    yield ("labels",), {key: label for key, (label, _) in FORMS.items()}
    for name in context.sets:
        found = context.call(
            "measure", folder=context.data, name=name, forms=list(context.forms)
        )
        for form, row in found.items():
            yield ("forms", form, name), row
        yield ("machine",), context.machine()


def measure(folder, name, forms):
    """Fit, save in each form and score; runs in a separate process."""
    import pickle

    from sklearn_mtl import MultiTaskTextClassifier, load

    splits = load_set(folder, name, ("train", "test")).splits
    classifier = MultiTaskTextClassifier(random_state=0).fit(*splits["train"])
    found = {}
    with TemporaryDirectory() as temporary:
        path = Path(temporary) / "model"
        for form in forms:
            _, options = FORMS[form]
            if options is None:
                path.write_bytes(pickle.dumps(classifier))
                found[form] = score(classifier, splits["test"])
            else:
                classifier.save(path, **options)
                found[form] = score(load(path), splits["test"])
            found[form]["megabytes"] = path.stat().st_size / 1e6
    return found


def score(classifier, split):
    """Return mean accuracy and macro-F1 over tasks."""
    from benchmarks.scores import as_lists, score_tasks

    predicted = classifier.predict(split.texts, output="dict")
    return task_means(score_tasks(split.labels, as_lists(predicted)))


def section(results):
    return [
        "## Files",
        "File sizes of a default fit, saved by `save` in several forms and by pickle, "
        "and test scores of the loaded classifier: mean accuracy and mean macro-F1 "
        "over tasks, in percent.",
        show(results),
    ]


def show(results):
    """Return a row for each form, with megabytes and scores of each set."""
    forms, labels = results["forms"], results["labels"]
    sets = sorted({name for rows in forms.values() for name in rows})
    table = [
        [labels[form], *(_cell(forms[form].get(name)) for name in sets)]
        for form in filter(forms.get, labels)
    ]
    return markdown_table(["saved as", *sets], table)


def _cell(row):
    if row is None:
        return "-"
    scores = " / ".join(f"{100 * row[key]:.2f}" for key in SCORES)
    return f"{row['megabytes']:.1f} MB, {scores}"
