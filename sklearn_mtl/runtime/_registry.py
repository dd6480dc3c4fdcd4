"""The objects that the numpy runtime reads from a model file.

Entries have the same names as in `persistence._registry`, and create plain objects from
the same state. Objects that this runtime does not support are refused by name.
"""

from dataclasses import dataclass, field
from functools import partial
from numbers import Integral

import numpy as np

from ..answers._labels import LabelCodes
from ..answers._layout import CodeLayout
from ..answers._types import (
    Answers,
    CategoricalAnswers,
    MultiLabelAnswers,
    OrdinalAnswers,
)
from ..data._block import Components, DenseBlock
from ..data._columns import ColumnScales
from ..data._rows import join_columns
from ..feature_extraction._analysis import Analysis
from ..feature_extraction._clean import Cleaning
from ..feature_extraction._hashing import HashedTerms
from ..feature_extraction._terms import KnownTerms, TermVectorizer, weigh_counts
from ..persistence._codec import Entry
from ..persistence._errors import BadState, RuntimeUnsupported
from ._network import NETWORKS

TRUNKS = ("BagTrunk", "DenseTrunk")
INSTEAD = "Load it with runtime='torch'."


@dataclass(frozen=True)
class Settings:
    """The name of a trunk or sharing, and its parameters."""

    name: str
    params: dict = field(repr=False)


class JoinedVectorizers:
    """Fitted vectorizers whose columns are concatenated."""

    def __init__(self, parts):
        self.parts = parts
        self.n_features = sum(part.n_features for part in parts)

    def transform(self, texts):
        """Return the rows of a list of texts."""
        return join_columns([part.transform(texts) for part in self.parts])


VECTORIZERS = TermVectorizer, HashedTerms, JoinedVectorizers


class StoredLabels(LabelCodes):
    """The labels of a file. The template frame is created on demand.

    Parameters
    ----------
    state : dict
        The state in the file.

    frame : callable
        Returns the template frame, or None if labels were not in a frame.
    """

    def __init__(self, state, frame):
        self.names, self.tasks = state["names"], state["tasks"]
        self.container, self._frame = state["container"], frame
        self.types = dict(zip(self.names, state["types"], strict=True))
        self._cell_types = [_CELLS[name] for name in state["cell_types"]]
        self.layout = CodeLayout(self.tasks)
        _check_labels(self)

    @property
    def template(self):
        if "_template" not in vars(self):
            self._template = self._frame()
        return self._template

    def __getstate__(self):
        self.template  # noqa: B018 (read it now, because the file is not pickled)
        return {**vars(self), "_frame": None}


_CELLS = {None: None, "list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


def _check_labels(labels):
    names, tasks = labels.names, labels.tasks
    if not names or len({*names}) < len(names) or len(tasks) != len(names):
        raise BadState(
            f"There are {len(tasks)} tasks with the names {names[:5]}. Each task needs "
            "a unique name."
        )
    if len(labels._cell_types) != len(names):
        raise BadState(f"There must be {len(names)} types of cells, one per task.")
    if labels.container not in ("vector", "array", "dict", "frame"):
        raise BadState(f"{labels.container!r:.50} is not a container of labels.")
    for name, task in zip(names, tasks, strict=True):
        if not isinstance(task, Answers):
            raise BadState(f"The task {name!r:.50} is a {type(task).__name__}.")
        found = task.classes_.tolist()
        if not found or len(set(found)) < len(found):
            raise BadState(
                f"The task {name!r:.50} has duplicate classes, or none: {found[:10]}."
            )


class Registry(dict):
    """Entries by name. Any other name gives an entry that raises an error."""

    def __contains__(self, name):
        return isinstance(name, str)

    def __missing__(self, name):
        return Entry(None, None, partial(_refuse, name))


class Foreign:
    """Replaces the list of objects of the user's own classes, and refuses them."""

    def __getitem__(self, number):
        raise RuntimeUnsupported(
            "The file contains objects of classes from outside this package, which "
            f"runtime='numpy' does not load. {INSTEAD}"
        )


def _refuse(name, state):
    raise RuntimeUnsupported(
        f"The classifier has a {name:.100}, which runtime='numpy' does not support. It "
        f"supports {', '.join(TRUNKS)} and trunk=None, with all sharings and task "
        "types of this package, and with its vectorizers of terms: 'auto', "
        f"FastTfidfVectorizer, FastCountVectorizer, FastHashingVectorizer. {INSTEAD}"
    )


def _task(kind, *names):
    def make(state):
        task = kind()
        vars(task).update({name: state[name] for name in names})
        if not isinstance(task.classes_, np.ndarray) or task.classes_.ndim != 1:
            raise BadState("The classes of a task must be a list.")
        return task

    return Entry(None, None, make)


def _multilabel(state):
    task = _task(MultiLabelAnswers, "classes_", "thresholds_", "loss").make(state)
    if task.thresholds_.shape != task.classes_.shape:
        raise BadState("There must be one threshold for each label.")
    return task


def _settings(name):
    return Entry(None, None, partial(Settings, name))


def _analysis(kind, state):
    """Return the settings of a vectorizer that define how texts become terms."""
    if state["tokenizer"] is not None:
        _refuse_setting(kind, "tokenizer", "a function")
    if not isinstance(state["preprocessor"], Cleaning | None):
        raise BadState(f"The preprocessor of a {kind} is not valid.")
    if state["input"] != "content":
        _refuse_setting(kind, "input", repr(state["input"]))
    if isinstance(state["stop_words"], str) and state["analyzer"] == "word":
        _refuse_setting(kind, "stop_words", "a name, not a list of words")
    sizes = state["ngram_range"]
    if (
        state["analyzer"] not in ("word", "char", "char_wb")
        or state["strip_accents"] not in (None, "ascii", "unicode")
        or len(sizes) != 2
        or not all(isinstance(n, Integral) and 0 < n <= 1000 for n in sizes)
    ):
        raise BadState(f"The settings of a {kind} are not valid.")
    words = state["stop_words"] if state["analyzer"] == "word" else None
    return Analysis(
        state["analyzer"],
        bool(state["lowercase"]),
        state["strip_accents"],
        tuple(sizes),
        state["token_pattern"],
        None if words is None else frozenset(words),
        state["preprocessor"],
    )


def _terms(kind, state):
    """Return the vectorizer for a CountVectorizer or TfidfVectorizer, fast or not."""
    analysis = _analysis(kind, state)
    vocabulary, dtype = state["vocabulary_"], np.dtype(state["dtype"])
    n_terms = len(vocabulary)
    columns = np.fromiter(vocabulary.values(), np.int64, n_terms)
    if n_terms and (columns.min() < 0 or columns.max() >= n_terms):
        raise BadState("The columns of a vocabulary must be 0, 1, 2, ...")
    if dtype.kind != "f":
        dtype = np.dtype(np.float32)  # the type of the rows
    weigh = None
    if "Tfidf" in kind:
        weigh = partial(
            weigh_counts,
            idf=_idf(state, n_terms),
            sublinear=bool(state["sublinear_tf"]),
            norm=state["norm"],
        )
    terms = KnownTerms(analysis, vocabulary)
    return TermVectorizer(terms, dtype, binary=bool(state["binary"]), weigh=weigh)


def _hashed(kind, state):
    dtype, n_features = np.dtype(state["dtype"]), state["n_features"]
    if type(n_features) is not int or not 0 < n_features < 2**31:
        raise BadState(
            f"The number of hashed features, {n_features!r:.50}, is not valid."
        )
    if dtype.kind != "f" or state["norm"] not in (None, "l1", "l2"):
        _refuse_setting(kind, "dtype or norm", repr((str(dtype), state["norm"])))
    return HashedTerms(
        _analysis(kind, state),
        n_features,
        bool(state["alternate_sign"]),
        dtype,
        bool(state["binary"]),
        state["norm"],
        bool(state.get("sublinear_tf", False)),
    )


def _cleaning(state):
    cleaning = Cleaning()
    names = ("lowercase", "strip_accents", "html", "urls", "numbers")
    vars(cleaning).update({name: state[name] for name in names})
    if (
        not isinstance(cleaning.urls, str | None)
        or not isinstance(cleaning.numbers, str | None)
        or cleaning.strip_accents not in (None, "ascii", "unicode")
    ):
        raise BadState("The settings of a TextCleaner are not valid.")
    return cleaning


def _idf(state, n_terms):
    idf = state.get("idf") if state["use_idf"] else None
    if idf is not None and idf.shape != (n_terms,):
        raise BadState("There must be one idf for each word.")
    return idf


def _refuse_setting(kind, name, value):
    raise RuntimeUnsupported(
        f"{kind} has a {name} that is {value}, which runtime='numpy' does not support. "
        f"{INSTEAD}"
    )


def _union(kind, state):
    parts = [part for _, part in state["transformer_list"]]
    if state.get("transformer_weights"):
        _refuse_setting(kind, "transformer_weights", "set")
    if not parts or not all(isinstance(p, VECTORIZERS[:2]) for p in parts):
        _refuse_setting(kind, "a part", "no vectorizer of terms")
    return JoinedVectorizers(parts)


def _scales(state):
    return ColumnScales(**{n: state[n] for n in ("columns", "means", "factors")})


def _embedding(state):
    return DenseBlock(**{n: state[n] for n in ("transformer", "mean", "factor")})


def _components(state):
    components = Components()
    components.components_ = state["components_"]
    return components


def make_registry(frame):
    """Return the registry.

    Parameters
    ----------
    frame : callable
        Returns the template frame.
    """
    registry = Registry(
        Categorical=_task(CategoricalAnswers, "classes_"),
        Ordinal=_task(OrdinalAnswers, "classes_"),
        MultiLabel=Entry(None, None, _multilabel),
        Targets=Entry(None, None, partial(StoredLabels, frame=frame)),
        ColumnScales=Entry(None, None, _scales),
        Embedding=Entry(None, None, _embedding),
        LatentSemantics=Entry(None, None, _components),
    )
    registry["TextCleaner"] = Entry(None, None, _cleaning)
    for kind in ("HashingVectorizer", "FastHashingVectorizer"):
        registry[kind] = Entry(None, None, partial(_hashed, kind))
    for name in (*TRUNKS, *NETWORKS):
        registry[name] = _settings(name)
    for name in ("CountVectorizer", "TfidfVectorizer"):
        for kind in (name, f"Fast{name}"):
            registry[kind] = Entry(None, None, partial(_terms, kind))
    for kind in ("FeatureUnion", "UnionInTurn"):
        registry[kind] = Entry(None, None, partial(_union, kind))
    return registry
