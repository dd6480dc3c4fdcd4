"""From logits to calibrated probabilities, and to decisions."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ._layout import CodeLayout
from ._types import Answers, CategoricalAnswers, OrdinalAnswers


@dataclass(frozen=True)
class Calibration:
    r"""Turns the logits of each task into probabilities and decisions.

    Training adds :math:`a_c` to the logit of class *c*, whose share is :math:`\pi_c`,
    so :math:`z_c + a_c - \log \pi_c` is the evidence for the class. With the
    temperature *T* of the task, probabilities are

    .. math:: p_c \propto \pi_c \exp((z_c + a_c - \log \pi_c) / T)

    Attributes
    ----------
    adjustments : list of list of ndarray
        What training added to the logits, for each code of each task.

    log_shares : list of list of ndarray
        Logarithms of the class shares, in the same form.

    temperatures : ndarray of shape (n_tasks,)
        Above 1 where the network is overconfident.

    strengths : ndarray of shape (n_tasks,) or None, default=None
        The predicted class has the highest probability divided by the class share to
        the power of this strength. None, or NaN for a single task, predicts the class
        with the highest logit.
        Where cells hold several labels, their thresholds decide.
    """

    adjustments: list
    log_shares: list
    temperatures: np.ndarray
    strengths: np.ndarray | None = None

    def probabilities(self, tasks, logits):
        """Return calibrated probabilities.

        Parameters
        ----------
        tasks : list of TaskType

        logits : list of ndarray of shape (n_rows, n_logits)

        Returns
        -------
        probabilities : list of ndarray of shape (n_rows, n_classes)
        """
        pairs = enumerate(zip(tasks, logits, strict=True))
        return [
            task.probabilities(self.calibrated(k, task, own))
            for k, (task, own) in pairs
        ]

    def decisions(self, tasks, logits):
        """Return the predicted codes of each task, a list.

        Parameters
        ----------
        tasks : list of TaskType

        logits : list of ndarray of shape (n_rows, n_logits)
        """
        pairs = enumerate(zip(tasks, logits, strict=True))
        return [self.decide(k, task, own) for k, (task, own) in pairs]

    def decide(self, k, task, logits):
        """Return the predicted codes of task `k`."""
        if task.is_multilabel:  # its thresholds apply to calibrated probabilities
            logits = self.calibrated(k, task, logits)
        elif self._has_strength(k) and weighs_classes(task):
            logits = self.calibrated(k, task, logits, 1 - self.strengths[k])
        return task.choose(task.probabilities(logits))

    def calibrated(self, k, task, logits, prior=1.0):
        """Return the calibrated logits of task `k`.

        Parameters
        ----------
        k : int

        task : TaskType

        logits : ndarray of shape (n_rows, n_logits)

        prior : float, default=1.0
            Exponent of the class shares.
        """
        temperature = self.temperatures[k]
        offsets = self._offsets.get((k, prior))
        if offsets is None:
            pairs = zip(self.adjustments[k], self.log_shares[k], strict=True)
            offsets = self._offsets[k, prior] = [
                (added - shares) / temperature + prior * shares
                for added, shares in pairs
            ]
        return task.calibrated(logits, temperature, offsets)

    def class_weights(self, k, task):
        """Return weights that turn probabilities of task `k` into its decisions.

        Parameters
        ----------
        k : int

        task : Answers

        Returns
        -------
        weights : ndarray of shape (n_classes,) or None
            The class with the highest probability times its weight is predicted. None
            if decisions have another form.
        """
        if not weighs_classes(task):
            return None
        shares = self.log_shares[k][0]
        if self._has_strength(k):
            logs = -self.strengths[k] * shares
        else:  # the highest logit
            logs = (shares - self.adjustments[k][0]) / self.temperatures[k] - shares
        return np.exp(logs - logs.max())

    def _has_strength(self, k):
        return self.strengths is not None and not np.isnan(self.strengths[k])

    def of_tasks(self, numbers):
        """Return the calibration of some tasks, given by their numbers."""
        return Calibration(
            [self.adjustments[k] for k in numbers],
            [self.log_shares[k] for k in numbers],
            self.temperatures[numbers],
            None if self.strengths is None else self.strengths[numbers],
        )

    def for_names(self, known, names):
        """Return a copy with temperatures and strengths for further tasks: the means.

        Parameters
        ----------
        known : list of str
            Names of the tasks of this calibration.

        names : list of str
        """
        values = {"temperatures": np.exp(np.log(self.temperatures).mean())}
        if self.strengths is not None:
            there = self.strengths[~np.isnan(self.strengths)]
            values["strengths"] = there.mean() if len(there) else np.nan
        for name, value in values.items():
            by_name = dict(zip(known, getattr(self, name), strict=True))
            values[name] = np.array([by_name.get(each, value) for each in names])
        return replace(self, **values)

    def and_tasks(self, other):
        """Return the calibration of these tasks and those of another calibration."""
        strengths = None
        if self.strengths is not None or other.strengths is not None:
            parts = [
                np.full(len(part.temperatures), np.nan)
                if part.strengths is None
                else part.strengths
                for part in (self, other)
            ]
            strengths = np.concatenate(parts)
        return Calibration(
            self.adjustments + other.adjustments,
            self.log_shares + other.log_shares,
            np.concatenate([self.temperatures, other.temperatures]),
            strengths,
        )

    @cached_property
    def _offsets(self):
        """Values to add to logits, by task and prior. They do not depend on texts."""
        return {}

    def __getstate__(self):
        return {name: own for name, own in vars(self).items() if name != "_offsets"}


def has_temperature(task):
    """Whether the type of a task defines a temperature for its logits."""
    return type(task).calibrated is not Answers.calibrated


def weighs_classes(task):
    """Whether class weights may change the decisions of a task."""
    return isinstance(task, CategoricalAnswers) and not isinstance(task, OrdinalAnswers)


def by_task(tasks, values):
    """Group values of codes by task.

    Parameters
    ----------
    tasks : list of TaskType

    values : list with one item for each code

    Returns
    -------
    values : list of list
    """
    owners = CodeLayout(tasks).owners.tolist()
    return [
        [value for value, owner in zip(values, owners, strict=True) if owner == k]
        for k in range(len(tasks))
    ]
