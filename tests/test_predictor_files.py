"""Damaged files, as the runtime on numpy reads them."""

from functools import partial

import pytest
from fuzz_model_files import TEXTS, make_original, run_case

import sklearn_mtl

load = partial(sklearn_mtl.load, runtime="numpy")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("original") / "model.mtl"
    content, _ = make_original()
    path.write_bytes(content)
    return content, load(path).predict_proba(TEXTS)


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_damaged_files_are_refused_or_predict_the_same(original, start, tmp_path):
    for seed in range(start, start + 50):
        run_case(seed, *original, tmp_path / "model.mtl", load=load)
