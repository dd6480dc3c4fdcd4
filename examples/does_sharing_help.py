"""
Does sharing help?
==================

One network for all tasks, or one for each? ``compare_sharing`` answers with scores on
the same splits, and an interval for every difference. Here it is asked twice, about
texts whose tasks have everything in common, and about the same texts with tasks that
have nothing in common. ``task_affinity`` then finds the task that helps another.
"""

# %%
# Tasks that are related, and tasks that are not
# ----------------------------------------------
#
# ``make_multitask_texts`` makes texts with hidden topics. With ``relatedness=1`` every
# task is a question about the same few topics. With ``relatedness=0`` each task asks
# about topics of its own. The texts are the same both times. Three of four cells are
# empty, so each task has about 250 labels: with few labels there is something to gain.

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
# By default each task also has a private path of its own, past the shared trunk. With
# ``sharing="hard"`` the trunk is all there is, which makes gains and losses larger. The
# words of these texts come in no order, so single words are enough. A small trunk and
# few epochs keep this script short.

classifier = MultiTaskTextClassifier(
    TfidfVectorizer(), trunk=BagTrunk(n_units=64), sharing="hard", max_iter=10
)

# %%
# The comparison
# --------------
#
# "separate" is the same network, trained for each task alone. "linear" is a support
# vector machine for each task, here on single words, too. A column of differences has
# the mean over folds, with a 95 % interval beside it. Where an interval contains 0,
# these rows show no clear difference.

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
# Begin with the row "mean", whose interval is narrower than those of most tasks. Where
# tasks are related it shows a gain of some points. Where they are not it shows none.
#
# Then look at single tasks. Each has about 50 labelled cells in a fold, so their
# intervals are wide, and most of them contain 0. That does not mean that there is no
# difference. More rows would tell, and so would more rounds of folds: ``n_seeds`` is 3
# by default.
#
# A gain over separate networks is not all that counts. The last sentence of a verdict
# says how the shared network does against the linear models.

gain, low, high = comparisons[1].difference()["mean"]
print(f"Gain from sharing, related tasks:   {gain:+.3f} [{low:+.3f}, {high:+.3f}]")
gain, low, high = comparisons[0].difference()["mean"]
print(f"Gain from sharing, unrelated tasks: {gain:+.3f} [{low:+.3f}, {high:+.3f}]")

# %%
# Which task helps which?
# -----------------------
#
# Say that two people answer the same question, each about texts of their own: one about
# a quarter of them, the other about the rest. A third column asks something unrelated.
# ``task_affinity`` fits to all columns, and once more without each. A row says how far
# the scores of the other tasks fall when this task is left out.

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
# The one large number is the gain of "few labels" from "many labels". It does not work
# the other way round: who has many labels of a question learns little from a few more.
# A star marks an interval that leaves out 0. Of many pairs without any effect, one in
# twenty gets a star by chance, so a star on a small number means little.

gains = affinity.to_frame()
print(f"\nFrom many labels to few: {gains.loc['many labels', 'few labels']:+.3f}")
print(f"From few labels to many: {gains.loc['few labels', 'many labels']:+.3f}")
