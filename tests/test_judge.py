"""Rows that training has not seen, and what they say about a net."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.training._aside import LEAST, MOST, SHARE, set_aside
from sklearn_mtl.training._config import TrainingConfig
from sklearn_mtl.training._judge import STRENGTHS, Judge, _entropy, _f1, _macro_f1


def test_macro_f1_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    for n_classes in (2, 3, 7):
        true, chosen = rng.integers(0, n_classes, (2, 50))
        chosen[true == n_classes - 1] = 0  # a class that is never chosen
        expected = f1_score(true, chosen, average="macro", zero_division=0)
        assert _macro_f1(true, chosen, n_classes) == pytest.approx(expected)


def test_classes_that_do_not_occur_have_no_f1():
    assert np.isnan(_f1(np.array([0, 1]), np.array([1, 1]), 3)[2])


def test_f1_of_several_labels_is_the_mean_of_their_binary_ones():
    rng = np.random.default_rng(0)
    true, chosen = rng.integers(0, 2, (2, 60, 3))
    expected = np.mean([f1_score(*pair) for pair in zip(true.T, chosen.T, strict=True)])
    assert _macro_f1(true, chosen, 3) == pytest.approx(expected)


def test_entropy_is_that_of_the_shares():
    assert _entropy(np.array([0, 0, 1, 1])) == pytest.approx(np.log(2))
    assert _entropy(np.zeros(5, dtype=int)) == 0


@pytest.fixture(scope="module")
def texts_and_labels():
    return make_multitask_texts(700, n_tasks=2, n_classes=3, random_state=0)


def fitted(texts_and_labels, **params):
    """Return the parts of a fit that a judge sees."""
    texts, labels = texts_and_labels
    clf = MultiTaskTextClassifier(random_state=0, **params)
    clf.fit(texts, labels)
    config, X, cells = clf._read(texts, labels, None)
    return clf, config, X, cells


def judge_of(clf, X, cells, **kwargs):
    dataset = clf._dataset(X)
    dataset.codes, dataset.weights = cells.codes, cells.weights
    return Judge(dataset, cells, **kwargs)


def test_a_judge_sets_temperatures_and_strengths(texts_and_labels):
    clf, _, X, cells = fitted(texts_and_labels, temperature=1.0, alpha=0.0)
    plain, logits = judge_of(clf, X, cells, tunes_decisions=False).calibrate(clf.net_)
    assert plain.strengths is None
    assert (plain.temperatures < 1).all()  # it has seen these rows
    judge = judge_of(clf, X, cells, tunes_decisions=True)
    tuned, _ = judge.calibrate(clf.net_)
    assert set(tuned.strengths) <= set(STRENGTHS)
    assert judge.relative_loss(tuned, logits) < 0.5
    assert judge.decisions_score(tuned, logits) > 0.9


def config_of(**params):
    return TrainingConfig.of(MultiTaskTextClassifier(random_state=0, **params))


class Cells:
    """What `set_aside` reads of labels."""

    def __init__(self, codes, is_tuned=False):
        self.codes = codes
        task = type("Task", (), {"is_tuned": is_tuned})
        self.targets = type("Targets", (), {"tasks": [task]})


def codes_of(n_rows):
    return np.random.default_rng(0).integers(0, 2, (n_rows, 1))


@pytest.mark.parametrize(
    ("n_rows", "expected"),
    [(3000, None), (3500, 175), (3001, LEAST), (9000, SHARE * 9000), (50_000, MOST)],
)
def test_temperatures_take_a_share_of_many_rows(n_rows, expected):
    learnt, aside = set_aside(config_of(), Cells(codes_of(n_rows)))
    if expected is None:
        assert learnt is aside is None
        return
    assert len(aside) == pytest.approx(expected, abs=2)
    assert sorted([*learnt, *aside]) == list(range(n_rows))


def test_no_rows_are_set_aside_for_a_given_temperature_or_in_a_warm_start():
    cells = Cells(codes_of(5000))
    assert set_aside(config_of(temperature=1.0), cells) == (None, None)
    assert set_aside(config_of(), cells, is_first=False) == (None, None)


def test_early_stopping_and_tuned_thresholds_take_their_fraction():
    config = config_of(early_stopping=True, validation_fraction=0.3)
    assert len(set_aside(config, Cells(codes_of(100)))[1]) == pytest.approx(30, abs=2)
    tuned = Cells(codes_of(100), is_tuned=True)
    assert len(set_aside(config_of(), tuned)[1]) == pytest.approx(10, abs=2)


def test_labels_that_are_all_different_leave_none():
    assert set_aside(config_of(), Cells(np.arange(4000)[:, None])) == (None, None)


def test_rows_set_aside_weigh_no_terms_and_train_last(monkeypatch):
    monkeypatch.setattr("sklearn_mtl.training._held_out.PART", 0.0)
    texts, labels = make_multitask_texts(600, n_tasks=1, random_state=0)
    learnt, aside = np.split(np.arange(600), [400])
    monkeypatch.setattr(
        "sklearn_mtl._fitting._preparing.set_aside",
        lambda *args, **kwargs: (learnt, aside),
    )
    labels = np.asarray(labels).ravel()
    other = labels.copy()
    # Exchanged among these rows, so that shares of classes stay.
    other[aside] = other[aside][::-1]
    assert (other != labels).any()
    clf, again = (
        MultiTaskTextClassifier(alpha=0.0, temperature=1.0, random_state=0).fit(
            texts, y
        )
        for y in (labels, other)
    )
    assert (clf.term_weights_ == again.term_weights_).all()
    assert (clf._logits(texts)[0] == again._logits(texts)[0]).all()
