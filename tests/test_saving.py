"""Classifiers saved to a file and loaded again are the same to the last bit."""

import json
import pickle
import subprocess
import sys
import zipfile
from copy import deepcopy
from inspect import isabstract
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from numpy.testing import assert_array_equal
from outside.balancing import EvenGradients, UncertaintyWeights
from outside.sharing import TaskGroups
from outside.task_type import Count
from outside.trunk import TwoLayers
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)
from skorch.callbacks import EpochTimer
from test_every_network import LABELS, ROWS, TEXTS, data_of, every_network, fitted
from versions import SCIKIT_LEARN

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier, balancing, sharing, tasks, trunks
from sklearn_mtl.balancing import BaseBalancing
from sklearn_mtl.feature_extraction import (
    FastCountVectorizer,
    FastHashingVectorizer,
    PooledEmbedding,
    SequenceVectorizer,
    SubwordVectorizer,
    TextCleaner,
    WordVectors,
    WordVectorTrainer,
    WordVectorVectorizer,
)
from sklearn_mtl.network._input import SparseLinear
from sklearn_mtl.persistence._errors import (
    CannotSave,
    CannotWrite,
    ModelFileError,
    PasswordNeeded,
    UntrustedType,
)
from sklearn_mtl.persistence._registry import make_registry
from sklearn_mtl.search import LossWeightSearchCV
from sklearn_mtl.sharing import BaseSharing
from sklearn_mtl.tasks import MultiLabel, Ordinal, TaskType
from sklearn_mtl.trunks import BagTrunk, BaseTrunk, ConvTrunk, ModuleTrunk

Y = {"topic": ["arts", "news", None, "tech"] * 12, "urgent": [True, False] * 24}


def fit(X=TEXTS, y=None, **params):
    params = {"max_iter": 1, "random_state": 0} | params
    return MultiTaskTextClassifier(**params).fit(X, Y if y is None else y)


def again(clf, tmp_path, trusted=None, **options):
    clf.save(tmp_path / "model.mtl", **options)
    return sklearn_mtl.load(tmp_path / "model.mtl", trusted=trusted)


def parameters(thing):
    found = thing.get_params()
    found["random_state"] = str(found["random_state"])  # repr has its address
    return {name: repr(value) for name, value in found.items()}


def check_same(found, clf, X):
    """Check that a loaded classifier is the one that was saved."""
    assert type(found) is type(clf)
    as_lists = [
        [own.classes_] if isinstance(own.classes_, np.ndarray) else own.classes_
        for own in (found, clf)
    ]
    for own, other in zip(*as_lists, strict=True):
        assert_array_equal(own, other)
        assert own.dtype == other.dtype
    own, other = found.predict(X), clf.predict(X)
    assert_array_equal(own, other)
    assert own.dtype == other.dtype
    own, other = (each.predict_proba(X, output="dict") for each in (found, clf))
    assert list(own) == list(other)
    for name in own:
        assert_array_equal(own[name], other[name])
        assert own[name].dtype == other[name].dtype
    assert parameters(found) == parameters(clf)
    assert vars(found).keys() - {"history_"} == vars(clf).keys() - {"history_"}
    of_user = clf.net_params or {}
    assert vars(found.net_).keys() == vars(clf.net_).keys() - of_user.keys()
    for name in ("alpha_", "n_iter_", "best_iter_", "max_iter_", "batch_size_"):
        assert getattr(found, name) == getattr(clf, name)
    assert found.loss_weights_ == clf.loss_weights_
    assert found.temperatures_ == clf.temperatures_
    assert found.task_types_ == clf.task_types_
    assert found.trunk_ is found.net_.module__trunk
    assert found.sharing_ is found.net_.module__sharing
    assert found.net_.tasks is found.targets_.tasks


@every_network
def test_every_network_comes_back_as_it_was(trunk, sharing, tmp_path):
    clf, X = fitted(trunk, sharing), data_of(trunk)
    trusted = None
    if trunk.startswith("module"):
        trusted = [clf.trunk_.module]
        clf.save(tmp_path / "model.mtl")
        with pytest.raises(UntrustedType, match=f"{trusted[0].__name__}.*pass trusted"):
            sklearn_mtl.load(tmp_path / "model.mtl")
    found = again(clf, tmp_path, trusted)
    check_same(found, clf, X)
    # A fit that goes on finds all that it needs.
    both = [
        each.set_params(warm_start=True).fit(X, LABELS).predict_proba(X)
        for each in (found, again(clf, tmp_path, trusted))
    ]
    for own, other in zip(*both, strict=True):
        assert_array_equal(own, other)
    clone(found)


def test_a_warm_start_goes_on_as_it_would_have(tmp_path):
    clf = fit(warm_start=True)
    found = again(clf, tmp_path, history=True)
    assert found.history_ == clf.history_
    for each in (clf, found):
        each.fit(TEXTS, Y)
    check_same(found, clf, TEXTS)
    assert found.history_ == clf.history_
    assert found.n_iter_ == 2
    check_same(again(clf, tmp_path), clf, TEXTS)


def test_a_loaded_classifier_is_copied_and_saved_like_any_other(tmp_path):
    clf = fit()
    found = again(clf, tmp_path)
    before = (tmp_path / "model.mtl").read_bytes()
    check_same(pickle.loads(pickle.dumps(found)), clf, TEXTS)
    check_same(deepcopy(found), clf, TEXTS)
    check_same(again(found, tmp_path), clf, TEXTS)
    assert (tmp_path / "model.mtl").read_bytes() == before
    clone(found).fit(TEXTS, Y)


def test_what_a_search_has_fitted_comes_back(tmp_path):
    search = LossWeightSearchCV(
        MultiTaskTextClassifier(max_iter=1, random_state=0), [[1, 1], [1, 2]], cv=2
    ).fit(TEXTS, {"topic": ["arts", "news"] * 24, "urgent": [True, False] * 24})
    clf = search.best_estimator_
    check_same(again(clf, tmp_path), clf, TEXTS)
    # Networks that have learnt side by side.
    for own in clf._fit_each(TEXTS, Y, [[1, 1], [1, 2]]):
        check_same(again(own, tmp_path), own, TEXTS)


def test_a_device_that_is_not_there_gives_way_to_the_cpu(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    clf = fit().set_params(device="cuda:7")
    found = again(clf, tmp_path)
    assert (found.device, found.device_) == ("cuda:7", "cpu")
    assert_array_equal(found.predict(TEXTS), clf.predict(TEXTS))


def test_history_is_stored_on_request(tmp_path):
    clf = fit()
    assert not hasattr(again(clf, tmp_path), "history_")
    assert again(clf, tmp_path, history=True).history_ == clf.history_


FAMILIES = {
    "task type": {"task_types": {"count": Count()}},
    "trunk": {"trunk": TwoLayers(n_units=6)},
    "sharing": {"sharing": TaskGroups({"topic": "own"}, 0.01)},
    "balancing": {"loss_weights": UncertaintyWeights()},
    "balancing by gradients": {"loss_weights": EvenGradients()},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_strategies_of_the_user_come_back_if_trusted(family, tmp_path):
    y = Y | {"count": [0, 1, 2, 5] * 12}
    clf = fit(y=y, **FAMILIES[family])
    clf.save(tmp_path / "model.mtl")
    with pytest.raises(UntrustedType, match=r"these classes: \['outside") as caught:
        sklearn_mtl.load(tmp_path / "model.mtl", trusted=[])
    names = str(caught.value).split("these classes: ")[1].split("]")[0]
    trusted = json.loads(names.replace("'", '"') + "]")
    check_same(sklearn_mtl.load(tmp_path / "model.mtl", trusted=trusted), clf, TEXTS)


LABEL_COLUMNS = {
    "unicode": ["grün", "日本", "\U0001f600", "a\u0301"] * 12,
    "lone surrogates": ["\ud800", "b", "c", "d"] * 12,
    "blanks and long": ["a b", "x" * 3000, "a\nb", '"\\'] * 12,
    "int": [-5, 2**40, 7, 0] * 12,
    "large int": [2**63, 2**64 - 1, 3, 4] * 12,
    "float": [1.0, -0.0, 1e300, 2.0] * 12,
    "small int": np.array([1, 2, 3, 4] * 12, dtype=np.int8),
    "bool": [True, False] * 24,
    "bytes of numpy": np.array(["a", "b", "c", "d"] * 12, dtype="<U7"),
    "sets": [{"x"}, {"y", "x"}, set(), None] * 12,
    "tuples": [("x",), ("y", "x"), (), None] * 12,
    "sets of numbers": [{1, 2}, {3}, {1}, None] * 12,
}


@pytest.mark.parametrize("name", LABEL_COLUMNS)
def test_labels_come_back_in_their_dtype(name, tmp_path):
    clf = fit(y={"own": LABEL_COLUMNS[name], "other": Y["topic"]})
    found = again(clf, tmp_path)
    check_same(found, clf, TEXTS)
    own, other = (each.predict(TEXTS, output="dict")["own"] for each in (found, clf))
    assert [type(cell) for cell in own] == [type(cell) for cell in other]


def test_many_tasks_and_labels_come_back(tmp_path):
    y = {f"task{k}": [(k + row) % 5 for row in range(48)] for k in range(150)}
    types = dict.fromkeys(y, "ordinal")
    y["tags"] = [
        {f"tag{k}" for k in range(20 * row, 20 * row + 25)} for row in range(48)
    ]
    clf = fit(y=y, task_types=types)
    check_same(again(clf, tmp_path), clf, TEXTS)


@pytest.mark.parametrize(
    "y",
    [
        ["a", "b", "c", "d"] * 12,
        np.array([[1], [2], [1], [3]] * 12),
        np.array([[1, 5], [2, 6], [1, 6], [3, 5]] * 12),
        {"only": ["a", "b"] * 24},
        [{"a"}, {"b", "c"}] * 24,
    ],
    ids=["vector", "one column", "two columns", "dict", "sets"],
)
def test_containers_of_labels_come_back(y, tmp_path):
    clf = fit(y=y)
    found = again(clf, tmp_path)
    check_same(found, clf, TEXTS)
    assert found.predict(TEXTS).shape == clf.predict(TEXTS).shape
    assert found.score(TEXTS, y) == clf.score(TEXTS, y)


WORDS = ["a", "b", "c", None] * 12
COLUMN = pd.Series(WORDS)
FRAMES = {
    "pandas": pd.DataFrame(
        {
            "str": COLUMN,
            "object": COLUMN.astype(object),
            "category": COLUMN.astype("category"),
            "ordered": pd.Categorical(WORDS, ["c", "b", "a"], ordered=True),
            "of numbers": pd.Categorical([1, 2, 3, None] * 12),
            "string": COLUMN.astype("string"),
            "arrow": COLUMN.astype("string[pyarrow]"),
            "int": [1, 2, 3, 4] * 12,
            "Int64": pd.array([1, None, 3, 4] * 12, dtype="Int64"),
            "boolean": pd.array([True, None, False, True] * 12, dtype="boolean"),
            "Float32": pd.array([1.0, None, 3.0, 4.0] * 12, dtype="Float32"),
        }
    ),
    "pandas numbered": pd.DataFrame({3: [1, 2] * 24, 5: ["a", "b"] * 24}),
    "pandas named": pd.DataFrame({"a": [1, 2] * 24}).rename_axis(columns="tasks"),
    "polars": pl.DataFrame(
        {
            "str": WORDS,
            "enum": pl.Series(WORDS, dtype=pl.Enum(["c", "b", "a"])),
            "category": pl.Series(WORDS, dtype=pl.Categorical),
            "int": pl.Series([1, 2, None, 4] * 12, dtype=pl.Int16),
            "bool": [True, False] * 24,
            "float": [1.0, 2.0] * 24,
            "lists": [["x"], ["x", "y"]] * 24,
        }
    ),
    "pyarrow": pa.table(
        {
            "str": WORDS,
            "dictionary": pa.array(WORDS).dictionary_encode(),
            "int": pa.array([1, 2, None, 4] * 12, pa.int16()),
            "bool": [True, False] * 24,
            "lists": pa.array([["x"], ["x", "y"]] * 24),
            "large": pa.array(WORDS, pa.large_string()),
        }
    ).replace_schema_metadata({"own": "grün"}),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_of_labels_come_back(name, tmp_path):
    y = FRAMES[name]
    clf = fit(y=y)
    found = again(clf, tmp_path)
    check_same(found, clf, TEXTS)
    own, other = (each.predict(TEXTS, output="frame") for each in (found, clf))
    assert type(own) is type(other)
    if name.startswith("pandas"):
        pd.testing.assert_frame_equal(own, other)
    else:
        assert own.equals(other)
        assert own.schema == other.schema
        if name == "pyarrow":
            assert own.schema.metadata == other.schema.metadata


def test_a_frame_whose_types_have_no_form_is_refused_by_name(tmp_path):
    y = pd.DataFrame({"a": pd.Series([1, 2] * 24, dtype="Sparse[int]")})
    with pytest.raises(CannotSave, match=r"column 'a' of y has the type Sparse"):
        fit(y=y).save(tmp_path / "model.mtl")


VECTORS = WordVectors(
    ["w1", "w2", "w3"], np.random.default_rng(0).normal(size=(3, 4)).astype("f4")
)
TABLE = pd.DataFrame(
    {
        "text": TEXTS,
        "n": np.arange(48.0),
        "kind": ["x", "y", "z"] * 16,
        "gaps": [1.0, np.nan] * 24,  # a class of its own to the encoder
        "more": np.arange(48) % 5,
    }
)


def text_and_numbers(scaler):
    return ColumnTransformer(
        [
            ("text", TfidfVectorizer(), "text"),
            ("number", scaler, ["n"]),
            ("kind", OneHotEncoder(handle_unknown="ignore"), ["kind", "gaps"]),
        ],
        remainder="passthrough",
    )


READERS = {
    "tfidf": {"vectorizer": TfidfVectorizer(min_df=2, stop_words=["w1"])},
    "tfidf without idf": {"vectorizer": TfidfVectorizer(use_idf=False, norm=None)},
    "counts": {"vectorizer": CountVectorizer(binary=True, ngram_range=(1, 2))},
    "our counts": {"vectorizer": FastCountVectorizer(dtype=np.float64)},
    "hashes": {"vectorizer": HashingVectorizer(n_features=64)},
    "our hashes": {"vectorizer": FastHashingVectorizer(n_features=64)},
    "words given": {"vectorizer": CountVectorizer(vocabulary=["w3", "w1", "w2"])},
    "a dict given": {"vectorizer": CountVectorizer(vocabulary={"w3": 1, "w1": 0})},
    "cleaner": {"vectorizer": TfidfVectorizer(preprocessor=TextCleaner(urls=None))},
    "union": {"vectorizer": make_union(CountVectorizer(), TfidfVectorizer())},
    "pipeline": {
        "vectorizer": make_pipeline(TfidfVectorizer(), TruncatedSVD(4, random_state=0)),
        "trunk": "dense",
    },
    "normalizer": {"vectorizer": make_pipeline(CountVectorizer(), Normalizer())},
    "word vectors": {"vectorizer": WordVectorVectorizer(VECTORS), "trunk": "dense"},
    "vectors of a dict": {
        "vectorizer": WordVectorVectorizer({"w1": [1.0, 2.0], "w5": [0.0, 1.0]})
    },
    "subwords": {"vectorizer": SubwordVectorizer(max_features=30), "trunk": "conv"},
    "characters": {"vectorizer": SequenceVectorizer(analyzer="char"), "trunk": "conv"},
    "conv with vectors": {"trunk": ConvTrunk(vectors=VECTORS, n_filters=2)},
    "conv with a trainer": {
        "trunk": ConvTrunk(vectors=WordVectorTrainer(vector_size=4), n_filters=2)
    },
    "lsa": {"embedding": "lsa"},
    "use": {"embedding": "use"},
    "pooled": {
        "embedding": PooledEmbedding(
            make_pipeline(TfidfVectorizer(), TruncatedSVD(2, random_state=0)),
            max_words=3,
        )
    },
    "hard": {"sharing": "hard", "embedding": "lsa"},
    "linear": {"trunk": None},
    "no weights": {"term_weighting": None},
    "weights": {"term_weighting": "information"},
}


@pytest.mark.parametrize("name", READERS)
def test_readers_of_texts_come_back(name, tmp_path):
    clf = fit(**READERS[name])
    check_same(again(clf, tmp_path), clf, [*TEXTS, "", "unseen words", "w1 w2"])


# Before 1.7 a fitted ColumnTransformer holds a list of a class that skops asks about.
OF_COLUMN_TRANSFORMERS = (
    ["sklearn.compose._column_transformer._RemainderColsList"]
    if SCIKIT_LEARN < (1, 7)
    else None
)


@pytest.mark.parametrize(
    "scaler",
    [
        StandardScaler(),
        MinMaxScaler(),
        MaxAbsScaler(),
        RobustScaler(),
        make_pipeline(SimpleImputer(), StandardScaler()),
        "passthrough",
    ],
    ids=str,
)
def test_numbers_beside_texts_come_back(scaler, tmp_path):
    clf = fit(TABLE, vectorizer=text_and_numbers(scaler))
    assert clf.column_scales_ is not None
    found = again(clf, tmp_path, trusted=OF_COLUMN_TRANSFORMERS)
    check_same(found, clf, TABLE)
    found.set_params(warm_start=True).fit(TABLE, Y)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numeric_rows_come_back(sparse, dtype, tmp_path):
    X = ROWS.to_numpy().astype(dtype)
    if sparse:
        from scipy.sparse import csr_array

        X = csr_array(np.where(X > 0, X, 0))
    clf = fit(X)
    found = again(clf, tmp_path)
    check_same(found, clf, X)
    assert found.n_features_in_ == 5
    with pytest.raises(ValueError, match="X has 4 features"):
        found.predict(X[:, :4])


def test_names_of_columns_come_back(tmp_path):
    clf = fit(ROWS)
    found = again(clf, tmp_path)
    check_same(found, clf, ROWS)
    assert_array_equal(found.feature_names_in_, list("abcde"))
    assert found.feature_names_in_.dtype == object
    with pytest.raises(ValueError, match="feature names"):
        found.predict(ROWS[list("edcba")])
    found = again(clf.set_output(transform="pandas"), tmp_path)
    pd.testing.assert_frame_equal(found.transform(ROWS), clf.transform(ROWS))


PARAMS = {
    "class_weight": {"topic": {"arts": 2.0}, "urgent": "balanced"},
    "loss_weights": {"topic": np.float32(2.0)},
    "missing_label": [float("nan"), "tech", pd.NA],
    "task_types": {"topic": Ordinal(["news", "arts", "tech"])},
    "random_state": np.random.RandomState(3),
    "net_params": {"optimizer_dense__betas": (0.9, 0.99)},
    "early_stopping": np.True_,
    "learning_rate_init": np.float64(7.0),
    "verbose": 0,
    "device": "cpu",
}


@pytest.mark.parametrize("name", PARAMS)
def test_parameters_come_back(name, tmp_path):
    clf = fit(**{name: PARAMS[name]})
    found = again(clf, tmp_path)
    check_same(found, clf, TEXTS)
    assert type(getattr(found, name)) is type(getattr(clf, name))
    if name == "random_state":
        assert_array_equal(found.random_state.rand(3), clf.random_state.rand(3))


def test_tuned_thresholds_come_back(tmp_path):
    tags = [frozenset("xy"[: k % 3]) for k in range(48)]
    y = {"tags": tags, "topic": Y["topic"]}
    types = {"tags": MultiLabel(loss="asymmetric", threshold="tuned")}
    clf = fit(y=y, task_types=types, validation_fraction=0.3)
    found = again(clf, tmp_path)
    check_same(found, clf, TEXTS)
    thresholds = [each.targets_.tasks[0].thresholds_ for each in (found, clf)]
    assert_array_equal(*thresholds)


def test_a_cache_is_not_stored(tmp_path):
    # Whoever loads the file would read pickles in a folder of its author's choice.
    clf = fit(memory=str(tmp_path / "cache"))
    assert again(clf, tmp_path).memory is None


def test_early_stopping_comes_back(tmp_path):
    y = {"topic": Y["topic"]}
    clf = fit(y=y, early_stopping=True, max_iter=3, validation_fraction=0.3)
    check_same(again(clf, tmp_path), clf, TEXTS)


def test_callbacks_come_back_if_trusted(tmp_path):
    clf = fit(callbacks=[EpochTimer])
    with pytest.raises(UntrustedType, match=r"skorch\.callbacks\.logging\.EpochTimer"):
        again(clf, tmp_path)
    assert again(clf, tmp_path, [EpochTimer]).callbacks == [EpochTimer]


def test_what_skops_cannot_store_is_refused_by_name(tmp_path):
    clf = fit(vectorizer=TfidfVectorizer(analyzer=lambda text: text.split()))
    with pytest.raises(CannotSave, match=r"vectorizer\.analyzer.*importable by"):
        clf.save(tmp_path / "model.mtl")
    assert not list(tmp_path.iterdir())


def test_without_skops_objects_of_the_user_are_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "skops.io", None)
    clf = fitted("module", "hard")
    with pytest.raises(CannotSave, match=r"trunk\.module.*sklearn-mtl\[skops\]"):
        clf.save(tmp_path / "model.mtl")


def test_objects_that_skops_knows_are_asked_for_too(tmp_path):
    # A function of numpy is imported by name as well.
    clf = fit(ROWS, vectorizer=FunctionTransformer(np.abs))
    clf.save(tmp_path / "model.mtl")
    with pytest.raises(UntrustedType, match="skops imports and calls"):
        sklearn_mtl.load(tmp_path / "model.mtl")
    check_same(sklearn_mtl.load(tmp_path / "model.mtl", trusted=[]), clf, ROWS)


@pytest.mark.parametrize("trusted", [True, "outside.trunk.TwoLayers"])
def test_trust_is_given_class_by_class(trusted, tmp_path):
    with pytest.raises(TypeError, match="trusted must be a list of classes"):
        again(fit(), tmp_path, trusted)


@pytest.mark.parametrize("family", [balancing, sharing, tasks, trunks])
def test_every_strategy_of_the_package_has_a_place(family):
    """An object of a class that has none would go through skops."""
    base = (BaseBalancing, BaseSharing, BaseTrunk, TaskType)
    known = {entry.kind for entry in make_registry().values()}
    found = {
        kind
        for kind in vars(family).values()
        if isinstance(kind, type) and issubclass(kind, base) and not isabstract(kind)
    }
    assert found
    assert found <= known


def test_what_could_not_be_loaded_is_refused_by_name(tmp_path):
    clf = fit(n_jobs=1).set_params(n_jobs=1000)
    with pytest.raises(CannotSave, match="MultiTaskTextClassifier has n_jobs=1000"):
        clf.save(tmp_path / "model.mtl")
    clf = fit(vectorizer=CountVectorizer())
    clf.vectorizer_.set_params(input="filename")
    with pytest.raises(CannotSave, match="CountVectorizer is set to read other files"):
        clf.save(tmp_path / "model.mtl")


class Own(MultiTaskTextClassifier):
    """A class of the user."""


def test_a_subclass_is_refused_by_name(tmp_path):
    clf = Own(max_iter=1).fit(TEXTS, Y)
    with pytest.raises(CannotSave, match="Got a Own, a class of your own"):
        clf.save(tmp_path / "model.mtl")


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    clf = fit()
    clf.net_.module_.head.bias.data[0] = float("nan")
    with pytest.raises(
        CannotSave, match=r"network\.head\.bias' contains NaN or infinity"
    ):
        clf.save(tmp_path / "model.mtl")


class Masked(torch.nn.Module):
    """Has a buffer that holds infinity."""

    def __init__(self, n_features):
        super().__init__()
        self.layer = torch.nn.Linear(n_features, 4)
        self.register_buffer("mask", torch.tensor([0.0, 0.0, 0.0, -torch.inf]))

    def forward(self, rows):
        return (self.layer(rows) + self.mask).relu()


def test_modules_of_the_user_may_hold_infinities(tmp_path):
    clf = fit(ROWS, trunk=ModuleTrunk(Masked, n_units=4))
    check_same(again(clf, tmp_path, [Masked]), clf, ROWS)


def test_an_unfitted_classifier_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not fitted yet"):
        MultiTaskTextClassifier().save(tmp_path / "model.mtl")


def test_names_of_weights_do_not_depend_on_how_layers_are_merged(tmp_path):
    """A table of several layers, a single layer, and a network behind links."""
    names = {}
    for scheme in ("hard", "shared-private"):
        for types in ({}, {"topic": Ordinal(["news", "arts", "tech"])}):
            fit(sharing=scheme, task_types=types).save(tmp_path / "model.mtl")
            with zipfile.ZipFile(tmp_path / "model.mtl") as file:
                content = file.read("weights.safetensors")
            size = int.from_bytes(content[:8], "little")
            header = json.loads(content[8 : 8 + size])
            found = {n for n in header if n.startswith("network.")}
            names[scheme, bool(types)] = found
            assert header["network.trunk.0.weight"]["shape"][1] == 128
    assert names["hard", False] == names["hard", True]
    assert names["shared-private", False] == names["shared-private", True]
    own = names["shared-private", False] - names["hard", False]
    assert own == {"network.private.weight", "network.private.bias"}


def test_weights_that_layers_share_are_stored_once(tmp_path):
    clf = fitted("conv", "adversarial")
    clf.save(tmp_path / "model.mtl")
    found = sklearn_mtl.load(tmp_path / "model.mtl")
    embeddings = {
        id(part.weight)
        for part in found.net_.module_.modules()
        if isinstance(part, torch.nn.Embedding)
    }
    assert len(embeddings) == 1
    n_weights = sum(p.numel() for p in clf.net_.module_.parameters())
    with zipfile.ZipFile(tmp_path / "model.mtl") as file:
        size = file.getinfo("weights.safetensors").file_size
    assert size < 4 * n_weights + 10_000


def test_random_numbers_of_torch_and_its_settings_are_left_alone(tmp_path):
    clf = fit(sharing="mmoe")
    clf.save(tmp_path / "model.mtl")
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    sklearn_mtl.load(tmp_path / "model.mtl")
    assert_array_equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_a_loaded_table_is_that_of_its_layers(tmp_path):
    found = again(fit(), tmp_path)
    layers = [m for m in found.net_.module_.modules() if isinstance(m, SparseLinear)]
    assert len(layers) == 2
    base = found.net_.module_.table.weight
    for layer in layers:
        own = layer.by_feature()
        assert own.untyped_storage().data_ptr() == base.untyped_storage().data_ptr()


def test_the_same_fit_gives_the_same_file(tmp_path):
    for name in "ab":
        fit().save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_any_program_reads_the_zip_and_any_reader_of_safetensors_the_arrays(tmp_path):
    from safetensors.numpy import load

    clf = fit()
    clf.save(tmp_path / "model.mtl")
    with zipfile.ZipFile(tmp_path / "model.mtl") as file:
        assert file.testzip() is None
        assert file.namelist()[0] == "format.json"
        arrays = load(file.read("weights.safetensors"))
        idf = load(file.read("arrays.safetensors"))[
            "vectorizer.transformer_list[0][1].idf"
        ]
    assert_array_equal(arrays["network.head.bias"], clf.net_.module_.head.bias.detach())
    assert_array_equal(idf, clf.vectorizer_.transformer_list[0][1].idf_)


def test_loading_needs_no_pickle(tmp_path):
    clf = fit()
    clf.save(tmp_path / "model.mtl")
    code = f"""
import pickle
import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier, balancing, sharing, tasks, trunks
from sklearn_mtl.balancing import BaseBalancing
def refuse(*args, **kwargs):
    raise AssertionError("pickle")
pickle.loads = pickle.load = pickle.Unpickler = refuse
clf = sklearn_mtl.load({str(tmp_path / "model.mtl")!r})
print(clf.predict(["w1 w2"]).tolist())
"""
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == str(clf.predict(["w1 w2"]).tolist())


def test_a_path_may_be_a_text_a_path_or_an_open_file(tmp_path):
    clf = fit()
    clf.save(str(tmp_path / "model.mtl"))
    for path in (tmp_path / "model.mtl", str(tmp_path / "model.mtl")):
        check_same(sklearn_mtl.load(path), clf, TEXTS)
    with open(tmp_path / "model.mtl", "rb") as file:
        check_same(sklearn_mtl.load(file), clf, TEXTS)
    with (
        open(tmp_path / "model.mtl", encoding="latin-1") as file,
        pytest.raises(TypeError, match="Open it with mode='rb'"),
    ):
        sklearn_mtl.load(file)


@pytest.mark.parametrize("secret", [{"password": "grün"}, {"key": bytes(range(32))}])
def test_an_encrypted_file_comes_back_with_its_secret(secret, tmp_path):
    clf, path = fit(), tmp_path / "model.mtl"
    clf.save(path, **secret)
    assert b"safetensors" not in path.read_bytes()
    check_same(sklearn_mtl.load(path, **secret), clf, TEXTS)
    with pytest.raises(PasswordNeeded):
        sklearn_mtl.load(path)
    with pytest.raises(ModelFileError):
        sklearn_mtl.load(path, password="other")


def test_where_it_cannot_be_written_the_old_file_stays(tmp_path):
    clf, path = fit(), tmp_path / "model.mtl"
    clf.save(path)
    before = path.read_bytes()
    with pytest.raises(CannotWrite, match=r"is a folder.*model\.mtl"):
        clf.save(tmp_path)
    with pytest.raises(CannotWrite, match="Cannot write into the folder"):
        clf.save(tmp_path / "nowhere" / "model.mtl")
    assert issubclass(CannotWrite, ModelFileError)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["model.mtl"]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        sklearn_mtl.load(tmp_path / "nothing.mtl")
    with pytest.raises(ModelFileError, match="is a folder"):
        sklearn_mtl.load(Path(tmp_path))


def test_an_optimizer_of_the_user_is_asked_for(tmp_path):
    clf = fit(trunk=BagTrunk(8), net_params={"optimizer_dense": torch.optim.AdamW})
    found = again(clf, tmp_path, ["torch.optim.adamw.AdamW"])
    assert found.net_params == {"optimizer_dense": torch.optim.AdamW}
