"""How an estimator begins fits with several loss weights."""

from copy import copy

from sklearn.base import clone

from ..labels._tables import as_label_table
from ..training._balancing import build_balancing
from ..training._config import TrainingConfig
from ..training._stack import attempt
from ..utils._numpy import numpy_errors
from ..utils._versions import check_sender
from ._joint_fit import JointFit


class JointFitMixin:
    """Fits of copies of an estimator with several loss weights."""

    def _check_each(self, loss_weights, task_names):
        """Raise an error if a parameter or any of several loss weights is invalid."""
        config = TrainingConfig.of(self)
        for weights in loss_weights:
            each = copy(self)
            each.loss_weights = weights
            each._validate_params()
            each._check_strategies()
            each._check_for_tasks(config, task_names)
        if self.checkpoint is not None:
            raise ValueError(
                "This search trains several networks at once, and a checkpoint keeps "
                f"the state of one. Got checkpoint={str(self.checkpoint)!r}. Set "
                "checkpoint=None."
            )

    def _begin_each(self, X, y, loss_weights, sample_weight=None):
        """Begin to fit a copy of this estimator for each of several loss weights.

        Parameters
        ----------
        X, y, sample_weight : as in ``fit``

        loss_weights : list
            Values for the parameter `loss_weights`.

        Returns
        -------
        fits : JointFit

        Raises
        ------
        ValueError
            If the data or a parameter cannot be used.
        """
        check_sender(self)
        names = as_label_table(y, missing_label=self.missing_label).names
        self._check_each(loss_weights, names)
        fresh = clone(self).set_params(loss_weights=loss_weights[0])  # any candidate
        with numpy_errors():
            config, X, cells = fresh._read(X, y, sample_weight)
            built = [
                attempt(build_balancing, each, cells, config) for each in loss_weights
            ]
            run = fresh._prepare(config, X, cells)
            return JointFit(fresh, loss_weights, built, run, cells)

    def _fit_each(self, X, y, loss_weights, sample_weight=None):
        """Return a fitted copy, or an exception, for each of several loss weights.

        The parameters and errors are those of :meth:`_begin_each`. Each copy equals the
        result of ``fit`` with its weights.
        """
        return self._begin_each(X, y, loss_weights, sample_weight).train()
