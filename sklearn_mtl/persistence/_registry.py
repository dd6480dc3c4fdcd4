"""The classes whose objects a model file may contain, and how to store them.

Only classes of this package and a few of scikit-learn are known. Each has a name that
stays the same if the class moves. For an estimator, its parameters and the fitted
attributes listed here are stored. Values that follow from these are recomputed.
"""

from numbers import Integral
from operator import itemgetter
from os import PathLike

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)

from .. import balancing, feature_extraction, sharing, tasks, trunks
from ..answers._layout import CodeLayout
from ..data._columns import ColumnScales
from ..data._embedding import Embedding, LatentSemantics
from ..data._features import UnionInTurn
from ..data._targets import Targets
from ..feature_extraction._subwords import read_tokenizer
from ..utils._optional import import_optional
from ._codec import Entry
from ._errors import BadState, CannotSave

MOST_JOBS = 256
# Attributes that scikit-learn's base classes set on every transformer.
_COMMON = ("n_features_in_", "feature_names_in_", "_sklearn_output_config")
_VOCABULARY = ("vocabulary_", "fixed_vocabulary_")
_FITTED = {
    CountVectorizer: _VOCABULARY,
    HashingVectorizer: (),
    TfidfTransformer: ("idf_",),
    FeatureUnion: (),
    Pipeline: (),
    ColumnTransformer: (
        "transformers_",
        "sparse_output_",
        "output_indices_",
        "_columns",
        "_transformer_to_input_indices",
        "_remainder",
        "_name_to_fitted_passthrough",
    ),
    StandardScaler: ("mean_", "var_", "scale_", "n_samples_seen_"),
    MaxAbsScaler: ("max_abs_", "scale_", "n_samples_seen_"),
    MinMaxScaler: (
        "min_",
        "scale_",
        "data_min_",
        "data_max_",
        "data_range_",
        "n_samples_seen_",
    ),
    RobustScaler: ("center_", "scale_"),
    Normalizer: (),
    # Used by ColumnTransformer to pass columns through. Functions are separate objects.
    FunctionTransformer: (),
    SimpleImputer: ("statistics_", "indicator_", "_fit_dtype", "_fill_dtype"),
    OneHotEncoder: (
        "categories_",
        "drop_idx_",
        "_infrequent_enabled",
        "_drop_idx_after_grouping",
        "_n_features_outs",
        "_infrequent_indices",
        "_default_to_infrequent_mappings",
    ),
    TruncatedSVD: (
        "components_",
        "explained_variance_",
        "explained_variance_ratio_",
        "singular_values_",
    ),
    LatentSemantics: ("components_",),
    UnionInTurn: (),
    feature_extraction.FastCountVectorizer: _VOCABULARY,
    feature_extraction.FastHashingVectorizer: (),
    feature_extraction.SequenceVectorizer: _VOCABULARY,
    feature_extraction.PooledEmbedding: ("encoder_",),
    feature_extraction.TextCleaner: (),
    feature_extraction.UniversalSentenceEncoder: (),
    feature_extraction.WordVectorTrainer: (),
    feature_extraction.WordVectorVectorizer: (
        "counter_",
        "word_vectors_",
        "common_",
        "coverage_",
        "_n_features_out",
    ),
    tasks.Categorical: ("classes_",),
    tasks.Ordinal: ("classes_",),
    tasks.MultiLabel: ("classes_", "thresholds_"),
    balancing.FixedWeights: (),
    balancing.ScheduledWeights: (),
    balancing.UncertaintyWeights: (),
    balancing.DynamicWeightAverage: (),
    balancing.RandomWeights: (),
    balancing.GradNorm: (),
    balancing.DualBalancing: (),
    balancing.ValidationWeights: (),
    balancing.LossScalarization: (),
    balancing.GradientAggregation: (),
    trunks.BagTrunk: (),
    trunks.DenseTrunk: (),
    trunks.ConvTrunk: ("coverage_",),
    trunks.RecurrentTrunk: ("coverage_",),
    trunks.AttentionTrunk: ("coverage_",),
    trunks.ModuleTrunk: (),
    sharing.SharedPrivate: (),
    sharing.HardSharing: (),
    sharing.Separate: (),
    sharing.MixtureOfExperts: (),
    sharing.ProgressiveLayers: (),
    sharing.AdversarialSharedPrivate: (),
}


def check_settings(kind, state, error=BadState):
    """Raise an error if the parameters of an object are not safe in a file.

    Such parameters read other files, possibly pickles, write files, or start unlimited
    processes or threads.
    """
    if state.get("memory") is not None or state.get("input", "content") != "content":
        raise error(
            f"{kind.__name__} is set to read other files, which is not allowed in a "
            "model file. Read the files yourself, and fit with input='content'."
        )
    if state.get("checkpoint") is not None:
        raise error(f"{kind.__name__} is set to write the file of a checkpoint.")
    n_jobs = state.get("n_jobs")
    if n_jobs is not None and not (
        isinstance(n_jobs, Integral) and abs(n_jobs) <= MOST_JOBS
    ):
        raise error(
            f"{kind.__name__} has n_jobs={n_jobs!r:.50}. A file allows at most "
            f"{MOST_JOBS}; use -1 for all cores."
        )


def _estimator(kind, fitted):
    """Return the entry of a class with scikit-learn parameters."""
    known = (*fitted, *_COMMON)

    def get(value):
        state = value.get_params(deep=False)
        if "memory" in state:
            state["memory"] = None
        check_settings(kind, state, CannotSave)
        held = vars(value)
        state |= {name: held[name] for name in known if name in held}
        if isinstance(state.get("vocabulary_"), dict):
            pairs = state["vocabulary_"].items()
            state["vocabulary_"] = dict(sorted(pairs, key=itemgetter(1)))
        return state

    def make(state):
        parameters = kind._get_param_names()
        unknown = state.keys() - {*parameters, *known}
        if unknown:
            raise BadState(f"{kind.__name__} has no {sorted(unknown)[:5]}.")
        check_settings(kind, state)
        value = kind(**{name: state.pop(name) for name in parameters if name in state})
        vars(value).update(state)
        return value

    return Entry(kind, get, make)


def _tfidf(kind):
    """Return the entry of a TfidfVectorizer, whose weights are in another object."""
    plain = _estimator(kind, (*_VOCABULARY, "idf"))
    names = ("norm", "use_idf", "smooth_idf", "sublinear_tf")

    def get(value):
        state = plain.get(value)
        inner = getattr(value, "_tfidf", None)
        if hasattr(inner, "idf_"):
            state["idf"] = inner.idf_
        return state

    def make(state):
        idf = state.pop("idf", None)
        value = plain.make(state)
        if hasattr(value, "vocabulary_"):
            settings = {name: getattr(value, name) for name in names}
            value._tfidf = TfidfTransformer(**settings)
            value._tfidf.n_features_in_ = len(value.vocabulary_)
            if idf is not None:
                if idf.shape != (len(value.vocabulary_),):
                    raise BadState("There must be one idf for each word.")
                value._tfidf.idf_ = idf
        return value

    return Entry(kind, get, make)


def _subwords():
    kind = feature_extraction.SubwordVectorizer
    plain = _estimator(kind, (*_VOCABULARY, "tokenizer"))

    def get(value):
        state = plain.get(value)
        if hasattr(value, "tokenizer_"):
            state["tokenizer"] = value.tokenizer_.to_str()
        if not isinstance(state["pretrained"], str | PathLike | None):
            text = read_tokenizer(state["pretrained"]).to_str()
            state["pretrained"] = {"tokenizer": text}
        return state

    def read(text):
        tokenizers = import_optional("tokenizers", "subwords", "SubwordVectorizer")
        try:
            return tokenizers.Tokenizer.from_str(text)
        except Exception as error:  # the library raises no specific error
            raise BadState(f"The tokenizer cannot be read: {error}.") from error

    def make(state):
        text = state.pop("tokenizer", None)
        if isinstance(state.get("pretrained"), dict):
            state["pretrained"] = read(state["pretrained"]["tokenizer"])
        value = plain.make(state)
        if text is not None:
            value.tokenizer_ = read(text)
        return value

    return Entry(kind, get, make)


def _plain(kind, *names):
    """Return the entry of a class whose constructor takes its attributes."""

    def make(state):
        if state.keys() != set(names):
            raise BadState(f"{kind.__name__} needs {list(names)}.")
        return kind(**state)

    return Entry(kind, lambda value: {n: getattr(value, n) for n in names}, make)


def _random_state():
    def get(value):
        _, keys, place, has_gauss, gauss = value.get_state()
        return {"keys": keys, "place": place, "has_gauss": has_gauss, "gauss": gauss}

    def make(state):
        value = np.random.RandomState()
        value.set_state(("MT19937", *state.values()))
        return value

    return Entry(np.random.RandomState, get, make)


_CELLS = {None: None, "list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


def _targets():
    def get(value):
        return {
            "names": value.names,
            "types": [value.types[name] for name in value.names],
            "tasks": value.tasks,
            "container": value.container,
            "cell_types": [kind and kind.__name__ for kind in value._cell_types],
            "template": value.template,
        }

    def make(state):
        value = object.__new__(Targets)
        value.names, value.tasks = state["names"], state["tasks"]
        value.container, value.template = state["container"], state["template"]
        _check_tasks(value.names, value.tasks, state["types"], state["cell_types"])
        if value.container not in ("vector", "array", "dict", "frame"):
            raise BadState(f"{value.container!r:.50} is not a container of labels.")
        value.types = dict(zip(value.names, state["types"], strict=True))
        value._cell_types = [_CELLS[name] for name in state["cell_types"]]
        value.layout = CodeLayout(value.tasks)
        return value

    return Entry(Targets, get, make)


def _check_tasks(names, own, types, cells):
    """Raise a BadState unless each task has a name and distinct classes."""
    if not names or len(set(names)) < len(names) or len(own) != len(names):
        raise BadState(
            f"There are {len(own)} tasks with the names {names[:5]}. Each task needs a "
            "unique name."
        )
    if len(types) != len(names) or len(cells) != len(names):
        raise BadState(f"There must be {len(names)} types of tasks and of cells.")
    for name, task in zip(names, own, strict=True):
        if not isinstance(task, tasks.TaskType):
            raise BadState(f"The task {name!r} is a {type(task).__name__}.")
        labels = task.classes_.tolist()
        if not labels or len(set(labels)) < len(labels):
            raise BadState(
                f"The task {name!r} has duplicate classes, or none: {labels[:10]}."
            )


def make_registry():
    """Return the registry, a dict of {str: Entry}."""
    entries = [_estimator(kind, fitted) for kind, fitted in _FITTED.items()]
    entries += [_tfidf(TfidfVectorizer), _tfidf(feature_extraction.FastTfidfVectorizer)]
    entries += [
        _subwords(),
        _plain(feature_extraction.WordVectors, "words", "vectors"),
        _plain(ColumnScales, "columns", "means", "factors"),
        _plain(Embedding, "transformer", "mean", "factor"),
        _random_state(),
        _targets(),
    ]
    return {entry.kind.__name__: entry for entry in entries}


def n_columns(vectorizer):
    """Return the number of columns that a vectorizer makes, or None if unknown."""
    if isinstance(vectorizer, feature_extraction.SequenceVectorizer):
        return None
    if isinstance(vectorizer, CountVectorizer):
        return len(vectorizer.vocabulary_)
    if isinstance(vectorizer, HashingVectorizer):
        return vectorizer.n_features
    if isinstance(vectorizer, FeatureUnion):
        parts = [n_columns(part) for _, part in vectorizer.transformer_list]
        return None if None in parts else sum(parts)
    return None
