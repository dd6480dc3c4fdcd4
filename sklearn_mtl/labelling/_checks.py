"""Checks on arguments, before anything is fitted."""

from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np

from ..labels._sets import labels_of
from ..labels._tables import check_task_names
from ._confident import SCORES, need_cleanlab

ERROR = "error"


def check_probabilities(classifier):
    """Raise a ValueError if a classifier does not predict probabilities."""
    if not hasattr(classifier, "predict_proba"):
        raise ValueError(
            f"{type(classifier).__name__} has no predict_proba, by which cells are "
            "judged. Pass a classifier that predicts probabilities."
        )


def check_score(score, wrong_share):
    """Raise an error if the score or the share of wrong labels cannot be used."""
    if score not in (ERROR, *SCORES):
        raise ValueError(f"score must be one of {[ERROR, *SCORES]}. Got {score!r}.")
    if score != ERROR:
        need_cleanlab(score)
    is_real = isinstance(wrong_share, Real) and not isinstance(wrong_share, bool)
    if not is_real or not 0 < wrong_share < 0.5:
        raise ValueError(
            "wrong_share must be a number above 0 and below 0.5, for example 0.05. Got "
            f"{wrong_share!r}."
        )


def check_tasks(tasks, names):
    """Return the tasks that are asked for, all if None.

    Parameters
    ----------
    tasks : list of str or None

    names : list of str

    Returns
    -------
    tasks : list of str

    Raises
    ------
    ValueError
        If `tasks` is a string, empty or names unknown tasks.
    """
    if tasks is None:
        return list(names)
    if isinstance(tasks, str) or not len(tasks):
        raise ValueError(f"tasks must be a list of names of {names}. Got {tasks!r}.")
    check_task_names("tasks", tasks, names)
    return [name for name in names if name in tasks]


def check_classes(table, tasks):
    """Raise a ValueError if all labels of a task are the same.

    Parameters
    ----------
    table : LabelTable

    tasks : list of str
    """
    found = {}
    for name in tasks:
        k = table.names.index(name)
        cells = table.columns[k][~table.missing[:, k]]
        several = table.cell_types[k] is not None
        n_classes = len(labels_of(cells) if several else np.unique(cells))
        if len(cells) and n_classes < 2 - several:
            found[name] = cells[:1].tolist()[0]
    if found:
        others = [name for name in tasks if name not in found]
        raise ValueError(
            f"All labels are the same in the task(s) {found}, so none can be called "
            f"wrong. Judge the others with tasks={others}."
        )


def check_by_task(parameter, values, names, instead):
    """Raise a ValueError unless values are positive numbers by the name of a task.

    Parameters
    ----------
    parameter : str
        For messages.

    values : dict of {str: float}

    names : list of str

    instead : str
        Other values that are allowed, for messages.
    """
    if not isinstance(values, Mapping):
        raise ValueError(
            f"{parameter} must be {instead} or a dict of numbers by task, such as "
            f"{{{names[0]!r}: 2}}. Got {values!r}."
        )
    check_task_names(parameter, values, names)
    wrong = {
        name: value
        for name, value in values.items()
        if not isinstance(value, Real) or not 0 < value < np.inf
    }
    if wrong:
        raise ValueError(
            f"{parameter} must hold positive numbers. Got {wrong}. The number of tasks "
            "that it does not name is 1."
        )


def check_number(parameter, value, n_cells, cells):
    """Return a number of cells, given as a number or as a share.

    Parameters
    ----------
    parameter : str
        For messages.

    value : int or float

    n_cells : int
        The most that can be asked for.

    cells : str
        What these cells are, for messages.

    Returns
    -------
    number : int
    """
    is_number = isinstance(value, Integral) and not isinstance(value, bool)
    if is_number and 1 <= value <= n_cells:
        return int(value)
    if not is_number and isinstance(value, float) and 0 < value < 1:
        return max(1, round(value * n_cells))
    raise ValueError(
        f"{parameter} must be from 1 to {n_cells}, the number of {cells}, or a share "
        f"of them between 0 and 1. Got {value!r}."
    )
