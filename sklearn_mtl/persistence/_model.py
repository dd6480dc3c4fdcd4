"""The stored parts of a classifier, and how to rebuild it from them.

The tree of a model file (see `_document`) has these entries. `_codec` defines how
values are written; "array" refers to arrays in ``arrays.safetensors``:

``params``
    ``{name: value}``: the constructor parameters of the classifier, without `memory`.
``targets``
    ``{"type": "Targets", "state": {...}}``: names and types of tasks, the container of
    labels, and ``tasks``, each with its ``classes_``.
``vectorizer``, ``column_scales``, ``term_weights``, ``embedding``
    The steps that turn texts or numbers into rows, in this order; null for an absent
    step.
``trunk``, ``sharing``
    The strategies that built the network. trunk is null for a linear model.
``spec``
    The rows that the network reads: ``n_features``, ``sparse``, ``scale``, ``n_rows``,
    ``tokens``, ``n_dense``, and their float type ``dtype``; ``blocks``, the number of
    tasks that each frozen addition of tasks brought, if there was any.
``heads``
    An index for each task, equal for tasks with the same type and classes.
``calibration``
    ``adjustments`` and ``log_shares``: the numbers for all codes of all tasks,
    concatenated, one per value of a code; ``temperatures``, one per task;
    ``strengths``, one per task, or null.
``training``
    Numbers found by the fit, for the fitted attributes.
``input``
    ``n_features_in_`` and ``feature_names_in_`` if they are set; ``table_columns_``
    after a fit on the command line: the text columns, and the separators of several
    labels.
``dtype``
    "float32": arrays and weights are stored unchanged. "float16", "int8": large ones
    are compacted, see `_compact`.
``history``
    ``history_``, or null.
"""

import numpy as np
import scipy
import sklearn
import skorch
import torch

from ..answers._calibration import Calibration, by_task
from ..answers._layout import CodeLayout
from ..balancing import resolve_balancing
from ..data._columns import ColumnScales
from ..data._embedding import Embedding
from ..data._targets import Targets
from ..network._spec import InputSpec
from ..sharing import BaseSharing
from ..training._config import resolve_device
from ..training._net import MultiTaskNet
from ..training._optimizers import LinearDecay
from ..training._runtime import computing, seeded
from ..trunks import BaseTrunk, SequenceTrunk
from ._codec import Decoder, Encoder
from ._compact import DTYPES, compact, expand
from ._document import Document
from ._errors import BadState, CannotSave
from ._objects import Keeper
from ._prune import prune
from ._registry import check_settings, make_registry, n_columns
from ._weights import Bounded, set_weights, weights_of

LIBRARIES = (np, scipy, sklearn, torch, skorch)
# Attributes of the estimator, and of the net, that are plain numbers.
_NUMBERS = ("max_iter_", "batch_size_", "learning_rate_init_", "early_stopping_")
_COUNTS = ("alpha_", "learning_rate_factor_", "n_iter_", "best_iter_", "loss_weights_")
_OF_NET = (
    "alpha",
    "embedding_rate",
    "optimizer_sparse__lr",
    "optimizer_dense__lr",
    "iterator_train__shuffle",
    "iterator_train__transpose",
    "iterator_valid__batch_size",
)
_KINDS = {
    "targets": Targets,
    "trunk": BaseTrunk,
    "sharing": BaseSharing,
    "column_scales": ColumnScales,
    "term_weights": np.ndarray,
    "embedding": Embedding,
    "heads": list,
    "history": list,
}
_ROWS = ("n_features", "sparse", "scale", "n_rows", "tokens", "n_dense")
_INPUT = (
    *("n_features_in_", "feature_names_in_"),
    *("_sklearn_output_config", "table_columns_"),
)
# Objects that turn X into rows.
_READERS = ("vectorizer", "column_scales", "term_weights", "embedding")


def to_document(estimator, *, dtype="float32", pruned=0.0, history=False):
    """Return the document of a fitted estimator.

    Parameters
    ----------
    estimator : MultiTaskTextClassifier

    dtype : {"float32", "float16", "int8"}, default="float32"
        Type in which large arrays are stored; "float32" leaves them unchanged.

    pruned : float, default=0.0
        Share of the features to remove.

    history : bool, default=False
        Whether to store ``history_``.

    Returns
    -------
    document : Document

    Raises
    ------
    CannotSave
        If the estimator contains something that a file cannot store.
    """
    keeper = Keeper()
    encoder = Encoder(make_registry(), keeper)
    net, held = estimator.net_, vars(estimator)
    params = estimator.get_params(deep=False)
    # Loading must never lead to reading a cache of pickles, nor to writing files.
    params["memory"] = None
    del params["checkpoint"], params["checkpoint_every"]
    check_settings(type(estimator), params, CannotSave)
    spec, calibration = net.module__spec, estimator.calibration_
    readers = {name: held[f"{name}_"] for name in _READERS}
    weights, n_features = weights_of(net), spec.n_features
    if pruned:
        readers, weights, n_features = prune(net, readers, weights, pruned)
    values = {
        "targets": estimator.targets_,
        **readers,
        "trunk": estimator.trunk_,
        "sharing": estimator.sharing_,
        "heads": net.module__heads,
    }
    groups = {
        "params": params,
        "spec": {name: getattr(spec, name) for name in _ROWS}
        | {"n_features": n_features, "dtype": net.row_dtype}
        | ({"blocks": list(spec.blocks)} if spec.blocks else {}),
        "calibration": {
            "adjustments": _joined(calibration.adjustments),
            "log_shares": _joined(calibration.log_shares),
            "temperatures": calibration.temperatures,
            "strengths": calibration.strengths,
        },
        "training": {name: held[name] for name in (*_NUMBERS, *_COUNTS)}
        | {name: vars(net)[name] for name in _OF_NET},
        "input": {name: held[name] for name in _INPUT if name in held},
    }
    tree = {name: encoder.encode(value, name) for name, value in values.items()}
    for group, own in groups.items():
        tree[group] = {
            name: encoder.encode(value, f"{group}.{name}")
            for name, value in own.items()
        }
    kept = estimator.history_ if history and "history_" in held else None
    tree["dtype"] = dtype
    tree["history"] = encoder.encode(kept, "history")
    return Document(
        tree=tree,
        arrays=compact(encoder.arrays, dtype),
        weights=compact(weights, dtype),
        objects=list(keeper),
        libraries={each.__name__: each.__version__ for each in LIBRARIES},
    )


def _joined(by_task):
    arrays = [np.asarray(code, dtype=np.float64) for task in by_task for code in task]
    return np.concatenate(arrays)


def from_document(kind, document, objects=()):
    """Return the estimator that a document describes.

    Parameters
    ----------
    kind : type
        MultiTaskTextClassifier.

    document : Document

    objects : list
        Objects of the user's own classes.

    Returns
    -------
    estimator : MultiTaskTextClassifier

    Raises
    ------
    ModelFileError
    """
    stored = document.tree.get("dtype") if isinstance(document.tree, dict) else None
    if stored not in DTYPES:
        raise BadState(f"Weights are stored as {stored!r:.50}.")
    arrays = expand(document.arrays, stored)
    decoder = Decoder(make_registry(), arrays, list(objects))
    rows = (len(each) for each in document.weights.values() if each.ndim)
    decoder.most_texts = max(decoder.most_texts, *rows)
    parts = _decode(decoder, document.tree)
    params = parts["params"]
    unknown = params.keys() - set(kind._get_param_names())
    if unknown:
        raise BadState(f"The classifier has no parameter {sorted(unknown)[:5]}.")
    check_settings(kind, params)
    estimator = kind(**params)
    _check_parts(parts)
    targets, training = parts["targets"], parts["training"]
    calibration = parts["calibration"]
    sizes = targets.layout.sizes
    adjustments = _split(calibration["adjustments"], sizes)
    log_shares = _split(calibration["log_shares"], sizes)
    spec = _spec(parts)
    device = _device(estimator.device)
    weights = expand(document.weights, stored, parts["spec"]["dtype"])
    with computing(), seeded(0, device), Bounded(weights, len(sizes)):
        trunk = _without_vectors(parts["trunk"], weights)
        net = _build(estimator, parts, trunk, spec, device, adjustments, log_shares)
    with computing():
        set_weights(net, weights)
    fitted = {f"{name}_": parts[name] for name in _READERS}
    names = targets.names
    classes = [task.classes_ for task in targets.tasks]
    fitted |= {
        "net_": net,
        "trunk_": parts["trunk"],
        "targets_": targets,
        "sharing_": parts["sharing"],
        "device_": net.device,
        "task_names_": names,
        "task_types_": targets.types,
        "n_outputs_": len(names),
        "calibration_": Calibration(
            by_task(targets.tasks, adjustments),
            by_task(targets.tasks, log_shares),
            calibration["temperatures"],
            calibration["strengths"],
        ),
        "temperatures_": dict(
            zip(names, calibration["temperatures"].tolist(), strict=True)
        ),
        "classes_": classes[0] if targets.container == "vector" else classes,
        **{name: training[name] for name in (*_NUMBERS, *_COUNTS)},
        **parts["input"],
    }
    if parts["trunk"] is not None:
        fitted["_n_features_out"] = parts["trunk"].n_units
    if parts["history"] is not None:
        fitted["history_"] = parts["history"]
    vars(estimator).update(fitted)
    return estimator


def _decode(decoder, tree):
    """Check which entries a tree has, and return their values."""
    groups = ("params", "spec", "calibration", "training", "input")
    values = ("targets", *_READERS, "trunk", "sharing", "heads", "history", "dtype")
    if tree.keys() != {*groups, *values}:
        raise BadState("The description has missing or unknown entries.")
    parts = {name: decoder.decode(tree[name], name) for name in values}
    for group in groups:
        if not isinstance(tree[group], dict):
            raise BadState(f"{group} is not a JSON object.")
        parts[group] = {
            name: decoder.decode(own, f"{group}.{name}")
            for name, own in tree[group].items()
        }
    return parts


def _check_parts(parts):
    """Raise a BadState if parts have wrong types."""
    required = {
        "spec": {*_ROWS, "dtype", *({"blocks"} & parts["spec"].keys())},
        "calibration": {"adjustments", "log_shares", "temperatures", "strengths"},
        "training": {*_NUMBERS, *_COUNTS, *_OF_NET},
    }
    for group, names in required.items():
        if parts[group].keys() != names:
            raise BadState(f"{group} needs {sorted(names)}.")
    if parts["input"].keys() - set(_INPUT):
        raise BadState(f"input has {sorted(parts['input'])[:5]}.")
    for name, kinds in _KINDS.items():
        part = parts[name]
        if part is not None and not isinstance(part, kinds):
            raise BadState(f"{name} is a {type(part).__name__}.")
    if parts["targets"] is None or parts["sharing"] is None:
        raise BadState("The file has no targets, or no sharing.")
    _check_sizes(parts)


def _check_sizes(parts):
    """Raise a BadState if the sizes of parts do not match."""
    spec, calibration = parts["spec"], parts["calibration"]
    n_tasks = len(parts["targets"].names)
    sizes = {
        "heads": (len(parts["heads"]), n_tasks),
        "temperatures": (calibration["temperatures"].shape, (n_tasks,)),
    }
    if calibration["strengths"] is not None:
        sizes["strengths"] = calibration["strengths"].shape, (n_tasks,)
    if parts["embedding"] is not None:
        sizes["embedding"] = parts["embedding"].mean.shape, (spec["n_dense"],)
    if not spec["tokens"]:
        if parts["term_weights"] is not None:
            sizes["term_weights"] = parts["term_weights"].shape, (spec["n_features"],)
        width = n_columns(parts["vectorizer"])
        if width is not None:
            sizes["vectorizer"] = width, spec["n_features"]
    for name, (found, expected) in sizes.items():
        if found != expected:
            raise BadState(f"{name} has the size {found}, but should have {expected}.")


def _spec(parts):
    spec = dict(parts["spec"])
    if spec.pop("dtype") not in ("float32", "float64"):
        raise BadState("The float type of the rows is neither float32 nor float64.")
    blocks = spec.pop("blocks", [])
    is_list = isinstance(blocks, list) and all(type(n) is int and n > 0 for n in blocks)
    if not is_list or sum(blocks) not in (0, len(parts["targets"].names)):
        raise BadState(f"blocks is {blocks!s:.50}, not the numbers of all tasks.")
    tokens = spec["tokens"]
    vocabulary = getattr(parts["vectorizer"], "tokens_", ()) if tokens else ()
    return InputSpec(
        **spec,
        blocks=tuple(blocks),
        vocabulary=tuple(vocabulary[: spec["n_features"]]),
        token_weights=parts["term_weights"] if tokens else None,
    )


def _split(values, sizes):
    """Split the concatenated numbers into one array per code."""
    if values.ndim != 1 or len(values) != sum(sizes):
        raise BadState(f"There are {len(values)} numbers for {sum(sizes)} classes.")
    return np.split(values, np.cumsum(sizes)[:-1])


def _device(wanted):
    """Return the device to load to: the wanted one if available, or else the CPU."""
    try:
        return resolve_device(wanted)
    except ValueError:
        return "cpu"


def _build(estimator, parts, trunk, spec, device, adjustments, log_shares):
    """Return a net with the settings of the fitted one and arbitrary weights."""
    tasks, names = parts["targets"].tasks, parts["targets"].names
    starts = CodeLayout(tasks).starts
    balancing = resolve_balancing(estimator.loss_weights)
    net = MultiTaskNet(
        tasks=tasks,
        task_names=names,
        module__sharing=parts["sharing"],
        module__trunk=trunk,
        module__spec=spec,
        module__n_logits=[task.n_logits for task in tasks],
        module__heads=parts["heads"],
        module__dtype=getattr(torch, parts["spec"]["dtype"]),
        module__tasks=tasks,
        module__log_class_shares=[log_shares[k] for k in starts],
        criterion__tasks=tasks,
        criterion__adjustments=adjustments,
        criterion__balancing=balancing.build(names, np.ones(len(names))),
        iterator_valid__rows_at_once=trunk.rows_at_once if spec.tokens else None,
        iterator_train__generator=None,
        iterator_train__record=None,
        max_epochs=parts["training"]["max_iter_"],
        batch_size=parts["training"]["batch_size_"],
        train_split=None,
        callbacks=[("learning_rate", LinearDecay())],
        device=device,
        verbose=estimator.verbose,
        **{name: parts["training"][name] for name in _OF_NET},
    ).initialize()
    net.module__trunk = parts["trunk"]
    net._forget_training()
    return net


def _without_vectors(trunk, weights):
    """Return a trunk that builds the network without its word vectors.

    The vectors may be in another file, and the weights are already known.
    """
    if not isinstance(trunk, SequenceTrunk) or trunk.vectors is None:
        return trunk
    widths = {a.shape[-1] for n, a in weights.items() if n.endswith("embedding.weight")}
    if len(widths) != 1:
        raise BadState("The trunk has word vectors, but no embeddings.")
    twin = type(trunk)(**trunk.get_params(deep=False))
    return twin.set_params(vectors=None, embedding_dim=widths.pop())
