"""Time searches over loss weights: plain, with cached rows, and in one pass."""

import tempfile
import time

from benchmarks.data import load_set
from benchmarks.options import Option, common, names
from benchmarks.results import markdown_table

SEARCHES = {
    "grid": "GridSearchCV",
    "grid_memory": "GridSearchCV, memory=",
    "grid_2_jobs": "GridSearchCV, n_jobs=2",
    "one_pass": "LossWeightSearchCV",
    "one_pass_2_jobs": "LossWeightSearchCV, n_jobs=2",
}
# The default vectorizer, or one of scikit-learn.
VECTORIZERS = ("auto", "TfidfVectorizer")

OPTIONS = [
    *common(threads=2, sets=["intent4"]),
    Option(
        "systems",
        "default: all; the first is what others are compared with",
        names,
        among=tuple(SEARCHES),
    ),
    Option("vectorizer", "of the texts", choices=VECTORIZERS, default=VECTORIZERS[0]),
    Option("candidates", "loss weights to try", int, 8),
    Option("splits", "folds", int, 3),
]


def run(context):
    for name in context.sets:
        place = name
        if context.vectorizer != VECTORIZERS[0]:
            place += f", {context.vectorizer}"
        for system in context.systems:
            found = context.call(
                "measure",
                folder=context.data,
                name=name,
                system=system,
                vectorizer=context.vectorizer,
                n_candidates=context.candidates,
                n_splits=context.splits,
                seed=0,
            )
            plain = found
            if system != "grid":
                plain = context.results()[place]["grid"]
            compare(found, plain)
            yield (place, system), found
            yield (place, "machine"), context.machine()


def compare(run, plain):
    """Add the comparison with the plain search to a run."""
    run["ratio"] = run["seconds"] / plain["seconds"]
    run["same_ranking"] = run["ranking"] == plain["ranking"]
    run["largest_difference"] = max(
        abs(own - other)
        for name, values in run["scores"].items()
        for own, other in zip(values, plain["scores"][name], strict=True)
        if own == own  # no row is complete, so none is matched exactly
    )


def measure(folder, name, system, vectorizer, n_candidates, n_splits, seed):
    """Search the loss weights of a set and return seconds and all scores."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.model_selection import GridSearchCV

    from sklearn_mtl import MultiTaskTextClassifier
    from sklearn_mtl.metrics import multitask_scorer
    from sklearn_mtl.model_selection import MultiTaskStratifiedKFold, loss_weight_grid
    from sklearn_mtl.search import LossWeightSearchCV

    data = load_set(folder, name, ("train",))
    texts, labels = data.splits["train"]
    table = np.array(list(labels.values()), dtype=object).T
    grid = loss_weight_grid(
        len(labels), "random", n=n_candidates - 1, random_state=seed
    )
    grid = [list(weights.values()) for weights in grid]
    settings = {
        "cv": MultiTaskStratifiedKFold(n_splits, shuffle=True, random_state=seed),
        "scoring": multitask_scorer(),
        "refit": False,
    }
    if vectorizer == "TfidfVectorizer":
        vectorizer = TfidfVectorizer(
            ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32
        )
    classifier = MultiTaskTextClassifier(vectorizer, random_state=seed)
    with tempfile.TemporaryDirectory() as cache:
        if system == "grid_memory":
            classifier.set_params(memory=cache)
        settings["n_jobs"] = 2 if system.endswith("2_jobs") else None
        if system.startswith("grid"):
            search = GridSearchCV(classifier, {"loss_weights": grid}, **settings)
        else:
            search = LossWeightSearchCV(classifier, grid, **settings)
        start = time.perf_counter()
        search.fit(texts, table)
        seconds = time.perf_counter() - start
    found = search.cv_results_
    tasks = [key for key in found if key.startswith("mean_test_")]
    return {
        "seconds": seconds,
        "candidates": grid,
        "scores": {key.removeprefix("mean_test_"): list(found[key]) for key in tasks},
        "ranking": np.argsort(-found["mean_test_mean"], kind="stable").tolist(),
    }


def section(results):
    parts = ["## Searching loss weights"]
    for name, runs in results.items():
        n_candidates = len(runs["grid"]["candidates"])
        rows = [
            [
                label,
                f"{runs[key]['seconds']:.0f}",
                f"{runs[key]['ratio']:.2f}",
                "yes" if runs[key]["same_ranking"] else "no",
                f"{runs[key]['largest_difference']:.4f}",
            ]
            for key, label in SEARCHES.items()
            if key in runs
        ]
        header = ["search", "seconds", "ratio", "same ranking", "largest difference"]
        vectorizer = "" if "," in name else ", the estimator's own vectorizer"
        parts += [
            f"{n_candidates} candidates, three folds of {name}{vectorizer}; the "
            "largest difference is over all mean scores of tasks and candidates.",
            markdown_table(header, rows),
        ]
    return parts
