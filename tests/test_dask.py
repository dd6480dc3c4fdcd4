"""Folds and candidates on the workers of a Dask cluster."""

import joblib
import pytest
from numpy.testing import assert_equal
from sklearn.model_selection import GridSearchCV, cross_validate

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import (
    MultiTaskStratifiedKFold,
    compare_sharing,
    task_affinity,
)
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.utils import _versions
from sklearn_mtl.utils._rows import SentOnce

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
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


def without_times(results):
    return {
        key: column.tolist() if hasattr(column, "tolist") else column
        for key, column in results.items()
        if "_time" not in key
    }


def folds():
    return without_times(cross_validate(CLF, TEXTS, LABELS, n_jobs=-1, **OPTIONS))


def grid():
    search = GridSearchCV(
        CLF, {"alpha": [1e-4, 1e-2]}, refit="mean", n_jobs=-1, **OPTIONS
    )
    return without_times(search.fit(TEXTS, LABELS).cv_results_)


def loss_weights():
    search = LossWeightSearchCV(
        CLF, [None, [3, 1], [1, 3]], refit="mean", n_jobs=-1, **OPTIONS
    )
    search.fit(TEXTS, LABELS)
    predicted = search.predict(TEXTS).tolist()
    return without_times(search.cv_results_) | {"predicted": predicted}


SETTINGS = {"cv": 2, "n_seeds": 1, "n_jobs": -1}


def comparison():
    return compare_sharing(CLF, TEXTS, LABELS, **SETTINGS).scores


def affinity():
    return {"all": task_affinity(CLF, TEXTS, LABELS, **SETTINGS).differences}


WORKS = [folds, grid, loss_weights, comparison, affinity]


def check_like_serial(work, backend):
    with joblib.parallel_config("sequential"):
        expected = work()
    with joblib.parallel_config(backend):
        found = work()
    assert_equal(found, expected)


@pytest.mark.parametrize("work", WORKS)
def test_a_cluster_finds_what_one_process_finds(work, client):
    check_like_serial(work, "dask")


@pytest.mark.parametrize("work", [loss_weights, comparison, affinity])
def test_data_are_sent_once(work, client, monkeypatch):
    sent = []

    def count(self, protocol):
        sent.append(self)
        return object.__reduce_ex__(self, protocol)

    monkeypatch.setattr(SentOnce, "__reduce_ex__", count)
    with joblib.parallel_config("dask"):
        work()
    assert len(sent) <= 1


def test_workers_of_another_version_are_refused(client, monkeypatch):
    # What is sent has this version, and workers have another one.
    monkeypatch.setattr(
        "sklearn_mtl._estimator.with_version",
        lambda state: state | {_versions._KEY: "0.0.1"},
    )
    with (
        joblib.parallel_config("dask"),
        pytest.raises(RuntimeError, match=r"of sklearn_mtl 0\.0\.1 to fit"),
    ):
        cross_validate(CLF, TEXTS, LABELS, n_jobs=-1, error_score="raise", **OPTIONS)
