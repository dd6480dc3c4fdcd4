"""
Calibrate one task and choose its threshold
===========================================

``task_view`` hands out one task of a fitted multi-task classifier as an ordinary
classifier. scikit-learn can then calibrate its probabilities and choose its decision
threshold, while the network and the other tasks stay as they are.
"""

# %%
# Three sets of rows
# ------------------
#
# The network is fitted to one set of rows, calibrated on a second, and scored on a
# third. Scores before and after come from the third alone.
#
# The task is "private": whether a docstring belongs to something that is not meant for
# users. Modules are neither, and their cells are empty. The other tasks are trained
# along. The classifier calibrates its probabilities as it is fitted; ``temperature=1``
# turns this off, to show what the tools of scikit-learn do.

import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import f1_score, make_scorer, precision_score, recall_score
from sklearn.model_selection import TunedThresholdClassifierCV

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import load_docstrings
from sklearn_mtl.metrics import multitask_scores
from sklearn_mtl.model_selection import task_view, train_test_split

frame = load_docstrings(as_frame=True).frame.sample(3000, random_state=0)
X = frame["text"].str[:300]
y = frame[["library", "kind"]].assign(
    private=frame["visibility"].map({"private": "yes", "public": "no", "special": "no"})
)

X_fit, X_rest, y_fit, y_rest = train_test_split(X, y, test_size=0.6, random_state=0)
X_tune, X_test, y_tune, y_test = train_test_split(
    X_rest, y_rest, test_size=0.5, random_state=0
)
classifier = MultiTaskTextClassifier(
    alpha=0, temperature=1, max_iter=20, random_state=0
).fit(X_fit, y_fit)

# %%
# One task
# --------
#
# The view has the classes and the probabilities of one task. What scikit-learn has for
# one label column does not know empty cells, so rows without this label are left out.

task = "private"
labelled_tune, labelled_test = y_tune[task].notna(), y_test[task].notna()
X_tune, y_tune = X_tune[labelled_tune], y_tune.loc[labelled_tune, task]
X_test, y_test = X_test[labelled_test], y_test.loc[labelled_test, task]

view = task_view(classifier, task)
share = (y_tune == "yes").mean()
print(
    f"Classes {view.classes_.tolist()}, {share:.0%} of {len(y_tune)} cells are 'yes'."
)

# %%
# Calibration
# -----------
#
# Two things can be wrong with probabilities. They can be too sure: of the cells that
# get 0.95 for a class, more than one in twenty is of another. And they can be off to
# one side: their mean is not near the share of the class.
#
# The view is frozen: ``CalibratedClassifierCV`` does not fit it again, and learns
# nothing but the map from its probabilities to better ones. "sigmoid" has two numbers,
# one that makes probabilities more or less sure and one that moves them to one side.
# ("temperature" has only the first.) "isotonic" takes any map that does not fall, which
# needs more rows to learn.

calibrated = {
    method: CalibratedClassifierCV(view, method=method).fit(X_tune, y_tune)
    for method in ("sigmoid", "isotonic")
}
measures = ["log_loss", "brier_score_loss", "calibration_error"]


def losses(model):
    """Return losses of probabilities on the test rows, and their mean."""
    probabilities = model.predict_proba(X_test)
    scores = multitask_scores(
        {task: y_test},
        metrics=measures,
        y_proba=[probabilities],
        classes=[model.classes_],
    )
    mean = probabilities[:, list(model.classes_).index("yes")].mean()
    return {**{name: scores[task][name] for name in measures}, "mean of 'yes'": mean}


before_and_after = pd.DataFrame(
    {name: losses(model) for name, model in {"before": view, **calibrated}.items()}
).T
print("\nLosses on test rows, less is better:\n")
print(before_and_after.round(3).to_string())
print(f"\nShare of 'yes' among test rows: {(y_test == 'yes').mean():.3f}")

# %%
# A map that is isotonic can give probabilities of exactly 0 and 1. The log loss of such
# a cell, if it is wrong, is very large, so read that column together with the others.

# %%
# The threshold
# -------------
#
# Predictions of the classifier make up for rare classes, see ``logit_adjustment``. For
# the F1 of "yes" a threshold of its own may be better. ``cv="prefit"`` and
# ``refit=False`` say that there
# is nothing left to fit, and that all rows are there to choose the threshold on.
# ``pos_label`` says which class the threshold is for.

tuned = TunedThresholdClassifierCV(
    view,
    scoring=make_scorer(f1_score, pos_label="yes"),
    cv="prefit",
    refit=False,
).fit(X_tune, y_tune)
print(f"\nThreshold chosen: {tuned.best_threshold_:.3f}")


def decisions(model):
    """Return scores of the predicted labels on the test rows."""
    predicted = model.predict(X_test)
    scores = {"precision": precision_score, "recall": recall_score, "f1": f1_score}
    return {
        "accuracy": (predicted == y_test).mean(),
        **{n: score(y_test, predicted, pos_label="yes") for n, score in scores.items()},
    }


thresholds = pd.DataFrame(
    {"of the classifier": decisions(view), "threshold chosen": decisions(tuned)}
).T
print("Scores of 'yes' on test rows:\n")
print(thresholds.round(3).to_string())
