"""Folds and candidates on the workers of a Dask cluster."""

import joblib
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV, cross_validate

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold
from sklearn_mtl.search import LossWeightSearchCV

TEXTS, LABELS = make_multitask_texts(100, n_tasks=2, missing_rate=0.2, random_state=0)
CLF = MultiTaskTextClassifier(max_iter=2, random_state=0)
OPTIONS = {"cv": MultiTaskStratifiedKFold(2), "scoring": multitask_scorer()}


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip(
        "distributed", reason="distributed, of Dask, is not installed"
    )
    # Workers are threads: processes take ten seconds to import torch.
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


def folds():
    return [cross_validate(CLF, TEXTS, LABELS, n_jobs=-1, **OPTIONS)["test_mean"]]


def grid():
    search = GridSearchCV(
        CLF, {"alpha": [1e-4, 1e-2]}, refit="mean", n_jobs=-1, **OPTIONS
    )
    return [search.fit(TEXTS, LABELS).cv_results_["mean_test_mean"]]


def loss_weights():
    search = LossWeightSearchCV(
        CLF, [None, [3, 1], [1, 3]], refit="mean", n_jobs=-1, **OPTIONS
    )
    search.fit(TEXTS, LABELS)
    return [search.cv_results_["mean_test_mean"], search.predict(TEXTS)]


@pytest.mark.parametrize("work", [folds, grid, loss_weights])
def test_a_cluster_finds_what_one_process_finds(work, client):
    with joblib.parallel_config("sequential"):
        expected = work()
    with joblib.parallel_config("dask"):
        found = work()
    for ours, serial in zip(found, expected, strict=True):
        assert_array_equal(ours, serial)
