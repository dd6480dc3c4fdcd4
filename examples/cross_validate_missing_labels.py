"""
Cross-validation with missing labels of several types
=====================================================

A table with four label columns: strings, numbers, booleans and a categorical column.
Three of them have empty cells. This script cross-validates one classifier for all four,
reports every class on held-out rows, and scores scikit-learn's
``MultiOutputClassifier`` with the same scorer.
"""

# %%
# The table
# ---------
#
# The texts are docstrings of Python and of the installed libraries. The labels come
# from the code around each docstring. Modules are neither public nor private, and
# classes and modules return nothing, so their cells for these tasks are empty.

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import load_docstrings
from sklearn_mtl.metrics import multitask_report, multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold, train_test_split

frame = load_docstrings(as_frame=True).frame.sample(1000, random_state=0)
fewest_arguments = {"0": 0, "1": 1, "2": 2, "3 or 4": 3, "5 or more": 5}
is_public = {"public": True, "private": False, "special": False}

X = frame["text"].str[:500]
y = pd.DataFrame(
    {
        "library": frame["library"],
        "n_arguments": frame["n_parameters"].map(fewest_arguments).astype("Int64"),
        "is_public": frame["visibility"].map(is_public).astype("boolean"),
        "returns": frame["returns"].astype("category"),
    }
)

print("The label columns:\n")
print(
    pd.DataFrame(
        {
            "type": y.dtypes,
            "labelled": y.notna().mean().round(2),
            "classes": y.nunique(),
        }
    )
)

# %%
# Cross-validation
# ----------------
#
# Two things differ from cross-validation with one label column. The folds come from
# ``MultiTaskStratifiedKFold``, which stratifies by every class of every column; with a
# plain ``cv=3`` scikit-learn would inspect the labels itself, and it does not accept
# empty cells. The scorer comes from ``multitask_scorer``, which scores each task on its
# labelled cells and returns all scores by name.
#
# Ten epochs keep this script short.

classifier = MultiTaskTextClassifier(max_iter=10, random_state=0)
metrics = ["accuracy", "f1_macro", "neg_log_loss"]
scorer = multitask_scorer(metrics)
folds = MultiTaskStratifiedKFold(n_splits=3, shuffle=True, random_state=0)

scores = cross_validate(classifier, X, y, cv=folds, scoring=scorer)

# %%
# With several metrics the keys are ``test_<metric>_<task>``; "mean" and "worst" are
# listed like tasks. So a table of tasks and metrics takes one line.


def table_of(scores, rows):
    """Return means over folds, with a row per task and a column per metric."""
    return pd.DataFrame(
        {m: {row: scores[f"test_{m}_{row}"].mean() for row in rows} for m in metrics}
    )


table = table_of(scores, [*y.columns, "mean", "worst"])
print("\nMean over 3 folds:\n")
print(table.round(3))

# %%
# A score needs a baseline. Always predicting the most frequent class gives this
# accuracy:

majority = pd.Series({name: y[name].value_counts(normalize=True).max() for name in y})
print("\nAccuracy of the most frequent class:\n")
print(majority.round(3).to_string())

# %%
# Every class of every task
# -------------------------
#
# ``train_test_split`` of this package stratifies by all columns. The report ignores
# empty cells and shows the labelled share of each task. "support" counts labelled
# cells, so it differs between tasks. ``output="frame"`` keeps the type of each column.

X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
classifier.fit(X_train, y_train)
report = multitask_report(y_test, classifier.predict(X_test, output="frame"))
print("\nOn held-out rows:\n")
print(report)

# %%
# As a frame it can be sorted. These classes have the lowest scores:

worst_classes = report.to_frame().sort_values("f1-score").head(3)
print("\nThe three lowest F1 scores:\n")
print(worst_classes.round(3))

# %%
# scikit-learn's multi-output classifier
# --------------------------------------
#
# ``MultiOutputClassifier`` rejects empty cells and columns of different types. It can
# be fitted to complete rows only, with all labels as strings. The scorer has no such
# limits: it accepts the predictions of any multi-output classifier, and test rows with
# empty cells.


def as_text(labels):
    """Return labels as strings, and empty cells as None."""
    return (
        labels.astype(object).where(labels.notna(), None).map(str, na_action="ignore")
    )


complete = y_train.notna().all(axis=1)
text_train, text_test = as_text(y_train), as_text(y_test)
linear = make_pipeline(TfidfVectorizer(), MultiOutputClassifier(LinearSVC()))
linear.fit(X_train[complete], text_train[complete])

# %%
# The shared network can be fitted to complete rows or to all rows. On complete rows the
# comparison is between models only. On all rows the network also uses more labels. If
# a class has only a few labelled test cells, such as "generator", each of them changes
# the macro-F1 of its task considerably: check "support" above before you interpret a
# difference.
#
# ``MultiOutputClassifier`` does not keep column names, so its tasks are matched by
# position.

by_label = multitask_scorer("f1_macro")
systems = {
    "MultiOutputClassifier, complete rows": by_label(linear, X_test, text_test),
    "shared network, complete rows": by_label(
        classifier.fit(X_train[complete], y_train[complete]), X_test, y_test
    ),
    "shared network, all rows": by_label(
        classifier.fit(X_train, y_train), X_test, y_test
    ),
}
comparison = pd.DataFrame(systems).T[[*y.columns, "mean"]]
print(f"\n{complete.sum()} of {len(complete)} training rows are complete.")
print("Macro-F1 on held-out rows:\n")
print(comparison.round(3).to_string())
