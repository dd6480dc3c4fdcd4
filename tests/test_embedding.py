"""A dense block of embeddings beside the words of a text."""

import pickle
from copy import copy

import numpy as np
import pandas as pd
import pytest
import torch
from joblib import Memory
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.data import _embedding
from sklearn_mtl.data._embedding import LatentSemantics, auto_weight, fit_embedding
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.inspection import top_words
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import task_view
from sklearn_mtl.network._input import BLOCK_GAIN
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.sharing import AdversarialSharedPrivate
from sklearn_mtl.trunks import BagTrunk
from sklearn_mtl.utils._rows import squared_norms

TEXTS, LABELS = make_multitask_texts(250, n_tasks=2, random_state=0)
LABELS = pd.DataFrame(LABELS, columns=["tone", "topic"])
SHARINGS = [
    "hard",
    "shared-private",
    "separate",
    "mmoe",
    "ple",
    "adversarial",
    AdversarialSharedPrivate(private="trunk"),
]


class Lengths(TransformerMixin, BaseEstimator):
    """Numbers of characters and words: needs no fit, and counts its calls."""

    seen = []

    def __init__(self, scale=1.0):
        self.scale = scale

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        self.seen.append(list(X))
        rows = [[len(text), len(text.split()), text.count("1")] for text in X]
        return self.scale * np.array(rows, dtype=np.float32)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags


class Returns(TransformerMixin, BaseEstimator):
    """Gives what it is told to, in fit and then in transform."""

    def __init__(self, fitted, later=None):
        self.fitted, self.later = fitted, later

    def fit_transform(self, X, y=None):
        return self.fitted

    def transform(self, X):
        return self.fitted if self.later is None else self.later


def svd(n_components=3):
    return make_pipeline(TfidfVectorizer(), TruncatedSVD(n_components, random_state=0))


def classifier(**params):
    own = {"trunk": BagTrunk(8), "max_iter": 2, "random_state": 0}
    return MultiTaskTextClassifier(**own | params)


def fit(**params):
    return classifier(**params).fit(TEXTS, LABELS)


@pytest.fixture
def seen():
    Lengths.seen.clear()
    return Lengths.seen


def check_same(found, expected):
    for own, other in zip(found, expected, strict=True):
        assert_array_equal(own, other)


# The block


def block_of(embedding="lsa", weight=0.5, n_rows=60, **params):
    rng = np.random.RandomState(1)
    rows = csr_array(rng.rand(n_rows, 30) * (rng.rand(n_rows, 30) < 0.3), dtype="f4")
    texts = [f"text {k}" for k in range(n_rows)]
    weights = rng.rand(n_rows)
    settings = {"weight": weight, "seed": 0} | params
    return (
        texts,
        rows,
        weights,
        *fit_embedding(embedding, texts, rows, weights, **settings),
    )


def test_lsa_is_that_of_scikit_learn():
    _, rows, _, fitted, _ = block_of()
    known = TruncatedSVD(10, algorithm="arpack").fit(rows)
    found = fitted.transformer.transform(rows)[:, :10]
    assert_allclose(np.abs(found), np.abs(known.transform(rows)), atol=2e-2)
    found = LatentSemantics(10, random_state=0).fit_transform(rows)
    assert_allclose((found**2).sum(0), (known.transform(rows) ** 2).sum(0), rtol=2e-2)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (1, 1), (40, 7)])
def test_lsa_has_no_more_components_than_there_are_rows_and_features(shape):
    rows = csr_array(np.random.RandomState(0).rand(*shape))
    found = LatentSemantics(random_state=0).fit_transform(rows)
    assert found.shape == (shape[0], min(shape))
    assert_allclose(found @ found.T, (rows @ rows.T).toarray(), atol=1e-10)


@pytest.mark.parametrize("weight", [0.1, 2.0])
@pytest.mark.parametrize(("embedding", "part"), [("lsa", 0.25), (svd(), 1.0)])
def test_the_block_has_its_part_of_the_norm_of_words(embedding, part, weight):
    _, rows, weights, _, block = block_of(embedding, weight)
    assert block.dtype == rows.dtype
    assert_allclose(np.average(block, axis=0, weights=weights), 0, atol=1e-6)
    sizes = [
        np.average(np.sqrt(squared_norms(part)), weights=weights)
        for part in (block, rows)
    ]
    assert_allclose(sizes[0], part * weight * sizes[1], rtol=1e-5)


def test_a_new_text_gets_the_block_of_the_same_text_in_fit():
    texts, rows, _, fitted, block = block_of(svd())
    assert_allclose(fitted.block(texts, rows), block, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e4])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4", "?"])
def test_a_block_that_is_the_same_for_all_texts_is_zero(value, dtype):
    _, _, _, _, block = block_of(Returns(np.full((60, 4), value, dtype=dtype)))
    assert_array_equal(block, np.zeros((60, 4)))


def test_each_distinct_text_is_encoded_once(seen):
    clf = classifier(embedding=Lengths()).fit(TEXTS * 2, pd.concat([LABELS] * 2))
    assert seen == [list(dict.fromkeys(TEXTS))]
    twice = clf.predict_proba([*TEXTS[:3], *TEXTS[:3]])
    assert seen[1:] == [TEXTS[:3]]
    for own in twice:
        assert_allclose(own[:3], own[3:], rtol=1e-6)


def test_what_must_be_fitted_is_fitted_to_all_texts():
    texts, labels = TEXTS[:50] * 4 + TEXTS, pd.concat([LABELS[:50]] * 4 + [LABELS])
    clf = classifier(embedding=svd()).fit(texts, labels)
    own, known = clf.embedding_.transformer, svd().fit(texts)
    assert_allclose(own[0].idf_, known[0].idf_)


# The estimator


def test_without_an_embedding_nothing_changes():
    clf = fit()
    assert clf.embedding_ is None
    assert clf.net_.module__spec.n_dense == 0
    assert not any("block" in name for name, _ in clf.net_.module_.named_parameters())


@pytest.mark.parametrize("trunk", [BagTrunk(8), None], ids=str)
@pytest.mark.parametrize("sharing", SHARINGS, ids=str)
def test_every_sharing_has_it(trunk, sharing):
    clf = fit(embedding="lsa", trunk=trunk, sharing=sharing, max_iter=1)
    n_dense = clf.net_.module__spec.n_dense
    assert n_dense == len(clf.embedding_.mean) > 1
    blocks = {
        name: weight
        for name, weight in clf.net_.module_.named_parameters()
        if name.endswith("block.weight")
    }
    assert blocks
    assert all(weight.shape[1] == n_dense for weight in blocks.values())
    assert all(weight.abs().sum() > 0 for weight in blocks.values())
    whole = clf.predict_proba(TEXTS)
    parts = [clf.predict_proba(part) for part in (TEXTS[:7], TEXTS[7:])]
    for own, *halves in zip(whole, *parts, strict=True):
        assert_allclose(own, np.concatenate(halves), atol=1e-5)
    without = copy(clf)
    without.embedding_ = copy(clf.embedding_)
    object.__setattr__(without.embedding_, "factor", 0.0)
    assert np.abs(without.predict_proba(TEXTS)[0] - whole[0]).max() > 1e-4


def test_adam_moves_the_block_and_descent_the_words():
    clf = fit(embedding="lsa")
    sparse, dense = clf.net_.optimizer_.optimizers
    owners = [
        {id(weight) for group in part.param_groups for weight in group["params"]}
        for part in (sparse, dense)
    ]
    for name, weight in clf.net_.module_.named_parameters():
        if name.endswith("block.weight"):
            assert id(weight) in owners[1]
            assert id(weight) not in owners[0]


def test_what_the_network_computes():
    clf = fit(embedding="lsa", trunk=None)
    rows, dense = clf._transform_rows(TEXTS[:5])
    layer = clf.net_.module_.private
    expected = layer.words.bias.detach().numpy() + layer.words.scale * (
        rows @ layer.words.by_feature().numpy()
        + BLOCK_GAIN * dense @ layer.block.weight.detach().numpy().T
    )
    logits = np.concatenate(clf._logits(TEXTS[:5]), axis=1)
    assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("embedding", ["lsa", Lengths(), svd()], ids=["lsa", "L", "S"])
def test_the_same_seed_gives_the_same_fit(embedding):
    first, second = (fit(embedding=embedding) for _ in range(2))
    check_same(first.predict_proba(TEXTS), second.predict_proba(TEXTS))
    check_same(
        pickle.loads(pickle.dumps(first)).predict_proba(TEXTS),
        first.predict_proba(TEXTS),
    )


def test_a_random_state_object_is_drawn_from():
    fits = [
        fit(embedding="lsa", random_state=np.random.RandomState(seed))
        for seed in (1, 1, 2)
    ]
    found = [clf.predict_proba(TEXTS)[0] for clf in fits]
    assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 0


def test_a_clone_has_the_parameters():
    clf = clone(classifier(embedding=Lengths(scale=3.0), embedding_weight=0.2))
    assert clf.embedding_weight == 0.2
    assert clf.set_params(embedding__scale=2.0).embedding.scale == 2.0
    assert clf.get_params()["embedding__scale"] == 2.0
    assert not hasattr(clf.fit(TEXTS, LABELS).embedding, "components_")


def test_it_helps_where_words_say_nothing():
    rng = np.random.RandomState(0)
    labels = rng.randint(2, size=300)
    # All words are different: only the number of characters tells.
    texts = [f"{'q' * (20 if k else 2)}{rng.randint(10**9)}" for k in labels]
    plain, helped = (
        MultiTaskTextClassifier(random_state=0, embedding=embedding)
        .fit(texts[:200], labels[:200])
        .score(texts[200:], labels[200:])
        for embedding in (None, Lengths())
    )
    assert helped > 0.95
    assert helped >= plain


@pytest.mark.parametrize("text", ["", " ", "unknownword", "w1 " * 3000])
def test_odd_texts_get_finite_probabilities(text):
    for embedding in ("lsa", Lengths()):
        for own in fit(embedding=embedding).predict_proba([text]):
            assert np.isfinite(own).all()


def test_few_rows_and_empty_texts_can_be_fitted():
    texts = ["a good film", "", "a bad film", "so bad"]
    clf = classifier(embedding="lsa").fit(texts, ["+", "+", "-", "-"])
    assert clf.net_.module__spec.n_dense <= 4
    assert clf.predict(["good"]).shape == (1,)


def test_views_scores_and_hidden_vectors_read_it():
    clf = fit(embedding="lsa")
    assert clf.transform(TEXTS[:3]).shape == (3, 8)
    assert 0 <= clf.score(TEXTS, LABELS) <= 1
    task = clf.task_names_[0]
    view = task_view(clf, task)
    assert_array_equal(view.predict(TEXTS[:9]), clf.predict(TEXTS[:9], "dict")[task])
    scores = cross_val_score(
        clf, TEXTS, LABELS, cv=2, scoring=multitask_scorer(output="mean")
    )
    assert np.isfinite(scores).all()


def test_words_keep_their_effects():
    words = top_words(fit(embedding="lsa"), TEXTS, n_words=2)
    assert all(words.words.values())
    through = top_words(fit(embedding="lsa"), TEXTS, through="private")
    assert through.words.keys() == words.words.keys()


def test_a_pipeline_and_a_grid_reach_it():
    search = GridSearchCV(
        make_pipeline(classifier(embedding=Lengths())),
        {
            "multitasktextclassifier__embedding__scale": [1.0, 5.0],
            "multitasktextclassifier__embedding_weight": [0.5],
        },
        cv=2,
        scoring=multitask_scorer(output="mean"),
        error_score="raise",
    ).fit(TEXTS, LABELS)
    # Its scale is taken out again.
    assert np.ptp(search.cv_results_["mean_test_score"]) < 0.05


def test_a_table_has_its_text_embedded():
    frame = pd.DataFrame({"text": TEXTS, "price": np.arange(250.0)})
    column = ColumnTransformer([("words", TfidfVectorizer(), "text")])
    embedding = ColumnTransformer([("length", Lengths(), "text")])
    clf = classifier(vectorizer=column, embedding=embedding).fit(frame, LABELS)
    assert clf.net_.module__spec.n_dense == 3
    assert clf.predict(frame[:3]).shape == (3, 2)
    assert classifier(vectorizer=column, embedding="lsa").fit(frame, LABELS)


def test_64_bit_rows_keep_their_type():
    clf = fit(vectorizer=TfidfVectorizer(), embedding="lsa")
    rows, dense = clf._transform_rows(TEXTS)
    assert rows.dtype == dense.dtype == np.float64
    assert clf.net_.module__dtype == torch.float64
    assert clf.predict_proba(TEXTS)[0].dtype == np.float64


def test_early_stopping_reads_it():
    clf = fit(embedding="lsa", early_stopping=True)
    assert "valid_score_mean" in clf.history_[0]


def test_a_warm_start_goes_on_with_the_embedding():
    clf = fit(embedding=svd(), warm_start=True)
    before, history = clf.embedding_, len(clf.history_)
    clf.fit(TEXTS[:200], LABELS[:200])
    assert clf.embedding_ is before
    assert len(clf.history_) == 2 * history
    with pytest.raises(
        ValueError, match=r"embedding must not change.*Got embedding=None"
    ):
        clf.set_params(embedding=None).fit(TEXTS, LABELS)
    assert clf.embedding_ is before
    plain = fit(warm_start=True).set_params(embedding="lsa")
    with pytest.raises(
        ValueError, match=r"embedding must not change.*Got embedding='lsa'"
    ):
        plain.fit(TEXTS, LABELS)


def test_memory_keeps_embeddings(seen, tmp_path):
    memory = Memory(tmp_path, verbose=0)
    first = fit(embedding=Lengths(), memory=memory)
    second = fit(embedding=Lengths(), memory=memory)
    assert len(seen) == 1
    check_same(first.predict_proba(TEXTS), second.predict_proba(TEXTS))
    third, fourth = (fit(embedding="lsa", memory=memory) for _ in range(2))
    check_same(third.predict_proba(TEXTS), fourth.predict_proba(TEXTS))


@pytest.mark.parametrize("embedding", ["lsa", Lengths()], ids=["lsa", "L"])
def test_a_search_embeds_a_fold_once_and_scores_as_a_grid(seen, embedding):
    weights, halves = [[1, 1], [1, 4]], [(np.arange(125), np.arange(125, 250))]
    clf = classifier(embedding=embedding)
    scoring = multitask_scorer("neg_log_loss", output="mean")
    settings = {"cv": halves, "refit": False, "error_score": "raise"}
    search = LossWeightSearchCV(clf, weights, scoring=scoring, **settings)
    search.fit(TEXTS, LABELS)
    assert len(seen) == (2 if isinstance(embedding, Lengths) else 0)
    grid = GridSearchCV(clf, {"loss_weights": weights}, scoring=scoring, **settings)
    grid.fit(TEXTS, LABELS)
    assert_allclose(
        search.cv_results_["mean_test_score"],
        grid.cv_results_["mean_test_score"],
        rtol=1e-4,
    )


# What is refused


NUMBERS = np.random.RandomState(0).rand(250, 3).astype(np.float32)
NAN = np.where(np.arange(750).reshape(250, 3) == 30, np.nan, NUMBERS)


@pytest.mark.parametrize(
    ("embedding", "message"),
    [
        (Returns(NUMBERS[:9]), r"returned 9 row\(s\) for 250 text"),
        (Returns(NAN), r"NaN or infinite numbers for 1 text\(s\).*rows \[10\]"),
        (Returns(csr_array(NUMBERS)), r"sparse matrix of shape \(250, 3\).*dense"),
        (Returns(NUMBERS[:, 0]), r"array of shape \(250,\) and type float32"),
        (Returns(NUMBERS[:, :0]), r"array of shape \(250, 0\)"),
        (Returns(NUMBERS.astype(str)), r"and type <U"),
        (HashingVectorizer(n_features=8), "sparse matrix"),
    ],
    ids=["rows", "nan", "sparse", "1-D", "no columns", "strings", "hashing"],
)
def test_other_output_is_refused(embedding, message):
    with pytest.raises(ValueError, match=message):
        fit(embedding=embedding)


def test_a_width_that_changes_is_refused():
    clf = fit(embedding=Returns(NUMBERS, later=NUMBERS[:, :2]))
    with pytest.raises(ValueError, match=r"returned 2 column\(s\), but 3 in fit"):
        clf.predict(TEXTS)


@pytest.mark.parametrize("embedding", ["bert", "LSA", 3, [Lengths()]])
def test_unknown_embeddings_are_refused(embedding):
    with pytest.raises(ValueError, match="'embedding' parameter"):
        fit(embedding=embedding)


@pytest.mark.parametrize("weight", [0, -1.0, "half", None])
def test_unknown_weights_are_refused(weight):
    with pytest.raises(ValueError, match="'embedding_weight' parameter"):
        fit(embedding="lsa", embedding_weight=weight)


@pytest.mark.parametrize("embedding", ["lsa", "use", Lengths()], ids=str)
def test_numeric_rows_are_refused(embedding):
    with pytest.raises(ValueError, match=r"embedding needs texts.*numeric rows"):
        classifier(embedding=embedding).fit(NUMBERS, LABELS)


@pytest.mark.parametrize("trunk", ["conv", "recurrent", "attention"])
def test_trunks_over_sequences_are_refused(trunk):
    clf = classifier(embedding="lsa", trunk=trunk)
    search = LossWeightSearchCV(clf, [[1, 1], [1, 2]], cv=2)  # before its first fit
    for each in (clf, search):
        with pytest.raises(ValueError, match=f"'{trunk}' reads sequences of tokens"):
            each.fit(TEXTS, LABELS)


def test_a_table_needs_a_transformer_that_knows_the_column():
    column = ColumnTransformer([("words", TfidfVectorizer(), "text")])
    with pytest.raises(ValueError, match=r"'use' needs a list of texts.*a table"):
        classifier(vectorizer=column, embedding="use").fit(
            pd.DataFrame({"text": TEXTS}), LABELS
        )


def test_dense_rows_are_refused():
    with pytest.raises(ValueError, match="the vectorizer returned dense rows"):
        fit(embedding="lsa", vectorizer=svd(), trunk="auto")


def test_numbers_at_predict_are_refused():
    with pytest.raises(ValueError, match="holds numeric rows, but fit saw texts"):
        fit(embedding="lsa").predict(NUMBERS)


def test_nested_parameters_need_an_object():
    with pytest.raises(ValueError, match="embedding__max_words, because embedding is"):
        classifier(embedding="use").set_params(embedding__max_words=3)


def test_a_failed_fit_leaves_the_previous_one():
    clf = fit(embedding=Lengths())
    before = clf.embedding_
    with pytest.raises(ValueError, match="sparse matrix"):
        clf.set_params(embedding=HashingVectorizer()).fit(TEXTS, LABELS)
    assert clf.embedding_ is before


def test_alpha_shrinks_the_block():
    fits = [fit(embedding="lsa", alpha=alpha, max_iter=60) for alpha in (0.0, 1.0)]
    blocks = [clf.net_.module_.private.block.weight.detach() for clf in fits]
    assert blocks[1].norm() < blocks[0].norm()


def test_needs_no_fit_asks_the_tags():
    assert _embedding.needs_no_fit(Lengths())
    assert not _embedding.needs_no_fit(svd())
    assert not _embedding.needs_no_fit(object())


@pytest.mark.parametrize(
    ("X", "weight"),
    [
        (["three words here"] * 4, 0.5),
        (["w " * 59 + "w"], 0.25),
        (["w " * 59 + "w", "w"], 0.5 * 30 / 30.5),
        (pd.DataFrame({"text": ["w " * 99]}), 0.5),
        ([["a", "list"]] * 3, 0.5),
    ],
)
def test_a_block_weighs_less_beside_long_texts(X, weight):
    assert auto_weight(X) == pytest.approx(weight)


def test_the_auto_weight_may_be_written_out():
    texts = [f"{text} {'more words ' * 30}" for text in TEXTS]
    given = classifier(embedding=Lengths(), embedding_weight=auto_weight(texts))
    found = classifier(embedding=Lengths())
    assert auto_weight(texts) < 0.3
    for own, other in zip(
        found.fit(texts, LABELS).predict_proba(texts),
        given.fit(texts, LABELS).predict_proba(texts),
        strict=True,
    ):
        assert_array_equal(own, other)
