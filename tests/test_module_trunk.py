"""A network of the user's own as the trunk."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.utils._param_validation import InvalidParameterError
from torch import nn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.trunks import ConvTrunk, ModuleTrunk

X = ["good phone", "bad phone", "good film", "bad film"] * 5
Y = {"tone": ["good", "bad"] * 10, "topic": ["tech", "tech", "arts", "arts"] * 5}


class Deep(nn.Sequential):
    def __init__(self, n_features, n_hidden=7):
        super().__init__(nn.Linear(n_features, n_hidden), nn.ReLU())


class MeanOfEmbeddings(nn.Module):
    def __init__(self, n_tokens):
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, 5, padding_idx=0)

    def forward(self, ids, lengths):
        return self.embedding(ids).sum(1) / lengths.clamp(min=1).unsqueeze(1)


def no_module(n_features):
    return n_features


@pytest.mark.parametrize("sharing", ["hard", "shared-private", "separate"])
def test_over_dense_rows(sharing):
    rows = np.random.default_rng(0).normal(size=(40, 6))
    labels = {"a": rows[:, 0] > 0, "b": rows[:, 1] > 0}
    trunk = ModuleTrunk(Deep, n_units=9, params={"n_hidden": 9})
    clf = MultiTaskTextClassifier(trunk=trunk, sharing=sharing, random_state=0)
    assert clf.fit(rows, labels).score(rows, labels) > 0.9


def test_over_tokens():
    trunk = ModuleTrunk(MeanOfEmbeddings, n_units=5, reads="tokens")
    clf = MultiTaskTextClassifier(trunk=trunk, sharing="hard", random_state=0)
    assert clf.fit(X, Y).score(X, Y) == 1.0
    assert clf.transform(X).shape == (20, 5)
    again = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(again.predict(X), clf.predict(X))


def test_over_sparse_rows():
    class Bag(nn.Module):
        def __init__(self, n_features):
            super().__init__()
            self.weight = nn.Parameter(torch.rand(n_features, 4))

        def forward(self, batch):
            return nn.functional.embedding_bag(
                batch.indices,
                self.weight,
                batch.offsets,
                mode="sum",
                per_sample_weights=batch.values,
                include_last_offset=True,
            )

    trunk = ModuleTrunk(Bag, n_units=4, reads="sparse")
    clf = MultiTaskTextClassifier(trunk=trunk, random_state=0)
    assert clf.fit(X, Y).score(X, Y) == 1.0


def test_what_reads_dense_rows_is_not_given_texts():
    with pytest.raises(ValueError, match="ModuleTrunk reads dense rows"):
        MultiTaskTextClassifier(trunk=ModuleTrunk(Deep, n_units=7)).fit(X, Y)


def test_a_module_must_come_back():
    trunk = ModuleTrunk(no_module, n_units=1)
    with pytest.raises(TypeError, match=r"must return a torch.nn.Module. Got int"):
        MultiTaskTextClassifier(trunk=trunk).fit(np.eye(4), [0, 1, 0, 1])


def test_parameters_are_checked():
    trunk = ModuleTrunk(Deep, n_units=0)
    with pytest.raises(InvalidParameterError, match="'n_units' parameter"):
        MultiTaskTextClassifier(trunk=trunk).fit(np.eye(4), [0, 1, 0, 1])


def test_its_width_is_that_of_the_hidden_vector():
    clf = MultiTaskTextClassifier(trunk=ConvTrunk(n_units=3), random_state=0).fit(X, Y)
    assert clf.get_feature_names_out().tolist() == [
        f"multitasktextclassifier{k}" for k in range(3)
    ]
