"""Every trunk with every sharing, over tasks of every type, through all that one does.

Networks are tiny, and what they learn is beside the point: all of them must do the same
things, and give the same numbers whichever way they are asked.
"""

import pickle
from functools import cache
from multiprocessing.pool import ThreadPool

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from torch import nn

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.inspection import top_words
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.sharing import MixtureOfExperts, ProgressiveLayers
from sklearn_mtl.trunks import (
    AttentionTrunk,
    BagTrunk,
    ConvTrunk,
    DenseTrunk,
    ModuleTrunk,
    RecurrentTrunk,
)

N = 48
rng = np.random.RandomState(0)
WORDS = rng.randint(20, size=(N, 6))
TEXTS = [" ".join(f"w{word}" for word in row) for row in WORDS]
ROWS = pd.DataFrame(rng.normal(size=(N, 5)), columns=list("abcde"))


def some(cells, share=0.2):
    """Empty some cells."""
    holes = rng.rand(N) < share
    return [None if hole else c for c, hole in zip(cells, holes, strict=True)]


LABELS = pd.DataFrame(
    {
        "urgent": some((WORDS[:, 0] > 9).tolist()),
        "topic": some(np.array(["arts", "news", "tech"])[WORDS[:, 1] % 3].tolist()),
        "stars": some((1 + WORDS[:, 2] % 4).tolist()),
        "tags": some([frozenset("xyz"[k] for k in set(row % 3)) for row in WORDS]),
    }
).astype(object)
TYPES = {
    "urgent": "binary",
    "topic": "multiclass",
    "stars": "ordinal",
    "tags": "multilabel",
}
HALVES = [(np.arange(24), np.arange(24, N)), (np.arange(24, N), np.arange(24))]
WEIGHTS = [[1, 1, 1, 1], {"topic": 3, "tags": 2}]


class Deep(nn.Sequential):
    def __init__(self, n_features):
        super().__init__(nn.Linear(n_features, 4), nn.ReLU())


class MeanOfEmbeddings(nn.Module):
    def __init__(self, n_tokens):
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, 4, padding_idx=0)

    def forward(self, ids, lengths):
        return self.embedding(ids).sum(1) / lengths.clamp(min=1).unsqueeze(1)


TRUNKS = {
    "bag": BagTrunk(4),
    "dense": DenseTrunk(4),
    "conv": ConvTrunk(embedding_dim=4, n_filters=2, widths=(1, 2)),
    "recurrent": RecurrentTrunk(embedding_dim=4, n_units=4),
    "attention": AttentionTrunk(embedding_dim=4, n_units=4, n_heads=2, n_feedforward=4),
    "module": ModuleTrunk(Deep, n_units=4),
    "module over tokens": ModuleTrunk(MeanOfEmbeddings, n_units=4, reads="tokens"),
}
READS_ROWS = {"dense", "module"}
SHARINGS = {
    "hard": "hard",
    "shared-private": "shared-private",
    "separate": "separate",
    "mmoe": MixtureOfExperts(2),
    "ple": ProgressiveLayers(n_levels=2),
    "adversarial": "adversarial",
}
NETWORKS = [(trunk, sharing) for trunk in TRUNKS for sharing in SHARINGS]

every_network = pytest.mark.parametrize(("trunk", "sharing"), NETWORKS)


def classifier(trunk, sharing, **params):
    return MultiTaskTextClassifier(
        trunk=TRUNKS[trunk],
        sharing=SHARINGS[sharing],
        task_types=TYPES,
        **{"max_iter": 1, "random_state": 0} | params,
    )


def data_of(trunk):
    return ROWS if trunk in READS_ROWS else TEXTS


def take(X, rows):
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else [X[k] for k in rows]


@cache
def fitted(trunk, sharing):
    return classifier(trunk, sharing).fit(data_of(trunk), LABELS)


def check_same_predictions(found, expected):
    for own, other in zip(found, expected, strict=True):
        assert_array_equal(own, other)


@every_network
def test_it_predicts_labels_of_every_task(trunk, sharing):
    clf, X = fitted(trunk, sharing), data_of(trunk)
    assert clf.task_types_ == TYPES
    predicted = clf.predict(X, output="dict")
    for name, own in predicted.items():
        classes = set(clf.classes_[list(TYPES).index(name)].tolist())
        assert len(own) == N
        labels = frozenset().union(*own) if name == "tags" else set(own.tolist())
        assert labels <= classes
    for own in clf.predict_proba(X):
        assert np.isfinite(own).all()
        assert (own >= 0).all()
        assert (own <= 1).all()


@every_network
def test_threads_predict_as_one(trunk, sharing):
    clf, X = fitted(trunk, sharing), data_of(trunk)
    parts = [take(X, np.arange(k, N, 16)) for k in range(16)]
    expected = [clf.predict_proba(part) for part in parts]
    with ThreadPool(16) as pool:
        found = pool.map(clf.predict_proba, parts * 2, chunksize=1)
    for own, other in zip(found, expected * 2, strict=True):
        check_same_predictions(own, other)


@every_network
def test_a_pickle_predicts_the_same(trunk, sharing):
    clf, X = fitted(trunk, sharing), data_of(trunk)
    again = pickle.loads(pickle.dumps(clf))
    check_same_predictions(again.predict_proba(X), clf.predict_proba(X))
    assert_array_equal(again.predict(X), clf.predict(X))


@every_network
def test_a_warm_start_goes_on(trunk, sharing):
    X = data_of(trunk)
    clf = classifier(trunk, sharing, warm_start=True).fit(X, LABELS)
    first, before = clf.history_, clf.predict_proba(X)
    check_same_predictions(before, fitted(trunk, sharing).predict_proba(X))
    clf.fit(X, LABELS)
    assert clf.n_iter_ == 2
    assert clf.history_[:1] == first
    after = clf.predict_proba(X)
    assert any((own != old).any() for own, old in zip(after, before, strict=True))


@every_network
def test_it_stops_early(trunk, sharing):
    clf = classifier(
        trunk,
        sharing,
        early_stopping=True,
        max_iter=3,
        n_iter_no_change=1,
        validation_fraction=0.3,
    ).fit(data_of(trunk), LABELS)
    assert 1 <= clf.best_iter_ <= clf.n_iter_ <= 3
    best = max(epoch["valid_score_mean"] for epoch in clf.history_)
    # skorch counts no smaller gain than its threshold of 1e-4.
    found = clf.history_[clf.best_iter_ - 1]["valid_score_mean"]
    assert found == pytest.approx(best, rel=0, abs=1e-4)


def scores_apart(trunk, sharing, y, split):
    """Return the scores of a fit with each of the weights."""
    X, (train, test) = data_of(trunk), split
    return [
        multitask_scorer()(
            classifier(trunk, sharing, loss_weights=weights).fit(
                take(X, train), y.iloc[train]
            ),
            take(X, test),
            y.iloc[test],
        )
        for weights in WEIGHTS
    ]


def check_scores(search, split, expected):
    for k, scores in enumerate(expected):
        for name, score in scores.items():
            found = search.cv_results_[f"split{split}_test_{name}"][k]
            assert_allclose(found, score, err_msg=f"{name}, {WEIGHTS[k]}")


@every_network
def test_a_search_finds_what_fits_of_their_own_give(trunk, sharing):
    search = LossWeightSearchCV(
        classifier(trunk, sharing),
        WEIGHTS,
        cv=HALVES[:1],
        scoring=multitask_scorer(),
        refit="mean",
        error_score="raise",
    ).fit(data_of(trunk), LABELS)
    check_scores(search, 0, scores_apart(trunk, sharing, LABELS, HALVES[0]))
    assert search.predict(data_of(trunk)).shape == (N, 4)


@every_network
def test_a_search_goes_on_where_a_fold_fails(trunk, sharing):
    rare = LABELS.assign(topic=LABELS["topic"].where(np.arange(N) < 24))
    search = LossWeightSearchCV(
        classifier(trunk, sharing),
        WEIGHTS,
        cv=HALVES,
        scoring=multitask_scorer(),
        refit=False,
        error_score=-1.0,
    )
    with (
        pytest.warns(FitFailedWarning, match=r"(?s)2 fits failed.*'topic'"),
        pytest.warns(UserWarning, match="scores are non-finite"),  # of the topic
    ):
        search.fit(data_of(trunk), rare)
    check_scores(search, 0, scores_apart(trunk, sharing, rare, HALVES[0]))
    assert_array_equal(search.cv_results_["split1_test_stars"], [-1.0, -1.0])
    failing = clone(search).set_params(error_score="raise")
    with pytest.raises(ValueError, match=r"task\(s\) \['topic'\] have no label"):
        failing.fit(data_of(trunk), rare)


@every_network
def test_top_words_are_found_or_refused(trunk, sharing):
    clf, X = fitted(trunk, sharing), data_of(trunk)
    if clf.net_.module__spec.tokens:
        with pytest.raises(ValueError, match="reads sequences of tokens"):
            top_words(clf, X)
        return
    found = top_words(clf, X, n_words=2)
    names = set(ROWS)
    if trunk not in READS_ROWS:
        features = clf.vectorizer_.get_feature_names_out()
        names = {feature.removeprefix("words__") for feature in features}
    for name, own in found.words.items():
        classes = clf.classes_[list(TYPES).index(name)].tolist()
        assert list(own) == classes
        assert set().union(*own.values()) <= names
    assert all(any(own.values()) for own in found.words.values())


@every_network
def test_explanations_are_of_all_logits(trunk, sharing):
    clf, X = fitted(trunk, sharing), data_of(trunk)
    found = clf.explain(take(X, range(3)), n_steps=4)
    predicted = clf.predict(take(X, range(3)), output="dict")
    for row, explanation in enumerate(found):
        assert {answer.task for answer in explanation} == set(TYPES)
        for name in ("urgent", "topic", "stars"):
            assert explanation[name].label == predicted[name][row]
        for answer in explanation:
            assert len(answer.words) == len(set(answer.words)) or trunk != "dense"
            margin = answer.logit - answer.rival_logit
            assert abs(answer.error) <= 0.2 * np.abs(answer.contributions).sum() + 0.05
            assert np.isfinite([margin, answer.base, answer.rival_base]).all()
    exact = trunk in ("bag", "dense") and sharing not in ("mmoe", "ple")
    assert not exact or found.errors.max() < 1e-4
