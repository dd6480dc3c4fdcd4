"""Rows as vectors, to tell how much they are alike."""

import numpy as np
from scipy.sparse import issparse
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

from ..utils._rows import one_column
from ..utils._texts import is_table


def row_vectors(X, probabilities):
    """Return a vector for each row.

    Parameters
    ----------
    X : texts or rows

    probabilities : list of ndarray of shape (n_rows, n_classes)
        Taken for rows that are neither texts nor numbers.

    Returns
    -------
    vectors : ndarray or sparse matrix of shape (n_rows, n_features)
    """
    if issparse(X):
        return X.tocsr()
    if not is_table(X):
        cells = one_column(X)
        if cells is not None and all(isinstance(cell, str) for cell in cells):
            counts = HashingVectorizer(alternate_sign=False, norm=None).transform(cells)
            return TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    numbers = np.asarray(X) if len(getattr(X, "shape", ())) == 2 else np.empty(0)
    if numbers.ndim == 2 and numbers.dtype.kind in "biuf":
        numbers = numbers.astype(float)
        if np.isfinite(numbers).all():
            return numbers
    return np.hstack(probabilities)
