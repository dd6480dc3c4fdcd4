"""The labels so far, of the tasks of a fitted classifier."""

from ..decisions._targets import classes_of
from ..labels._tables import as_label_table
from ..metrics._fitted import label_reader


def read_pool(classifier, y, n_rows):
    """Read labels that may be missing, or all are.

    Parameters
    ----------
    classifier : fitted multi-output classifier

    y : array-like, dict, DataFrame or None

    n_rows : int
        Number of rows of X.

    Returns
    -------
    table : LabelTable

    reader : LabelReader

    Raises
    ------
    ValueError
        If y has other rows than X.
    """
    reader = label_reader(classifier)
    if y is None:
        names = reader.task_names
        if names is None:
            classes = classifier.classes_
            several = getattr(classes[0], "ndim", 0) == 1
            names = [f"task{k}" for k in range(len(classes) if several else 1)]
        return as_label_table({name: [None] * n_rows for name in names}), reader
    table = reader.table(y)
    if len(table) != n_rows:
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"{[n_rows, len(table)]}"
        )
    classes_of(classifier, len(table.names))  # raises if there are other tasks
    return table, reader
