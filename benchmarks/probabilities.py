"""Log loss, calibration error and reliability of predicted probabilities.

Predictions are a dict of tasks: the classes, and an array with a row for each text and
a column for each class.
"""

import numpy as np
from scipy.sparse import coo_array
from sklearn.metrics import log_loss

from benchmarks.results import PROBABILITY_SCORES, prediction_file
from benchmarks.scores import INTERVAL, draw_counts

N_BINS = 15  # of equal width, as in `calibration_error` of the package


def add_probability_scores(scores, labels, probabilities):
    """Add log loss and calibration error to the scores of tasks that have them."""
    for task, found in score_probabilities(labels, probabilities).items():
        scores[task] |= found


def score_probabilities(labels, probabilities):
    """Return log loss and calibration error of each task on its labelled cells.

    The log loss excludes test cells of a class that is not in train: no system gives
    them a probability. The calibration error counts them as wrong. A task
    with one class in train has neither score.
    """
    scores = {}
    for task, (classes, own) in probabilities.items():
        true, own = labelled_cells(labels[task], own)
        if len(classes) < 2 or not len(true):
            continue
        scores[task] = {"calibration_error": calibration_error(true, classes, own)}
        known = np.isin(true, classes)
        if known.any():
            loss = log_loss(true[known], own[known], labels=classes)
            scores[task]["log_loss"] = float(loss)
    return scores


def labelled_cells(cells, probabilities):
    """Return the labels of labelled cells, and their rows of probabilities."""
    there = np.array([cell is not None for cell in cells])
    true = np.array([cell for cell in cells if cell is not None])
    return true, probabilities[there]


def calibration_error(true, classes, probabilities):
    """Return the expected calibration error of the most probable class."""
    cells, expected, right = sum_bins(true, classes, probabilities)
    return float(np.abs(expected - right).sum() / cells.sum())


def sum_bins(true, classes, probabilities):
    """Return cells, sum of probabilities and correct cells per bin."""
    bins, confidence, right = find_bins(true, classes, probabilities)
    weights = (np.ones_like(confidence), confidence, right)
    return np.array([np.bincount(bins, each, N_BINS) for each in weights])


def find_bins(true, classes, probabilities):
    """Return bin, probability and correctness of the most probable class."""
    confidence = probabilities.max(axis=1).astype(float)
    right = np.asarray(classes)[probabilities.argmax(axis=1)] == true
    # Bins are open below, so that a probability of 1 falls into the last.
    bins = np.clip(np.ceil(confidence * N_BINS).astype(int) - 1, 0, N_BINS - 1)
    return bins, confidence, right


def reliability(labels, probabilities):
    """Return the reliability of predictions, over all tasks.

    Returns
    -------
    bins : list of dict
        Of the bins that are not empty: the largest probability that falls into it,
        the number of cells, their mean probability and their accuracy.
    """
    total = np.zeros((3, N_BINS))
    for task, (classes, own) in probabilities.items():
        true, own = labelled_cells(labels[task], own)
        if len(classes) > 1 and len(true):
            total += sum_bins(true, classes, own)
    return [
        {
            "up_to": (number + 1) / N_BINS,
            "cells": int(cells),
            "probability": expected / cells,
            "accuracy": right / cells,
        }
        for number, (cells, expected, right) in enumerate(total.T.tolist())
        if cells
    ]


def keep(path, labels, probabilities):
    """Write the values of each cell for a bootstrap; NaN and -1 for missing cells."""
    shape = len(next(iter(labels.values()))), len(probabilities)
    losses, gaps = np.full(shape, np.nan), np.full(shape, np.nan)
    bins = np.full(shape, -1)
    for k, (task, (classes, own)) in enumerate(probabilities.items()):
        there = np.array([cell is not None for cell in labels[task]])
        true, own = labelled_cells(labels[task], own)
        bins[there, k], confidence, right = find_bins(true, classes, own)
        gaps[there, k] = confidence - right
        of_true = np.asarray(classes) == true[:, None]
        known = of_true.any(axis=1)
        # As in log_loss: probabilities are at least the rounding error.
        least = np.finfo(own.dtype).eps
        found = -np.log(np.clip(own[of_true], least, 1 - least))
        losses[np.flatnonzero(there)[known], k] = found
    path.parent.mkdir(parents=True, exist_ok=True)
    tasks = np.array(list(probabilities))
    np.savez_compressed(path, tasks=tasks, losses=losses, gaps=gaps, bins=bins)


def difference(folder, name, seeds, ours, peer):
    """Return our mean scores minus the peer's over its tasks, with 95% intervals."""
    with np.load(prediction_file(folder, name, peer, seeds[peer][0])) as kept:
        tasks = kept["tasks"].tolist()
        counts = draw_counts(len(kept["losses"]))
    own, other = (
        np.mean(
            [
                score_draws(prediction_file(folder, name, system, seed), tasks, counts)
                for seed in seeds[system]
            ],
            axis=0,
        )
        for system in (ours, peer)
    )
    found = {}
    for key, drawn in zip(PROBABILITY_SCORES, own - other, strict=True):
        low, high = np.percentile(drawn[1:], INTERVAL).tolist()
        found[key] = {"difference": float(drawn[0]), "low": low, "high": high}
    return found


def score_draws(path, tasks, counts):
    """Return both scores in each draw, means over tasks: (2, 1 + RESAMPLES)."""
    scores = []
    with np.load(path) as kept:
        columns = [kept["tasks"].tolist().index(task) for task in tasks]
        arrays = [kept[key][:, columns].T for key in ("losses", "gaps", "bins")]
    for losses, gaps, bins in zip(*arrays, strict=True):
        known = ~np.isnan(losses)
        rows = np.flatnonzero(bins >= 0)
        gap_table = coo_array(
            (gaps[rows], (bins[rows], rows)), (N_BINS, len(bins))
        ).tocsr()
        with np.errstate(invalid="ignore"):  # a task that was not drawn
            loss = (losses[known] @ counts[known]) / counts[known].sum(axis=0)
            error = np.abs(gap_table @ counts).sum(axis=0) / counts[rows].sum(axis=0)
        scores.append((loss, error))
    return np.nanmean(scores, axis=0)
