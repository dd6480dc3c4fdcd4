"""Scores of labels whose highest is the label that a classifier predicts."""

import numpy as np

from ..metrics._fitted import last_step

# Puts the predicted label before one of the same probability.
_ABOVE = 1 + 1e-9


def decision_scores(targets, model, X):
    """Return scores of the labels of each task; the predicted label has the highest.

    Parameters
    ----------
    targets : ReadTargets

    model : fitted classifier

    X : input of the classifier

    Returns
    -------
    scores : list of ndarray of shape (n_rows, n_classes)
        Probabilities times class weights, if the classifier decides by them. Otherwise
        probabilities, with that of the predicted label and the highest exchanged. For
        cells with several labels, 1 for each predicted label. They add up to 1 in other
        tasks.
    """
    weights = _class_weights(targets, model)
    found = targets.probabilities(model, X)
    codes = None
    if any(own is None for own in weights):
        codes = targets.codes(model, X, may_be_empty=True)
    for k, (task, own) in enumerate(zip(targets.tasks, weights, strict=True)):
        if own is not None:
            found[k] = found[k] * own
        elif task.is_multilabel:
            found[k] = targets.layout.of_task(codes, k).astype(float)
            continue
        else:
            found[k] = _with_first(found[k], targets.layout.of_task(codes, k))
        found[k] /= found[k].sum(axis=1, keepdims=True)
    return found


def _class_weights(targets, model):
    """Return the class weights of each task, None for other decisions."""
    model = last_step(model)[1]
    calibration, own = (getattr(model, name, None) for name in _OF_NETWORKS)
    if calibration is None or own is None:
        return [None] * len(targets.tasks)
    pairs = enumerate(zip(targets.tasks, own.tasks, strict=True))
    return [
        calibration.class_weights(k, theirs)
        if task.classes_.tolist() == theirs.classes_.tolist()
        else None
        for k, (task, theirs) in pairs
    ]


_OF_NETWORKS = ("calibration_", "targets_")


def _with_first(probabilities, codes):
    """Exchange the highest probability of each row and that of its code."""
    found = probabilities.copy()
    rows = np.flatnonzero(codes >= 0)
    codes = codes[rows]
    first = probabilities[rows].argmax(axis=1)
    found[rows, first] = probabilities[rows, codes]
    found[rows, codes] = probabilities[rows, first] * _ABOVE
    return found
