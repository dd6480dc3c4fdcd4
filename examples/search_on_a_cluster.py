"""
Search on a cluster
===================

scikit-learn's searches, ``LossWeightSearchCV`` and ``compare_sharing`` run on the
workers of a Dask cluster inside one block, and find what one process finds. Here two
workers on this machine; give the address of a scheduler to use another cluster:
``python search_on_a_cluster.py tcp://scheduler:8786``.
"""

# %%
# Searches
# --------
#
# As on one machine. With ``verbose``, ``LossWeightSearchCV`` prints a line as soon as a
# fold is done.

import sys

import joblib
from distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold, compare_sharing
from sklearn_mtl.search import LossWeightSearchCV

texts, labels = make_multitask_texts(300, n_tasks=3, missing_rate=0.3, random_state=0)
classifier = MultiTaskTextClassifier(random_state=0)
settings = {"cv": MultiTaskStratifiedKFold(3), "refit": "mean", "n_jobs": -1}
settings["scoring"] = multitask_scorer("f1_macro")
grid = GridSearchCV(classifier, {"alpha": [0.0, 1e-3, 1e-2]}, **settings)
weights = LossWeightSearchCV(
    classifier, [None, [3, 1, 1], [1, 3, 1]], verbose=1, **settings
)


def search():
    """Run all searches, and return the scores of their candidates."""
    found = [search.fit(texts, labels) for search in (grid, weights)]
    scores = [search.cv_results_["mean_test_mean"].tolist() for search in found]
    comparison = compare_sharing(classifier, texts, labels, cv=3, n_seeds=1, n_jobs=-1)
    return scores, comparison


# %%
# On the cluster
# --------------
#
# One thread for each worker. ``processes=True`` isolates workers, and takes some
# seconds more to start. ``client.dashboard_link`` leads to a page that shows running
# tasks. GridSearchCV would send the lists with each task; ``scatter`` sends them once.

if len(sys.argv) > 1:
    client = Client(sys.argv[1])
else:
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
    )
    client = Client(cluster)

with client, joblib.parallel_config("dask", scatter=[texts, labels]):
    on_cluster, comparison = search()

# %%
# In one process
# --------------
#
# The scores are the same.

with joblib.parallel_config("sequential"):
    alone, _ = search()

print("grid:", [round(score, 3) for score in on_cluster[0]])
print("loss weights:", [round(score, 3) for score in on_cluster[1]])
print("equal to one process:", on_cluster == alone)
print(comparison)
