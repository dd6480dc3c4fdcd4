"""
Calibrate one task and choose its threshold
===========================================

``task_view`` presents one task of a fitted multi-task classifier as an ordinary
classifier. scikit-learn can then calibrate its probabilities and choose its decision
threshold; the network and the other tasks stay unchanged.
"""

# %%
# Three sets of rows
# ------------------
#
# The network is fitted to one set of rows, calibrated on a second, and scored on a
# third. Scores before and after calibration come from the third set only.
#
# The task is "private": whether a docstring belongs to something that is not meant for
# users. Modules are neither public nor private, so their cells are empty. The network
# also trains on the other tasks. The classifier calibrates its probabilities by
# default; ``temperature=1`` disables this, to show the effect of scikit-learn's tools.

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
# The view has the classes and the probabilities of one task. scikit-learn's tools for a
# single label column do not accept empty cells, so rows without this label are dropped.

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
# Probabilities can be wrong in two ways. They can be overconfident: of the cells with a
# probability of 0.95 for a class, more than one in twenty have another class. And they
# can be biased: their mean differs from the share of the class.
#
# The view is frozen: ``CalibratedClassifierCV`` does not refit it, and only learns a
# map from its probabilities to better ones. "sigmoid" has two parameters, one for
# overconfidence and one for bias. ("temperature" has only the first.) "isotonic" fits
# any non-decreasing map, which needs more rows.

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
# An isotonic map can give probabilities of exactly 0 and 1. If such a cell is wrong,
# its log loss is very large, so read that column together with the others.

# %%
# The threshold
# -------------
#
# Predictions of the classifier compensate for rare classes (``logit_adjustment``). A
# threshold chosen for the F1 of "yes" may be better. With ``cv="prefit"`` and
# ``refit=False`` nothing is refitted, and all rows serve to choose the threshold.
# ``pos_label`` names the class that the threshold applies to.

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
