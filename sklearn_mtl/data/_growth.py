"""Targets with more or fewer tasks and classes than those of a fit."""

from copy import copy
from dataclasses import replace

import narwhals as nw
import numpy as np
from sklearn.base import clone

from ..answers._layout import CodeLayout
from ..labels._cells import some
from ..tasks import make_task
from ._targets import Targets, check_learnable


def subset(targets, names):
    """Return the targets of the named tasks, in the order of the targets."""
    places = [k for k, name in enumerate(targets.names) if name in names]
    fresh = copy(targets)
    fresh.names = [targets.names[k] for k in places]
    fresh.types = {name: targets.types[name] for name in fresh.names}
    fresh._cell_types = [targets._cell_types[k] for k in places]
    if targets.template is not None:
        fresh.template = _opened(targets.template)[:, places].to_native()
    return _with_tasks(fresh, [targets.tasks[k] for k in places])


def joined(targets, others):
    """Return targets with the tasks of others behind their own."""
    fresh = copy(targets)
    fresh.names = targets.names + others.names
    fresh.types = targets.types | others.types
    fresh._cell_types = targets._cell_types + others._cell_types
    if targets.container == "vector":
        fresh.container = "array"
    if targets.template is not None:
        parts = [_opened(each.template) for each in (targets, others)]
        fresh.template = nw.concat(parts, how="horizontal").to_native()
    return _with_tasks(fresh, targets.tasks + others.tasks)


def new_names(targets, table):
    """Return the names of the tasks of a table, all of which are to be added.

    Parameters
    ----------
    targets : Targets

    table : LabelTable

    Raises
    ------
    ValueError
        If a task exists already, or if the container of the table does not go with
        that of the targets.
    """
    if table.is_named:
        names = list(table.names)
    elif targets.container in ("dict", "frame"):
        raise ValueError(
            f"The tasks of fit have the names {some(targets.names)}, so new tasks need "
            "names too. Pass y as {task: labels} or as a DataFrame."
        )
    else:
        names = names_with_new(targets, table, n_known=0)[len(targets.names) :]
    known = [name for name in names if name in targets.names]
    if known:
        raise ValueError(
            f"The task(s) {some(known)} exist already. Pass only new tasks, under "
            "other names. To learn further rows of a task, use fit with "
            "warm_start=True."
        )
    _check_template(targets, table)
    return names


def names_with_new(targets, table, n_known=None):
    """Return the names of the targets, then those that only a table has.

    Without names, columns after the first `n_known`, by default as many as there are
    tasks, are new.
    """
    names = list(targets.names)
    if table.is_named:
        return names + [name for name in table.names if name not in names]
    n_new = len(table.names) - (len(names) if n_known is None else n_known)
    free = (f"task{k}" for k in range(len(names) + n_new + len(names)))
    unused = [name for name in free if name not in names]
    return names + unused[: max(n_new, 0)]


def grown(targets, table, task_types, declared=None):
    """Return targets that also have the further tasks and classes of a table.

    Parameters
    ----------
    targets : Targets

    table : LabelTable
        With the columns of :func:`names_with_new`.

    task_types : dict of {str: str or TaskType} or None

    declared : dict of {str: ndarray}, default=None
        For a chunk of a stream: further classes of tasks. Tasks then need no label.

    Raises
    ------
    ValueError
        If a task has no label, or its type cannot have the new classes.
    """
    check_learnable(table, task_types, () if declared is None else table.names)
    types, n_known = task_types or {}, len(targets.names)
    tasks, fresh = list(targets.tasks), copy(targets)
    fresh.types = dict(targets.types)
    for k, name in enumerate(targets.names):
        cells = table.columns[k][~table.missing[:, k]]
        holds_sets = table.cell_types[k] is not None
        if declared is not None:
            if not len(cells):
                holds_sets = tasks[k].is_multilabel
            if name in declared:
                cells = _with_declared(cells, declared[name], holds_sets)
            if not len(cells):
                continue
        targets._check_kind(k, holds_sets, cells)
        if (tasks[k].encode(cells) >= 0).all():
            targets.check_type(name, types.get(name))
            continue
        fresh.types[name], tasks[k] = make_task(
            types.get(name, clone(tasks[k])),
            np.concatenate([_all_labels(tasks[k]), cells]),
            targets._label(name),
            table.orders[k],
            holds_sets=holds_sets,
        )
        if targets.template is not None:
            fresh.template = _as_text(fresh.template, k)
    fresh = _with_tasks(fresh, tasks)
    if len(table.names) == n_known:
        return fresh
    _check_template(targets, table)
    new = range(n_known, len(table.names))
    own = {name: kind for name, kind in types.items() if name not in targets.names}
    return joined(fresh, Targets(_columns(table, new), own))


def _with_declared(cells, classes, holds_sets):
    """Return the cells of a column, and further cells with declared classes."""
    if holds_sets:
        whole = np.empty(len(cells) + 1, dtype=object)
        whole[:-1], whole[-1] = cells, frozenset(classes.tolist())
        return whole
    return np.concatenate([cells, classes]) if len(cells) else classes


def _with_tasks(targets, tasks):
    targets.tasks, targets.layout = tasks, CodeLayout(tasks)
    return targets


def _all_labels(task):
    """Return cells that hold each label of a task."""
    codes = np.arange(len(task.classes_))
    labels = task.decode(np.eye(len(codes), dtype=int) if task.is_multilabel else codes)
    cells = np.empty(len(labels), dtype=object)
    cells[:] = list(labels)
    return cells if labels.dtype.kind in "OU" else labels


def _columns(table, places):
    """Return the table of some of the columns."""
    places = list(places)
    names = [table.names[k] for k in places]
    template = table.template
    if template is not None:
        template = _opened(template)
        own = [template.columns.index(name) for name in names]
        template = template[:, own].to_native()
    return replace(
        table,
        names=names,
        columns=[table.columns[k] for k in places],
        missing=table.missing[:, places],
        orders=[table.orders[k] for k in places],
        cell_types=[table.cell_types[k] for k in places],
        template=template,
    )


def _check_template(targets, table):
    """Raise a ValueError if ``output="frame"`` would have no dtypes for new tasks."""
    if targets.template is None:
        return
    library, found = (
        None if each is None else _opened(each).implementation.value
        for each in (targets.template, table.template)
    )
    if library != found:
        raise ValueError(
            f"y was a {library} DataFrame in fit. Predictions with output='frame' need "
            f"the same for new tasks, but y is {found or 'no'} DataFrame now. Pass a "
            f"{library} DataFrame."
        )


def _opened(template):
    return nw.from_native(template, eager_only=True)


def _as_text(template, place):
    """Return a template whose column can hold any text if it held categories."""
    frame = _opened(template)
    name = frame.columns[place]
    if frame.schema[name] in (nw.Categorical, nw.Enum):
        frame = frame.with_columns(nw.col(name).cast(nw.String))
    return frame.to_native()
