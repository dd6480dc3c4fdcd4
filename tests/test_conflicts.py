"""Gradients of tasks, compared while they train."""

import matplotlib as mpl
import numpy as np
import pytest
import test_classifier
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.inspection import (
    TaskConflicts,
    TaskConflictsDisplay,
    task_conflicts,
)
from sklearn_mtl.sharing import HardSharing
from sklearn_mtl.training._conflicts import ConflictWatch

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")
TEXTS, LABELS = test_classifier.TEXTS, test_classifier.LABELS


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def make(**params):
    settings = {"max_iter": 3, "random_state": 0, "learning_rate_init": 0.05}
    return MultiTaskTextClassifier(**settings | params)


def test_a_task_agrees_with_its_copy_and_not_with_its_contrary():
    tone = [label and label == "good" for label in LABELS["tone"]]
    contrary = [None if label is None else not label for label in tone]
    found = task_conflicts(
        make(sharing=HardSharing(share_heads=True)),
        TEXTS,
        {"a": tone, "b": tone, "c": contrary},
    )
    assert found.task_names == ["a", "b", "c"]
    assert found.cosines.shape == found.conflicts.shape == (4, 3, 3)
    assert_allclose(np.diagonal(found.cosines, axis1=1, axis2=2), 1, rtol=1e-6)
    assert_allclose(found.cosines, found.cosines.swapaxes(1, 2))
    assert_allclose(found.shares.sum(axis=1), 1)
    # With one head for all three.
    assert_allclose(found.cosines[:, 0, 1], 1, rtol=1e-5)
    assert (found.cosines[:, 0, 2] < -0.5).all()
    assert_array_equal(found.conflicts[:, 0, 2], 1)
    means = [cosine for _, _, cosine, _ in found.pairs()]
    assert means == sorted(means)


def test_numbers_are_those_of_the_products():
    products = np.array([[[[4.0, -2.0], [-2.0, 1.0]], [[1.0, 0.5], [0.5, 1.0]]]])
    found = TaskConflicts(products, ["a", "b"])
    assert found.cosines[0, 0, 1] == pytest.approx((-1 + 0.5) / 2)
    assert found.conflicts[0, 0, 1] == 0.5
    assert_allclose(found.shares[0], [0.6, 0.4])
    assert found.pairs() == [("a", "b", pytest.approx(-0.25), 0.5)]
    assert repr(found) == "TaskConflicts(n_tasks=2, n_times=1)"
    assert found.n_batches == 2


def test_what_no_batch_compares_is_unknown():
    products = np.zeros((2, 3, 2, 2))
    products[:, :, 0, 0] = 1
    found = TaskConflicts(products, ["a", "b"])
    assert np.isnan(found.cosines[:, 0, 1]).all()
    assert found.pairs() == []
    assert_array_equal(found.shares, [[1, 0], [1, 0]])
    TaskConflictsDisplay.from_conflicts(found).figure_.canvas.draw()


def test_looking_changes_nothing():
    clf = make(callbacks=[])
    found = task_conflicts(clf, TEXTS, LABELS)
    assert not hasattr(clf, "net_")
    again = task_conflicts(clf, TEXTS, LABELS)
    assert_array_equal(found.cosines, again.cosines)
    watched = clf._watch_conflicts(TEXTS, LABELS, 3, None)[0]
    assert watched.shape == (4, 3, 3, 3)


def test_training_is_as_without():
    plain = make(sharing="hard").fit(TEXTS, LABELS)
    watched = make(sharing="hard", callbacks=[("watch", ConflictWatch(2, 0))])
    watched.fit(TEXTS, LABELS)
    for own, other in zip(
        watched.predict_proba(TEXTS), plain.predict_proba(TEXTS), strict=True
    ):
        assert_array_equal(own, other)


@pytest.mark.parametrize(
    "params",
    [
        {"loss_weights": "upgrad"},
        {"sharing": "adversarial"},
        {"task_types": {"topic": "ordinal"}},
        {"early_stopping": True, "validation_fraction": 0.3},
    ],
    ids=str,
)
def test_it_works_with(params):
    found = task_conflicts(make(**params), TEXTS, LABELS, n_batches=2)
    assert np.isfinite(found.shares).all()
    assert len(found.pairs()) == 3


def test_a_pipeline_and_weights():
    pipe = make_pipeline(TfidfVectorizer(), make())
    weight = np.linspace(1, 2, len(TEXTS))
    found = task_conflicts(pipe, TEXTS, LABELS, sample_weight=weight)
    alone = task_conflicts(
        make(vectorizer=TfidfVectorizer()), TEXTS, LABELS, sample_weight=weight
    )
    assert found.cosines.shape == alone.cosines.shape


def test_a_picture():
    found = task_conflicts(make(), TEXTS, LABELS)
    display = TaskConflictsDisplay.from_conflicts(found)
    display.figure_.canvas.draw()
    assert len(display.axes_) == 2
    assert len(display.axes_[1].get_lines()) == 3
    written = [text.get_text() for text in display.axes_[0].texts]
    _, _, cosine, share = found.pairs()[0]
    assert f"{cosine:+.2f}\n{share:.0%}" in written


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (make(sharing="mmoe"), "sharing='mmoe' tasks read no common vector"),
        (make(trunk=None), "trunk=None and .* tasks read no common vector"),
        (
            MultiOutputClassifier(LogisticRegression()),
            "MultiOutputClassifier has no gradients to compare",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_compared(estimator, message):
    with pytest.raises(ValueError, match=message):
        task_conflicts(estimator, TEXTS, LABELS)


def test_there_is_at_least_one_batch():
    with pytest.raises(ValueError, match="The 'n_batches' parameter of task_conflicts"):
        task_conflicts(make(), TEXTS, LABELS, n_batches=0)
