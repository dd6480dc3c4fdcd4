"""Task types: the meaning of a label column. One file per type."""

from typing import Any

from sklearn.base import clone

from ..utils._typing import Array
from ._base import TaskType
from ._categorical import Categorical
from ._multilabel import MultiLabel
from ._ordinal import Ordinal

__all__ = [
    "Categorical",
    "MultiLabel",
    "Ordinal",
    "TaskType",
]

# Names for `task_types`, and their classes.
ALIASES = {
    "binary": Categorical,
    "multiclass": Categorical,
    "multilabel": MultiLabel,
    "ordinal": Ordinal,
}


def make_task(
    task_type: Any,
    cells: Array,
    label: object,
    order: list[Any] | None = None,
    holds_sets: bool = False,
) -> tuple[str, TaskType]:
    """Return the fitted task of a label column.

    Parameters
    ----------
    task_type : str, TaskType or None
        Value of the user, or None to infer the type.

    cells : ndarray of shape (n_labelled,)
        The labelled cells of the column.

    label : str
        Name of the column in messages.

    order : list, default=None
        All labels in order, if the column is an ordered categorical.

    holds_sets : bool, default=False
        Whether cells are sets of labels.

    Returns
    -------
    name : str
        For example "binary", "multiclass", "multilabel" or "ordinal".

    task : TaskType
    """
    task = _resolve_task_type(task_type, label, holds_sets)
    if holds_sets and not task.is_multilabel:
        raise ValueError(
            f"The cells of {label} hold several labels each, which needs 'multilabel'. "
            f"Got {task_type!r} in task_types."
        )
    try:
        if task.is_multilabel and not holds_sets:
            raise ValueError(
                "its cells hold one label each, for instance "
                f"{cells[:1].tolist()[0]!r}. Make each cell a list of "
                "labels."
            )
        task._validate_params()
        task.fit(cells, order)
    except ValueError as error:
        raise ValueError(f"{label} cannot be {task.name}: {error}") from error
    if task_type == "binary" and task.name != "binary":
        raise ValueError(
            f"{label} is declared binary but has {len(task.classes_)} classes. Remove "
            "it from task_types, or declare it 'multiclass'."
        )
    return task_type if isinstance(task_type, str) else task.name, task


def _resolve_task_type(task_type, label, holds_sets):
    if isinstance(task_type, TaskType):
        return clone(task_type)
    if task_type is None:
        return MultiLabel() if holds_sets else Categorical()
    if isinstance(task_type, str) and task_type in ALIASES:
        return ALIASES[task_type]()
    raise ValueError(
        f"The type of {label} must be one of {sorted(ALIASES)}, or a TaskType object "
        f"such as Ordinal or MultiLabel. Got {task_type!r}."
    )


def matches_type(task: Any, name: str, wanted: Any) -> bool:
    """Whether a fitted task has the type that the user requests in `task_types`.

    Parameters
    ----------
    task : TaskType

    name : str
        Name of the task's type.

    wanted : str or TaskType
    """
    return task.matches(wanted) if isinstance(wanted, TaskType) else wanted == name
