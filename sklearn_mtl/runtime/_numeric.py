"""Numeric rows of a prediction, checked without scikit-learn."""

import numpy as np
from scipy.sparse import issparse

from ..data._rows import as_rows
from ..utils._texts import refuse_text_table


def read_numeric(X, n_features, names=None):
    """Return numeric rows as a float CSR matrix or ndarray.

    Parameters
    ----------
    X : array-like, sparse matrix or DataFrame of shape (n_rows, n_features)

    n_features : int
        Number of columns in fit.

    names : ndarray of str, default=None
        Names of the columns in fit, if any.

    Raises
    ------
    ValueError
        If X has another shape or other names, or contains anything but finite numbers.
    """
    columns = getattr(X, "columns", None)
    if names is not None and columns is not None:
        found = [str(column) for column in columns]
        if found != list(names):
            raise ValueError(
                "The feature names should match those that were passed during fit, "
                f"{list(names)[:5]}. Got {found[:5]}."
            )
    if issparse(X):
        rows = X.tocsr()
    else:
        rows = np.asarray(X)
        if rows.dtype == object:
            refuse_text_table(rows)
            rows = rows.astype(np.float64)
    if rows.ndim != 2:
        raise ValueError(
            f"Expected 2D array, got {rows.ndim}D array instead. Pass one row per "
            "sample; for a single sample use X.reshape(1, -1)."
        )
    if rows.dtype.kind not in "fiub":
        raise ValueError(f"X must contain numbers. Got the type {rows.dtype}.")
    if rows.shape[0] == 0:
        raise ValueError(
            f"Found array with 0 sample(s) (shape={rows.shape}) while a minimum of 1 "
            "is required."
        )
    if rows.shape[1] != n_features:
        raise ValueError(
            f"X has {rows.shape[1]} features, but MultiTaskPredictor is expecting "
            f"{n_features} features as input."
        )
    return as_rows(rows)
