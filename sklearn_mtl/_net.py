"""The skorch net: one step, one epoch, and what history keeps of them."""

import re
import sys
from collections import Counter
from contextlib import suppress
from copy import deepcopy
from functools import partial

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping, LRScheduler, PrintLog
from skorch.utils import TeeGenerator
from torch.utils.data import Subset

from ._batches import BatchLoader, Cells
from ._loss import MultiTaskLoss
from ._network import build_network, learn
from ._optimizers import Adam, JointOptimizer, SparseSGD, sparse_groups
from ._validation import ValidationScore
from .tasks import code_owners


def _print_plain(line):
    """Print a line of skorch's log, without its colours where nobody sees them."""
    print(line if sys.stdout.isatty() else re.sub(r"\x1b\[\d+m", "", line))


# What history keeps of each task, a record `<name>_<task>` an epoch. None of them
# starts like a record of skorch's own, whatever a task is called.
_TASK_RECORDS = ("task_train_loss", "task_valid_loss", "task_cells", "task_weight")


class StopTraining(Exception):  # noqa: N818 (a request, not an error)
    """A callback asked to stop; what was learnt so far stays."""


class MultiTaskNet(NeuralNet):
    """A skorch net that learns several tasks from batches with empty cells.

    Takes a :class:`~sklearn_mtl._batches.RowDataset` as X. skorch's callbacks and
    ``prefix__parameter`` names are at hand; ``optimizer_sparse__*`` speaks to the
    optimizer of the sparse input layers and ``optimizer_dense__*`` to that of the rest.

    Parameters
    ----------
    tasks : list of TaskType

    task_names : list of str

    alpha : float, default=0.0
        L2 penalty on all weights but biases.

    embedding_rate : float, default=0.0
        Step of embeddings that take plain gradient descent.

    optimizer_sparse, optimizer_dense : type of torch.optim.Optimizer

    validation_score : ValidationScore
        What history keeps of a validation split.

    **kwargs : dict
        Parameters of :class:`skorch.NeuralNet`.
    """

    prefixes_ = [*NeuralNet.prefixes_, "optimizer_sparse", "optimizer_dense"]

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
        criterion=MultiTaskLoss,
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
            f"{name}_{task}" for name in _TASK_RECORDS for task in self.task_names
        ]
        scores = [f"valid_score_{task}" for task in ("worst", *self.task_names)]
        ignored = ["regularization", *scores, *per_task]
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
        dense = [p for _, p in self.get_all_learnable_params() if id(p) not in known]
        decayed = [p for p in dense if p.ndim > 1]
        free = [p for p in dense if p.ndim <= 1]
        optimizers = []
        if sparse:
            kwargs = self.get_params_for("optimizer_sparse")
            optimizers.append(self.optimizer_sparse(sparse, **kwargs))
        groups = [{"params": decayed, "weight_decay": self.alpha}, {"params": free}]
        kwargs = self.get_params_for("optimizer_dense")
        optimizers.append(
            self.optimizer_dense([g for g in groups if g["params"]], **kwargs)
        )
        self.optimizer_ = JointOptimizer(optimizers)
        return self

    def get_split_datasets(self, X, y=None, **fit_params):
        # A splitter of skorch hands out subsets, from which rows come one by one.
        return tuple(
            part.dataset.take(part.indices) if isinstance(part, Subset) else part
            for part in super().get_split_datasets(X, y, **fit_params)
        )

    def infer(self, x, **fit_params):
        return self.module_(x.to(self.device))

    def train_step(self, batch, **fit_params):
        # As skorch does it, without the closure that only optimizers which evaluate a
        # step several times need.
        self.optimizer_.zero_grad()
        step = self.train_step_single(batch, **fit_params)
        # To name all weights costs more than to ask whether anybody listens.
        if any(
            type(callback).on_grad_computed is not Callback.on_grad_computed
            for _, callback in self.callbacks_
        ):
            self.notify(
                "on_grad_computed",
                named_parameters=TeeGenerator(self.get_all_learnable_params()),
                batch=batch,
                training=True,
            )
        self.optimizer_.step()
        return step

    def train_step_single(self, batch, **fit_params):
        # As skorch does it, with the penalties of a network that has some.
        self._set_training(True)
        rows, cells = batch
        cells = Cells(*(part.to(self.device) for part in cells))
        own = self.criterion_.cells_of_tasks(cells)
        logits, penalties = learn(self.module_, rows.to(self.device), own)
        loss = self.get_loss(logits, cells, X=rows, training=True)
        for name, penalty in penalties.items():
            self.epoch_penalties_[name] += penalty.detach().double() * len(cells.codes)
            loss = loss + penalty
        loss.backward()
        return {"loss": loss, "y_pred": logits}

    def get_loss(self, y_pred, y_true, X=None, training=False):
        cells = Cells(*(part.to(self.device) for part in y_true))
        sums = self.criterion_(y_pred, cells)
        self.epoch_sums_ += sums.detach()
        self.epoch_rows_ += len(cells.codes)
        if not training:
            self._keep_decisions(y_pred, cells)
        return self.criterion_.balancing(sums / len(cells.codes))

    def _keep_decisions(self, logits, cells):
        decided = [t.decide(z) for t, z in zip(self.tasks, logits, strict=True)]
        parts = [cells.codes, torch.column_stack(decided), cells.weights]
        probabilities = []
        if self.validation_score.reads_probabilities:
            pairs = zip(self.tasks, logits, strict=True)
            probabilities = [t.probabilities(z.cpu().numpy()) for t, z in pairs]
        self.epoch_decisions_.append([p.cpu().numpy() for p in parts] + probabilities)

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        if iterator is None:
            return
        self.epoch_sums_ = torch.zeros(
            len(self.tasks), dtype=torch.float64, device=self.device
        )
        self.epoch_rows_ = 0
        self.epoch_penalties_ = Counter()
        self.epoch_decisions_ = []
        super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
        self._record(f"task_{prefix}_loss", self.epoch_sums_ / self.epoch_rows_)
        if training:
            owners = code_owners(self.tasks)
            cells = np.bincount(owners, iterator.dataset.cells_by_row())
            self._record("task_cells", cells / np.bincount(owners))
            self._record("task_weight", self.criterion_.balancing.weights)
            self._record_penalties()
        else:
            self._record_scores()
        self.epoch_penalties_, self.epoch_decisions_ = Counter(), []

    def _record(self, name, values):
        for task, value in zip(self.task_names, values.tolist(), strict=True):
            self.history.record(f"{name}_{task}", value)

    def _record_penalties(self):
        total = self._penalty()
        for name, by_rows in self.epoch_penalties_.items():
            penalty = float(by_rows / self.epoch_rows_)
            self.history.record(f"penalty_{name}", penalty)
            total += penalty
        self.history.record("regularization", total)

    def _record_scores(self):
        codes, decided, weights, *probabilities = map(
            np.concatenate, zip(*self.epoch_decisions_, strict=True)
        )
        owners = code_owners(self.tasks)
        if self.validation_score.reads_order:  # no score of labels without one
            ordered = np.array([task.is_ordered for task in self.tasks])
            codes = np.where(ordered[owners], codes, -1)
        cells = []
        for k, task in enumerate(self.tasks):
            own = owners == k if task.is_multilabel else np.flatnonzero(owners == k)[0]
            weight = weights[:, owners == k].mean(axis=1)
            own_probabilities = probabilities[k] if probabilities else None
            cells.append((codes[:, own], decided[:, own], own_probabilities, weight))
        scores = self.validation_score(self.task_names, cells)
        for name, value in scores.items():
            self.history.record(f"valid_score_{name}", value)

    @torch.no_grad()
    def _penalty(self):
        if not self.alpha:
            return 0.0
        weights = [p for _, p in self.get_all_learnable_params() if p.ndim > 1]
        return float(sum(self.alpha / 2 * p.double().square().sum() for p in weights))

    def notify(self, method_name, **cb_kwargs):
        # skorch's callbacks stop training by raising KeyboardInterrupt. They may; a
        # user who presses Ctrl-C means something else, and must reach the caller.
        if method_name != "on_epoch_end":
            return super().notify(method_name, **cb_kwargs)
        self.on_epoch_end(self, **cb_kwargs)
        stops = []
        for _, callback in self.callbacks_:
            # All of them see every epoch, whoever asks to stop after it.
            try:
                callback.on_epoch_end(self, **cb_kwargs)
            except KeyboardInterrupt as stop:
                stops.append(stop)
        if stops:
            raise StopTraining from stops[0]

    def train(self, dataset):
        """Run the training loop on an initialized net.

        Parameters
        ----------
        dataset : RowDataset

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the loss grows beyond all bounds.
        """
        self.notify("on_train_begin", X=dataset, y=None)
        with suppress(StopTraining):
            self.fit_loop(dataset)
        return self.finish(dataset)

    def finish(self, dataset):
        """End a training: what :meth:`train` does behind its last epoch."""
        self.notify("on_train_end", X=dataset, y=None)
        self._forget_training()
        if not np.isfinite(self.history[-1, "train_loss"]):
            raise ValueError(
                "Training diverged: the loss is no longer a finite number. Lower "
                "learning_rate_init or the loss weights, or scale X."
            )
        return self

    def _forget_training(self):
        """Drop what only training needs: text rows have no place in a pickle."""
        self.optimizer_.zero_grad()
        for optimizer in self.optimizer_.optimizers:
            optimizer.state.clear()
        self.train_split = None
        self.iterator_train__generator = self.iterator_train__record = None
        # Both hold the weights, which a pickle would store once more.
        for _, callback in self.callbacks_:
            if isinstance(callback, LRScheduler):
                callback.lr_scheduler_ = None
            elif isinstance(callback, EarlyStopping):
                callback.best_model_weights_ = None

    def tune(self, dataset):
        """Let tasks decide as is best for rows that were set aside.

        Parameters
        ----------
        dataset : RowDataset
        """
        logits, owners = self.forward(dataset), code_owners(self.tasks)
        self.tasks = [
            task.tuned(
                own.numpy(),
                dataset.codes[:, owners == k],
                dataset.weights[:, owners == k],
            )
            for k, (task, own) in enumerate(zip(self.tasks, logits, strict=True))
        ]

    def go_on_from(self, previous):
        """Take over the weights of a net that was trained before.

        Raises
        ------
        ValueError
            If that net is another one.
        """
        try:
            self.module_.load_state_dict(previous.module_.state_dict())
        except RuntimeError as error:
            raise ValueError(
                "warm_start goes on with the network of the previous fit, so trunk and "
                "sharing must be what they were. Set them back, or warm_start=False."
            ) from error

    def snapshot(self):
        """Return a net that predicts as this one does now, whatever comes after."""
        # Not a copy, which skorch would make by way of a pickle.
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.__dict__["module_"] = deepcopy(self.module_)
        twin.__dict__["history_"] = deepcopy(self.history_)
        return twin

    @property
    def row_dtype(self):
        """The numpy float type of the rows."""
        return str(self.module__dtype).removeprefix("torch.")

    def best_epoch(self):
        """Return the epoch, from 1, whose weights the net has."""
        for _, callback in self.callbacks_:
            if isinstance(callback, EarlyStopping) and callback.load_best:
                return callback.best_epoch_
        return len(self.history)

    def epochs(self, n_before=0):
        """Return the history as a plain dict for each epoch.

        Parameters
        ----------
        n_before : int, default=0
            Epochs that came before, in earlier fits.

        Returns
        -------
        epochs : list of dict
            ``loss`` is the sum of ``weighted_loss_<task>`` over tasks and of
            ``regularization``, the L2 penalty and each ``penalty_<name>`` of the
            network.
        """
        return [
            self._epoch(epoch, n_before + k)
            for k, epoch in enumerate(self.history, start=1)
        ]

    def _epoch(self, epoch, number):
        penalty = epoch["regularization"]
        row = {"epoch": number, "loss": penalty, "regularization": penalty}
        row |= {k: v for k, v in epoch.items() if k.startswith("penalty_")}
        for task in self.task_names:
            by_row = epoch[f"task_train_loss_{task}"]
            weight, cells = epoch[f"task_weight_{task}"], epoch[f"task_cells_{task}"]
            row[f"loss_{task}"] = by_row / cells if cells else np.nan
            row[f"weight_{task}"] = weight
            row[f"weighted_loss_{task}"] = weight * by_row
            row["loss"] += weight * by_row
        scores = [f"valid_score_{name}" for name in ("mean", "worst", *self.task_names)]
        return row | {name: epoch[name] for name in scores if name in epoch}

    def represent(self, dataset):
        """Return the shared hidden vector of each row, (n_rows, n_units)."""
        return self._for_rows(dataset, self.module_.represent)

    def gate_weights(self, dataset, level=-1):
        """Return the gates of a level of experts, (n_rows, n_tasks, n_experts)."""
        read = partial(self.module_.gate_weights, level=level)
        return self._for_rows(dataset, read)

    def _for_rows(self, dataset, read):
        """Return what a part of the network says of each row."""
        self._set_training(False)
        with torch.no_grad():
            parts = [
                read(rows.to(self.device)).cpu()
                for rows, _ in self.get_iterator(dataset)
            ]
        return torch.cat(parts).numpy()
