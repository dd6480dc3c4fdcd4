"""Labels and weights of a chunk of a stream, encoded, and the sums up to it."""

from collections.abc import Mapping

import numpy as np

from ..labels._cells import some
from ..labels._tables import as_label_table
from ._cells import LabelledCells, check_length, counted_cells
from ._label_sums import LabelSums
from ._stream_growth import class_map, grown_targets
from ._targets import Targets
from ._weights import class_weight_table, row_weights

ADVICE = (
    "partial_fit keeps the classes of its first call. Declare all of them there, "
    "partial_fit(X, y, classes={form}), or set grow=True to add classes that come "
    "later."
)


def read_chunk(
    y,
    sample_weight,
    n_samples,
    *,
    classes=None,
    missing_label=None,
    task_types=None,
    class_weight=None,
    targets=None,
    sums=None,
    grow=False,
):
    """Check the labels and weights of a chunk, and encode them.

    Parameters
    ----------
    y, sample_weight, n_samples, missing_label, task_types, class_weight : as for \
            ``read_cells``

    classes : list or dict, default=None
        All classes of each task, as for ``partial_fit``.

    targets : Targets, default=None
        Tasks and classes of the first chunk. None learns them.

    sums : LabelSums, default=None
        Sums over earlier chunks; None for the first.

    grow : bool, default=False
        Whether tasks get the classes that they lack.

    Returns
    -------
    cells : LabelledCells
        Their shares are those of all chunks. Weights are relative to the mean of
        all chunks once :meth:`LabelledCells.scaled_weights` has scaled them.

    sums : LabelSums
        Sums with this chunk.

    Raises
    ------
    ValueError
        If y, weights or classes cannot be used.
    """
    table = as_label_table(y, missing_label=missing_label)
    check_length(table, n_samples)
    if isinstance(class_weight, str) or "balanced" in _values(class_weight):
        raise ValueError(
            "class_weight='balanced' is not supported by partial_fit, because the "
            "shares of classes change from call to call. Pass numbers, {task: {class: "
            "weight}}, or rely on logit_adjustment, which follows the shares so far."
        )
    if targets is not None:
        table = table.select(targets.names)
    kept, counted, table, weights = counted_cells(table, sample_weight)
    if targets is None:
        targets = _first_targets(table, task_types, classes, missing_label)
    elif grow:
        declared = declared_classes(classes or {}, targets, missing_label)
        fresh = grown_targets(targets, table, task_types, declared)
        if fresh is not targets and sums is not None:
            places = class_map(targets.tasks, fresh.tasks)
            sums = sums.grown(places, fresh.layout.sizes)
        targets = fresh
    elif classes is not None:
        _check_same(targets, declared_classes(classes, targets, missing_label))
    advice = ADVICE.format(form=_form_of_classes(targets))
    codes = targets.encode(table, numbers=np.flatnonzero(kept), advice=advice)
    by_row = row_weights(weights, counted)
    cell_weights = targets.layout.by_code(weights)
    cell_weights = cell_weights * class_weight_table(
        class_weight, targets, codes, cell_weights
    )
    sums = LabelSums.zero(targets.layout) if sums is None else sums
    if len(codes):
        sums = sums.plus(codes, cell_weights, by_row, counted)
        if not np.isfinite(sums.row_weight):
            raise ValueError(
                "The sum of sample_weight over all calls is not a finite number. Pass "
                "smaller weights."
            )
        cell_weights = cell_weights * (by_row.mean() / sums.mean_row_weight)
    cells = LabelledCells(
        kept,
        targets,
        codes,
        cell_weights,
        by_row,
        sums.labelled_share if sums.n_rows else None,
        sums.log_class_shares,
    )
    return cells, sums


def _form_of_classes(targets):
    """Return how the classes of the tasks are declared, for a message."""
    if targets.container == "vector":
        return "[...]"
    return f"{{{targets.names[0]!r}: [...]}}"


def _values(class_weight):
    """Return the entries of class_weight that may be strings."""
    if isinstance(class_weight, Mapping):
        class_weight = list(class_weight.values())
    entries = class_weight if isinstance(class_weight, list) else []
    return [entry for entry in entries if isinstance(entry, str)]


def _first_targets(table, task_types, classes, missing_label):
    """Return the targets of the first chunk."""
    if classes is not None:
        classes = declared_classes(classes, table, missing_label)
    empty = [
        name
        for k, name in enumerate(table.names)
        if table.missing[:, k].all() and name not in (classes or {})
    ]
    if empty or not len(table):
        where = "y has" if table.container == "vector" else f"The task(s) {empty} have"
        raise ValueError(
            f"{where if empty else 'The first chunk has'} no label (in any row whose "
            "weight is not 0) in the first call of partial_fit. Start with a chunk "
            "that has labels, and declare the classes of tasks that it has none for: "
            "classes={task: [...]}."
        )
    return Targets(table, task_types, classes)


def declared_classes(classes, known, missing_label=None):
    """Return the declared classes of tasks as arrays.

    Parameters
    ----------
    classes : list or dict
        A list of classes per task, in task order, or ``{task: classes}``. For a single
        label column also a flat list.

    known : LabelTable or Targets
        Names of tasks, and the container of labels.

    missing_label : object, default=None

    Returns
    -------
    declared : dict of {str: ndarray}

    Raises
    ------
    ValueError
        If they do not match the tasks, or are not labels.
    """
    names = known.names
    if not isinstance(classes, Mapping):
        if known.container == "vector":
            classes = [classes]
        if isinstance(classes, str) or not hasattr(classes, "__len__"):
            raise ValueError(
                "classes must be a list with the classes of each task, in the order "
                f"of {some(names)}, or a dict {{task: classes}}. Got {classes!r:.80}."
            )
        if len(classes) != len(names):
            raise ValueError(
                f"classes must have a list for each of the {len(names)} task(s) "
                f"{some(names)}, in this order. Got {len(classes)}. A dict "
                "{task: classes} may leave out tasks."
            )
        classes = dict(zip(names, classes, strict=True))
    unknown = [name for name in classes if name not in names]
    if unknown:
        raise ValueError(
            f"classes names unknown tasks {some(unknown)}. The tasks are {some(names)}."
        )
    return {name: _listed(name, own, missing_label) for name, own in classes.items()}


def _listed(name, classes, missing_label):
    """Return the declared classes of a task as an array of labels."""
    what = f"classes[{name!r}]"
    table = as_label_table({name: classes}, missing_label=missing_label, what="classes")
    if not len(table):
        raise ValueError(f"{what} is empty. List all classes of the task.")
    if table.missing.any():
        raise ValueError(
            f"{what} contains an empty cell or a missing_label, which is no class. "
            "Remove it."
        )
    if table.cell_types[0] is not None:
        raise ValueError(
            f"{what} must be a flat list of labels, also where cells hold several. Got "
            f"{list(classes)[:2]!r:.80}."
        )
    return table.columns[0]


def _check_same(targets, declared):
    """Raise a ValueError if classes differ from those of the first call."""
    for name, task in zip(targets.names, targets.tasks, strict=True):
        if name not in declared:
            continue
        now, before = set(declared[name].tolist()), set(task.classes_.tolist())
        if now != before:
            raise ValueError(
                f"classes[{name!r}] differs from the first call of partial_fit or "
                f"from the previous fit. New: {some(sorted(now - before, key=repr))}; "
                f"missing: {some(sorted(before - now, key=repr))}. Leave classes out, "
                "set grow=True to add classes, or fit anew with all of them."
            )
