"""Calibrators of one task: of classes, of each label of sets, of ordered classes."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logit, softmax
from sklearn.calibration import CalibratedClassifierCV

from ..answers._types import OrdinalAnswers
from ._given import Given

# Logarithms of temperatures that are tried, as in scikit-learn.
_RANGE = (-10.0, 10.0)
_EXACT = {"xatol": 64 * np.finfo(np.float64).eps}
# What is added to probabilities before their logarithm, as in scikit-learn.
_LEAST = 1e-12


def fit_calibrator(task, cells, method):
    """Return a calibrator fitted to the held-out cells of a task.

    Parameters
    ----------
    task : Answers

    cells : Cells

    method : {"temperature", "sigmoid", "isotonic"}

    Returns
    -------
    calibrator : object or None
        ``calibrator(probabilities)`` returns calibrated ones. None if all cells have
        the same label, so that there is nothing to learn.
    """
    codes = cells.codes
    if codes.ndim == 2:
        return LabelsCalibrator(codes, cells.probabilities, method, cells.weights)
    if len(codes) == 0 or (codes == codes[0]).all():
        return None
    kind = OrderedCalibrator if isinstance(task, OrdinalAnswers) else ClassCalibrator
    return kind(codes, cells.probabilities, method, cells.weights)


class ClassCalibrator:
    """Calibrates the classes of one task, like scikit-learn's classifier for one.

    Classes without a held-out cell keep the sum of their probabilities with "sigmoid"
    and "isotonic", which learn a curve for each class.

    Parameters
    ----------
    codes : ndarray of shape (n_cells,)

    probabilities : ndarray of shape (n_cells, n_classes)

    method : {"temperature", "sigmoid", "isotonic"}

    weights : ndarray of shape (n_cells,) or None
    """

    def __init__(self, codes, probabilities, method, weights):
        self.factor = self.curves = None
        if method == "temperature":
            self.factor = _inverse_temperature(
                lambda factor: log_softmax(factor * _logs(probabilities), axis=1),
                codes,
                weights,
            )
            return
        self.seen, codes = np.unique(codes, return_inverse=True)
        self.curves = _scikit_learns(
            codes, _shares(probabilities[:, self.seen]), method, weights
        )

    def __call__(self, probabilities):
        """Return calibrated probabilities."""
        if self.factor is not None:
            return softmax(self.factor * _logs(probabilities), axis=1)
        own = probabilities[:, self.seen]
        calibrated = probabilities.copy()
        whole = len(self.seen) == probabilities.shape[1]
        mass = 1.0 if whole else own.sum(axis=1, keepdims=True)
        calibrated[:, self.seen] = mass * self.curves.predict_proba(_shares(own))
        return calibrated


class LabelsCalibrator:
    """Calibrates each label of a task whose cells hold several, as a binary task.

    A label that all held-out cells have, or none, keeps its probability.
    """

    def __init__(self, codes, probabilities, method, weights):
        self.labels = [
            None
            if (held == held[:1]).all()
            else ClassCalibrator(held, _pair(own), method, weights)
            for held, own in zip(codes.T, probabilities.T, strict=True)
        ]

    def __call__(self, probabilities):
        """Return calibrated probabilities."""
        columns = [
            own if calibrate is None else calibrate(_pair(own))[:, 1]
            for calibrate, own in zip(self.labels, probabilities.T, strict=True)
        ]
        return np.column_stack(columns) if columns else probabilities


class OrderedCalibrator:
    """Calibrates the probabilities of exceeding each class, which keep their order.

    One temperature divides the logits of all of them. The curves of "sigmoid" and
    "isotonic" are fitted to each one alone and may cross: sorting their values is the
    closest answer in order.
    """

    def __init__(self, codes, probabilities, method, weights):
        self.factor = self.curves = None
        exceeds = _exceeding(probabilities)
        if method == "temperature":
            self.factor = _inverse_temperature(
                lambda factor: _logs(_between(factor * logit(exceeds))), codes, weights
            )
            return
        self.curves = []
        for k, own in enumerate(exceeds.T):
            held = (codes > k).astype(int)
            one_sided = (held == held[0]).all()
            self.curves.append(
                None
                if one_sided
                else ClassCalibrator(held, _pair(own), method, weights)
            )

    def __call__(self, probabilities):
        """Return calibrated probabilities."""
        exceeds = _exceeding(probabilities)
        if self.factor is not None:
            return _between(self.factor * logit(exceeds))
        for k, calibrate in enumerate(self.curves):
            if calibrate is not None:
                exceeds[:, k] = calibrate(_pair(exceeds[:, k]))[:, 1]
        exceeds = -np.sort(-exceeds, axis=1)
        return -np.diff(exceeds, axis=1, prepend=1.0, append=0.0)


def _scikit_learns(codes, probabilities, method, weights):
    """Return scikit-learn's calibrator of given probabilities."""
    given, rows = Given(np.arange(probabilities.shape[1])), np.arange(len(codes))
    calibrated = CalibratedClassifierCV(
        given, method=method, cv=[(rows, rows)], ensemble=False
    )
    return calibrated.fit(probabilities, codes, sample_weight=weights)


def _inverse_temperature(log_probabilities, codes, weights):
    """Return the factor on the logits that has the lowest log loss."""
    rows = np.arange(len(codes))

    def loss(log_factor):
        logs = log_probabilities(np.exp(log_factor))[rows, codes]
        return -np.average(logs, weights=weights)

    found = minimize_scalar(loss, bounds=_RANGE, method="bounded", options=_EXACT)
    return float(np.exp(found.x))


def _logs(probabilities):
    return np.log(probabilities + _LEAST)


def _shares(probabilities):
    """Divide rows by their sums; equal shares where the sum is 0."""
    total = probabilities.sum(axis=1, keepdims=True)
    equal = np.full_like(probabilities, 1 / probabilities.shape[1])
    return np.divide(probabilities, total, out=equal, where=total > 0)


def _pair(column):
    return np.column_stack([1 - column, column])


def _exceeding(probabilities):
    """Return the probabilities of exceeding each class but the last."""
    exceeds = np.cumsum(probabilities[:, :0:-1], axis=1)[:, ::-1]
    return np.clip(exceeds, _LEAST, 1 - _LEAST)


def _between(logits):
    """Return the probabilities of classes from the logits of exceeding each."""
    task = OrdinalAnswers()
    task.classes_ = np.arange(logits.shape[1] + 1)
    return task.probabilities(logits)
