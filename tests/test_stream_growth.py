"""Classes that come later in a stream."""

import pickle
from copy import copy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.data._stream_growth import class_map, recoded
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.sharing import BaseSharing, HardSharing
from sklearn_mtl.tasks import Categorical, MultiLabel, Ordinal

TEXTS, CODES = make_multitask_texts(500, n_tasks=2, missing_rate=0.2, random_state=0)
TEXTS = list(TEXTS)
TONE, TOPIC = (
    [None if np.isnan(code) else "abc"[int(code)] for code in column]
    for column in CODES.T
)
# In the first chunks tone is never b and topic never a.
EARLY = [row for row in range(250) if TONE[row] != "b" and TOPIC[row] != "a"]
LATE, TESTED = list(range(250, 400)), list(range(400, 500))
CLASSES = {"tone": ["a", "b", "c"], "topic": ["a", "b", "c"]}


def labels_of(rows):
    return {"tone": [TONE[k] for k in rows], "topic": [TOPIC[k] for k in rows]}


def learn(clf, rows, classes=None):
    for start in range(0, len(rows), 50):
        own = rows[start : start + 50]
        clf.partial_fit([TEXTS[row] for row in own], labels_of(own), classes)
        classes = None
    return clf


def classifier(**params):
    return MultiTaskTextClassifier(random_state=0, **params)


@pytest.fixture(scope="module")
def early():
    return learn(classifier(vectorizer="hashing", grow=True), EARLY)


@pytest.fixture(scope="module")
def grown(early):
    return learn(copy(early), LATE)


@pytest.fixture(scope="module")
def declared():
    return learn(classifier(vectorizer="hashing"), EARLY + LATE, CLASSES)


def score(clf):
    return clf.score([TEXTS[row] for row in TESTED], labels_of(TESTED))


def test_a_stream_that_grew_is_like_one_that_knew_the_classes(grown, declared):
    for own, expected in zip(grown.classes_, declared.classes_, strict=True):
        assert_array_equal(own, expected)
    assert score(grown) > score(declared) - 0.06
    for own in grown.predict_proba(TEXTS[:20]):
        assert own.shape == (20, 3)
        assert_allclose(own.sum(axis=1), 1, rtol=1e-5)
    tones = set(grown.predict(TEXTS, output="dict")["tone"])
    assert tones == {"a", "b", "c"}


def test_sums_are_those_of_declared_classes(grown, declared):
    ours, theirs = grown.stream_.labels, declared.stream_.labels
    assert (ours.n_rows, ours.n_cells) == (theirs.n_rows, theirs.n_cells)
    assert_allclose(ours.labelled_share, theirs.labelled_share)
    for own, expected in zip(ours.counts, theirs.counts, strict=True):
        assert_allclose(own, expected)
    ours, theirs = (clf.stream_.terms for clf in (grown, declared))
    assert (ours is None) == (theirs is None)
    if ours is not None and theirs.sizes:
        assert ours.sizes == theirs.sizes
        assert_allclose(
            ours.merged().by_class.toarray(), theirs.merged().by_class.toarray()
        )


def test_known_classes_keep_what_was_learnt(early):
    """One row of a new class hardly changes the order of the known classes."""
    clf = copy(early)
    row = next(row for row in LATE if TONE[row] == "b")
    clf.partial_fit([TEXTS[row]], {"tone": ["b"], "topic": [None]})
    before, after = early.predict_proba(TEXTS), clf.predict_proba(TEXTS)
    assert after[0].shape[1] == 3
    known = after[0][:, [0, 2]] / after[0][:, [0, 2]].sum(axis=1, keepdims=True)
    assert (known.argmax(axis=1) == before[0].argmax(axis=1)).mean() > 0.95
    assert (after[1].argmax(axis=1) == before[1].argmax(axis=1)).mean() > 0.95
    assert early.predict_proba(TEXTS[:1])[0].shape[1] == 2  # it has not changed


def test_the_optimizer_goes_on(early):
    clf = copy(early)
    clf.partial_fit(TEXTS[:1], {"tone": ["b"], "topic": [None]})
    steps = [
        [float(own["step"]) for own in net.optimizer_.optimizers[-1].state.values()]
        for net in (early.stream_.net, clf.stream_.net)
    ]
    assert len(steps[0]) == len(steps[1]) > 0
    assert min(steps[1]) > max(steps[0]) > 0


def test_declared_classes_are_added_too(early):
    clf = copy(early)
    clf.partial_fit(TEXTS[:9], labels_of(range(9)), {"topic": ["a", "d"]})
    assert_array_equal(clf.classes_[1], ["a", "b", "c", "d"])
    before = early.stream_.labels.counts[1]
    now = clf.stream_.labels.counts[1]
    assert (now[1:3] >= before).all()
    assert now[3] == 0


def test_an_error_names_grow_and_the_advice_works(early):
    clf = copy(early).set_params(grow=False)
    before = clf.stream_
    y = {"tone": ["b"], "topic": [None]}
    with pytest.raises(
        ValueError, match=r"holds labels.*\['b'\].*set grow=True to add"
    ):
        clf.partial_fit(TEXTS[:1], y)
    with pytest.raises(ValueError, match=r"New: \['b'\].*set grow=True to add"):
        clf.partial_fit(TEXTS[:1], y, {"tone": ["a", "b", "c"]})
    assert clf.stream_ is before
    clf.set_params(grow=True).partial_fit(TEXTS[:1], y)
    assert_array_equal(clf.classes_[0], ["a", "b", "c"])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ({"tone": [1], "topic": [None]}, "labels of another type"),
        ({"tone": [["b"]], "topic": [None]}, "held one label each"),
        ({"tone": ["b"], "topic": [None], "more": ["a"]}, r"unknown: \['more'\]"),
    ],
)
def test_labels_that_no_class_can_be(early, y, message):
    clf, before = copy(early), early.stream_
    with pytest.raises(ValueError, match=message):
        clf.partial_fit(TEXTS[:1], y)
    assert clf.stream_ is before
    assert_array_equal(clf.classes_[0], ["a", "c"])


def test_a_pickle_of_a_stream_that_grew_goes_on(grown):
    one, other = copy(grown), pickle.loads(pickle.dumps(grown))
    for clf in (one, other):
        learn(clf, list(range(50)))
    assert_array_equal(
        np.hstack(one.predict_proba(TEXTS)), np.hstack(other.predict_proba(TEXTS))
    )


@pytest.mark.parametrize(
    "params",
    [
        {"trunk": None},
        {"sharing": "hard"},
        {"sharing": "mmoe"},
        {"sharing": "separate"},
        {"loss_weights": "uncertainty"},
        {"trunk": "conv"},
        {"net_params": {"optimizer_dense__betas": (0.8, 0.99)}},
        {"class_weight": {"tone": {"a": 2.0}}, "loss_weights": [1.0, 2.0]},
    ],
    ids=str,
)
def test_all_kinds_of_networks_grow(params):
    clf = learn(classifier(grow=True, **params), EARLY[:50])
    learn(clf, LATE[:50])
    for own in clf.predict_proba(TEXTS[:5]):
        assert own.shape[1] == 3
        assert_allclose(own.sum(axis=1), 1, rtol=1e-5)


class Unknown(HardSharing):
    """Builds a network without the method places."""

    def build(self, *args):
        network = super().build(*args)
        return BareNetwork(network)


class BareNetwork(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, rows, cells=None):
        return self.network(rows, cells)


def test_a_network_that_cannot_grow():
    assert issubclass(Unknown, BaseSharing)
    clf = learn(classifier(grow=True, sharing=Unknown()), EARLY[:50])
    before = clf.stream_
    with pytest.raises(ValueError, match=r"Unknown has no method places\(tasks\)"):
        learn(clf, LATE[:50])
    assert clf.stream_ is before
    learn(clf, EARLY[:10])


def test_labels_of_a_set_and_of_an_order():
    rows = list(range(200))
    tags = [[] if label is None else [label] for label in TONE]
    sizes = [None if label is None else "abc".index(label) * 2 for label in TOPIC]
    clf = classifier(grow=True, task_types={"tags": "multilabel", "size": "ordinal"})
    for start in (0, 50, 100, 150):
        own = rows[start : start + 50]
        late = start >= 100
        y = {
            "tags": [
                tags[k] if late else [t for t in tags[k] if t != "b"] for k in own
            ],
            "size": [sizes[k] if late or sizes[k] != 2 else None for k in own],
        }
        clf.partial_fit([TEXTS[k] for k in own], y)
    assert_array_equal(clf.classes_[0], ["a", "b", "c"])
    assert_array_equal(clf.classes_[1], [0, 2, 4])
    proba = clf.predict_proba(TEXTS[:9])
    assert proba[0].shape == proba[1].shape == (9, 3)
    assert_allclose(proba[1].sum(axis=1), 1, rtol=1e-5)
    # A label that is new was absent from the cells before.
    counts = clf.stream_.labels.counts
    assert_allclose(counts[1].sum(), counts[0].sum())


def test_classes_of_a_frame_with_categories():
    frame = pd.DataFrame({"tone": pd.Categorical(["a", "c"] * 10)})
    clf = classifier(grow=True).partial_fit(TEXTS[:20], frame)
    clf.partial_fit(TEXTS[20:22], pd.DataFrame({"tone": pd.Categorical(["b", "a"])}))
    found = clf.predict(TEXTS[:3], output="frame")
    assert set(found["tone"]) <= {"a", "b", "c"}


def tasks_of():
    old = [
        Categorical().fit(np.array(["b", "d"])),
        MultiLabel().fit(np.array([frozenset("bd")], dtype=object)),
        Ordinal().fit(np.array([1, 3])),
    ]
    new = [
        Categorical().fit(np.array(["a", "b", "d"])),
        MultiLabel().fit(np.array([frozenset("bcd")], dtype=object)),
        old[2],
    ]
    return old, new


def test_counts_and_codes_of_known_classes_find_their_places():
    old, new = tasks_of()
    # d; {b}; 3 and nothing but b.
    codes = np.array([[1, 1, 0, 1], [0, -1, -1, -1]], dtype=np.int32)
    found = recoded(codes, old, new)
    assert_array_equal(found, [[2, 1, 0, 0, 1], [1, -1, -1, -1, -1]])
    counts = np.array([5.0, 2.0, 3.0, 1.0, 2.0, 2.0, 7.0, 9.0])
    assert_allclose(class_map(old, new) @ counts, [0, 5, 2, 3, 1, 4, 0, 2, 2, 7, 9])
