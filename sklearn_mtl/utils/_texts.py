"""Read texts from any container."""

from collections.abc import Mapping, Set

import numpy as np

from ._rows import one_column, settled


def read_texts(X, vectorizer="auto"):
    """Return X as a list of str if it is a collection of texts, else None.

    Parameters
    ----------
    X : iterable of str, array-like or sparse matrix
        A table with one column of strings counts as this column.

    vectorizer : "auto" or transformer, default="auto"
        Some transformers read tables, so a table of strings may be valid for them.

    Returns
    -------
    texts : list of str or None
        None for numeric rows, which are checked elsewhere.

    Raises
    ------
    ValueError
        If X is a single string, empty, a table with columns of strings, or mixes
        strings with other objects.
    """
    reads_tables = not isinstance(vectorizer, str) and reads_tables_too(vectorizer)
    if reads_tables and is_table(X):
        return None
    texts = one_column(X)
    if texts is None:
        if not reads_tables:
            refuse_text_table(X)
        return None
    if not texts:
        raise ValueError(
            "Found array with 0 sample(s): X is empty, but at least 1 text is required."
        )
    if not reads_tables:
        _refuse_records(texts)
    if isinstance(texts[0], list | tuple) and isinstance(vectorizer, str):
        _refuse_words(texts)
        refuse_text_table(texts)
    kinds = set(map(type, texts))
    if kinds == {str}:
        return texts
    if not any(
        issubclass(kind, str | bytes) or kind.__name__ in ("NoneType", "NAType")
        for kind in kinds
    ):
        return None
    return check_texts(texts)


def check_texts(texts):
    """Return a list of texts after checking that all are str.

    Parameters
    ----------
    texts : iterable

    Returns
    -------
    texts : list of str

    Raises
    ------
    ValueError
        If an item is not a str, or `texts` is a str.
    """
    if isinstance(texts, str | bytes):
        one_column(texts)  # raises an error
    texts = list(texts)
    wrong = [row for row, text in enumerate(texts) if not isinstance(text, str)]
    if wrong:
        raise ValueError(
            "X must hold texts only. Got "
            f"{texts[wrong[0]]!r} of type {type(texts[wrong[0]]).__name__} in row "
            f"{wrong[0]}; {len(wrong)} such row(s), the first {wrong[:5]}. Fill empty "
            "texts with '' and decode bytes."
        )
    return list(map(str, texts))


def as_documents(X):
    """Return the input of a vectorizer as an iterable over texts.

    Parameters
    ----------
    X : iterable of str or bytes, or a table of one column
        Iterating over pyarrow columns and tables does not yield texts.

    Returns
    -------
    documents : iterable
        A single string is returned unchanged; scikit-learn raises an error for it.

    Raises
    ------
    ValueError
        If `X` is a dict or a table with several columns.
    """
    if isinstance(X, str | list | Set):  # a set is enough to learn a vocabulary
        return X
    cells = one_column(X)
    if cells is None:
        refuse_text_table(X)
        return X
    return cells


def as_read_by(estimator, X):
    """Return X in a form from which an evaluation can select rows.

    Parameters
    ----------
    estimator : estimator

    X : texts, rows or table

    Returns
    -------
    X : list of str or object
        A list if X is a column of texts.
    """
    X = settled(X)
    vectorizer = getattr(estimator, "vectorizer", None)
    if vectorizer is not None:
        texts = read_texts(X, vectorizer)
        return X if texts is None else texts
    if is_table(X) or isinstance(X, str):
        return X
    cells = one_column(X)
    is_text = cells is not None and all(isinstance(cell, str) for cell in cells)
    return cells if is_text else X


def is_table(X):
    """Whether X is two-dimensional or has named columns."""
    return isinstance(X, Mapping) or len(getattr(X, "shape", (0,))) != 1


def reads_tables_too(vectorizer):
    """Whether a transformer accepts tables, not only collections of texts.

    Parameters
    ----------
    vectorizer : transformer

    Returns
    -------
    reads_tables : bool
    """
    # The tags of scikit-learn's unions do not reflect those of their transformers.
    parts = getattr(vectorizer, "transformer_list", None)
    if parts is not None:
        parts = [part for _, part in parts if not isinstance(part, str)]
        return all(map(reads_tables_too, parts))
    if hasattr(vectorizer, "steps"):
        parts = [part for _, part in vectorizer.steps if hasattr(part, "fit")]
        return not parts or reads_tables_too(parts[0])
    from sklearn.utils import get_tags  # missing in a runtime without scikit-learn

    return get_tags(vectorizer).input_tags.two_d_array


def refuse_rows(X):
    """Raise a ValueError: X holds no texts, but fit saw texts."""
    found = "holds numeric rows" if hasattr(X, "__len__") else f"is {X!r}"
    raise ValueError(f"X {found}, but fit saw texts. Pass a list or a column of texts.")


def refuse_texts(n_features):
    """Raise a ValueError: X holds texts, but fit saw numeric rows."""
    raise ValueError(
        f"X holds texts, but fit saw rows of {n_features} numeric features. Pass such "
        "rows."
    )


def refuse_text_table(X):
    """Raise a ValueError if X is a table with a column of strings.

    Parameters
    ----------
    X : array-like
    """
    names = getattr(X, "column_names", None)  # pyarrow
    names = getattr(X, "columns", None) if names is None else names
    nested = isinstance(X, list)
    cells = np.array(X, dtype=object) if nested else np.asarray(X)
    if cells.ndim != 2 and hasattr(X, "column_names"):  # tables that iterate over dicts
        cells = np.array([list(X[name]) for name in names], dtype=object).T
    if cells.ndim != 2 or cells.dtype.kind not in "OUST":
        return
    of_text = [any(isinstance(c, str | bytes) for c in column) for column in cells.T]
    if not any(of_text):
        return
    k = of_text.index(True)
    column = f"[row[{k}] for row in X]" if nested else f"X[:, {k}]"
    column = column if names is None else f"X[{list(names)[k]!r}]"
    raise ValueError(
        f"X must be one column of texts. Got a table of shape {cells.shape} with "
        f"strings. Pass the column itself, for instance {column}."
    )


def _refuse_words(rows):
    """Raise a ValueError if rows are lists of words of different lengths."""
    if not all(isinstance(row, list | tuple) for row in rows):
        return
    of_words = any(isinstance(cell, str) for row in rows for cell in row)
    if of_words and len(set(map(len, rows))) > 1:
        raise ValueError(
            f"X must hold texts. Got a {type(rows[0]).__name__} in row 0. If it holds "
            "the words of a text, join them, [' '.join(words) for words in X]."
        )


def _refuse_records(cells):
    first = cells[0]
    if not isinstance(first, Mapping):
        return
    of_text = [name for name, cell in first.items() if isinstance(cell, str | bytes)]
    if of_text:
        raise ValueError(
            f"X must be one column of texts. Got a dict of {list(first)} in row 0. "
            f"Pass the texts, for instance [row[{of_text[0]!r}] for row in X]."
        )
