"""Parameters that are a share between 0 and 1: one for all tasks, or by task."""

from collections.abc import Mapping
from numbers import Real

from ..labels._tables import check_task_names


def by_task(parameter, value, task_names):
    """Return the share of each task.

    Parameters
    ----------
    parameter : str
        Its name, for messages.

    value : float or dict of {str: float}

    task_names : list of str

    Returns
    -------
    shares : dict of {str: float or None}
        None for a task that the dict does not name.

    Raises
    ------
    ValueError
        If a task is unknown, or a value is not above 0 and below 1.
    """
    if isinstance(value, Mapping):
        check_task_names(parameter, value, task_names)
        named = {f"{parameter}[{name!r}]": own for name, own in value.items()}
    else:
        named = {parameter: value}
    for where, own in named.items():
        is_number = isinstance(own, Real) and not isinstance(own, bool)
        if not (is_number and 0 < own < 1):
            raise ValueError(f"{where} must be above 0 and below 1. Got {own!r}.")
    if isinstance(value, Mapping):
        return {name: value.get(name) for name in task_names}
    return dict.fromkeys(task_names, value)
