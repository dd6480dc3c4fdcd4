"""The records of an epoch in history, and their form in ``history_``."""

from collections import Counter

import numpy as np
import torch

from ..answers._layout import CodeLayout

# Records of each task and epoch, `<name>_<task>`. None starts like a record of skorch,
# whatever a task is called.
TASK_RECORDS = (
    *("task_train_loss", "task_valid_loss", "task_cells", "task_weight"),
    *("task_weighted_loss", "task_gradient_share"),
)
# Records of each task in ``history_``, for an epoch that does not train the task.
_NOT_TRAINED = {"loss": float("nan"), "weight": 0.0, "weighted_loss": 0.0}
_OF_TASKS = (*_NOT_TRAINED, "gradient_share", "valid_score")


def with_tasks(epochs, names):
    """Return epochs in which tasks that were not trained have no loss and weight 0."""
    absent = {
        f"{record}_{name}": value
        for name in names
        for record, value in _NOT_TRAINED.items()
    }
    return [
        epoch | {key: absent[key] for key in absent.keys() - epoch.keys()}
        for epoch in epochs
    ]


def without_tasks(epochs, names):
    """Return epochs without the records of tasks; ``loss`` no longer has their part."""
    found = []
    for epoch in epochs:
        part = sum(epoch.get(f"weighted_loss_{name}", 0.0) for name in names)
        gone = {f"{record}_{name}" for name in names for record in _OF_TASKS}
        kept = {key: value for key, value in epoch.items() if key not in gone}
        found.append(kept | {"loss": epoch["loss"] - part})
    return found


def _squares(weight):
    # A product of vectors needs no memory for the squares.
    values = weight.detach().flatten()
    return values @ values


class HistoryMixin:
    """The records of an epoch; a mixin of ``MultiTaskNet``."""

    def _begin_records(self):
        """Set the sums over an epoch to 0."""
        zeros = torch.zeros(len(self.tasks), dtype=torch.float64, device=self.device)
        self.epoch_sums_, self.epoch_weighted_ = zeros, zeros.clone()
        self.epoch_parts_ = zeros.clone()
        self.epoch_rows_, self.epoch_balancing_ = 0, 0.0
        self.epoch_penalties_, self.epoch_decisions_ = Counter(), []

    def _count(self, sums, n_rows):
        """Add the losses of a batch, summed over rows."""
        self.epoch_sums_ += sums.detach()
        self.epoch_rows_ += n_rows

    def _count_step(self, sums, total, output, n_rows):
        """Add the losses of a training step, and what they are made of."""
        self._count(sums, n_rows)
        balancing = self.criterion_.balancing
        weighted = sums.detach().double() * balancing.weights
        self.epoch_weighted_ += weighted
        penalties = 0.0
        for name, penalty in output.penalties.items():
            penalty = penalty.detach().double() * n_rows
            self.epoch_penalties_[name] += penalty
            penalties = penalties + penalty
        if not balancing.is_weighted_sum:
            rest = total.detach().double() * n_rows - weighted.sum() - penalties
            self.epoch_balancing_ = self.epoch_balancing_ + rest
        if balancing.gradient_parts is not None:
            self.epoch_parts_ += balancing.gradient_parts

    def _record_epoch(self, iterator, training, prefix):
        losses = self.epoch_sums_ / self.epoch_rows_
        self._record(f"task_{prefix}_loss", losses)
        if training:
            balancing = self.criterion_.balancing
            rows = getattr(iterator, "sampled", None)
            rows = slice(None) if rows is None else rows
            cells = iterator.dataset.cells_by_row(rows)
            self._record("task_cells", CodeLayout(self.tasks).mean_by_task(cells))
            self._record("task_weight", balancing.weights)
            self._record("task_weighted_loss", self.epoch_weighted_ / self.epoch_rows_)
            if not balancing.is_weighted_sum:
                rest = float(self.epoch_balancing_ / self.epoch_rows_)
                self.history.record("balancing", rest)
            if balancing.gradient_parts is not None:
                shares = self.epoch_parts_ / self.epoch_parts_.sum()
                self._record("task_gradient_share", shares.nan_to_num(0.0))
            self._record_penalties()
            balancing.end_epoch(losses.to(balancing.weights))
        else:
            self._record_scores()
        self.epoch_penalties_, self.epoch_decisions_ = Counter(), []

    def _keep_decisions(self, logits, cells):
        pairs = list(zip(self.tasks, logits, strict=True))
        probabilities = [task.probabilities(z.cpu().numpy()) for task, z in pairs]
        decided = [t.choose(p) for t, p in zip(self.tasks, probabilities, strict=True)]
        if not self.validation_score.reads_probabilities:
            probabilities = []
        codes, weights = (part.cpu().numpy() for part in cells)
        parts = [codes, np.column_stack(decided), weights, *probabilities]
        self.epoch_decisions_.append(parts)

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
        layout = CodeLayout(self.tasks)
        if self.validation_score.reads_order:  # labels without an order get no score
            ordered = np.array([task.is_ordered for task in self.tasks])
            codes = np.where(layout.by_code(ordered), codes, -1)
        cells = []
        for k in range(layout.n_tasks):
            own, choice = (layout.of_task(table, k) for table in (codes, decided))
            weight = layout.table_of_task(weights, k).mean(axis=1)
            cells.append(
                (own, choice, probabilities[k] if probabilities else None, weight)
            )
        scores = self.validation_score(self.task_names, cells)
        for name, value in scores.items():
            self.history.record(f"valid_score_{name}", value)

    @torch.no_grad()
    def _penalty(self):
        """Return the L2 penalty on trainable weights."""
        if not self.alpha:
            return 0.0
        weights = [
            p
            for _, p in self.get_all_learnable_params()
            if p.ndim > 1 and p.requires_grad
        ]
        return float(sum(self.alpha / 2 * _squares(p).double() for p in weights))

    def epochs(self, n_before=0):
        """Return the history as a plain dict for each epoch.

        Parameters
        ----------
        n_before : int, default=0
            Epochs of earlier fits.

        Returns
        -------
        epochs : list of dict
            ``loss`` is the sum of ``weighted_loss_<task>`` over tasks, plus
            ``regularization``: the L2 penalty and each ``penalty_<name>`` of the
            network; plus ``balancing``, if a method adds something of its own.
            ``weight_<task>`` is that of the last step. ``gradient_share_<task>``, for
            methods that use gradients, is the contribution of a task to the squared
            length of the gradient of the hidden vector. The shares add up to 1. A share
            is negative if the gradient of the task opposes that of all tasks. All are
            0 if the gradient is 0.
        """
        return [
            self._epoch(epoch, n_before + k)
            for k, epoch in enumerate(self.history, start=1)
        ]

    def _epoch(self, epoch, number):
        penalty = epoch["regularization"]
        row = {"epoch": number, "loss": penalty, "regularization": penalty}
        row |= {k: v for k, v in epoch.items() if k.startswith("penalty_")}
        if "balancing" in epoch:
            row["balancing"] = epoch["balancing"]
            row["loss"] += epoch["balancing"]
        for task in self.task_names:
            by_row = epoch[f"task_train_loss_{task}"]
            weight, cells = epoch[f"task_weight_{task}"], epoch[f"task_cells_{task}"]
            row[f"loss_{task}"] = by_row / cells if cells else np.nan
            row[f"weight_{task}"] = weight
            row[f"weighted_loss_{task}"] = epoch[f"task_weighted_loss_{task}"]
            row["loss"] += epoch[f"task_weighted_loss_{task}"]
            share = f"task_gradient_share_{task}"
            if share in epoch:
                row[share.removeprefix("task_")] = epoch[share]
        scores = [f"valid_score_{name}" for name in ("mean", "worst", *self.task_names)]
        return row | {name: epoch[name] for name in scores if name in epoch}
