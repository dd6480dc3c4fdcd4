"""Calibrated probabilities of all tasks, against scikit-learn's for one column."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logit, softmax
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB
from versions import needs_scikit_learn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.decisions import CalibratedMultiTaskClassifier
from sklearn_mtl.decisions._calibrators import (
    ClassCalibrator,
    LabelsCalibrator,
    OrderedCalibrator,
)
from sklearn_mtl.metrics import multitask_scores
from sklearn_mtl.model_selection._per_task import PerTask

METHODS = [
    pytest.param(
        "temperature", marks=needs_scikit_learn(1, 8, why="temperatures are new in it")
    ),
    "sigmoid",
    "isotonic",
]

rng = np.random.default_rng(0)
X = rng.normal(size=(240, 3))
COLUMNS = {
    "sign": np.array(["minus", "plus"])[(X[:, 0] + rng.normal(size=240) > 0) * 1],
    "size": np.digitize(X[:, 1] + rng.normal(size=240), [-1, 1]),
}
EMPTY = rng.random((240, 2)) < 0.3
Y = {
    name: np.where(EMPTY[:, k], None, column.astype(object))
    for k, (name, column) in enumerate(COLUMNS.items())
}
FOLDS = [
    (np.flatnonzero(np.arange(240) % 3 != k), np.arange(k, 240, 3)) for k in (0, 1, 2)
]


def own_rows(name):
    """Return the labelled rows of a task, and the folds among them."""
    there = np.array([cell is not None for cell in Y[name]])
    place = np.cumsum(there) - 1
    folds = [tuple(place[part[there[part]]] for part in fold) for fold in FOLDS]
    return X[there], COLUMNS[name][there], folds


@pytest.mark.parametrize("ensemble", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_each_task_is_what_scikit_learn_gives_for_its_labelled_rows(method, ensemble):
    ours = CalibratedMultiTaskClassifier(
        PerTask(GaussianNB()), method=method, cv=FOLDS, ensemble=ensemble
    ).fit(X, Y)
    found = ours.predict_proba(X, output="dict")
    for name in Y:
        rows, labels, folds = own_rows(name)
        peer = CalibratedClassifierCV(
            GaussianNB(), method=method, cv=folds, ensemble=ensemble
        ).fit(rows, labels)
        assert_allclose(found[name], peer.predict_proba(X), atol=1e-6)
        assert_array_equal(ours.predict(X, output="dict")[name], peer.predict(X))


@pytest.mark.parametrize("method", METHODS)
def test_weights_are_those_of_scikit_learn(method):
    weights = rng.integers(0, 4, size=240).astype(float)
    ours = CalibratedMultiTaskClassifier(
        PerTask(GaussianNB()).fit(X, Y), method=method, cv="prefit"
    ).fit(X, Y, sample_weight=weights)
    found = ours.predict_proba(X, output="dict")["sign"]
    kept = ~EMPTY[:, 0] & (weights > 0)
    model = GaussianNB().fit(X[~EMPTY[:, 0]], COLUMNS["sign"][~EMPTY[:, 0]])
    peer = ClassCalibrator(
        (COLUMNS["sign"][kept] == "plus").astype(int),
        model.predict_proba(X[kept]),
        method,
        weights[kept],
    )
    assert_allclose(found, peer(model.predict_proba(X)), atol=1e-9)
    unweighted = CalibratedMultiTaskClassifier(
        PerTask(GaussianNB()).fit(X, Y), method=method, cv="prefit"
    ).fit(X, Y)
    other = unweighted.predict_proba(X, output="dict")["sign"]
    assert np.abs(found - other).max() > 1e-3


def drawn(n_cells, n_classes, factor):
    """Return codes, and probabilities that are too sure by a factor."""
    generator = np.random.default_rng(1)
    logits = generator.normal(size=(n_cells, n_classes)) * 2
    cumulative = softmax(logits, axis=1).cumsum(axis=1)
    codes = (generator.random((n_cells, 1)) > cumulative).sum(axis=1)
    return codes, softmax(logits * factor, axis=1)


def test_a_temperature_is_found_again():
    codes, proba = drawn(4000, 4, factor=3.0)
    assert ClassCalibrator(codes, proba, "temperature", None).factor == pytest.approx(
        1 / 3, rel=0.1
    )


def test_a_temperature_keeps_the_most_probable_class():
    codes, proba = drawn(300, 4, factor=3.0)
    found = ClassCalibrator(codes, proba, "temperature", None)(proba)
    assert_array_equal(found.argmax(axis=1), proba.argmax(axis=1))


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_classes_without_a_cell_keep_their_share(method):
    codes, proba = drawn(400, 4, factor=2.0)
    there = codes != 3
    found = ClassCalibrator(codes[there], proba[there], method, None)(proba)
    assert_allclose(found[:, 3], proba[:, 3])
    assert_allclose(found.sum(axis=1), 1)
    assert np.abs(found - proba).max() > 0.1


@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
def test_ordered_classes_stay_in_order(method):
    generator = np.random.default_rng(0)
    place = generator.normal(size=1500)
    exceeds = expit(3 * (place[:, None] - np.array([-1, 0, 1])))
    proba = -np.diff(exceeds, axis=1, prepend=1, append=0)
    codes = (place[:, None] + generator.logistic(size=(1500, 1)) > [-1, 0, 1]).sum(
        axis=1
    )
    calibrate = OrderedCalibrator(codes, proba, method, None)
    found = calibrate(proba)
    assert (found >= 0).all()
    assert_allclose(found.sum(axis=1), 1)
    assert log_loss(codes, found) < log_loss(codes, proba) - 0.02
    if method == "temperature":  # one factor for the logits of all thresholds
        assert calibrate.factor == pytest.approx(1 / 3, rel=0.15)
        above = found[:, ::-1].cumsum(axis=1)[:, -2::-1]
        assert_allclose(logit(above), calibrate.factor * logit(exceeds), atol=1e-5)


def test_crossing_curves_are_put_in_order():
    calibrate = OrderedCalibrator(
        np.array([0, 1, 2, 2]), np.full((4, 3), 1 / 3), "sigmoid", None
    )
    calibrate.curves = [lambda pair: pair[:, ::-1], lambda pair: pair]
    found = calibrate(np.array([[0.1, 0.3, 0.6]]))
    # 0.9 and 0.6 become 0.1 and 0.6, which is not falling.
    assert_allclose(found, [[0.4, 0.5, 0.1]])


def test_labels_of_sets_are_binary_tasks():
    codes, proba = drawn(500, 2, factor=3.0)
    held = np.column_stack([codes, 1 - codes, np.ones_like(codes)])
    table = np.column_stack([proba[:, 1], proba[:, 0], np.full(500, 0.7)])
    found = LabelsCalibrator(held, table, "sigmoid", None)(table)
    one = ClassCalibrator(codes, proba, "sigmoid", None)(proba)
    assert_allclose(found[:, 0], one[:, 1])
    assert_allclose(found[:, 1], one[:, 0], atol=1e-5)
    assert_allclose(found[:, 2], 0.7)  # nothing to learn


def test_an_overconfident_network_gets_better_probabilities():
    texts, labels = make_multitask_texts(900, n_tasks=2, noise=0.3, random_state=0)
    network = MultiTaskTextClassifier(
        temperature=1, alpha=0.0, max_iter=30, random_state=0
    )
    before = network.fit(texts[:600], labels[:600])
    after = CalibratedMultiTaskClassifier(network, cv=2).fit(texts[:600], labels[:600])
    scores = [
        multitask_scores(
            labels[600:],
            y_proba=one.predict_proba(texts[600:]),
            classes=one.classes_,
            metrics=["calibration_error", "log_loss"],
        )["mean"]
        for one in (before, after)
    ]
    assert scores[1]["calibration_error"] < 0.75 * scores[0]["calibration_error"]
    assert scores[1]["log_loss"] < scores[0]["log_loss"]


def test_an_ordinal_task_predicts_the_median_class():
    texts, codes = make_multitask_texts(300, n_tasks=2, n_classes=3, random_state=0)
    network = MultiTaskTextClassifier(
        task_types={"level": "ordinal"}, temperature=1, random_state=0
    )
    labels = {"level": codes[:, 0], "topic": codes[:, 1]}
    found = CalibratedMultiTaskClassifier(network, cv=2).fit(texts, labels)
    assert found.targets_.types == {"level": "ordinal", "topic": "multiclass"}
    proba = found.predict_proba(texts, output="dict")["level"]
    median = (proba.cumsum(axis=1) < 0.5).sum(axis=1)
    assert_array_equal(found.predict(texts, output="dict")["level"], median)


def test_tasks_with_one_label_are_named_and_left():
    labels = {"sign": COLUMNS["sign"], "same": np.where(np.arange(240) < 9, "x", None)}
    labels["same"][200:] = "y"
    model = PerTask(GaussianNB()).fit(X, labels)
    calibrated = CalibratedMultiTaskClassifier(model, cv="prefit")
    part = {name: column[:200] for name, column in labels.items()}
    with pytest.warns(UserWarning, match=r"task\(s\) \['same'\] have one label only"):
        calibrated.fit(X[:200], part)
    assert_allclose(calibrated.predict_proba(X)[1], model.predict_proba(X)[1])


def test_a_class_that_a_fold_lacks_has_a_column():
    labels = {"size": COLUMNS["size"].copy()}
    labels["size"][0] = 9
    found = CalibratedMultiTaskClassifier(PerTask(GaussianNB()), cv=FOLDS)
    found.fit(X, labels)
    assert found.classes_[0].tolist() == [0, 1, 2, 9]
    assert_allclose(found.predict_proba(X)[0].sum(axis=1), 1)


def test_ensemble_false_predicts_with_one_classifier():
    together = CalibratedMultiTaskClassifier(
        PerTask(GaussianNB()), cv=3, ensemble=False
    ).fit(X, Y)
    assert len(together.calibrated_) == 1
    apart = CalibratedMultiTaskClassifier(PerTask(GaussianNB()), cv=3).fit(X, Y)
    assert len(apart.calibrated_) == 3
