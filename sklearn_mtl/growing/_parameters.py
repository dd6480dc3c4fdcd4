"""Parameters that refer to tasks, for some of the tasks."""

from collections.abc import Mapping

from sklearn.base import clone

from ..balancing import BaseBalancing
from ..labels._cells import some

_BY_TASK = ("loss_weights", "class_weight", "task_types")


def for_new_tasks(estimator, known, new):
    """Leave only new tasks in the parameters of an estimator.

    Parameters
    ----------
    estimator : MultiTaskTextClassifier
        A copy, which is changed.

    known, new : list of str
        Names of the fitted tasks and of those to add.

    Raises
    ------
    ValueError
        If a parameter is a list, and not for all these tasks.
    """
    _restrict(estimator, estimator, [*known, *new], known)


def for_tasks(estimator, settings, names):
    """Give an estimator the parameters of another, for the named tasks only.

    Parameters
    ----------
    estimator, settings : MultiTaskTextClassifier
        The first is a copy, which is changed.

    names : list of str
    """
    known = settings.targets_.names
    gone = [name for name in known if name not in names]
    _restrict(estimator, settings, list(dict.fromkeys([*known, *names])), gone)


def _restrict(estimator, settings, names, gone):
    for parameter in _BY_TASK:
        value = getattr(settings, parameter)
        if isinstance(value, BaseBalancing):
            value = _balancing_without(value, gone)
        elif isinstance(value, Mapping):
            value = _without(value, gone)
        elif value is not None and not isinstance(value, str):
            value = _of_list(parameter, value, names, gone)
        setattr(estimator, parameter, value)


def _without(by_task, gone):
    return {name: own for name, own in by_task.items() if name not in gone}


def _balancing_without(balancing, gone):
    balancing = clone(balancing)
    for parameter, value in balancing.get_params(deep=False).items():
        if isinstance(value, Mapping):
            setattr(balancing, parameter, _without(value, gone))
    return balancing


def _of_list(parameter, values, names, gone):
    values = list(values)
    if len(values) != len(names):
        raise ValueError(
            f"{parameter} is a list of {len(values)} items for the {len(names)} tasks "
            f"{some(names)}. Set it to a dict by task name first, with set_params."
        )
    pairs = zip(names, values, strict=True)
    return {name: value for name, value in pairs if name not in gone}
