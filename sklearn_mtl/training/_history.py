"""The records of an epoch in history, and their form in ``history_``."""

import numpy as np
import torch

from ..answers._layout import CodeLayout

# Records of each task and epoch, `<name>_<task>`. None starts like a record of skorch,
# whatever a task is called.
TASK_RECORDS = ("task_train_loss", "task_valid_loss", "task_cells", "task_weight")


def _squares(weight):
    # A product of vectors needs no memory for the squares.
    values = weight.detach().flatten()
    return values @ values


class HistoryMixin:
    """The records of an epoch; a mixin of ``MultiTaskNet``."""

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
