"""Weights of a model file in fewer bytes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from test_every_network import LABELS, TEXTS, TRUNKS, data_of

import sklearn_mtl
from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.persistence._compact import compact, expand
from sklearn_mtl.persistence._errors import BadTensor, CannotSave

rng = np.random.default_rng(0)
WEIGHTS = {
    "rows": rng.normal(size=(500, 40)).astype("f4")
    * np.geomspace(1e-6, 1e6, 500)[:, None].astype("f4"),
    "zeros": np.zeros((500, 40), "f4"),
    "filters": rng.normal(size=(100, 40, 3)).astype("f4"),
    "double": rng.normal(size=(500, 40)),
    "small": rng.normal(size=(5, 4)).astype("f4"),
    "long": rng.normal(size=20_000),
    "integers": np.arange(20_000).reshape(200, 100),
}


def test_by_default_nothing_changes():
    assert compact(WEIGHTS, "float32") is WEIGHTS
    assert expand(WEIGHTS, "float32") is WEIGHTS


def test_an_unknown_type_is_refused():
    with pytest.raises(ValueError, match=r"dtype must be one of.*Got 'int4'"):
        compact(WEIGHTS, "int4")


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_small_weights_and_integers_stay(dtype):
    weights = {k: v for k, v in WEIGHTS.items() if k != "rows"}
    found = expand(compact(weights, dtype), dtype)
    for name in ("small", "integers", "zeros"):
        assert_array_equal(found[name], weights[name])
    assert_array_equal(found["long"], weights["long"].astype("f4"))
    assert found.keys() == weights.keys()


def test_bytes_have_an_error_of_half_a_step_of_their_row():
    stored = compact(WEIGHTS, "int8")
    assert stored["rows"].dtype == np.int8
    assert stored["rows.scale"].shape == (500,)
    found = expand(stored, "int8")
    for name in ("rows", "filters", "double"):
        array = WEIGHTS[name].reshape(len(WEIGHTS[name]), -1)
        step = np.abs(array).max(axis=1, keepdims=True) / 127
        error = np.abs(found[name].reshape(array.shape) - array)
        assert (error <= 0.501 * step).all()
        assert found[name].dtype == np.float32
    assert expand(stored, "int8", "float64")["double"].dtype == np.float64


def test_half_floats_have_eleven_bits():
    found = expand(compact({"a": WEIGHTS["double"]}, "float16"), "float16", "float64")
    assert_allclose(found["a"], WEIGHTS["double"], rtol=2**-11, atol=1e-7)
    with pytest.raises(
        CannotSave, match=r"'rows' contains.*too large for 16-bit floats"
    ):
        compact(WEIGHTS, "float16")


@pytest.mark.parametrize("trunk", ["bag", "dense", "conv", "attention"])
@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_classifiers_come_back_about_as_they_were(trunk, dtype, tmp_path, monkeypatch):
    monkeypatch.setattr("sklearn_mtl.persistence._compact.SMALLEST", 1)
    X = data_of(trunk)
    clf = MultiTaskTextClassifier(trunk=TRUNKS[trunk], max_iter=1, random_state=0)
    clf.fit(X, LABELS).save(tmp_path / "model.mtl", dtype=dtype)
    found = sklearn_mtl.load(tmp_path / "model.mtl")
    for own, other in zip(found.predict_proba(X), clf.predict_proba(X), strict=True):
        assert_allclose(own, other, atol={"float16": 1e-3, "int8": 2e-2}[dtype])
    found.set_params(warm_start=True).fit(X, LABELS)


def test_files_get_smaller(tmp_path):
    texts = [f"{text} {k}{k} {k}a{k}" for k, text in enumerate(TEXTS * 8)]
    y = {"topic": ["arts", "news", "tech"] * 128}
    clf = MultiTaskTextClassifier(max_iter=1, random_state=0, embedding="lsa")
    clf.fit(texts, y)
    sizes = {}
    for dtype in ("float32", "float16", "int8"):
        clf.save(tmp_path / "model.mtl", dtype=dtype)
        sizes[dtype] = (tmp_path / "model.mtl").stat().st_size
    assert sizes["float16"] < 0.6 * sizes["float32"]
    assert sizes["int8"] < 0.4 * sizes["float32"]


@pytest.mark.parametrize(
    "scales", [np.ones(499, "f4"), np.ones(500), np.ones((500, 1), "f4")]
)
def test_scales_that_do_not_fit_are_refused(scales):
    stored = {"a": np.ones((500, 40), "i1"), "a.scale": scales}
    with pytest.raises(BadTensor, match="scales of the array 'a' do not match"):
        expand(stored, "int8")
