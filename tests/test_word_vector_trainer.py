"""Word vectors learnt from the texts of a fit: alone, as bags, and for trunks."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from test_text_checks import CHECKS

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import (
    SequenceVectorizer,
    SubwordVectorizer,
    WordVectors,
    WordVectorTrainer,
    WordVectorVectorizer,
)
from sklearn_mtl.feature_extraction import _word_vector_trainer as module
from sklearn_mtl.trunks import AttentionTrunk, ConvTrunk, RecurrentTrunk
from sklearn_mtl.utils._compat import InvalidParameterError

SENTENCES = [["a", "good", "film"], ["a", "bad", "film"], [], ["a", "bad", "book"]]
X = ["good phone", "bad phone", "good film", "bad film"] * 5
Y = {"tone": ["good", "bad"] * 10, "topic": ["tech", "tech", "arts", "arts"] * 5}


def test_frequent_words_get_vectors():
    vectors = WordVectorTrainer(vector_size=5, random_state=0).train_vectors(SENTENCES)
    assert isinstance(vectors, WordVectors)
    assert vectors.words[0] == "a"
    assert sorted(vectors.words) == ["a", "bad", "film"]
    assert vectors.vectors.shape == (3, 5)
    every = WordVectorTrainer(min_count=1).train_vectors(SENTENCES)
    assert len(every) == 5


def test_words_of_the_same_company_come_close():
    rng = np.random.default_rng(0)
    groups = [["cat", "dog", "fur", "paw"], ["tax", "law", "court", "fine"]]
    sentences = [rng.permutation(groups[k % 2]).tolist() * 3 for k in range(100)]
    vectors = WordVectorTrainer(vector_size=16, epochs=20, random_state=0)
    matrix, _ = vectors.train_vectors(sentences).of(["cat", "dog", "tax", "law"])
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    near = matrix @ matrix.T
    assert min(near[0, 1], near[2, 3]) > near[:2, 2:].max() + 0.3


@pytest.mark.parametrize("sg", [True, False])
def test_the_same_seed_gives_the_same_vectors(sg):
    first, again, other = (
        WordVectorTrainer(sg=sg, random_state=seed)
        .train_vectors(SENTENCES * 20)
        .vectors
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_vectors_do_not_depend_on_how_strings_are_hashed():
    here = WordVectorTrainer(random_state=0).train_vectors(SENTENCES * 3).vectors
    code = (
        "from sklearn_mtl.feature_extraction import WordVectorTrainer as T\n"
        f"vectors = T(random_state=0).train_vectors({SENTENCES * 3}).vectors\n"
        "print(vectors.tobytes().hex())"
    )
    # Strings are hashed with a seed that each process draws, unless it is told one.
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "1"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert elsewhere.stdout.strip() == here.tobytes().hex()


def test_long_texts_are_read_to_their_end(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_SENTENCE", 3)
    words = (
        WordVectorTrainer().train_vectors([["a", "a", "b", "b", "c", "c", "d"]]).words
    )
    assert sorted(words) == ["a", "b", "c"]
    monkeypatch.undo()
    long = ["a"] * 10_001 + ["b", "b"]
    assert WordVectorTrainer(epochs=1).train_vectors([long]).words == ["a", "b"]


@pytest.mark.parametrize("sentences", [[], [[]], [["a"], ["b"]]])
def test_nothing_to_learn_from(sentences):
    with pytest.raises(ValueError, match=r"No word occurs 2 times.*Lower min_count"):
        WordVectorTrainer().train_vectors(sentences)


def test_parameters_are_checked():
    with pytest.raises(InvalidParameterError, match="'epochs' parameter"):
        WordVectorTrainer(epochs=0).train_vectors(SENTENCES)


@pytest.mark.parametrize(
    "check",
    [check for check in CHECKS if check.__name__ != "check_param_validation"],  # of fit
    ids=lambda check: check.__name__,
)
def test_scikit_learn_checks_that_touch_no_x(check):
    check("WordVectorTrainer", WordVectorTrainer())


def test_bags_learn_from_the_texts_of_fit():
    trainer = WordVectorTrainer(vector_size=6, random_state=0)
    params = {"lowercase": False, "stop_words": ["phone"]}
    bags = WordVectorVectorizer(trainer, vectorizer_params=params)
    rows = bags.fit_transform(text for text in X)
    # As with vectors that were trained beforehand on the same words.
    words = [[w for w in text.split() if w != "phone"] for text in X]
    expected = (
        clone(bags).set_params(vectors=trainer.train_vectors(words)).fit_transform(X)
    )
    np.testing.assert_array_equal(rows, expected)
    assert bags.coverage_ == 1.0
    assert bags.vectors is trainer
    # Words that come in no text of fit have no vector.
    assert not pickle.loads(pickle.dumps(bags)).transform(["unseen"]).any()


def test_a_cross_validation_trains_in_each_fold():
    seen = []

    class Watched(WordVectorTrainer):
        def train_vectors(self, sentences):
            sentences = list(sentences)
            seen.append(len(sentences))
            return super().train_vectors(sentences)

    steps = make_pipeline(
        WordVectorVectorizer(Watched(vector_size=4, random_state=0)),
        LogisticRegression(),
    )
    grid = {"wordvectorvectorizer__vectors__epochs": [1, 2]}
    GridSearchCV(steps, grid, cv=KFold(2)).fit(X, Y["tone"])
    assert seen == [10, 10, 10, 10, 20]


@pytest.mark.parametrize(
    "trunk", [ConvTrunk(), RecurrentTrunk(), AttentionTrunk()], ids=str
)
def test_embeddings_start_from_the_tokens_of_the_rows(trunk):
    trainer = WordVectorTrainer(vector_size=8)
    trunk = clone(trunk).set_params(vectors=trainer, freeze=True)
    vectorizer = SequenceVectorizer(max_length=2, stop_words=["good"])
    clf = MultiTaskTextClassifier(vectorizer, trunk=trunk, random_state=0, max_iter=3)
    texts = ["good " + text for text in X]
    clf.fit(texts, Y)
    assert clf.trunk.vectors is trainer
    assert clf.trunk_.coverage_ == 1.0
    assert sorted(clf.trunk_.vectors.words) == ["bad", "film", "phone"]
    embedding = clf.net_.module_.trunk.embedding.weight.detach().numpy()
    expected, _ = clf.trunk_.vectors.of(clf.vectorizer_.tokens_[2:])
    np.testing.assert_array_equal(embedding[2:], expected)
    # The seed is that of the estimator.
    again = clone(clf).fit(texts, Y)
    np.testing.assert_array_equal(
        again.predict_proba(texts)[0], clf.predict_proba(texts)[0]
    )


@pytest.mark.parametrize("sharing", ["separate", "mmoe"])
def test_one_training_serves_all_networks_of_a_fit(sharing, monkeypatch):
    calls = []
    train = WordVectorTrainer.train_vectors

    def count(self, sentences):
        calls.append(self.random_state)
        return train(self, sentences)

    monkeypatch.setattr(WordVectorTrainer, "train_vectors", count)
    trunk = ConvTrunk(vectors=WordVectorTrainer(vector_size=4, random_state=7))
    clf = MultiTaskTextClassifier(
        trunk=trunk, sharing=sharing, random_state=0, warm_start=True, max_iter=2
    )
    clf.fit(X, Y)
    vectors = clf.trunk_.vectors
    clf.fit(X, Y)  # goes on with the weights
    assert clf.trunk_.vectors is vectors
    assert calls == [7]


def test_pieces_of_words_get_vectors():
    trunk = ConvTrunk(vectors=WordVectorTrainer(vector_size=8))
    clf = MultiTaskTextClassifier(SubwordVectorizer(), trunk=trunk, random_state=0)
    assert clf.fit(X, Y).score(X, Y) == 1.0
    assert "▁good" in clf.trunk_.vectors.words


def test_ids_without_their_words_have_no_vectors():
    rows = SequenceVectorizer().fit_transform(X)
    clf = MultiTaskTextClassifier(trunk=ConvTrunk(vectors=WordVectorTrainer()))
    with pytest.raises(ValueError, match="token ids without their words"):
        clf.fit(rows, Y)


def test_without_gensim_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(ImportError, match=r'needs gensim.*"sklearn-mtl\[gensim\]"'):
        WordVectorVectorizer(WordVectorTrainer()).fit(X)


@pytest.mark.parametrize("parameter", [{"window": 1}, {"negative": 1}])
def test_window_and_negative_reach_the_training(parameter):
    sentences = [list("abcdefgh"), list("hgfdecba")] * 10

    def train(**params):
        trainer = WordVectorTrainer(vector_size=4, random_state=0, **params)
        return trainer.train_vectors(sentences).vectors

    assert not np.allclose(train(), train(**parameter))
