"""
Grid search of loss weights
===========================

How much weight should each task have in training? This script searches the loss weights
of two tasks twice: with scikit-learn's ``GridSearchCV`` over a pipeline that caches its
first step, and with ``LossWeightSearchCV``, which trains all candidates of a fold side
by side. Both find the same scores.
"""

# %%
# Texts and tasks
# ---------------
#
# Docstrings of Python and of the installed libraries, with two tasks. Some cells of
# "n_parameters" are empty. A quarter of the rows is held out as a test set.

import tempfile
import time

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import load_docstrings
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import (
    MultiTaskStratifiedKFold,
    loss_weight_grid,
    train_test_split,
)
from sklearn_mtl.search import LossWeightSearchCV

tasks = ["library", "n_parameters"]
frame = load_docstrings(as_frame=True).frame.sample(1000, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(
    frame["text"], frame[tasks], random_state=0
)

# %%
# Candidates
# ----------
#
# Only ratios of weights matter, so all candidates have mean 1. "pairs" gives one of two
# tasks each ratio over the other, in both directions. Equal weights come first.

candidates = loss_weight_grid(tasks, "pairs", ratios=[2, 4])
print(f"{len(candidates)} candidates:\n")
print(pd.DataFrame(candidates).round(2).to_string())

# %%
# With GridSearchCV
# -----------------
#
# The loss weights are a parameter of the last step, so the first step is the same for
# all candidates. With ``memory`` the pipeline fits the vectorizer once per fold, caches
# the rows of the training texts on disk, and reads them for every further candidate.
# (Only fits are cached: the test texts of a fold are vectorized for each candidate.)
#
# The scorer returns a dict of scores. With ``refit="mean"`` the mean over tasks selects
# the best candidate. Folds and classifier have a fixed ``random_state``, so the two
# searches use the same splits and the same initial weights.

scorer = multitask_scorer("f1_macro")
folds = MultiTaskStratifiedKFold(n_splits=3, shuffle=True, random_state=0)


def pipeline(memory=None):
    """Return an unfitted pipeline of vectorizer and classifier."""
    return Pipeline(
        [
            ("vectorizer", TfidfVectorizer(sublinear_tf=True, min_df=2)),
            ("classifier", MultiTaskTextClassifier(max_iter=10, random_state=0)),
        ],
        memory=memory,
    )


with tempfile.TemporaryDirectory() as cache:
    grid_search = GridSearchCV(
        pipeline(memory=cache),
        {"classifier__loss_weights": candidates},
        cv=folds,
        scoring=scorer,
        refit="mean",
    )
    start = time.perf_counter()
    grid_search.fit(X_train, y_train)
    grid_seconds = time.perf_counter() - start

# %%
# With LossWeightSearchCV
# -----------------------
#
# It takes a list of candidates instead of a parameter grid, and needs no ``memory``:
# the first steps of the pipeline are always fitted once per fold, and test texts are
# also vectorized once per fold.

search = LossWeightSearchCV(
    pipeline(), candidates, cv=folds, scoring=scorer, refit="mean"
)
start = time.perf_counter()
search.fit(X_train, y_train)
search_seconds = time.perf_counter() - start

print("\nSeconds on this machine, including the refit:")
print(f"  GridSearchCV        {grid_seconds:6.1f}")
print(f"  LossWeightSearchCV  {search_seconds:6.1f}")

# %%
# The same scores
# ---------------
#
# ``cv_results_`` has the same form as that of ``GridSearchCV``, with a score for each
# task and their mean.

columns = ["mean_test_mean", "std_test_mean", *(f"mean_test_{task}" for task in tasks)]
results = pd.DataFrame(search.cv_results_)
grid_results = pd.DataFrame(grid_search.cv_results_)
largest_gap = (results[columns] - grid_results[columns]).abs().to_numpy().max()

table = pd.concat(
    [pd.DataFrame(candidates).round(2), results[columns].round(3)], axis=1
)
print("\nMacro-F1 of the candidates:\n")
print(table.sort_values("mean_test_mean", ascending=False).to_string(index=False))
print(f"\nLargest difference between the two searches: {largest_gap:.1e}")
print(f"GridSearchCV selects        {grid_search.best_params_}")
print(f"LossWeightSearchCV selects  {search.best_params_}")

# %%
# Is the best candidate better?
# -----------------------------
#
# The best of several cross-validated scores is optimistic: part of its lead is chance.
# Compare the lead with ``std_test_mean``, the standard deviation over folds, and
# compare the chosen weights with equal weights on held-out rows. If the search chooses
# equal weights, or its lead is smaller than the standard deviation, keep them equal.

equal = pipeline().set_params(classifier__loss_weights=candidates[0])
held_out = pd.DataFrame(
    {
        "chosen weights": scorer(search.best_estimator_, X_test, y_test),
        "equal weights": scorer(equal.fit(X_train, y_train), X_test, y_test),
    }
).T[[*tasks, "mean"]]
lead = results["mean_test_mean"].max() - results["mean_test_mean"][0]
print(f"\nLead over equal weights in cross-validation: {lead:+.3f}")
print("Macro-F1 on held-out rows:\n")
print(held_out.round(3).to_string())
