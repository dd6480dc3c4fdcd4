"""What each part of the default is worth: the default with one part changed.

Every variant is fitted on the train split and scored on the dev split, on which the
defaults were chosen; the test split is not read.
"""

from statistics import mean

from benchmarks.options import Option, common, names
from benchmarks.results import SCORES, markdown_table

DEFAULT = "default"


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


# What a row is called, and parameters of the estimator, made when used.
CHANGES = {
    "default": ("the default", dict),
    "words": (
        "words and pairs alone, no parts of words",
        lambda: {"vectorizer": words()},
    ),
    "long_words": (
        "the same without words of one character",
        lambda: {"vectorizer": words(token_pattern=r"(?u)\b\w\w+\b")},
    ),
    "raw_counts": (
        "the same with plain counts, not sublinear",
        lambda: {"vectorizer": words(sublinear_tf=False)},
    ),
    "all_words": (
        "the same with words of a single text",
        lambda: {"vectorizer": words(min_df=1)},
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
    "narrow": ("64 units", lambda: {"trunk": bag(64)}),
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
    *common(seeds=2, threads=1),
    Option("changes", "parts to change; default: all", names, among=tuple(CHANGES)),
]


def run(context):
    yield ("labels",), {key: label for key, (label, _) in CHANGES.items()}
    for change in context.changes:
        for name in context.sets:
            runs = context.call_for_seeds(
                "measure", change=change, folder=context.data, name=name
            )
            row = {key: mean(run[key] for run in runs) for key in runs[0]}
            yield ("changes", change, name), {**row, "seeds": context.seeds}
            yield ("machine",), context.machine()


def measure(change, folder, name, seed):
    """Fit a variant on train and score it on dev; meant for a process of its own."""
    from benchmarks.scores import fit_and_score

    found = fit_and_score(CHANGES[change][1](), folder, name, "dev", seed)
    return {"seconds": found["fit_seconds"], **{key: found[key] for key in SCORES}}


def section(results):
    seeds = {row["seeds"] for sets in results["changes"].values() for row in
             sets.values()}  # fmt: skip
    return [
        "## The parts of the default",
        "Scores on the dev splits, on which the defaults were chosen, after a change "
        "of one part: mean over sets and "
        f"{' or '.join(map(str, sorted(seeds)))} seed(s), in points above or below the "
        "default; seconds of a fit as a multiple of the default's; macro-F1 of each "
        "set. Of one seed, half a point may be chance.",
        show(results),
    ]


def show(results):
    """Return a row for each change: its means minus the default's, in points."""
    changes, labels = results["changes"], results["labels"]
    if DEFAULT not in changes:
        return "Measure the default, too: --changes default"
    default = changes[DEFAULT]
    rows = []
    for change in filter(changes.get, labels):
        own = changes[change]
        cells = [labels[change]]
        for score in SCORES:
            values = [(own[name][score], default[name][score]) for name in own]
            found, usual = map(mean, zip(*values, strict=True))
            cells.append(
                f"{found:.4f}" if change == DEFAULT else f"{100 * (found - usual):+.1f}"
            )
        seconds = [sum(table[n]["seconds"] for n in own) for table in (own, default)]
        cells.append(f"{seconds[0] / seconds[1]:.2f}")
        cells += [
            f"{own[name]['macro_f1']:.3f}" if name in own else "-"
            for name in sorted(default)
        ]
        rows.append(cells)
    header = ["change", "accuracy", "macro-F1", "time", *sorted(default)]
    return markdown_table(header, rows)
