"""Task types: what one label column means, a file for each."""

import numpy as np
from sklearn.base import clone

from ._base import TaskType
from ._categorical import Categorical
from ._multilabel import MultiLabel
from ._ordinal import Ordinal

__all__ = [
    "Categorical",
    "MultiLabel",
    "Ordinal",
    "TaskType",
    "code_owners",
    "is_type",
    "make_task",
]

# The name a user may give in `task_types`, and the class behind it.
_TASK_TYPES = {
    "binary": Categorical,
    "multiclass": Categorical,
    "multilabel": MultiLabel,
    "ordinal": Ordinal,
}


def code_owners(tasks):
    """Return which task each code belongs to, an ndarray of int."""
    return np.repeat(np.arange(len(tasks)), [len(task.code_sizes) for task in tasks])


def make_task(task_type, cells, label, order=None, holds_sets=False):
    """Return the fitted task of a column.

    Parameters
    ----------
    task_type : str, Ordinal, MultiLabel or None
        What the user gave, or None to infer it.

    cells : ndarray of shape (n_labelled,)
        The labelled cells of the column.

    label : str
        How messages call the column.

    order : list, default=None
        All labels in the order that the column has for them, if it has one.

    holds_sets : bool, default=False
        Whether cells are sets of labels.

    Returns
    -------
    name : str
        "binary", "multiclass", "multilabel" or "ordinal".

    task : TaskType
    """
    is_multilabel = isinstance(task_type, MultiLabel) or task_type == "multilabel"
    if is_multilabel or (holds_sets and task_type is None):
        return "multilabel", _make_multilabel(task_type, cells, label, holds_sets)
    if holds_sets:
        raise ValueError(
            f"The cells of {label} hold several labels each, which is 'multilabel'. "
            f"Got {task_type!r} in task_types."
        )
    if isinstance(task_type, Ordinal) or task_type == "ordinal":
        return "ordinal", _make_ordinal(task_type, cells, label, order)
    if task_type is not None and task_type not in _TASK_TYPES:
        raise ValueError(
            f"The type of {label} must be one of {sorted(_TASK_TYPES)}, or an Ordinal "
            f"or MultiLabel object. Got {task_type!r}."
        )
    task = Categorical().fit(cells)
    name = "binary" if len(task.classes_) <= 2 else "multiclass"
    if task_type == "binary" and name != "binary":
        raise ValueError(
            f"{label} is declared binary and holds {len(task.classes_)} classes. Drop "
            "it from task_types, or declare it 'multiclass'."
        )
    return task_type or name, task


def _make_multilabel(task_type, cells, label, holds_sets):
    if not holds_sets:
        raise ValueError(
            f"{label} cannot be multilabel: its cells hold one label each, "
            f"{cells[:1].tolist()[0]!r} for instance. Make each cell a list of labels."
        )
    task = clone(task_type) if isinstance(task_type, MultiLabel) else MultiLabel()
    try:
        return task.fit(cells)
    except ValueError as error:
        raise ValueError(f"{label} cannot be multilabel: {error}") from error


def _make_ordinal(task_type, cells, label, order):
    task = Ordinal() if task_type == "ordinal" else clone(task_type)
    if task.classes is None:
        task.classes = order
    try:
        return task.fit(cells)
    except ValueError as error:
        raise ValueError(f"{label} cannot be ordinal: {error}") from error


def is_type(task_type, name, task):
    """Whether a fitted task is of the type that a user gives in `task_types`.

    Parameters
    ----------
    task_type : str, Ordinal or MultiLabel

    name : str
        Of the task's type.

    task : TaskType
    """
    if isinstance(task_type, MultiLabel):
        return name == "multilabel" and task_type.get_params() == task.get_params()
    if not isinstance(task_type, Ordinal):
        return task_type == name
    listed = task_type.classes
    return name == "ordinal" and (
        listed is None or list(listed) == task.classes_.tolist()
    )
