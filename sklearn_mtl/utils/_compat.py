"""Private names of scikit-learn, and replacements for what older releases lack.

All code that depends on the release of scikit-learn is in this module, and so are all
imports from its private modules. Other modules import them from here.
"""

from collections.abc import Callable
from contextlib import nullcontext
from inspect import signature
from typing import Any, Self, TypeVar, cast

import numpy as np
from sklearn import metrics
from sklearn.base import _fit_context
from sklearn.metrics._scorer import _BaseScorer
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._validation import (
    _score,
    _warn_or_raise_about_fit_failures,
)
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    StrOptions,
    validate_params,
)
from sklearn.utils.validation import _check_method_params

from ._typing import Array

try:  # new in 1.9
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Replaces the class of that name: has no ``set_callbacks``."""


try:  # new in 1.9, like the setting "sparse_interface" it depends on
    from sklearn.utils._sparse import _align_api_if_sparse
except ImportError:
    from scipy.sparse import csr_matrix, issparse, isspmatrix

    def _align_api_if_sparse(X: Any) -> Any:
        # Older releases return matrices, which is also the default of 1.9.
        return csr_matrix(X) if issparse(X) and not isspmatrix(X) else X


__all__ = [
    "BaseSearchCV",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "StrOptions",
    "_BaseScorer",
    "_align_api_if_sparse",
    "_check_method_params",
    "_score",
    "_warn_or_raise_about_fit_failures",
    "brier_score_loss",
    "callback_context",
    "fit_context",
    "validate_params",
]

Method = TypeVar("Method", bound=Callable[..., Any])


def brier_score_loss(
    y_true: Array, y_proba: Array, *, sample_weight: Array | None = None, labels: Array
) -> float:
    """Return the mean squared distance of probabilities from the true labels.

    Like scikit-learn's function of that name, which supports several classes from 1.7
    on.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,)

    y_proba : ndarray of shape (n_samples, n_classes)

    sample_weight : ndarray of shape (n_samples,), default=None

    labels : ndarray of shape (n_classes,)
        Labels of the columns of `y_proba`, in sorted order.

    Returns
    -------
    loss : float
        Halved if there are two classes.
    """
    if "labels" in signature(metrics.brier_score_loss).parameters:
        loss = metrics.brier_score_loss(
            y_true, y_proba, sample_weight=sample_weight, labels=labels
        )
        return float(loss)
    missed = y_proba - (np.asarray(y_true)[:, None] == np.asarray(labels))
    loss = float(np.average((missed**2).sum(axis=1), weights=sample_weight))
    return loss / 2 if len(labels) == 2 else loss


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Method], Method]:
    """Return scikit-learn's decorator of fit, typed to keep the method's signature."""
    decorate = _fit_context(prefer_skip_nested_validation=prefer_skip_nested_validation)
    return cast(Callable[[Method], Method], decorate)


class _NoCallbacks:
    """A callback context without callbacks, also for its subtasks."""

    def subcontext(self, task_name: str, max_subtasks: int = 0) -> Self:
        return self

    def call_on_fit_task_begin(self, **data: Any) -> Self:
        return self

    def call_on_fit_task_end(self, **data: Any) -> bool:
        return False  # no request to stop

    def propagate_callback_context(self, estimator: Any) -> nullcontext[None]:
        return nullcontext()


def callback_context(estimator: Any, max_subtasks: int) -> Any:
    """Return the context in which scikit-learn calls the callbacks of a fit.

    Parameters
    ----------
    estimator : estimator

    max_subtasks : int

    Returns
    -------
    context : CallbackContext
        Before scikit-learn 1.9, which has no callbacks, an object with the same methods
        that do nothing.
    """
    if hasattr(estimator, "_init_callback_context"):
        return estimator._init_callback_context(max_subtasks=max_subtasks)
    return _NoCallbacks()
