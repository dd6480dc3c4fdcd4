"""
Train in several processes
==========================

Within ``data_parallel()`` all processes that torchrun has started fit one network. Each
reads all texts and computes its part of every batch. Run it alone, or in two processes:
``torchrun --nproc-per-node 2 train_with_torchrun.py``.
"""

# %%
# Data
# ----
#
# The same rows in all processes: give a seed wherever something is drawn.

from pathlib import Path

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.distributed import data_parallel
from sklearn_mtl.model_selection import train_test_split

texts, labels = make_multitask_texts(1000, n_tasks=3, missing_rate=0.3, random_state=0)
train, test, train_labels, test_labels = train_test_split(
    texts, labels, test_size=0.2, random_state=0
)

# %%
# Fit together
# ------------
#
# ``fit`` is called in all processes. The first one prints and saves. The block ends in
# all of them together, so the file is then there for all.

with data_parallel() as ranks:
    classifier = MultiTaskTextClassifier(trunk="conv", max_iter=3, random_state=0)
    classifier.fit(train, train_labels)
    if ranks.is_first:
        score = classifier.score(test, test_labels)
        print(f"{ranks.size} process(es), accuracy {score:.3f}")
        print("losses:", [round(epoch["loss"], 4) for epoch in classifier.history_])
        classifier.save("trained.mtl")

# %%
# Afterwards
# ----------
#
# Any process can go on with the file.

print(Path("trained.mtl").stat().st_size // 1024, "KiB")
