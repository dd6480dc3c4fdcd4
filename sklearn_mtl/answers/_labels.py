"""Encode labels as codes, and decode codes to labels in the user's container."""

import numpy as np

from ..utils._warn import warn_caller


class LabelCodes:
    """The tasks of a label table, and the container of the labels.

    Attributes
    ----------
    names : list of str
        Task names.

    types : dict of {str: str}
        Type of each task.

    tasks : list of Answers

    layout : CodeLayout
        The codes of each task: one, or one for each of its labels.

    container : {"vector", "array", "dict", "frame"}
        The container of the labels.

    template : DataFrame or None
        A frame without rows that has the names and dtypes of the labels.
    """

    def _label(self, name):
        return "y" if self.container == "vector" else f"y[{name!r}]"

    def encode(self, table, unknown="raise", *, numbers=None, advice=""):
        """Return the codes of a table of labels.

        Parameters
        ----------
        table : LabelTable
            With the tasks in the order of ``names``.

        unknown : {"raise", "warn"}, default="raise"
            What to do with a label that fit did not see: raise a ValueError, or warn
            and return the code -2, which no prediction equals.

        numbers : ndarray of shape (n_samples,), default=None
            The numbers of the rows in messages. None counts from 0.

        advice : str, default=""
            What to do about such a label; it follows the message of the error.

        Returns
        -------
        codes : ndarray of shape (n_samples, n_codes), dtype int32
            -1 where a cell is missing.
        """
        codes = np.full((len(table), len(self.layout.sizes)), -1, dtype=np.int32)
        for k, (name, task) in enumerate(zip(self.names, self.tasks, strict=True)):
            rows = np.flatnonzero(~table.missing[:, k])
            cells = table.columns[k][rows]
            if len(rows) == 0:
                continue
            self._check_kind(k, table.cell_types[k] is not None, cells)
            found = task.encode(cells)
            unknown_cells = found < 0
            new = unknown_cells.any(axis=1) if found.ndim == 2 else unknown_cells
            if new.any():
                first = rows[new][:5]
                first = first if numbers is None else numbers[first]
                message = (
                    f"{self._label(name)} holds labels that did not occur in fit: "
                    f"{cells[new][:5].tolist()} in row(s) {first.tolist()}. "
                    f"The classes are {task.classes_[:10].tolist()}."
                )
                if unknown == "raise":
                    raise ValueError(f"{message} {advice}".rstrip())
                message += " They count as wrong predictions."
                warn_caller(message)
            self.layout.of_task(codes, k)[rows] = np.where(unknown_cells, -2, found)
        return codes

    def _check_kind(self, task, are_sets, cells):
        name, classes = self.names[task], self.tasks[task].classes_
        if self.tasks[task].is_multilabel != are_sets:
            held = "one label" if are_sets else "several labels"
            raise ValueError(
                f"The cells of {self._label(name)} held {held} each in fit. Got "
                f"{cells[:1].tolist()[0]!r}."
            )
        if are_sets:
            return
        if (classes.dtype.kind in "OU") != (cells.dtype.kind in "OU"):
            raise ValueError(
                f"{self._label(name)} holds labels of another type than in fit. Got "
                f"{cells[:1].tolist()[0]!r}; the classes are {classes[:5].tolist()}."
            )

    def decode(self, codes, output="array", like=None):
        """Decode predicted codes to labels in the requested container.

        Parameters
        ----------
        codes : ndarray of shape (n_samples, n_codes)

        output : {"array", "frame", "dict"}, default="array"

        like : object, default=None
            The X of the prediction. If it is a pandas frame, its index is used.

        Returns
        -------
        labels : ndarray, DataFrame or dict
        """
        columns = [
            task.decode(self.layout.of_task(codes, k))
            for k, task in enumerate(self.tasks)
        ]
        for k, cells in enumerate(self._cell_types):
            if cells is not None:
                columns[k] = self._as_cells(columns[k], cells, self.tasks[k])
        if output == "dict":
            return dict(zip(self.names, columns, strict=True))
        if output == "frame":
            return self._as_frame(columns, like)
        if self.container == "vector":
            return columns[0]
        return _as_array(columns, self.tasks)

    def arrange(self, probabilities, output="list"):
        """Return the probabilities of each task in the requested container.

        Parameters
        ----------
        probabilities : list of ndarray of shape (n_samples, n_classes)

        output : {"list", "dict"}, default="list"

        Returns
        -------
        probabilities : list of ndarray, dict, or ndarray if labels were 1-D
        """
        if output == "dict":
            return dict(zip(self.names, probabilities, strict=True))
        return probabilities[0] if self.container == "vector" else probabilities

    @staticmethod
    def _as_cells(sets, cell_type, task):
        """Return sets of labels in the type of the user's cells."""
        if cell_type in (list, tuple):  # these have an order
            place = {label: k for k, label in enumerate(task.classes_.tolist())}
            sets = (sorted(cell, key=place.get) for cell in sets)
        return np.fromiter(map(cell_type, sets), dtype=object)

    def _as_frame(self, columns, like):
        if self.template is None:
            raise ValueError(
                "output='frame' returns a frame of the library of y, but y was not a "
                "DataFrame in fit. Use output='dict'."
            )
        import narwhals as nw

        backend = nw.get_native_namespace(nw.from_native(self.template))
        data = dict(zip(self.names, columns, strict=True))
        if hasattr(self.template, "column_names"):
            return _arrow_table(data, self.template.schema, backend)
        if not hasattr(self.template, "astype"):  # polars
            data = {name: column.tolist() for name, column in data.items()}
            return backend.DataFrame(data, schema=self.template.schema)
        data = {
            name: column.tolist() if column.dtype.kind in "OU" else column
            for name, column in data.items()
        }
        frame = nw.from_dict(data, backend=backend).to_native()
        frame.columns = self.template.columns  # may be integers
        frame = frame.astype(dict(self.template.dtypes))
        return frame.set_axis(like.index) if hasattr(like, "iloc") else frame


def _arrow_table(data, schema, pyarrow):
    """Return an Arrow table with the columns and types of a schema."""
    columns = []
    for name, type_ in zip(schema.names, schema.types, strict=True):
        # A cast does not support dictionaries of numbers or run-end encoding.
        cells = list(data[name])
        if type_ == pyarrow.float16():  # older releases accept only numpy's type
            cells = [np.float16(cell) for cell in cells]
        columns.append(pyarrow.array(cells, type=type_))
    return pyarrow.table(columns, schema=schema)


def check_output(output, options):
    """Raise a ValueError if the output format is unknown."""
    if output not in options:
        raise ValueError(f"output must be one of {options}. Got {output!r}.")


def _as_array(columns, tasks):
    """Join columns. Numeric types are joined if one type holds all classes exactly."""
    kinds = {column.dtype.kind for column in columns}
    dtype = np.result_type(*columns) if kinds <= set("biuf") else None
    if len(kinds) > 1 and (dtype is None or not _holds_classes(dtype, tasks)):
        columns = [column.astype(object) for column in columns]
    return np.column_stack(columns)


def _holds_classes(dtype, tasks):
    # Lists compare by value: an integer beyond 2**53 may differ from its float.
    return all(
        task.classes_.astype(dtype).tolist() == task.classes_.tolist() for task in tasks
    )
