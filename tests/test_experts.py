"""Experts and shared heads in the classifier."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.inspection import top_words
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold
from sklearn_mtl.sharing import (
    HardSharing,
    MixtureOfExperts,
    ProgressiveLayers,
    SharedPrivate,
)
from sklearn_mtl.sharing._experts import Readers
from sklearn_mtl.tasks import Categorical
from sklearn_mtl.training._grow import heads_by_classes
from sklearn_mtl.trunks import BagTrunk

TEXTS, Y = make_multitask_texts(260, n_tasks=2, n_classes=[2, 3], random_state=0)
# The first task once more: one question in two columns, each with cells of its own.
Y = np.column_stack([Y, Y[:, 0]]).astype(float)
Y[np.random.RandomState(0).uniform(size=Y.shape) < 0.3] = np.nan
NARROW = BagTrunk(n_units=32)


def fit(X=TEXTS, y=Y, **params):
    params = {"trunk": NARROW, "max_iter": 2, "random_state": 0} | params
    return MultiTaskTextClassifier(**params).fit(X, y)


FITTED = [
    "mmoe",
    "ple",
    MixtureOfExperts(2, private=True, share_heads=True),
    ProgressiveLayers(n_levels=2, share_heads=True),
    HardSharing(share_heads=True),
    SharedPrivate(share_heads=True),
]
all_fitted = pytest.mark.parametrize("sharing", FITTED, ids=str)


@all_fitted
def test_it_learns_and_is_the_same_each_time(sharing):
    clf = fit(TEXTS[:200], Y[:200], sharing=sharing, max_iter=60)
    assert clf.score(TEXTS[:200], Y[:200]) > 0.9
    again = fit(TEXTS[:200], Y[:200], sharing=sharing, max_iter=60)
    for one, other in zip(
        clf.predict_proba(TEXTS), again.predict_proba(TEXTS), strict=True
    ):
        assert_array_equal(one, other)


@all_fitted
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_the_float_type_is_that_of_the_rows(sharing, dtype, kind):
    rows = kind(np.random.RandomState(0).rand(260, 4).astype(dtype))
    clf = fit(rows, sharing=sharing, trunk="auto")
    assert {p.dtype for p in clf.predict_proba(rows)} == {np.dtype(dtype)}
    assert clf.net_.row_dtype == np.dtype(dtype).name


def test_tasks_of_one_head_are_one_task_for_hard_sharing():
    # Temperatures, and what training adds for shares of classes, are each task's own.
    first, other, last = fit(sharing=HardSharing(share_heads=True))._logits(TEXTS)
    assert_array_equal(first, last)
    assert other.shape == (260, 3)
    first, _, last = fit(sharing=SharedPrivate(share_heads=True))._logits(TEXTS)
    assert np.abs(first - last).max() > 1e-3


def test_labels_of_one_task_teach_the_other_through_their_head():
    """A task with a single row of each class answers as the one that has them all."""
    y = Y[:200].copy()
    y[:, 2] = np.nan
    for label in (0, 1):
        y[np.flatnonzero(y[:, 0] == label)[0], 2] = label
    clf = fit(TEXTS[:200], y, sharing=HardSharing(share_heads=True), max_iter=60)
    labelled = ~np.isnan(Y[:200, 0])
    found = clf.predict(TEXTS[:200])[labelled, 2]
    assert (found == Y[:200, 0][labelled]).mean() > 0.9


@all_fitted
def test_a_warm_start_goes_on(sharing):
    clf = fit(sharing=sharing, warm_start=True)
    before = clf.predict_proba(TEXTS)[0]
    clf.set_params(max_iter=1, learning_rate_init=1e-9).fit(TEXTS, Y)
    assert_allclose(clf.predict_proba(TEXTS)[0], before, atol=1e-5)
    assert clf.n_iter_ == 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (MixtureOfExperts(2), MixtureOfExperts(3)),
        (MixtureOfExperts(2), MixtureOfExperts(2, private=True)),
        (ProgressiveLayers(), ProgressiveLayers(n_levels=2)),
        (HardSharing(), HardSharing(share_heads=True)),
    ],
    ids=str,
)
def test_a_warm_start_refuses_another_network(before, after):
    clf = fit(sharing=before, warm_start=True).set_params(sharing=after)
    with pytest.raises(ValueError, match="trunk and sharing must be what they were"):
        clf.fit(TEXTS, Y)


def test_numbers_of_experts_are_parameters():
    clf = MultiTaskTextClassifier(sharing=MixtureOfExperts())
    clone(clf).set_params(sharing__n_experts=7)
    assert clf.sharing.n_experts == 4
    grid = {"sharing__n_experts": [1, 2], "sharing__private": [False, True]}
    search = GridSearchCV(
        clone(clf).set_params(trunk=NARROW, max_iter=1, random_state=0),
        grid,
        cv=MultiTaskStratifiedKFold(2),
        scoring=multitask_scorer(),
        refit="mean",
    ).fit(TEXTS, Y)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_estimator_.sharing_.get_params() == {
        name.removeprefix("sharing__"): value
        for name, value in search.best_params_.items()
    } | {"share_heads": False}


def test_an_alias_has_no_parameters():
    message = "sharing__n_experts, because sharing is 'mmoe'. First pass an object"
    with pytest.raises(ValueError, match=message):
        MultiTaskTextClassifier(sharing="mmoe").set_params(sharing__n_experts=3)


@pytest.mark.parametrize("sharing", ["mmoe", ProgressiveLayers()], ids=str)
def test_there_is_no_one_vector_to_transform_to(sharing):
    clf = fit(sharing=sharing)
    assert not hasattr(clf, "transform")
    with pytest.raises(AttributeError) as raised:
        clf.transform(TEXTS)
    assert f"and sharing={sharing!r}" in str(raised.value.__cause__)
    assert not hasattr(clf, "get_feature_names_out")
    # Weights of terms are of all tasks together, and so are experts.
    assert clf.term_weights_ is not None


def test_top_words_follow_the_paths_there_are():
    clf = fit(TEXTS[:200], Y[:200], sharing=MixtureOfExperts(2, private=True))
    words = {
        through: top_words(clf, TEXTS[:200], through=through).words["task0"]
        for through in ("both", "private", "trunk")
    }
    assert all(words[through][0.0] for through in words)
    assert words["private"] != words["trunk"]
    clf = fit(TEXTS[:200], Y[:200], sharing="ple")
    assert top_words(clf, TEXTS[:200], through="trunk").words["task0"][0.0]
    message = "through='private', but the network has no such path"
    with pytest.raises(ValueError, match=message):
        top_words(clf, TEXTS[:200], through="private")


@pytest.mark.parametrize("sharing", ["mmoe", "ple"])
def test_a_single_task_may_have_experts_too(sharing):
    clf = fit(y=np.nan_to_num(Y[:, 1]), sharing=sharing)
    assert clf.predict(TEXTS).shape == (260,)


def heads_of(*columns):
    return heads_by_classes([Categorical().fit(np.array(c)) for c in columns])


def test_tasks_of_the_same_classes_have_the_same_number():
    assert heads_of([0, 1], ["a", "b", "c"], [1.0, 0.0]) == [0, 1, 0]
    assert heads_of(["a", "b"], ["b", "c"], ["b"], ["b", "a"]) == [0, 1, 2, 0]
    texts = np.array(["a", "bcd"]), np.array(["bcd", "a"], dtype=object)
    assert heads_of(*texts) == [0, 0]


def test_tasks_of_two_types_have_two_numbers():
    class Other(Categorical):
        pass

    tasks = [kind().fit(np.arange(2)) for kind in (Categorical, Other, Categorical)]
    assert heads_by_classes(tasks) == [0, 1, 0]


def test_experts_of_others_do_not_even_change_the_rounding():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(96, 10, generator=generator)
    outputs = torch.randn(96, 50, 8, generator=generator)
    alone = Readers(torch.ones(2, 5, dtype=torch.bool))
    places = [0, 11, 12, 30, 49]
    reads = torch.zeros(2, 50, dtype=torch.bool)
    reads[:, places] = True
    among = Readers(reads)
    found, expected = among(scores, outputs), alone(scores, outputs[:, places])
    assert_array_equal(found, expected)
    weights = among.weights(scores)
    assert_array_equal(weights[:, :, places], alone.weights(scores))
    assert not np.delete(weights.numpy(), places, axis=2).any()
