"""
Does sharing help?
==================

One network for all tasks, or one for each? ``compare_sharing`` answers with scores on
the same splits, and an interval for every difference. This script runs it on synthetic
texts, first with related tasks, then with unrelated ones. ``task_affinity`` then finds
the task that helps another.
"""

# %%
# Tasks that are related, and tasks that are not
# ----------------------------------------------
#
# ``make_multitask_texts`` makes texts with hidden topics. With ``relatedness=1`` all
# tasks depend on the same few topics. With ``relatedness=0`` each task depends on its
# own topics. The texts are the same in both cases. Three of four cells are empty, so
# each task has about 250 labels: sharing can gain most with few labels.

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.model_selection import compare_sharing, task_affinity
from sklearn_mtl.trunks import BagTrunk

n_tasks = 6
texts, labels = {}, {}
for relatedness in (1, 0):
    texts[relatedness], labels[relatedness] = make_multitask_texts(
        1000,
        n_tasks=n_tasks,
        relatedness=relatedness,
        missing_rate=0.75,
        length=100,
        noise=0,
        random_state=0,
    )

# %%
# A network that shares a lot
# ---------------------------
#
# By default each task also has a private path that bypasses the shared trunk. With
# ``sharing="hard"`` there is only the trunk, which makes gains and losses larger. The
# words of these texts are in random order, so single words are enough as features. A
# small trunk and few epochs keep this script short.

classifier = MultiTaskTextClassifier(
    TfidfVectorizer(), trunk=BagTrunk(n_units=64), sharing="hard", max_iter=10
)

# %%
# The comparison
# --------------
#
# "separate" is the same network, trained for each task alone. "linear" is a linear
# support vector machine per task, here also on single words. Differences are means over
# folds, with 95 % intervals. If an interval contains 0, there is no clear difference on
# these rows.

linear = make_pipeline(TfidfVectorizer(), LinearSVC())
comparisons = {}
for relatedness in (1, 0):
    comparisons[relatedness] = compare_sharing(
        classifier,
        texts[relatedness],
        labels[relatedness],
        cv=5,
        n_seeds=1,
        linear=linear,
    )
    print(f"relatedness={relatedness}\n")
    print(comparisons[relatedness], end="\n\n")

# %%
# How to read it
# --------------
#
# Begin with the row "mean", whose interval is narrower than those of most tasks.
# Related tasks gain a few points from sharing, unrelated tasks gain nothing.
#
# Then look at single tasks. Each has about 50 labelled cells per fold, so the intervals
# are wide, and most of them contain 0. That does not mean that there is no difference.
# More rows make intervals narrower, and so do more repetitions: ``n_seeds`` is 3 by
# default.
#
# Sharing should also beat simpler models. The last sentence of a verdict compares the
# shared network with the linear models.

gain, low, high = comparisons[1].difference()["mean"]
print(f"Gain from sharing, related tasks:   {gain:+.3f} [{low:+.3f}, {high:+.3f}]")
gain, low, high = comparisons[0].difference()["mean"]
print(f"Gain from sharing, unrelated tasks: {gain:+.3f} [{low:+.3f}, {high:+.3f}]")

# %%
# Which task helps which?
# -----------------------
#
# Suppose that two annotators answer the same question, one for a quarter of the texts,
# the other for the rest. A third column is unrelated. ``task_affinity`` fits all
# columns, and once more without each. A row shows how far the scores of the other tasks
# fall without this task.

texts_of_two, two = make_multitask_texts(
    1200, n_tasks=2, relatedness=0, length=100, noise=0, random_state=0
)
question, unrelated = two.T
by_few = np.random.RandomState(0).uniform(size=1200) < 0.25
columns = {
    "few labels": np.where(by_few, question, np.nan),
    "many labels": np.where(by_few, np.nan, question),
    "unrelated": unrelated,
}
affinity = task_affinity(classifier, texts_of_two, columns, cv=4)
print()
print(affinity)

# %%
# The only large number is the gain of "few labels" from "many labels". The reverse gain
# is small: a task with many labels learns little from a few more. A star marks an
# interval without 0. Of the pairs without any effect, one in twenty gets a star by
# chance, so a star on a small number means little.

gains = affinity.to_frame()
print(f"\nFrom many labels to few: {gains.loc['many labels', 'few labels']:+.3f}")
print(f"From few labels to many: {gains.loc['few labels', 'many labels']:+.3f}")
