"""Damaged files, as the runtime on numpy reads them."""

import io
from functools import partial
from pathlib import Path

import pytest
from fuzz_model_files import TEXTS, make_original, run_case
from numpy.testing import assert_allclose, assert_array_equal
from write_version_file import TEXTS as WORDS

import sklearn_mtl
from sklearn_mtl.persistence._errors import (
    PasswordNeeded,
    RuntimeUnsupported,
    WrongPassword,
)

FILES = Path(__file__).parent / "files"

load = partial(sklearn_mtl.load, runtime="numpy")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("original") / "model.mtl"
    content, _ = make_original()
    path.write_bytes(content)
    return content, load(path).predict_proba(TEXTS)


@pytest.mark.parametrize(
    "path", sorted(FILES.glob("*.mtl")), ids=lambda path: path.stem
)
def test_files_of_older_versions_answer_as_with_torch(path):
    try:
        predictor = load(path)
    except RuntimeUnsupported:
        assert "tokens" in path.stem
        return
    clf = sklearn_mtl.load(path)
    pairs = zip(predictor.predict_proba(WORDS), clf.predict_proba(WORDS), strict=True)
    for ours, theirs in pairs:
        assert_allclose(ours, theirs, atol=1e-6)
    assert_array_equal(predictor.predict(WORDS), clf.predict(WORDS))


def test_encrypted_files(original, tmp_path):
    pytest.importorskip("cryptography")
    path = tmp_path / "model.mtl"
    clf = sklearn_mtl.load(io.BytesIO(original[0]))
    clf.save(path, key=bytes(range(32)))
    predictor = load(path, key=bytes(range(32)))
    for ours, theirs in zip(predictor.predict_proba(TEXTS), original[1], strict=True):
        assert_array_equal(ours, theirs)
    with pytest.raises(WrongPassword):
        load(path, key=bytes(32))
    with pytest.raises(PasswordNeeded):
        load(path)


def test_predictions_outlive_a_new_file_in_the_place_of_the_old(original, tmp_path):
    path = tmp_path / "model.mtl"
    clf = sklearn_mtl.load(io.BytesIO(original[0]))
    clf.save(path)
    predictor = load(path)
    clf.save(path, dtype="int8")
    path.unlink()
    for ours, theirs in zip(predictor.predict_proba(TEXTS), original[1], strict=True):
        assert_array_equal(ours, theirs)


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_damaged_files_are_refused_or_predict_the_same(original, start, tmp_path):
    for seed in range(start, start + 50):
        run_case(seed, *original, tmp_path / "model.mtl", load=load)
