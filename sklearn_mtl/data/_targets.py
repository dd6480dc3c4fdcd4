"""Targets: encode labels as codes, and decode them."""

import ast
from copy import copy

import numpy as np

from ..answers._labels import LabelCodes
from ..answers._layout import CodeLayout
from ..labels._missing import MARKERS
from ..labels._tables import check_task_names
from ..tasks import make_task, matches_type
from ..utils._warn import warn_caller


class Targets(LabelCodes):
    """The tasks of a label table, each with its type and classes.

    Parameters
    ----------
    table : LabelTable
        Labels from which tasks and classes are learnt.

    task_types : dict of {str: str or TaskType}, default=None
        Types of tasks. The types of the others are inferred.

    classes : dict of {str: ndarray}, default=None
        All classes of tasks whose column may lack some, or any, label.

    Attributes
    ----------
    names, types, tasks, layout, container, template : as of LabelCodes
        Tasks are of the class TaskType.

    Raises
    ------
    ValueError
        If a task has no label, or `task_types` names an unknown task.
    """

    def __init__(self, table, task_types=None, classes=None):
        classes = classes or {}
        check_learnable(table, task_types, classes)
        self.names = list(table.names)
        self.container = table.container
        self.template = table.template
        self.types, self.tasks, self._cell_types = {}, [], list(table.cell_types)
        for k, name in enumerate(self.names):
            cells = table.columns[k][~table.missing[:, k]]
            wanted, order = (task_types or {}).get(name), table.orders[k]
            if name in classes:
                self._declare(k, wanted, cells)
                cells, order = self._declared(k, classes[name], order)
            self.types[name], task = make_task(
                wanted,
                cells,
                self._label(name),
                order,
                holds_sets=self._cell_types[k] is not None,
            )
            self.tasks.append(task)
        self.layout = CodeLayout(self.tasks)
        single = [
            n
            for n, t in zip(self.names, self.tasks, strict=True)
            if len(t.classes_) < 2 and not t.is_multilabel
        ]
        if single:
            warn_caller(
                f"The task(s) {single} have a single class among their labelled cells; "
                "it will be predicted for every text."
            )
        self._warn_of_classes()

    def _declare(self, k, wanted, cells):
        """Let cells hold several labels if a column without labels is to hold them."""
        several = wanted == "multilabel" or getattr(wanted, "is_multilabel", False)
        if several and not len(cells):
            self._cell_types[k] = list

    def _declared(self, k, classes, order):
        """Return cells, and the order of labels, that stand for declared classes."""
        if self._cell_types[k] is None:
            if order is None and classes.dtype.kind in "OU":
                order = list(dict.fromkeys(classes.tolist()))
            return classes, order
        cells = np.empty(1, dtype=object)
        cells[0] = frozenset(classes.tolist())
        return cells, order

    def _warn_of_classes(self):
        """Warn about classes that look like empty cells or like lists in a string."""
        for name, task in zip(self.names, self.tasks, strict=True):
            classes = task.classes_.tolist()
            empty = [c for c in classes if isinstance(c, str) and c.strip() in MARKERS]
            if empty:
                advice = f"pass missing_label={empty}"
                if task.is_multilabel:
                    advice = (
                        "leave them out of the cells, or make a cell None whose labels "
                        "are not known"
                    )
                warn_caller(
                    f"{self._label(name)} has the class(es) {empty}, which look like "
                    f"empty cells. If they are, {advice}."
                )
            lists = [c for c in classes if _is_written_list(c)]
            if lists:
                label = self._label(name)
                warn_caller(
                    f"{label} has the class(es) {lists[:2]}, texts that look like "
                    "lists. If cells hold several labels, parse them, "
                    f"[ast.literal_eval(cell) for cell in {label}]."
                )

    @property
    def orders(self):
        """Dict with the ordered labels of each ordinal task whose labels are texts."""
        return {
            name: task.classes_.tolist()
            for name, task in zip(self.names, self.tasks, strict=True)
            if task.is_ordered and task.classes_.dtype.kind in "OU"
        }

    def with_tasks(self, tasks):
        """Return a copy with other task objects, such as tuned ones."""
        fresh = copy(self)
        fresh.tasks = tasks
        return fresh

    def check(self, table, task_types):
        """Raise a ValueError if a warm start cannot learn from a table.

        Parameters
        ----------
        table : LabelTable

        task_types : dict of {str: str or TaskType} or None
        """
        check_learnable(table, task_types)
        for name, task_type in (task_types or {}).items():
            self.check_type(name, task_type)

    def check_type(self, name, task_type):
        """Raise a ValueError if a task has another type than the user wants now."""
        task = self.tasks[self.names.index(name)]
        if task_type is None or matches_type(task, self.types[name], task_type):
            return
        raise ValueError(
            f"warm_start keeps the type of {self._label(name)}, {self.types[name]!r}, "
            f"and its classes {task.classes_[:10].tolist()}. Got {task_type!r} in "
            "task_types."
        )


def check_learnable(table, task_types, classes=()):
    """Raise a ValueError if a task has no label, or `task_types` an unknown task.

    Tasks with declared classes need no label.
    """
    check_task_names("task_types", task_types, table.names)
    empty = [
        name
        for k, name in enumerate(table.names)
        if table.missing[:, k].all() and name not in classes
    ]
    if empty:
        if table.container == "vector":
            raise ValueError("y has no label in any row whose weight is not 0.")
        raise ValueError(
            f"The task(s) {empty} have no label (in any row whose weight is not 0), so "
            "there is nothing to learn. Leave these columns out."
        )


def _is_written_list(label):
    """Whether a label is a string that holds a list in Python or JSON syntax."""
    if not (isinstance(label, str) and label.startswith("[") and label.endswith("]")):
        return False
    try:
        return isinstance(ast.literal_eval(label), list)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
