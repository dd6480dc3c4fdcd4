"""Labels and weights of a fit, encoded, for the rows with at least one label."""

from dataclasses import dataclass, replace

import numpy as np

from ..labels._cells import some
from ..labels._missing import missing_values
from ..labels._tables import as_label_table
from ..metrics._weights import table_weights
from ..utils._warn import warn_caller
from ._growth import grown, names_with_new
from ._targets import Targets
from ._weights import class_weight_table, log_class_shares, row_weights


@dataclass
class LabelledCells:
    """Labels of a fit, without rows that have no cell of positive weight.

    Attributes
    ----------
    kept : ndarray of shape (n_samples,), dtype bool
        The rows of y with a label of positive weight.

    targets : Targets

    codes : ndarray of shape (n_kept, n_codes), dtype int32

    weights : ndarray of shape (n_kept, n_codes)
        Sample weight times class weight of each cell.

    row_weights : ndarray of shape (n_kept,)
        Sample weight of each row.

    labelled_share : ndarray of shape (n_tasks,)
        Share of the total row weight that is on rows with a label of the task.

    log_class_shares : list of ndarray of shape (n_classes,)
        For each code, the logarithm of each class's share of the cell weights.
    """

    kept: np.ndarray
    targets: Targets
    codes: np.ndarray
    weights: np.ndarray
    row_weights: np.ndarray
    labelled_share: np.ndarray
    log_class_shares: list

    spool = None  # the files of rows and codes that are memory maps

    @property
    def task_shares(self):
        """Share of the rows with a label of each task."""
        return (self.codes[:, self.targets.layout.starts] >= 0).mean(axis=0)

    @property
    def cells_per_class(self):
        """Mean number of labelled cells per class, over the classes of all tasks."""
        return float((self.codes >= 0).sum() / sum(self.targets.layout.sizes))

    def take(self, rows):
        """Return the cells of the given rows, an array of row numbers."""
        return replace(
            self,
            codes=self.codes[rows],
            weights=self.weights[rows],
            row_weights=self.row_weights[rows],
        )

    def scaled_weights(self, dtype):
        """Return the weights of cells for training, in the given float type.

        The mean row weight is 1, so a batch can divide by its number of rows to
        estimate the weighted mean over all rows.
        """
        return (self.weights * (1 / self.row_weights.mean())).astype(dtype)


def read_cells(
    y,
    sample_weight,
    n_samples,
    *,
    missing_label=None,
    task_types=None,
    class_weight=None,
    targets=None,
    grow=False,
    names=None,
):
    """Check labels and weights, and encode them for training.

    Parameters
    ----------
    y : array-like, dict or DataFrame

    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None

    n_samples : int
        Rows of X.

    missing_label, task_types, class_weight : as for the estimator

    targets : Targets, default=None
        Tasks and classes to keep from an earlier fit. None learns them from `y`.

    grow : bool, default=False
        Whether `y` may have tasks and classes that `targets` have not.

    names : list of str, default=None
        Names of the tasks instead of those of `y`.

    Returns
    -------
    cells : LabelledCells

    Raises
    ------
    ValueError
        If `y`, `sample_weight` or a parameter about tasks cannot be used.
    """
    table = as_label_table(y, missing_label=missing_label)
    check_length(table, n_samples)
    if names is not None:
        table = replace(table, names=names)
    values = missing_values(missing_label)
    if values and not table.has_marked:
        _warn_of_unused(values, missing_label, table)
    if targets is not None:  # a warm start keeps its tasks
        table = table.select(names_with_new(targets, table) if grow else targets.names)
    kept, counted, table, weights = counted_cells(table, sample_weight)
    weights = _to_mean_one(weights, counted)
    if targets is None:
        targets = Targets(table, task_types)
    elif grow:
        targets = grown(targets, table, task_types)
    else:
        targets.check(table, task_types)
    codes = targets.encode(table, numbers=np.flatnonzero(kept))
    by_row = row_weights(weights, ~table.missing)
    share = by_row @ ~table.missing / by_row.sum()
    weights = targets.layout.by_code(weights)
    weights *= class_weight_table(class_weight, targets, codes, weights)
    return LabelledCells(
        kept,
        targets,
        codes,
        weights,
        by_row,
        share,
        log_class_shares(targets, codes, weights),
    )


def check_length(table, n_samples):
    """Raise a ValueError unless a label table has a row for each row of X."""
    if len(table) != n_samples:
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: X has "
            f"{n_samples} rows and y has {len(table)}. Pass one row of labels for "
            "each text; if a text has no labels, leave all cells of its row empty."
        )


def counted_cells(table, sample_weight):
    """Drop the rows of a label table that have no label of positive weight.

    Returns
    -------
    kept : ndarray of shape (n_samples,), dtype bool

    counted : ndarray of shape (n_kept, n_tasks), dtype bool
        The cells with a label of positive weight.

    table : LabelTable
        The rows that are kept. Cells that do not count are missing.

    weights : ndarray of shape (n_kept, n_tasks)
    """
    weights = table_weights(sample_weight, table)
    if weights is None:
        weights = np.ones(table.missing.shape)
    counted = ~table.missing & (weights > 0)
    kept = counted.any(axis=1)
    counted = counted[kept]
    return kept, counted, table.take(kept).mask(~counted), weights[kept]


def _warn_of_unused(values, missing_label, table):
    """Warn if no cell holds the missing labels, and list what columns hold."""
    wanted = {str(value).strip().casefold() for value in values}
    kinds, alike = {}, []
    for k, (name, column) in enumerate(zip(table.names, table.columns, strict=True)):
        own = set(column[~table.missing[:, k]].tolist())
        if table.cell_types[k] is not None:
            kinds[name], own = f"{table.cell_types[k].__name__} of labels", set()
        else:
            kinds[name] = "str" if column.dtype == object else column.dtype.name
        alike += [label for label in own if str(label).strip().casefold() in wanted]
    alike = sorted(set(alike), key=repr)
    hint = f" Did you mean {some(alike)}?" if alike else ""
    warn_caller(
        f"missing_label={missing_label!r}: no cell of y holds {some(values)}. Check "
        f"that it has the type of the labels. The columns hold {kinds}.{hint}"
    )


def _to_mean_one(weights, counted):
    """Scale cell weights to a mean row weight of 1. Only their ratios matter."""
    if not len(weights):
        return weights
    # In two steps, because a sum of huge weights could overflow to infinity.
    weights = np.where(counted, weights, 0.0)
    weights /= weights.max()
    return weights / row_weights(weights, counted).mean()
