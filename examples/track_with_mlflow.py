"""
Fits and models in MLflow
=========================

``mlflow.sklearn.autolog()`` logs fits of scikit-learn's own classes. With
``mlflow_autolog`` of this package MLflow also logs fits of the classifier: parameters,
curves and scores of every task, and a model. Needs ``pip install
"sklearn-mtl[mlflow]"``; runs are kept in a folder, without a server.
"""

# %%
# A place for runs
# ----------------
#
# A real project has a database or a server, which ``mlflow.set_tracking_uri`` names.

import os
import tempfile
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")

import mlflow
import pandas as pd

from sklearn_mtl import MultiTaskTextClassifier
from sklearn_mtl.datasets import load_docstrings
from sklearn_mtl.metrics import multitask_scorer
from sklearn_mtl.model_selection import train_test_split
from sklearn_mtl.tracking import mlflow_autolog

place = tempfile.TemporaryDirectory()
mlflow.set_tracking_uri((Path(place.name) / "runs").as_uri())
mlflow.set_experiment("docstrings")

# %%
# Texts and tasks
# ---------------
#
# Docstrings of Python and of the installed libraries, with two tasks. Some cells of
# "n_parameters" are empty.

tasks = ["library", "n_parameters"]
frame = load_docstrings(as_frame=True).frame.sample(1000, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(
    frame["text"].str[:500], frame[tasks], random_state=0
)

# %%
# Two runs
# --------
#
# Each fit logs its parameters, what "auto" came to (``max_iter_``), the metrics of each
# epoch and the accuracy on the training rows. What counts are scores on other rows.
# The scorer gives them by task, and one line logs them.

mlflow_autolog(silent=True)
scorer = multitask_scorer("f1_macro")

for sharing in ("shared-private", "separate"):
    with mlflow.start_run(run_name=sharing):
        classifier = MultiTaskTextClassifier(
            sharing=sharing, early_stopping=True, max_iter=8, random_state=0
        )
        classifier.fit(X_train, y_train)
        scores = scorer(classifier, X_test, y_test)
        mlflow.log_metrics({f"test_f1_{name}": s for name, s in scores.items()})

mlflow_autolog(disable=True)

# %%
# Compare them
# ------------
#
# ``search_runs`` gives a frame with a row for each run.

found = mlflow.search_runs(order_by=["metrics.test_f1_mean DESC"])
columns = {
    "params.sharing": "sharing",
    "params.max_iter_": "epochs",
    "metrics.training_accuracy_mean": "training accuracy",
    **{f"metrics.test_f1_{name}": f"F1 {name}" for name in (*tasks, "mean")},
}
table = found[list(columns)].rename(columns=columns).round(3)
print("Macro-F1 on held-out rows:\n")
print(table.to_string(index=False))

# %%
# Load a model
# ------------
#
# The model of a run holds the file that ``classifier.save`` writes, and no pickle. It
# takes a frame with one column of texts, and returns a frame with a column for each
# task. ``log_mlflow_model`` logs a model without ``mlflow_autolog``.

(best,) = mlflow.search_logged_models(
    filter_string=f"source_run_id = '{found.loc[0, 'run_id']}'", output_format="list"
)
model = mlflow.pyfunc.load_model(best.model_uri)
new = pd.DataFrame({"text": ["Return a copy of the array.", "Open a socket."]})
labels = model.predict(new)
print("\nWhat the model loaded from MLflow predicts:\n")
print(pd.concat([new, labels], axis=1).to_string(index=False))
place.cleanup()
