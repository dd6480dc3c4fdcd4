"""From logits to calibrated probabilities: a temperature for each task."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from ..tasks import Categorical, CodeLayout, Ordinal, TaskType

# Temperatures that are considered.
LOWEST, HIGHEST = 0.01, 100.0
# Standard deviations of the logarithm of a temperature: that of all tasks together
# around 0, and that of a task around that of all tasks. A task with few cells gets
# nearly the temperature of all.
SPREAD_OF_ALL, SPREAD_OF_TASK = 1.0, 0.3


@dataclass(frozen=True)
class Calibration:
    """What turns the logits of each task into calibrated probabilities.

    Attributes
    ----------
    adjustments : list of list of ndarray
        For each task and each of its codes, what training added to the logits.

    temperatures : ndarray of shape (n_tasks,)
        Divide the logits of a task. Above 1 the network was overconfident.

    strengths : ndarray of shape (n_tasks,) or None, default=None
        Decisions are the classes with the highest calibrated probability, divided by
        the share of the class to this power. None leaves them as training made them:
        those with the highest logit.

    log_shares : list of list of ndarray, default=None
        Logarithms of class shares, which `strengths` needs.
    """

    adjustments: list
    temperatures: np.ndarray
    strengths: np.ndarray | None = None
    log_shares: list | None = None

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
        parts = zip(tasks, logits, self.adjustments, self.temperatures, strict=True)
        return [
            task.probabilities(task.calibrated(own, added, temperature))
            for task, own, added, temperature in parts
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

    def likelihoods(self, k, task, logits, codes):
        """Return the calibrated probabilities of codes of task `k`."""
        logits = task.calibrated(logits, self.adjustments[k], self.temperatures[k])
        return task.likelihoods(logits, codes)

    def decide(self, k, task, logits):
        """Return the predicted codes of task `k`."""
        if self.strengths is not None and is_weighed(task):
            temperature = self.temperatures[k]
            added = [
                one - temperature * self.strengths[k] * shares
                for one, shares in zip(
                    self.adjustments[k], self.log_shares[k], strict=True
                )
            ]
            logits = task.calibrated(logits, added, temperature)
        return task.choose(task.probabilities(logits))


def is_weighed(task):
    """Whether decisions about a task may weigh its classes."""
    return isinstance(task, Categorical) and not isinstance(task, Ordinal)


def by_task(tasks, adjustments):
    """Group the adjustments of codes by task.

    Parameters
    ----------
    tasks : list of TaskType

    adjustments : list of ndarray, one for each code

    Returns
    -------
    adjustments : list of list of ndarray
    """
    owners = CodeLayout(tasks).owners
    return [
        [added for added, owner in zip(adjustments, owners, strict=True) if owner == k]
        for k in range(len(tasks))
    ]


def fit_temperatures(tasks, adjustments, logits, codes, weights):
    r"""Find the temperature of each task on rows that training has not seen.

    For task *t* it minimises over :math:`\log T_t`

    .. math:: \sum_i -\log p_{it}(T_t) + (\log T_t - \log T)^2 / (2 \cdot 0.3^2)

    with the probability :math:`p_{it}` of the label of cell *i* and the temperature *T*
    of all tasks together, found in the same way around 1.

    Parameters
    ----------
    tasks : list of TaskType

    adjustments : list of list of ndarray
        See :class:`Calibration`.

    logits : list of ndarray of shape (n_rows, n_logits)

    codes, weights : ndarray of shape (n_rows, n_codes)
        Codes are negative where a cell is missing.

    Returns
    -------
    temperatures : ndarray of shape (n_tasks,)
        1 for tasks whose probabilities have no temperature.

    References
    ----------
    C. Guo et al., "On calibration of modern neural networks", ICML 2017, for one task
    and without priors.
    """
    layout = CodeLayout(tasks)
    losses = {
        k: _Loss(
            task,
            adjustments[k],
            logits[k],
            layout.of_task(codes, k),
            layout.table_of_task(weights, k),
        )
        for k, task in enumerate(tasks)
        if has_temperature(task)
    }
    temperatures = np.ones(len(tasks))

    def of_all(log_temperature):
        return sum(loss(log_temperature) for loss in losses.values())

    if not losses:
        return temperatures
    center = _lowest(of_all, 0.0, SPREAD_OF_ALL)
    for k, loss in losses.items():
        temperatures[k] = np.exp(_lowest(loss, center, SPREAD_OF_TASK))
    return temperatures


def has_temperature(task):
    """Whether the type of a task says what a temperature does to its logits."""
    return type(task).calibrated is not TaskType.calibrated


class _Loss:
    """The negative log-likelihood of the labelled cells of a task."""

    def __init__(self, task, adjustments, logits, codes, weights):
        there = codes >= 0
        rows = np.flatnonzero(there if codes.ndim == 1 else there.any(axis=1))
        self.task, self.adjustments = task, adjustments
        self.logits = logits[rows].astype(float)
        self.codes, weights = codes[rows], weights[rows]
        mean = weights.mean() if len(rows) else 1.0
        self.weights = weights / (mean or 1.0)

    def __call__(self, log_temperature):
        if not len(self.codes):
            return 0.0
        likelihoods = self.task.likelihoods(
            self.task.calibrated(self.logits, self.adjustments, np.exp(log_temperature)),
            self.codes,
        )
        logs = np.log(np.maximum(likelihoods, 1e-300))
        return -float((logs.reshape(len(self.codes), -1) * self.weights).sum())


def _lowest(loss, center, spread):
    def penalised(value):
        return loss(value) + (value - center) ** 2 / (2 * spread**2)

    bounds = np.log(LOWEST), np.log(HIGHEST)
    found = minimize_scalar(
        penalised, bounds=bounds, method="bounded", options={"xatol": 0.01}
    )
    return float(found.x)
