"""Task types: what one label column means, a file for each."""

from ._base import TaskType
from ._categorical import Categorical

__all__ = ["Categorical", "TaskType", "make_task"]

# The name a user may give in `task_types`, and the class behind it.
_TASK_TYPES = {"binary": Categorical, "multiclass": Categorical}


def make_task(task_type, cells, label):
    """Return the fitted task of a column.

    Parameters
    ----------
    task_type : str or None
        The name the user gave, or None to infer it.

    cells : ndarray of shape (n_labelled,)
        The labelled cells of the column.

    label : str
        How messages call the column.

    Returns
    -------
    name : str
        "binary" or "multiclass".

    task : TaskType
    """
    if task_type is not None and task_type not in _TASK_TYPES:
        raise ValueError(
            f"The type of {label} must be one of {sorted(_TASK_TYPES)}. Got "
            f"{task_type!r}."
        )
    task = Categorical().fit(cells)
    name = "binary" if len(task.classes_) <= 2 else "multiclass"
    if task_type == "binary" and name != "binary":
        raise ValueError(
            f"{label} is declared binary and holds {len(task.classes_)} classes. Drop "
            "it from task_types, or declare it 'multiclass'."
        )
    return task_type or name, task
