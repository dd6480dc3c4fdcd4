"""Threads, random numbers and modes inside a call, and as they are after it."""

import re
from threading import Barrier, Thread

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, TransformerMixin

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.training._loader import made_ahead
from sklearn_mtl.training._runtime import computing, seeded


def in_new_thread(function):
    found = []
    thread = Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


@pytest.fixture(autouse=True)
def _three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("n_jobs", "expected"), [(None, 1), (1, 1), (2, 2)])
def test_threads_are_limited_and_given_back(n_jobs, expected):
    with computing(n_jobs):
        assert torch.get_num_threads() == expected
        assert in_new_thread(torch.get_num_threads) == 3
    assert torch.get_num_threads() == 3
    assert in_new_thread(torch.get_num_threads) == 3


def test_threads_are_given_back_after_an_error():
    with pytest.raises(KeyError), computing(1):
        raise KeyError
    assert torch.get_num_threads() == in_new_thread(torch.get_num_threads) == 3


def test_calls_that_overlap_keep_their_own_number():
    inside, found = Barrier(2), {}

    def call(n_jobs):
        before = torch.get_num_threads()
        with computing(n_jobs):
            inside.wait()
            found[n_jobs] = before, torch.get_num_threads()
            inside.wait()
        found[n_jobs] += (torch.get_num_threads(),)

    calls = [Thread(target=call, args=(n_jobs,)) for n_jobs in (1, 2)]
    for thread in calls:
        thread.start()
    for thread in calls:
        thread.join()
    assert found == {1: (3, 1, 3), 2: (3, 2, 3)}
    assert in_new_thread(torch.get_num_threads) == 3


def library_threads():
    """Return the threads that OpenMP, and MKL where torch has it, say they use."""
    info = torch.__config__.parallel_info()
    return set(re.findall(r"(?:omp|mkl)_get_max_threads\(\) : (\d+)", info))


def test_the_libraries_under_torch_keep_to_the_limit():
    # MKL has a number of its own once torch's is set, as it is here.
    with computing(1):
        assert library_threads() == {"1"}
    assert library_threads() == {"3"}


def test_modes_are_our_own_and_given_back():
    with (
        torch.inference_mode(),
        torch.device("meta"),
        torch.autocast("cpu", dtype=torch.bfloat16),
        np.errstate(all="raise"),
    ):
        with computing():
            weight = torch.ones(2, 2, requires_grad=True)
            (weight @ weight).sum().backward()
            assert weight.grad.device.type == "cpu"
            assert weight.grad.dtype == torch.float32
            np.exp(np.array(-1000.0))  # underflows
        assert torch.is_inference_mode_enabled()
        assert torch.get_default_device().type == "meta"
        assert torch.is_autocast_enabled("cpu")
        assert np.geterr()["under"] == "raise"


def test_random_numbers_are_given_back():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    drawn = []

    def fail():
        drawn.append(torch.rand(3))
        raise KeyError

    with pytest.raises(KeyError), seeded(0, "cpu"):
        fail()
    torch.testing.assert_close(torch.random.get_rng_state(), before)
    with seeded(0, "cpu"):
        torch.testing.assert_close(torch.rand(3), drawn[0])


def test_the_default_dtype_changes_no_drawn_weight():
    with seeded(0, "cpu"):
        wanted = torch.nn.Linear(3, 2).weight
    torch.set_default_dtype(torch.float64)
    try:
        with seeded(0, "cpu"):
            found = torch.nn.Linear(3, 2).weight
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_default_dtype_of_other_threads_stays(dtype):
    torch.set_default_dtype(dtype)
    try:
        with seeded(0, "cpu"), computing():
            assert torch.zeros(2).dtype == torch.rand(2).dtype == torch.float32
            assert torch.zeros(2, dtype=torch.float16).dtype == torch.float16
            assert in_new_thread(lambda: torch.zeros(2).dtype) == dtype
            assert torch.get_default_dtype() == dtype
    finally:
        torch.set_default_dtype(torch.float32)


def test_the_thread_that_makes_batches_has_the_limit_too():
    counts = (torch.get_num_threads() for _ in range(3))
    with computing(1):
        assert list(made_ahead(counts)) == [1, 1, 1]


class Encoder(TransformerMixin, BaseEstimator):
    """A vectorizer of a user's own, which computes with torch."""

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def transform(self, X):
        weight = torch.ones(1, 2, requires_grad=True)
        assert torch.get_num_threads() == 3
        lengths = torch.tensor([[float(len(text))] for text in X])
        return (lengths @ weight).numpy()  # refused where gradients are on


def test_a_vectorizer_of_the_user_computes_as_the_user_likes():
    texts, labels = ["a", "bb", "ccc", "dddd"] * 5, [0, 0, 1, 1] * 5
    clf = MultiTaskTextClassifier(Encoder(), max_iter=2, random_state=0)
    with torch.no_grad():
        clf.fit(texts, labels).predict(texts)
        (fitted,) = clf._fit_each(texts, labels, [None])
        assert fitted.transform(texts).shape[0] == 20
