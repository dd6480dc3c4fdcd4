"""Predicted labels with empty cells, in the user's container and types."""

import numpy as np

from ..labels._missing import kind_of, missing_values


def with_blanks(targets, codes, blank, output, like, missing_label=None):
    """Decode codes, and leave cells empty.

    Parameters
    ----------
    targets : ReadTargets

    codes : ndarray of shape (n_rows, n_codes)

    blank : ndarray of bool of shape (n_rows, n_tasks)
        Cells that get no label.

    output : {"array", "frame", "dict"}

    like : object
        The X of the prediction. If it is a pandas frame, its index is used.

    missing_label : object, default=None
        The user's values that mean "no label". An empty cell gets the first that has
        the type of the labels; without one, it is NaN among numbers and None among
        other labels.

    Returns
    -------
    labels : ndarray, DataFrame or dict
    """
    labels = targets.decode(codes, "dict")
    if output == "frame":
        pairs = zip(targets.names, blank.T, strict=True)
        return as_frame(targets, {n: _cells(labels[n], own) for n, own in pairs}, like)
    marks = missing_values(missing_label)
    columns = {
        name: _blanked(labels[name], own, _mark(task, marks))
        for name, task, own in zip(targets.names, targets.tasks, blank.T, strict=True)
    }
    if output == "dict":
        return columns
    if targets.container == "vector":
        return columns[targets.names[0]]
    kinds = {column.dtype.kind for column in columns.values()}
    if kinds <= {"f", "i", "u"}:
        return np.column_stack(list(columns.values()))
    return np.column_stack([column.astype(object) for column in columns.values()])


def _mark(task, marks):
    """Return the value of an empty cell, or None if the user has no fitting one."""
    if task.is_multilabel or not len(task.classes_):
        return None
    kind = _family(task.classes_[0].item())
    return next((mark for mark in marks if _family(mark) == kind), None)


def _family(value):
    kind = kind_of(type(value))
    return "number" if kind in ("int", "float") else kind


def _blanked(column, blank, mark):
    """Return a column with empty cells; its type does not depend on their number."""
    if mark is None and column.dtype.kind in "iuf":
        floats = column.astype(float)
        if (floats.astype(column.dtype) == column).all():
            floats[blank] = np.nan
            return floats
    cells = _cells(column, blank, mark)
    if mark is None:
        return cells
    return np.array(cells.tolist(), dtype=None if len(cells) else column.dtype)


def _cells(column, blank, mark=None):
    """Return the cells of a column as objects."""
    cells = column.astype(object)
    cells[blank] = mark
    return cells


def as_frame(targets, columns, like):
    template = targets.template
    if template is None:
        targets.decode(np.zeros((0, len(targets.layout.sizes)), int), "frame")  # raises
    import narwhals as nw

    backend = nw.get_native_namespace(nw.from_native(template))
    if hasattr(template, "column_names"):  # pyarrow
        schema = template.schema
        arrays = [
            backend.array(own.tolist(), type=kind)
            for own, kind in zip(columns.values(), schema.types, strict=True)
        ]
        return backend.table(arrays, schema=schema)
    if not hasattr(template, "astype"):  # polars
        lists = {name: own.tolist() for name, own in columns.items()}
        return backend.DataFrame(lists, schema=template.schema)
    frame = nw.from_dict(columns, backend=backend).to_native()
    frame.columns = template.columns  # may be integers
    kinds = zip(frame.columns, template.dtypes, strict=True)
    frame = frame.astype({name: _open_type(kind) for name, kind in kinds})
    return frame.set_axis(like.index) if hasattr(like, "iloc") else frame


def _open_type(dtype):
    """Return the type of a pandas column that may also hold empty cells."""
    if isinstance(dtype, np.dtype):
        return {"b": object, "i": float, "u": float}.get(dtype.kind, dtype)
    return dtype
