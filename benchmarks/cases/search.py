"""Time searches over loss weights: plain, with cached rows, in one pass, by halving."""

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
    "halving": "HalvingLossWeightSearchCV",
    "halving_by_2": "HalvingLossWeightSearchCV, factor=2",
    "halving_2_jobs": "HalvingLossWeightSearchCV, n_jobs=2",
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
        # No row is complete, so none is matched exactly; and by halving only the last
        # candidates have scores.
        if own == own
    )


def measure(folder, name, system, vectorizer, n_candidates, n_splits, seed):
    """Search the loss weights of a set and return seconds and all scores."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.model_selection import GridSearchCV

    from sklearn_mtl import MultiTaskTextClassifier
    from sklearn_mtl.metrics import multitask_scorer
    from sklearn_mtl.model_selection import MultiTaskStratifiedKFold, loss_weight_grid
    from sklearn_mtl.search import HalvingLossWeightSearchCV, LossWeightSearchCV

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
        elif system.startswith("halving"):
            settings["refit"] = "mean"  # decides who goes on; not timed, see below
            factor = 2 if system == "halving_by_2" else 3
            search = HalvingLossWeightSearchCV(
                classifier, grid, factor=factor, **settings
            )
        else:
            search = LossWeightSearchCV(classifier, grid, **settings)
        start = time.perf_counter()
        search.fit(texts, table)
        seconds = time.perf_counter() - start - getattr(search, "refit_time_", 0.0)
    found = search.cv_results_
    # By halving, those that trained to the end; otherwise all.
    iterations = found.get("iter", np.zeros(len(grid)))
    rows = np.flatnonzero(iterations == iterations.max())
    numbers = [grid.index(found["params"][row]["loss_weights"]) for row in rows]
    scores = {}
    for key in (key for key in found if key.startswith("mean_test_")):
        own = scores[key.removeprefix("mean_test_")] = [np.nan] * len(grid)
        for number, row in zip(numbers, rows, strict=True):
            own[number] = found[key][row]
    ranking = np.argsort(-np.array(scores["mean"]), kind="stable")  # NaN is last
    return {
        "seconds": seconds,
        "candidates": grid,
        "scores": scores,
        "ranking": ranking[: len(rows)].tolist(),
    }


def loss_of_best(run, plain):
    """Return how much worse the chosen candidate is than the best of all."""
    means = plain["scores"]["mean"]
    return means[plain["ranking"][0]] - means[run["ranking"][0]]


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
                f"{100 * loss_of_best(runs[key], runs['grid']):.2f}",
            ]
            for key, label in SEARCHES.items()
            if key in runs
        ]
        header = ["search", "seconds", "ratio", "same ranking", "largest difference"]
        header.append("loss of the best")
        vectorizer = "" if "," in name else ", the estimator's own vectorizer"
        parts += [
            f"{n_candidates} candidates, three folds of {name}{vectorizer}; the "
            "largest difference is over all mean scores of tasks and candidates that "
            "trained to the end. The loss of the best is how many points its mean "
            "score is below that of the best candidate of GridSearchCV.",
            markdown_table(header, rows),
        ]
    return parts
