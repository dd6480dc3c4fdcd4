"""Predictions on numpy and scipy alone are those of the estimator."""

import io
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.feature_extraction import (
    FastCountVectorizer,
    FastHashingVectorizer,
    FastTfidfVectorizer,
    TextCleaner,
    _terms,
)
from sklearn_mtl.persistence._document import read_document
from sklearn_mtl.persistence._errors import (
    BadState,
    BadTensor,
    ModelFileError,
    RuntimeUnsupported,
)
from sklearn_mtl.runtime import MultiTaskPredictor
from sklearn_mtl.runtime._loading import predictor_of
from sklearn_mtl.sharing import (
    AdversarialSharedPrivate,
    HardSharing,
    MixtureOfExperts,
    ProgressiveLayers,
    Separate,
    SharedPrivate,
)
from sklearn_mtl.tasks import MultiLabel, Ordinal
from sklearn_mtl.trunks import BagTrunk, ConvTrunk, DenseTrunk

N = 48
rng = np.random.RandomState(0)
WORDS = rng.randint(20, size=(N, 6))
TEXTS = [" ".join(f"w{word}" for word in row) for row in WORDS]
ROWS = rng.normal(size=(N, 5))
NEW = ["w1 w2 w3", "", "unknown words", "W4 é w5 w5, w6"] + TEXTS[:9]


def some(cells, share=0.2):
    """Empty some cells."""
    holes = rng.rand(N) < share
    return [None if hole else c for c, hole in zip(cells, holes, strict=True)]


TOPICS = np.array(["arts", "news", "tech"])
LABELS = {
    "urgent": some((WORDS[:, 0] > 9).tolist()),
    "topic": some(TOPICS[WORDS[:, 1] % 3].tolist()),
    "again": some(TOPICS[WORDS[:, 3] % 3].tolist()),
    "stars": some((1 + WORDS[:, 2] % 4).tolist()),
    "size": some(np.array(["low", "mid", "high"])[WORDS[:, 4] % 3].tolist()),
    "tags": some([frozenset("xyz"[k] for k in set(row % 3)) for row in WORDS]),
}
TYPES = {
    "stars": "ordinal",
    "size": Ordinal(["low", "mid", "high"]),
    "tags": MultiLabel("asymmetric", threshold=0.4),
}
SHARINGS = {
    "shared-private": SharedPrivate(),
    "shared-private heads": SharedPrivate(share_heads=True),
    "hard": HardSharing(),
    "hard heads": HardSharing(share_heads=True),
    "separate": Separate(),
    "mmoe": MixtureOfExperts(2),
    "mmoe private": MixtureOfExperts(3, private=True, share_heads=True),
    "ple": ProgressiveLayers(),
    "ple levels": ProgressiveLayers(2, 2, 3, private=True),
    "adversarial": AdversarialSharedPrivate(),
    "adversarial trunks": AdversarialSharedPrivate(private="trunk", share_heads=True),
    "adversarial linear": AdversarialSharedPrivate(private="linear"),
}
TRUNKS = {"bag": BagTrunk(4), "dense": DenseTrunk(4), "none": None}


def fitted(X=TEXTS, y=LABELS, **params):
    settings = {"task_types": TYPES if y is LABELS else None, "max_iter": 3}
    return MultiTaskTextClassifier(random_state=0, **settings | params).fit(X, y)


@pytest.fixture
def loaded(tmp_path):
    def load(clf):
        clf.save(tmp_path / "model.mtl")
        return sklearn_mtl.load(tmp_path / "model.mtl", runtime="numpy")

    return load


def assert_same(predictor, clf, X, rtol=0, atol=1e-6):
    """Compare all that both say about X."""
    for output in ("array", "dict"):
        ours, theirs = predictor.predict(X, output), clf.predict(X, output)
        if output == "array":
            ours, theirs = {"": ours}, {"": theirs}
        assert list(ours) == list(theirs)
        for name, column in theirs.items():
            assert ours[name].dtype == column.dtype
            assert_array_equal(ours[name], column)
    ours, theirs = predictor.predict_proba(X, "dict"), clf.predict_proba(X, "dict")
    for name, table in theirs.items():
        assert ours[name].dtype == table.dtype
        assert_allclose(ours[name], table, rtol=rtol, atol=atol)
    assert hasattr(predictor, "transform") == hasattr(clf, "transform")
    if hasattr(clf, "transform"):
        hidden = clf.transform(X)
        assert predictor.transform(X).dtype == hidden.dtype
        assert_allclose(predictor.transform(X), hidden, atol=1e-5)


@pytest.mark.parametrize("trunk", TRUNKS)
@pytest.mark.parametrize("sharing", SHARINGS)
def test_every_network_answers_as_with_torch(loaded, trunk, sharing):
    X = ROWS if trunk == "dense" else TEXTS
    clf = fitted(X, trunk=TRUNKS[trunk], sharing=SHARINGS[sharing])
    predictor = loaded(clf)
    assert isinstance(predictor, MultiTaskPredictor)
    assert_same(predictor, clf, ROWS if trunk == "dense" else NEW)
    assert predictor.score(X, LABELS) == clf.score(X, LABELS)
    assert predictor.task_names_ == clf.task_names_
    assert predictor.task_types_ == clf.task_types_
    assert predictor.temperatures_ == clf.temperatures_
    assert predictor.n_outputs_ == clf.n_outputs_
    for ours, theirs in zip(predictor.classes_, clf.classes_, strict=True):
        assert ours.dtype == theirs.dtype
        assert_array_equal(ours, theirs)


@pytest.mark.parametrize("rows", ["sparse", "dense", "doubles", "integers", "zeros"])
@pytest.mark.parametrize("trunk", ["auto", None])
def test_numeric_rows(loaded, rows, trunk):
    X = {
        "sparse": csr_array(np.maximum(ROWS, 0)),
        "dense": ROWS.astype(np.float32),
        "doubles": ROWS * [1, 1000, 1e-3, 1, 1],
        "integers": WORDS,
        "zeros": np.where(ROWS > 1, 1.0, 0.0),
    }[rows]
    clf = fitted(X, trunk=trunk)
    assert_same(loaded(clf), clf, X[:20])


def test_numbers_beside_words_are_scaled(loaded):
    X = np.hstack([FastTfidfVectorizer().fit_transform(TEXTS).toarray(), 1e3 * ROWS])
    clf = fitted(csr_array(X))
    assert clf.column_scales_ is not None
    assert_same(loaded(clf), clf, csr_array(X))


@pytest.mark.parametrize(
    "vectorizer",
    [
        FastCountVectorizer(ngram_range=(1, 2)),
        CountVectorizer(binary=True),
        TfidfVectorizer(norm="l1", use_idf=False, strip_accents="unicode"),
        FastTfidfVectorizer(analyzer="char", ngram_range=(1, 3), dtype=np.float32),
        FastTfidfVectorizer(stop_words=["w1", "w2"], lowercase=False),
        FastTfidfVectorizer(token_pattern=r"w(\d+)"),
        FastTfidfVectorizer(token_pattern=r"[^ ]+", strip_accents="ascii"),
        FastTfidfVectorizer(preprocessor=TextCleaner(strip_accents="ascii")),
        HashingVectorizer(n_features=64, norm="l1", alternate_sign=False),
        FastHashingVectorizer(n_features=64, sublinear_tf=True, dtype=np.float32),
        FastHashingVectorizer(
            n_features=50, analyzer="char_wb", ngram_range=(2, 3), dtype=np.float32
        ),
        FeatureUnion(
            [("a", FastHashingVectorizer(n_features=16)), ("b", TfidfVectorizer())]
        ),
        FeatureUnion([("a", FastTfidfVectorizer()), ("b", FastCountVectorizer())]),
    ],
    ids=repr,
)
@pytest.mark.parametrize("small", [0, 10**9])
def test_vectorizers_of_terms(loaded, monkeypatch, vectorizer, small):
    clf = fitted(vectorizer=vectorizer)
    monkeypatch.setattr(_terms, "SMALL", small)
    assert_same(loaded(clf), clf, NEW)


def test_weighed_terms_and_a_dense_block(loaded):
    clf = fitted(embedding="lsa", term_weighting="information")
    assert clf.term_weights_ is not None
    assert clf.embedding_ is not None
    assert_same(loaded(clf), clf, NEW)


def test_texts_that_share_no_words(loaded):
    X = [f"{number:x}" * 3 for number in range(300, 340)]
    clf = fitted(X, {"parity": ["even", "odd"] * 20})
    assert_same(loaded(clf), clf, X)


CONTAINERS = {
    "vector": np.array(["a", "b"] * 24),
    "numbers": np.arange(N) % 3,
    "table": np.column_stack([np.arange(N) % 3, np.arange(N) % 2]),
    "one column": np.arange(N)[:, None] % 3,
    "lists": {
        "tags": [["x"] if k % 2 else ["x", "y"] for k in range(N)],
    },
    "bools": {"yes": [True, False] * 24, "café": ["é", "ü"] * 24},
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_of_labels(loaded, container):
    y = CONTAINERS[container]
    clf = fitted(y=y, task_types=None)
    predictor = loaded(clf)
    ours, theirs = predictor.predict(NEW), clf.predict(NEW)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    assert_array_equal(ours, theirs)
    ours, theirs = predictor.predict_proba(NEW), clf.predict_proba(NEW)
    assert type(ours) is type(theirs)
    assert predictor.score(TEXTS, y) == clf.score(TEXTS, y)
    if container in ("vector", "numbers"):
        assert_array_equal(predictor.classes_, clf.classes_)


def test_frames_like_those_of_the_labels(loaded):
    frame = pd.DataFrame({"a": ["x", "y"] * 24, "b": pd.Categorical([1, 2, 3, 1] * 12)})
    clf = fitted(y=frame)
    found = loaded(clf).predict(NEW, output="frame")
    pd.testing.assert_frame_equal(found, clf.predict(NEW, output="frame"))
    frame = pl.DataFrame({"a": ["x", "y"] * 24, "b": [1, 2, 3, 1] * 12})
    clf = fitted(y=frame)
    assert loaded(clf).predict(NEW, output="frame").equals(clf.predict(NEW, "frame"))


def test_texts_in_other_containers(loaded):
    clf = fitted()
    predictor = loaded(clf)
    expected = clf.predict(NEW)
    for X in (np.array(NEW), pd.Series(NEW), pl.Series(NEW), pd.DataFrame({"t": NEW})):
        assert_array_equal(predictor.predict(X), expected)
    assert_array_equal(predictor.predict(iter(NEW)), expected)


def test_frames_of_numbers_by_their_names(loaded):
    X = pd.DataFrame(ROWS, columns=list("abcde"))
    clf = fitted(X)
    predictor = loaded(clf)
    assert_array_equal(predictor.feature_names_in_, clf.feature_names_in_)
    assert_array_equal(predictor.predict(X), clf.predict(X))
    with pytest.raises(ValueError, match="feature names should match"):
        predictor.predict(X[list("edcba")])


def test_many_texts_are_answered_in_batches(loaded, monkeypatch):
    clf = fitted(embedding="lsa", sharing="hard")
    predictor = loaded(clf)
    monkeypatch.setattr("sklearn_mtl.runtime._predictor.BATCH", 5)
    assert_same(predictor, clf, NEW)


def test_missing_labels_are_left_out_of_scores(loaded):
    y = {"topic": ["a", "b", "-", "a"] * 12}
    clf = fitted(y=y, missing_label="-")
    predictor = loaded(clf)
    assert predictor.score(TEXTS, y) == clf.score(TEXTS, y)
    weights = np.arange(N)
    assert predictor.score(TEXTS, y, weights) == clf.score(TEXTS, y, weights)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        predictor.score(TEXTS[1:], y)


@pytest.mark.parametrize("dtype", ["float16", "int8"])
@pytest.mark.parametrize("sharing", ["shared-private", "mmoe"])
@pytest.mark.parametrize("prune", [0, 0.3])
def test_weights_in_fewer_bytes(tmp_path, monkeypatch, dtype, sharing, prune):
    monkeypatch.setattr("sklearn_mtl.persistence._compact.SMALLEST", 10)
    clf = fitted(sharing=sharing, embedding="lsa")
    path = tmp_path / "model.mtl"
    clf.save(path, dtype=dtype, prune=prune)
    predictor = sklearn_mtl.load(path, runtime="numpy")
    assert_same(predictor, sklearn_mtl.load(path), NEW)


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_weights_of_dense_rows_in_fewer_bytes(tmp_path, monkeypatch, dtype):
    monkeypatch.setattr("sklearn_mtl.persistence._compact.SMALLEST", 10)
    path = tmp_path / "model.mtl"
    fitted(ROWS).save(path, dtype=dtype)
    predictor = sklearn_mtl.load(path, runtime="numpy")
    assert_same(predictor, sklearn_mtl.load(path), ROWS)


def test_a_predictor_can_be_pickled(loaded):
    predictor = loaded(fitted())
    again = pickle.loads(pickle.dumps(predictor))
    assert_array_equal(again.predict(NEW), predictor.predict(NEW))
    assert repr(again) == repr(predictor)
    assert "trunk=BagTrunk, sharing=SharedPrivate" in repr(again)


@pytest.mark.parametrize("small", [0, 10**9])
def test_threads_may_share_a_predictor(loaded, monkeypatch, small):
    monkeypatch.setattr(_terms, "SMALL", small)
    clf = fitted(embedding="lsa")
    parts = [NEW, TEXTS, NEW[:1], TEXTS[3:20]] * 20
    expected = [clf.predict_proba(part) for part in parts[:4]] * 20
    predictor = loaded(clf)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(predictor.predict_proba, parts))
    for ours, theirs in zip(found, expected, strict=True):
        for own, their in zip(ours, theirs, strict=True):
            assert_allclose(own, their, atol=1e-6)


# What stays out -----------------------------------------------------------------------


def run_alone(code, *arguments):
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=env)


@pytest.mark.parametrize("kind", ["texts", "numbers"])
def test_nothing_heavy_is_imported(tmp_path, kind):
    X = TEXTS if kind == "texts" else ROWS
    y = pd.DataFrame(LABELS).drop(columns="tags").astype(object)
    clf = fitted(X, y, task_types={"stars": "ordinal"})
    clf.save(tmp_path / "model.mtl")
    np.save(tmp_path / "X.npy", np.array(X))
    code = """if True:
        import sys
        import numpy as np
        import sklearn_mtl
        X = np.load(sys.argv[2])
        X = X.tolist() if X.dtype.kind == "U" else X
        predictor = sklearn_mtl.load(sys.argv[1], runtime="numpy")
        predictor.predict(X)
        predictor.predict_proba(X)
        predictor.transform(X)
        heavy = {"torch", "skorch", "sklearn", "pandas", "joblib", "narwhals"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
    """
    run_alone(code, tmp_path / "model.mtl", tmp_path / "X.npy")


def test_scores_need_no_scikit_learn(tmp_path):
    fitted(y={"a": ["x", "y"] * 24}).save(tmp_path / "model.mtl")
    code = """if True:
        import sys
        import sklearn_mtl
        predictor = sklearn_mtl.load(sys.argv[1], runtime="numpy")
        score = predictor.score(["w1 w2", "w3"], {"a": ["x", None]})
        assert score in (0.0, 1.0)
        assert not {"torch", "sklearn", "pandas"} & set(sys.modules)
    """
    run_alone(code, tmp_path / "model.mtl")


# Bad input ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_texts():
    return as_predictor(fitted())


@pytest.fixture(scope="module")
def of_numbers():
    return as_predictor(fitted(ROWS))


@cache
def document_of_texts():
    return document_of(fitted())


def document_of(clf):
    from sklearn_mtl.persistence._model import to_document

    return to_document(clf)


def as_predictor(clf):
    return predictor_of(document_of(clf))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("one text", "string object received"),
        ([], "0 sample"),
        (ROWS, "holds numeric rows, but fit saw texts"),
        (None, "X is None, but fit saw texts"),
        (["a", None], "must hold texts only"),
        (np.array([["a", "b"]]), "one column of texts"),
    ],
)
def test_texts_are_wanted(of_texts, X, message):
    with pytest.raises(ValueError, match=message):
        of_texts.predict(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (TEXTS, "holds texts, but fit saw rows of 5 numeric features"),
        (ROWS[:, :4], "has 4 features, but MultiTaskPredictor is expecting 5"),
        (ROWS[0], "Expected 2D array, got 1D"),
        (ROWS[:0], "0 sample"),
        (ROWS + np.nan, "contains NaN"),
        (ROWS * np.inf, "contains infinity"),
        (ROWS + 1j, "must contain numbers"),
        (csr_array(ROWS[:, :2]), "has 2 features"),
    ],
)
def test_rows_are_wanted(of_numbers, X, message):
    with pytest.raises(ValueError, match=message):
        of_numbers.predict(X)


def test_objects_that_are_numbers_count(of_numbers):
    found = of_numbers.predict(ROWS.astype(object))
    assert_array_equal(found, of_numbers.predict(ROWS))


def test_outputs_are_checked(of_texts):
    with pytest.raises(ValueError, match="output must be one of"):
        of_texts.predict(NEW, output="list")
    with pytest.raises(ValueError, match="output must be one of"):
        of_texts.predict_proba(NEW, output="array")
    with pytest.raises(ValueError, match="y was not a DataFrame"):
        of_texts.predict(NEW, output="frame")


def test_no_vector_without_a_trunk(loaded):
    predictor = loaded(fitted(trunk=None))
    with pytest.raises(AttributeError, match="no shared representation"):
        predictor.transform(NEW)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"trunk": ConvTrunk()}, "ConvTrunk, which needs torch.*BagTrunk, DenseTrunk"),
        (
            {"vectorizer": FastTfidfVectorizer(stop_words="english")},
            "stop_words that is a name",
        ),
        (
            {"vectorizer": make_pipeline(FastTfidfVectorizer(), MaxAbsScaler())},
            "does not support",
        ),
    ],
)
def test_what_does_not_run_is_named(params, message):
    with pytest.raises(RuntimeUnsupported, match=message):
        as_predictor(fitted(**params))


def test_arguments_of_load(tmp_path):
    with pytest.raises(ValueError, match="runtime must be 'torch' or 'numpy'"):
        sklearn_mtl.load(tmp_path / "model.mtl", runtime="onnx")
    with pytest.raises(ValueError, match="takes no `trusted`"):
        sklearn_mtl.load(tmp_path / "model.mtl", runtime="numpy", trusted=["a.B"])


# Changed files ------------------------------------------------------------------------


@pytest.fixture
def document():
    file = io.BytesIO()
    from sklearn_mtl.persistence._document import write_document

    write_document(file, document_of_texts())
    file.seek(0)
    return read_document(file)


def test_weights_must_be_those_of_the_network(document):
    weights = document.weights
    name = "network.head.weight"
    for wrong in (weights[name][:-1], weights[name].astype(float), None):
        document.weights = {k: v for k, v in weights.items() if k != name}
        if wrong is not None:
            document.weights[name] = wrong
        with pytest.raises(BadTensor):
            predictor_of(document)
    document.weights = {**weights, "network.other": weights[name]}
    with pytest.raises(BadTensor, match="that the network does not"):
        predictor_of(document)


def test_values_that_make_no_sense_are_refused_or_harmless(document):
    """Each value of the tree in turn becomes another."""
    good = predictor_of(document).predict_proba(NEW)
    for *path, last in list(walk(document.tree, ())):
        holder = document.tree
        for key in path:
            holder = holder[key]
        before = holder[last]
        for wrong in (None, -1, 10**9, "x", [], {}, {"type": "os.system", "state": {}}):
            holder[last] = wrong
            try:
                predictor = predictor_of(document)
            except ModelFileError:
                continue
            predictor.predict_proba(NEW)
            predictor.predict(NEW)
        holder[last] = before
    again = predictor_of(document).predict_proba(NEW)
    for ours, theirs in zip(again, good, strict=True):
        assert_array_equal(ours, theirs)


def walk(node, path):
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, own in pairs:
        yield (*path, key)
        if isinstance(own, dict | list) and len(path) < 6:
            yield from walk(own, (*path, key))


def test_classes_may_not_be_doubled(document):
    task = document.tree["targets"]["state"]["tasks"][1]["state"]
    task["classes_"]["list"][1] = task["classes_"]["list"][0]
    with pytest.raises(BadState, match="duplicate classes"):
        predictor_of(document)
