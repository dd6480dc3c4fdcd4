"""What a fitted pipeline or search ends in, and how it reads true labels."""

import numpy as np

from .._labels import as_label_table


def last_step(estimator):
    """Return what a search or a pipeline ends in, and what comes before.

    Parameters
    ----------
    estimator : fitted estimator

    Returns
    -------
    heads : list of Pipeline
        All steps before the last, the outermost first.

    classifier : fitted estimator
    """
    heads = []
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "steps"):
            if len(estimator.steps) > 1:
                heads.append(estimator[:-1])
            estimator = estimator.steps[-1][1]
        else:
            return heads, estimator


def labels_for(estimator, y, missing_label=None):
    """Read true labels as a fitted classifier does: its tasks, its empty cells.

    Parameters
    ----------
    estimator : fitted multi-output classifier, or what ends in one

    y : array-like, dict or DataFrame

    missing_label : object, default=None
        None is that of the classifier.

    Returns
    -------
    table : LabelTable
    """
    _, classifier = last_step(estimator)
    if missing_label is None:
        missing_label = getattr(classifier, "missing_label", None)
    table = as_label_table(y, missing_label=missing_label)
    names = getattr(classifier, "task_names_", None)
    return table if names is None else table.select(names)


def label_orders(estimator):
    """Return the order of texts that are labels of ordinal tasks.

    Parameters
    ----------
    estimator : fitted multi-output classifier, or what ends in one

    Returns
    -------
    orders : dict of {str: list}
        Empty for a classifier that knows nothing of the kind.
    """
    _, classifier = last_step(estimator)
    types = getattr(classifier, "task_types_", {})
    if "ordinal" not in types.values():
        return {}
    classes = classifier.classes_
    classes = [classes] if np.ndim(classes[0]) == 0 else classes
    return {
        name: own.tolist()
        for name, own in zip(classifier.task_names_, classes, strict=True)
        if types[name] == "ordinal" and own.dtype.kind in "OU"
    }
