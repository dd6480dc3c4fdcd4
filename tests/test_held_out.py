"""Rows that calibrated a net train it in the end."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, eye_array, hstack

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import Balancer, BaseBalancing
from sklearn_mtl.balancing._aggregation import AGGREGATORS
from sklearn_mtl.balancing._scalarization import SCALARIZERS
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.training import _held_out, _run

N_ROWS = 3100  # so many that some are held out


@pytest.fixture
def data():
    """Rows with a feature that says the label, and one that no other row has."""
    codes = np.arange(N_ROWS) % 2
    said = csr_array((np.ones(N_ROWS), (np.arange(N_ROWS), codes)), shape=(N_ROWS, 2))
    return hstack([said, eye_array(N_ROWS)], format="csr"), codes


def learnt_rows(classifier):
    """Return for each row whether the private path has learnt its own feature."""
    (table,) = (
        part.columns("private")
        for part in classifier.net_.module_.modules()
        if hasattr(part, "columns")
    )
    return (table[2:] != 0).any(dim=1).numpy()


def fit(data, **parameters):
    classifier = MultiTaskTextClassifier(alpha=0, random_state=0, **parameters)
    return classifier.fit(*data)


def test_held_out_rows_train_once_the_net_is_calibrated(data, monkeypatch):
    learnt = fit(data)
    assert learnt_rows(learnt).all()
    monkeypatch.setattr(_held_out, "PART", 0.0)
    before = fit(data)
    assert 140 < (~learnt_rows(before)).sum() < 170
    # They calibrated it unseen.
    assert learnt.temperatures_ == before.temperatures_
    assert learnt.history_ == before.history_
    assert learnt.loss_weights_ == before.loss_weights_


@pytest.mark.parametrize(
    "loss_weights",
    ["uncertainty", "random", "gradnorm", "db-mtl", "dwa", "famo", "uw", "grad-vac"],
)
def test_a_balancing_stays_as_history_ends(loss_weights, data, monkeypatch):
    if loss_weights in {*SCALARIZERS, *AGGREGATORS}:
        pytest.importorskip("torchjd")
    X, y = data
    data = X, {"one": y, "two": 1 - y}
    learnt = fit(data, loss_weights=loss_weights)
    monkeypatch.setattr(_run, "learn_held_out", lambda net, dataset: None)
    before = fit(data, loss_weights=loss_weights)
    assert learnt.history_ == before.history_
    last = learnt.history_[-1]
    weights = {task: last[f"weight_{task}"] for task in data[1]}
    assert learnt.loss_weights_ == before.loss_weights_ == weights
    states = [each.net_.criterion_.balancing.state_dict() for each in (learnt, before)]
    torch.testing.assert_close(*states, rtol=0, atol=0)
    assert (learnt.predict_proba(X[:9])[0] != before.predict_proba(X[:9])[0]).any()


class Kept(Balancer):
    """Keeps a tensor of the graph, which cannot be copied."""

    def __init__(self):
        super().__init__()
        self.scores = torch.nn.Parameter(torch.zeros(1))
        self.weights = self.scores.exp().detach()

    def forward(self, losses):
        self.factors = self.scores.exp()
        return losses @ self.factors.to(losses)


class KeepsTensors(BaseBalancing):
    def build(self, task_names, labelled_share):
        return Kept()


def test_a_balancer_may_keep_tensors_of_a_graph(data):
    assert learnt_rows(fit(data, loss_weights=KeepsTensors())).all()


def test_rows_that_chose_the_epoch_stay_unseen(data):
    assert (~learnt_rows(fit(data, early_stopping=True))).sum() == N_ROWS // 10


def test_callbacks_that_set_rates_end_the_training(data):
    from skorch.callbacks import LRScheduler

    classifier = fit(data, callbacks=[LRScheduler("StepLR", step_size=1)])
    assert (~learnt_rows(classifier)).sum() > 140


def test_a_search_learns_them_too(data):
    X, y = data
    labels = {"one": y, "two": 1 - y}
    search = LossWeightSearchCV(
        MultiTaskTextClassifier(alpha=0, random_state=0),
        [{"one": 1, "two": 2}],
        cv=[(np.arange(N_ROWS), np.arange(20))],
    ).fit(X, labels)
    single = fit((X, labels), loss_weights={"one": 1, "two": 2})
    found, expected = (
        classifier.predict_proba(X[:50])[0]
        for classifier in (search.best_estimator_, single)
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)
