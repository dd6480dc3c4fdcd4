"""Ablation of the default: the effect of changing one part at a time.

Every variant is fitted on the train split and scored on the dev split, on which the
defaults were chosen; the test split is not read. Two further tables show the effect on
other data: "few", the mean over all sets of fits to 300 and to 1000 rows drawn from the
train split, and "noise", 6000 synthetic rows with a fifth of the labels flipped, both
for training and for scoring.

Times are processor time, so that variants stay comparable if other work runs on the
machine.
"""

from statistics import mean

from benchmarks.cases.few import draw_rows
from benchmarks.options import Option, common, names
from benchmarks.results import SCORES, markdown_table, task_means

DEFAULT = "default"
FEW, NOISE = "few", "noise"
FEW_ROWS, NOISE_ROWS, FLIPPED = (300, 1000), 6000, 0.2
KEYS = (*SCORES, "log_loss")


def words(**settings):
    from benchmarks.systems.network import words

    return words(**settings)


def scikit_learn():
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), dtype=np.float32)


def bag(*args, **kwargs):
    from sklearn_mtl.trunks import BagTrunk

    return BagTrunk(*args, **kwargs)


# The label of a row, and a function that returns parameters of the estimator.
CHANGES = {
    "default": ("the default", dict),
    "words": (
        "words and pairs alone, no parts of words",
        lambda: {"vectorizer": words()},
    ),
    "scikit_learn": (
        "TfidfVectorizer(ngram_range=(1, 2)) of scikit-learn",
        lambda: {"vectorizer": scikit_learn()},
    ),
    "no_weighting": ("term_weighting=None", lambda: {"term_weighting": None}),
    "no_adjustment": ("logit_adjustment=0", lambda: {"logit_adjustment": 0}),
    "half_adjustment": ("logit_adjustment=0.5", lambda: {"logit_adjustment": 0.5}),
    "balanced": (
        'logit_adjustment=0, class_weight="balanced"',
        lambda: {"logit_adjustment": 0, "class_weight": "balanced"},
    ),
    "hard": ('sharing="hard", no private path', lambda: {"sharing": "hard"}),
    "linear": ("trunk=None, nothing shared", lambda: {"trunk": None}),
    "equal_cells": (
        "loss_weights=None, all cells alike",
        lambda: {"loss_weights": None},
    ),
    "no_penalty": ("alpha=0, no penalty is tried", lambda: {"alpha": 0}),
    "no_temperature": (
        "temperature=1, all rows train",
        lambda: {"temperature": 1},
    ),
    "lsa": ('embedding="lsa"', lambda: {"embedding": "lsa"}),
    "narrow": ("64 units everywhere", lambda: {"trunk": bag(64)}),
    "usual": ("128 units everywhere", lambda: {"trunk": bag(128)}),
    "wide": ("256 units", lambda: {"trunk": bag(256)}),
    "no_dropout": ("no dropout", lambda: {"trunk": bag(dropout=0.0)}),
    "more_dropout": ("dropout 0.5", lambda: {"trunk": bag(dropout=0.5)}),
    "small_batches": (
        "batches of 64, with a step in proportion",
        lambda: {"batch_size": 64, "max_iter": 4, "learning_rate_init": 100.0},
    ),
    "long": ("8 epochs", lambda: {"max_iter": 8}),
    "stopping": ("early_stopping=True", lambda: {"early_stopping": True}),
}

OPTIONS = [
    *common(seeds=3, threads=1),
    Option("changes", "parts to change; default: all", names, among=tuple(CHANGES)),
]


def run(context):
    yield ("labels",), {key: label for key, (label, _) in CHANGES.items()}
    for change in context.changes:
        for name in (*context.sets, FEW, NOISE):
            runs = context.call_for_seeds(
                "measure",
                change=change,
                folder=context.data,
                name=name,
                sets=context.sets,
            )
            row = {key: mean(run[key] for run in runs) for key in runs[0]}
            yield ("changes", change, name), {**row, "seeds": context.seeds}
            yield ("machine",), context.machine()


def measure(change, folder, name, sets, seed):
    """Fit and score a variant; runs in a separate process."""
    tables = list(make_tables(folder, name, sets, seed))
    runs = [fit_and_score(CHANGES[change][1](), *table, seed) for table in tables]
    return {key: mean(run[key] for run in runs) for key in runs[0]}


def make_tables(folder, name, sets, seed):
    """Yield texts and labels to fit, and texts and labels to score on."""
    from benchmarks.data import load_set

    if name == NOISE:
        from benchmarks.cases.noise import TEST_ROWS, make_texts

        texts, _, labels = make_texts(NOISE_ROWS + TEST_ROWS, FLIPPED, seed)
        train = {task: cells[:NOISE_ROWS] for task, cells in labels.items()}
        test = {task: cells[NOISE_ROWS:] for task, cells in labels.items()}
        yield texts[:NOISE_ROWS], train, texts[NOISE_ROWS:], test
        return
    for each in sets if name == FEW else [name]:
        splits = load_set(folder, each, ("train", "dev")).splits
        train, dev = splits["train"], splits["dev"]
        if name != FEW:
            yield *train, *dev
            continue
        for n_rows in FEW_ROWS:
            chosen = draw_rows(train.labels, n_rows, seed)
            texts = [train.texts[row] for row in chosen]
            columns = train.labels.items()
            labels = {task: [own[row] for row in chosen] for task, own in columns}
            yield texts, labels, *dev


def fit_and_score(parameters, texts, labels, other_texts, other_labels, seed):
    from time import process_time

    from benchmarks.probabilities import add_probability_scores
    from benchmarks.scores import as_lists, score_tasks
    from sklearn_mtl import MultiTaskTextClassifier

    classifier = MultiTaskTextClassifier(random_state=seed, **parameters)
    start = process_time()
    classifier.fit(texts, labels)
    seconds = process_time() - start
    predicted = as_lists(classifier.predict(other_texts, output="dict"))
    scores = score_tasks(other_labels, predicted)
    probabilities = classifier.predict_proba(other_texts, output="dict")
    columns = zip(classifier.classes_, probabilities.items(), strict=True)
    pairs = {task: (classes.tolist(), own) for classes, (task, own) in columns}
    add_probability_scores(scores, other_labels, pairs)
    return {"seconds": seconds, **task_means(scores, KEYS)}


def section(results):
    changes = results["changes"].values()
    seeds = {row["seeds"] for sets in changes for row in sets.values()}
    return [
        "## Ablation of the default",
        "Each row changes one part of the default. Scores are on the dev splits, on "
        "which the defaults were chosen, and are means over sets and "
        f"{' or '.join(map(str, sorted(seeds)))} seed(s), as differences from the "
        "default (accuracy and macro-F1 in points). Time is the fit time as a multiple "
        "of the default's. Further columns: macro-F1 of each set and of fits to 300 "
        "and 1000 rows of all sets (few); accuracy and log loss with a fifth of the "
        "labels flipped (noise). Differences of a few tenths of a point are within the "
        "variation between seeds.",
        show(results),
    ]


def show(results):
    """Return a row for each change: differences of means, then the score of each table.

    Means are over the sets.
    """
    changes, labels = results["changes"], results["labels"]
    if DEFAULT not in changes:
        return "Also measure the default: --changes default"
    default = changes[DEFAULT]
    sets = sorted(set(default) - {FEW, NOISE})
    rows = []
    for change in filter(changes.get, labels):
        own, cells = changes[change], [labels[change]]
        common = [name for name in sets if name in own]
        for key in KEYS:
            tables = [[table[name] for name in common] for table in (own, default)]
            if not all(key in row for table in tables for row in table):
                cells.append("-")  # a run of an earlier version
                continue
            found, usual = (mean(row[key] for row in table) for table in tables)
            if change == DEFAULT:
                cells.append(f"{found:.4f}")
            elif key in SCORES:
                cells.append(f"{100 * (found - usual):+.1f}")
            else:
                cells.append(f"{found - usual:+.3f}")
        seconds = [sum(table[n]["seconds"] for n in common) for table in (own, default)]
        cells.append(f"{seconds[0] / seconds[1]:.2f}")
        cells += [written(own, name, "macro_f1") for name in (*sets, FEW)]
        cells += [written(own, NOISE, key) for key in ("accuracy", "log_loss")]
        rows.append(cells)
    header = ["change", "accuracy", "macro-F1", "log loss", "time", *sets]
    return markdown_table([*header, "few", "noise, accuracy", "noise, log loss"], rows)


def written(tables, name, key):
    return f"{tables[name][key]:.3f}" if name in tables else "-"
