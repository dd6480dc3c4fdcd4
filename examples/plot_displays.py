"""
==========================
Plot several tasks at once
==========================

Every display of :mod:`sklearn_mtl.inspection`, on docstrings of Python and of the
installed libraries. ``python plot_displays.py FOLDER`` saves the plots in a folder and
creates it if it does not exist.
"""

# %%
# Five questions about a docstring
# --------------------------------
# Which library is it from? Does it describe a class or a function? Is that public, does
# it return a value, does it change attributes? Modules return nothing and functions
# have no attributes, so some labels are missing. The training set is small, so that
# the displays have errors to show.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import load_docstrings, make_multitask_texts
from sklearn_mtl.inspection import (
    CalibrationCurvesDisplay,
    ConfusionMatricesDisplay,
    ExpertGateDisplay,
    LabelOverviewDisplay,
    LearningCurvesDisplay,
    LossWeightSearchDisplay,
    TaskAffinityDisplay,
    TaskConflictsDisplay,
    TopWordsDisplay,
    task_conflicts,
    top_words,
)
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import loss_weight_grid, task_affinity
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.trunks import BagTrunk

# Check the folder before any work is done; it is created at the end.
folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
if folder and not (folder if folder.exists() else folder.parent).is_dir():
    sys.exit(f"{folder} is not a folder and cannot be created. Choose another one.")

docstrings = load_docstrings()
rows = np.random.RandomState(0).permutation(len(docstrings.data))
train, test = rows[:1200], rows[1200:2700]
tasks = ["library", "kind", "visibility", "returns", "state"]


def some(rows, tasks=tasks):
    """Return texts and labels of some rows."""
    texts = [docstrings.data[row] for row in rows]
    return texts, {task: np.asarray(docstrings.target[task])[rows] for task in tasks}


X_train, y_train = some(train)
X_test, y_test = some(test)
pictures = {}

# %%
# The labels, before any model
# ----------------------------
# Left: how many rows have a label, and the class balance. Middle: which tasks are
# labelled in the same rows. Right: how much one label says about another. Tasks whose
# labels predict each other can gain from sharing.

pictures["label_overview"] = LabelOverviewDisplay.from_labels(y_train)

# %%
# Training
# --------
# Tasks learn at different speeds. With a validation split, the right panel shows the
# epoch with the best mean score, whose weights are kept.

classifier = MultiTaskTextClassifier(
    TfidfVectorizer(sublinear_tf=True, min_df=5, dtype=np.float32),
    max_iter=10,
    batch_size=64,
    early_stopping=True,
    validation_fraction=0.25,
    random_state=0,
).fit(X_train, y_train)
pictures["learning_curves"] = LearningCurvesDisplay.from_estimator(classifier)

# %%
# Confusions
# ----------
# Rows add up to 100%, over labelled cells only. Rare classes are often mistaken for
# frequent ones.

pictures["confusion_matrices"] = ConfusionMatricesDisplay.from_estimator(
    classifier, X_test, y_test
)

# %%
# Calibration
# -----------
# Bars extend from the predicted probability to the observed share. The width of a bar
# is its share of the cells, so the total area is the calibration error in the title.

pictures["calibration_curves"] = CalibrationCurvesDisplay.from_estimator(
    classifier, X_test, y_test
)

# %%
# Words
# -----
# How much a word adds to the logit of a class. ``through="private"`` shows what a task
# has learned in its private path, apart from the shared layer.

pictures["top_words"] = TopWordsDisplay.from_estimator(
    classifier, X_train, "library", n_words=8
)
print(top_words(classifier, X_train, n_words=4, through="private"))

# %%
# Experts
# -------
# With a mixture of experts each task has a gate. Here it weighs a private and a shared
# expert, so it shows how much a task relies on what all tasks have learned.

mixing = clone(classifier).set_params(sharing="ple", early_stopping=False, max_iter=10)
mixing.fit(X_train, y_train)
pictures["expert_gates"] = ExpertGateDisplay.from_estimator(mixing, X_test)

# %%
# Which task helps which
# ----------------------
# Each task is left out in turn; its gain for the others is what they then lose. On the
# docstrings above all gains may be due to chance, so these texts are synthetic: two
# tasks have the same question, the second with labels for one text in ten, and all
# tasks share a narrow trunk without private paths.

texts, answers = make_multitask_texts(
    1600, n_tasks=2, n_classes=4, relatedness=0, length=40, random_state=0
)
asked = np.random.RandomState(0).uniform(size=1600) < 0.1
labels = {
    "topic": answers[:, 0].astype(float),
    "tone": answers[:, 1].astype(float),
    "topic, few labels": np.where(asked, answers[:, 0], np.nan),
}
narrow = MultiTaskTextClassifier(trunk=BagTrunk(16), sharing="hard", max_iter=12)
word_rows = TfidfVectorizer().fit_transform(texts)
affinity = task_affinity(narrow, word_rows, labels, cv=4)
pictures["task_affinity"] = TaskAffinityDisplay.from_affinity(affinity)

# %%
# Loss weights
# ------------
# With three tasks, every choice of loss weights is a point in a triangle. The right
# panel shows how much one task loses when another gains.

three = tasks[:3]
quick = clone(classifier).set_params(max_iter=4, early_stopping=False)
search = LossWeightSearchCV(
    quick,
    loss_weight_grid(three, "simplex", resolution=6),
    cv=3,
    scoring=multitask_scorer("f1_macro"),
    refit="mean",
).fit(*some(train, three))
pictures["loss_weight_search"] = LossWeightSearchDisplay.from_search(search)

# %%
# Gradients
# ---------
# During training, the gradients of two tasks at the vector that they share may point in
# opposite directions. This is common, and does not mean that the tasks harm each other.

conflicts = task_conflicts(quick, X_train, y_train)
pictures["task_conflicts"] = TaskConflictsDisplay.from_conflicts(conflicts)

# %%
# Save or show them.

if folder:
    folder.mkdir(exist_ok=True)
    for name, display in pictures.items():
        display.figure_.savefig(
            folder / f"{name}.png", dpi=70, pil_kwargs={"optimize": True}
        )
else:
    plt.show()
