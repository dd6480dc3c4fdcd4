"""Calibration and scores of a net on held-out rows."""

from dataclasses import replace

import numpy as np

from ..answers._calibration import Calibration, by_task, has_temperature, weighs_classes
from ..answers._layout import CodeLayout
from ._temperatures import fit_temperatures

# Candidate strengths: decisions weight each class by this power of its share. A
# candidate's score is reduced by DRIFT per unit of distance from the typical strength,
# which is higher if classes have few cells.
STRENGTHS = (0.25, 0.5, 0.75, 1.0, 1.5)
TYPICAL, TYPICAL_OF_FEW, FEW_CELLS = 0.75, 1.0, 15
DRIFT = 0.02


class Judge:
    """Calibrates and scores nets on held-out rows.

    Parameters
    ----------
    dataset : RowDataset
        The held-out rows, with their cells.

    cells : LabelledCells
        Cells of all rows of the fit.

    tunes_decisions : bool
        Whether to choose class weights for decisions that maximise the mean of macro-F1
        and accuracy. Otherwise decisions use the class weights of training.
    """

    def __init__(self, dataset, cells, *, tunes_decisions):
        self.dataset, self.tunes_decisions = dataset, tunes_decisions
        self.tasks = cells.targets.tasks
        self.log_shares = by_task(self.tasks, cells.log_class_shares)
        has_few = cells.cells_per_class < FEW_CELLS
        self.typical = TYPICAL_OF_FEW if has_few else TYPICAL
        layout = CodeLayout(self.tasks)
        # The rows and codes of each task with labels in these rows.
        self.labelled = {}
        for k, task in enumerate(self.tasks):
            codes = layout.of_task(dataset.codes, k)
            there = layout.table_of_task(dataset.codes, k) >= 0
            there &= layout.table_of_task(dataset.weights, k) > 0
            rows = np.flatnonzero(there.any(axis=1))
            if len(rows) and has_temperature(task):
                self.labelled[k] = rows, codes[rows]

    def calibrate(self, net):
        """Find the calibration of a net.

        Parameters
        ----------
        net : MultiTaskNet

        Returns
        -------
        calibration : Calibration

        logits : list of ndarray of shape (n_rows, n_logits)
            Logits of the net for the rows.
        """
        logits = [own.numpy() for own in net.forward(self.dataset)]
        calibration = Calibration(
            by_task(self.tasks, net.criterion__adjustments),
            self.log_shares,
            np.ones(len(self.tasks)),
        )
        codes, weights = self.dataset.codes, self.dataset.weights
        calibration = replace(
            calibration,
            temperatures=fit_temperatures(
                self.tasks, calibration, logits, codes, weights
            ),
        )
        if self.tunes_decisions:
            strengths = self._strengths(calibration, logits)
            calibration = replace(calibration, strengths=strengths)
        return calibration, logits

    def _strengths(self, calibration, logits):
        """Return the strength of each task: one for binary tasks, one for others."""
        strengths = np.full(len(self.tasks), self.typical)
        for is_binary in (True, False):
            members = [
                k
                for k, task in enumerate(self.tasks)
                if weighs_classes(task) and (len(task.classes_) <= 2) == is_binary
            ]
            judged = [k for k in members if k in self.labelled]
            if not judged:
                continue
            scores = {}
            for strength in STRENGTHS:
                trial = replace(
                    calibration, strengths=np.full(len(self.tasks), strength)
                )
                score = self.decisions_score(trial, logits, judged)
                scores[strength] = score - DRIFT * abs(strength - self.typical)
            strengths[members] = max(scores, key=scores.get)
        return strengths

    def decisions_score(self, calibration, logits, members=None):
        """Return the mean of macro-F1 and accuracy, as a mean over tasks."""
        scores = []
        for k in self.labelled if members is None else members:
            rows, codes = self.labelled[k]
            decided = calibration.decide(k, self.tasks[k], logits[k][rows])
            n_classes = len(self.tasks[k].classes_)
            scores += [_macro_f1(codes, decided, n_classes), np.mean(codes == decided)]
        return float(np.mean(scores)) if scores else 0.0

    def relative_loss(self, calibration, logits):
        """Return the mean over tasks of log loss relative to the entropy of labels."""
        losses = []
        for k, (rows, codes) in self.labelled.items():
            task = self.tasks[k]
            calibrated = calibration.calibrated(k, task, logits[k][rows])
            likelihoods = np.maximum(task.likelihoods(calibrated, codes), 1e-30)
            entropy = _entropy(codes)
            if entropy:
                losses.append(-np.log(likelihoods).mean() / entropy)
        return float(np.mean(losses)) if losses else 0.0


def _macro_f1(codes, decided, n_classes):
    """Return the mean F1 over the classes that occur.

    With many tasks, scikit-learn's function takes a thousand times as long per task.
    """
    if codes.ndim == 2:  # multilabel: the mean over labels
        pairs = zip(codes.T, decided.T, strict=True)
        return np.mean([_f1(own, chosen, 2)[-1] for own, chosen in pairs])
    f1 = _f1(codes, decided, n_classes)
    return f1[np.isfinite(f1)].mean()


def _f1(codes, decided, n_classes):
    """Return F1 of each class; NaN if the class does not occur."""
    both = np.bincount(codes[codes == decided], minlength=n_classes)
    total = np.bincount(codes, minlength=n_classes)
    total = total + np.bincount(decided, minlength=n_classes)
    f1 = np.full(n_classes, np.nan)
    return np.divide(2.0 * both, total, out=f1, where=total > 0)


def _entropy(codes):
    """Return the mean entropy of the columns of a table of codes."""
    entropies = []
    for column in codes.reshape(len(codes), -1).T:
        shares = np.bincount(column) / len(column)
        shares = shares[shares > 0]
        entropies.append(-(shares * np.log(shares)).sum())
    return float(np.mean(entropies))
