"""Weights learnt on held-out rows: what is measured, and what becomes of it."""

import pickle

import numpy as np
import pytest
import test_classifier
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import ValidationWeights
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.training import _alignment
from sklearn_mtl.training._alignment import gradient_products

TEXTS, LABELS = make_multitask_texts(
    240, n_tasks=3, missing_rate=0.3, n_words=300, random_state=0
)


def make(loss_weights="validation", **params):
    settings = {"max_iter": 3, "early_stopping": True, "random_state": 0} | params
    return MultiTaskTextClassifier(loss_weights=loss_weights, **settings)


@pytest.fixture
def looks(monkeypatch):
    """Keep what is measured, and compare it with the gradients themselves."""
    kept = []

    def measure(net, held_out, batch):
        before = [weight.clone() for weight in net.module_.parameters()]
        drawn = torch.get_rng_state()
        found = gradient_products(net, held_out, batch)
        assert torch.equal(torch.get_rng_state(), drawn)
        for weight, own in zip(net.module_.parameters(), before, strict=True):
            assert torch.equal(weight, own)
        kept.append((found.numpy(), by_gradients(net, held_out, batch)))
        return found

    monkeypatch.setattr(_alignment, "gradient_products", measure)
    return kept


def by_gradients(net, held_out, batch):
    def gradients(total):
        found = torch.autograd.grad(total, weights, allow_unused=True)
        found = [torch.zeros(1) if own is None else own for own in found]
        return [own.to_dense().double() for own in found]

    weights = list(net.module_.parameters())
    balancer = net.criterion_.balancing
    wanted = gradients(balancer.validation_loss(_alignment._losses(net, held_out)))
    products = []
    for task in range(len(net.tasks)):
        own = gradients(_alignment._losses(net, batch)[task])
        pairs = zip(wanted, own, strict=True)
        products.append(sum(float((a * b).sum()) for a, b in pairs))
    return np.array(products)


NETWORKS = [{}, {"sharing": "mmoe"}, {"trunk": None}, {"trunk": "conv"}]


@pytest.mark.parametrize("params", NETWORKS, ids=str)
def test_products_are_those_of_the_gradients(looks, params):
    make(ValidationWeights(interval=3), batch_size=64, **params).fit(TEXTS, LABELS)
    assert len(looks) > 1
    for found, wanted in looks:
        assert np.abs(wanted).max() > 0
        assert_allclose(found, wanted, rtol=0.1, atol=0.01 * np.abs(wanted).max())


def test_it_is_measured_before_the_first_step_and_then_at_intervals(looks):
    clf = make(ValidationWeights(interval=4), batch_size=32)
    clf.fit(TEXTS, LABELS)
    n_steps = clf.n_iter_ * -(-216 // 32)  # a tenth of the 240 rows is held out
    assert len(looks) == -(-n_steps // 4)


def test_a_task_that_does_not_generalize_loses_weight():
    texts, labels = make_multitask_texts(400, n_tasks=2, n_words=100, random_state=1)
    labels = np.asarray(labels, object)
    labels[:, 1] = np.random.RandomState(0).choice(["a", "b"], len(texts))
    balancing = ValidationWeights(learning_rate=0.02, interval=1, share_power=0)
    clf = make(balancing, max_iter=4, batch_size=32).fit(texts, labels)
    assert clf.loss_weights_["task1"] < 0.8


def test_measuring_changes_nothing_else():
    labels = {f"task{k}": np.asarray(LABELS, object)[:, k] for k in range(3)}
    still = make(ValidationWeights(learning_rate=0, interval=1)).fit(TEXTS, labels)
    plain = make("auto").fit(TEXTS, labels)
    assert still.loss_weights_ == pytest.approx(plain.loss_weights_, rel=1e-6)
    for one, other in zip(
        still.predict_proba(TEXTS), plain.predict_proba(TEXTS), strict=True
    ):
        assert_allclose(one, other, atol=1e-6)


def test_training_without_stopping_uses_the_rows_of_the_calibration(looks):
    texts, labels = make_multitask_texts(
        3100, n_tasks=2, n_words=50, length=4, random_state=0
    )
    clf = make(early_stopping="auto", max_iter=1).fit(texts, labels)
    assert len(looks) > 0
    assert clf.loss_weights_["task0"] != clf.loss_weights_["task1"]


@pytest.mark.parametrize("params", [{}, {"temperature": 1}], ids=str)
def test_a_fit_without_held_out_rows_is_an_error(params):
    message = r"none of the 237 rows are held out. Use early_stopping=True"
    clf = make("auto", early_stopping="auto", **params).fit(TEXTS, LABELS)
    before = clf.predict_proba(TEXTS)[0]
    with pytest.raises(ValueError, match=message):
        clf.set_params(loss_weights="validation").fit(TEXTS, LABELS)
    assert_array_equal(clf.predict_proba(TEXTS)[0], before)


def test_a_warm_start_without_held_out_rows_keeps_the_weights():
    clf = make(ValidationWeights(learning_rate=0.05)).fit(TEXTS, LABELS)
    before = clf.loss_weights_
    assert max(before.values()) > 1.02 * min(before.values())
    clf.set_params(warm_start=True, early_stopping="auto").fit(TEXTS, LABELS)
    # The last step of the first fit came after those weights.
    assert clf.loss_weights_ == pytest.approx(before, rel=0.05)


def test_no_row_stays_in_a_fitted_classifier():
    clf = make().fit(TEXTS, LABELS)
    watch = dict(clf.net_.callbacks_)["alignment"]
    assert watch.dataset is None
    assert watch.batches_ == []
    watch = _alignment.Alignment("rows")
    watch.batches_ = ["rows"]
    assert b"rows" not in pickle.dumps(watch)
    assert watch.dataset == "rows"


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_search_compares_it_with_fixed_weights():
    candidates = ["auto", "validation"]
    search = LossWeightSearchCV(make(), candidates, cv=2).fit(TEXTS, LABELS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    search = LossWeightSearchCV(make(early_stopping="auto"), candidates, cv=2)
    with pytest.warns(match=r"none of the 11\d rows are held out"):
        search.fit(TEXTS, LABELS)
    assert search.best_params_ == {"loss_weights": "auto"}


@pytest.mark.parametrize("name", ["interval", "learning_rate"])
def test_parameters_are_checked(name):
    balancing = ValidationWeights(**{name: -1})
    with pytest.raises(ValueError, match=rf"The '{name}' parameter of ValidationW"):
        make(balancing).fit(test_classifier.TEXTS, test_classifier.LABELS)
