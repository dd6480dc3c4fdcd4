"""The features of fitted transformers: their names, and the texts they come from."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from ..utils._rows import one_column
from ..utils._typing import Array

NONE = -1


@dataclass(frozen=True)
class TextReader:
    """A fitted vectorizer, and the texts that it reads.

    Attributes
    ----------
    vectorizer : transformer with ``build_analyzer``

    column : str, int or None
        Column of X with the texts; None if X is a list of texts.

    before : tuple of transformers
        Steps between the column and the vectorizer.
    """

    vectorizer: Any
    column: Any = None
    before: tuple = ()

    def texts(self, X):
        """Return the texts that the vectorizer reads, a list."""
        texts = X if self.column is None else _column_of(X, self.column)
        for step in self.before:
            texts = step.transform(texts)
        return one_column(texts)

    @property
    def source(self):
        """What readers of the same texts have in common."""
        return self.column, tuple(map(id, self.before))

    @property
    def are_tokens(self):
        """Whether rows are sequences of token ids, not bags of terms."""
        return hasattr(self.vectorizer, "max_length")


@dataclass(frozen=True)
class Features:
    """The columns of the rows: terms of vectorizers, and others.

    Vocabularies are large, so nothing here is made for each term.

    Attributes
    ----------
    readers : list of TextReader

    owners : ndarray of int of shape (n_features,)
        The reader of each feature, or -1.

    numbers : ndarray of int of shape (n_features,)
        The number of the term among those of its reader; of other features, their place
        in `others`.

    others : list of (str, str)
        Names of features that are no terms, and the columns of X that they come from;
        empty if it is not a single one.
    """

    readers: list
    owners: Array
    numbers: Array
    others: list

    @classmethod
    def of_names(cls, names, columns):
        """Return features that are no terms."""
        every = np.arange(len(names))
        others = list(zip(map(str, names), columns, strict=True))
        return cls([], np.full(len(every), NONE), every, others)

    @classmethod
    def joined(cls, parts):
        """Return the features of several parts, one after the other."""
        readers, others, owners, numbers = [], [], [], []
        for part in parts:
            is_term = part.owners >= 0
            owners.append(np.where(is_term, part.owners + len(readers), NONE))
            numbers.append(np.where(is_term, part.numbers, part.numbers + len(others)))
            readers += part.readers
            others += part.others
        nothing = np.empty(0, dtype=np.int64)
        owners, numbers = (np.concatenate([nothing, *own]) for own in (owners, numbers))
        return cls(readers, owners, numbers, others)

    def __len__(self):
        return len(self.owners)

    def take(self, chosen):
        """Return some of the features, in this order."""
        return Features(
            self.readers, self.owners[chosen], self.numbers[chosen], self.others
        )

    def columns_of(self, k):
        """Return the feature of each term of reader `k`; -1 for terms left out."""
        own = np.flatnonzero(self.owners == k)
        n_terms = len(self.readers[k].vectorizer.vocabulary_)
        columns = np.full(n_terms, NONE)
        columns[self.numbers[own]] = own
        return columns

    def named(self, features):
        """Return the names of some features, and the columns that they come from.

        Parameters
        ----------
        features : ndarray of int

        Returns
        -------
        names, columns : list of str
        """
        pairs, terms = [], {}
        owners, numbers = self.owners[features], self.numbers[features]
        for owner, number in zip(owners.tolist(), numbers.tolist(), strict=True):
            if owner < 0:
                pairs.append(self.others[number])
                continue
            reader = self.readers[owner]
            if owner not in terms:
                terms[owner] = reader.vectorizer.get_feature_names_out()
            term = _readable(terms[owner][number], reader.vectorizer.analyzer)
            pairs.append((term, _written(reader.column)))
        return [name for name, _ in pairs], [column for _, column in pairs]


def read_features(transformers, names, n_features):
    """Return the features of the rows that transformers make of X.

    Parameters
    ----------
    transformers : list of fitted transformers
        Applied in this order.

    names : sequence of str or None
        Names of the columns of X, if it is a table.

    n_features : int or None
        Number of columns of X, for names if there are neither transformers nor `names`.

    Returns
    -------
    features : Features
        If rows are sequences of tokens, without features and with a single reader.

    Raises
    ------
    ValueError
        If features have no names.
    """
    steps = [step for outer in transformers for step in _steps(outer)]
    if not steps:
        return _plain(names, n_features)
    return _through(steps, None, names)


def _plain(names, n_features):
    if names is None:
        names = [f"x{k}" for k in range(n_features)]
    return Features.of_names(names, map(str, names))


def _steps(transformer):
    """Return the steps of a transformer, those of nested pipelines included."""
    if not hasattr(transformer, "steps"):
        return [transformer]
    steps = [step for _, step in transformer.steps if hasattr(step, "transform")]
    return [inner for step in steps for inner in _steps(step)]


def _through(steps, column, names):
    """Return the features after some steps over a column of X, or over all of X."""
    first = next((k for k, step in enumerate(steps) if _opens(step)), None)
    if first is None:
        features = None
        for step in steps:
            features = _after(step, features, names)
        return features
    before, opener = tuple(steps[:first]), steps[first]
    if hasattr(opener, "build_analyzer"):
        features = _terms(TextReader(opener, column, before))
    elif hasattr(opener, "transformer_list"):
        features = Features.joined(
            _through([*before, *_steps(part)], column, names)
            for _, part in opener.transformer_list
            if part != "drop"
        )
    else:
        features = _of_columns(opener)
    for step in steps[first + 1 :]:
        features = _after(step, features, names)
    return features


def _opens(step):
    """Whether a step turns texts or tables into features."""
    return any(
        hasattr(step, name)
        for name in ("build_analyzer", "transformer_list", "transformers_")
    )


def _terms(reader):
    vectorizer, nothing = reader.vectorizer, np.empty(0, dtype=np.int64)
    if reader.are_tokens:
        return Features([reader], nothing, nothing, [])
    if not hasattr(vectorizer, "vocabulary_"):
        names = _names_out(vectorizer, None)
        return Features.of_names(names, [_written(reader.column)] * len(names))
    every = np.arange(len(vectorizer.vocabulary_))
    return Features([reader], np.zeros_like(every), every, [])


def _readable(term, analyzer):
    """Write a part of a word as people do: ``ship-``, ``-ip-``, ``-ped``."""
    if analyzer == "char":
        return term.replace(" ", "\u2423")
    if analyzer != "char_wb":
        return str(term)
    before = "" if term.startswith(" ") else "-"
    after = "" if term.endswith(" ") else "-"
    return f"{before}{term.strip()}{after}"


def _of_columns(transformer):
    """Return the features of a fitted ColumnTransformer."""
    known = getattr(transformer, "feature_names_in_", None)
    slices = transformer.output_indices_
    found = []
    for name, step, columns in transformer.transformers_:
        place = slices[name]
        if place.stop == place.start:
            continue
        if isinstance(columns, str | Integral):
            part = _through(_steps(step), columns, None)
        else:
            inputs = _input_names(columns, known)
            own = Features.of_names(inputs, inputs)
            part = own if step == "passthrough" else _all_after(_steps(step), own)
        found.append((place.start, part))
    return Features.joined(part for _, part in sorted(found, key=lambda own: own[0]))


def _all_after(steps, features):
    for step in steps:
        features = _after(step, features, None)
    return features


def _after(step, features, names):
    """Return the features of a step that reads features."""
    if features is None:
        found = _names_out(step, names)
        return Features.of_names(found, [""] * len(found))
    marks = [f"feature{k}" for k in range(len(features))]
    number = {mark: k for k, mark in enumerate(marks)}
    try:
        # Marks instead of names, which may occur twice.
        chosen = [number.get(mark) for mark in _names_out(step, marks)]
    except ValueError:  # the step insists on the names that it saw in fit
        number = {name: k for k, name in enumerate(step.feature_names_in_)}
        chosen = [number.get(name) for name in _names_out(step, None)]
    if None not in chosen:  # it selects or rescales features
        return features.take(chosen)
    given, columns = features.named(np.arange(len(features)))
    given = getattr(step, "feature_names_in_", given)
    columns = sorted({c for c in columns if c}, key=len, reverse=True)
    found = [str(name) for name in _names_out(step, given)]
    return Features.of_names(found, [_owner(name, columns) for name in found])


def _owner(name, columns):
    """Return the column that a name such as ``colour_red`` begins with."""
    if len(columns) == 1:
        return columns[0]
    owners = (c for c in columns if name == c or name.startswith(f"{c}_"))
    return next(owners, "")


def _names_out(step, inputs):
    try:
        return step.get_feature_names_out(inputs)
    except AttributeError as error:
        raise ValueError(
            f"{type(step).__name__} has no feature names. Use a vectorizer with "
            "get_feature_names_out."
        ) from error


def _input_names(columns, known):
    if isinstance(columns, slice) or np.asarray(columns).dtype == bool:
        everything = known if known is not None else np.arange(len(columns))
        columns = np.asarray(everything)[columns]
    return [
        _written(c if isinstance(c, str) or known is None else known[c])
        for c in columns
    ]


def _written(column):
    if column is None:
        return ""
    return f"x{column}" if isinstance(column, Integral) else str(column)


def _column_of(X, column):
    """Return a column of a table of any library."""
    if not isinstance(column, Integral):
        return X[column]
    if hasattr(X, "iloc"):
        return X.iloc[:, column]
    if hasattr(X, "columns") and not hasattr(X, "dtype"):  # polars, pyarrow
        return X[:, column] if not hasattr(X, "column") else X.column(column)
    return np.asarray(X, dtype=object)[:, column]
