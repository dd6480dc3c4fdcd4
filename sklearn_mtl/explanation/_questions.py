"""What is explained: the answer to each task, and its nearest rival."""

from typing import NamedTuple

import numpy as np

from ..answers._types import CategoricalAnswers, OrdinalAnswers
from ..utils._typing import Array

NONE = -1


class Questions(NamedTuple):
    """One answer of each row in each slot; most tasks have one slot.

    Attributes
    ----------
    tasks : list of int
        The task of each slot.

    labels, rivals : ndarray of shape (n_rows, n_slots)
        Codes of the label and of its rival. -1 in `labels` where the slot is empty, in
        `rivals` where the rival is the absence of the label.

    label_logits, rival_logits : ndarray of shape (n_rows, n_slots)
        Columns of the logits of all tasks; -1 stands for a logit that is always 0.

    probabilities, log_odds : ndarray of shape (n_rows, n_slots)
        Calibrated: the probability of the label, and what the temperature and the class
        shares make of the difference of the two logits.

    temperatures : ndarray of shape (n_slots,)
    """

    tasks: list
    labels: Array
    rivals: Array
    label_logits: Array
    rival_logits: Array
    probabilities: Array
    log_odds: Array
    temperatures: Array


def ask(targets, calibration, logits, chosen, asked):
    """Return what to explain for each row.

    Parameters
    ----------
    targets : Targets

    calibration : Calibration

    logits : list of ndarray of shape (n_rows, n_logits)
        Logits of all tasks.

    chosen : list of int
        The tasks to explain.

    asked : dict of {int: ndarray of shape (n_rows,)}
        For some tasks: the code of the label to explain in each row, -1 for the
        predicted one.

    Returns
    -------
    questions : Questions
    """
    starts = np.cumsum([0, *(part.shape[1] for part in logits)])
    owners, slots = [], []
    for k in chosen:
        task, own = targets.tasks[k], logits[k]
        calibrated = calibration.calibrated(k, task, own)
        probabilities = task.probabilities(calibrated)
        wanted = asked.get(k)
        decided = calibration.decide(k, task, own)
        if task.is_multilabel:
            labels = _present(decided, probabilities, wanted)
        elif wanted is None:
            labels = decided[:, None]
        else:
            labels = np.where(wanted >= 0, wanted, decided)[:, None]
        for column in labels.T:
            rivals, plus, minus = _sides(task, column, own, probabilities)
            odds = _at(calibrated, plus) - _at(calibrated, minus)
            owners.append(k)
            slots.append(
                (
                    column,
                    rivals,
                    np.where(plus >= 0, plus + starts[k], NONE),
                    np.where(minus >= 0, minus + starts[k], NONE),
                    _at(probabilities, column),
                    odds,
                )
            )
    parts = [np.stack(part, axis=1) for part in zip(*slots, strict=True)]
    return Questions(owners, *parts, calibration.temperatures[owners])


def check_explainable(task, name):
    """Raise a ValueError if the logits of a task do not belong to its classes."""
    known = isinstance(task, CategoricalAnswers) or task.is_multilabel
    if not known:
        raise ValueError(
            f"The task {name!r} has the type {type(task).__name__}, whose logits have "
            "no known relation to labels. Leave it out of `tasks`."
        )


def _present(decided, probabilities, wanted):
    """Return the predicted labels of each row, or the most probable one if none is."""
    present = decided.astype(bool)
    none = ~present.any(axis=1)
    present[none, probabilities[none].argmax(axis=1)] = True
    if wanted is not None:
        own = np.flatnonzero(wanted >= 0)
        present[own] = False
        present[own, wanted[own]] = True
    width = present.sum(axis=1).max(initial=1)
    # The most probable labels first, empty slots last.
    order = np.argsort(np.where(present, -probabilities, 1), axis=1, kind="stable")
    order = order[:, :width]
    return np.where(np.take_along_axis(present, order, axis=1), order, NONE)


def _sides(task, labels, logits, probabilities):
    """Return the rivals of labels, and the columns of the logits of both."""
    rows = np.arange(len(labels))
    nothing = np.full(len(labels), NONE)
    if task.is_multilabel:
        return nothing, labels, nothing
    if isinstance(task, OrdinalAnswers):
        return _neighbours(labels, logits)
    others = probabilities.astype(float)
    others[rows, labels] = -1
    rivals = others.argmax(axis=1)
    if len(task.classes_) == 2:  # the logit of the first class is 0
        return rivals, np.where(labels == 1, 0, NONE), np.where(rivals == 1, 0, NONE)
    return rivals, labels, rivals


def _neighbours(labels, logits):
    """Return the neighbours on an ordinal scale that are nearest to being predicted.

    Both have one logit, that of exceeding the lower of them.
    """
    rows, last = np.arange(len(labels)), logits.shape[1]
    below = np.where(labels > 0, logits[rows, np.maximum(labels - 1, 0)], np.inf)
    above = np.where(labels < last, -logits[rows, np.minimum(labels, last - 1)], np.inf)
    falls = below <= above
    rivals = np.where(falls, labels - 1, labels + 1)
    return rivals, np.where(falls, labels - 1, NONE), np.where(falls, NONE, labels)


def _at(values, columns):
    """Return one value of each row; 0 where the column is -1."""
    rows = np.arange(len(values))
    return np.where(columns >= 0, values[rows, np.maximum(columns, 0)], 0.0)
