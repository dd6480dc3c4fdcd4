"""The texts that make two fits the same."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfVectorizer
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import WordVectors
from sklearn_mtl.persistence._fingerprint import (
    UNRELATED,
    describe_params,
    describe_versions,
    digest,
)
from sklearn_mtl.trunks import BagTrunk, ConvTrunk

ROWS = np.arange(6.0).reshape(2, 3)
PAIRS = [
    (["a", "b"], ["ab"]),
    (["a", "b"], ["b", "a"]),
    (["a", ""], ["", "a"]),
    (["\ud800"], ["?"]),
    (ROWS, ROWS.T),
    (ROWS, ROWS.reshape(3, 2)),
    (ROWS, ROWS.astype("f4")),
    (np.zeros(2, "i8"), np.zeros(2, "f8")),
    (csr_array(ROWS), csr_array(ROWS * 2)),
    (csr_array(ROWS), csr_array((2, 3))),
    (csr_array((2, 3)), csr_array((2, 4))),
    (None, "none"),
    (["w"] * 5000, ["w"] * 5001),
]


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_digests_tell_data_apart(a, b):
    assert digest(a) != digest(b)
    assert digest(a) == digest(a)
    assert digest(a, b) != digest(b, a)


def test_the_memory_layout_does_not_matter():
    assert digest(np.asfortranarray(ROWS)) == digest(ROWS)
    assert digest(ROWS.T) == digest(ROWS.T.copy())


class Logs(Callback):
    def __init__(self, logger=None, every=1):
        self.logger, self.every = logger, every


def described(**params):
    return describe_params(MultiTaskTextClassifier(**params), "cpu")


VECTORS = [WordVectors(["a", "b"], [[1.0], [value]]) for value in (2.0, 3.0)]


@pytest.mark.parametrize(
    ("name", "a", "b"),
    [
        ("alpha", 0.0, 1.0),
        ("max_iter", 1, "1"),
        ("trunk", BagTrunk(4), BagTrunk(5)),
        ("trunk", ConvTrunk(vectors=VECTORS[0]), ConvTrunk(vectors=VECTORS[1])),
        ("vectorizer", TfidfVectorizer(), TfidfVectorizer(min_df=2)),
        ("vectorizer", TfidfVectorizer(analyzer=len), TfidfVectorizer(analyzer=repr)),
        ("loss_weights", {"a": 1}, {"a": 2}),
        ("loss_weights", [1, 2], np.array([1, 3])),
        ("loss_weights", np.arange(20), np.arange(20)[::-1]),
        ("loss_weights", torch.ones(30), torch.zeros(30)),
        ("missing_label", {"a", "b"}, {"a"}),
        ("net_params", {"a": partial(int, base=2)}, {"a": partial(int, base=3)}),
        ("net_params", {"a": torch.optim.SGD}, {"a": torch.optim.Adam}),
        ("callbacks", [Logs()], [Logs(every=2)]),
        ("callbacks", [("a", Logs())], [("b", Logs())]),
        ("callbacks", None, [Logs]),
    ],
)
def test_parameters_are_told_apart(name, a, b):
    one, other = described(**{name: a}), described(**{name: b})
    assert [k for k in one if one[k] != other[k]] == [name]
    assert described(**{name: a}) == one
    assert len(one[name]) <= 240


def test_equal_objects_have_equal_texts():
    twin = WordVectors(["a", "b"], [[1.0], [2.0]])
    one = described(trunk=ConvTrunk(vectors=VECTORS[0]), missing_label={"b", "a"})
    assert one == described(trunk=ConvTrunk(vectors=twin), missing_label={"a", "b"})


def test_loggers_of_callbacks_are_known_by_their_class():
    loggers = [WordVectors(["a"], [[value]]) for value in (1.0, 2.0)]
    one, other = (described(callbacks=[Logs(logger)]) for logger in loggers)
    assert one == other
    assert "WordVectors" in one["callbacks"]


def test_an_object_within_itself_has_a_text():
    weights = {}
    weights["a"] = weights
    assert described(loss_weights=weights)["loss_weights"].startswith("{'a': {'a'")


def test_parameters_that_change_no_result_are_left_out():
    assert not described().keys() & set(UNRELATED)
    names = MultiTaskTextClassifier().get_params(deep=False)
    assert described().keys() | set(UNRELATED) == names.keys()


def test_versions_are_texts():
    found = describe_versions()
    assert found["torch"] == str(torch.__version__)
    assert {type(version) for version in found.values()} == {str}
    assert "sklearn_mtl" in found
