"""The base class of the estimator: fit and predict, without parameters."""

from contextlib import ExitStack
from copy import copy
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from ._fitting._preparing import PreparingMixin
from ._fitting._several import JointFitMixin
from ._fitting._sources import SourceMixin, is_source, refuse_iterator
from .answers._labels import check_output
from .balancing import BaseBalancing, check_balancing
from .data._cells import read_cells
from .data._rows import match_trunk
from .distributed._ranks import agreed_seed, check_same
from .explanation._explain import ExplainingMixin
from .metrics._accuracy import mean_accuracy
from .persistence._checkpoint import checkpoint_of
from .persistence._fingerprint import describe_data
from .persistence._saving import SavingMixin
from .sharing import BaseSharing, has_representation
from .training._balancing import build_balancing
from .training._config import TrainingConfig
from .training._conflicts import ConflictWatch
from .training._contributions import contributions
from .training._dataset import RowDataset, sorted_by_length
from .training._effects import feature_effects
from .training._history import with_tasks
from .training._progress import EpochProgress, FitProgress
from .training._runtime import computing
from .trunks import BaseTrunk
from .utils._compat import CallbackSupportMixin
from .utils._numpy import numpy_errors
from .utils._rows import n_rows, settled
from .utils._state import (
    NetOfStream,
    fitted_attributes,
    reads_one_fit,
    take_over,
    without_fit,
    without_stream,
)
from .utils._typing import Array, ListForm, Rows
from .utils._versions import (
    check_sender,
    cloned_with_mark,
    with_version,
    without_version,
)


class BaseMultiTask(
    PreparingMixin,
    SourceMixin,
    JointFitMixin,
    SavingMixin,
    ExplainingMixin,
    CallbackSupportMixin,
    BaseEstimator,
):
    """Fits a net to X and y, and predicts codes from X.

    Reads the constructor parameters of
    :class:`~sklearn_mtl.MultiTaskTextClassifier` and sets its fitted attributes.
    """

    net_: Any = NetOfStream()

    def __getstate__(self):
        return with_version(super().__getstate__())

    def __setstate__(self, state):
        super().__setstate__(without_version(state))
        stream = vars(self).get("stream_")
        net = vars(self).get("net_", stream and stream.net)
        if net is not None:  # loading may have chosen another device
            self.device_ = net.device

    def __sklearn_clone__(self):
        return cloned_with_mark(self, super().__sklearn_clone__())

    def _fit_aside(self, X: Any, y: Any, sample_weight: Any) -> Self:
        # Fit a copy and take over its state at the end, so that a failed or interrupted
        # fit leaves the previous fit unchanged.
        check_sender(self)
        if not is_source(X):
            refuse_iterator(X, y)
            X = settled(X)
        fresh = without_stream(self) if self.warm_start else without_fit(self)
        progress = FitProgress(self, X, y, sample_weight)
        with checkpoint_of(fresh) as checkpoint:
            whole = progress.begin_fit(n_parts=2)
            with numpy_errors():
                fresh._fit(X, y, sample_weight, progress, whole, checkpoint)
            progress.end(whole, lambda: fitted_attributes(fresh))
            take_over(self, fresh)
        return self

    def _fit(self, X, y, sample_weight, progress, whole, checkpoint):
        if checkpoint is not None:
            self.random_state = checkpoint.seed  # of a copy
        is_first = not hasattr(self, "net_")
        with ExitStack() as files:
            with progress.part(whole, "vectorize"):
                config, X, cells, read = self._open(X, y, sample_weight, files)
                balancing = build_balancing(self.loss_weights, cells, config, is_first)
                if checkpoint is not None:
                    before = None if is_first else self
                    checkpoint.match("", describe_data(X, cells, before))
                if read is None:
                    run = self._prepare(config, X, cells, checkpoint)
                else:
                    run = self._prepare_stored(config, read, checkpoint)
            self._train(run, cells, balancing, progress, whole, checkpoint)

    def _open(self, X, y, sample_weight, files):
        """Read X and y, or a source, whose files `files` closes.

        Returns what :meth:`_read` does; and what the source gave if its rows are in
        files, else None.
        """
        if is_source(X):
            source = self._read_source(X, y, sample_weight)
            config, read = TrainingConfig.of(self), files.enter_context(source)
            if read.rows is not None:
                return config, None, read.cells, read
            X, y = read.texts, read.table
        return *self._read(X, y, sample_weight), None

    def _train(self, run, cells, balancing, progress, whole, checkpoint):
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
                net = run.fit(balancing, watching, checkpoint)
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
        self.random_state = agreed_seed(self.random_state)
        config = TrainingConfig.of(self)
        self._check_strategies()
        X = self._read_input(X, y)
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
        check_same("data", (X, cells.codes, cells.weights, cells.targets.names))
        return config, X, cells

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
        return self._logits_of(self._dataset(X))

    def _logits_of(self, dataset):
        dataset, back = sorted_by_length(dataset)
        with computing(self.n_jobs):
            return [part.numpy()[back] for part in self.net_.forward(dataset)]

    @reads_one_fit
    def predict_proba(self, X: Rows, output: ListForm = "list") -> Any:
        """Predict the calibrated probability of every class of every task.

        Parameters
        ----------
        X : texts or numeric rows, as in :meth:`fit`

        output : {"list", "dict"}, default="list"

        Returns
        -------
        probabilities : list of ndarray of shape (n_samples, n_classes), or dict
            In task order, with classes in the order of ``classes_``, as from
            scikit-learn's forests; an ndarray if y was 1-D. For cells with several
            labels, the probability of each label.
        """
        check_output(output, ("list", "dict"))
        logits = self._logits(X)
        with numpy_errors():
            found = self.calibration_.probabilities(self.targets_.tasks, logits)
        return self.targets_.arrange(found, output)

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

    def _contributions(self, dataset, shares, owners, wanted, n_steps):
        """Split logits among parts of rows, see :func:`contributions`."""
        with computing(self.n_jobs):
            return contributions(self.net_, dataset, shares, owners, wanted, n_steps)

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
        watched = [*(self.callbacks or []), watch]
        fresh = clone(self).set_params(callbacks=watched, checkpoint=None)
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
