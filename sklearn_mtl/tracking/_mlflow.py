"""MLflow: what is logged of a fit, and a classifier as an MLflow model."""

import re
from functools import wraps
from importlib.metadata import PackageNotFoundError, version
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sklearn.utils.validation import check_is_fitted

from .._classifier import MultiTaskTextClassifier
from ..metrics import multitask_scorer
from ..utils._optional import import_optional
from ..utils._rows import settled
from . import _loaded

# The integration of MLflow whose switches count for us as well.
_FLAVOR = "sklearn"
# MLflow's types of labels, by the kind of their dtype.
_KINDS = {"U": "string", "O": "string", "i": "long", "f": "double", "b": "boolean"}
# What MLflow stores of a value, in its databases.
_LONGEST_VALUE = 500
# What "auto" and other settings came to.
_FOUND = (
    "trunk_",
    "sharing_",
    "max_iter_",
    "batch_size_",
    "learning_rate_init_",
    "alpha_",
    "early_stopping_",
    "best_iter_",
)


def mlflow_autolog(
    *,
    log_models: bool = True,
    disable: bool = False,
    silent: bool = False,
    **options: Any,
) -> None:
    """Let MLflow log each fit of a MultiTaskTextClassifier, with scores of each task.

    ``mlflow.sklearn.autolog()`` logs fits of scikit-learn's own classes only. This
    function calls it and adds :class:`~sklearn_mtl.MultiTaskTextClassifier`. Call it
    once, before the first fit. As with scikit-learn's classes, a fit outside a run has
    a run of its own, and of a pipeline or a search MLflow logs the whole.

    Parameters
    ----------
    log_models : bool, default=True
        Whether to log fitted models, as :func:`log_mlflow_model` does.

    disable : bool, default=False
        Whether to stop logging, of scikit-learn's classes too.

    silent : bool, default=False
        Whether to suppress messages and warnings of MLflow.

    **options : dict
        Further options of ``mlflow.sklearn.autolog``, for scikit-learn's classes.

    Raises
    ------
    ImportError
        If MLflow is not installed.

    Notes
    -----
    A run gets

    - tags ``estimator_name`` and ``estimator_class``;
    - parameters, as texts, and what those that are "auto" came to: ``max_iter_``,
      ``alpha_`` and others;
    - metrics of each epoch, the keys of ``history_``: ``loss_<task>``,
      ``valid_score_<task>`` and others;
    - ``training_accuracy_<task>``, ``training_accuracy_mean`` and others, on the rows
      of the fit. Log scores on other rows yourself, see ``examples/track_with_mlflow``.

    Characters that MLflow does not allow in names become ``_``. Errors while logging
    are warnings of MLflow; the fit goes on.

    Examples
    --------
    >>> from sklearn_mtl.tracking import mlflow_autolog
    >>> mlflow_autolog(log_models=False)  # doctest: +SKIP
    >>> clf.fit(texts, labels)  # doctest: +SKIP
    """
    mlflow_sklearn = import_optional("mlflow.sklearn", "mlflow", "mlflow_autolog")
    mlflow_sklearn.autolog(
        log_models=log_models, disable=disable, silent=silent, **options
    )
    if disable:
        return
    from mlflow.utils.autologging_utils import safe_patch

    # MLflow reverts patches when its autolog is called again, and ours with them.
    safe_patch(
        _FLAVOR, MultiTaskTextClassifier, "fit", _logged(log_models), manage_run=True
    )


def _logged(log_models):
    """Return a function that fits and logs, to be called as MLflow calls patches."""
    parameters = signature(MultiTaskTextClassifier.fit)

    @wraps(MultiTaskTextClassifier.fit)
    def fit(original, self, *args, **kwargs):
        from mlflow.sklearn import _SklearnTrainingSession

        # Within a pipeline or a search, MLflow logs these and not their parts.
        with _SklearnTrainingSession(estimator=self, allow_children=False) as session:
            if not session.should_log():
                return original(self, *args, **kwargs)
            given = parameters.bind(self, *args, **kwargs)
            given.arguments["X"] = settled(given.arguments["X"])
            fitted = original(*given.args, **given.kwargs)
            given.arguments.pop("self")
            _log_fit(fitted, **given.arguments)
            if log_models:
                log_mlflow_model(fitted)
            return fitted

    return fit


def _log_fit(classifier, X, y, sample_weight=None):
    """Log a fit to the active run."""
    import mlflow

    kind = type(classifier)
    mlflow.set_tags(
        {
            "estimator_name": kind.__name__,
            "estimator_class": f"{kind.__module__.split('.')[0]}.{kind.__name__}",
        }
    )
    params = classifier.get_params(deep=False)
    params |= {name: getattr(classifier, name) for name in _FOUND}
    mlflow.log_params({k: _shorten(str(v)) for k, v in params.items()})
    for epoch in classifier.history_:
        metrics = {_as_name(key): float(value) for key, value in epoch.items()}
        mlflow.log_metrics(metrics, step=int(metrics.pop("epoch")))
    scores = multitask_scorer("accuracy")(classifier, X, y, sample_weight)
    mlflow.log_metrics(
        {_as_name(f"training_accuracy_{key}"): value for key, value in scores.items()}
    )


def log_mlflow_model(
    classifier: MultiTaskTextClassifier, name: str = "model", **options: Any
) -> Any:
    """Log a fitted classifier to MLflow as a model that ``mlflow.pyfunc`` loads.

    It is stored by :meth:`~sklearn_mtl.MultiTaskTextClassifier.save`, so no pickle of
    the classifier has to be trusted. The loaded model takes a data frame with one
    column of texts, or with the numeric features, and returns a frame with a column for
    each task.

    Parameters
    ----------
    classifier : MultiTaskTextClassifier
        Fitted. Objects of classes of your own in it, such as a vectorizer, cannot
        be loaded again, because MLflow has no way to say that they are trusted.

    name : str, default="model"
        Name of the model.

    **options : dict
        Further arguments of ``mlflow.pyfunc.log_model``, for instance
        ``registered_model_name``.

    Returns
    -------
    info : mlflow.models.model.ModelInfo
        Its ``model_uri`` is what ``mlflow.pyfunc.load_model`` takes.

    Raises
    ------
    ImportError
        If MLflow is not installed.

    ValueError
        If `classifier` is no MultiTaskTextClassifier.

    sklearn.exceptions.NotFittedError
        If it is not fitted.

    Examples
    --------
    >>> from sklearn_mtl.tracking import log_mlflow_model
    >>> info = log_mlflow_model(clf)  # doctest: +SKIP
    >>> model = mlflow.pyfunc.load_model(info.model_uri)  # doctest: +SKIP
    >>> model.predict(pandas.DataFrame({"text": ["great film"]}))  # doctest: +SKIP
    """
    pyfunc = import_optional("mlflow.pyfunc", "mlflow", "log_mlflow_model")
    if not isinstance(classifier, MultiTaskTextClassifier):
        raise ValueError(
            "classifier must be a MultiTaskTextClassifier. Got "
            f"{type(classifier).__name__}. For others take mlflow.sklearn.log_model."
        )
    check_is_fitted(classifier)
    defaults = {
        "signature": _schemas(classifier),
        "pip_requirements": [_requirement(), "pandas"],
        # Without one MLflow warns. It is not of the training rows, which may be secret.
        "input_example": _example(classifier),
    }
    with TemporaryDirectory() as folder:
        path = Path(folder) / "classifier.mtl"
        classifier.save(path)
        return pyfunc.log_model(
            name=name,
            loader_module=_loaded.__name__,
            data_path=str(path),
            **defaults | options,
        )


def _requirement():
    """Return what pip installs to have this package in this version."""
    try:
        return f"sklearn-mtl=={version('sklearn-mtl')}"
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "sklearn-mtl"


def _schemas(classifier):
    """Return what a model takes and gives, as MLflow describes it."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = [ColSpec("string", "text")]
    if hasattr(classifier, "n_features_in_"):
        inputs = [ColSpec("double", name) for name in _feature_names(classifier)]
    outputs = None
    if "multilabel" not in classifier.task_types_.values():
        tasks = zip(classifier.task_names_, classifier.targets_.tasks, strict=True)
        kinds = {name: _KINDS.get(task.classes_.dtype.kind) for name, task in tasks}
        if None not in kinds.values():
            outputs = Schema([ColSpec(k, str(name)) for name, k in kinds.items()])
    return ModelSignature(inputs=Schema(inputs), outputs=outputs)


def _example(classifier):
    """Return a frame of one row that the classifier can read."""
    pandas = import_optional("pandas", "mlflow", "log_mlflow_model")
    if not hasattr(classifier, "n_features_in_"):
        return pandas.DataFrame({"text": ["a text"]})
    names = _feature_names(classifier)
    return pandas.DataFrame([[0.0] * len(names)], columns=names)


def _feature_names(classifier):
    names = getattr(classifier, "feature_names_in_", range(classifier.n_features_in_))
    return [str(name) for name in names]


def _as_name(key):
    """Return a name without the characters that MLflow refuses."""
    return re.sub(r"[^\w\-./: ]", "_", str(key))


def _shorten(text):
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
