"""The search of loss weights by halving, beside the search that trains all."""

import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback
from test_stack import APART, LABELS, TEXTS, WEIGHTS, check_same
from test_stack import classifier as of_stack

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.inspection import LossWeightSearchDisplay
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.search import (
    HalvingLossWeightSearchCV,
    LossWeightSearchCV,
    best_where,
)
from sklearn_mtl.training._joint import InTurn
from sklearn_mtl.trunks import ConvTrunk, ModuleTrunk
from sklearn_mtl.utils._compat import InvalidParameterError

X, Y = make_multitask_texts(80, n_tasks=2, missing_rate=0.2, random_state=0)
Y = pd.DataFrame(Y, columns=["task0", "task1"])
CANDIDATES = [[1, 1], [1, 5], [5, 1], [1, 20], [20, 1]]
MEAN = multitask_scorer("neg_log_loss", output="mean")


def classifier(**params):
    plain = {"random_state": 0, "max_iter": 5, "batch_size": 16, "alpha": 0.0}
    return MultiTaskTextClassifier(**plain | params)


def make(searcher=HalvingLossWeightSearchCV, estimator=None, **settings):
    settings = {"cv": KFold(2), "scoring": MEAN, "refit": False} | settings
    candidates = settings.pop("candidates", CANDIDATES)
    return searcher(estimator or classifier(), candidates, **settings)


# Fits that pause, and of which some leave ---------------------------------------------


class Noisy(torch.nn.Sequential):
    """Draws torch's global random numbers as it trains."""

    def __init__(self, n_features):
        super().__init__(torch.nn.Linear(n_features, 4), torch.nn.Dropout(0.5))


ROWS = np.random.default_rng(0).normal(size=(300, 5)).astype(np.float32)
KINDS = {
    "side by side": (TEXTS, LABELS, {"batch_size": 100}),
    "full batches": (TEXTS, LABELS, {}),
    "hard": (TEXTS, LABELS, {"batch_size": 100, "sharing": "hard"}),
    "apart": (TEXTS, APART, {"batch_size": 100}),
    "held-out rows": (TEXTS, LABELS, {"temperature": "auto", "batch_size": 100}),
    "stopping": (TEXTS, LABELS, {"early_stopping": True, "batch_size": 100}),
    "penalty": (TEXTS, LABELS, {"alpha": 1e-4, "batch_size": 100}),
    "conv": (
        TEXTS,
        LABELS,
        {"trunk": ConvTrunk(embedding_dim=4, n_filters=2, widths=(1, 2))},
    ),
    "mmoe": (TEXTS, LABELS, {"sharing": "mmoe", "batch_size": 100}),
    "ordinal": (TEXTS, LABELS, {"task_types": {"task1": "ordinal"}}),
    "noisy": (ROWS, LABELS, {"trunk": ModuleTrunk(Noisy, n_units=4)}),
    "linear": (TEXTS, LABELS, {"trunk": None}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_who_leaves_changes_nothing_for_who_stays(kind):
    X, y, params = KINDS[kind]
    clf = of_stack(**{"max_iter": 4} | params)
    fits = clf._begin_each(X, y, [*WEIGHTS, [9, 1, 1]])
    assert len(fits.train(1)) == 4
    fits.keep([0, 1, 3])
    fits.train(3)
    fits.keep([1])
    (ours,) = fits.train()
    alone = clf.set_params(loss_weights=WEIGHTS[1]).fit(X, y)
    if X is TEXTS:
        check_same(ours, alone)
    for own, expected in zip(
        ours.predict_proba(X), alone.predict_proba(X), strict=True
    ):
        assert_allclose(own, expected, atol=1e-4)
    assert fits.train()[0] is ours  # trained to the end


def test_methods_that_learn_go_on_where_they_paused():
    clf = of_stack(max_iter=4, batch_size=100)
    methods = ["uncertainty", None, "random", "dwa"]
    fits = clf._begin_each(TEXTS, LABELS, methods)
    fits.train(2)
    fits.keep([0, 2, 3])
    for ours, method in zip(fits.train(), (methods[k] for k in (0, 2, 3)), strict=True):
        check_same(ours, clf.set_params(loss_weights=method).fit(TEXTS, LABELS))


def test_tuned_labels_are_those_of_the_moment():
    sets = [[["a"], ["b"], ["a", "b"], []][k % 4] for k in range(300)]
    labels = {"tags": sets, "topic": LABELS["task0"]}
    clf = of_stack(max_iter=3, temperature="auto")
    fits = clf._begin_each(TEXTS, labels, [[1, 1], [1, 3]])
    before = fits.train(1)[0]
    assert before.n_iter_ == 1
    assert before.targets_.tasks is not fits.nets[0].tasks
    ours = fits.train()[0]
    alone = clf.set_params(loss_weights=[1, 1]).fit(TEXTS, labels)
    for own, expected in zip(
        ours.predict(TEXTS, output="dict")["tags"],
        alone.predict(TEXTS, output="dict")["tags"],
        strict=True,
    ):
        assert list(own) == list(expected)


def test_a_pause_is_not_in_the_history_of_what_paused():
    fits = of_stack(max_iter=3)._begin_each(TEXTS, LABELS, WEIGHTS)
    first = fits.train(1)[0]
    fits.train()
    assert first.n_iter_ == len(first.net_.history) == 1


def test_callbacks_of_those_who_leave_are_ended():
    ended = []

    class Ends(Callback):
        def on_train_end(self, net, **kwargs):
            ended.append(len(net.history))

    clf = of_stack(callbacks=[Ends()], max_iter=3)
    fits = clf._begin_each(TEXTS, LABELS, WEIGHTS)
    fits.train(1)
    fits.keep([2])
    assert ended == [1, 1]
    fits.train()
    assert ended == [1, 1, 3]


@pytest.mark.parametrize("alpha", [0.0, 1e-4], ids=["side by side", "in turn"])
def test_a_net_that_diverges_has_failed_before_the_end(alpha):
    clf = of_stack(max_iter=3, alpha=alpha, batch_size=100)
    fits = clf._begin_each(TEXTS, LABELS, ["auto", [1, 1, 1]])
    fits.nets[1].criterion_.balancing.weights *= 1e38
    if alpha == 0:
        fits.training.parts[0].stack.objective.task_weights[1] *= 1e38
    fine, failed = fits.train(1)
    assert fine.n_iter_ == 1
    assert isinstance(failed, ValueError)
    assert "Training diverged" in str(failed)


@pytest.mark.parametrize("alpha", [0.0, 1e-4], ids=["side by side", "in turn"])
def test_to_train_to_where_training_is_changes_nothing(alpha):
    fits = of_stack(max_iter=3, alpha=alpha)._begin_each(TEXTS, LABELS, WEIGHTS)
    first, again = (fits.train(2)[0].predict_proba(TEXTS) for _ in range(2))
    for own, expected in zip(first, again, strict=True):
        assert_array_equal(own, expected)


def test_nets_in_turn_train_one_epoch_at_a_time(monkeypatch):
    seen, original = [], InTurn._go_on

    def spy(self, net, until):
        found = original(self, net, until)
        seen.append((until, len(net.history)))
        return found

    monkeypatch.setattr(InTurn, "_go_on", spy)
    fits = of_stack(max_iter=3, alpha=1e-4)._begin_each(TEXTS, LABELS, WEIGHTS[:2])
    for until in (1, 2, None):
        fits.train(until)
    assert seen == [(1, 1), (1, 1), (2, 2), (2, 2), (3, 3), (3, 3)]


# The search ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    [
        classifier(),
        classifier(alpha=1e-4),
        make_pipeline(TfidfVectorizer(), classifier()),
    ],
    ids=["side by side", "in turn", "pipeline"],
)
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_scores_of_the_last_are_those_of_the_search_that_trains_all(estimator, n_jobs):
    settings = {"return_train_score": True, "refit": True, "estimator": estimator}
    ours = make(factor=2, n_jobs=n_jobs, **settings).fit(X, Y)
    plain = make(LossWeightSearchCV, **settings).fit(X, Y)
    rows = np.flatnonzero(ours.cv_results_["n_resources"] == 5)
    assert len(rows) == 1
    assert ours.n_candidates_ == [5, 3, 2, 1]
    for row in rows:
        same = plain.cv_results_["params"].index(ours.cv_results_["params"][row])
        for name in plain.cv_results_:
            if name.startswith(("split", "mean_t", "std_t")):
                found, expected = (s.cv_results_[name] for s in (ours, plain))
                assert_allclose(found[row], expected[same], atol=1e-5, err_msg=name)
    assert ours.best_index_ == rows[0]
    assert ours.best_score_ == ours.cv_results_["mean_test_score"][rows[0]]
    assert ours.best_params_ == ours.cv_results_["params"][rows[0]]
    assert_array_equal(ours.predict(X[:5]), ours.best_estimator_.predict(X[:5]))


def test_how_many_leave_does_not_change_the_scores_of_an_iteration():
    few, many = (make(factor=factor).fit(X, Y).cv_results_ for factor in (4, 1.01))
    compared = 0
    for row, params in enumerate(few["params"]):
        for other, same in enumerate(many["params"]):
            if params == same and few["n_resources"][row] == many["n_resources"][other]:
                own, expected = (f["mean_test_score"] for f in (few, many))
                assert_allclose(own[row], expected[other], atol=1e-5)
                compared += 1
    assert compared >= 6


def test_the_best_of_each_iteration_go_on():
    found = make(factor=2).fit(X, Y).cv_results_
    rows = [np.flatnonzero(found["iter"] == k) for k in range(max(found["iter"]) + 1)]
    for now, after in pairwise(rows):
        scores = found["mean_test_score"][now]
        best = np.argsort(-scores, kind="stable")[: len(after)]
        expected = [found["params"][now[k]] for k in sorted(best)]
        assert [found["params"][k] for k in after] == expected


@pytest.mark.parametrize(
    ("n", "max_iter", "settings", "sizes", "epochs"),
    [
        (5, 5, {}, [5, 2, 1], [1, 2, 5]),
        (5, 10, {}, [5, 2, 1], [2, 4, 10]),
        (5, 10, {"factor": 5}, [5, 1], [2, 10]),
        (5, 10, {"factor": 1.5}, [5, 4, 3, 2, 1], [2, 4, 6, 8, 10]),
        (5, 10, {"min_resources": 4}, [5, 2, 1], [4, 8, 10]),
        (5, 10, {"min_resources": 5}, [5, 2], [5, 10]),
        (5, 10, {"min_resources": 99}, [5], [10]),
        (5, 1, {}, [5], [1]),
        (5, 2, {}, [5, 2], [1, 2]),
        (1, 5, {}, [1], [5]),
    ],
)
def test_iterations(n, max_iter, settings, sizes, epochs):
    estimator = classifier(max_iter=max_iter, batch_size=80)
    search = make(estimator=estimator, candidates=CANDIDATES[:n], **settings).fit(X, Y)
    assert search.n_candidates_ == sizes
    assert search.n_resources_ == epochs
    assert search.n_iterations_ == len(sizes)
    assert search.max_resources_ == max_iter
    found = search.cv_results_
    assert_array_equal(found["iter"], np.repeat(range(len(sizes)), sizes))
    assert_array_equal(found["n_resources"], np.repeat(epochs, sizes))
    assert len(found["params"]) == len(found["mean_test_score"]) == sum(sizes)
    assert found["iter"][search.best_index_] == len(sizes) - 1


def test_folds_may_need_different_numbers_of_epochs():
    # With "auto", 180 rows in small batches need fewer epochs than 210.
    texts, labels = make_multitask_texts(240, n_tasks=2, random_state=0)
    folds = [
        (np.arange(60, 240), np.arange(60)),
        (np.arange(30, 240), np.arange(30)),
    ]
    estimator = classifier(max_iter="auto", batch_size=8, temperature=1.0)
    epochs = [
        estimator.fit([texts[k] for k in train], labels[train]).max_iter_
        for train, _ in folds
    ]
    assert epochs[0] != epochs[1]
    settings = {"cv": folds, "estimator": estimator}
    ours = make(**settings).fit(texts, labels)
    plain = make(LossWeightSearchCV, **settings).fit(texts, labels)
    assert ours.max_resources_ == max(epochs)
    same = CANDIDATES.index(ours.best_params_["loss_weights"])
    for name in ("split0_test_score", "split1_test_score"):
        own, expected = (s.cv_results_[name] for s in (ours, plain))
        assert_allclose(own[-1], expected[same], atol=1e-5)


TABLE = multitask_scorer("neg_log_loss")


def first_of_those_left(found):
    return len(found["params"]) - 1


@pytest.mark.parametrize(
    ("refit", "kept"),
    [
        ("task0", None),
        (best_where("task0"), None),
        # Nobody reaches this early, so the nearest go on.
        (best_where("task1", at_least={"task0": -1e-9}), "error"),
        (first_of_those_left, [3, 4]),
    ],
    ids=["name", "best_where", "limits", "callable"],
)
def test_refit_decides_who_goes_on(refit, kept):
    search = make(scoring=TABLE, refit=refit)
    if kept == "error":
        with pytest.raises(ValueError, match="None of the 1 candidates reaches"):
            search.fit(X, Y)
        return
    found = search.fit(X, Y).cv_results_
    if kept is None:
        kept = sorted(np.argsort(-found["mean_test_task0"][:5], kind="stable")[:2])
    assert found["params"][5:7] == [found["params"][k] for k in kept]
    assert search.best_index_ == 7


@pytest.mark.parametrize(
    "scoring", [TABLE, ["a", "b"], lambda estimator, X, y: {"a": 1.0, "b": 2.0}]
)
def test_one_of_several_scores_must_decide(scoring):
    if scoring == ["a", "b"]:
        scoring = {"a": MEAN, "b": MEAN}
    with pytest.raises(ValueError, match="must know which one decides, but refit=Fal"):
        make(scoring=scoring).fit(X, Y)


class Unbuilt(FixedWeights):
    def build(self, task_names, labelled_share):
        raise RuntimeError("no such weights")


def test_a_candidate_that_fails_leaves_first():
    candidates = [Unbuilt(), *CANDIDATES[:3]]
    search = make(candidates=candidates, factor=1.2)
    with (
        pytest.warns(FitFailedWarning, match="2 fits failed"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        search.fit(X, Y)
    found = search.cv_results_
    assert search.n_candidates_ == [4, 3, 2, 1]
    assert np.isnan(found["mean_test_score"][0])
    assert np.isfinite(found["mean_test_score"][1:]).all()
    with pytest.raises(RuntimeError, match="no such weights"):
        search.set_params(error_score="raise").fit(X, Y)
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        make(candidates=[Unbuilt()]).fit(X, Y)


def test_a_fold_that_fails_is_named():
    rare = Y.assign(task1=Y["task1"].where(np.arange(80) < 40))
    search = make(error_score=-9.0)
    with pytest.warns(FitFailedWarning, match=r"(?s)fits failed.*'task1'.*no label"):
        search.fit(X, rare)
    assert_array_equal(search.cv_results_["split0_test_score"], np.full(8, -9.0))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("factor", value) for value in (1, 0.5, "three", None)),
        *(("min_resources", value) for value in (0, 1.5, "exhaust", None)),
    ],
)
def test_parameters_are_checked_before_any_work(name, value, monkeypatch):
    monkeypatch.setattr(MultiTaskTextClassifier, "_begin_each", None)
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of Halv"):
        make(**{name: value}).fit(X, Y)


def test_a_failed_search_loses_nothing():
    search = make(refit=True).fit(X, Y)
    before = search.predict(X[:5])
    with pytest.raises(ValueError, match="same number of rows"):
        search.fit(X, Y[:7])
    assert_array_equal(search.predict(X[:5]), before)
    assert_array_equal(pickle.loads(pickle.dumps(search)).predict(X[:5]), before)
    twin = clone(search).set_params(factor=2, estimator__alpha=0.5)
    assert (twin.factor, twin.estimator.alpha, search.factor) == (2, 0.5, 3)


def test_it_says_how_far_it_is(capsys):
    make(verbose=1).fit(X, Y)
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("epoch 1 of 5: 5 candidate(s) in ")
    assert last.startswith("epoch 5 of 5: 1 candidate(s) in ")


def test_a_display_has_each_candidate_once():
    search = make(scoring=multitask_scorer(), refit="mean").fit(X, Y)
    display = LossWeightSearchDisplay.from_search(search)
    assert sorted(display.weights.tolist()) == sorted(CANDIDATES)
    best = display.weights[display.best_index].tolist()
    assert best == search.best_params_["loss_weights"]
    assert display.mean[display.best_index] == search.best_score_
