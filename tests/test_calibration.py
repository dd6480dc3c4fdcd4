"""From logits to calibrated probabilities, and to predictions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn.feature_extraction.text import TfidfVectorizer

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.answers._calibration import (
    Calibration,
    by_task,
    has_temperature,
    weighs_classes,
)
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.network._spec import InputSpec
from sklearn_mtl.tasks import Categorical, MultiLabel, Ordinal
from sklearn_mtl.training._calibration import SMALL_TEMPERATURE, typical_temperature

SHARES = np.log([0.7, 0.2, 0.1])


def calibration_of(shares, adjustment=0.0, temperature=1.0, strength=None):
    strengths = None if strength is None else np.array([strength])
    return Calibration(
        [[adjustment * shares]], [[shares]], np.array([temperature]), strengths
    )


def task_of(n_classes):
    return Categorical().fit(np.arange(n_classes))


def draw(n_logits, seed=0):
    return np.random.default_rng(seed).normal(size=(200, n_logits)) * 2


def test_a_temperature_shrinks_evidence_and_leaves_the_shares_of_classes():
    task, logits = task_of(3), draw(3)
    hot = calibration_of(SHARES, temperature=1e9)
    (found,) = hot.probabilities([task], [logits])
    assert_allclose(found, np.tile(np.exp(SHARES), (200, 1)), atol=1e-6)
    (found,) = calibration_of(SHARES).probabilities([task], [logits])
    assert_allclose(found, softmax(logits, axis=1))


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_what_training_added_is_part_of_the_probabilities(strength):
    (found,) = calibration_of(SHARES, strength).probabilities([task_of(3)], [draw(3)])
    assert_allclose(found, softmax(draw(3) + strength * SHARES, axis=1))


def test_two_classes_have_one_logit():
    shares = np.log([0.9, 0.1])
    calibration = calibration_of(shares, adjustment=0.25, temperature=2.0)
    (found,) = calibration.probabilities([task_of(2)], [draw(1)])
    both = np.column_stack([np.zeros(200), draw(1)])
    expected = softmax((both - 0.75 * shares) / 2 + shares, axis=1)
    assert_allclose(found, expected)


def test_a_column_with_one_class_is_certain():
    calibration = calibration_of(np.zeros(1), temperature=3.0)
    (found,) = calibration.probabilities([task_of(1)], [draw(1)])
    assert_array_equal(found, np.ones((200, 1)))


def test_each_label_of_a_cell_has_its_own_share():
    task = MultiLabel().fit(np.array([{"a"}, {"b"}, {"a", "b"}], dtype=object))
    shares = [np.log([0.6, 0.4]), np.log([0.95, 0.05])]
    calibration = Calibration([[0.25 * s for s in shares]], [shares], np.array([2.0]))
    (found,) = calibration.probabilities([task], [draw(2)])
    odds = np.array([s[1] - s[0] for s in shares])
    assert_allclose(found, expit((draw(2) - 0.75 * odds) / 2 + odds))


def test_ordinal_probabilities_soften_and_keep_their_median():
    task = Ordinal().fit(np.arange(4))
    logits = -np.sort(-draw(3), axis=1)
    for temperature in (0.5, 3.0):
        calibration = calibration_of(np.zeros(4), temperature=temperature)
        (found,) = calibration.probabilities([task], [logits])
        assert_allclose(found, task.probabilities(logits / temperature))
        assert_array_equal(task.choose(found), task.choose(task.probabilities(logits)))


@given(st.integers(0, 1000), st.sampled_from([0.25, 1.0, 4.0]))
@settings(deadline=None, max_examples=25)
def test_without_strength_the_highest_logit_decides(seed, temperature):
    calibration = calibration_of(SHARES, 0.5, temperature)
    (found,) = calibration.decisions([task_of(3)], [draw(3, seed)])
    assert_array_equal(found, draw(3, seed).argmax(axis=1))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_strength_of_0_predicts_the_most_probable_class_and_1_that_of_evidence(
    temperature,
):
    task, logits = task_of(3), draw(3)
    none = calibration_of(SHARES, 0.5, temperature, strength=0.0)
    (found,) = none.decisions([task], [logits])
    assert_array_equal(found, none.probabilities([task], [logits])[0].argmax(axis=1))
    full = replace(none, strengths=np.array([1.0]))
    evidence = logits - 0.5 * SHARES
    assert_array_equal(full.decisions([task], [logits])[0], evidence.argmax(axis=1))


def test_strength_predicts_rare_classes_more_often():
    task, logits = task_of(3), draw(3)
    rare = [
        (calibration_of(SHARES, 0.5, 1.5, s).decisions([task], [logits])[0] == 2).sum()
        for s in (0.0, 0.5, 1.0, 1.5)
    ]
    assert rare == sorted(rare)
    assert rare[0] < rare[-1]


def test_only_classes_without_an_order_are_weighed():
    ordinal = Ordinal().fit(np.arange(4))
    labels = MultiLabel().fit(np.array([{"a"}, {"b"}], dtype=object))
    assert [weighs_classes(t) for t in (task_of(3), ordinal, labels)] == [
        True,
        False,
        False,
    ]
    assert all(map(has_temperature, (task_of(3), ordinal, labels)))


def test_values_of_codes_are_grouped_by_task():
    labels = MultiLabel().fit(np.array([{"a"}, {"b"}], dtype=object))
    assert by_task([task_of(3), labels, task_of(2)], "wxyz") == [
        ["w"],
        ["x", "y"],
        ["z"],
    ]


@pytest.mark.parametrize(
    ("n_rows", "sparse", "cells_per_class", "expected"),
    [
        (50, True, 20, SMALL_TEMPERATURE),
        (50, True, 5, 1.0),
        (50, False, 20, 1.0),
        (500, True, 20, 1.0),
    ],
)
def test_small_data_have_a_typical_temperature(
    n_rows, sparse, cells_per_class, expected
):
    spec = InputSpec(10, sparse=sparse, scale=1.0, n_rows=n_rows)
    assert typical_temperature(spec, cells_per_class) == expected


TEXTS = ["great phone", "awful phone", "great film", "awful film", "good day"] * 12
LABELS = {"tone": ["good", "bad", "good", "bad", "good"] * 12}


@pytest.mark.parametrize("number", [1.0, 2.5])
def test_a_number_is_the_temperature_of_all_tasks(number):
    clf = MultiTaskTextClassifier(temperature=number, random_state=0)
    assert clf.fit(TEXTS, LABELS).temperatures_ == {"tone": number}


def test_a_higher_temperature_is_less_certain_and_predicts_the_same():
    cold, hot = (
        MultiTaskTextClassifier(temperature=t, random_state=0).fit(TEXTS, LABELS)
        for t in (1.0, 4.0)
    )
    assert_array_equal(cold.predict(TEXTS), hot.predict(TEXTS))
    certainties = [m.predict_proba(TEXTS)[0].max(axis=1).mean() for m in (cold, hot)]
    assert certainties[0] > certainties[1]


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_without_adjustment_predict_gives_the_most_probable_class(temperature):
    clf = MultiTaskTextClassifier(
        logit_adjustment=0, temperature=temperature, random_state=0
    ).fit(TEXTS, {"tone": ["good"] * 5 + LABELS["tone"][5:]})
    most = clf.predict_proba(TEXTS)[0].argmax(axis=1)
    assert_array_equal(clf.predict(TEXTS)[:, 0], clf.classes_[0][most])


@pytest.mark.parametrize("temperature", [0, -1.0, "high", None])
def test_other_temperatures_are_refused(temperature):
    clf = MultiTaskTextClassifier(temperature=temperature)
    with pytest.raises(ValueError, match="The 'temperature' parameter of"):
        clf.fit(TEXTS, LABELS)


def test_early_stopping_calibrates_the_epoch_that_it_keeps():
    texts, labels = make_multitask_texts(2600, n_tasks=2, random_state=0)
    labels = np.asarray(labels)
    clf = MultiTaskTextClassifier(
        TfidfVectorizer(sublinear_tf=True, min_df=5, dtype=np.float32),
        early_stopping=True,
        validation_fraction=0.25,
        n_iter_no_change=2,
        random_state=0,
    ).fit(texts[:1200], labels[:1200])
    assert clf.best_iter_ < clf.max_iter_  # the probe trains to the last epoch
    for k, own in enumerate(clf.predict_proba(texts[1200:])):
        truth = labels[1200:, k]
        confidence = own.max(axis=1).mean()
        right = np.mean(clf.classes_[k][own.argmax(axis=1)] == truth)
        assert abs(confidence - right) < 0.05  # that of the last epoch: 0.11, 0.08
