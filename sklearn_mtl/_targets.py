"""Targets: the user's labels to the codes of the network, and back."""

import warnings

import narwhals as nw
import numpy as np

from ._labels import check_task_names
from .tasks import is_type, make_task


class Targets:
    """The tasks of a label table, each with its type and classes.

    Parameters
    ----------
    table : LabelTable
        Labels to learn tasks and classes from.

    task_types : dict of {str: str or Ordinal}, default=None
        Task types that are not to be inferred.

    Attributes
    ----------
    names : list of str
        Task names.

    types : dict of {str: str}
        Type of each task.

    tasks : list of TaskType

    container : {"vector", "array", "dict", "frame"}
        What the labels came in.

    Raises
    ------
    ValueError
        If a task has no label at all, or `task_types` names an unknown task.
    """

    def __init__(self, table, task_types=None):
        check_learnable(table, task_types)
        self.names = list(table.names)
        self.container = table.container
        self.template = table.template
        self.types, self.tasks = {}, []
        for k, name in enumerate(self.names):
            cells = table.columns[k][~table.missing[:, k]]
            wanted = (task_types or {}).get(name)
            self.types[name], task = make_task(
                wanted, cells, self._label(name), table.orders[k]
            )
            self.tasks.append(task)
        single = [
            n
            for n, t in zip(self.names, self.tasks, strict=True)
            if len(t.classes_) < 2
        ]
        if single:
            warnings.warn(
                f"The task(s) {single} have a single class among their labelled cells; "
                "it will be predicted for every text.",
                UserWarning,
                stacklevel=7,  # the caller of fit
            )

    def _label(self, name):
        return "y" if self.container == "vector" else f"y[{name!r}]"

    def check(self, table, task_types):
        """Raise a ValueError if a table cannot be learnt from.

        Parameters
        ----------
        table : LabelTable

        task_types : dict of {str: str or Ordinal} or None
        """
        check_learnable(table, task_types)
        for name, task_type in (task_types or {}).items():
            task = self.tasks[self.names.index(name)]
            if not is_type(task_type, self.types[name], task):
                raise ValueError(
                    f"warm_start goes on with the type of {self._label(name)}, "
                    f"{self.types[name]!r}, and its classes "
                    f"{task.classes_[:10].tolist()}. Got {task_type!r} in task_types."
                )

    def encode(self, table, unknown="raise"):
        """Return the codes of a table of labels.

        Parameters
        ----------
        table : LabelTable
            With the tasks in the order of ``names``.

        unknown : {"raise", "warn"}, default="raise"
            What to do about a label that was not there in fit: a ValueError, or a
            warning and the code -2, which no prediction equals.

        Returns
        -------
        codes : ndarray of shape (n_samples, n_tasks), dtype int32
            -1 where a cell is missing.
        """
        codes = np.full(table.missing.shape, -1, dtype=np.int32)
        for k, (name, task) in enumerate(zip(self.names, self.tasks, strict=True)):
            rows = np.flatnonzero(~table.missing[:, k])
            cells = table.columns[k][rows]
            if len(rows) == 0:
                continue
            self._check_kind(name, task.classes_, cells)
            found = task.encode(cells)
            new = found < 0
            if new.any():
                message = (
                    f"{self._label(name)} holds labels that were not there in fit: "
                    f"{cells[new][:5].tolist()} in row(s) {rows[new][:5].tolist()}. "
                    f"The classes are {task.classes_[:10].tolist()}."
                )
                if unknown == "raise":
                    raise ValueError(message)
                message += " They count as wrong predictions."
                warnings.warn(message, UserWarning, stacklevel=3)
            codes[rows, k] = np.where(new, -2, found)
        return codes

    def _check_kind(self, name, classes, cells):
        if (classes.dtype.kind in "OU") != (cells.dtype.kind in "OU"):
            raise ValueError(
                f"{self._label(name)} holds labels of another type than in fit. Got "
                f"{cells[:1].tolist()[0]!r}; the classes are {classes[:5].tolist()}."
            )

    def decode(self, codes, output="array", like=None):
        """Return predicted codes as labels in the container the user wants.

        Parameters
        ----------
        codes : ndarray of shape (n_samples, n_tasks)

        output : {"array", "frame", "dict"}, default="array"

        like : object, default=None
            The X of the prediction; a pandas frame takes over its index.

        Returns
        -------
        labels : ndarray, DataFrame or dict
        """
        columns = [task.decode(codes[:, k]) for k, task in enumerate(self.tasks)]
        if output == "dict":
            return dict(zip(self.names, columns, strict=True))
        if output == "frame":
            return self._as_frame(columns, like)
        if self.container == "vector":
            return columns[0]
        return _as_array(columns)

    def _as_frame(self, columns, like):
        if self.template is None:
            raise ValueError(
                "output='frame' gives a frame of the library that y came in, and y was "
                "no DataFrame with named columns in fit. Use output='dict'."
            )
        backend = nw.get_native_namespace(nw.from_native(self.template))
        data = {
            name: column.tolist() if column.dtype.kind in "OU" else column
            for name, column in zip(self.names, columns, strict=True)
        }
        frame = nw.from_dict(data, backend=backend).to_native()
        if not hasattr(frame, "astype"):
            return frame.cast(self.template.schema)
        frame = frame.astype(dict(self.template.dtypes))  # pandas
        return frame.set_axis(like.index) if hasattr(like, "iloc") else frame


def check_output(output, options):
    """Raise a ValueError if there is no such form of output."""
    if output not in options:
        raise ValueError(f"output must be one of {options}. Got {output!r}.")


def check_learnable(table, task_types):
    """Raise a ValueError if a task has no label, or a type has no task."""
    check_task_names("task_types", task_types, table.names)
    empty = [n for k, n in enumerate(table.names) if table.missing[:, k].all()]
    if empty:
        if table.container == "vector":
            raise ValueError("y has no label in any row of positive weight.")
        raise ValueError(
            f"The task(s) {empty} have no label in any row of positive weight, so "
            "there is nothing to learn. Leave these columns out."
        )


def _as_array(columns):
    if len({column.dtype.kind for column in columns}) > 1:
        columns = [column.astype(object) for column in columns]
    return np.column_stack(columns)
