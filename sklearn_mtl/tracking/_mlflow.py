"""MLflow: logging of fits, and of classifiers as MLflow models."""

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

# The MLflow integration whose autolog settings also apply to us.
_FLAVOR = "sklearn"
# MLflow's types of labels, by dtype kind.
_KINDS = {"U": "string", "O": "string", "i": "long", "f": "double", "b": "boolean"}
# Maximum length of a value in MLflow's databases.
_LONGEST_VALUE = 500
# Fitted attributes with the values chosen for "auto" and other settings.
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
    """Let MLflow log each fit of a MultiTaskTextClassifier, with scores per task.

    ``mlflow.sklearn.autolog()`` only logs fits of scikit-learn's own classes. This
    function calls it and adds :class:`~sklearn_mtl.MultiTaskTextClassifier`. Call it
    once, before the first fit. As with scikit-learn's classes, a fit outside a run gets
    its own run, and a pipeline or search is logged as a whole.

    Parameters
    ----------
    log_models : bool, default=True
        Whether to log fitted models, as :func:`log_mlflow_model` does.

    disable : bool, default=False
        Whether to disable logging, also of scikit-learn's classes.

    silent : bool, default=False
        Whether to suppress messages and warnings of MLflow.

    **options : dict
        Further options of ``mlflow.sklearn.autolog``, which apply to scikit-learn's
        classes.

    Raises
    ------
    ImportError
        If MLflow is not installed.

    Notes
    -----
    A run contains

    - tags ``estimator_name`` and ``estimator_class``;
    - parameters as strings, and the values chosen for "auto": ``max_iter_``, ``alpha_``
      and others;
    - metrics of each epoch, the keys of ``history_``: ``loss_<task>``,
      ``valid_score_<task>`` and others;
    - ``training_accuracy_<task>``, ``training_accuracy_mean`` and others, on the
      training rows. Log scores on other rows yourself, see
      ``examples/track_with_mlflow``.

    Characters that MLflow does not allow in names become ``_``. MLflow reports errors
    while logging as warnings, and the fit continues.

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

    # MLflow reverts all patches, including ours, when its autolog is called again.
    safe_patch(
        _FLAVOR, MultiTaskTextClassifier, "fit", _logged(log_models), manage_run=True
    )


def _logged(log_models):
    """Return a patch for ``fit``, in MLflow's form, that fits and logs."""
    parameters = signature(MultiTaskTextClassifier.fit)

    @wraps(MultiTaskTextClassifier.fit)
    def fit(original, self, *args, **kwargs):
        from mlflow.sklearn import _SklearnTrainingSession

        # MLflow logs a pipeline or search as a whole, not its parts.
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
    """Log a fitted classifier to MLflow as a model for ``mlflow.pyfunc``.

    The model is stored by :meth:`~sklearn_mtl.MultiTaskTextClassifier.save`, without
    pickle. The loaded model takes a data frame with one text column, or with the
    numeric features, and returns a data frame with one column per task.

    Parameters
    ----------
    classifier : MultiTaskTextClassifier
        A fitted classifier. If it contains objects of your own classes, such as a
        vectorizer, the model cannot be loaded, because MLflow offers no way to trust
        classes.

    name : str, default="model"
        Name of the model.

    **options : dict
        Further arguments of ``mlflow.pyfunc.log_model``, for instance
        ``registered_model_name``.

    Returns
    -------
    info : mlflow.models.model.ModelInfo
        Pass its ``model_uri`` to ``mlflow.pyfunc.load_model``.

    Raises
    ------
    ImportError
        If MLflow is not installed.

    ValueError
        If `classifier` is not a MultiTaskTextClassifier.

    sklearn.exceptions.NotFittedError
        If `classifier` is not fitted.

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
            f"{type(classifier).__name__}. For other estimators use "
            "mlflow.sklearn.log_model."
        )
    check_is_fitted(classifier)
    defaults = {
        "signature": _schemas(classifier),
        "pip_requirements": [_requirement(), "pandas"],
        # MLflow warns without an example. It is not a training row, which may be
        # secret.
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
    """Return the pip requirement for this version of the package."""
    try:
        return f"sklearn-mtl=={version('sklearn-mtl')}"
    except PackageNotFoundError:  # a checkout that is not installed
        return "sklearn-mtl"


def _schemas(classifier):
    """Return MLflow's schemas of the model's input and output."""
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
    """Return an example input: a data frame with one row."""
    pandas = import_optional("pandas", "mlflow", "log_mlflow_model")
    if not hasattr(classifier, "n_features_in_"):
        return pandas.DataFrame({"text": ["a text"]})
    names = _feature_names(classifier)
    return pandas.DataFrame([[0.0] * len(names)], columns=names)


def _feature_names(classifier):
    names = getattr(classifier, "feature_names_in_", range(classifier.n_features_in_))
    return [str(name) for name in names]


def _as_name(key):
    """Return the key with characters replaced that MLflow does not allow."""
    return re.sub(r"[^\w\-./: ]", "_", str(key))


def _shorten(text):
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
