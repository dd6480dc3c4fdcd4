"""Fits and predictions that overlap in threads, and fits that are interrupted."""

import random
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback
from torch import nn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.inspection import top_words
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.training._objective import Objective
from sklearn_mtl.trunks import BagTrunk, ConvTrunk, ModuleTrunk

TEXTS, Y = make_multitask_texts(230, n_tasks=2, random_state=0)
FEW, FEW_Y = TEXTS[:40], Y[:40]


class WithDropout(nn.Sequential):
    """A module of a user's own, which takes torch's random numbers as it trains."""

    def __init__(self, n_features):
        super().__init__(nn.Linear(n_features, 6), nn.ReLU(), nn.Dropout(0.5))


ROWS = np.random.default_rng(0).normal(size=(60, 4))
ROW_LABELS = (ROWS[:, :2] > 0).astype(int)
KINDS = {
    "bag": (TEXTS, Y, {"trunk": BagTrunk(8, dropout=0.3), "max_iter": 2}),
    "few": (FEW, FEW_Y, {"max_iter": 3}),
    "conv": (
        FEW,
        FEW_Y,
        {
            "trunk": ConvTrunk(
                embedding_dim=4, n_filters=4, n_units=6, dropout=0.3, token_dropout=0.3
            ),
            "max_iter": 2,
            "batch_size": 16,
        },
    ),
    "module": (
        ROWS,
        ROW_LABELS,
        {"trunk": ModuleTrunk(WithDropout, n_units=6), "max_iter": 3, "batch_size": 20},
    ),
    "stopped": (TEXTS, Y, {"early_stopping": True, "max_iter": 2}),
}


def fit(kind, seed):
    X, y, settings = KINDS[kind]
    return MultiTaskTextClassifier(random_state=seed, **settings).fit(X, y)


def probabilities(kind, seed):
    return np.hstack(fit(kind, seed).predict_proba(KINDS[kind][0]))


def state():
    """Return what a call must leave as it is."""
    return (
        torch.random.get_rng_state().tolist(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002 (the global one)
        random.getstate(),
        torch.get_num_threads(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        list(warnings.filters),
        np.geterr(),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_fits_in_threads_are_those_of_fits_in_turn(kind):
    seeds = [*range(4)] * 4
    wanted = [probabilities(kind, seed) for seed in range(4)]
    before = state()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda seed: probabilities(kind, seed), seeds))
    assert state() == before
    for seed, own in zip(seeds, found, strict=True):
        assert_array_equal(own, wanted[seed])


class Noise(Callback):
    """Adds random numbers of torch's own to weights."""

    def on_batch_end(self, net, **kwargs):
        with torch.no_grad():
            weight = next(net.module_.parameters())
            weight.add_(torch.randn_like(weight), alpha=0.1)


class NoisyLoss(Objective):
    def forward(self, logits, cells):
        return super().forward(logits, cells) * torch.rand(())


@pytest.mark.parametrize(
    "noisy",
    [
        {"callbacks": [Noise()]},
        {"callbacks": [("noise", Noise())]},
        {"callbacks": [Noise]},
        {"net_params": {"criterion": NoisyLoss}},
    ],
    ids=["callback", "named", "class", "net_params"],
)
def test_whatever_draws_random_numbers_waits_its_turn(noisy):
    def probabilities(_):
        clf = MultiTaskTextClassifier(max_iter=4, batch_size=20, random_state=0)
        clf.set_params(**noisy).fit(ROWS, ROW_LABELS)
        return np.hstack(clf.predict_proba(ROWS))

    before = state()
    wanted = probabilities(0)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(probabilities, range(16)))
    assert state() == before
    for own in found:
        assert_array_equal(own, wanted)


def test_a_search_trains_modules_with_dropout_as_fit_does():
    X, y, settings = KINDS["module"]
    clf = MultiTaskTextClassifier(random_state=0, **settings)
    for own in clf._fit_each(X, y, [None, None]):
        alone = clf.set_params(loss_weights=None).fit(X, y)
        for a, b in zip(own.predict_proba(X), alone.predict_proba(X), strict=True):
            assert_array_equal(a, b)


def test_searches_in_threads_are_those_of_searches_in_turn():
    def scores(seed):
        clf = MultiTaskTextClassifier(max_iter=2, random_state=seed)
        search = LossWeightSearchCV(clf, [[1, 1], [1, 3]], cv=2, refit=False)
        return search.fit(TEXTS, Y).cv_results_["mean_test_score"]

    wanted = [scores(seed) for seed in range(2)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(scores, [0, 1] * 4))
    for k, own in enumerate(found):
        assert_array_equal(own, wanted[k % 2])


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_predictions_in_threads_are_those_in_turn(n_jobs):
    clf = fit("bag", 0).set_params(n_jobs=n_jobs)
    wanted = np.hstack(clf.predict_proba(TEXTS))
    words, hidden = top_words(clf, TEXTS).words, clf.transform(TEXTS)
    before = state()

    def one(k):
        if k % 4 == 1:
            assert top_words(clf, TEXTS).words == words
        elif k % 4 == 2:
            assert_array_equal(clf.transform(TEXTS), hidden)
        assert_array_equal(np.hstack(clf.predict_proba(TEXTS)), wanted)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(one, range(64)))
    assert state() == before


def test_who_predicts_during_a_refit_gets_one_of_the_two_fits():
    clf = MultiTaskTextClassifier(max_iter=1, random_state=0)
    other = {
        "task0": ["one", "two"] * 20,
        "task1": ["three", "four", None, "four"] * 10,
    }
    fits = [(FEW, FEW_Y), (FEW[:20] * 2, other)]
    read = [
        lambda: clf.predict(FEW[:3]).tolist(),
        lambda: [p.round(5).tolist() for p in clf.predict_proba(FEW[:3])],
        lambda: clf.predict(FEW[:3], output="dict")["task1"].tolist(),
        lambda: clf.transform(FEW[:3]).round(5).tolist(),
    ]
    wanted = [[], [], [], []]
    for X, y in fits:
        clf.fit(X, y)
        for own, reader in zip(wanted, read, strict=True):
            own.append(reader())
    done, n_read = Event(), 0

    def refit():
        for k in range(30):
            clf.fit(*fits[k % 2])
        done.set()

    thread = Thread(target=refit)
    thread.start()
    while not done.is_set():
        for own, reader in zip(wanted, read, strict=True):
            assert reader() in own
            n_read += 1
    thread.join()
    assert n_read > 100


# Interruptions -----------------------------------------------------------------------


class Interrupted(BaseException):
    """What no code catches."""


def interrupt(function, after, error):
    """Run a function and raise an error at one of the lines of the package.

    Returns
    -------
    n_lines : int
        How many were run.
    """
    count = 0

    def trace(frame, event, arg):
        nonlocal count
        if "sklearn_mtl" not in frame.f_code.co_filename or "tests" in (
            frame.f_code.co_filename
        ):
            return None
        if event == "line":
            count += 1
            if count == after:
                raise error
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except error:
        pass
    finally:
        sys.settrace(before)
    return count


def snapshot(estimator):
    return {name: id(value) for name, value in vars(estimator).items()}


def classifier(**settings):
    return MultiTaskTextClassifier(max_iter=1, random_state=0, **settings)


FITS = {
    "fit": (classifier(), lambda e: e.fit(FEW[:20], FEW_Y[:20])),
    "warm": (classifier(warm_start=True), lambda e: e.fit(FEW[20:], FEW_Y[20:])),
    "search": (
        LossWeightSearchCV(classifier(), [[1, 1], [1, 3]], cv=2),
        lambda e: e.fit(FEW[:20], FEW_Y[:20]),
    ),
}


@pytest.mark.parametrize("error", [Interrupted, KeyboardInterrupt])
@pytest.mark.parametrize("kind", FITS)
def test_an_interrupted_fit_leaves_the_old_one_whole(kind, error):
    estimator, refit = FITS[kind]
    estimator.fit(FEW, FEW_Y)
    n_lines = interrupt(lambda: refit(estimator), -1, error)
    estimator.fit(FEW, FEW_Y)
    before = snapshot(estimator)
    labels = estimator.predict(FEW)
    n_kept = 0
    rng = random.Random(0)
    for after in [*rng.sample(range(1, n_lines), 12), *range(n_lines - 3, n_lines + 1)]:
        outside = state()
        interrupt(lambda: refit(estimator), after, error)
        assert state()[3:] == outside[3:]
        if snapshot(estimator) == before:
            n_kept += 1
            assert_array_equal(estimator.predict(FEW), labels)
        else:  # the error came after the new fit had arrived
            new = estimator.predict(FEW)
            assert new.shape == labels.shape
            estimator.fit(FEW, FEW_Y)
            before, labels = snapshot(estimator), estimator.predict(FEW)
    assert n_kept >= 12
