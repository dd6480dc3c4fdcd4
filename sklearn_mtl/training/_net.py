"""The skorch net: one step, one epoch, and what history keeps of them."""

import re
import sys
from contextlib import suppress
from functools import partial

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    GradientNormClipping,
    LRScheduler,
    PrintLog,
)
from skorch.utils import TeeGenerator
from torch.utils.data import Subset

from ..distributed._ranks import gathered
from ..network._build import build_network
from ._copies import CopiesMixin
from ._history import TASK_RECORDS, HistoryMixin
from ._loader import BatchLoader
from ._objective import Objective
from ._optimizers import (
    Adam,
    JointOptimizer,
    SparseSGD,
    balancer_group,
    sparse_groups,
)
from ._step import take_step
from ._user_callbacks import (
    StopTraining,
    is_interrupt,
    restored,
    watched_record,
    with_stored_gradient,
)
from ._validation import ValidationScore


def _print_plain(line):
    """Print a line of skorch's log, without colours if stdout is no terminal."""
    print(line if sys.stdout.isatty() else re.sub(r"\x1b\[\d+m", "", line))


# References to training data, which a net holds only while it trains.
_ABSENT = dict.fromkeys(
    ["train_split", "iterator_train__generator", "iterator_train__record"]
)

DIVERGED = (
    "Training diverged: the loss is no longer a finite number. Lower "
    "learning_rate_init or the loss weights, or scale X."
)


class MultiTaskNet(HistoryMixin, CopiesMixin, NeuralNet):
    """A skorch net that learns several tasks from batches with empty cells.

    Takes a ``RowDataset`` as X. skorch's callbacks and ``prefix__parameter`` names
    work: ``optimizer_sparse__*`` sets the optimizer of the sparse input layers and
    ``optimizer_dense__*`` that of all other weights.

    Parameters
    ----------
    tasks : list of TaskType

    task_names : list of str

    alpha : float, default=0.0
        L2 penalty on all weights but biases.

    embedding_rate : float, default=0.0
        Learning rate of embeddings that take plain gradient descent.

    optimizer_sparse, optimizer_dense : type of torch.optim.Optimizer

    validation_score : ValidationScore
        The score of the validation split in history.

    **kwargs : dict
        Parameters of :class:`skorch.NeuralNet`.
    """

    past_epochs_ = 0  # of a stream, which history does not hold
    prefixes_ = [*NeuralNet.prefixes_, "optimizer_sparse", "optimizer_dense"]
    epoch_checkpoint_ = None

    def __init__(
        self,
        *,
        tasks,
        task_names,
        alpha=0.0,
        embedding_rate=0.0,
        optimizer_sparse=SparseSGD,
        optimizer_dense=Adam,
        validation_score=ValidationScore(),  # noqa: B008 (it cannot change)
        module=build_network,
        criterion=Objective,
        iterator_train=BatchLoader,
        iterator_valid=BatchLoader,
        **kwargs,
    ):
        self.tasks = tasks
        self.task_names = task_names
        self.alpha, self.embedding_rate = alpha, embedding_rate
        self.optimizer_sparse = optimizer_sparse
        self.optimizer_dense = optimizer_dense
        self.validation_score = validation_score
        super().__init__(
            module=module,
            criterion=criterion,
            iterator_train=iterator_train,
            iterator_valid=iterator_valid,
            **kwargs,
        )

    @property
    def _default_callbacks(self):
        per_task = [
            f"{name}_{task}" for name in TASK_RECORDS for task in self.task_names
        ]
        scores = [f"valid_score_{task}" for task in ("worst", *self.task_names)]
        ignored = ["regularization", "balancing", *scores, *per_task]
        print_log = ("print_log", PrintLog(ignored, sink=_print_plain))
        others = [c for c in super()._default_callbacks if c[0] != "print_log"]
        return [*others, print_log] if self.verbose else others

    def initialize_criterion(self):
        super().initialize_criterion()
        dtype = next(self.module_.parameters()).dtype
        self.criterion_ = self.criterion_.to(dtype)
        return self

    def initialize_optimizer(self, triggered_directly=None):
        sparse = sparse_groups(self.module_, self.alpha, self.embedding_rate)
        known = {id(weight) for group in sparse for weight in group["params"]}
        apart = balancer_group(self.criterion_.balancing)
        known |= {id(weight) for group in apart for weight in group["params"]}
        dense = [p for _, p in self.get_all_learnable_params() if id(p) not in known]
        decayed = [p for p in dense if p.ndim > 1]
        free = [p for p in dense if p.ndim <= 1]
        optimizers = []
        if sparse:
            kwargs = self.get_params_for("optimizer_sparse")
            optimizers.append(self.optimizer_sparse(sparse, **kwargs))
        groups = [{"params": decayed, "weight_decay": self.alpha}, {"params": free}]
        kwargs = self.get_params_for("optimizer_dense")
        groups = [g for g in groups if g["params"]] + apart
        optimizers.append(self.optimizer_dense(groups, **kwargs))
        self.optimizer_ = JointOptimizer(optimizers)
        return self

    def get_split_datasets(self, X, y=None, **fit_params):
        # skorch's splitters return subsets, which yield rows one by one.
        return tuple(
            part.dataset.take(part.indices) if isinstance(part, Subset) else part
            for part in super().get_split_datasets(X, y, **fit_params)
        )

    def infer(self, x, **fit_params):
        return self.module_(x.to(self.device)).logits

    def train_step(self, batch, **fit_params):
        # Without skorch's closure, which evaluates a loss several times in a step.
        if not (self.module_.training and self.criterion_.training):
            self._set_training(True)
        rows, cells = batch[0].to(self.device), batch[1].to(self.device)
        step = take_step(
            self.module_,
            self.criterion_,
            self.optimizer_,
            rows,
            cells,
            watch=self._watch(batch),
        )
        self._count_step(*step, len(rows))
        return {"loss": step[1], "y_pred": step[2].logits}

    def _watch(self, batch):
        # Naming all weights costs more than checking for a callback that reads them.
        if all(
            type(callback).on_grad_computed is Callback.on_grad_computed
            for _, callback in self.callbacks_
        ):
            return None
        return partial(self._tell_of_gradients, batch)

    def _tell_of_gradients(self, batch):
        self.notify(
            "on_grad_computed",
            named_parameters=TeeGenerator(self.get_all_learnable_params()),
            batch=batch,
            training=True,
        )

    def get_loss(self, y_pred, y_true, X=None, training=False):
        # For validation only; `take_step` computes the losses of training.
        cells = y_true.to(self.device)
        sums = self.criterion_(y_pred, cells)
        self._count(sums, len(cells.codes))
        self._keep_decisions(y_pred, cells)
        return self.criterion_.balancing(sums / len(cells.codes))

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        if iterator is None:
            return
        self._begin_records()
        if training:
            self.epoch_batches_ = len(iterator)  # read by LinearDecay
            n_epochs = self.past_epochs_ + len(self.history)
            self.criterion_.balancing.begin_epoch(n_epochs)
        super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
        self._record_epoch(iterator, training, prefix)

    def notify(self, method_name, **cb_kwargs):
        if method_name == "on_grad_computed":
            return self._notify_of_gradients(**cb_kwargs)
        if method_name != "on_epoch_end":
            return super().notify(method_name, **cb_kwargs)
        # skorch's callbacks stop training by raising KeyboardInterrupt. That of a user
        # who presses Ctrl-C must reach the caller instead.
        self.on_epoch_end(self, **cb_kwargs)
        stops = []
        for name, callback in self.callbacks_:
            self._check_watched(name, callback)
            # Every callback sees the epoch, even if an earlier one asks to stop.
            try:
                callback.on_epoch_end(self, **cb_kwargs)
            except StopTraining as stop:
                stops.append(stop)
            except KeyboardInterrupt as stop:
                if is_interrupt(stop):
                    raise
                stops.append(stop)
        stopped = any(gathered(bool(stops)))  # of several processes, if one does
        if self.epoch_checkpoint_ is not None:
            self.epoch_checkpoint_.end_epoch(self, stopped=stopped)
        if stopped:
            raise StopTraining from (stops[0] if stops else None)

    def _notify_of_gradients(self, named_parameters, **cb_kwargs):
        self.on_grad_computed(self, named_parameters, **cb_kwargs)
        for _, callback in self.callbacks_:
            weights = named_parameters
            if isinstance(callback, GradientNormClipping):
                # It scales gradients in place, but torch cannot take a sparse norm.
                weights = [(n, with_stored_gradient(p)) for n, p in named_parameters]
            callback.on_grad_computed(self, weights, **cb_kwargs)

    def _check_watched(self, name, callback):
        record = watched_record(callback)
        if record is not None and record not in self.history[-1]:
            known = sorted(key for key in self.history[-1] if key != "batches")
            raise ValueError(
                f"The callback {name!r} reads {record!r}, which history does not hold "
                f"at the end of an epoch. Let it read one of {known}."
            )

    def train(self, dataset, checkpoint=None):
        """Run the training loop on an initialized net.

        Parameters
        ----------
        dataset : RowDataset

        checkpoint : NetCheckpoint, default=None
            Where training goes on from, and what keeps its state.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the loss diverges.
        """
        self.notify("on_train_begin", X=dataset, y=None)
        self.epoch_checkpoint_ = checkpoint
        n_epochs = checkpoint.begin(self) if checkpoint else self.max_epochs
        with suppress(StopTraining):
            self.fit_loop(dataset, epochs=n_epochs)
        return self.finish(dataset)

    def finish(self, dataset):
        """Do what :meth:`train` does after the last epoch."""
        self.notify("on_train_end", X=dataset, y=None)
        self._forget_training()
        self.check_finite()
        return self

    def check_finite(self):
        """Raise a ValueError if the loss of the last epoch diverged."""
        if not np.isfinite(self.history[-1, "train_loss"]):
            raise ValueError(DIVERGED)

    def _forget_training(self):
        """Drop what only training needs, the state of the optimizer included."""
        self.forget_rows()
        for optimizer in self.optimizer_.optimizers:
            optimizer.state.clear()

    def forget_rows(self):
        """Drop all references to training rows, so that a pickle holds none."""
        self.optimizer_.zero_grad()
        vars(self).update(_ABSENT)
        for name in self._epoch_attributes():
            del vars(self)[name]
        # Both hold the weights, which a pickle would store twice.
        for _, callback in self.callbacks_:
            if isinstance(callback, LRScheduler):
                callback.lr_scheduler_ = None
            elif isinstance(callback, EarlyStopping):
                callback.best_model_weights_ = None

    def _epoch_attributes(self):
        return [name for name in vars(self) if name.startswith("epoch_")]

    def __getstate__(self):
        # A Checkpoint may pickle a net during training. skorch stores what may be on a
        # GPU in a separate pickle, which loads without one. Settings stay out of it,
        # since the estimator holds the same objects.
        aside = {
            name: value
            for name, value in vars(self).items()
            if name.startswith(("module__", "criterion__"))
            and not isinstance(value, torch.nn.Module)
        }
        aside |= _ABSENT
        twin = object.__new__(type(self))
        gone = {*aside, *self._epoch_attributes()}
        kept = vars(self).keys() - gone
        vars(twin).update({name: vars(self)[name] for name in kept})
        return super(MultiTaskNet, twin).__getstate__() | aside

    def __setstate__(self, state):
        super().__setstate__(state)
        self.device = str(self.device)  # skorch may have made it a torch.device

    @property
    def row_dtype(self):
        """The numpy float type of the rows."""
        return str(self.module__dtype).removeprefix("torch.")

    def best_epoch(self):
        """Return the epoch, from 1, that the weights come from."""
        last = len(self.history)
        return [last, *(epoch for _, epoch in restored(self))][-1]

    def represent(self, dataset):
        """Return the shared hidden vector of each row, (n_rows, n_units)."""
        return self._for_rows(dataset, lambda rows: self.module_(rows).hidden)

    def gate_weights(self, dataset, level=-1):
        """Return the gates of a level of experts, (n_rows, n_tasks, n_experts)."""
        read = partial(self.module_.gate_weights, level=level)
        return self._for_rows(dataset, read)

    def _for_rows(self, dataset, read):
        """Return what `read` gives for each row."""
        self._set_training(False)
        with torch.no_grad():
            parts = [
                read(rows.to(self.device)).cpu()
                for rows, _ in self.get_iterator(dataset)
            ]
        return torch.cat(parts).numpy()
