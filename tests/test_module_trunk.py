"""A network of the user's own as the trunk."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import nn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.inspection import top_words
from sklearn_mtl.network._batch import SparseBatch
from sklearn_mtl.sharing import ALIASES, AdversarialSharedPrivate
from sklearn_mtl.trunks import ConvTrunk, ModuleTrunk
from sklearn_mtl.utils._compat import InvalidParameterError

X = ["good phone", "bad phone", "good film", "bad film"] * 5
Y = {"tone": ["good", "bad"] * 10, "topic": ["tech", "tech", "arts", "arts"] * 5}


class Deep(nn.Sequential):
    def __init__(self, n_features, n_hidden=7):
        super().__init__(nn.Linear(n_features, n_hidden), nn.ReLU())


class Smooth(nn.Sequential):
    def __init__(self, n_features):
        super().__init__(nn.Linear(n_features, 4), nn.Tanh())


class Bag(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(n_features, 4))

    def forward(self, batch):
        if not isinstance(batch, SparseBatch):
            raise TypeError(f"A sparse batch is promised. Got {type(batch)}.")
        some = batch[torch.arange(len(batch))]
        return nn.functional.embedding_bag(
            some.indices,
            self.weight,
            some.offsets,
            mode="sum",
            per_sample_weights=some.values,
            include_last_offset=True,
        )


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


@pytest.mark.parametrize(
    "sharing", [*ALIASES, AdversarialSharedPrivate(private="trunk")]
)
def test_over_sparse_rows(sharing):
    trunk = ModuleTrunk(Bag, n_units=4, reads="sparse")
    clf = MultiTaskTextClassifier(trunk=trunk, sharing=sharing, random_state=0)
    assert clf.fit(X, Y).score(X, Y) > 0.7


@pytest.mark.parametrize("sharing", ["shared-private", "hard", "separate", "mmoe"])
@pytest.mark.parametrize("through", ["both", "trunk", "private"])
def test_effects_in_dense_rows_are_slopes(sharing, through):
    rows = np.random.default_rng(0).normal(size=(40, 3))
    labels = {"a": rows[:, 0] > 0, "b": rows[:, 1] > 0}
    trunk = ModuleTrunk(Smooth, n_units=4)
    clf = MultiTaskTextClassifier(trunk=trunk, sharing=sharing, random_state=0)
    clf.fit(rows, labels)
    if through == "private" and sharing in ("hard", "mmoe"):
        with pytest.raises(ValueError, match="but the network has no such path"):
            clf._feature_effects(rows, through)
        return
    _, effects = clf._feature_effects(rows, through)
    _, whole = clf._feature_effects(rows, "both")
    for k, effect in enumerate(whole):
        for feature in range(3):
            step = np.zeros(3)
            step[feature] = 1e-4
            up, down = (clf._logits(rows + s)[k] for s in (step, -step))
            slope = (up - down).mean(axis=0) / 2e-4
            if slope.shape == (1,):
                slope = np.array([-0.5, 0.5]) * slope
            slope = slope - slope.mean()
            np.testing.assert_allclose(effect[feature], slope, atol=1e-6)
    other = {"trunk": "private", "private": "trunk"}.get(through)
    if other and sharing == "shared-private":
        _, rest = clf._feature_effects(rows, other)
        for parts in zip(effects, rest, whole, strict=True):
            np.testing.assert_allclose(parts[0] + parts[1], parts[2], atol=1e-12)


def test_words_of_a_module_over_dense_rows_are_those_that_tell():
    rows = np.random.default_rng(0).uniform(size=(60, 3))
    labels = {"a": np.where(rows[:, 1] > 0.5, "high", "low"), "b": rows[:, 0] > 0.5}
    trunk = ModuleTrunk(Smooth, n_units=4)
    clf = MultiTaskTextClassifier(trunk=trunk, sharing="hard", random_state=0)
    words = top_words(clf.fit(rows, labels), rows, n_words=1).words
    assert words["a"]["high"] == ["x1"]
    assert words["b"][True] == ["x0"]


def test_words_of_a_module_over_sparse_rows_are_refused():
    trunk = ModuleTrunk(Bag, n_units=4, reads="sparse")
    clf = MultiTaskTextClassifier(trunk=trunk, random_state=0).fit(X, Y)
    for through in ("both", "trunk"):
        with pytest.raises(
            ValueError, match=r"ModuleTrunk reads sparse rows without input_layer"
        ):
            top_words(clf, X, through=through)
    # Both pieces of advice help.
    assert top_words(clf, X, through="private", n_words=1).words["tone"]["bad"]
    dense = TfidfVectorizer().fit_transform(X).toarray()
    trunk = ModuleTrunk(Deep, n_units=7, reads="dense")
    clf = MultiTaskTextClassifier(trunk=trunk, random_state=0).fit(dense, Y)
    assert top_words(clf, dense, n_words=1).words["tone"]["bad"]


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
