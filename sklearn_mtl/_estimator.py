"""The base class of the estimator: fit and predict, without parameters."""

from copy import copy
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from ._reading import RowsMixin
from .balancing import BaseBalancing, check_balancing, resolve_balancing
from .balancing._base import build_balancer
from .data._cells import read_cells
from .data._features import check_numeric
from .data._rows import FEW, SMALL, match_trunk
from .labels._tables import as_label_table
from .metrics._accuracy import mean_accuracy
from .persistence._saving import SavingMixin
from .sharing import BaseSharing, has_representation
from .training._aside import set_aside
from .training._config import TrainingConfig
from .training._conflicts import ConflictWatch
from .training._dataset import RowDataset, sorted_by_length
from .training._effects import feature_effects
from .training._history import with_tasks
from .training._plan import auto_width
from .training._probe import needs_probe, not_probed, probe
from .training._progress import EpochProgress, FitProgress
from .training._run import TrainingRun
from .training._runtime import computing
from .training._stack import attempt
from .trunks import BagTrunk, BaseTrunk, reads_tokens, resolve_trunk
from .utils._compat import CallbackSupportMixin
from .utils._numpy import numpy_errors
from .utils._rows import n_rows, settled, take_rows
from .utils._state import fitted_attributes, reads_one_fit, take_over, without_fit
from .utils._texts import read_texts
from .utils._typing import Array


class BaseMultiTask(RowsMixin, SavingMixin, CallbackSupportMixin, BaseEstimator):
    """Fits a net to X and y, and predicts codes from X.

    Reads the constructor parameters of
    :class:`~sklearn_mtl.MultiTaskTextClassifier` and sets its fitted attributes.
    """

    def __setstate__(self, state):
        super().__setstate__(state)
        if hasattr(self, "net_"):  # loading may have chosen another device
            self.device_ = self.net_.device

    def _fit_aside(self, X: Any, y: Any, sample_weight: Any) -> Self:
        # Fit a copy and take over its state at the end, so that a failed or interrupted
        # fit leaves the previous fit unchanged.
        X = settled(X)
        fresh = copy(self) if self.warm_start else without_fit(self)
        progress = FitProgress(self, X, y, sample_weight)
        whole = progress.begin_fit(n_parts=2)
        with numpy_errors():
            fresh._fit(X, y, sample_weight, progress, whole)
        progress.end(whole, lambda: fitted_attributes(fresh))
        take_over(self, fresh)
        return self

    def _fit(self, X, y, sample_weight, progress, whole):
        with progress.part(whole, "vectorize"):
            config, X, cells = self._read(X, y, sample_weight)
            balancing = _build_balancing(self.loss_weights, cells)
            run = self._prepare(config, X, cells)
        with progress.part(whole, "train", run.plan.max_iter) as training:

            def fitted(net):
                now = copy(self)
                now._set_fitted(net, run, cells, run.calibration(net))
                return fitted_attributes(now)

            watching = (
                [EpochProgress(progress, training, fitted)]
                if progress.is_watched
                else []
            )
            with computing(self.n_jobs):
                net = run.fit(balancing, watching)
                calibration = run.finish(net)
        self._set_fitted(net, run, cells, calibration)

    def _read(self, X, y, sample_weight, names=None):
        """Check X, y and the parameters that refer to tasks.

        Sets scikit-learn's attributes that describe X. Tasks may get other `names`.

        Returns
        -------
        config : TrainingConfig

        X : list of str, or numeric rows

        cells : LabelledCells
        """
        config = TrainingConfig.of(self)
        self._check_strategies()
        texts = read_texts(X, self.vectorizer)
        if texts is not None:
            X = texts
        elif isinstance(self.vectorizer, str):
            X = check_numeric(self, X, reset=not hasattr(self, "net_"))
        self._check_embedding(texts)
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        cells = read_cells(
            y,
            sample_weight,
            n_rows(X),
            missing_label=self.missing_label,
            task_types=self.task_types,
            class_weight=self.class_weight,
            # Set before only in a warm start.
            targets=getattr(self, "targets_", None),
            grow=self.grow,
            names=names,
        )
        self._check_for_tasks(config, cells.targets.names)
        return config, X, cells

    def _prepare(self, config, X, cells, adds=None):
        """Turn what :meth:`_read` returns into a training run, see TrainingRun.

        Sets ``vectorizer_``, ``column_scales_``, ``term_weights_`` and ``embedding_``.
        """
        previous = getattr(self, "net_", None)
        is_first = previous is None or adds is not None
        learnt, aside = set_aside(
            config, cells, is_first=is_first, more_than=FEW if adds is None else SMALL
        )
        rows, dense = self._fit_rows(take_rows(X, cells.kept), cells, learnt)
        n_logits = sum(task.n_logits for task in cells.targets.tasks)
        before = previous.module__trunk if previous else None
        width = auto_width(rows.shape[0], n_logits, before)
        trunk = resolve_trunk(self.trunk, sparse=issparse(rows), n_units=width)
        rows = match_trunk(
            rows,
            sparse=trunk is not None and trunk.reads_sparse,
            tokens=reads_tokens(trunk),
            n_tokens=previous.module__spec.n_features if previous else None,
        )
        probed = self._probe(config, rows, dense, cells, trunk, adds)
        return TrainingRun(
            probed.settle(config),
            rows,
            cells,
            trunk,
            previous,
            getattr(self.vectorizer_, "tokens_", ()),
            self.term_weights_ if reads_tokens(trunk) else None,
            learnt,
            aside,
            probed,
            dense,
            adds,
        )

    def _probe(self, config, rows, dense, cells, trunk, adds):
        """Return the settings that the probe chooses."""
        if adds is not None:
            return not_probed(config, self.alpha_, None, self.learning_rate_factor_)
        if hasattr(self, "net_"):
            known, names = self.targets_.names, cells.targets.names
            return not_probed(
                config,
                self.alpha_,
                self.calibration_.for_names(known, names),
                self.learning_rate_factor_,
            )
        if not needs_probe(config, rows):
            return not_probed(config)

        def train(config, rows, dense, cells):
            run = TrainingRun(config, rows, cells, trunk, dense=dense)
            return run.fit(_build_balancing("auto", cells))

        with computing(self.n_jobs):
            return probe(
                config,
                rows,
                dense,
                cells,
                self.term_weights_,
                train,
                by_feature=trunk is None or type(trunk) is BagTrunk,
            )

    def _check_strategies(self):
        for strategy in (self.trunk, self.sharing, self.loss_weights):
            if isinstance(strategy, BaseTrunk | BaseSharing | BaseBalancing):
                strategy._validate_params()
        self._check_embedding_params()

    def _check_for_tasks(self, config, task_names):
        """Raise a ValueError if a parameter does not suit these tasks."""
        check_balancing(
            self.loss_weights,
            task_names,
            has_vector=has_representation(self.sharing, self.trunk),
        )
        if not isinstance(self.sharing, str):
            clone(self.sharing).for_tasks(task_names)
        config.check(task_names)

    def _check_each(self, loss_weights, task_names):
        """Raise an error if a parameter or any of several loss weights is invalid."""
        config = TrainingConfig.of(self)
        for weights in loss_weights:
            each = copy(self)
            each.loss_weights = weights
            each._validate_params()
            each._check_strategies()
            each._check_for_tasks(config, task_names)

    def _fit_each(self, X, y, loss_weights, sample_weight=None):
        """Fit a copy of this estimator for each of several loss weights.

        Texts are vectorized once and batches are made once. Each copy equals the result
        of ``fit`` with its weights.

        Parameters
        ----------
        X, y, sample_weight : as in ``fit``

        loss_weights : list
            Values for the parameter `loss_weights`.

        Returns
        -------
        fitted : list of BaseMultiTask or Exception
            An exception for each fit that failed on its own.

        Raises
        ------
        ValueError
            If the data or a parameter cannot be used.
        """
        names = as_label_table(y, missing_label=self.missing_label).names
        self._check_each(loss_weights, names)
        fresh = clone(self).set_params(loss_weights=loss_weights[0])  # any candidate
        with numpy_errors():
            config, X, cells = fresh._read(X, y, sample_weight)
            fitted = [attempt(_build_balancing, each, cells) for each in loss_weights]
            built = [
                k for k, each in enumerate(fitted) if not isinstance(each, Exception)
            ]
            run = fresh._prepare(config, X, cells)
            with computing(self.n_jobs):
                nets = run.fit_each([fitted[k] for k in built])
                calibrations = [
                    net if isinstance(net, Exception) else attempt(run.finish, net)
                    for net in nets
                ]
        for k, net, calibration in zip(built, nets, calibrations, strict=True):
            fitted[k] = calibration
            if not isinstance(calibration, Exception):
                fitted[k] = copy(fresh)
                fitted[k].loss_weights = loss_weights[k]
                fitted[k]._set_fitted(net, run, cells, calibration)
        return fitted

    def _set_fitted(self, net, run, cells, calibration):
        plan, trunk = run.plan, net.module__trunk
        self.trunk_ = trunk
        self._set_tasks(net, cells.targets.with_tasks(net.tasks), calibration)
        self.max_iter_, self.batch_size_ = plan.max_iter, plan.batch_size
        self.learning_rate_init_ = plan.input_rate
        self.early_stopping_, self.device_ = run.config.stops_early, net.device
        self.alpha_ = run.config.alpha
        self.learning_rate_factor_ = run.config.learning_rate_factor
        self._add_epochs(net)
        if trunk is not None:
            self._n_features_out = trunk.n_units

    def _set_tasks(self, net, targets, calibration):
        """Set the attributes that have an item for each task."""
        self.net_, self.targets_, self.calibration_ = net, targets, calibration
        self.sharing_ = net.module__sharing
        self.task_names_, self.task_types_ = targets.names, targets.types
        self.n_outputs_ = len(targets.names)
        temperatures = calibration.temperatures.tolist()
        self.temperatures_ = dict(zip(targets.names, temperatures, strict=True))
        classes = [task.classes_ for task in targets.tasks]
        self.classes_ = classes[0] if targets.container == "vector" else classes
        weights = net.criterion_.balancing.weights.tolist()
        self.loss_weights_ = dict(zip(targets.names, weights, strict=True))

    def _add_epochs(self, net):
        """Add the epochs of a net to the history of earlier fits."""
        before = getattr(self, "history_", [])
        epochs = before + net.epochs(len(before))
        self.history_ = with_tasks(epochs, self.task_names_) if before else epochs
        self.n_iter_ = len(self.history_)
        self.best_iter_ = len(before) + net.best_epoch()

    def _dataset(self, X):
        check_is_fitted(self)
        rows, dense = self._transform_rows(X)
        spec = self.net_.module__spec
        rows = match_trunk(
            rows, sparse=spec.sparse, tokens=spec.tokens, n_tokens=spec.n_features
        )
        if rows.shape[0] == 0:
            raise ValueError(
                "Found array with 0 sample(s) while at least 1 is required."
            )
        if spec.tokens:
            return RowDataset(rows)
        dtype = self.net_.row_dtype
        dense = None if dense is None else dense.astype(dtype, copy=False)
        return RowDataset(rows.astype(dtype, copy=False), dense=dense)

    def _logits(self, X):
        """Return the logits of each task as a list of ndarrays."""
        dataset, back = sorted_by_length(self._dataset(X))
        with computing(self.n_jobs):
            return [part.numpy()[back] for part in self.net_.forward(dataset)]

    def _probabilities(self, X):
        logits = self._logits(X)
        with numpy_errors():
            return self.calibration_.probabilities(self.targets_.tasks, logits)

    @numpy_errors()
    def _codes(self, X):
        logits = self._logits(X)
        return np.column_stack(self.calibration_.decisions(self.targets_.tasks, logits))

    def _mean_accuracy(self, X: Any, y: Any, sample_weight: Any) -> float:
        check_is_fitted(self)
        return mean_accuracy(
            self.targets_,
            lambda: self._codes(X),
            y,
            sample_weight,
            self.missing_label,
        )

    @reads_one_fit
    def _feature_effects(self, X, through):
        """Return the rows of X, and the effects of features on the logits of tasks."""
        dataset = self._dataset(X)
        with computing(self.n_jobs):
            return dataset.X, feature_effects(self.net_, dataset, through)

    def _represent(self, X: Any) -> Array:
        dataset, back = sorted_by_length(self._dataset(X))
        with computing(self.n_jobs):
            return self.net_.represent(dataset)[back]

    def _watch_conflicts(self, X, y, n_batches, sample_weight):
        """Fit, and return products of task gradients over training, and task names.

        See :func:`~sklearn_mtl.inspection.task_conflicts`.
        """
        if not has_representation(self.sharing, self.trunk):
            raise ValueError(
                f"With trunk={self.trunk!r} and sharing={self.sharing!r} tasks read no "
                "common vector, so there are no gradients to compare. Use a trunk, "
                "and 'auto', 'shared-private' or 'hard' sharing."
            )
        watch = ("conflicts", ConflictWatch(n_batches, seed=0))
        fresh = clone(self).set_params(callbacks=[*(self.callbacks or []), watch])
        fresh.fit(X, y, sample_weight=sample_weight)
        found = dict(fresh.net_.callbacks_)["conflicts"].products_
        return np.stack(found), fresh.task_names_

    @reads_one_fit
    def _gate_weights(self, X, level):
        """Return gate weights, (n_rows, n_tasks, n_experts), and names of experts."""
        check_is_fitted(self)
        n_levels = len(getattr(self.net_.module_, "levels", ()))
        if not n_levels:
            raise ValueError(
                f"This classifier has no gates: sharing_ is {self.sharing_!r} and "
                f"trunk_ is {self.trunk_!r}. Fit with sharing='mmoe' or 'ple', and "
                "with a trunk."
            )
        if not -n_levels <= level < n_levels:
            raise ValueError(
                f"level must be from {-n_levels} to {n_levels - 1}, because there are "
                f"{n_levels} level(s) of experts. Got {level}."
            )
        dataset = self._dataset(X)
        with computing(self.n_jobs):
            weights = self.net_.gate_weights(dataset, level)
        return weights, self.sharing_.expert_names(self.task_names_)


def _build_balancing(loss_weights, cells):
    balancing = resolve_balancing(loss_weights)
    with computing():
        return build_balancer(balancing, cells.targets.names, cells.labelled_share)
