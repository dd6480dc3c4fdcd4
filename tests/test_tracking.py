"""What MLflow is given, where it need not be installed."""

import sys

import pandas as pd
import pytest

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.tracking import log_mlflow_model, mlflow_autolog
from sklearn_mtl.tracking._loaded import _load_pyfunc

TEXTS, CODES = make_multitask_texts(120, n_tasks=2, missing_rate=0.2, random_state=0)
TEXTS = list(TEXTS)
LABELS = pd.DataFrame(CODES, columns=["stars", "<tone>"])
LABELS["<tone>"] = LABELS["<tone>"].map(dict(enumerate("abcdef")))
LABELS["stars"] = LABELS["stars"].astype("Int64")


def make(**params):
    return MultiTaskTextClassifier(max_iter=3, random_state=0, **params)


@pytest.fixture(scope="module")
def fitted():
    return make().fit(TEXTS, LABELS)


def test_a_model_is_loaded_from_its_file(fitted, tmp_path):
    fitted.save(tmp_path / "classifier.mtl")
    loaded = _load_pyfunc(str(tmp_path / "classifier.mtl"))
    found = loaded.predict(pd.DataFrame({"any name": TEXTS}))
    expected = fitted.predict(TEXTS, output="frame")
    assert list(found) == list(LABELS)
    for name in LABELS:
        assert found[name].tolist() == expected[name].tolist()


def test_cells_of_several_labels_are_lists(tmp_path):
    tags = {"tags": [["a", "b"] if row % 2 else ["c"] for row in range(120)]}
    make().fit(TEXTS, tags).save(tmp_path / "classifier.mtl")
    found = _load_pyfunc(tmp_path / "classifier.mtl").predict(
        pd.DataFrame({"text": TEXTS[:5]})
    )
    assert all(isinstance(cell, list) for cell in found["tags"])


def test_without_mlflow_the_extra_is_named(monkeypatch):
    for name in ("mlflow", "mlflow.sklearn", "mlflow.pyfunc"):
        monkeypatch.setitem(sys.modules, name, None)
    for call in (mlflow_autolog, lambda: log_mlflow_model(make())):
        with pytest.raises(ImportError, match=r"needs mlflow.*sklearn-mtl\[mlflow\]"):
            call()
