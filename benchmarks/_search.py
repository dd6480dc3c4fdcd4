"""One search of loss weights, timed; run in a process of its own."""

import tempfile
import time

import numpy as np
from _data import load_set

SYSTEMS = ("grid", "grid_memory", "grid_2_jobs", "one_pass", "one_pass_2_jobs")


# How texts become rows: by the defaults, or by a vectorizer of scikit-learn.
VECTORIZERS = ("auto", "TfidfVectorizer")


def measure(folder, name, system, vectorizer, n_candidates, n_splits, seed):
    """Search the loss weights of a set and return seconds and all scores."""
    # Imported here, so that the parent process stays small.
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
