"""The temperature of each task, fitted on held-out rows."""

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar

from ..answers._calibration import has_temperature
from ..answers._layout import CodeLayout

# Range of temperatures.
LOWEST, HIGHEST = 0.01, 100.0
# Standard deviations of the priors on log temperatures: for the common temperature of
# all tasks, around 0; for the temperature of a task, around the common one. So a task
# with few cells gets nearly the common temperature.
SPREAD_OF_ALL, SPREAD_OF_TASK = 1.0, 0.3


def fit_temperatures(tasks, calibration, logits, codes, weights):
    r"""Fit the temperature of each task.

    For task *t* it minimises over :math:`\log T_t`

    .. math:: \sum_i -\log p_{it}(T_t) + (\log T_t - \log T)^2 / (2 \cdot 0.3^2)

    where :math:`p_{it}` is the probability of the label of cell *i*, and *T* the common
    temperature of all tasks, which is fitted in the same way with a prior around 1.

    Parameters
    ----------
    tasks : list of TaskType

    calibration : Calibration
        Its temperatures are ignored.

    logits : list of ndarray of shape (n_rows, n_logits)

    codes, weights : ndarray of shape (n_rows, n_codes)
        Codes are negative where a cell is missing.

    Returns
    -------
    temperatures : ndarray of shape (n_tasks,)
        1 for tasks whose probabilities do not use a temperature.

    References
    ----------
    C. Guo et al., "On calibration of modern neural networks", ICML 2017, for one task,
    without priors and without shares of classes.
    """
    layout = CodeLayout(tasks)
    losses = {
        k: _Loss(
            calibration,
            k,
            task,
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

    if losses:
        center = _minimum(of_all, 0.0, SPREAD_OF_ALL)
        for k, loss in losses.items():
            temperatures[k] = np.exp(_minimum(loss, center, SPREAD_OF_TASK))
    return temperatures


class _Loss:
    """The negative log-likelihood of the labelled cells of a task."""

    def __init__(self, calibration, k, task, logits, codes, weights):
        there = codes >= 0
        rows = np.flatnonzero(there if codes.ndim == 1 else there.any(axis=1))
        self.calibration, self.k, self.task = calibration, k, task
        self.logits = logits[rows].astype(float)
        self.codes, weights = codes[rows], weights[rows]
        mean = weights.mean() if len(rows) else 1.0
        self.weights = weights / (mean or 1.0)

    def __call__(self, log_temperature):
        if not len(self.codes):
            return 0.0
        temperatures = np.full(self.k + 1, np.exp(log_temperature))
        calibration = replace(self.calibration, temperatures=temperatures)
        logits = calibration.calibrated(self.k, self.task, self.logits)
        likelihoods = self.task.likelihoods(logits, self.codes)
        logs = np.log(np.maximum(likelihoods, 1e-300))
        return -float((logs.reshape(len(self.codes), -1) * self.weights).sum())


def _minimum(loss, center, spread):
    def penalised(value):
        return loss(value) + (value - center) ** 2 / (2 * spread**2)

    bounds = np.log(LOWEST), np.log(HIGHEST)
    found = minimize_scalar(
        penalised, bounds=bounds, method="bounded", options={"xatol": 0.01}
    )
    return float(found.x)
