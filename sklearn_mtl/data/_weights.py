"""Weights of cells: sample weights times class weights."""

from collections.abc import Mapping
from numbers import Real

import numpy as np

from ..labels._tables import check_task_names


def class_weight_table(class_weight, targets, codes, weights):
    """Return the class weight of each cell.

    Parameters
    ----------
    class_weight : None, "balanced", dict or list
        A dict maps tasks to ``{class: weight}``, "balanced" or None. If y is one
        vector, it is a flat ``{class: weight}``, as in scikit-learn.

    targets : Targets

    codes : ndarray of shape (n_rows, n_codes)

    weights : ndarray of shape (n_rows, n_codes)
        Sample weights for "balanced". Only labelled cells are read.

    Returns
    -------
    factors : ndarray of shape (n_rows, n_codes)
        Where cells hold several labels, each label has its own factor.
    """
    factors = np.ones(codes.shape)
    if isinstance(class_weight, list):
        class_weight = _in_task_order(class_weight, targets)
    for name, task, start in zip(
        targets.names, targets.tasks, targets.layout.starts, strict=True
    ):
        wanted = _of_task(class_weight, name, targets)
        if wanted is None:
            continue
        given = None if wanted == "balanced" else _by_class(wanted, name, task.classes_)
        for k, n_values in enumerate(task.code_sizes, start):
            rows = np.flatnonzero(codes[:, k] >= 0)
            own = codes[rows, k]
            if given is None:
                counts = np.bincount(own, weights=weights[rows, k], minlength=n_values)
                by_value = counts.sum() / (n_values * np.maximum(counts, 1e-300))
            else:
                by_value = given
                if task.is_multilabel:
                    by_value = np.array([1.0, given[k - start]])
            factors[rows, k] = by_value[own]
    return factors


def _in_task_order(class_weight, targets):
    """Return a list of class weights as a dict by task, or its only item."""
    if len(class_weight) != len(targets.names):
        form = dict.fromkeys(targets.names, "balanced")
        raise ValueError(
            f"class_weight must have an item for each of the {len(targets.names)} "
            f"task(s) {targets.names}. Got {len(class_weight)}. Pass a dict, for "
            f"instance {form}."
        )
    if targets.container == "vector":
        return class_weight[0]
    return dict(zip(targets.names, class_weight, strict=True))


def _of_task(class_weight, name, targets):
    if class_weight is None or isinstance(class_weight, str):
        return class_weight
    if targets.container == "vector":
        return class_weight
    check_task_names("class_weight", class_weight, targets.names)
    wanted = class_weight.get(name)
    if wanted is not None and wanted != "balanced" and not isinstance(wanted, Mapping):
        raise ValueError(
            f"class_weight[{name!r}] must be a dict {{class: weight}}, 'balanced' or "
            f"None. Got {wanted!r}."
        )
    return wanted


def _by_class(wanted, name, classes):
    known = classes.tolist()
    unknown = [label for label in wanted if label not in known]
    silent = [label for label in known if label not in wanted]
    # Like scikit-learn: a class that a fold lacks is allowed, a misspelt one is not.
    if unknown and silent:
        raise ValueError(
            f"class_weight for task {name!r} has unknown classes {unknown[:5]} and no "
            f"weight for {silent[:5]}. The classes are {known[:10]}."
        )
    values = [wanted.get(label, 1.0) for label in known]
    for value in values:
        if not (isinstance(value, Real) and np.isfinite(value) and value >= 0):
            raise ValueError(
                f"class_weight for task {name!r} must be finite and not negative. Got "
                f"{dict(wanted)}."
            )
    if not any(values):
        raise ValueError(
            f"class_weight for task {name!r} is zero for all classes, which leaves "
            "nothing to learn. To exclude a task, set its loss weight to 0."
        )
    return np.array(values, dtype=float)


def log_class_shares(targets, codes, weights):
    """Return the logarithm of each class's share of the labelled cells of its task.

    Parameters
    ----------
    targets : Targets

    codes : ndarray of shape (n_rows, n_codes)

    weights : ndarray of shape (n_rows, n_codes)
        Weights of cells.

    Returns
    -------
    log_shares : list of ndarray of shape (n_classes,)
        One array for each code. A class without cells, possible in a warm start, gets
        the share of the rarest class.
    """
    counts = weighted_counts(codes, weights, targets.layout.sizes)
    return [log_shares_of(own) for own in counts]


def weighted_counts(codes, weights, sizes):
    """Return the sum of the cell weights of each class, an array for each code.

    Parameters
    ----------
    codes, weights : ndarray of shape (n_rows, n_codes)

    sizes : list of int
        Number of classes of each code.
    """
    counts = []
    for k, n_classes in enumerate(sizes):
        rows = np.flatnonzero(codes[:, k] >= 0)
        counts.append(
            np.bincount(codes[rows, k], weights=weights[rows, k], minlength=n_classes)
        )
    return counts


def log_shares_of(counts):
    """Return the logarithm of the share of each class of one code.

    A class without cells gets the share of the rarest class that has some.
    """
    there = counts > 0
    if not there.any():
        return np.zeros(len(counts))
    counts = np.where(there, counts, counts[there].min())
    # A quotient would underflow to 0 for tiny weights.
    return np.log(counts) - np.log(counts.sum())


def row_weights(weights, labelled):
    """Return the weight of each row: the mean over its labelled cells.

    Parameters
    ----------
    weights : ndarray of shape (n_rows, n_tasks)

    labelled : ndarray of shape (n_rows, n_tasks), dtype bool

    Returns
    -------
    row_weights : ndarray of shape (n_rows,)
        0 for a row without labelled cells.
    """
    total = (weights * labelled).sum(axis=1)
    return total / np.maximum(labelled.sum(axis=1), 1)
