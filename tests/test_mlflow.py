"""Fits and models in MLflow."""

import warnings
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn import model_selection
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import make_multitask_texts
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold
from sklearn_mtl.tracking import log_mlflow_model, mlflow_autolog

if find_spec("mlflow") is None:
    pytest.skip("mlflow is not installed", allow_module_level=True)

# Warnings of MLflow, which meets newer versions of pandas and scikit-learn.
pytestmark = pytest.mark.filterwarnings("ignore")

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


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        # Newer versions ask for a database where there is no such permission.
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of itself when it is imported
            import mlflow
            import mlflow.pyfunc
            import mlflow.sklearn
        before = mlflow.get_tracking_uri()
        mlflow.set_tracking_uri((tmp_path_factory.mktemp("mlflow") / "runs").as_uri())
        yield mlflow
        mlflow_autolog(disable=True)
        mlflow.set_tracking_uri(before)


def runs(mlflow):
    return len(mlflow.search_runs(output_format="list"))


def test_a_fit_is_logged_with_scores_of_each_task(mlflow):
    mlflow_autolog(log_models=False, silent=True)
    with mlflow.start_run() as run:
        clf = make(early_stopping=True).fit(TEXTS, LABELS)
    data = mlflow.get_run(run.info.run_id).data
    assert data.tags["estimator_class"] == "sklearn_mtl.MultiTaskTextClassifier"
    assert data.params["early_stopping"] == "True"
    assert data.params["max_iter_"] == "3"
    assert data.params["trunk"] == "auto"
    assert data.params["trunk_"] == "BagTrunk()"
    scores = multitask_scorer()(clf, TEXTS, LABELS)
    assert data.metrics["training_accuracy_stars"] == scores["stars"]
    assert data.metrics["training_accuracy__tone_"] == scores["<tone>"]
    assert data.metrics["training_accuracy_mean"] == scores["mean"]
    client = mlflow.MlflowClient()
    curve = client.get_metric_history(run.info.run_id, "valid_score_stars")
    assert [point.step for point in curve] == [1, 2, 3]
    assert [point.value for point in curve] == [
        epoch["valid_score_stars"] for epoch in clf.history_
    ]
    # The fit itself is the same.
    mlflow_autolog(disable=True, silent=True)
    same = make(early_stopping=True).fit(TEXTS, LABELS)
    assert_array_equal(clf.predict(TEXTS), same.predict(TEXTS))


def test_a_fit_is_logged_once_or_by_what_it_is_part_of(mlflow):
    mlflow_autolog(log_models=False, silent=True)
    mlflow_autolog(log_models=False, silent=True)  # twice is as good as once
    before = runs(mlflow)
    make().fit(iter(TEXTS), y=CODES)  # an iterator is read once
    assert runs(mlflow) == before + 1
    last = mlflow.last_active_run().data
    assert last.metrics["training_accuracy_task0"] > 0.3
    # MLflow replaces the function in its module, to leave the fits of folds out.
    model_selection.cross_validate(make(), TEXTS, CODES, cv=MultiTaskStratifiedKFold(2))
    assert runs(mlflow) == before + 1
    mlflow_autolog(disable=True, silent=True)
    make().fit(TEXTS, CODES)
    assert runs(mlflow) == before + 1


def test_a_search_logs_its_candidates_itself(mlflow):
    mlflow_autolog(log_models=False, silent=True)
    with mlflow.start_run() as run:
        GridSearchCV(
            make(), {"alpha": [0.0, 1e-3]}, cv=MultiTaskStratifiedKFold(2)
        ).fit(TEXTS, CODES)
    mlflow_autolog(disable=True, silent=True)
    tags = mlflow.get_run(run.info.run_id).data.tags
    assert tags["estimator_name"] == "GridSearchCV"


def test_errors_of_a_fit_reach_the_caller(mlflow):
    mlflow_autolog(log_models=False, silent=True)
    with pytest.raises(ValueError, match="y to be passed"):
        make().fit(TEXTS, None)
    with pytest.raises(TypeError, match="missing"):
        make().fit()
    mlflow_autolog(disable=True, silent=True)


def test_a_model_takes_a_frame_of_one_column(mlflow, fitted):
    with mlflow.start_run():
        info = log_mlflow_model(fitted)
    model = mlflow.pyfunc.load_model(info.model_uri)
    frame = pd.DataFrame({"text": TEXTS[:9]})
    expected = fitted.predict(TEXTS[:9], output="frame")
    for name in LABELS:
        assert model.predict(frame)[name].tolist() == expected[name].tolist()
    signature = model.metadata.signature
    assert [c.type.name for c in signature.inputs] == ["string"]
    assert [c.type.name for c in signature.outputs] == ["long", "string"]
    assert signature.outputs.input_names() == list(LABELS)


def test_a_model_of_numbers_takes_their_columns(mlflow):
    frame = pd.DataFrame(np.random.RandomState(0).rand(60, 3), columns=list("pqr"))
    clf = make().fit(frame, CODES[:60])
    with mlflow.start_run():
        info = log_mlflow_model(clf)
    model = mlflow.pyfunc.load_model(info.model_uri)
    assert model.metadata.signature.inputs.input_names() == ["p", "q", "r"]
    assert_array_equal(model.predict(frame).to_numpy(), clf.predict(frame))


def test_within_a_pipeline_it_is_the_pipeline_that_is_logged(mlflow):
    pipeline = make_pipeline("passthrough", make())
    mlflow_autolog(log_models=False, silent=True)
    with mlflow.start_run() as run:
        pipeline.fit(TEXTS, CODES)
    mlflow_autolog(disable=True, silent=True)
    data = mlflow.get_run(run.info.run_id).data
    assert data.tags["estimator_name"] == "Pipeline"
    assert data.params["multitasktextclassifier__max_iter"] == "3"


def test_other_classifiers_are_refused(mlflow):
    with pytest.raises(ValueError, match=r"Got LogisticRegression.*mlflow\.sklearn"):
        log_mlflow_model(LogisticRegression())
    with pytest.raises(NotFittedError):
        log_mlflow_model(make())
